//! Handshakes with independent real nodes: `tests/nodes/` has one file per node.
//!
//! ```text
//!   test ── rpc ──▶ node     its information on itself and on us
//!    └── handshake ─▶ ◀─┘    either of the two dials
//! ```
//!
//! A node runs in its own directory, on loopback, and stops with the test that started it. `cargo xtask test` runs all
//! tests in a network namespace without a way out. The test of a node that is not installed is left out, and reports
//! it; with `VERACK_REQUIRE_REAL_NODES=1` it fails instead.
//!
//! To add a node: a file here that starts it, a file in `tests/nodes/`, and a folder in `peers/npm`, `peers/go` or
//! `peers/rust` that pins its version, from which `cargo xtask real-nodes` builds it.

#![expect(clippy::panic, reason = "what a node does not do fails its test")]

pub mod bcoin;
pub mod btcd;
pub mod ethereumjs;
pub mod geth;
pub mod go_libp2p;
mod installed;
pub mod js_libp2p;
pub mod kept;
pub mod ldk;
pub mod light_client;
pub mod litecoind;
pub mod lnd;
pub mod meet;
pub mod meet_libp2p;
pub mod meet_lightning;
pub mod meet_monero;
mod missing;
pub mod monerod;
pub mod netns;
mod node;
pub mod program;
pub mod rlpx;
mod rpc;
pub mod rust_libp2p;
pub mod zebra;

pub use node::{Node, eventually};
