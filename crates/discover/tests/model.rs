//! Compares the frontier with a model that searches all addresses each time.

#![expect(clippy::panic, reason = "what comes to no end fails its test")]

mod common;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use common::KEY;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::sample::select;
use verack_discover::frontier::{OWN_RETRIES, Refusal};
use verack_discover::{Counts, Frontier, Group, Growing, Learned, Next, Note, Outcome, Pace, Policy, Source};

proptest! {
    #[test]
    fn the_frontier_does_what_the_model_allows(policy in policies(), acts in vec(acts(), 1..300)) {
        let mut both = Both { frontier: Frontier::new(policy.clone(), KEY), model: Model::new(policy), now: Duration::ZERO };
        for act in acts {
            both.act(act);
        }
        both.finish();
    }
}

proptest! {
    #[test]
    fn many_addresses_are_learned_as_each_of_them_would_be(
        policy in policies(),
        told in vec((vec((0..6u8, 0..12u8), 0..100), any::<bool>(), 0..3u64), 1..8),
    ) {
        let mut at_once = Frontier::new(policy.clone(), KEY);
        let mut one_by_one = Frontier::new(policy, KEY);
        for (nth, (addresses, given_up, seconds)) in told.into_iter().enumerate() {
            let now = Duration::from_secs(nth as u64 * 3 + seconds);
            let addresses: Vec<_> = addresses.into_iter().map(|(prefix, host)| address(prefix, host)).collect();
            let source = Source::Peer(IpAddr::from([9, 9, 9, 9]));
            let mut learned = Vec::new();
            at_once.learn_all(&addresses, source, now, |nth, what, note| {
                assert_eq!(note.is_none(), matches!(what, Learned::Refused(_)));
                if let Some(note) = note {
                    assert!(what != Learned::New || *note == Note::default(), "nothing has been noted of a stranger");
                    *note = note_on(addresses[nth]);
                }
                learned.push((nth, what));
            });
            for address in &addresses {
                assert_eq!(at_once.note(*address).copied(), at_once.knows(*address).then(|| note_on(*address)));
            }
            let each = addresses.iter().map(|address| one_by_one.learn(*address, source, now));
            assert_eq!(learned, each.enumerate().collect::<Vec<_>>());
            // Given-up addresses make room for others, in the middle of `learn_all`.
            while given_up && let Next::Dial(address) = at_once.next(now) {
                assert_eq!(one_by_one.next(now), Next::Dial(address));
                at_once.done(address, Outcome::Unfit, now);
                one_by_one.done(address, Outcome::Unfit, now);
            }
            assert_eq!(at_once.counts(), one_by_one.counts());
        }
    }
}

/// A port of a host in one of the prefixes; each host has three ports.
fn address(prefix: u8, nth: u8) -> SocketAddr {
    let host = common::address(prefix, nth / 3);
    SocketAddr::new(host.ip(), host.port() + u16::from(nth % 3))
}

/// A different note for each address.
fn note_on(address: SocketAddr) -> Note {
    let port = (address.port() - 8333) << 6;
    Note(match address.ip() {
        IpAddr::V4(ip) => u16::from_be_bytes([1 + ip.octets()[1], ip.octets()[3]]) | port,
        IpAddr::V6(ip) => (1 + ip.segments()[1]) << 8 | ip.segments()[7] | port,
    })
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Learn(SocketAddr, Source),
    /// The result of an earlier run, and the time after which the address may be dialled again.
    Recall(SocketAddr, bool, Option<Duration>),
    Next,
    /// The nth address in flight.
    Done(usize, Outcome),
    /// Another connection to the nth address in flight.
    DialledAgain(usize),
    AskAgain,
    Pass(Duration),
}

struct Both {
    frontier: Frontier,
    model: Model,
    now: Duration,
}

impl Both {
    fn act(&mut self, act: Act) {
        let now = self.now;
        match act {
            Act::Learn(address, source) => {
                let learned = self.frontier.learn(address, source, now);
                let frontier = &self.frontier;
                assert_eq!(learned, self.model.learn(address, source, now, |address| frontier.knows(address)));
            }
            Act::Recall(address, reached, after) => {
                let due = after.map(|after| now + after);
                let learned = self.frontier.recall(address, reached, due, now);
                let frontier = &self.frontier;
                assert_eq!(learned, self.model.recall(address, reached, due, now, |address| frontier.knows(address)));
            }
            Act::Next => {
                let next = self.frontier.next(now);
                self.model.next(next, now);
            }
            Act::Done(nth, outcome) => {
                let flying: Vec<_> = self.model.in_flight().collect();
                if let Some(&address) = flying.get(nth % flying.len().max(1)) {
                    assert!(self.frontier.done(address, outcome, now));
                    assert!(!self.frontier.done(address, outcome, now), "it is not in flight any more");
                    self.model.done(address, outcome, now);
                }
            }
            Act::DialledAgain(nth) => {
                let flying: Vec<_> = self.model.in_flight().collect();
                if let Some(&address) = flying.get(nth % flying.len().max(1)) {
                    self.frontier.dialled_again(address, now);
                    self.model.charge(address, now);
                }
            }
            Act::AskAgain => assert_eq!(self.frontier.ask_again(|_| true, now), self.model.ask_again(now)),
            Act::Pass(time) => self.now += time,
        }
        let counts = self.frontier.counts();
        // An address whose time has come counts as ready once the frontier has checked it.
        let counts = Counts { ready: counts.ready + counts.waiting, waiting: 0, ..counts };
        assert_eq!(counts, self.model.counts());
    }

