//! The counts of a crawl's summary as lists, for programs that reject objects with data as keys.

use serde::Serialize;

use super::summary::{Ranked, Summary};

/// A value, and the number of peers with it.
#[derive(Clone, Debug, Serialize)]
struct Counted {
    value: String,
    peers: u64,
}

/// Each count of a summary as a list, highest first. The JSON form is stable: fields are added, never renamed.
#[derive(Debug, Default, Serialize)]
pub struct Lists {
    by_reason: Vec<Counted>,
    by_known_network: Vec<Counted>,
    by_network: Vec<Counted>,
    by_transport: Vec<Counted>,
    by_version: Vec<Counted>,
    by_service: Vec<Counted>,
    by_user_agent: Vec<Counted>,
}

impl Lists {
    /// The lists of a summary.
    pub fn of(summary: &Summary) -> Self {
        Self {
            by_reason: listed(&summary.reasons),
            by_known_network: listed(&summary.known_networks),
            by_network: listed(&summary.networks),
            by_transport: listed(&summary.transports),
            by_version: listed(&summary.versions),
            by_service: listed(&summary.services),
            by_user_agent: listed(&summary.user_agents),
        }
    }
}

fn listed(counts: &Ranked) -> Vec<Counted> {
    counts.iter().map(|(value, peers)| Counted { value: value.clone(), peers: *peers }).collect()
}
