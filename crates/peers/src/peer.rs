//! What is known of a peer, and what is told of it.

use std::mem;
use std::time::{Duration, SystemTime};

use handshake::{Blame, Outcome, Stage};
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::reliability::Reliability;
use crate::text::Shown;

/// Unix seconds. Whoever tells the store something says when that was; it looks at the clock only to tell times that are
/// ahead of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Time(pub i64);

impl Time {
    /// The clock's reading.
    #[must_use]
    pub fn now() -> Self {
        SystemTime::now().into()
    }
}

impl From<SystemTime> for Time {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self(since.as_secs().try_into().unwrap_or(i64::MAX))
    }
}

/// All outcomes; each one's place is its number in the database.
pub const OUTCOMES: [Outcome; 3] = [Outcome::Ok, Outcome::Partial, Outcome::Failed];

/// All stages; each one's place is its number in the database.
pub const STAGES: [Stage; 6] =
    [Stage::Resolve, Stage::Connect, Stage::Transport, Stage::Hello, Stage::Ack, Stage::Done];

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending<T = Shown> {
    /// How it went.
    pub outcome: Outcome,
    /// What had been entered last.
    pub stage: Stage,
    /// A stable code: `ok`, `connect.timeout`.
    pub reason: T,
}

/// How an attempt went over each transport; `None` if it was not tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transports {
    /// In plaintext.
    pub v1: Option<Outcome>,
    /// Encrypted. (BIP324)
    pub v2: Option<Outcome>,
}

impl Transports {
    /// This where it says something, else what was known before.
    #[must_use]
    pub fn or(self, before: Self) -> Self {
        Self { v1: self.v1.or(before.v1), v2: self.v2.or(before.v2) }
    }
}

/// A finished attempt to shake hands with a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The network's name.
    pub chain: Shown,
    /// Whom we dialled.
    pub address: Address,
    /// When it ended.
    pub at: Time,
    /// How it ended.
    pub ending: Ending,
    /// Whose fault that was. An attempt that failed through our own says nothing of the peer, and is not counted.
    pub blame: Option<Blame>,
    /// How each transport fared, if both were tried.
    pub transports: Transports,
    /// How the peer introduced itself, if it did.
    pub introduced: Option<Introduced>,
    /// From the dial to the peer's introduction.
    pub latency: Option<Duration>,
    /// Who told us of it, if nobody has yet.
    pub source: Option<Shown>,
}

/// How a peer introduced itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introduced {
    /// Its protocol version.
    pub version: i32,
    /// What it offers, one bit each.
    pub services: u64,
    /// Its program.
    pub user_agent: Shown,
    /// Blocks that it has, if it said so.
    pub height: Option<i32>,
}

/// An address that somebody told us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learned {
    /// The network's name.
    pub chain: Shown,
    /// The address.
    pub address: Address,
    /// When that was.
    pub at: Time,
    /// When the peer is said to have been there, as far as that is believed; never later than now. `None` if it is not said.
    pub seen: Option<Time>,
    /// What it is said to offer; 0 is no word. What the peer says itself counts more.
    pub services: u64,
    /// Who told us: a peer's address, a seed's name, a file's.
    pub source: Shown,
}

/// What is known of a peer. `T` is what a text is: itself, as for everybody else, or, within the store, its number.
#[derive(Clone, Debug, PartialEq)]
pub struct Peer<T = Shown> {
    /// The network's name.
    pub chain: T,
    /// Where it is.
    pub address: Address,
    /// When somebody first told of it.
    pub first_seen: Time,
    /// When it was last there, by its own word or others'. `None` if it never answered and no peer said when it was seen.
    pub last_seen: Option<Time>,
    /// Who told us of it first.
    pub source: Option<T>,
    /// What it offers; as told by others as long as it has not introduced itself.
    pub services: u64,
    /// Attempts to shake hands with it.
    pub tried: u32,
    /// Those that were concluded.
    pub good: u32,
    /// When the last attempt ended.
    pub last_tried: Option<Time>,
    /// When the last good one did.
    pub last_good: Option<Time>,
    /// How the last attempt ended.
    pub ending: Option<Ending<T>>,
    /// How each transport fared when it was last tried.
    pub transports: Transports,
    /// Its protocol version.
    pub version: Option<i32>,
    /// Its program.
    pub user_agent: Option<T>,
    /// Blocks that it had.
    pub height: Option<i32>,
    /// Of the last attempt in which it introduced itself; in whole microseconds, and at most some 71 minutes.
    pub latency: Option<Duration>,
    /// How reliably it answers.
    pub reliability: Reliability,
}