    /// Everything fails from now on: then the crawl ends.
    fn finish(&mut self) {
        for _ in 0..100_000 {
            let next = self.frontier.next(self.now);
            self.model.next(next, self.now);
            match next {
                Next::Dial(_) => {}
                Next::Wait(until) => self.now = until,
                Next::Idle => {
                    for address in self.model.in_flight().collect::<Vec<_>>() {
                        self.frontier.done(address, Outcome::Failed, self.now);
                        self.model.done(address, Outcome::Failed, self.now);
                    }
                }
                Next::Exhausted => return,
            }
        }
        panic!("it comes to no end");
    }
}

struct Model {
    policy: Policy,
    peers: Vec<Peer>,
    introduced: HashMap<Group, u32>,
    /// The level of a leaky bucket, and the time of that level.
    paces: HashMap<Group, (Duration, Duration)>,
    pace: (Duration, Duration),
    dials: u64,
    refused: u64,
}

struct Peer {
    address: SocketAddr,
    state: State,
    remembered: bool,
    reached: bool,
    failures: u8,
    successes: u8,
    tried: Duration,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// May be dialled from this moment on.
    From(Duration),
    InFlight,
    Settled,
    GivenUp,
}

impl Model {
    fn new(policy: Policy) -> Self {
        Self {
            policy,
            peers: Vec::new(),
            introduced: HashMap::new(),
            paces: HashMap::new(),
            pace: Default::default(),
            dials: 0,
            refused: 0,
        }
    }

    fn learn(
        &mut self,
        address: SocketAddr,
        source: Source,
        now: Duration,
        knows: impl Fn(SocketAddr) -> bool,
    ) -> Learned {
        let revive_after = self.policy.revive_after;
        if let Some(peer) = self.peers.iter_mut().find(|peer| peer.address == address) {
            if peer.state != State::GivenUp || now - peer.tried < revive_after {
                return Learned::Known;
            }
            (peer.state, peer.failures, peer.successes) = (State::From(now), 0, 0);
            return Learned::Revived;
        }
        let remembered = matches!(source, Source::Named | Source::Remembered);
        let (state, reached, tried) = (State::From(now), false, Duration::ZERO);
        self.admit(Peer { address, state, remembered, reached, failures: 0, successes: 0, tried }, source, knows)
    }

    fn recall(
        &mut self,
        address: SocketAddr,
        reached: bool,
        due: Option<Duration>,
        now: Duration,
        knows: impl Fn(SocketAddr) -> bool,
    ) -> Learned {
        if self.peers.iter().any(|peer| peer.address == address) {
            return Learned::Known;
        }
        let source = if reached { Source::Remembered } else { Source::Seed };
        let never = if reached { State::Settled } else { State::GivenUp };
        let state = due.map_or(never, |due| State::From(next_second(due)));
        let tried = whole_seconds(now);
        self.admit(Peer { address, state, remembered: false, reached, failures: 0, successes: 0, tried }, source, knows)
    }

    fn admit(&mut self, peer: Peer, source: Source, knows: impl Fn(SocketAddr) -> bool) -> Learned {
        let address = peer.address;
        let refused = self.refusal(address, source);
        if let Some(refusal) = refused {
            self.refused += 1;
            return Learned::Refused(refusal);
        }
        if let Source::Peer(ip) = source {
            *self.introduced.entry(Group::of(ip)).or_default() += 1;
        }
        // A given-up address may have made room.
        let crowded = self.in_prefix(address).count() >= self.per_prefix() && source != Source::Named;
        let full = crowded || self.peers.len() >= self.policy.max_known;
        let forgotten: Vec<_> = self.peers.iter().filter(|peer| !knows(peer.address)).collect();
        assert_eq!(forgotten.len(), usize::from(full));
        for peer in forgotten {
            assert!(peer.state == State::GivenUp);
            assert!(!crowded || Group::of(peer.address.ip()) == Group::of(address.ip()));
        }
        self.peers.retain(|peer| knows(peer.address));
        self.peers.push(peer);
        Learned::New
    }

