//! The data of a peer, and the events that change it.

use std::mem;
use std::time::{Duration, SystemTime};

use handshake::{Blame, Outcome, Stage};
use serde::{Deserialize, Serialize};

use crate::introduction::Introduction;
use crate::reliability::Reliability;
use crate::text::EscapedText;
use address::Endpoint;

/// Unix seconds. The caller passes the time of each event; the store reads the clock only to detect times in the
/// future.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Time(pub i64);

impl Time {
    /// The current time.
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

/// All outcomes; the index of each is its number in the database.
pub const OUTCOMES: [Outcome; 3] = [Outcome::Ok, Outcome::Partial, Outcome::Failed];

/// All stages; the index of each is its number in the database.
pub const STAGES: [Stage; 6] =
    [Stage::Resolve, Stage::Connect, Stage::Transport, Stage::Hello, Stage::Ack, Stage::Done];

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending<T = EscapedText> {
    /// How it went.
    pub outcome: Outcome,
    /// The stage that was entered last.
    pub stage: Stage,
    /// A stable code: `ok`, `connect.timeout`.
    pub reason: T,
}

/// How an attempt went over each transport; `None` for a transport that was not tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transports {
    /// In plaintext.
    pub v1: Option<Outcome>,
    /// Encrypted. (BIP324)
    pub v2: Option<Outcome>,
}

impl Transports {
    /// This value where it is set, otherwise the earlier one.
    #[must_use]
    pub fn or(self, before: Self) -> Self {
        Self { v1: self.v1.or(before.v1), v2: self.v2.or(before.v2) }
    }
}

/// A finished attempt at a handshake with a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The network's name.
    pub chain: EscapedText,
    /// The address that was dialled.
    pub endpoint: Endpoint,
    /// Who was there, in protocols whose nodes have a key; as text in the form of the protocol.
    pub identity: Option<EscapedText>,
    /// When it ended.
    pub at: Time,
    /// How it ended.
    pub ending: Ending,
    /// The side to blame. An attempt that failed through our own fault shows nothing about the peer, and is not
    /// counted.
    pub blame: Option<Blame>,
    /// How each transport fared, if both were tried.
    pub transports: Transports,
    /// How the peer introduced itself, if it did.
    pub introduced: Option<Introduced>,
    /// From the dial to the peer's introduction.
    pub latency: Option<Duration>,
    /// The source of the address; recorded if the peer has none yet.
    pub source: Option<EscapedText>,
}

/// How a peer introduced itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introduced {
    /// Its protocol version.
    pub version: i64,
    /// Its services, one bit each.
    pub services: u64,
    /// Its program.
    pub user_agent: EscapedText,
    /// Its block height, if it gave one.
    pub height: Option<i64>,
    /// All that it said, if that is not too long to keep.
    pub introduction: Option<Introduction>,
}

/// An address learned from a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learned {
    /// The network's name.
    pub chain: EscapedText,
    /// The address.
    pub endpoint: Endpoint,
    /// Who is there according to the source, in protocols whose nodes have a key.
    pub identity: Option<EscapedText>,
    /// When we learned it.
    pub at: Time,
    /// When the source saw the peer, as far as we believe it; never in the future. `None` if the source gave no time.
    pub seen: Option<Time>,
    /// The peer's services according to the source; 0 for unknown. The peer's own statement takes precedence.
    pub services: u64,
    /// The source: a peer's address, a seed's name or a file's.
    pub source: EscapedText,
}

/// The data of a peer. `T` is a text: the text itself, or, within the store, its number.
#[derive(Clone, Debug, PartialEq)]
pub struct Peer<T = EscapedText> {
    /// The network's name.
    pub chain: T,
    /// Its address.
    pub endpoint: Endpoint,
    /// Its identity, in protocols whose nodes have a key. A node with several addresses is a peer at each of them.
    pub identity: Option<EscapedText>,
    /// When a source first named it.
    pub first_seen: Time,
    /// When it was last seen, by us or by other peers. `None` if it never answered and no source gave a time.
    pub last_seen: Option<Time>,
    /// The first source that named it.
    pub source: Option<T>,
    /// Its services; from other sources until it has introduced itself.
    pub services: u64,
    /// Attempts at a handshake.
    pub tried: u32,
    /// Attempts that concluded.
    pub good: u32,
    /// When the last attempt ended.
    pub last_tried: Option<Time>,
    /// When the last attempt that concluded ended.
    pub last_good: Option<Time>,
    /// How the last attempt ended.
    pub ending: Option<Ending<T>>,
    /// How each transport fared when it was last tried.
    pub transports: Transports,
    /// Its protocol version.
    pub version: Option<i64>,
    /// Its program.
    pub user_agent: Option<T>,
    /// Its block height.
    pub height: Option<i64>,
    /// All that it said at its last introduction, as far as it was kept and read.
    pub introduction: Option<Introduction>,
    /// Latency of the last attempt with an introduction; in whole microseconds, and at most about 71 minutes.
    pub latency: Option<Duration>,
    /// How reliably it answers.
    pub reliability: Reliability,
}

impl<T> Peer<T> {
    /// A peer of which only the address is known.
    #[must_use]
    pub fn new(chain: T, endpoint: Endpoint, first_seen: Time) -> Self {
        Self {
            chain,
            endpoint,
            identity: None,
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
            introduction: None,
            latency: None,
            reliability: Reliability::default(),
        }
    }

    /// Whether its last handshake was concluded.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        self.ending.as_ref().is_some_and(|ending| ending.outcome == Outcome::Ok)
    }

    /// When it may be tried again, by the rule of the DNS seeders: peers that hardly ever answer wait longest.
    #[must_use]
    pub fn due(&self) -> Option<Time> {
        let wait = self.reliability.ignored_for().max(crate::reliability::MIN_RETRY_S);
        self.last_tried.map(|Time(last)| Time(last.saturating_add(wait)))
    }

    /// Records an attempt. The attempts of one peer come in the order of their ends.
    pub fn tried(&mut self, attempt: &Attempt, number_of: impl Fn(&EscapedText) -> T) {
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
            self.introduction.clone_from(&introduced.introduction);
            self.latency = attempt.latency;
        }
        if self.source.is_none() {
            self.source = attempt.source.as_ref().map(&number_of);
        }
    }

    /// Corrects times in the future, which remain after a clock was wrong. Times of sightings become now; the time of
    /// the last attempt becomes unknown. Otherwise no later event would count, and the peer would not be due for years.
    pub fn mend(&mut self, now: Time) {
        /// Seconds by which two readings of a clock may differ when it is adjusted now and then.
        const SLACK: i64 = 10 * 60;
        for time in [Some(&mut self.first_seen), self.last_seen.as_mut(), self.last_good.as_mut()].into_iter().flatten()
        {
            *time = now.min(*time);
        }
        if let Some(tried) = self.last_tried {
            self.last_tried = (tried.0 <= now.0.saturating_add(SLACK)).then_some(now.min(tried));
        }
    }

    /// Merges the data of the same peer from another database or program. The side with the later attempt takes
    /// precedence; the other fills its gaps.
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

    /// Fills missing values from older or other data.
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
        self.introduction = self.introduction.take().or(before.introduction);
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

/// The data of a peer, and the results of its last attempts.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerHistory {
    /// Its data.
    pub peer: Peer,
    /// The last attempts, newest first: at most a few.
    pub attempts: Vec<Past>,
}

/// An attempt of the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past<T = EscapedText> {
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
