//! btcd: a Bitcoin node in Go, with its own implementation of BIP324. `cargo xtask real-nodes` builds it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::installed;
use crate::node::{Dialect, Node, Places};
use crate::rpc::{PASSWORD, USER};

/// The network of [`start`].
pub const CHAIN: &str = "bitcoin-regtest";

/// Its user agent.
pub const USER_AGENT: &str = "/btcwire:0.5.0/btcd:0.26.2/";

/// Starts it with these flags, if it is installed.
pub async fn start(flags: &[&str]) -> Option<Node> {
    start_at((Ipv4Addr::LOCALHOST, 0).into(), flags, &[]).await
}

/// The same, listening for peers on this address; it knows the addresses in `knows`.
pub async fn start_at(at: SocketAddr, flags: &[&str], knows: &[SocketAddr]) -> Option<Node> {
    let program = installed::find("btcd", "bin/btcd")?;
    let command = |directory: &Path, places| {
        if !knows.is_empty() {
            write_peers(directory, knows);
        }
        let mut command = command(&program, directory, places);
        // Its server speaks plain HTTP only on loopback.
        command.args(["--regtest", "--notls"]).args(flags);
        command
    };
    Some(Node::start_in("btcd", at, Dialect::BITCOIN, command).await)
}

/// Its own file of known addresses: the addresses, and their buckets.
fn write_peers(directory: &Path, knows: &[SocketAddr]) {
    const NEW_BUCKETS: usize = 1024;
    const TRIED_BUCKETS: usize = 64;
    const NETWORK_AND_WITNESS: u64 = 0b1001;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let address = |address: &SocketAddr| {
        json!({
            "Addr": address.to_string(), "Src": address.to_string(), "TimeStamp": now, "LastSuccess": now,
            "Services": NETWORK_AND_WITNESS, "SrcServices": NETWORK_AND_WITNESS,
        })
    };
    let mut new: Vec<Vec<String>> = vec![Vec::new(); NEW_BUCKETS];
    for (known, bucket) in knows.iter().zip(&mut new) {
        bucket.push(known.to_string());
    }
    let peers = json!({
        "Version": 2, "Key": vec![7; 32], "Addresses": knows.iter().map(address).collect::<Vec<_>>(),
        "NewBuckets": new, "TriedBuckets": vec![Vec::<String>::new(); TRIED_BUCKETS],
    });
    let folder = directory.join("data/regtest");
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join("peers.json"), peers.to_string()));
    written.expect("the folder is ours");
}

/// The common part for all of its networks. It resolves and maps nothing, and only dials addresses from us or from its
/// peers.
pub(crate) fn command(program: &Path, directory: &Path, Places { peers, rpc }: Places) -> Command {
    let mut command = Command::new(program);
    command
        .args(["--nodnsseed", "--nobanning", "--debuglevel=debug", "--configfile=/dev/null", "--utxocachemaxsize=1"])
        .arg(format!("--datadir={}", directory.join("data").display()))
        .arg(format!("--logdir={}", directory.join("logs").display()))
        .arg(format!("--listen={peers}"))
        .arg(format!("--rpclisten={rpc}"))
        .arg(format!("--rpcuser={USER}"))
        .arg(format!("--rpcpass={PASSWORD}"));
    command
}

/// Makes it dial this address, once.
pub fn dial(node: &Node, address: SocketAddr) {
    let _: Value = node.call("addnode", &json!([address.to_string(), "onetry"]));
}
