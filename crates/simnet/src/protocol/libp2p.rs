//! libp2p over TCP.

mod callers;
mod catalogue;
mod script;
mod wire;

pub use self::callers::callers;
pub use self::catalogue::peers;
use crate::network::List;

/// The name that lists nodes, as multiaddrs: `/dnsaddr/` and this.
pub const LISTED: &str = "libp2p.verack.test";

/// One of each kind of node, and the name that lists them.
#[must_use]
pub fn list() -> List {
    List {
        name: "_dnsaddr.libp2p.verack.test",
        peers: peers(),
        entry: |address| format!("dnsaddr=/ip4/{}/tcp/{}", address.ip(), address.port()),
    }
}
