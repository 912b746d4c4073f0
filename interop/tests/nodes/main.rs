//! Handshakes with real nodes, one file for each. They are one program, so that its tests run side by side: they mostly
//! wait for nodes.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod bcoin;
mod btcd;
mod crawl;
mod ethereumjs;
mod geth;
mod go_libp2p;
mod js_libp2p;
mod ldk;
mod light_client;
mod litecoind;
mod lnd;
mod monerod;
mod rust_libp2p;
mod verack;
mod verack_keyed;
mod verack_monero;
mod zebra;

use serde_json::Value;

/// Asserts that a handshake concluded.
#[track_caller]
fn assert_ok(report: &Value) {
    assert_eq!(report["outcome"], "ok", "{report:#}");
}
