//! The program itself against real nodes, in both directions.

use std::net::SocketAddr;

use libp2p::{Multiaddr, PeerId};
use serde_json::{Value, json};
use verack_interop::program::{self, Listening, rounds_or};
use verack_interop::rust_libp2p::{RustLibp2p, key};
use verack_interop::{Node, bcoin, eventually, js_libp2p, litecoind};

/// The default number of repetitions; `VERACK_ROUNDS` sets another.
const USUAL: usize = 100;

/// The program's report of one handshake with a node.
async fn report(chain: &str, address: SocketAddr, transport: &str) -> Value {
    program::report(&address.to_string(), &["-c", chain, "--transport", transport]).await
}

#[tokio::test]
async fn it_finds_litecoind_ok_each_time() {
    let Some(node) = litecoind::start().await else { return };
    for _ in 0..rounds_or(300) {
        let report = report(litecoind::CHAIN, node.address(), "v1").await;
        assert_eq!(report["outcome"], "ok", "{report}");
        assert_eq!(report["peer"]["features"], json!(["wtxidrelay", "sendaddrv2"]));
        assert_eq!(report["peer"]["user_agent"], node.call("getnetworkinfo", &json!([]))["subversion"]);
    }
}

#[tokio::test]
async fn it_finds_that_litecoind_speaks_only_v1() {
    let Some(node) = litecoind::start().await else { return };
    for _ in 0..rounds_or(USUAL) {
        let auto = report(litecoind::CHAIN, node.address(), "auto").await;
        assert_eq!((&auto["outcome"], &auto["transport"]), (&json!("ok"), &json!("v1")), "{auto}");
        assert_eq!(auto["fallback_from"], Value::Null, "its network is known to speak only v1: {auto}");

        let v2 = report(litecoind::CHAIN, node.address(), "v2").await;
        assert_eq!((&v2["outcome"], &v2["stage"]), (&json!("failed"), &json!("transport")), "{v2}");
        assert_eq!((&v2["reason"], &v2["blame"]), (&json!("bitcoin.v1-only"), &json!("mismatch")), "{v2}");
    }
}

#[tokio::test]
async fn it_finds_bcoin_ok_each_time() {
    let Some(node) = bcoin::start().await else { return };
    for _ in 0..rounds_or(300) {
        let report = report(bcoin::CHAIN, node.address(), "v1").await;
        assert_eq!(report["outcome"], "ok", "{report}");
        assert!(report["peer"]["user_agent"].as_str().unwrap().starts_with("/bcoin:"));
    }
}

/// It reads our key as message headers, answers with a `reject`, and bans a peer after ten such headers.
#[tokio::test]
async fn bcoin_does_not_ban_us_for_a_key_and_is_found_ok_over_v1() {
    let Some(node) = bcoin::start().await else { return };
    for _ in 0..rounds_or(USUAL) {
        let report = report(bcoin::CHAIN, node.address(), "auto").await;
        assert_eq!((&report["outcome"], &report["transport"]), (&json!("ok"), &json!("v1")), "{report}");
        assert_eq!(report["fallback_from"]["reason"], "bitcoin.v1-only", "{report}");
    }
}

async fn listening(chain: &str) -> (Listening, SocketAddr) {
    let ours = Listening::start(&["--hold", "60s", "-s", "NETWORK,WITNESS", "-c", chain]).await;
    let address = ours.us.parse().unwrap();
    (ours, address)
}

fn us(node: &Node) -> Option<Value> {
    node.peer(concat!("/verack:", env!("CARGO_PKG_VERSION"), "/"))
}

#[tokio::test(flavor = "multi_thread")]
async fn litecoind_dials_it_and_stays_until_it_says_goodbye() {
    let Some(node) = litecoind::start().await else { return };
    let (mut ours, address) = listening(litecoind::CHAIN).await;
    node.dial(address);
    let report = ours.report().await;
    assert_eq!((&report["role"], &report["outcome"]), (&json!("responder"), &json!("ok")));
    // It pings only after a handshake.
    eventually("our pong to arrive", || us(&node).filter(|us| us["pingtime"].is_number())).await;
    ours.end().await;
    eventually("us to be gone", || us(&node).is_none().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bcoin_dials_it() {
    let Some(node) = bcoin::start().await else { return };
    let (mut ours, address) = listening(bcoin::CHAIN).await;
    node.dial(address);
    let report = ours.report().await;
    assert_eq!((&report["role"], &report["outcome"]), (&json!("responder"), &json!("ok")));
    eventually("us to be its peer", || us(&node)).await;
}

/// The program's report of one handshake with a libp2p node.
async fn report_libp2p(address: SocketAddr, peer_id: &PeerId) -> Value {
    program::report(&Multiaddr::from(address).with_peer_id(peer_id).to_string(), &[]).await
}

async fn listening_libp2p() -> (Listening, Multiaddr) {
    let ours = Listening::start(&["--hold", "60s", "--protocol", "libp2p"]).await;
    let address = ours.us.parse().unwrap();
    (ours, address)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_finds_rust_libp2p_ok_each_time_and_is_dialled_by_it() {
    let node = RustLibp2p::start(key("Ed25519")).await;
    for _ in 0..rounds_or(USUAL) {
        let report = report_libp2p(node.address(), node.peer_id()).await;
        assert_eq!((&report["outcome"], &report["peer"]["muxer"]), (&json!("ok"), &json!("negotiated")), "{report}");
        assert!(report["peer"]["agent"].as_str().unwrap().starts_with("rust-libp2p/"));
    }
    let (mut ours, address) = listening_libp2p().await;
    let us = address.to_string().rsplit('/').next().unwrap().parse().unwrap();
    node.dial(address);
    let report = ours.report().await;
    assert_eq!((&report["role"], &report["outcome"]), (&json!("responder"), &json!("ok")), "{report}");
    assert_eq!(report["peer"]["peer_id"], node.peer_id().to_string());
    eventually("our pong to arrive", || node.knows(&us).filter(|us| us.pongs > 0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_finds_js_libp2p_ok_each_time_and_is_dialled_by_it() {
    let Some(node) = js_libp2p::start("Ed25519").await else { return };
    let peer_id = js_libp2p::peer_id(&node);
    for _ in 0..rounds_or(USUAL) {
        let report = report_libp2p(node.address(), &peer_id).await;
        assert_eq!((&report["outcome"], &report["peer"]["muxer"]), (&json!("ok"), &json!("inlined")), "{report}");
        assert!(report["peer"]["agent"].as_str().unwrap().starts_with("js-libp2p/"));
    }
    let (mut ours, address) = listening_libp2p().await;
    let us = address.to_string().rsplit('/').next().unwrap().parse().unwrap();
    js_libp2p::dial(&node, &address);
    let report = ours.report().await;
    assert_eq!((&report["role"], &report["outcome"]), (&json!("responder"), &json!("ok")), "{report}");
    assert_eq!(report["peer"]["peer_id"], peer_id.to_string());
    eventually("our introduction to arrive", || js_libp2p::knows(&node, &us).filter(|us| !us["agent"].is_null())).await;
}
