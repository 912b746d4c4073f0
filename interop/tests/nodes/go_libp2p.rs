//! go-libp2p, met by the program itself.

use serde_json::json;
use verack_interop::eventually;
use verack_interop::go_libp2p::{dial, knows, multiaddr, peer_id, ping, start};
use verack_interop::program::{Listening, report, rounds_or};

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
        let known = || knows(&node, us).filter(|known| known["identified"] == 1);
        let known = eventually("our introduction to arrive", known).await;
        assert!(known["agent"].as_str().unwrap().starts_with("verack/"), "{known}");
        tokio::task::block_in_place(|| ping(&node, us));
        ours.end().await;
    }
}
