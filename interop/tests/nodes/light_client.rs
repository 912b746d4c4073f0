//! bip157, a light client, which dials the program over v1 and BIP324. It writes a flight in parts, without `TCP_NODELAY`.

use verack_interop::light_client::{CHAIN, LightClient, SERVICES};
use verack_interop::program::{Listening, rounds_or};

use crate::assert_ok;

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
