//! The results of a crawl, in numbers.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::net::SocketAddr;

use address::Endpoint;
use peers::{EscapedText, Network, Outcome, Peer};

use super::record::transports;
use probe::protocol::{IntroductionSummary, Side};
use probe::visit::Visit;

/// The last result of each address, in numbers.
#[derive(Debug, Default)]
pub struct Tally {
    /// Addresses that are stored but not dialled, by network.
    pub aside: Counter<Network>,
    /// Tried addresses, by outcome.
    pub outcomes: Counter<Outcome>,
    /// Results of an earlier run.
    pub resumed: u64,
    /// How many of these were reached then.
    pub resumed_reachable: u64,
    /// Addresses that peers shared, including known ones.
    pub told: u64,
    /// Peers that shared any.
    pub answers: u64,
    /// Unusable addresses, by the reason's name and its sentence for people.
    pub unusable: Counter<(&'static str, &'static str)>,
    /// All tried addresses, by reason.
    pub reasons: Counter<Named<Cow<'static, str>>>,
    /// Reached peers by network, like all counts below.
    pub networks: Counter<Network>,
    /// `v1` or `v2`.
    pub transports: Counter<&'static str>,
    /// Protocol versions.
    pub versions: Counter<Named<i64>>,
    /// Programs.
    pub agents: Counter<Named<EscapedText>>,
    /// By bit number.
    pub services: Vec<u64>,
    /// The last result of each known address, if later results may replace it.
    last: Option<HashMap<SocketAddr, Facts>>,
}

/// The count of each key.
pub type Counter<K> = HashMap<K, u64>;

/// A value that peers or foreign databases choose; `None` counts all further values after [`MAX_NAMES`].
pub type Named<K> = Option<K>;

/// Peers choose their user agents and versions: after this many, further ones are counted together.
const MAX_NAMES: usize = 8192;

/// The counted parts of a result.
#[derive(Clone, Debug)]
pub struct Facts {
    network: Network,
    outcome: Outcome,
    /// Whether it is from an earlier run.
    is_earlier: bool,
    reason: Cow<'static, str>,
    /// Boxed, since few are reached.
    reached: Option<Box<Reached>>,
}

/// The counted parts of a reached peer.
#[derive(Clone, Debug)]
struct Reached {
    transports: [Option<&'static str>; 2],
    version: i64,
    agent: EscapedText,
    services: u64,
}

impl Facts {
    /// The parts of a visit.
    pub fn of(address: SocketAddr, visit: &Visit, side: &dyn Side) -> Self {
        let best = visit.best();
        let reached = visit.summary().filter(|_| best.verdict.outcome() == Outcome::Ok).map(|kept| {
            let IntroductionSummary { version, services, user_agent, .. } = kept;
            let agent = EscapedText::of(&user_agent);
            Box::new(Reached { transports: good(transports(visit, side)), version, agent, services })
        });
        Self {
            network: Endpoint::from(address).network(),
            outcome: best.verdict.outcome(),
            is_earlier: false,
            reason: best.verdict.reason().into(),
            reached,
        }
    }

    /// The parts that the database stores of a tried peer.
    pub fn of_peer(peer: &Peer) -> Self {
        let reached = peer.is_reachable().then(|| {
            Box::new(Reached {
                transports: good(peer.transports),
                version: peer.version.unwrap_or_default(),
                agent: peer.user_agent.clone().unwrap_or_else(|| EscapedText::from("")),
                services: peer.services,
            })
        });
        let ending = peer.ending.as_ref();
        Self {
            network: peer.endpoint.network(),
            outcome: ending.map_or(Outcome::Failed, |ending| ending.outcome),
            is_earlier: true,
            reason: ending.map_or(Cow::Borrowed(""), |ending| ending.reason.as_str().to_owned().into()),
            reached,
        }
    }
}

/// The transports with a successful handshake.
fn good(transports: peers::Transports) -> [Option<&'static str>; 2] {
    let ok = |outcome, name| (outcome == Some(Outcome::Ok)).then_some(name);
    [ok(transports.v1, "v1"), ok(transports.v2, "v2")]
}

impl Tally {
    /// No results. `again` says whether addresses may be tried more than once.
    pub fn new(again: bool) -> Self {
        /// Services are 64 bits.
        const BITS: usize = 64;
        Self { services: vec![0; BITS], last: again.then(HashMap::new), ..Self::default() }
    }

    /// Adds a result. It replaces the earlier one of the same address.
    pub fn add(&mut self, address: SocketAddr, facts: &Facts) {
        let before = self.last.as_mut().and_then(|last| last.insert(address, facts.clone()));
        if let Some(before) = before {
            self.count(&before, Change::Less);
        }
        self.count(facts, Change::More);
    }

    /// The number of results that later ones may replace.
    pub fn kept(&self) -> usize {
        self.last.as_ref().map_or(0, HashMap::len)
    }

