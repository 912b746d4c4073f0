//! The program itself against Monero's own node.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde_json::{Value, json};
use tokio::process::Command;
use verack_interop::program::{Listening, report, rounds_or, verack};
use verack_interop::{eventually, monerod, netns};

async fn json_lines(command: &mut Command) -> Vec<Value> {
    let output = command.output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn it_finds_monerod_ok_each_time() {
    let Some(node) = monerod::start(&[]).await else { return };
    let itself = node.call("get_info", &json!({}));
    for _ in 0..rounds_or(100) {
        let report = report(&node.address().to_string(), &["-c", monerod::CHAIN]).await;
        assert_eq!((&report["outcome"], &report["transport"]), (&json!("ok"), &json!("levin")), "{report}");
        let peer = &report["peer"];
        assert_eq!((&peer["top_block"], &peer["height"]), (&itself["top_block_hash"], &itself["height"]), "{report}");
        assert_eq!((&peer["my_port"], &peer["network"]), (&json!(node.address().port()), &json!("monero")));
    }
}

#[tokio::test]
async fn monerod_dials_it_and_stays() {
    let mut ours = Listening::start(&["--hold", "60s", "--peer-id", "5eed", "-c", monerod::CHAIN]).await;
    let address = ours.us.parse().unwrap();
    let Some(node) = monerod::start(&[address]).await else { return };
    let report = ours.report().await;
    assert_eq!((&report["outcome"], &report["role"]), (&json!("ok"), &json!("responder")), "{report}");
    let us =
        eventually("us to be its peer", || monerod::peer(&node, 0x5eed).filter(|us| us["state"] == "normal")).await;
    assert_eq!(us["incoming"], false, "{us}");
}

#[tokio::test]
async fn a_crawl_from_one_of_three_finds_the_other_two() {
    let hosts = [1, 2, 3].map(|n| Ipv4Addr::new(10, 78, 0, n));
    if !netns::enter(&["10.78.0.0/16"]) {
        return;
    }
    let [one, two, three] = hosts;
    let Some(second) = monerod::start_at(two, &[]).await else { return };
    let third = monerod::start_at(three, &[]).await.unwrap();
    let others = [second.address(), third.address()];
    let first = monerod::start_at(one, &others).await.unwrap();
    // It gossips nodes with which it had a handshake.
    eventually("the first to know both", || {
        let known = first.call("get_connections", &json!({}));
        known["connections"].as_array().is_some_and(|known| known.len() == 2).then_some(())
    })
    .await;

    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("peers.sqlite");
    let lines = json_lines(
        verack()
            .args(["crawl", "--json", "--allow-private", "-c", monerod::CHAIN, "--db"])
            .arg(&database)
            .arg(first.address().to_string()),
    )
    .await;
    let found: BTreeMap<&str, &str> = lines
        .iter()
        .filter(|line| line["type"] == "handshake")
        .map(|line| (line["address"].as_str().unwrap(), line["outcome"].as_str().unwrap()))
        .collect();
    let all = [first.address(), second.address(), third.address()].map(|address| address.to_string());
    assert_eq!(found, all.iter().map(|address| (address.as_str(), "ok")).collect(), "{lines:?}");
    let summary = lines.last().unwrap();
    assert_eq!((&summary["known"], &summary["reachable"]), (&json!(3), &json!(3)), "{summary}");

    let told =
        json_lines(verack().args(["addrs", "--json", "-c", monerod::CHAIN]).arg(first.address().to_string())).await;
    for other in others {
        let address = other.to_string();
        assert!(told.iter().any(|line| line.to_string().contains(&address)), "{address} is not in {told:?}");
    }
}
