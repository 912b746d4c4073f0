//! The program itself against real nodes, in both directions.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::net::SocketAddr;

use libp2p::{Multiaddr, PeerId};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};
use verack_interop::program::verack;
use verack_interop::rust_libp2p::{RustLibp2p, key};
use verack_interop::{Node, bcoin, eventually, js_libp2p, litecoind};

/// What it reports of one handshake with a node.
async fn report(chain: &str, address: SocketAddr, transport: &str) -> Value {
    let options = ["--json", "-c", chain, "--transport", transport];
    let output = verack().args(options).arg(address.to_string()).output().await.unwrap();
    let line = output.stdout.split(|&b| b == b'\n').next().unwrap();
    serde_json::from_slice(line).unwrap()
}

#[tokio::test]
async fn it_finds_litecoind_ok_300_times_of_300() {
    let Some(node) = litecoind::start().await else { return };
    for _ in 0..300 {
        let report = report(litecoind::CHAIN, node.address(), "v1").await;
        assert_eq!(report["outcome"], "ok", "{report}");
        assert_eq!(report["peer"]["features"], json!(["wtxidrelay", "sendaddrv2"]));
        assert_eq!(report["peer"]["user_agent"], node.call("getnetworkinfo", &json!([]))["subversion"]);
    }
}

#[tokio::test]
async fn it_finds_that_litecoind_speaks_only_v1() {
    let Some(node) = litecoind::start().await else { return };
    for _ in 0..100 {
        let auto = report(litecoind::CHAIN, node.address(), "auto").await;
        assert_eq!((&auto["outcome"], &auto["transport"]), (&json!("ok"), &json!("v1")), "{auto}");
        assert_eq!(auto["fallback_from"], Value::Null, "its network is known to speak only v1: {auto}");

        let v2 = report(litecoind::CHAIN, node.address(), "v2").await;
        assert_eq!((&v2["outcome"], &v2["stage"]), (&json!("failed"), &json!("transport")), "{v2}");
        assert_eq!((&v2["reason"], &v2["blame"]), (&json!("bitcoin.v1-only"), &json!("mismatch")), "{v2}");
    }
}

#[tokio::test]
async fn it_finds_bcoin_ok_300_times_of_300() {
    let Some(node) = bcoin::start().await else { return };
    for _ in 0..300 {
        let report = report(bcoin::CHAIN, node.address(), "v1").await;
        assert_eq!(report["outcome"], "ok", "{report}");
        assert!(report["peer"]["user_agent"].as_str().unwrap().starts_with("/bcoin:"));
    }
}

/// It takes our key for headers of messages, answers with a `reject`, and bans whoever sends it ten such headers.
#[tokio::test]
async fn bcoin_does_not_ban_us_for_a_key_and_is_found_ok_over_v1() {
    let Some(node) = bcoin::start().await else { return };
    for _ in 0..100 {
        let report = report(bcoin::CHAIN, node.address(), "auto").await;
        assert_eq!((&report["outcome"], &report["transport"]), (&json!("ok"), &json!("v1")), "{report}");
        assert_eq!(report["fallback_from"]["reason"], "bitcoin.v1-only", "{report}");
    }
}

/// The program, listening; where; and what it prints.
async fn listening(chain: &str) -> (Child, SocketAddr, Lines<BufReader<ChildStdout>>) {
    let options = ["listen", "127.0.0.1:0", "--json", "--hold", "60s", "-s", "NETWORK,WITNESS", "-c", chain];
    let mut child = verack().args(options).spawn().unwrap();
    let first = BufReader::new(child.stderr.take().unwrap()).lines().next_line().await.unwrap().unwrap();
    let address = first.split(' ').nth(2).unwrap().parse().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, address, lines)
}

async fn first_report(lines: &mut Lines<BufReader<ChildStdout>>) -> Value {
    serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap()
}

fn us(node: &Node) -> Option<Value> {
    node.peer(concat!("/verack:", env!("CARGO_PKG_VERSION"), "/"))
}

