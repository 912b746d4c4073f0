//! A peer's introduction, in any protocol.

use std::any::Any;
use std::fmt;
use std::net::SocketAddr;

/// A peer's introduction, as received. It is formatted where it is printed: as one sentence for people, and as the
/// fields of a JSON object.
pub trait Introduced: Any + fmt::Debug + fmt::Display + Send + Sync {
    /// Appends its fields as a JSON object. Text of the peer is printable ASCII, with other bytes as `\xNN`.
    fn write_json(&self, out: &mut Vec<u8>);

    /// The name of its program; the node's identity in protocols without program names.
    fn agent(&self) -> String;

    /// What it offers, for people.
    fn offers(&self) -> String;

    /// Whether it has named its network. Lightning nodes need not.
    fn tells_chain(&self) -> bool {
        true
    }

    /// The node's key, as its protocol spells it, if its nodes have one.
    fn identity(&self) -> Option<String> {
        None
    }

    /// Our address as the peer sees it, if it says so.
    fn our_address(&self) -> Option<SocketAddr> {
        None
    }

    /// What a peer database stores of it in columns, if a crawl can visit nodes of this protocol.
    fn summary(&self) -> Option<Summary> {
        None
    }
}

/// What a peer database stores of an introduction in columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Its protocol version.
    pub version: i64,
    /// What it offers, one bit each.
    pub services: u64,
    /// Its user agent.
    pub user_agent: Box<[u8]>,
    /// Its block height, if it said so.
    pub height: Option<i64>,
}

impl dyn Introduced {
    /// Downcasts to the type of one protocol.
    pub fn downcast_ref<T: Introduced>(&self) -> Option<&T> {
        (self as &dyn Any).downcast_ref()
    }
}
