//! Over what a handshake can be had, and what is known of a node before it is dialled.

use std::iter;
use std::option;
use std::time::Duration;

/// What carries a handshake. Each protocol has constants of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transport {
    /// Its stable name in reports; `None` as long as a peer that dialled us has not chosen one of several.
    pub name: Option<&'static str>,
    /// Whether our side begins with a key of which nodes take only so many in a second.
    pub begins_with_key: bool,
}

impl Transport {
    /// One without such a limit.
    pub const fn named(name: &'static str) -> Self {
        Self { name: Some(name), begins_with_key: false }
    }
}

/// What is known of a node before it is dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knowledge {
    /// The user named it, so it may be dialled twice.
    Named,
    /// Nothing.
    Nothing,
    /// Its services are known, and an encrypted transport is not among them.
    LacksEncryption,
    /// It was reached over an encrypted transport before, or another node says that it offers one.
    OffersEncryption,
}

/// One connection that may be opened: over which transport, and with what knowledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// What carries the handshake.
    pub transport: Transport,
    /// What is known of the node.
    pub knowledge: Knowledge,
}

/// Another dial, after one that failed.
#[derive(Clone, Copy, Debug)]
pub struct Again {
    /// In this way.
    pub way: Way,
    /// So long after the end of the first, at the earliest.
    pub pause: Duration,
}

/// The ways in which an address is dialled, each on a connection of its own and with a report of its own: one or two.
#[derive(Clone, Copy, Debug)]
pub struct Ways {
    /// The first, or the only one.
    pub first: Way,
    /// The other.
    pub second: Option<Way>,
}

impl Ways {
    /// How many.
    pub fn count(self) -> usize {
        1 + usize::from(self.second.is_some())
    }
}

impl From<Way> for Ways {
    fn from(first: Way) -> Self {
        Self { first, second: None }
    }
}

impl IntoIterator for Ways {
    type Item = Way;
    type IntoIter = iter::Chain<iter::Once<Way>, option::IntoIter<Way>>;

    fn into_iter(self) -> Self::IntoIter {
        iter::once(self.first).chain(self.second)
    }
}
