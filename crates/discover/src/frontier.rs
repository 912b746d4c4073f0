//! Decides which address to dial next.
//!
//! ```text
//!            learn                        next                        done
//!  stranger ───────▶ ready ─────────────────────────────▶ in flight ───────▶ settled
//!                      ▲   Reached ▶ Known ▶ Untried ▶ Failed │
//!                      │   each: prefix after prefix          ├────────────▶ given up
//!                      └─────────────── waiting ◀─────────────┘
//!                                 back-off, re-check
//! ```
//!
//! Reached addresses come first, then remembered ones, then untried ones, then failed ones. Within a class the prefixes
//! take turns, each as often as its pace allows; within a prefix a secret order decides. So a flood of addresses delays
//! only addresses in its own prefixes, by a bounded share.
//!
//! Learning a known address takes one lookup in a hash table, everything else O(log n).

mod book;
mod caps;
mod hosts;
mod paced;
mod pacer;
mod policy;
mod prefixes;
mod shelf;
mod sources;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

pub use book::Note;
use book::{Book, Class, Endpoint, Entry, Standing, State};
pub use caps::{HostPorts, MAX_PER_NAME, MAX_PORTS_PER_HOST};
use hosts::Hosts;
pub use paced::{Paced, Turn};
use pacer::Pacer;
pub use policy::{Growing, Pace, Policy, SHARE_LASTS};
use prefixes::Prefixes;
use shelf::Shelf;
use sources::Sources;

use crate::group::Group;
use crate::key::Key;
use crate::routable::{is_bad_port, is_globally_routable};

/// Decides which address to dial next. Every `now` is the time since a fixed start, the same for all calls; it should
/// not go back.
#[derive(Debug)]
pub struct Frontier {
    policy: Policy,
    book: Book,
    prefixes: Prefixes,
    hosts: Hosts,
    sources: Sources,
    /// Addresses that are ready, by class.
    ready: [Shelf; Class::ALL.len()],
    given_up: Shelf,
    /// Addresses that wait, by the second at which they are ready.
    waiting: BinaryHeap<Reverse<(u32, u32)>>,
    pacer: Pacer,
    in_flight: usize,
    /// Addresses in flight that were not reached yet.
    strangers_in_flight: usize,
    reached: usize,
    dials: u64,
    refused: u64,
}

/// The source of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The user named it. It comes first, wherever it is; only [`Policy::max_known`] limits these.
    Named,
    /// An earlier run reached it, or a file says so. It comes first.
    Remembered,
    /// A seed, or an earlier run that did not reach it.
    Seed,
    /// The peer at this address.
    Peer(IpAddr),
}

/// The result of learning an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learned {
    /// It will be dialled.
    New,
    /// It was known already.
    Known,
    /// It was given up long ago, and will be tried again.
    Revived,
    /// It is refused and not stored.
    Refused(Refusal),
}

/// Why an address is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// It cannot be dialled: port 0, not globally routable, or a port of another service ([`is_bad_port`]).
    Address,
    /// It is in an excluded network: [`Policy::excluded`].
    Excluded,
    /// Too many ports of its host are known: [`Policy::max_per_host`].
    Host,
    /// The source's network group has introduced too many addresses: [`Policy::max_per_source`].
    Source,
    /// Its prefix is full: [`Policy::max_per_prefix`].
    Prefix,
    /// The table is full: [`Policy::max_known`].
    Total,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Dial this address, and report the outcome with [`Frontier::done`].
    Dial(SocketAddr),
    /// Nothing to dial before this moment, unless an address is learned or a dial ends.
    Wait(Duration),
    /// Nothing to dial unless an address is learned or a dial ends.
    Idle,
    /// Nothing to dial, and nothing in flight that could change that.
    Exhausted,
}

/// How a dial ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was reached.
    Reached,
    /// It was not reached this time.
    Failed,
    /// It will never be suitable: another network, or ourselves. It is given up at once.
    Unfit,
    /// Our own side could not dial: no file or port was free. That shows nothing about the address, so it is dialled
    /// again whatever the policy is, but at most [`OWN_RETRIES`] times in a row.
    NotDialled,
}

/// Failures of our own side in a row at one address, at most. The cause may last, and a crawl must end.
pub const OWN_RETRIES: u8 = 5;

/// The number of addresses in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All known addresses: the sum of the next five.
    pub known: usize,
    /// May be dialled when their turn comes.
    pub ready: usize,
    /// Are being dialled.
    pub in_flight: usize,
    /// Wait for a retry or a re-check.
    pub waiting: usize,
    /// Were reached, and are not checked again.
    pub settled: usize,
    /// Failed too often.
    pub given_up: usize,
    /// Known addresses that were reached at least once, in any state.
    pub reached: usize,
    /// Dials started.
    pub dials: u64,
    /// Addresses refused by a limit or because they cannot be dialled; the same one may count often.
    pub refused: u64,
}

