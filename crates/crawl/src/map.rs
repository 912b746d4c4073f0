//! The state of a crawl: addresses to dial, addresses only to store, and all results.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use address::{Endpoint, Network};
use discover::{Frontier, Key, Learned, Note, Policy, Refusal, Source};
use peers::{EscapedText, Time};

use super::aside::Aside;
use super::heard;
use super::record;
use super::tally::{Facts, Tally};
use probe::protocol::{AddressRecord, Knowledge, Side, Unusable};
use probe::resolve::Family;
use probe::visit::Visit;

/// The state of a crawl.
#[derive(Debug)]
pub struct Map {
    /// Addresses to dial.
    pub frontier: Frontier,
    /// Addresses that are only stored.
    pub aside: Aside,
    /// The results.
    pub tally: Tally,
    family: Family,
    /// Whether reached peers are dialled again.
    pub watches: bool,
    /// Peers that may be worth asking again, on a small network.
    answered: Vec<SocketAddr>,
    /// Peers to ask again; a peer is removed once asked.
    again: HashSet<SocketAddr>,
    round: Round,
}

/// The rounds of asking peers again.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    /// Its number from 1; 0 before the first round.
    nth: u32,
    /// How many addresses were known when the round began.
    known: usize,
    /// Consecutive answers without news until then.
    in_vain: usize,
}

/// After this many answers without news, nothing is left to learn: if each answer contains an address with probability
/// 0.23 (MAX_PCT_ADDR_TO_SEND of Core and btcd), all of them miss it with probability 0.005.
const ANSWERS_IN_VAIN: usize = 20;

/// Peers that invent another address for each connection must not keep a crawl from its end.
const MAX_ROUNDS: u32 = 50;

/// A network with fewer peers is small: mapping it takes little time, so a second round costs little and adds much.
const SMALL_NETWORK: usize = 100;

/// The user agent prefixes of programs that give the same answer on each connection: Core answers from a cache for a
/// day (net.h CachedAddrResponse), and Zebra rejects an address that it saw in the last two minutes.
const ALWAYS_THE_SAME: [&[u8]; 2] = [b"/Satoshi:", b"/Zebra:"];

impl Map {
    /// An empty map.
    pub fn new(policy: Policy, family: Family) -> Self {
        let key = Key::new(rand::random());
        let watches = policy.recheck.is_some();
        let tally = Tally::new(watches || policy.retries > 0);
        Self {
            aside: Aside::new(key.clone()),
            frontier: Frontier::new(policy, key),
            tally,
            family,
            watches,
            answered: Vec::new(),
            again: HashSet::new(),
            round: Round::default(),
        }
    }

    /// Adds the addresses that a peer shared; `clock` is the present time. Returns the news to store: new addresses,
    /// and addresses that were seen on a later day than known.
    pub fn learn(&mut self, told: &[AddressRecord], from: IpAddr, clock: Time, now: Duration) -> Vec<AddressRecord> {
        let source = Source::Peer(from);
        let mut news = Vec::new();
        // Addresses to dial are looked up together, which is much faster.
        let (mut sockets, mut whose) = (Vec::with_capacity(told.len()), Vec::with_capacity(told.len()));
        for told in told {
            match dialled(&told.endpoint).filter(|socket| self.family.takes(socket.ip())) {
                Some(socket) => {
                    sockets.push(socket);
                    whose.push(told);
                }
                None => {
                    let (learned, note) = self.learn_one(told.endpoint, source, now);
                    if hear(note, told, clock) || is_stored(learned) {
                        news.push(*told);
                    }
                }
            }
        }
        self.frontier.learn_all(&sockets, source, now, |nth, learned, note| {
            let told = whose[nth];
            if hear(note, told, clock) || is_stored(learned) {
                news.push(*told);
            }
        });
        news
    }

    /// Adds the addresses of a seed, which does not say when they were seen.
    pub fn plant(&mut self, mut told: Vec<AddressRecord>, source: Source, now: Duration) -> Vec<AddressRecord> {
        told.retain(|told| is_stored(self.learn_one(told.endpoint, source, now).0));
        told
    }

