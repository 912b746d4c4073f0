//! How everybody fared, in numbers.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::SocketAddr;

use store::{Network, Outcome, Peer, Shown};

use super::visit::Visit;

/// How everybody fared, each by its last result.
#[derive(Debug)]
pub struct Tally {
    /// Addresses known, by network.
    pub known: Counter<Network>,
    /// Of those that were tried, how many ended so.
    pub outcomes: Counter<Outcome>,
    /// Those whose result is an earlier run's.
    pub resumed: u64,
    /// Addresses that peers told, known ones included.
    pub told: u64,
    /// Peers that told any.
    pub answers: u64,
    /// Of the addresses that were told, those that are of no use, by the reason's name and its words for people.
    pub unusable: Counter<(&'static str, &'static str)>,
    /// Why it ended so, of all that were tried.
    pub reasons: Counter<Cow<'static, str>>,
    /// What follows is of those who were reached.
    pub networks: Counter<Network>,
    /// `v1` or `v2`.
    pub transports: Counter<&'static str>,
    /// Protocol versions.
    pub versions: Counter<i32>,
    /// Programs.
    pub agents: Counter<Shown>,
    /// By the place of their bits.
    pub services: [u64; 64],
    /// The last result of each, if there may be others.
    last: Option<HashMap<SocketAddr, Facts>>,
}

/// So many of each.
pub type Counter<K> = HashMap<K, u64>;

/// Peers choose their user agents: more than this, and further ones are [`OTHERS`].
const MAX_AGENTS: usize = 8192;

/// User agents that are not counted by name.
const OTHERS: &str = "(others)";

/// A result, as far as it is counted.
#[derive(Clone, Debug)]
pub struct Facts {
    network: Network,
    outcome: Outcome,
    reason: Cow<'static, str>,
    reached: Option<Reached>,
}

/// What is counted of a peer that was reached.
#[derive(Clone, Debug)]
struct Reached {
    transports: [Option<&'static str>; 2],
    version: i32,
    agent: Shown,
    services: u64,
}

impl Facts {
    /// Of a visit.
    pub fn of(address: SocketAddr, visit: &Visit) -> Self {
        let best = visit.best();
        let introduced = best.introduced.as_ref().filter(|_| best.verdict.outcome == Outcome::Ok);
        let reached = introduced.and_then(crate::protocol::Introduced::kept).map(|introduced| {
            let store::Introduced { version, services, user_agent, .. } = introduced;
            Reached { transports: good(visit.transports()), version, agent: user_agent, services }
        });
        Self {
            network: store::Address::from(address).network(),
            outcome: best.verdict.outcome,
            reason: best.verdict.reason.into(),
            reached,
        }
    }

    /// Of what the database remembers of a peer that was tried.
    pub fn of_peer(peer: &Peer) -> Self {
        let reached = peer.is_reachable().then(|| Reached {
            transports: good(peer.transports),
            version: peer.version.unwrap_or_default(),
            agent: peer.user_agent.clone().unwrap_or_else(|| Shown::from("")),
            services: peer.services,
        });
        let ending = peer.ending.as_ref();
        Self {
            network: peer.address.network(),
            outcome: ending.map_or(Outcome::Failed, |ending| ending.outcome),
            reason: ending.map_or(Cow::Borrowed(""), |ending| ending.reason.as_str().to_owned().into()),
            reached,
        }
    }
}

/// The transports over which there was a handshake.
fn good(transports: store::Transports) -> [Option<&'static str>; 2] {
    let ok = |outcome, name| (outcome == Some(Outcome::Ok)).then_some(name);
    [ok(transports.v1, "v1"), ok(transports.v2, "v2")]
}

impl Tally {
    /// Nobody was tried. `again` says that somebody may be tried more than once.
    pub fn new(again: bool) -> Self {
        Self {
            known: Counter::new(),
            outcomes: Counter::new(),
            resumed: 0,
            told: 0,
            answers: 0,
            unusable: Counter::new(),
            reasons: Counter::new(),
            networks: Counter::new(),
            transports: Counter::new(),
            versions: Counter::new(),
            agents: Counter::new(),
            services: [0; 64],
            last: again.then(HashMap::new),
        }
    }

    /// Another address is known.
    pub fn know(&mut self, network: Network) {
        *self.known.entry(network).or_default() += 1;
    }

    /// A result of an earlier run stands.
    pub fn recall(&mut self, address: SocketAddr, facts: &Facts) {
        self.resumed += 1;
        self.add(address, facts);
    }

    /// A result. It takes the place of an earlier one of the same address.
    pub fn add(&mut self, address: SocketAddr, facts: &Facts) {
        let before = self.last.as_mut().and_then(|last| last.insert(address, facts.clone()));
        if let Some(before) = before {
            self.count(&before, |count| *count = count.saturating_sub(1));
        }
        self.count(facts, |count| *count += 1);
    }

    /// How many were tried.
    pub fn tried(&self) -> u64 {
        self.outcomes.values().sum()
    }

    /// How many ended so.
    pub fn ended(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(&outcome).copied().unwrap_or_default()
    }

    fn count(&mut self, facts: &Facts, change: impl Fn(&mut u64)) {
        change(self.outcomes.entry(facts.outcome).or_default());
        change(self.reasons.entry(facts.reason.clone()).or_default());
        let Some(Reached { transports, version, agent, services }) = &facts.reached else { return };
        change(self.networks.entry(facts.network).or_default());
        for transport in transports.iter().flatten() {
            change(self.transports.entry(transport).or_default());
        }
        change(self.versions.entry(*version).or_default());
        let room = self.agents.len() < MAX_AGENTS || self.agents.contains_key(agent);
        let agent = if room { agent.clone() } else { OTHERS.into() };
        change(self.agents.entry(agent).or_default());
        for bit in (0..64).filter(|bit| services >> bit & 1 == 1) {
            change(&mut self.services[bit]);
        }
    }
}
