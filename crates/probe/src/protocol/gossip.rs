//! The addresses that peers share, in any protocol.

use address::Endpoint;
use bitcoin::gossip::{self, Entry};
use net::Verdict;

/// The result of asking a peer for addresses.
#[derive(Debug)]
pub struct Asked {
    /// The verdict: a peer may complete the handshake and then share nothing.
    pub verdict: Verdict,
    /// The addresses that it shared.
    pub told: Vec<AddressRecord>,
    /// The unusable addresses that it shared.
    pub unusable: Vec<Unusable>,
    /// Its announcement of itself, if there was one.
    pub own: Option<AddressRecord>,
}

/// Addresses that are unusable for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The reason's stable name.
    pub name: &'static str,
    /// The reason for people, after the number: `with port 0`.
    pub sentence: &'static str,
    /// How many.
    pub count: usize,
}

impl From<(gossip::Unusable, usize)> for Unusable {
    fn from((why, count): (gossip::Unusable, usize)) -> Self {
        Self { name: why.name(), sentence: why.sentence(), count }
    }
}

/// An address that a peer shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressRecord {
    /// When the node was last seen, in seconds since 1970, as the peer claims (any value occurs). `None` without a
    /// claim.
    pub seen: Option<i64>,
    /// The node's services, as the peer claims.
    pub services: u64,
    /// Where it can be reached.
    pub endpoint: Endpoint,
}

/// An endpoint, without further facts.
impl From<Endpoint> for AddressRecord {
    fn from(endpoint: Endpoint) -> Self {
        Self { seen: None, services: 0, endpoint }
    }
}

impl From<&Entry> for AddressRecord {
    fn from(entry: &Entry) -> Self {
        Self { seen: Some(entry.time.into()), services: entry.services.0, endpoint: entry.endpoint }
    }
}
