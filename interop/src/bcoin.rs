//! bcoin: a Bitcoin node in JavaScript, independent of Core. `cargo xtask real-nodes` installs it from npm.

use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;

use crate::installed;
use crate::missing::leave_out;
use crate::node::{Node, Places};
use crate::rpc::PASSWORD;

/// Its network.
pub const CHAIN: &str = "bitcoin-regtest";

/// Starts it, if it is installed and cannot reach other machines.
pub async fn start() -> Option<Node> {
    let program = installed::find("bcoin", "node_modules/bcoin/bin/node")?;
    if has_a_way_out() {
        leave_out("bcoin asks a name server for its address, and no flag stops it (cargo xtask test confines it)");
        return None;
    }
    Some(Node::start("bcoin", |directory, places| command(&program, directory, places)).await)
}

/// Whether there is a route to another machine. Connecting a UDP socket looks for one and sends nothing.
fn has_a_way_out() -> bool {
    UdpSocket::bind("0.0.0.0:0").is_ok_and(|socket| socket.connect("192.0.2.1:9").is_ok())
}

fn command(program: &Path, directory: &Path, Places { peers, rpc }: Places) -> Command {
    let mut command = Command::new("node");
    command
        .arg(program)
        // Its native code does not build on current versions of node.js; its JavaScript works without.
        .env("NODE_BACKEND", "js")
        .args(["--network=regtest", "--memory=true", "--no-wallet", "--log-level=debug", "--log-file=false"])
        // By default it accepts 8 peers.
        .args(["--listen", "--max-inbound=100", "--max-outbound=1"])
        .arg(format!("--prefix={}", directory.display()))
        .arg(format!("--host={}", peers.ip()))
        .arg(format!("--port={}", peers.port()))
        .arg(format!("--http-host={}", rpc.ip()))
        .arg(format!("--http-port={}", rpc.port()))
        .arg(format!("--api-key={PASSWORD}"));
    command
}
