//! A crawl of real nodes, from a named node to the node that it knows.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use peers::{Filter, Peer, Sort, SortBy};
use serde_json::{Value, json};
use store::Store;
use tokio::time::sleep;
use verack_interop::litecoind::{self, CHAIN};
use verack_interop::program::verack;
use verack_interop::{Node, netns};

/// The address of the first node.
const FIRST: Ipv4Addr = Ipv4Addr::new(11, 0, 0, 1);

/// Addresses that a node learns. It answers with 23 % of them, so one would be too few.
const TOLD: u8 = 60;

#[tokio::test]
async fn from_one_node_it_comes_to_the_other_and_stores_the_nodes_that_both_know() {
    // All of 12.0.0.0/8 is the second node; 13.0.0.0/8 has no node. Nodes keep only routable addresses.
    if !netns::enter(&["11.0.0.0/8", "12.0.0.0/8"]) {
        return;
    }
    let Some(first) = litecoind::start_at(FIRST).await else { return };
    let Some(second) = litecoind::start_at(Ipv4Addr::UNSPECIFIED).await else { return };
    let others = tell(&first, 12, second.address().port());
    let strangers = tell(&second, 13, 8333);

    let directory = tempfile::tempdir().unwrap();
    let db = directory.path().join("peers.sqlite");
    let mut crawl = verack();
    crawl.args(["crawl", "--json", "-c", CHAIN, "--transport", "v1", "--answer-timeout", "5m", "--db"]).arg(&db);
    let output = crawl.arg(first.address().to_string()).output();
    let nodes = [&first, &second];
    let output = tokio::select! {
        output = output => output.unwrap(),
        never = pass_time(&nodes) => match never {},
    };
    let mut lines = output.stdout.split(|&b| b == b'\n').filter(|line| !line.is_empty());
    let summary: Value = serde_json::from_slice(lines.next_back().unwrap()).unwrap();
    assert_eq!((&summary["type"], output.status.code()), (&json!("crawl"), Some(0)), "{summary}");

    let peers = stored(&db).await;
    let at = |address: &SocketAddr| peers.iter().find(|peer| peer.endpoint.socket() == Some(*address));
    let reached =
        |peer: &&Peer| peer.user_agent.as_ref().is_some_and(|agent| agent.as_str().starts_with("/LitecoinCore"));
    assert!(at(&first.address()).filter(reached).is_some(), "{summary}");
    let found: Vec<_> = others.iter().filter_map(at).collect();
    assert!(!found.is_empty() && found.iter().all(reached), "{summary}");
    let from_first = |peer: &Peer| peer.source.as_ref().is_some_and(|by| by.as_str() == first.address().to_string());
    assert!(found.iter().all(|peer| from_first(peer)));
    let heard_of: Vec<_> = strangers.iter().filter_map(at).collect();
    assert!(!heard_of.is_empty() && heard_of.iter().all(|peer| peer.good == 0), "{summary}");
    // Nothing else: the addresses that both learned, and the first node.
    assert_eq!(peers.len(), 1 + found.len() + heard_of.len());
    assert_eq!(summary["known"], peers.len());
    assert_eq!(summary["reachable"], 1 + found.len());
}

/// Sends a node addresses in different networks.
fn tell(node: &Node, first: u8, port: u16) -> BTreeSet<SocketAddr> {
    let addresses = (0..TOLD).map(|nth| SocketAddr::from(([first, nth, 0, 1], port)));
    let tell = |address: &SocketAddr| {
        let told = node.call("addpeeraddress", &json!([address.ip().to_string(), address.port()]));
        told["success"] == true
    };
    addresses.filter(tell).collect()
}

/// A node of this version answers about half a minute after the request. With mock time this passes faster.
async fn pass_time(nodes: &[&Node]) -> std::convert::Infallible {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    for minute in (0..).step_by(2) {
        sleep(Duration::from_millis(200)).await;
        for node in nodes {
            let _: Value = node.call("setmocktime", &json!([now + 60 * minute]));
        }
    }
    unreachable!("there is always another minute")
}

async fn stored(db: &std::path::Path) -> Vec<Peer> {
    let store = Store::open(db).await.unwrap();
    let mut all = Vec::new();
    let peers = store.peers(&Filter::default(), Sort { by: SortBy::Known, descending: false }, None);
    peers.for_each(|peer| all.push(peer)).await.unwrap();
    all
}
