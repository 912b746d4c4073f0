//! The program itself against real nodes with node keys, in both directions.

use ethereum::Enode;
use lightning::NodeId;
use serde_json::{Value, json};
use verack_interop::ethereumjs::{self, MANY};
use verack_interop::ldk::Ldk;
use verack_interop::program::{Listening, report, rounds_or};

/// The default number of repetitions; `VERACK_ROUNDS` sets another.
const USUAL: usize = 100;

async fn listening(options: &[&str]) -> Listening {
    Listening::start(&[&["--trace", "--hold", "60s"], options].concat()).await
}

/// Whether the peer sent this message.
fn heard<'m>(message: &'m str) -> impl Fn(&Value) -> bool + 'm {
    move |line| line["direction"] == "received" && line["message"] == message
}

#[tokio::test(flavor = "multi_thread")]
async fn it_finds_ethereumjs_ok_each_time() {
    let Some(node) = ethereumjs::start(MANY).await else { return };
    let target = format!("enode://{}@{}", ethereumjs::id(&node), node.address());
    for _ in 0..rounds_or(USUAL) {
        let report = report(&target, &[]).await;
        assert_eq!((&report["outcome"], &report["transport"]), (&json!("ok"), &json!("rlpx")), "{report}");
        let peer = &report["peer"];
        assert_eq!((&peer["client_id"], &peer["eth_version"]), (&json!(ethereumjs::CLIENT_ID), &json!(68)));
        assert_eq!((&peer["network"], &peer["fork"]), (&json!("ethereum"), &json!("prague")));
    }
    // Its software knows all forks but the latest.
    let stale = report(&target, &["-c", "ethereum"]).await;
    assert_eq!((&stale["reason"], &stale["blame"]), (&json!("ethereum.fork-id"), &json!("mismatch")), "{stale}");
    assert!(stale["detail"].as_str().unwrap().contains("does not know osaka"), "{stale}");
    let elsewhere = report(&target, &["-c", "sepolia"]).await;
    assert_eq!((&elsewhere["reason"], &elsewhere["blame"]), (&json!("ethereum.network-id"), &json!("mismatch")));
    let misnamed = target.replace(&ethereumjs::id(&node).to_string(), &other_id());
    let misnamed = report(&misnamed, &["--timeout", "1s"]).await;
    assert_eq!((&misnamed["stage"], &misnamed["outcome"]), (&json!("transport"), &json!("failed")), "{misnamed}");
}

/// A valid node id that no node has.
fn other_id() -> String {
    ethereum::SecretKey::new([0x55; 32]).unwrap().public().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn ethereumjs_dials_it_and_answers_its_ping() {
    let Some(node) = ethereumjs::start(MANY).await else { return };
    for nth in 0..rounds_or(USUAL) {
        // A new node each time, as for LDK below. It leaves a peer that announces a fork that it does not know yet.
        let options = ["--protocol", "ethereum", "--status", "echo"];
        let mut listening = listening(&options).await;
        let ours: Enode = listening.us.parse().unwrap();
        ethereumjs::dial(&node, ours.id, format!("{}:{}", ours.host, ours.port).parse().unwrap());
        let report = listening.report().await;
        assert_eq!((&report["role"], &report["outcome"]), (&json!("responder"), &json!("ok")), "{nth}: {report}");
        assert_eq!(report["peer"]["node_id"], ethereumjs::id(&node).to_string());
        listening.line(heard("Pong")).await;
        listening.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_finds_ldk_ok_each_time() {
    let ldk = Ldk::start().await;
    let target = format!("{}@{}", ldk.node_id(), ldk.address());
    for _ in 0..rounds_or(USUAL) {
        let report = report(&target, &["-c", "bitcoin"]).await;
        assert_eq!((&report["outcome"], &report["transport"]), (&json!("ok"), &json!("bolt8")), "{report}");
        // In this setup it does not name its chains.
        assert_eq!(report["peer"]["networks"], json!([]));
        let features = report["peer"]["features"].as_array().unwrap();
        assert!(features.contains(&json!("var_onion_optin")), "{report}");
    }
    // It cannot decrypt the act one of a peer that dials another key.
    let other = lightning::SecretKey::new([0x55; 32]).unwrap().node_id();
    let misnamed = report(&format!("{other}@{}", ldk.address()), &[]).await;
    assert_eq!((&misnamed["stage"], &misnamed["reason"]), (&json!("transport"), &json!("closed")), "{misnamed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ldk_dials_it_and_answers_its_ping() {
    let ldk = Ldk::start().await;
    for nth in 0..rounds_or(USUAL) {
        // A new node each time: it does not dial a connected node again.
        let mut listening = listening(&["--protocol", "lightning", "-c", "bitcoin"]).await;
        let (id, address) = listening.us.split_once('@').unwrap();
        let (id, address) = (id.parse::<NodeId>().unwrap(), address.parse().unwrap());
        ldk.dial(id, address).await;
        let report = listening.report().await;
        assert_eq!((&report["role"], &report["outcome"]), (&json!("responder"), &json!("ok")), "{nth}: {report}");
        assert_eq!(report["peer"]["node_id"], ldk.node_id().to_string());
        listening.line(heard("pong")).await;
        listening.end().await;
    }
}
