//! go-libp2p: the libp2p node in Go. `cargo xtask real-nodes` builds `peers/go/go-libp2p/main.go`, which makes a node
//! of it without discovery.

use std::net::Ipv4Addr;
use std::process::Command;

use libp2p::{Multiaddr, PeerId};
use serde_json::{Value, json};

use crate::installed;
use crate::node::{Dialect, Node};

const DIALECT: Dialect = Dialect { path: "/", probe: "whoami" };

/// Starts it with these flags, if it is installed.
pub async fn start(flags: &[&str]) -> Option<Node> {
    let program = installed::find("go-libp2p", "bin/go-libp2p")?;
    let node = Node::start_in("go-libp2p", (Ipv4Addr::LOCALHOST, 0).into(), DIALECT, |_, places| {
        let mut command = Command::new(program);
        command.args(flags);
        for place in [places.peers, places.rpc] {
            command.arg(place.ip().to_string()).arg(place.port().to_string());
        }
        command
    });
    Some(node.await)
}

/// Its peer id.
///
/// # Panics
/// If it gives none.
#[must_use]
pub fn peer_id(node: &Node) -> PeerId {
    node.call("whoami", &json!([])).as_str().expect("it says").parse().expect("a peer id")
}

/// Its multiaddr.
#[must_use]
pub fn multiaddr(node: &Node) -> String {
    Multiaddr::from(node.address()).with_peer_id(&peer_id(node)).to_string()
}

/// Makes it dial this address, once.
pub fn dial(node: &Node, address: &str) {
    let _: Value = node.call("dial", &json!([address]));
}

/// Its information on a peer, connected or not.
#[must_use]
pub fn knows(node: &Node, peer_id: &str) -> Option<Value> {
    Some(node.call("whowas", &json!([peer_id]))).filter(|known| !known.is_null())
}

/// Makes it ping a peer, and waits for the answer.
pub fn ping(node: &Node, peer_id: &str) {
    let _: Value = node.call("ping", &json!([peer_id]));
}

/// The results of identify with all of its peers: the number of successes, and the errors of the others.
#[must_use]
pub fn tally(node: &Node) -> Value {
    node.call("tally", &json!([]))
}
