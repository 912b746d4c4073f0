//! The summary of a crawl. The JSON form is stable: fields are added, never renamed.

use std::hash::Hash;
use std::time::Duration;

use address::Endpoint;
use peers::Outcome;
use serde::{Serialize, Serializer};
use tokio::time::Instant;

use super::Ended;
use super::lists::Lists;
use super::map::Map;
use super::tally::{Counter, Named};
use probe::protocol::Side;
use probe::report::in_milliseconds;
use probe::stamp::Stamp;

/// The version of the JSON form. It grows with new fields whose absence may matter to a program.
const FORMAT: u32 = 2;

/// The results of a crawl.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "crawl")]
pub struct Summary {
    /// When the crawl began.
    pub started: Stamp,
    /// The version of this record; 2 since it has lists.
    pub format: u32,
    /// The network's name.
    pub chain: String,
    /// The protocol's name.
    pub protocol: &'static str,
    /// How it ended: `complete`, `enough`, `time`, `interrupted`, `store`.
    pub ended: &'static str,
    /// Addresses known.
    pub known: usize,
    /// How many of them were tried; the sum of the next three.
    pub tried: u64,
    /// How many concluded their last handshake.
    pub reachable: u64,
    /// How many introduced themselves, but did not conclude.
    pub partial: u64,
    /// How many failed.
    pub failed: u64,
    /// How many of the tried ones keep the result of an earlier run.
    pub resumed: u64,
    /// How many of these were reachable.
    pub resumed_reachable: u64,
    /// Known addresses that were not tried, and would be if the crawl continued.
    pub not_tried: u64,
    /// Dials begun, including repeated dials of an address.
    pub dials: u64,
    /// Peers that shared addresses.
    pub answers: u64,
    /// Addresses that they shared, counted each time.
    pub told: u64,
    /// How many of these were unusable, by reason.
    pub unusable: Ranked,
    /// The same, by sentences for people.
    #[serde(skip)]
    pub useless: Ranked,
    /// Addresses that were not kept: not globally routable, or over a limit. One address may count often.
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

/// Names and their counts, highest first.
#[derive(Debug)]
pub struct Ranked(Vec<(String, u64)>);

impl Serialize for Ranked {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, count)| (name, count)))
    }
}

impl Ranked {
    /// Each name and its count, highest first.
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

    /// Counts of names; unnamed ones are `(others)`.
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
            *known_networks.entry(Endpoint::from(address).network()).or_default() += 1;
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
