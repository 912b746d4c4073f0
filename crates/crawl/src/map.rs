//! What a crawl knows: whom to dial, whom to keep only, and how everybody fared.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use discover::{Frontier, Key, Learned, Note, Policy, Refusal, Source};
use peers::{Shown, Time};

use super::aside::Aside;
use super::heard;
use super::places::{kept, network};
use super::record;
use super::tally::{Facts, Tally};
use probe::protocol::{Knowledge, Place, Told, Unusable};
use probe::resolve::Family;
use probe::visit::Visit;

/// What a crawl knows.
#[derive(Debug)]
pub struct Map {
    /// Whom to dial.
    pub frontier: Frontier,
    /// Whom to keep only.
    pub aside: Aside,
    /// How everybody fared.
    pub tally: Tally,
    family: Family,
    /// Whether those who were reached are dialled again.
    pub watches: bool,
    /// Whom it may be worth asking again, on a small network.
    answered: Vec<SocketAddr>,
    /// Those who are asked again, until they were.
    again: HashSet<SocketAddr>,
    round: Round,
}

/// How often those that answered were asked again.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    /// From 1; 0 if none was.
    nth: u32,
    /// How many addresses were known when it began.
    known: usize,
    /// Answers in a row that had brought nothing new by then.
    in_vain: usize,
}

/// After so many answers that bring nothing new, nothing is left to be learned: an address of which each of them tells with
/// probability 0.23 (Core's MAX_PCT_ADDR_TO_SEND, and btcd's) is missed by all with 0.005.
const ANSWERS_IN_VAIN: usize = 20;

/// Whoever makes up another address for each connection does not keep a crawl from its end.
const MAX_ROUNDS: u32 = 50;

/// A network with fewer peers is small: it is mapped in no time, so that a second round costs little and matters much.
const SMALL_NETWORK: usize = 100;

/// How the user agents of programs begin that tell the same on each connection: Core answers for a day from a cache
/// (net.h CachedAddrResponse), and Zebra refuses an address that it saw two minutes ago.
const ALWAYS_THE_SAME: [&[u8]; 2] = [b"/Satoshi:", b"/Zebra:"];

impl Map {
    /// Knows nobody yet.
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

