//! Zebra's network layer, which accepts one connection per address in 119 s, against the program itself.

use serde_json::json;
use verack_interop::program::{Listening, report, rounds_or, run};
use verack_interop::zebra::{CHAIN, USER_AGENT, start};

use crate::assert_ok;

#[tokio::test(flavor = "multi_thread")]
async fn it_is_found_ok_by_the_one_connection_that_it_takes() {
    for _ in 0..rounds_or(5) {
        let Some(node) = start(&[]).await else { return };
        let report = report(&node.address().to_string(), &["-c", CHAIN]).await;
        assert_ok(&report);
        assert_eq!(
            (&report["transport"], &report["peer"]["user_agent"]),
            (&json!("v1"), &json!(USER_AGENT)),
            "{report}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_reaches_it() {
    let Some(node) = start(&[]).await else { return };
    let directory = tempfile::tempdir().unwrap();
    let db = directory.path().join("peers.sqlite");
    let node = node.address().to_string();
    let crawl = ["crawl", &node, "--json", "-c", CHAIN, "--db", db.to_str().unwrap(), "--answer-timeout", "1s"];
    let lines = run(&crawl).await;
    let summary = lines.last().unwrap();
    assert_eq!((&summary["type"], &summary["reachable"]), (&json!("crawl"), &json!(1)), "{lines:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_dials_us_and_is_found_ok() {
    let mut ours = Listening::start(&["-c", CHAIN, "-s", "NETWORK"]).await;
    let Some(_node) = start(&[ours.us.parse().unwrap()]).await else { return };
    let report = ours.report().await;
    assert_ok(&report);
    assert_eq!((&report["role"], &report["peer"]["user_agent"]), (&json!("responder"), &json!(USER_AGENT)), "{report}");
}