    fn refusal(&self, address: SocketAddr, source: Source) -> Option<Refusal> {
        let given_up = |peer: &Peer| peer.state == State::GivenUp;
        if address.port() == 0 {
            return Some(Refusal::Address);
        }
        let ports = self.peers.iter().filter(|peer| peer.address.ip() == address.ip()).count();
        if source != Source::Named && ports >= usize::from(self.policy.max_per_host) {
            return Some(Refusal::Host);
        }
        if let Source::Peer(ip) = source
            && self.introduced.get(&Group::of(ip)).is_some_and(|told| *told >= self.policy.max_per_source)
        {
            return Some(Refusal::Source);
        }
        if self.in_prefix(address).count() >= self.per_prefix() && source != Source::Named {
            return (!self.in_prefix(address).any(given_up)).then_some(Refusal::Prefix);
        }
        (self.peers.len() >= self.policy.max_known && !self.peers.iter().any(given_up)).then_some(Refusal::Total)
    }

    fn next(&mut self, next: Next, now: Duration) {
        match next {
            Next::Dial(address) => {
                assert!(self.dialable(now).any(|peer| peer.address == address), "{address} must not be dialled");
                let first = self.dialable(now).map(Peer::class).min();
                let peer = self.peers.iter_mut().find(|peer| peer.address == address).expect("known");
                assert_eq!(Some(peer.class()), first, "others come first");
                (peer.state, peer.tried) = (State::InFlight, whole_seconds(now));
                self.charge(address, now);
            }
            Next::Wait(until) => {
                assert!(until > now, "it waits for the past");
                assert_eq!(self.dialable(now).count(), 0, "there was something to dial");
                let first = self.peers.iter().filter_map(|peer| self.free_at(peer)).min();
                assert!(first.is_none_or(|first| until <= first), "it waits too long");
                // It may wait for re-checks that it does not dial because enough peers were reached.
                assert!(first.is_some() || self.is_full(), "it waits for nothing");
            }
            Next::Idle => assert!(self.in_flight().next().is_some() && !self.has_hope()),
            Next::Exhausted => assert!(self.in_flight().next().is_none() && !self.has_hope()),
        }
    }

    /// Records an opened connection.
    fn charge(&mut self, address: SocketAddr, now: Duration) {
        self.dials += 1;
        let charge = |(level, at): (Duration, Duration), pace: Option<Pace>| {
            (level.saturating_sub(now - at) + pace.map_or(Duration::ZERO, |pace| pace.every), now)
        };
        let prefix = self.paces.entry(Group::of(address.ip())).or_default();
        *prefix = charge(*prefix, self.policy.prefix_pace);
        self.pace = charge(self.pace, self.policy.rate);
    }

    fn ask_again(&mut self, now: Duration) -> usize {
        let asked = self.peers.iter_mut().filter(|peer| peer.state == State::Settled && peer.successes > 0);
        asked.map(|peer| peer.state = State::From(now)).count()
    }

    fn done(&mut self, address: SocketAddr, outcome: Outcome, now: Duration) {
        let policy = self.policy.clone();
        let retries = if outcome == Outcome::NotDialled { OWN_RETRIES } else { policy.retries };
        let peer = self.peers.iter_mut().find(|peer| peer.address == address).expect("known");
        peer.state = match outcome {
            Outcome::Reached => {
                (peer.reached, peer.failures, peer.successes) = (true, 0, peer.successes + 1);
                match policy.recheck {
                    Some(recheck) => State::From(next_second(now + recheck.nth(peer.successes))),
                    None => State::Settled,
                }
            }
            _ if peer.reached && policy.recheck.is_none() => State::Settled,
            Outcome::Failed | Outcome::NotDialled if peer.failures < retries => {
                (peer.failures, peer.successes) = (peer.failures + 1, 0);
                State::From(next_second(now + policy.backoff.nth(peer.failures)))
            }
            Outcome::Failed | Outcome::NotDialled | Outcome::Unfit => State::GivenUp,
        };
    }

    fn counts(&self) -> Counts {
        let count = |is: fn(&Peer) -> bool| self.peers.iter().filter(|peer| is(peer)).count();
        let pending = count(|peer| matches!(peer.state, State::From(_)));
        Counts {
            known: self.peers.len(),
            ready: pending,
            in_flight: count(|peer| peer.state == State::InFlight),
            waiting: 0,
            settled: count(|peer| peer.state == State::Settled),
            given_up: count(|peer| peer.state == State::GivenUp),
            reached: count(|peer| peer.reached),
            dials: self.dials,
            refused: self.refused,
        }
    }