    /// Forgets the results of unknown addresses. Otherwise, if peers invent addresses, a crawl that watches would keep
    /// something of each of them forever.
    pub fn forget_unless(&mut self, is_known: impl Fn(SocketAddr) -> bool) {
        let Some(mut last) = self.last.take() else { return };
        last.retain(|address, facts| {
            let stays = is_known(*address);
            if !stays {
                self.count(facts, Change::Less);
            }
            stays
        });
        self.last = Some(last);
    }

    /// The number of tried addresses.
    pub fn tried(&self) -> u64 {
        self.outcomes.values().sum()
    }

    /// The number of addresses with this outcome.
    pub fn ended(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(&outcome).copied().unwrap_or_default()
    }

    fn count(&mut self, facts: &Facts, change: Change) {
        if facts.is_earlier {
            change.of(&mut self.resumed);
            if facts.outcome == Outcome::Ok {
                change.of(&mut self.resumed_reachable);
            }
        }
        change.of_key(&mut self.outcomes, facts.outcome);
        change.of_name(&mut self.reasons, facts.reason.clone());
        let Some(reached) = &facts.reached else { return };
        let Reached { transports, version, agent, services } = &**reached;
        change.of_key(&mut self.networks, facts.network);
        for transport in transports.iter().flatten() {
            change.of_key(&mut self.transports, *transport);
        }
        change.of_name(&mut self.versions, *version);
        change.of_name(&mut self.agents, agent.clone());
        for bit in (0..64).filter(|bit| services >> bit & 1 == 1) {
            change.of(&mut self.services[bit]);
        }
    }
}

/// Whether a result is added or removed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    More,
    Less,
}

impl Change {
    fn of(self, count: &mut u64) {
        *count = match self {
            Self::More => *count + 1,
            Self::Less => count.saturating_sub(1),
        };
    }

    /// A count of 0 has no entry.
    fn of_key<K: Eq + Hash>(self, counter: &mut Counter<K>, key: K) {
        match (self, counter.entry(key)) {
            (Self::Less, Entry::Vacant(_)) => {}
            (Self::Less, Entry::Occupied(count)) if *count.get() <= 1 => {
                count.remove();
            }
            (_, count) => self.of(count.or_default()),
        }
    }

    fn of_name<K: Eq + Hash>(self, counter: &mut Counter<Named<K>>, name: K) {
        let name = Some(name);
        let has_room = self == Self::More && counter.len() < MAX_NAMES;
        let by_name = has_room || counter.contains_key(&name);
        self.of_key(counter, if by_name { name } else { None });
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::{EscapedText, Facts, MAX_NAMES, Network, Outcome, Reached, Tally};

    fn facts(outcome: Outcome, agent: &str) -> Facts {
        let transports = [Some("v1"), None];
        let reached = Reached { transports, version: 70016, agent: EscapedText::from(agent), services: 9 };
        Facts {
            network: Network::Ipv4,
            outcome,
            is_earlier: false,
            reason: outcome.name().into(),
            reached: (outcome == Outcome::Ok).then(|| Box::new(reached)),
        }
    }

    fn address(nth: u32) -> SocketAddr {
        SocketAddr::from((nth.to_be_bytes(), 8333))
    }

    #[test]
    fn what_is_not_known_any_more_is_neither_kept_nor_counted() {
        let mut tally = Tally::new(true);
        for nth in 0..20_000 {
            tally.add(
                address(nth),
                &facts(if nth % 2 == 0 { Outcome::Ok } else { Outcome::Failed }, &format!("/{nth}/")),
            );
            if tally.kept() > 1000 {
                tally.forget_unless(|known| known > address(nth - 500));
            }
        }
        tally.forget_unless(|known| known >= address(19_900));
        assert_eq!((tally.kept(), tally.tried(), tally.ended(Outcome::Ok)), (100, 100, 50));
        let names = [tally.agents.len(), tally.versions.len(), tally.reasons.len(), tally.networks.len()];
        assert_eq!((names, tally.services[0]), ([50, 1, 2, 1], 50));
        tally.forget_unless(|_| false);
        assert_eq!((tally.tried(), tally.agents.len(), tally.services[3]), (0, 0, 0));
    }

    #[test]
    fn names_that_peers_make_up_are_counted_together_once_they_are_too_many() {
        let mut tally = Tally::new(false);
        for nth in 0..20_000 {
            let mut made_up = facts(Outcome::Ok, &format!("/{nth}/"));
            made_up.reached.as_mut().unwrap().version = nth.into();
            tally.add(address(nth), &made_up);
        }
        for (named, others) in
            [(tally.agents.len(), tally.agents[&None]), (tally.versions.len(), tally.versions[&None])]
        {
            assert_eq!((named, others), (MAX_NAMES + 1, 20_000 - MAX_NAMES as u64));
        }
    }
}
