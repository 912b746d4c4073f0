//! Ethereum, whose nodes are named by their keys.

mod callers;
mod catalogue;
mod script;
mod wire;

use ethereum::PublicKey;

pub use self::callers::callers;
pub use self::catalogue::peers;
pub use self::wire::{GENESIS, NETWORK_ID};
use crate::peer::Peer;

/// The key by which one of these peers is called.
#[must_use]
pub fn node_id(peer: &Peer) -> PublicKey {
    wire::key(peer.is_rightly_named()).public()
}
