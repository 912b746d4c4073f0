//! The transports of a handshake, and what is known about a node before the dial.

use std::iter;
use std::option;
use std::time::Duration;

/// The transport of a handshake. Each protocol has its own constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transport {
    /// Its stable name in reports; `None` until a peer that dialled us has chosen one of several.
    pub name: Option<&'static str>,
    /// Whether our side begins with a key, which nodes limit to a few a second.
    pub begins_with_key: bool,
}

impl Transport {
    /// A transport without such a limit.
    pub const fn named(name: &'static str) -> Self {
        Self { name: Some(name), begins_with_key: false }
    }
}

/// What is known about a node before the dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knowledge {
    /// The user named it, so it may be dialled twice.
    Named,
    /// Nothing.
    Nothing,
    /// Its services are known, and do not include an encrypted transport.
    LacksEncryption,
    /// It was reached over an encrypted transport before, or another node lists that service for it.
    OffersEncryption,
}

/// A possible connection: its transport, and what is known about the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DialMode {
    /// What carries the handshake.
    pub transport: Transport,
    /// What is known about the node.
    pub knowledge: Knowledge,
}

/// Another dial, after one that failed.
#[derive(Clone, Copy, Debug)]
pub struct Redial {
    /// The way to dial.
    pub mode: DialMode,
    /// The minimum time after the end of the first attempt.
    pub pause: Duration,
}

/// The ways to dial an address, each with its own connection and report: one or two.
#[derive(Clone, Copy, Debug)]
pub struct DialModes {
    /// The first or only way.
    pub first: DialMode,
    /// The other way.
    pub second: Option<DialMode>,
}

impl DialModes {
    /// The number of ways.
    pub fn count(self) -> usize {
        1 + usize::from(self.second.is_some())
    }
}

impl From<DialMode> for DialModes {
    fn from(first: DialMode) -> Self {
        Self { first, second: None }
    }
}

impl IntoIterator for DialModes {
    type Item = DialMode;
    type IntoIter = iter::Chain<iter::Once<DialMode>, option::IntoIter<DialMode>>;

    fn into_iter(self) -> Self::IntoIter {
        iter::once(self.first).chain(self.second)
    }
}
