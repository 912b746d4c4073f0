//! Handshakes with real nodes that we did not write: `tests/` has one file per node.
//!
//! ```text
//!   test ── rpc ──▶ node     what it says of itself, and of us
//!    └── handshake ─▶ ◀─┘    either of the two dials
//! ```
//!
//! A node runs in a directory of its own, on loopback, and ends with the test that started it. `cargo xtask test` runs
//! all of this in a network namespace with no way out. A node that is not installed is left out, and the test says so;
//! with `VERACK_REQUIRE_REAL_NODES=1` it fails instead.
//!
//! To add a node: a file here that starts it, a file in `tests/`, and, if it comes from npm, its `package.json` and
//! lock in `peers/`.

#![expect(clippy::panic, reason = "what a node does not do fails its test")]

pub mod bcoin;
pub mod ethereumjs;
pub mod js_libp2p;
pub mod kept;
pub mod ldk;
pub mod litecoind;
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

pub use node::{Node, eventually};
