//! Zebra, Zcash's node in Rust: its network layer, without a chain. `cargo xtask real-nodes` builds it from
//! `peers/rust/zebra`.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;

use crate::installed;
use crate::node::{Dialect, Node};

/// Its network.
pub const CHAIN: &str = "zcash";

/// Its user agent.
pub const USER_AGENT: &str = "/Zebra:15.0.0/";

/// Starts it, if it is installed. It dials these addresses and no others, and accepts one connection per address in 119
/// s.
pub async fn start(dials: &[SocketAddr]) -> Option<Node> {
    let program = installed::find("zebra", "bin/zebra")?;
    let node = Node::start_in("zebra", (Ipv4Addr::LOCALHOST, 0).into(), Dialect::NONE, |directory, places| {
        let mut command = Command::new(program);
        // It writes files into its user's home.
        command.env("HOME", directory).arg(places.peers.to_string());
        command.args(dials.iter().map(ToString::to_string));
        command
    });
    Some(node.await)
}
