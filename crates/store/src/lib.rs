//! The peer database: the data of each peer, and the results of its attempts.
//!
//! ```text
//! crawl ──▶ Writer ──▶ one task ──▶ batches ──▶ SQLite ◀── Store: peers, count_by, show, remembered
//! ```

mod error;
mod eviction;
mod query;
mod row;
mod schema;
mod sql;
mod store;
mod sweep;
mod writer;

pub use eviction::KEPT_UNANSWERED;
pub use peers;
pub use store::{BUSY_TIMEOUT, Store};
pub use writer::KEPT_ATTEMPTS;

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
