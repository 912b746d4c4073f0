//! What peers tell of others, in whatever protocol.

use std::fmt;
use std::net::SocketAddr;

use bitcoin::gossip::{self, Address, Entry};
use net::Verdict;

/// What came of asking a peer whom it knows.
#[derive(Debug)]
pub struct Asked {
    /// How it went: a peer may shake hands and then tell nothing.
    pub verdict: Verdict,
    /// Whom it knows.
    pub told: Vec<Told>,
    /// What it told besides, and nobody can use.
    pub unusable: Vec<Unusable>,
    /// How it announced itself, if it did.
    pub own: Option<Told>,
}

/// Addresses that are of no use, for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The reason's stable name.
    pub name: &'static str,
    /// The same for people, behind their number: `with port 0`.
    pub sentence: &'static str,
    /// How many.
    pub count: usize,
}

impl From<(gossip::Unusable, usize)> for Unusable {
    fn from((why, count): (gossip::Unusable, usize)) -> Self {
        Self { name: why.name(), sentence: why.sentence(), count }
    }
}

/// An address that a peer tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// When it was last heard of there, in seconds since 1970, as the teller says: any value comes. `None` if it does not say.
    pub seen: Option<i64>,
    /// What it offers, as the teller says.
    pub services: u64,
    /// Where it is.
    pub place: Place,
}

/// Where a peer can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// On the Internet.
    Ip(SocketAddr),
    /// In a network that needs a router of its own, at this port: it is kept and shown, not dialled.
    Overlay(Address, u16),
}

/// `203.0.113.1:8333`, `[2a01::1]:8333`, `….onion:8333`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(socket) => socket.fmt(f),
            Self::Overlay(address @ Address::Cjdns(_), port) => write!(f, "[{address}]:{port}"),
            Self::Overlay(address, port) => write!(f, "{address}:{port}"),
        }
    }
}

impl From<&Entry> for Told {
    fn from(entry: &Entry) -> Self {
        let place = match entry.socket() {
            Some(socket) => Place::Ip(socket),
            None => Place::Overlay(entry.address, entry.port),
        };
        Self { seen: Some(entry.time.into()), services: entry.services.0, place }
    }
}
