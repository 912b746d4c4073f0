//! lnd on a simulation network, met by the program itself.

use serde_json::json;
use verack_interop::eventually;
use verack_interop::lnd::Lnd;
use verack_interop::program::{Listening, report, rounds_or};

use crate::assert_ok;

/// The id of a node that is named `ID@HOST:PORT`.
fn id(target: &str) -> &str {
    target.split('@').next().unwrap()
}

/// One node serves for all of it: it takes seconds of computing to start.
#[tokio::test(flavor = "multi_thread")]
async fn in_both_roles_it_is_found_ok_each_time() {
    let Some(lnd) = Lnd::start().await else { return };
    we_dial(&lnd).await;
    it_dials(&lnd).await;
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
