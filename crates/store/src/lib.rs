//! The peer database: what is known of each peer, and how it fared.
//!
//! ```text
//! crawl ──▶ Writer ──▶ one task ──▶ batches ──▶ SQLite ◀── Store: peers, count_by, show, remembered
//!                                                  ▲            │
//!                                                import       export: JSON Lines, CSV, bitnodes, dnsseed.dump
//! ```
//!
//! It knows no protocol, no socket and no clock: networks, reasons and times are told to it. What peers chose, such as
//! their user agents, is kept as [`Shown`], which no file format misreads.

mod address;
mod crowd;
mod error;
mod format;
mod good;
mod peer;
mod query;
mod reliability;
mod row;
mod schema;
mod scribe;
mod sql;
mod store;
mod sweep;
mod text;
mod writer;

pub use address::{Address, Network, NoAddress};
pub use crowd::KEPT_UNANSWERED;
pub use error::{Error, Why};
pub use format::{BadLine, ExportError, Exporter, Format, Importer, MAX_UNPACKED_LEN, Origin, Unread, unpack};
pub use good::Standard;
pub use handshake::Outcome;
pub use peer::{Attempt, Introduced, Learned, PeerHistory, Time, Transports};
pub use query::{Column, Filter, Peers, Sort, SortBy};
pub use reliability::{Average, MIN_RETRY_S, Reliability, WINDOWS};
pub use scribe::KEPT_ATTEMPTS;
pub use store::{BUSY_TIMEOUT, Store};
pub use text::{MAX_TEXT_LEN, Shown, disarm};
pub use writer::Writer;

/// What is known of a peer.
///
/// ```
/// use verack_store::{Peer, Time};
///
/// let peer = Peer::new("bitcoin".into(), "192.0.2.1:8333".parse()?, Time::now());
/// assert!(!peer.is_reachable(), "whether its last handshake was concluded");
/// assert_eq!(peer.due(), None, "when it may be tried again, if it was tried");
/// # Ok::<(), verack_store::NoAddress>(())
/// ```
pub type Peer = peer::Peer<Shown>;

/// How an attempt ended.
pub type Ending = peer::Ending<Shown>;

/// An attempt of the past.
pub type Past = peer::Past<Shown>;