    /// Learns what a peer told at this time of the clock. What is news is returned, to be stored: who was not known, and who
    /// was seen on a later day than was known.
    pub fn learn(&mut self, told: &[Told], from: IpAddr, clock: Time, now: Duration) -> Vec<Told> {
        let source = Source::Peer(from);
        let mut news = Vec::new();
        // Those that are dialled are looked up together, which is much faster.
        let (mut sockets, mut whose) = (Vec::with_capacity(told.len()), Vec::with_capacity(told.len()));
        for told in told {
            match told.place {
                Place::Ip(socket) if self.family.takes(socket.ip()) => {
                    sockets.push(socket);
                    whose.push(told);
                }
                place => {
                    let (learned, note) = self.learn_one(place, source, now);
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

    /// Learns from a seed, who says that somebody is there, and not when that was.
    pub fn plant(&mut self, mut told: Vec<Told>, source: Source, now: Duration) -> Vec<Told> {
        told.retain(|told| is_stored(self.learn_one(told.place, source, now).0));
        told
    }

    /// Learns before the start of one address, of which this was heard.
    pub fn plant_one(&mut self, place: Place, source: Source, heard: Note) {
        if let (_, Some(note)) = self.learn_one(place, source, Duration::ZERO) {
            *note = heard;
        }
    }

    /// Recalls what an earlier run found at an address, of which this was heard. Whether that counts.
    pub fn recall_one(&mut self, address: SocketAddr, reached: bool, due: Option<Duration>, heard: Note) -> bool {
        let counts = self.family.takes(address.ip())
            && self.frontier.recall(address, reached, due, Duration::ZERO) == Learned::New;
        if let Some(note) = self.frontier.note(address) {
            *note = heard;
        }
        counts
    }

    fn learn_one(&mut self, place: Place, source: Source, now: Duration) -> (Learned, Option<&mut Note>) {
        let Self { frontier, aside, tally, family, .. } = self;
        match place {
            Place::Ip(socket) if family.takes(socket.ip()) => {
                (frontier.learn(socket, source, now), frontier.note(socket))
            }
            Place::Ip(socket) if !discover::is_globally_routable(socket.ip()) => {
                (Learned::Refused(Refusal::Address), None)
            }
            Place::Ip(_) | Place::Overlay(..) => {
                let (learned, note) = aside.learn(place, source);
                if learned == Learned::New {
                    *tally.aside.entry(network(&place)).or_default() += 1;
                }
                (learned, note)
            }
        }
    }

    /// Counts what a peer told that is of no use.
    pub fn count_unusable(&mut self, unusable: &[Unusable]) {
        for Unusable { name, sentence, count } in unusable {
            self.tally.told += *count as u64;
            *self.tally.unusable.entry((name, sentence)).or_default() += *count as u64;
        }
    }

    /// What is known of the node at an address.
    pub fn knowledge_of(&mut self, address: SocketAddr) -> Knowledge {
        self.frontier.note(address).map_or(Knowledge::Nothing, |note| heard::knowledge(*note))
    }

    /// A visit is over.
    pub fn conclude(&mut self, address: SocketAddr, visit: &Visit, now: Duration) {
        if let (Some(note), Some(introduced)) = (self.frontier.note(address), visit.kept()) {
            heard::offers(note, introduced.services);
        }
        let outcome = record::outcome(visit);
        for _ in 1..visit.connections() {
            self.frontier.dialled_again(address, now);
        }
        self.frontier.done(address, outcome, now);
        // What we did not dial has no result, and that of a peer that is asked once more is known.
        if outcome != discover::Outcome::NotDialled && !self.again.remove(&address) {
            self.tally.add(address, &Facts::of(address, visit));
            self.forget_if_due();
        }
    }

    /// Forgets what is kept of addresses that are not known any more, once it is about half of all.
    fn forget_if_due(&mut self) {
        /// Not worth the time.
        const FEW: usize = 1024;
        if self.tally.kept() > 2 * self.frontier.counts().known + FEW {
            self.forget();
        }
    }

    /// Forgets what is kept of addresses that are not known any more.
    pub fn forget(&mut self) {
        let Self { frontier, tally, .. } = self;
        tally.forget_unless(|address| frontier.knows(address));
    }

    /// Takes note that a peer, which runs this program, told so many addresses: it may be worth asking it again. What it
    /// tells then is not counted anew.
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

    /// Whether a peer that is dialled now was reached before, and is only asked whom else it knows.
    pub fn is_asked_again(&self, address: SocketAddr) -> bool {
        self.again.contains(&address)
    }

    /// On a small network, has those that answered dialled once more. Whether there are any, and some hope that they tell
    /// something new: many programs tell another part of what they know on each connection.
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

    /// All addresses that are known.
    pub fn known(&self) -> usize {
        self.frontier.counts().known + self.aside.len()
    }
}

/// Whether the database is to hear of it, whenever it was seen.
fn is_stored(learned: Learned) -> bool {
    matches!(learned, Learned::New | Learned::Revived)
}

/// Takes note of what a peer told. Whether somebody was seen there on a later day than was noted.
fn hear(note: Option<&mut Note>, told: &Told, clock: Time) -> bool {
    let Some(note) = note else { return false };
    heard::offers(note, told.services);
    told.seen.and_then(|seen| believed(seen, clock)).is_some_and(|seen| heard::saw(note, seen))
}

/// What somebody told, as the database has it. `None` if it cannot have it.
pub fn learned(told: &Told, chain: &Shown, source: &Shown, now: Time) -> Option<peers::Learned> {
    Some(peers::Learned {
        chain: chain.clone(),
        address: kept(&told.place)?,
        at: now,
        seen: told.seen.and_then(|seen| believed(seen, now)),
        services: told.services,
        source: source.clone(),
    })
}

/// When a peer was there, if that is believed. If not it is unknown, where Core makes it five days ago. (Core:
/// net_processing.cpp, ProcessMessage of ADDR)
fn believed(seen: i64, Time(now): Time) -> Option<Time> {
    /// Before 1973 nobody was there.
    const LEAST: i64 = 100_000_000;
    /// So far may a clock be ahead of ours, in seconds.
    const AHEAD: i64 = 10 * 60;
    (seen > LEAST && seen <= now + AHEAD).then_some(Time(seen.min(now)))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::time::Duration;

    use bitcoin::gossip::Address;
    use discover::{Growing, Learned, Next, Note, Outcome, Policy, Source};
    use peers::Time;

    use super::{Map, SMALL_NETWORK, believed};
    use crate::heard::saw;
    use probe::protocol::{Place, Told};
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
    fn who_is_known_is_news_on_each_later_day_on_which_somebody_has_seen_it() {
        let onion = Place::Overlay(Address::TorV3([7; 32]), 8333);
        for place in [Place::Ip("1.2.3.4:8333".parse().unwrap()), Place::Ip("[2a00::1]:1".parse().unwrap()), onion] {
            let mut map = Map::new(Policy::default(), Family::V4);
            let mut is_news = |seen| {
                let told = Told { seen: Some(seen), services: 9, place };
                map.learn(&[told], IpAddr::from([9, 9, 9, 9]), Time(NOW), Duration::ZERO) == [told]
            };
            assert!(is_news(NOW - 9 * DAY), "{place} is new");
            assert!(!is_news(NOW - 9 * DAY) && !is_news(NOW - 30 * DAY));
            assert!(is_news(NOW - 7 * DAY) && !is_news(NOW - 8 * DAY));
            assert!(!is_news(NOW + DAY) && !is_news(0), "that is not believed");
            assert!(is_news(NOW + 300) && !is_news(NOW) && !is_news(NOW - DAY));
        }
    }

    const BTCD: &str = "/btcwire:0.5.0/btcd:0.24.2/";

    /// A crawl that has reached so many peers of this program, each of which told something.
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
        let known = |place, seen| Told { seen: Some(seen), services: 0, place };
        let mut heard = Note::default();
        saw(&mut heard, Time(NOW - DAY));
        let (first, second) = ("1.2.3.4:8333".parse().unwrap(), "1.2.3.5:8333".parse().unwrap());
        map.plant_one(Place::Ip(first), Source::Seed, heard);
        assert!(map.recall_one(second, true, None, heard));
        let both = |seen| [known(Place::Ip(first), seen), known(Place::Ip(second), seen)];
        let mut learned = |seen| map.learn(&both(seen), [9; 4].into(), Time(NOW), Duration::ZERO).len();
        assert_eq!([learned(NOW - 2 * DAY), learned(NOW), learned(NOW)], [0, 2, 0]);
        assert_eq!(map.plant(both(NOW).into(), Source::Seed, Duration::ZERO), []);
    }
}