impl Frontier {
    /// An empty frontier.
    #[must_use]
    pub fn new(policy: Policy, key: Key) -> Self {
        Self {
            book: Book::new(key.clone()),
            prefixes: Prefixes::new(key.clone(), policy.prefix_pace),
            hosts: Hosts::new(key.clone()),
            sources: Sources::new(key),
            policy,
            ready: Default::default(),
            given_up: Shelf::default(),
            waiting: BinaryHeap::new(),
            pacer: Pacer::default(),
            in_flight: 0,
            strangers_in_flight: 0,
            reached: 0,
            dials: 0,
            refused: 0,
        }
    }

    /// Learns an address.
    pub fn learn(&mut self, address: SocketAddr, source: Source, now: Duration) -> Learned {
        self.learn_numbered(address, source, now).0
    }

    /// Learns many addresses, as [`Frontier::learn`] does; calls `each` with the index and result of each, and with its
    /// note unless it was refused.
    pub fn learn_all(
        &mut self,
        addresses: &[SocketAddr],
        source: Source,
        now: Duration,
        mut each: impl FnMut(usize, Learned, Option<&mut Note>),
    ) {
        /// Addresses looked up together. The hashes come first; the lookups then do not depend on each other, so a CPU
        /// can wait for several of them at the same time. Most addresses from peers are known.
        const AT_ONCE: usize = 32;
        for (chunk, addresses) in addresses.chunks(AT_ONCE).enumerate() {
            let mut hashes = [0; AT_ONCE];
            for (hash, address) in hashes.iter_mut().zip(addresses) {
                *hash = self.book.hash((*address).into());
            }
            let mut numbers = [None; AT_ONCE];
            for ((number, hash), address) in numbers.iter_mut().zip(hashes).zip(addresses) {
                *number = self.book.find_hashed(hash, (*address).into());
            }
            for (nth, (number, address)) in numbers.into_iter().zip(addresses).enumerate() {
                // An unknown address may have been added meanwhile, and a known one replaced.
                let number = number.filter(|number| self.book.entry(*number).endpoint == (*address).into());
                let (learned, number) = match number {
                    Some(number) => (self.learn_again(number, now), Some(number)),
                    None => self.learn_numbered(*address, source, now),
                };
                let note = number.map(|number| &mut self.book.entry_mut(number).note);
                each(chunk * AT_ONCE + nth, learned, note);
            }
        }
    }

    /// Learns the result of an earlier run at an address. The address is not dialled before `due`, or never in this run
    /// if that is `None`.
    pub fn recall(&mut self, address: SocketAddr, reached: bool, due: Option<Duration>, now: Duration) -> Learned {
        let endpoint = Endpoint::from(address);
        if self.book.find(endpoint).is_some() {
            return Learned::Known;
        }
        let source = if reached { Source::Remembered } else { Source::Seed };
        let number = match self.admit(endpoint, source, now) {
            Ok(number) => number,
            Err(refusal) => {
                self.refused += 1;
                return Learned::Refused(refusal);
            }
        };
        self.reached += usize::from(reached);
        let entry = self.book.entry_mut(number);
        entry.standing = if reached { Standing::Reached } else { Standing::Unknown };
        entry.tried = u32::try_from(now.as_secs()).unwrap_or(u32::MAX);
        match due {
            Some(due) => {
                entry.state = State::Waiting;
                self.waiting.push(Reverse((second_from(due), number)));
            }
            None if reached => entry.state = State::Settled,
            None => {
                entry.state = State::GivenUp;
                self.given_up.put(entry.prefix, entry.tried, number);
            }
        }
        Learned::New
    }

    /// The next step. An address to dial is in flight from now on.
    pub fn next(&mut self, now: Duration) -> Next {
        let is_full = self.is_full();
        if is_full && self.policy.recheck.is_none() {
            return self.at_rest();
        }
        self.wake(now);
        let free_at = self.policy.rate.map_or(Duration::ZERO, |rate| self.pacer.free_at(rate));
        // Re-checks continue when enough peers were reached.
        let classes = if is_full { &[Class::Reached][..] } else { &Class::ALL };
        for &class in classes {
            if let Some(prefix) = self.prefixes.first(class) {
                return if free_at > now { Next::Wait(free_at) } else { Next::Dial(self.dial(prefix, class, now)) };
            }
        }
        let due = self.waiting.peek().map(|Reverse((second, _))| Duration::from_secs((*second).into()));
        match due.into_iter().chain(self.prefixes.wakes_at()).min() {
            Some(at) => Next::Wait(at.max(free_at)),
            None => self.at_rest(),
        }
    }

