//! go-libp2p, against the program itself.

use serde_json::{Value, json};
use verack_interop::go_libp2p::{dial, knows, multiaddr, peer_id, ping, start, tally};
use verack_interop::program::{Listening, report, rounds_or, run};
use verack_interop::{Node, eventually};

use crate::assert_ok;

#[tokio::test(flavor = "multi_thread")]
async fn it_is_found_ok_each_time_however_it_agrees_on_the_muxer() {
    for (flags, muxer) in [(&[][..], "inlined"), (&["-early=false"][..], "negotiated")] {
        let Some(node) = start(flags).await else { return };
        let (target, id) = (multiaddr(&node), peer_id(&node).to_string());
        for _ in 0..rounds_or(5) {
            let report = report(&target, &[]).await;
            assert_ok(&report);
            assert_eq!((&report["peer"]["peer_id"], &report["peer"]["muxer"]), (&json!(id), &json!(muxer)), "{report}");
        }
    }
}

/// A visitor pushes its introduction, however soon it leaves; and it answers the node's own request first, so that the
/// node's log shows no failure.
#[tokio::test(flavor = "multi_thread")]
async fn it_knows_who_has_visited_it_each_time() {
    let Some(node) = start(&[]).await else { return };
    let target = multiaddr(&node);
    let keys = tempfile::tempdir().unwrap();
    let mut unasked = 0;
    for nth in 0..rounds_or(20) {
        let key = keys.path().join(nth.to_string());
        let key = key.to_str().unwrap();
        let named = run(&["key", key, "--json"]).await.swap_remove(0);
        let us = named["libp2p_peer_id"].as_str().unwrap();
        let lines = run(&["--json", "--trace", "--timeout", "120s", "--key", key, &target]).await;
        assert_ok(lines.iter().find(|line| line["type"] == "handshake").unwrap());
        unasked += usize::from(!lines.iter().any(answers));
        let known = eventually("our introduction to arrive", || identified(&node, us)).await;
        assert!(known["agent"].as_str().unwrap().starts_with("verack/"), "{known}");
    }
    // On a machine that is busy for a second, the node may ask only after we have left.
    let tally = tally(&node);
    let failed = tally["failed"].as_array().unwrap();
    assert!(failed.len() <= unasked, "of {} visits, {unasked} of which it asked nothing in: {failed:?}", rounds_or(20));
    assert!(unasked < rounds_or(20), "it never asked");
}

/// Whether this line of a trace is our answer to the request of a node that we dialled: its streams have even numbers.
fn answers(line: &Value) -> bool {
    let stream = &line["fields"]["stream"];
    line["message"] == "identify"
        && line["direction"] == "sent"
        && stream.as_u64().is_some_and(|stream| stream % 2 == 0)
}

/// Its information on a peer that has introduced itself.
fn identified(node: &Node, peer_id: &str) -> Option<Value> {
    knows(node, peer_id).filter(|known| known["identified"].as_u64() >= Some(1))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_dials_us_each_time_and_both_answer_pings() {
    let Some(node) = start(&[]).await else { return };
    for _ in 0..rounds_or(5) {
        let mut ours = Listening::start(&["--protocol", "libp2p", "--hold", "60s"]).await;
        dial(&node, &ours.us);
        let report = ours.report().await;
        assert_ok(&report);
        assert_eq!(report["role"], "responder", "{report}");
        assert_eq!(report["peer"]["peer_id"], peer_id(&node).to_string());
        let us = ours.us.rsplit('/').next().unwrap();
        let known = eventually("our introduction to arrive", || identified(&node, us)).await;
        assert!(known["agent"].as_str().unwrap().starts_with("verack/"), "{known}");
        tokio::task::block_in_place(|| ping(&node, us));
        ours.end().await;
    }
}
