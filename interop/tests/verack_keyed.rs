//! The program itself against real nodes that are named by their keys, in both directions.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use ethereum::Enode;
use lightning::NodeId;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};
use verack_interop::ethereumjs::{self, MANY};
use verack_interop::ldk::Ldk;
use verack_interop::program::verack;

const TIMES: usize = 100;

/// What it reports of one handshake with a node.
async fn report(target: &str, options: &[&str]) -> Value {
    let output = verack().arg("--json").args(options).arg(target).output().await.unwrap();
    let line = output.stdout.split(|&b| b == b'\n').next().unwrap();
    serde_json::from_slice(line).unwrap()
}

/// The program, listening; how it is named; and what it prints.
async fn listening(options: &[&str]) -> (Child, String, Lines<BufReader<ChildStdout>>) {
    let fixed = ["listen", "127.0.0.1:0", "--json", "--trace", "--hold", "60s"];
    let mut child = verack().args(fixed).args(options).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let ours = loop {
        let line = log.next_line().await.unwrap().unwrap();
        if let Some(ours) = line.strip_prefix("we are ") {
            break ours.to_owned();
        }
    };
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, ours, lines)
}

/// Reads what is printed until there is a line like this.
async fn line(lines: &mut Lines<BufReader<ChildStdout>>, is: impl Fn(&Value) -> bool) -> Value {
    loop {
        let line = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
        if is(&line) {
            return line;
        }
    }
}

/// That the peer said this.
fn heard<'m>(message: &'m str) -> impl Fn(&Value) -> bool + 'm {
    move |line| line["direction"] == "received" && line["message"] == message
}

#[tokio::test(flavor = "multi_thread")]
async fn it_finds_ethereumjs_ok_100_times_of_100() {
    let Some(node) = ethereumjs::start(MANY).await else { return };
    let target = format!("enode://{}@{}", ethereumjs::id(&node), node.address());
    for _ in 0..TIMES {
        let report = report(&target, &["-c", "ethereum"]).await;
        assert_eq!((&report["outcome"], &report["transport"]), (&json!("ok"), &json!("rlpx")), "{report}");
        let peer = &report["peer"];
        assert_eq!((&peer["client_id"], &peer["eth_version"]), (&json!(ethereumjs::CLIENT_ID), &json!(68)));
        assert_eq!((&peer["network"], &peer["fork"]), (&json!("ethereum"), &json!("prague")));
    }
    let elsewhere = report(&target, &["-c", "sepolia"]).await;
    assert_eq!((&elsewhere["reason"], &elsewhere["blame"]), (&json!("ethereum.network-id"), &json!("mismatch")));
    let misnamed = target.replace(&ethereumjs::id(&node).to_string(), &other_id());
    let misnamed = report(&misnamed, &["--timeout", "1s"]).await;
    assert_eq!((&misnamed["stage"], &misnamed["outcome"]), (&json!("transport"), &json!("failed")), "{misnamed}");
}

/// A node's id, but not that of any node.
fn other_id() -> String {
    ethereum::SecretKey::new([0x55; 32]).unwrap().public().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn ethereumjs_dials_it_and_answers_its_ping() {
    let Some(node) = ethereumjs::start(MANY).await else { return };
    for nth in 0..TIMES {
        // Each time another node, as for LDK below. It leaves whoever names a fork that it does not know yet.
        let options = ["--protocol", "ethereum", "-c", "ethereum", "--status", "echo"];
        let (mut child, ours, mut lines) = listening(&options).await;
        let ours: Enode = ours.parse().unwrap();
        ethereumjs::dial(&node, ours.id, format!("{}:{}", ours.host, ours.port).parse().unwrap());
        let report = line(&mut lines, |line| line["type"] == "handshake").await;
        assert_eq!((&report["role"], &report["outcome"]), (&json!("responder"), &json!("ok")), "{nth}: {report}");
        assert_eq!(report["peer"]["node_id"], ethereumjs::id(&node).to_string());
        line(&mut lines, heard("Pong")).await;
        child.kill().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_finds_ldk_ok_100_times_of_100() {
    let ldk = Ldk::start().await;
    let target = format!("{}@{}", ldk.node_id(), ldk.address());
    for _ in 0..TIMES {
        let report = report(&target, &["-c", "bitcoin"]).await;
        assert_eq!((&report["outcome"], &report["transport"]), (&json!("ok"), &json!("bolt8")), "{report}");
        // As it is set up here it does not say which chains it is on.
        assert_eq!(report["peer"]["networks"], json!([]));
        let features = report["peer"]["features"].as_array().unwrap();
        assert!(features.contains(&json!("var_onion_optin")), "{report}");
    }
    // It understands nobody who takes it for another.
    let other = lightning::SecretKey::new([0x55; 32]).unwrap().node_id();
    let misnamed = report(&format!("{other}@{}", ldk.address()), &[]).await;
    assert_eq!((&misnamed["stage"], &misnamed["reason"]), (&json!("transport"), &json!("closed")), "{misnamed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ldk_dials_it_and_answers_its_ping() {
    let ldk = Ldk::start().await;
    for nth in 0..TIMES {
        // Each time another node: it dials one that it is connected to no second time.
        let (mut child, ours, mut lines) = listening(&["--protocol", "lightning", "-c", "bitcoin"]).await;
        let (id, address) = ours.split_once('@').unwrap();
        let (id, address) = (id.parse::<NodeId>().unwrap(), address.parse().unwrap());
        ldk.dial(id, address).await;
        let report = line(&mut lines, |line| line["type"] == "handshake").await;
        assert_eq!((&report["role"], &report["outcome"]), (&json!("responder"), &json!("ok")), "{nth}: {report}");
        assert_eq!(report["peer"]["node_id"], ldk.node_id().to_string());
        line(&mut lines, heard("pong")).await;
        child.kill().await.unwrap();
    }
}