    /// Records the outcome of a dial. Returns whether that address was in flight; if not, nothing happens.
    pub fn done(&mut self, address: SocketAddr, outcome: Outcome, now: Duration) -> bool {
        let Some(number) = self.book.find(address.into()) else { return false };
        let entry = self.book.entry_mut(number);
        if entry.state != State::InFlight {
            return false;
        }
        self.in_flight -= 1;
        self.strangers_in_flight -= usize::from(entry.standing != Standing::Reached);
        let retries = if outcome == Outcome::NotDialled { OWN_RETRIES } else { self.policy.retries };
        let wait = match outcome {
            Outcome::Reached => {
                self.reached += usize::from(entry.standing != Standing::Reached);
                entry.standing = Standing::Reached;
                entry.failures = 0;
                entry.successes = entry.successes.saturating_add(1);
                let Some(recheck) = self.policy.recheck else {
                    entry.state = State::Settled;
                    return true;
                };
                recheck.nth(entry.successes)
            }
            // It was dialled again by `ask_again`, without a re-check policy.
            _ if entry.standing == Standing::Reached && self.policy.recheck.is_none() => {
                entry.state = State::Settled;
                return true;
            }
            Outcome::Failed | Outcome::NotDialled if entry.failures < retries => {
                entry.successes = 0;
                entry.failures += 1;
                self.policy.backoff.nth(entry.failures)
            }
            Outcome::Failed | Outcome::NotDialled | Outcome::Unfit => {
                entry.state = State::GivenUp;
                self.given_up.put(entry.prefix, entry.tried, number);
                return true;
            }
        };
        entry.state = State::Waiting;
        self.waiting.push(Reverse((second_from(now.saturating_add(wait)), number)));
        true
    }

    /// Records another connection to an address after its dial, such as one over another transport. It counts against
    /// every pace, as a dial does.
    pub fn dialled_again(&mut self, address: SocketAddr, now: Duration) {
        self.dials += 1;
        if let Some(rate) = self.policy.rate {
            self.pacer.take(rate, now);
        }
        if let Some(number) = self.book.find(address.into()) {
            self.prefixes.charge(self.book.entry(number).prefix, now);
        }
    }

    /// Makes those of `these` ready again that were reached in this run and are settled, to ask them something else.
    /// Returns their number.
    pub fn ask_again(&mut self, these: impl Fn(SocketAddr) -> bool, now: Duration) -> usize {
        let asked =
            |entry: &Entry| entry.state == State::Settled && entry.successes > 0 && these(entry.endpoint.into());
        let again: Vec<_> = self.book.iter().filter_map(|(number, entry)| asked(entry).then_some(number)).collect();
        again.iter().for_each(|number| self.make_ready(*number, now));
        again.len()
    }