    /// Adds an address before the start, with its note.
    pub fn plant_one(&mut self, endpoint: Endpoint, source: Source, heard: Note) {
        if let (_, Some(note)) = self.learn_one(endpoint, source, Duration::ZERO) {
            *note = heard;
        }
    }

    /// Restores an address's result of an earlier run, with its note. Returns whether the result counts.
    pub fn recall_one(&mut self, address: SocketAddr, reached: bool, due: Option<Duration>, heard: Note) -> bool {
        let counts = self.family.takes(address.ip())
            && self.frontier.recall(address, reached, due, Duration::ZERO) == Learned::New;
        if let Some(note) = self.frontier.note(address) {
            *note = heard;
        }
        counts
    }

    fn learn_one(&mut self, endpoint: Endpoint, source: Source, now: Duration) -> (Learned, Option<&mut Note>) {
        let Self { frontier, aside, tally, family, .. } = self;
        // What the user named is dialled wherever it is.
        let dialled = if source == Source::Named { endpoint.socket() } else { dialled(&endpoint) };
        match dialled {
            Some(socket) if family.takes(socket.ip()) => (frontier.learn(socket, source, now), frontier.note(socket)),
            Some(socket) if !discover::is_globally_routable(socket.ip()) => (Learned::Refused(Refusal::Address), None),
            Some(_) | None => {
                let (learned, note) = aside.learn(endpoint, source);
                if learned == Learned::New {
                    *tally.aside.entry(endpoint.network()).or_default() += 1;
                }
                (learned, note)
            }
        }
    }

    /// Counts a peer's unusable addresses.
    pub fn count_unusable(&mut self, unusable: &[Unusable]) {
        for Unusable { name, sentence, count } in unusable {
            self.tally.told += *count as u64;
            *self.tally.unusable.entry((name, sentence)).or_default() += *count as u64;
        }
    }

    /// What is known about the node at an address.
    pub fn knowledge_of(&mut self, address: SocketAddr) -> Knowledge {
        self.frontier.note(address).map_or(Knowledge::Nothing, |note| heard::knowledge(*note))
    }

    /// Records the end of a visit with our `side`.
    pub fn conclude(&mut self, address: SocketAddr, visit: &Visit, side: &dyn Side, now: Duration) {
        if let (Some(note), Some(introduced)) = (self.frontier.note(address), visit.summary()) {
            heard::offers(note, introduced.services);
        }
        let outcome = record::outcome(visit);
        for _ in 1..visit.connections() {
            self.frontier.dialled_again(address, now);
        }
        self.frontier.done(address, outcome, now);
        // An address that we did not dial has no result; a peer that was asked again has one already.
        if outcome != discover::Outcome::NotDialled && !self.again.remove(&address) {
            self.tally.add(address, &Facts::of(address, visit, side));
            self.forget_if_due();
        }
    }

    /// Forgets the results of unknown addresses, once they are about half of all.
    fn forget_if_due(&mut self) {
        /// Fewer results are not worth the time.
        const FEW: usize = 1024;
        if self.tally.kept() > 2 * self.frontier.counts().known + FEW {
            self.forget();
        }
    }

    /// Forgets the results of addresses that are no longer known.
    pub fn forget(&mut self) {
        let Self { frontier, tally, .. } = self;
        tally.forget_unless(|address| frontier.knows(address));
    }

    /// Records that a peer with this program shared `told` addresses: it may be worth asking again. A second answer of
    /// a peer is not counted.
    pub fn answered(&mut self, address: SocketAddr, told: usize, program: Option<&[u8]>) {
        if told == 0 || self.is_asked_again(address) {
            return;
        }
        self.tally.told += told as u64;
        self.tally.answers += 1;
        let is_same = |program: &[u8]| ALWAYS_THE_SAME.iter().any(|name| program.starts_with(name));
        if self.answered.len() < SMALL_NETWORK && !program.is_some_and(is_same) {
            self.answered.push(address);
        }
    }

