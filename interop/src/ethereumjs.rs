//! `@ethereumjs/devp2p`: the networking of an Ethereum node in JavaScript, with eth/67 and eth/68 on mainnet. `cargo
//! xtask real-nodes` installs it from npm; `peers/npm/ethereumjs/node.mjs` makes a node of it without discovery.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use ethereum::PublicKey;
use serde_json::{Value, json};

use crate::installed;
use crate::node::{Node, Places};

/// Its client id.
pub const CLIENT_ID: &str = "ethereumjs-devp2p/interop";

/// More peers than any test has.
pub const MANY: usize = 1000;

/// Starts it, if it is installed, with this limit of peers.
pub async fn start(max_peers: usize) -> Option<Node> {
    installed::find("ethereumjs", "node_modules/@ethereumjs/devp2p")?;
    let installed = installed::folder("ethereumjs");
    Some(Node::start("ethereumjs", |_, places| command(&installed, places, max_peers)).await)
}

/// It dials and resolves nothing by itself.
fn command(installed: &Path, Places { peers, rpc }: Places, max_peers: usize) -> Command {
    let mut command = Command::new("node");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/npm/ethereumjs/node.mjs")).arg(installed);
    for place in [peers, rpc] {
        command.arg(place.ip().to_string()).arg(place.port().to_string());
    }
    command.arg(max_peers.to_string());
    command
}

/// Its id.
///
/// # Panics
/// If it gives none.
#[must_use]
pub fn id(node: &Node) -> PublicKey {
    let id = node.call("whoami", &json!([]));
    let enode = format!("enode://{}@{}", id.as_str().expect("it says"), node.address());
    enode.parse::<ethereum::Enode>().expect("128 digits").id
}

/// Makes it dial a node with this id, once.
pub fn dial(node: &Node, id: PublicKey, address: SocketAddr) {
    let _: Value = node.call("dial", &json!([id.to_string(), address.ip().to_string(), address.port()]));
}

/// Its information on a peer with this id, connected or not.
#[must_use]
pub fn knows(node: &Node, id: PublicKey) -> Option<Value> {
    Some(node.call("whowas", &json!([id.to_string()]))).filter(|known| !known.is_null())
}

/// Makes it ping a peer.
pub fn ping(node: &Node, id: PublicKey) {
    let _: Value = node.call("ping", &json!([id.to_string()]));
}