    /// All addresses that are known.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.book.iter().map(|(_, entry)| entry.endpoint.into())
    }

    /// The note on an address, if the address is known.
    pub fn note(&mut self, address: SocketAddr) -> Option<&mut Note> {
        let number = self.book.find(address.into())?;
        Some(&mut self.book.entry_mut(number).note)
    }

    /// Whether an address is known.
    #[must_use]
    pub fn knows(&self, address: SocketAddr) -> bool {
        self.book.find(address.into()).is_some()
    }

    /// The number of addresses in each state.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let known = self.book.len();
        let ready = self.ready.iter().map(Shelf::len).sum();
        let (waiting, given_up) = (self.waiting.len(), self.given_up.len());
        Counts {
            known,
            ready,
            in_flight: self.in_flight,
            waiting,
            settled: known - ready - self.in_flight - waiting - given_up,
            given_up,
            reached: self.reached,
            dials: self.dials,
            refused: self.refused,
        }
    }

    /// As [`Frontier::learn`]; also returns the number of the address.
    fn learn_numbered(&mut self, address: SocketAddr, source: Source, now: Duration) -> (Learned, Option<u32>) {
        let endpoint = Endpoint::from(address);
        if let Some(number) = self.book.find(endpoint) {
            return (self.learn_again(number, now), Some(number));
        }
        match self.admit(endpoint, source, now) {
            Ok(number) => {
                self.make_ready(number, now);
                (Learned::New, Some(number))
            }
            Err(refusal) => {
                self.refused += 1;
                (Learned::Refused(refusal), None)
            }
        }
    }

    fn learn_again(&mut self, number: u32, now: Duration) -> Learned {
        let revive_after = self.policy.revive_after;
        let entry = self.book.entry_mut(number);
        let rested = now.saturating_sub(Duration::from_secs(entry.tried.into())) >= revive_after;
        if entry.state != State::GivenUp || !rested {
            return Learned::Known;
        }
        self.given_up.remove(entry.prefix, entry.tried, number);
        (entry.failures, entry.successes) = (0, 0);
        self.make_ready(number, now);
        Learned::Revived
    }

    /// Finds a place for a new address, if the limits allow one.
    fn admit(&mut self, endpoint: Endpoint, source: Source, now: Duration) -> Result<u32, Refusal> {
        let named = source == Source::Named;
        let routable = self.policy.allow_private || is_globally_routable(endpoint.ip());
        let fit = named || (routable && !is_bad_port(endpoint.port()));
        if endpoint.port() == 0 || endpoint.ip().is_unspecified() || !fit {
            return Err(Refusal::Address);
        }
        if self.policy.excluded.network_of(endpoint.ip()).is_some() {
            return Err(Refusal::Excluded);
        }
        if !named && self.hosts.ports(endpoint) >= self.policy.max_per_host {
            return Err(Refusal::Host);
        }
        let max_per_source = self.policy.max_per_source;
        let share = match source {
            Source::Peer(peer) => Some(self.sources.share(peer, max_per_source, now).ok_or(Refusal::Source)?),
            Source::Named | Source::Remembered | Source::Seed => None,
        };
        let group = Group::of(endpoint.ip());
        let prefix = self.prefixes.find(group);
        let is_full = |&prefix: &u32| self.prefixes.known(prefix) >= self.policy.max_per_prefix && !named;
        // A given-up address makes room: one in the prefix, or any.
        let room = if let Some(prefix) = prefix.filter(is_full) {
            Some(self.given_up.first_of(prefix).ok_or(Refusal::Prefix)?)
        } else if self.book.len() >= self.policy.max_known {
            // The choice of the address to replace is as good as random.
            let from = self.book.order(endpoint) % u32::try_from(self.prefixes.len().max(1)).unwrap_or(u32::MAX);
            Some(self.given_up.first_from(from).ok_or(Refusal::Total)?)
        } else {
            None
        };
        if let Some(introduced) = share {
            *introduced += 1;
        }
        if let Some(number) = room {
            self.forget(number);
        }
        let prefix = self.prefixes.number(group, now);
        self.prefixes.add_known(prefix);
        self.hosts.add(endpoint);
        let standing = match source {
            Source::Named | Source::Remembered => Standing::Remembered,
            Source::Seed | Source::Peer(_) => Standing::Unknown,
        };
        let entry = Entry::new(endpoint, standing, prefix);
        Ok(match room {
            Some(number) => {
                self.book.replace(number, entry);
                number
            }
            None => self.book.add(entry),
        })
    }

    /// A given-up address gives its number to another one.
    fn forget(&mut self, number: u32) {
        let entry = self.book.entry(number);
        self.given_up.remove(entry.prefix, entry.tried, number);
        self.prefixes.remove_known(entry.prefix);
        self.hosts.remove(entry.endpoint);
        self.reached -= usize::from(entry.standing == Standing::Reached);
    }

    fn make_ready(&mut self, number: u32, now: Duration) {
        let order = self.book.order(self.book.entry(number).endpoint);
        let entry = self.book.entry_mut(number);
        let class = entry.class();
        entry.state = State::Ready(class);
        self.ready[class as usize].put(entry.prefix, order, number);
        self.prefixes.add_ready(entry.prefix, class, now);
    }

    /// Makes addresses ready whose waiting time is over.
    fn wake(&mut self, now: Duration) {
        self.prefixes.wake(now);
        while let Some(&Reverse((second, number))) = self.waiting.peek()
            && u64::from(second) <= now.as_secs()
        {
            self.waiting.pop();
            self.make_ready(number, now);
        }
    }

    fn dial(&mut self, prefix: u32, class: Class, now: Duration) -> SocketAddr {
        let shelf = &mut self.ready[class as usize];
        let number = shelf.first_of(prefix).expect("a prefix in line has an address that is ready");
        shelf.remove(prefix, self.book.order(self.book.entry(number).endpoint), number);
        self.prefixes.dialled(prefix, class, now);
        if let Some(rate) = self.policy.rate {
            self.pacer.take(rate, now);
        }
        self.in_flight += 1;
        self.dials += 1;
        let entry = self.book.entry_mut(number);
        self.strangers_in_flight += usize::from(entry.standing != Standing::Reached);
        entry.state = State::InFlight;
        entry.tried = u32::try_from(now.as_secs()).unwrap_or(u32::MAX);
        entry.endpoint.into()
    }

    /// Whether enough peers were reached, or would be if all dials in flight succeeded.
    fn is_full(&self) -> bool {
        self.policy.max_peers.is_some_and(|most| self.reached + self.strangers_in_flight >= most)
    }

    fn at_rest(&self) -> Next {
        if self.in_flight > 0 { Next::Idle } else { Next::Exhausted }
    }
}

/// The first whole second not before `time`. 136 years fit.
fn second_from(time: Duration) -> u32 {
    let second = time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0));
    u32::try_from(second).unwrap_or(u32::MAX)
}
