//! bip157, a light client, dials the program over v1 and BIP324. It writes a flight in parts, without `TCP_NODELAY`.

use verack_interop::light_client::{CHAIN, LightClient, SERVICES};
use verack_interop::program::{Listening, rounds_or};

use crate::assert_ok;

/// A kernel delays an acknowledgement by at least 40 ms; the client waits for one over v1, and for two over v2.
const FAST: f64 = 20.0;

#[tokio::test(flavor = "multi_thread")]
async fn it_dials_us_over_either_transport_and_both_are_done() {
    for (bip324, transport) in [(false, "v1"), (true, "v2")] {
        for _ in 0..rounds_or(5) {
            let mut ours = Listening::start(&["-c", CHAIN, "-s", SERVICES, "--hold", "60s"]).await;
            let mut client = LightClient::dial(ours.us.parse().unwrap(), bip324);
            let report = ours.report().await;
            assert_ok(&report);
            assert_eq!(report["transport"], transport, "{report}");
            client.has_shaken_hands().await;
        }
    }
}

/// The fastest handshake in milliseconds, so that a busy machine does not matter.
#[tokio::test(flavor = "multi_thread")]
async fn what_it_writes_in_parts_does_not_wait_for_our_acknowledgement() {
    for bip324 in [false, true] {
        let options = ["-c", CHAIN, "-s", SERVICES, "--hold", "60s", "--per-address", "100"];
        let mut ours = Listening::start(&options).await;
        let mut best = f64::INFINITY;
        for _ in 0..50 {
            let client = LightClient::dial(ours.us.parse().unwrap(), bip324);
            let report = ours.report().await;
            assert_ok(&report);
            best = best.min(report["timing_ms"]["handshake"].as_f64().unwrap());
            drop(client);
        }
        assert!(best < FAST, "{best} ms");
    }
}
