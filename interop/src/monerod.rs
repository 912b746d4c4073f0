//! Monero's own node, as packaged by Debian.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::missing::leave_out;
use crate::node::{Dialect, Node, Places};

/// Its network.
pub const CHAIN: &str = "monero-regtest";

/// Its form of JSON-RPC.
const DIALECT: Dialect = Dialect { path: "/json_rpc", probe: "get_info" };

/// Starts it, if it is installed. It dials these addresses, again and again while they are not connected, and no
/// others.
pub async fn start(dials: &[SocketAddr]) -> Option<Node> {
    start_at(Ipv4Addr::LOCALHOST, dials).await
}

/// The same, listening for peers on this address. It does not gossip peers on loopback.
pub async fn start_at(ip: Ipv4Addr, dials: &[SocketAddr]) -> Option<Node> {
    if !is_installed() {
        leave_out("monerod is not installed (Debian: apt-get install monero)");
        return None;
    }
    Some(
        Node::start_in("monerod", (ip, 0).into(), DIALECT, |directory, places| command(directory, places, dials)).await,
    )
}

fn is_installed() -> bool {
    Command::new("monerod").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// A node without exclusive nodes and with free places looks for seeds, whatever the other flags are. With these flags
/// it dials, resolves and maps nothing by itself.
fn command(directory: &Path, Places { peers, rpc }: Places, dials: &[SocketAddr]) -> Command {
    let mut command = Command::new("monerod");
    command
        .args(["--regtest", "--fixed-difficulty=1", "--non-interactive", "--log-level=1"])
        .args(["--no-zmq", "--no-igd", "--disable-dns-checkpoints", "--check-updates=disabled"])
        .args(["--allow-local-ip", "--confirm-external-bind", "--max-connections-per-ip=1000", "--in-peers=1000"])
        .arg(format!("--data-dir={}", directory.display()))
        .arg(format!("--p2p-bind-ip={}", peers.ip()))
        .arg(format!("--p2p-bind-port={}", peers.port()))
        .arg(format!("--rpc-bind-ip={}", rpc.ip()))
        .arg(format!("--rpc-bind-port={}", rpc.port()));
    if dials.is_empty() {
        command.arg("--out-peers=0");
    }
    for address in dials {
        command.arg(format!("--add-exclusive-node={address}"));
    }
    command
}

/// Its information on the peer with this id, if that is connected.
///
/// # Panics
/// If it gives no list of peers.
#[must_use]
pub fn peer(node: &Node, peer_id: u64) -> Option<Value> {
    let answer = node.call("get_connections", &json!({}));
    // Without connections there is no list.
    let connections = answer["connections"].as_array().cloned().unwrap_or_default();
    connections.into_iter().find(|peer| peer["peer_id"] == format!("{peer_id:016x}"))
}
