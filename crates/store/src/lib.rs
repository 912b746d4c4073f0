//! The peer database: the data of each peer, and the results of its attempts.
//!
//! ```text
//! crawl ──▶ Writer ──▶ one task ──▶ batches ──▶ SQLite ◀── Store: peers, count_by, show, remembered
//! ```

mod crowd;
mod error;
mod query;
mod row;
mod schema;
mod scribe;
mod sql;
mod store;
mod sweep;

pub use crowd::KEPT_UNANSWERED;
pub use peers;
pub use scribe::KEPT_ATTEMPTS;
pub use store::{BUSY_TIMEOUT, Store};
