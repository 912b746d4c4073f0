//! geth on a public test network at its first block, and its conformance tests, against the program itself.

use serde_json::json;
use verack_interop::geth::{CHAIN, CLIENT_ID, TestChain, conformance, devp2p, dial, enode, forget, start};
use verack_interop::program::{Holding, Listening, report, rounds_or, run};

use crate::assert_ok;

#[tokio::test(flavor = "multi_thread")]
async fn it_is_found_ok_each_time() {
    let Some(node) = start().await else { return };
    for _ in 0..rounds_or(5) {
        let report = report(&enode(&node), &["-c", CHAIN]).await;
        assert_ok(&report);
        assert_eq!(report["peer"]["network"], CHAIN, "{report}");
        assert!(report["peer"]["client_id"].as_str().unwrap().starts_with(CLIENT_ID), "{report}");
    }
    // It is dialled with another key.
    let other = ethereum::SecretKey::new([0x55; 32]).unwrap().public();
    let misnamed = report(&format!("enode://{other}@{}", node.address()), &["-c", CHAIN]).await;
    assert_eq!((&misnamed["outcome"], &misnamed["stage"]), (&json!("failed"), &json!("transport")), "{misnamed}");
}

/// It dials the same key again only after 35 s, so our side uses a new key each time.
#[tokio::test(flavor = "multi_thread")]
async fn it_dials_us_each_time() {
    let Some(node) = start().await else { return };
    for nth in 0..rounds_or(5) {
        let mut ours = Listening::start(&["--protocol", "ethereum", "-c", CHAIN, "--status", "echo"]).await;
        dial(&node, &ours.us);
        let report = ours.report().await;
        assert_ok(&report);
        assert_eq!(report["role"], "responder", "{nth}: {report}");
        assert!(enode(&node).contains(report["peer"]["node_id"].as_str().unwrap()), "{report}");
        forget(&node, &ours.us);
        ours.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_never_takes_us_for_ok_with_a_fork_id_that_it_rejects() {
    let Some(node) = start().await else { return };
    let target = enode(&node);
    for _ in 0..rounds_or(5) {
        let report = report(&target, &["-c", CHAIN, "--status", "own", "--fork-id", "deadbeef"]).await;
        assert_ne!(report["outcome"], "ok", "{report:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_packets_of_its_conformance_tests_are_answered_as_they_demand() {
    let ours = Listening::start(&["--protocol", "ethereum", "--status", "echo"]).await;
    let Some((passed, said)) = conformance("MaliciousHandshake", &ours.us).await else { return };
    assert!(passed && said.contains("1/1 tests passed"), "{said}");
}

/// Our Status has the last block of their chain.
#[tokio::test(flavor = "multi_thread")]
async fn its_conformance_test_of_the_status_is_passed_with_the_head_of_its_chain() {
    let chain =
        ["--network-id", TestChain::NETWORK_ID, "--genesis", TestChain::GENESIS, "--fork-id", TestChain::FORK_ID];
    let head = ["--status", "own", "--head", TestChain::HEAD, "--start-height", TestChain::HEIGHT];
    let ours = Listening::start(&[&["--protocol", "ethereum"][..], &chain, &head].concat()).await;
    let Some((passed, said)) = conformance("Status", &ours.us).await else { return };
    assert!(passed && said.contains("1/1 tests passed"), "{said}");
}

/// It reads our Status before it sends its own, and we echo; so our own Status comes after half of the time.
#[tokio::test(flavor = "multi_thread")]
async fn its_conformance_test_of_the_status_is_passed_by_a_side_that_would_repeat_it() {
    let chain =
        ["--network-id", TestChain::NETWORK_ID, "--genesis", TestChain::GENESIS, "--fork-id", TestChain::FORK_ID];
    let head = ["--head", TestChain::HEAD, "--start-height", TestChain::HEIGHT];
    let echo = ["--protocol", "ethereum", "--status", "echo", "--timeout", "2s"];
    let ours = Listening::start(&[&echo[..], &chain, &head].concat()).await;
    let Some((passed, said)) = conformance("Status", &ours.us).await else { return };
    assert!(passed && said.contains("1/1 tests passed"), "{said}");
}

/// One connection for each key.
#[tokio::test(flavor = "multi_thread")]
async fn it_refuses_a_key_that_is_connected_already_and_says_so() {
    let Some(node) = start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key").display().to_string();
    run(&["key", &key, "--json"]).await;
    let ours = ["-c", CHAIN, "--key", &key];
    let first = Holding::start(&enode(&node), &ours).await;
    assert_ok(&first.report);
    for nth in 0..rounds_or(5) {
        let report = report(&enode(&node), &ours).await;
        let found = [&report["reason"], &report["reason_number"], &report["blame"]];
        assert_eq!(found, [&json!("ethereum.disconnect.already-connected"), &json!(5), &json!("refused")], "{nth}");
    }
}

/// `devp2p rlpx ping` reads our Hello, sends none of its own and leaves.
#[tokio::test(flavor = "multi_thread")]
async fn its_ping_gets_our_hello_and_is_not_said_to_be_full() {
    let Some(mut devp2p) = devp2p() else { return };
    let mut ours = Listening::start(&["--protocol", "ethereum", "--status", "echo"]).await;
    let output = devp2p.args(["rlpx", "ping", &ours.us]).output().await.unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("verack"), "{output:?}");
    let report = ours.report().await;
    assert_eq!((&report["outcome"], &report["reason"]), (&json!("failed"), &json!("closed")), "{report}");
    let detail = report["detail"].as_str().unwrap();
    assert!(!detail.contains("full") && !detail.contains("banned"), "{detail}");
}