    fn in_flight(&self) -> impl Iterator<Item = SocketAddr> {
        self.peers.iter().filter(|peer| peer.state == State::InFlight).map(|peer| peer.address)
    }

    fn is_full(&self) -> bool {
        let counts = self.peers.iter().filter(|peer| peer.reached || peer.state == State::InFlight).count();
        self.policy.max_peers.is_some_and(|most| counts >= most)
    }

    fn has_hope(&self) -> bool {
        self.peers.iter().any(|peer| self.free_at(peer).is_some())
    }

    fn dialable(&self, now: Duration) -> impl Iterator<Item = &Peer> {
        self.peers.iter().filter(move |peer| self.free_at(peer).is_some_and(|at| at <= now))
    }

    /// When it may be dialled, if nothing else happens before.
    fn free_at(&self, peer: &Peer) -> Option<Duration> {
        let State::From(due) = peer.state else { return None };
        if self.is_full() && !(self.policy.recheck.is_some() && peer.class() == 0) {
            return None;
        }
        let drained = |(level, at): (Duration, Duration), pace: Option<Pace>| {
            let room = pace.map_or(Duration::MAX, |pace| pace.every * (pace.burst.max(1) - 1));
            at + level.saturating_sub(room)
        };
        let prefix = self.paces.get(&Group::of(peer.address.ip())).copied().unwrap_or_default();
        Some(due.max(drained(prefix, self.policy.prefix_pace)).max(drained(self.pace, self.policy.rate)))
    }

    fn in_prefix(&self, address: SocketAddr) -> impl Iterator<Item = &Peer> {
        self.peers.iter().filter(move |peer| Group::of(peer.address.ip()) == Group::of(address.ip()))
    }

    fn per_prefix(&self) -> usize {
        self.policy.max_per_prefix.try_into().expect("small")
    }
}

impl Peer {
    fn class(&self) -> u8 {
        match (self.reached, self.remembered, self.failures) {
            (true, _, _) => 0,
            (false, true, 0) => 1,
            (false, false, 0) => 2,
            _ => 3,
        }
    }
}

fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs())
}

fn next_second(time: Duration) -> Duration {
    if time.subsec_nanos() == 0 { time } else { Duration::from_secs(time.as_secs() + 1) }
}

fn policies() -> impl Strategy<Value = Policy> {
    let pace = || {
        prop_oneof![
            Just(None),
            (1..5000u64, 0..4u32)
                .prop_map(|(millis, burst)| Some(Pace { every: Duration::from_millis(millis), burst })),
        ]
    };
    let growing = || {
        (0..20_000u64)
            .prop_map(|millis| Growing { first: Duration::from_millis(millis), most: Duration::from_secs(30) })
    };
    let known = (1..40usize, 1..12u32, 1..20u32, 1..4u8, proptest::option::of(1..6usize));
    let again = (0..4u8, growing(), proptest::option::of(growing()), 0..60u64);
    (pace(), pace(), known, again).prop_map(|(rate, prefix_pace, known, (retries, backoff, recheck, revive))| {
        let (max_known, max_per_prefix, max_per_source, max_per_host, max_peers) = known;
        Policy {
            excluded: std::sync::Arc::default(),
            rate,
            prefix_pace,
            max_known,
            max_per_prefix,
            max_per_source,
            max_per_host,
            max_peers,
            retries,
            backoff,
            recheck,
            revive_after: Duration::from_secs(revive),
            allow_private: false,
        }
    })
}

fn acts() -> impl Strategy<Value = Act> {
    let source = prop_oneof![
        Just(Source::Named),
        Just(Source::Remembered),
        Just(Source::Seed),
        (0..4u8, any::<u8>()).prop_map(|(n, host)| Source::Peer(IpAddr::from([9, n, 9, host]))),
    ];
    let outcome =
        select(&[Outcome::Reached, Outcome::Failed, Outcome::Failed, Outcome::Unfit, Outcome::NotDialled][..]);
    prop_oneof![
        3 => (0..6u8, 0..12u8, source).prop_map(|(prefix, host, source)| Act::Learn(address(prefix, host), source)),
        1 => (0..6u8, 0..12u8, any::<bool>(), proptest::option::of(0..20_000u64)).prop_map(
            |(prefix, host, reached, after)| Act::Recall(address(prefix, host), reached, after.map(Duration::from_millis))
        ),
        3 => Just(Act::Next),
        2 => (any::<usize>(), outcome).prop_map(|(nth, outcome)| Act::Done(nth, outcome)),
        1 => any::<usize>().prop_map(Act::DialledAgain),
        1 => Just(Act::AskAgain),
        1 => (0..10_000u64).prop_map(|millis| Act::Pass(Duration::from_millis(millis))),
    ]
}
