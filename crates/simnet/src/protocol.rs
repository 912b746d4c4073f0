//! The protocols of the scripted peers: a line in this list and a folder each, all with the same files.
//!
//! | file | what is in it |
//! |---|---|
//! | `catalogue` | one of each kind of peer that we call: its script, and the expected verdict |
//! | `callers` | one of each kind of peer that calls us |
//! | `script` | the acts of the protocol's own, of which scripts consist beside those of any peer |
//! | `wire` | the bytes of their messages: keys, introductions, frames |
//!
//! A protocol that can be crawled has a `population` as well.

pub mod bitcoin;
pub mod ethereum;
pub mod libp2p;
pub mod lightning;
pub mod monero;
