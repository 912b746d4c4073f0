//! js-libp2p: a libp2p node in JavaScript, with identify and ping. `cargo xtask real-nodes` installs it from npm;
//! `peers/npm/js-libp2p/node.mjs` makes a node of it without discovery.

use std::path::Path;
use std::process::Command;

use libp2p::{Multiaddr, PeerId};
use serde_json::{Value, json};

use crate::installed;
use crate::node::{Node, Places};

/// Starts it with a key of this kind, if it is installed.
pub async fn start(key: &str) -> Option<Node> {
    installed::find("js-libp2p", "node_modules/libp2p")?;
    let installed = installed::folder("js-libp2p");
    Some(Node::start("js-libp2p", |_, places| command(&installed, places, key)).await)
}

/// It dials and resolves nothing by itself.
fn command(installed: &Path, Places { peers, rpc }: Places, key: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/npm/js-libp2p/node.mjs")).arg(installed);
    for place in [peers, rpc] {
        command.arg(place.ip().to_string()).arg(place.port().to_string());
    }
    command.arg(key);
    command
}

/// Its peer id.
///
/// # Panics
/// If it gives none.
#[must_use]
pub fn peer_id(node: &Node) -> PeerId {
    node.call("whoami", &json!([])).as_str().expect("it says").parse().expect("a peer id")
}

/// Makes it dial this address, once.
pub fn dial(node: &Node, address: &Multiaddr) {
    let _: Value = node.call("dial", &json!([address.to_string()]));
}

/// Its information on a peer, connected or not.
#[must_use]
pub fn knows(node: &Node, peer_id: &PeerId) -> Option<Value> {
    Some(node.call("whowas", &json!([peer_id.to_string()]))).filter(|known| !known.is_null())
}

/// Makes it ping a peer, and waits for the answer.
pub fn ping(node: &Node, peer_id: &PeerId) {
    let _: Value = node.call("ping", &json!([peer_id.to_string()]));
}