    /// Whether a peer was reached before, and is now dialled only to ask for more addresses.
    pub fn is_asked_again(&self, address: SocketAddr) -> bool {
        self.again.contains(&address)
    }

    /// On a small network, queues the peers that answered for another dial. Returns whether there are any, and some
    /// hope of news: many programs share another part of their addresses on each connection.
    pub fn ask_again(&mut self, now: Duration) -> bool {
        let known = self.known();
        let is_small = self.frontier.counts().reached < SMALL_NETWORK;
        let round = self.round;
        let in_vain = if known > round.known { 0 } else { round.in_vain + self.answered.len() };
        if !is_small || self.watches || round.nth == MAX_ROUNDS || (round.nth > 0 && in_vain >= ANSWERS_IN_VAIN) {
            return false;
        }
        self.round = Round { nth: round.nth + 1, known, in_vain: if round.nth == 0 { 0 } else { in_vain } };
        let Self { frontier, answered, again, .. } = self;
        again.clear();
        again.extend(answered.iter().copied());
        frontier.ask_again(|address| again.contains(&address), now) > 0
    }

    /// The number of known addresses.
    pub fn known(&self) -> usize {
        self.frontier.counts().known + self.aside.len()
    }
}

/// Whether to store the address, independent of when it was seen.
fn is_stored(learned: Learned) -> bool {
    matches!(learned, Learned::New | Learned::Revived)
}

/// Notes what a peer said. Returns whether a node was seen there on a later day than noted.
fn hear(note: Option<&mut Note>, told: &AddressRecord, clock: Time) -> bool {
    let Some(note) = note else { return false };
    heard::offers(note, told.services);
    told.seen.and_then(|seen| believed(seen, clock)).is_some_and(|seen| heard::saw(note, seen))
}

/// The address to dial, if it needs no router of its own. CJDNS has none here: its addresses are of IPv6, but lead
/// somewhere only on a machine with its interface. Those of Yggdrasil are not globally routable.
pub fn dialled(endpoint: &Endpoint) -> Option<SocketAddr> {
    endpoint.socket().filter(|_| endpoint.network() != Network::Cjdns)
}

/// A shared address as the database's type.
pub fn learned(told: &AddressRecord, chain: &EscapedText, source: &EscapedText, now: Time) -> peers::Learned {
    peers::Learned {
        chain: chain.clone(),
        endpoint: told.endpoint,
        identity: None,
        at: now,
        seen: told.seen.and_then(|seen| believed(seen, now)),
        services: told.services,
        source: source.clone(),
    }
}

