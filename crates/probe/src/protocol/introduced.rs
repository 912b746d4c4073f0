//! How a peer introduced itself, in whichever protocol.

use std::any::Any;
use std::fmt;
use std::net::SocketAddr;

/// How a peer introduced itself, as it was read. It becomes text where it is printed: as one sentence for people, and as the
/// fields of a JSON object.
pub trait Introduced: Any + fmt::Debug + fmt::Display + Send + Sync {
    /// Appends its fields as a JSON object. Text of the peer's is printable ASCII, other bytes escaped as `\xNN`.
    fn write_json(&self, out: &mut Vec<u8>);

    /// The name of its program, as it gives it; who it is, where programs have no names.
    fn agent(&self) -> String;

    /// What it offers, for people.
    fn offers(&self) -> String;

    /// Whether it has told on which network it is. Lightning nodes need not.
    fn tells_chain(&self) -> bool {
        true
    }

    /// How it sees us, if it says so.
    fn our_address(&self) -> Option<SocketAddr> {
        None
    }

    /// What a database of peers keeps of it, if nodes of its kind can be crawled.
    fn kept(&self) -> Option<Kept> {
        None
    }
}

/// What a database of peers keeps of an introduction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its protocol version.
    pub version: i32,
    /// What it offers, one bit each.
    pub services: u64,
    /// Its program, as it gives it.
    pub user_agent: Box<[u8]>,
    /// Blocks that it has, if it said so.
    pub height: Option<i32>,
}

impl dyn Introduced {
    /// As the type of one protocol, if it is that.
    pub fn downcast_ref<T: Introduced>(&self) -> Option<&T> {
        (self as &dyn Any).downcast_ref()
    }
}
