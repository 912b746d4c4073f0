//! What a crawl found, all in all. The JSON form is a promise: fields are added, never renamed.

use std::hash::Hash;
use std::time::Duration;

use peers::Outcome;
use serde::{Serialize, Serializer};
use tokio::time::Instant;

use super::Ended;
use super::lists::Lists;
use super::map::Map;
use super::places::network;
use super::tally::{Counter, Named};
use probe::protocol::{Place, Side};
use probe::report::in_milliseconds;
use probe::stamp::Stamp;

/// Of the JSON form. It grows when fields are added whose absence a program may want to know of.
const FORMAT: u32 = 2;

/// What a crawl found.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "crawl")]
pub struct Summary {
    /// When the crawl began.
    pub started: Stamp,
    /// Of this record; 2 since it has lists.
    pub format: u32,
    /// The network's name.
    pub chain: String,
    /// The protocol's name.
    pub protocol: &'static str,
    /// How it ended: `complete`, `enough`, `time`, `interrupted`, `store`.
    pub ended: &'static str,
    /// Addresses known.
    pub known: usize,
    /// Of those, how many were tried; the sum of the next three.
    pub tried: u64,
    /// Their last handshake was concluded.
    pub reachable: u64,
    /// They introduced themselves, and no more.
    pub partial: u64,
    /// The others.
    pub failed: u64,
    /// Of those tried, how many have a result of an earlier run that stands.
    pub resumed: u64,
    /// Of these, how many were reachable.
    pub resumed_reachable: u64,
    /// Addresses known that were not tried, and would be if the crawl went on.
    pub not_tried: u64,
    /// Dials begun, those again of the same address among them.
    pub dials: u64,
    /// Peers that told addresses.
    pub answers: u64,
    /// Addresses that they told, the same one as often as it was told.
    pub told: u64,
    /// Of these, those that are of no use to anybody, by reason.
    pub unusable: Ranked,
    /// The same by sentences for people.
    #[serde(skip)]
    pub useless: Ranked,
    /// Addresses that were not kept: not globally routable, or over a cap. The same one may count often.
    pub refused: u64,
    /// Results by reason.
    pub reasons: Ranked,
    /// Addresses known, by network.
    pub known_networks: Ranked,
    /// Reachable peers by network.
    pub networks: Ranked,
    /// Reachable peers by transport; a peer may be reached over both.
    pub transports: Ranked,
    /// Reachable peers by protocol version.
    pub versions: Ranked,
    /// Reachable peers by service.
    pub services: Ranked,
    /// Reachable peers by program.
    pub user_agents: Ranked,
    /// The same counts as lists.
    #[serde(flatten)]
    pub lists: Lists,
    /// From the start to the end.
    pub elapsed_ms: f64,
}

/// Names and how many of each, most first.
#[derive(Debug)]
pub struct Ranked(Vec<(String, u64)>);

impl Serialize for Ranked {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, count)| (name, count)))
    }
}

impl Ranked {
    /// Each name and its number, most first.
    pub fn iter(&self) -> impl Iterator<Item = &(String, u64)> {
        self.0.iter()
    }

    fn new(counts: impl Iterator<Item = (String, u64)>) -> Self {
        let mut counts: Vec<_> = counts.filter(|(_, count)| *count > 0).collect();
        counts.sort_unstable_by(|(a, more), (b, less)| less.cmp(more).then_with(|| a.cmp(b)));
        Self(counts)
    }

    fn of<K: Hash + Eq>(counter: &Counter<K>, name: impl Fn(&K) -> String) -> Self {
        Self::new(counter.iter().map(|(key, count)| (name(key), *count)))
    }

    /// Of what is counted by name, as long as there were not too many.
    fn of_named<K: Hash + Eq + ToString>(counter: &Counter<Named<K>>) -> Self {
        Self::of(counter, |name| name.as_ref().map_or_else(|| "(others)".to_owned(), ToString::to_string))
    }
}

impl Summary {
    pub(crate) fn of(map: &Map, side: &dyn Side, ended: Ended, elapsed: Duration) -> Self {
        let tally = &map.tally;
        let counts = map.frontier.counts();
        let mut known_networks = tally.aside.clone();
        for address in map.frontier.addresses() {
            *known_networks.entry(network(&Place::Ip(address))).or_default() += 1;
        }
        let services = side.service_names(u64::MAX).into_iter().zip(tally.services.iter().copied());
        let mut summary = Self {
            started: Stamp::of(Instant::now() - elapsed),
            format: FORMAT,
            chain: side.chain().to_owned(),
            protocol: side.protocol().name(),
            ended: ended.name(),
            known: map.known(),
            tried: tally.tried(),
            reachable: tally.ended(Outcome::Ok),
            partial: tally.ended(Outcome::Partial),
            failed: tally.ended(Outcome::Failed),
            resumed: tally.resumed,
            resumed_reachable: tally.resumed_reachable,
            not_tried: (counts.known as u64).saturating_sub(tally.tried()),
            dials: counts.dials,
            answers: tally.answers,
            told: tally.told,
            unusable: Ranked::of(&tally.unusable, |(name, _)| (*name).to_owned()),
            useless: Ranked::of(&tally.unusable, |(_, sentence)| (*sentence).to_owned()),
            refused: counts.refused,
            reasons: Ranked::of_named(&tally.reasons),
            known_networks: Ranked::of(&known_networks, |network| network.name().to_owned()),
            networks: Ranked::of(&tally.networks, |network| network.name().to_owned()),
            transports: Ranked::of(&tally.transports, |name| (*name).to_owned()),
            versions: Ranked::of_named(&tally.versions),
            services: Ranked::new(services),
            user_agents: Ranked::of_named(&tally.agents),
            lists: Lists::default(),
            elapsed_ms: in_milliseconds(elapsed),
        };
        summary.lists = Lists::of(&summary);
        summary
    }
}