/// When a node was seen, if the claim is plausible; otherwise unknown, where Core would assume five days ago. (Core:
/// net_processing.cpp, ProcessMessage of ADDR)
fn believed(seen: i64, Time(now): Time) -> Option<Time> {
    /// Earlier claims (before 1973) are false.
    const LEAST: i64 = 100_000_000;
    /// Maximum seconds by which a peer's clock may be ahead of ours.
    const AHEAD: i64 = 10 * 60;
    (seen > LEAST && seen <= now + AHEAD).then_some(Time(seen.min(now)))
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, SocketAddr};
    use std::time::Duration;

    use address::{Address, Endpoint};
    use discover::{Growing, Learned, Next, Note, Outcome, Policy, Source};
    use peers::Time;

    use super::{Map, SMALL_NETWORK, believed};
    use crate::heard::saw;
    use probe::protocol::AddressRecord;
    use probe::resolve::Family;

    const NOW: i64 = 1_800_000_000;

    const DAY: i64 = 86_400;

    #[test]
    fn times_of_the_future_and_of_long_ago_are_not_believed() {
        for (seen, expected) in [
            (NOW - 1, Some(NOW - 1)),
            (NOW, Some(NOW)),
            (NOW + 600, Some(NOW)),
            (NOW + 601, None),
            (i64::from(u32::MAX), None),
            (100_000_000, None),
            (0, None),
            (100_000_001, Some(100_000_001)),
        ] {
            assert_eq!(believed(seen, Time(NOW)), expected.map(Time), "{seen}");
        }
    }

    #[test]
    fn a_known_node_is_news_on_each_later_day_on_which_it_was_seen() {
        let onion = Endpoint { address: Address::Onion([7; 32]), port: 8333 };
        for endpoint in ["1.2.3.4:8333".parse().unwrap(), "[2a00::1]:1".parse().unwrap(), onion] {
            let mut map = Map::new(Policy::default(), Family::V4);
            let mut is_news = |seen| {
                let told = AddressRecord { seen: Some(seen), services: 9, endpoint };
                map.learn(&[told], IpAddr::from([9, 9, 9, 9]), Time(NOW), Duration::ZERO) == [told]
            };
            assert!(is_news(NOW - 9 * DAY), "{endpoint} is new");
            assert!(!is_news(NOW - 9 * DAY) && !is_news(NOW - 30 * DAY));
            assert!(is_news(NOW - 7 * DAY) && !is_news(NOW - 8 * DAY));
            assert!(!is_news(NOW + DAY) && !is_news(0), "that is not believed");
            assert!(is_news(NOW + 300) && !is_news(NOW) && !is_news(NOW - DAY));
        }
    }

    const BTCD: &str = "/btcwire:0.5.0/btcd:0.24.2/";

    /// A crawl that has reached `count` peers of this program, each with an answer.
    fn reached(count: usize, program: &str, policy: Policy) -> Map {
        let mut map = Map::new(Policy { prefix_pace: None, ..policy }, Family::Any);
        let now = Duration::ZERO;
        for nth in 0..count {
            let [.., high, low] = nth.to_be_bytes();
            let address = ([9, high, low, 1], 8333).into();
            assert_eq!(map.frontier.learn(address, Source::Named, now), Learned::New);
            assert_eq!(map.frontier.next(now), Next::Dial(address));
            map.answered(address, 3, Some(program.as_bytes()));
            assert!(map.frontier.done(address, Outcome::Reached, now));
        }
        map
    }

    #[test]
    fn peers_that_tell_another_part_each_time_are_asked_again_on_a_small_network_alone() {
        let is_asked_again = |count, program, policy| reached(count, program, policy).ask_again(Duration::ZERO);
        assert!(is_asked_again(1, BTCD, Policy::default()));
        assert!(is_asked_again(SMALL_NETWORK - 1, BTCD, Policy::default()));
        assert!(!is_asked_again(SMALL_NETWORK, BTCD, Policy::default()), "the network is big");
        assert!(!is_asked_again(SMALL_NETWORK + 20, BTCD, Policy::default()), "the network is big");
        for program in ["/Satoshi:27.0.0/", "/Zebra:1.9.0/"] {
            assert!(!is_asked_again(5, program, Policy::default()), "{program} tells the same");
        }
        let day = Duration::from_secs(24 * 60 * 60);
        let watch = Policy { recheck: Some(Growing { first: day, most: day }), ..Policy::default() };
        assert!(!is_asked_again(5, BTCD, watch), "a watch dials them again anyway");
    }

    #[test]
    fn what_the_database_has_is_no_news_and_nor_is_a_seeds_word_of_who_is_known() {
        let mut map = Map::new(Policy::default(), Family::Any);
        let known = |endpoint, seen| AddressRecord { seen: Some(seen), services: 0, endpoint };
        let mut heard = Note::default();
        saw(&mut heard, Time(NOW - DAY));
        let [first, second] = [4, 5].map(|last| SocketAddr::from(([1, 2, 3, last], 8333)));
        map.plant_one(first.into(), Source::Seed, heard);
        assert!(map.recall_one(second, true, None, heard));
        let both = |seen| [known(first.into(), seen), known(second.into(), seen)];
        let mut learned = |seen| map.learn(&both(seen), [9; 4].into(), Time(NOW), Duration::ZERO).len();
        assert_eq!([learned(NOW - 2 * DAY), learned(NOW), learned(NOW)], [0, 2, 0]);
        assert_eq!(map.plant(both(NOW).into(), Source::Seed, Duration::ZERO), []);
    }
}
