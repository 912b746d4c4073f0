//! Probes peer-to-peer nodes: from what a user names to a verdict on each handshake.
//!
//! ```text
//!  target ──▶ lookup ──▶ dialler ──▶ attempt ──▶ Side (bitcoin, ethereum, …) ──▶ net
//!                            │          │
//!                            ▼          ▼
//!                         ledger      event ──▶ Observer: printers, a crawl, a server
//! ```
//! [`target`] parses what the user names, [`lookup`] finds the addresses behind it, [`dialler`] dials each of them, and
//! an [`attempt`](attempt::Attempts) performs the handshake. [`listen`] performs it with callers. [`protocol`] holds the interface that each protocol
//! implements, and the list of protocols. An [`event::Observer`] receives the events.
//!
//! A program in a few lines:
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let probe = verack_probe::Config::on("bitcoin")?.probe()?;
//! for attempt in probe.target("seed.bitcoin.sipa.be").await? {
//!     println!("{}", attempt.verdict);
//! }
//! # Ok(())
//! # }
//! ```

pub mod ask;
pub mod attempt;
mod config;
pub mod destination;
pub mod dialler;
pub mod escaped;
pub mod event;
pub mod host;
pub mod identify;
mod json;
pub mod key;
pub mod ledger;
pub mod listen;
pub mod lookup;
pub mod pacing;
pub mod plan;
pub mod protocol;
pub mod reasons;
pub mod refused;
pub mod report;
pub mod resolve;
pub mod routes;
pub mod schema;
pub mod similar;
pub mod stamp;
pub mod target;
pub mod trace;
pub mod visit;
pub mod whoami;

pub use config::{Config, Probe};

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
