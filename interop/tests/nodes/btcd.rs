//! btcd, over v1 and BIP324, against the program itself.

use std::net::SocketAddr;

use serde_json::json;
use verack_interop::btcd::{CHAIN, USER_AGENT, dial, start, start_at};
use verack_interop::program::{Listening, report, rounds_or, run};
use verack_interop::{eventually, netns};

use crate::assert_ok;

/// Many more connections than its default.
const ROOMY: &str = "--maxpeers=1000";

#[tokio::test(flavor = "multi_thread")]
async fn it_is_found_ok_over_v1_each_time() {
    let Some(node) = start(&[ROOMY]).await else { return };
    for _ in 0..rounds_or(5) {
        let report = report(&node.address().to_string(), &["-c", CHAIN]).await;
        assert_ok(&report);
        assert_eq!((&report["transport"], &report["peer"]["user_agent"]), (&json!("v1"), &json!(USER_AGENT)));
    }
}

/// It only dials nodes that offer blocks with witnesses.
#[tokio::test(flavor = "multi_thread")]
async fn it_dials_us_over_v1_each_time() {
    let Some(node) = start(&[ROOMY]).await else { return };
    for _ in 0..rounds_or(5) {
        let mut ours = Listening::start(&["-c", CHAIN, "-s", "NETWORK,WITNESS"]).await;
        dial(&node, ours.us.parse().unwrap());
        let report = ours.report().await;
        assert_ok(&report);
        assert_eq!((&report["role"], &report["transport"]), (&json!("responder"), &json!("v1")), "{report}");
        assert_eq!(report["peer"]["user_agent"], USER_AGENT);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_dials_us_over_bip324_each_time() {
    let Some(node) = start(&["--v2transport", ROOMY]).await else { return };
    for _ in 0..rounds_or(5) {
        let mut ours = Listening::start(&["-c", CHAIN, "-s", "NETWORK,WITNESS,P2P_V2"]).await;
        dial(&node, ours.us.parse().unwrap());
        let report = ours.report().await;
        assert_ok(&report);
        assert_eq!((&report["role"], &report["transport"]), (&json!("responder"), &json!("v2")), "{report}");
    }
}

/// It limits attempts over BIP324, so some attempts end over v1: that does not prove that it speaks only v1.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_never_said_to_speak_v1_alone_while_it_limits_attempts_over_bip324() {
    let Some(node) = start(&["--v2transport", ROOMY]).await else { return };
    let first = report(&node.address().to_string(), &["-c", CHAIN]).await;
    assert_eq!((&first["outcome"], &first["transport"]), (&json!("ok"), &json!("v2")), "{first}");
    for nth in 0..rounds_or(20) {
        let report = report(&node.address().to_string(), &["-c", CHAIN]).await;
        assert_ok(&report);
        assert!(!report.to_string().contains("v1-only"), "{nth}: {report:#}");
    }
}

/// Its reject gives the reason, and the report separates the peer from a broken one.
#[tokio::test(flavor = "multi_thread")]
async fn it_refuses_to_stay_with_a_side_that_offers_no_blocks() {
    let Some(node) = start(&[ROOMY]).await else { return };
    let mut ours = Listening::start(&["-c", CHAIN]).await;
    dial(&node, ours.us.parse().unwrap());
    let report = ours.report().await;
    assert_eq!((&report["outcome"], &report["reason"]), (&json!("failed"), &json!("bitcoin.rejected")), "{report}");
    eventually("us to be gone", || (node.call("getconnectioncount", &json!([])) == 0).then_some(())).await;
}

/// When all of its places are taken by nodes that it has dialled, it still accepts, sends its verack, and closes.
#[tokio::test(flavor = "multi_thread")]
async fn it_leaves_after_its_verack_when_it_is_full_and_that_is_told_each_time() {
    const PLACES: usize = 2;
    // With `--connect` it keeps fewer places for nodes that it dials.
    let Some(node) = start(&[&format!("--maxpeers={PLACES}"), "--connect=127.0.0.1:1"]).await else { return };
    let mut dialled = Vec::new();
    for _ in 0..PLACES {
        let mut ours = Listening::start(&["-c", CHAIN, "-s", "NETWORK,WITNESS", "--hold", "10m"]).await;
        dial(&node, ours.us.parse().unwrap());
        assert_ok(&ours.report().await);
        dialled.push(ours);
    }
    eventually("it to be full", || (node.call("getconnectioncount", &json!([])) == PLACES).then_some(())).await;
    let address = node.address().to_string();
    let (mut told, rounds) = (0, rounds_or(5));
    for _ in 0..100 * rounds {
        if told == rounds {
            break;
        }
        let lines = run(&["--json", "--timeout", "120s", "--hold", "1m", "-c", CHAIN, &address]).await;
        // A node that it is about to leave still holds the only place for nodes that dial it.
        if lines[0]["outcome"] == "failed" {
            assert_eq!(lines[0]["reason"], "closed", "{}", lines[0]);
            continue;
        }
        let [handshake, hold, summary] = &lines[..] else { panic!("{lines:#?}") };
        assert_ok(handshake);
        assert_eq!((&hold["ended_by"], &hold["complete"]), (&json!("peer"), &json!(false)), "{hold}");
        assert!(["fin", "rst"].contains(&hold["how"].as_str().unwrap()), "{hold}");
        assert_eq!((&summary["kept"], &summary["left"]), (&json!(0), &json!(1)), "{summary}");
        told += 1;
    }
    assert_eq!(told, rounds);
}

/// It answers each connection with another 23 % of its addresses.
#[tokio::test]
async fn five_that_know_each_other_and_forty_dead_addresses_are_mapped_by_one_crawl() {
    // Nodes do not gossip addresses that are not routable. Nothing listens on the dead ones.
    if !netns::enter(&["11.0.0.0/8"]) {
        return;
    }
    let at = |network: u8| SocketAddr::from(([11, network, 0, 1], 18_444));
    let known: Vec<_> = (1..=45).map(at).collect();
    let mut nodes = Vec::new();
    for address in &known[..5] {
        let others: Vec<_> = known.iter().copied().filter(|other| other != address).collect();
        let Some(node) = start_at(*address, &[ROOMY], &others).await else { return };
        nodes.push(node);
    }
    for nth in 0..rounds_or(2) {
        let directory = tempfile::tempdir().unwrap();
        let db = directory.path().join("peers.sqlite");
        let first = known[0].to_string();
        let lines = run(&["crawl", &first, "--json", "-c", CHAIN, "--db", db.to_str().unwrap()]).await;
        let summary = lines.last().unwrap();
        assert_eq!(summary["reachable"], 5, "{nth}: {summary:#}");
    }
}
