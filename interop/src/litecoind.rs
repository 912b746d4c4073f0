//! Litecoin Core: a descendant of Bitcoin Core that Debian packages.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::missing::leave_out;
use crate::node::{Node, Places};
use crate::rpc::{PASSWORD, USER};

/// Its network.
pub const CHAIN: &str = "litecoin-regtest";

/// Starts it, if it is installed.
pub async fn start() -> Option<Node> {
    start_at(Ipv4Addr::LOCALHOST).await
}

/// The same, listening for peers on this address.
pub async fn start_at(ip: Ipv4Addr) -> Option<Node> {
    if !is_installed() {
        leave_out("litecoind is not installed (Debian: apt-get install litecoind)");
        return None;
    }
    Some(Node::start_at("litecoind", ip, command).await)
}

fn is_installed() -> bool {
    Command::new("litecoind").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// These flags confine it to its address, wherever it runs: it dials, resolves and maps nothing by itself.
fn command(directory: &Path, Places { peers, rpc }: Places) -> Command {
    let mut command = Command::new("litecoind");
    command
        .args(["-regtest", "-connect=0", "-dnsseed=0", "-discover=0", "-upnp=0", "-listenonion=0"])
        .args(["-printtoconsole=1", "-debuglogfile=0", "-debug=net", "-disablewallet"])
        .arg(format!("-datadir={}", directory.display()))
        .arg(format!("-bind={peers}"))
        .arg(format!("-rpcbind={rpc}"))
        .arg(format!("-rpcallowip={}", rpc.ip()))
        .arg(format!("-rpcuser={USER}"))
        .arg(format!("-rpcpassword={PASSWORD}"));
    command
}