impl<T> Peer<T> {
    /// A peer of which only the address is known.
    #[must_use]
    pub fn new(chain: T, address: Address, first_seen: Time) -> Self {
        Self {
            chain,
            address,
            first_seen,
            last_seen: None,
            source: None,
            services: 0,
            tried: 0,
            good: 0,
            last_tried: None,
            last_good: None,
            ending: None,
            transports: Transports::default(),
            version: None,
            user_agent: None,
            height: None,
            latency: None,
            reliability: Reliability::default(),
        }
    }

    /// Whether its last handshake was concluded.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        self.ending.as_ref().is_some_and(|ending| ending.outcome == Outcome::Ok)
    }

    /// When it may be tried again, as the DNS seeders have it: those that hardly ever answer wait longest.
    #[must_use]
    pub fn due(&self) -> Option<Time> {
        let wait = self.reliability.ignored_for().max(crate::reliability::MIN_RETRY_S);
        self.last_tried.map(|Time(last)| Time(last.saturating_add(wait)))
    }

    /// An attempt ended. Those of one peer come in the order of their ends.
    pub fn tried(&mut self, attempt: &Attempt, number_of: impl Fn(&Shown) -> T) {
        let good = attempt.ending.outcome == Outcome::Ok;
        let since_last = self.last_tried.map(|Time(last)| attempt.at.0.saturating_sub(last));
        self.reliability.update(good, since_last);
        self.tried = self.tried.saturating_add(1);
        self.good = self.good.saturating_add(good.into());
        self.last_tried = Some(attempt.at);
        if good {
            self.last_good = Some(attempt.at);
        }
        let Ending { outcome, stage, reason } = &attempt.ending;
        self.ending = Some(Ending { outcome: *outcome, stage: *stage, reason: number_of(reason) });
        self.transports = attempt.transports.or(self.transports);
        if let Some(introduced) = &attempt.introduced {
            self.last_seen = self.last_seen.max(Some(attempt.at));
            self.services = introduced.services;
            self.version = Some(introduced.version);
            self.user_agent = Some(number_of(&introduced.user_agent));
            self.height = introduced.height.or(self.height.take());
            self.latency = attempt.latency;
        }
        if self.source.is_none() {
            self.source = attempt.source.as_ref().map(&number_of);
        }
    }

    /// Mends times that are ahead of now, as they are after a clock was: what was seen then was seen by now, and nobody
    /// knows when the last attempt was. Otherwise nothing later would ever count, and the peer would not be due for years.
    pub fn mend(&mut self, now: Time) {
        /// So far ahead, in seconds, may two readings of a clock that is set a little now and then be.
        const SLACK: i64 = 10 * 60;
        for time in [Some(&mut self.first_seen), self.last_seen.as_mut(), self.last_good.as_mut()].into_iter().flatten()
        {
            *time = now.min(*time);
        }
        if let Some(tried) = self.last_tried {
            self.last_tried = (tried.0 <= now.0.saturating_add(SLACK)).then_some(now.min(tried));
        }
    }

    /// Another database, or another program, knows this of the same peer. Who tried it last knows more, and the other what
    /// that one does not know.
    pub fn merge(&mut self, mut other: Self) {
        let first_seen = self.first_seen.min(other.first_seen);
        let last_seen = self.last_seen.max(other.last_seen);
        let source = self.source.take().or(other.source.take());
        if other.last_tried > self.last_tried || self.last_tried.is_none() {
            mem::swap(self, &mut other);
        }
        self.fill(other);
        (self.first_seen, self.last_seen, self.source) = (first_seen, last_seen, source);
    }

    /// Takes what is not known from what was known before, or elsewhere.
    fn fill(&mut self, before: Self) {
        if self.services == 0 {
            self.services = before.services;
        }
        if self.tried == 0 {
            (self.tried, self.good, self.reliability) = (before.tried, before.good, before.reliability);
        }
        self.last_tried = self.last_tried.or(before.last_tried);
        self.last_good = self.last_good.max(before.last_good);
        self.ending = self.ending.take().or(before.ending);
        self.transports = self.transports.or(before.transports);
        self.version = self.version.or(before.version);
        self.user_agent = self.user_agent.take().or(before.user_agent);
        self.height = self.height.or(before.height);
        self.latency = self.latency.or(before.latency);
    }
}

impl Peer {
    /// Why the last attempt ended as it did, if there was one.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.ending.as_ref().map(|ending| ending.reason.as_str())
    }
}

/// What is known of a peer, and how the last attempts went.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerHistory {
    /// What is known of it.
    pub peer: Peer,
    /// The last attempts, newest first: at most a few.
    pub attempts: Vec<Past>,
}

/// An attempt of the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past<T = Shown> {
    /// When it ended.
    pub at: Time,
    /// How it ended.
    pub ending: Ending<T>,
    /// How each transport fared.
    pub transports: Transports,
    /// The peer's program, if it introduced itself.
    pub user_agent: Option<T>,
    /// From the dial to the peer's introduction.
    pub latency: Option<Duration>,
}