#[tokio::test(flavor = "multi_thread")]
async fn litecoind_dials_it_and_stays_until_it_says_goodbye() {
    let Some(node) = litecoind::start().await else { return };
    let (mut child, address, mut lines) = listening(litecoind::CHAIN).await;
    node.dial(address);
    let report = first_report(&mut lines).await;
    assert_eq!((&report["role"], &report["outcome"]), (&json!("responder"), &json!("ok")));
    // It pings only whom it has shaken hands with.
    eventually("our pong to arrive", || us(&node).filter(|us| us["pingtime"].is_number())).await;
    child.kill().await.unwrap();
    eventually("us to be gone", || us(&node).is_none().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bcoin_dials_it() {
    let Some(node) = bcoin::start().await else { return };
    let (_child, address, mut lines) = listening(bcoin::CHAIN).await;
    node.dial(address);
    let report = first_report(&mut lines).await;
    assert_eq!((&report["role"], &report["outcome"]), (&json!("responder"), &json!("ok")));
    eventually("us to be its peer", || us(&node)).await;
}

/// What it reports of one handshake with a libp2p node.
async fn report_libp2p(address: SocketAddr, peer_id: &PeerId) -> Value {
    let target = Multiaddr::from(address).with_peer_id(peer_id).to_string();
    let output = verack().args(["--json", &target]).output().await.unwrap();
    let line = output.stdout.split(|&b| b == b'\n').next().unwrap();
    serde_json::from_slice(line).unwrap()
}

/// The program, listening as a libp2p node; its multiaddr; and what it prints.
async fn listening_libp2p() -> (Child, Multiaddr, Lines<BufReader<ChildStdout>>) {
    let options = ["listen", "127.0.0.1:0", "--json", "--hold", "60s", "--protocol", "libp2p"];
    let mut child = verack().args(options).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    log.next_line().await.unwrap().unwrap();
    let second = log.next_line().await.unwrap().unwrap();
    let address = second.strip_prefix("we are ").unwrap().parse().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, address, lines)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_finds_rust_libp2p_ok_100_times_of_100_and_is_dialled_by_it() {
    let node = RustLibp2p::start(key("Ed25519")).await;
    for _ in 0..100 {
        let report = report_libp2p(node.address(), node.peer_id()).await;
        assert_eq!((&report["outcome"], &report["peer"]["muxer"]), (&json!("ok"), &json!("negotiated")), "{report}");
        assert!(report["peer"]["agent"].as_str().unwrap().starts_with("rust-libp2p/"));
    }
    let (_child, address, mut lines) = listening_libp2p().await;
    let us = address.to_string().rsplit('/').next().unwrap().parse().unwrap();
    node.dial(address);
    let report = first_report(&mut lines).await;
    assert_eq!((&report["role"], &report["outcome"]), (&json!("responder"), &json!("ok")), "{report}");
    assert_eq!(report["peer"]["peer_id"], node.peer_id().to_string());
    eventually("our pong to arrive", || node.knows(&us).filter(|us| us.pongs > 0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_finds_js_libp2p_ok_100_times_of_100_and_is_dialled_by_it() {
    let Some(node) = js_libp2p::start("Ed25519").await else { return };
    let peer_id = js_libp2p::peer_id(&node);
    for _ in 0..100 {
        let report = report_libp2p(node.address(), &peer_id).await;
        assert_eq!((&report["outcome"], &report["peer"]["muxer"]), (&json!("ok"), &json!("inlined")), "{report}");
        assert!(report["peer"]["agent"].as_str().unwrap().starts_with("js-libp2p/"));
    }
    let (_child, address, mut lines) = listening_libp2p().await;
    let us = address.to_string().rsplit('/').next().unwrap().parse().unwrap();
    js_libp2p::dial(&node, &address);
    let report = first_report(&mut lines).await;
    assert_eq!((&report["role"], &report["outcome"]), (&json!("responder"), &json!("ok")), "{report}");
    assert_eq!(report["peer"]["peer_id"], peer_id.to_string());
    eventually("our introduction to arrive", || js_libp2p::knows(&node, &us).filter(|us| !us["agent"].is_null())).await;
}
