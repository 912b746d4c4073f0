//! Lightning, whose nodes are named by their keys.

mod callers;
mod catalogue;
mod script;
mod wire;

use lightning::NodeId;

pub use self::callers::callers;
pub use self::catalogue::peers;
use crate::peer::Peer;

/// The key by which one of these peers is called.
#[must_use]
pub fn node_id(peer: &Peer) -> NodeId {
    wire::key(peer.is_rightly_named()).node_id()
}
