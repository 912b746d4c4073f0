//! lnd on a simulation network, against the program itself.

use serde_json::json;
use verack_interop::eventually;
use verack_interop::lnd::Lnd;
use verack_interop::program::{Holding, Listening, report, rounds_or, run};

use crate::assert_ok;

/// The id in the name `ID@HOST:PORT`.
fn id(target: &str) -> &str {
    target.split('@').next().unwrap()
}

/// One node for all of it: its start takes seconds of computation.
#[tokio::test(flavor = "multi_thread")]
async fn in_both_roles_it_is_found_ok_and_partial_if_it_refuses_our_features() {
    let Some(lnd) = Lnd::start().await else { return };
    we_dial(&lnd).await;
    it_dials(&lnd).await;
    for features in ["none", "7,9", "1,998"] {
        it_refuses(&lnd, features).await;
    }
    it_keeps_one_connection_for_each_key(&lnd).await;
}

async fn we_dial(lnd: &Lnd) {
    let target = lnd.target();
    for _ in 0..rounds_or(5) {
        let report = report(&target, &[]).await;
        assert_ok(&report);
        assert_eq!(report["peer"]["node_id"], id(&target), "{report}");
    }
}

async fn it_dials(lnd: &Lnd) {
    let target = lnd.target();
    for _ in 0..rounds_or(5) {
        let mut ours = Listening::start(&["--protocol", "lightning", "--hold", "60s"]).await;
        lnd.dial(&ours.us).unwrap();
        let report = ours.report().await;
        assert_ok(&report);
        assert_eq!(
            (&report["role"], &report["peer"]["node_id"]),
            (&json!("responder"), &json!(id(&target))),
            "{report}"
        );
        eventually("us to be its peer", || lnd.peer(id(&ours.us))).await;
        ours.end().await;
    }
}

/// It sends its init and closes once it has read ours: no feature, too few, or an unknown required one.
async fn it_refuses(lnd: &Lnd, features: &str) {
    let target = lnd.target();
    for _ in 0..rounds_or(3) {
        let ours = report(&target, &["--feature-bits", features]).await;
        assert_eq!((&ours["outcome"], &ours["stage"]), (&json!("partial"), &json!("ack")), "{ours:#}");

        let mut listening = Listening::start(&["--protocol", "lightning", "--feature-bits", features]).await;
        // It reports that they are connected, or not any more: a race in lnd.
        let _ = lnd.dial(&listening.us);
        let theirs = listening.report().await;
        assert_eq!((&theirs["outcome"], &theirs["stage"]), (&json!("partial"), &json!("ack")), "{theirs:#}");
    }
}

/// It closes the older connection.
async fn it_keeps_one_connection_for_each_key(lnd: &Lnd) {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key").display().to_string();
    run(&["key", &key, "--json"]).await;
    for nth in 0..rounds_or(3) {
        let mut first = Holding::start(&lnd.target(), &["--key", &key]).await;
        assert_ok(&first.report);
        let second = Holding::start(&lnd.target(), &["--key", &key]).await;
        assert_ok(&second.report);
        let left = first.end().await;
        assert_eq!((&left["ended_by"], &left["complete"]), (&json!("peer"), &json!(false)), "{nth}: {left}");
    }
}
