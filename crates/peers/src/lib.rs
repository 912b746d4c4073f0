//! What is known of peers: their addresses, how they fared and how reliable they are; the files in which programs exchange that;
//! and the [`Book`] that keeps it, whatever engine does.
//!
//! It knows no protocol, no socket and no clock: networks, reasons and times are told to it. What peers chose, such as
//! their user agents, is kept as [`EscapedText`], which no file format misreads.

mod book;
mod error;
mod format;
mod good;
mod introduction;
mod peer;
mod query;
mod reliability;
mod text;
mod transfer;
mod writer;

pub use address::{BadEndpoint, Endpoint, Network};
pub use book::{Book, Counts};
pub use error::{Error, Why};
pub use format::{BadLine, ExportError, Exporter, Format, Importer, MAX_UNPACKED_LEN, Origin, Unread, unpack};
pub use good::Standard;
pub use handshake::Outcome;
pub use introduction::{Introduction, MAX_INTRODUCTION_LEN};
pub use peer::{Attempt, Ending as RawEnding, Past as RawPast, Peer as RawPeer};
pub use peer::{Introduced, Learned, OUTCOMES, PeerHistory, STAGES, Time, Transports};
pub use query::{Column, Filter, PeerSender, Peers, Sort, SortBy};
pub use reliability::{Average, MIN_RETRY_S, Reliability, WINDOWS};
pub use text::{EscapedText, MAX_TEXT_LEN, disarm};
pub use transfer::{ImportError, NotOneNetwork, export, import, of_one_network};
pub use writer::{Batch, BatchWriter, PeerUpdate, Writer};

/// What is known of a peer.
///
/// ```
/// use verack_peers::{Peer, Time};
///
/// let peer = Peer::new("bitcoin".into(), "192.0.2.1:8333".parse()?, Time::now());
/// assert!(!peer.is_reachable(), "whether its last handshake was concluded");
/// assert_eq!(peer.due(), None, "when it may be tried again, if it was tried");
/// # Ok::<(), verack_peers::BadEndpoint>(())
/// ```
pub type Peer = peer::Peer<EscapedText>;

/// How an attempt ended.
pub type Ending = peer::Ending<EscapedText>;

/// An attempt of the past.
pub type Past = peer::Past<EscapedText>;

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
