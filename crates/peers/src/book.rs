//! The book: what keeps all that is known of peers.

use std::fmt;

use futures_util::future::BoxFuture;

use crate::error::Error;
use crate::peer::PeerHistory;
use crate::query::{Column, Filter, Peers, Sort};
use crate::text::EscapedText;
use crate::writer::Writer;
use address::Endpoint;

/// Values of a column and how many peers have each; `None` is those that have none.
pub type Counts = Vec<(Option<String>, u64)>;

/// Keeps what is known of peers. An engine implements it; a crawl and whatever else asks needs no more.
pub trait Book: fmt::Debug + Send + Sync {
    /// Peers that pass the filter, in this order, at most `limit`. The result shows the database at the first call,
    /// whatever is written meanwhile.
    fn peers(&self, filter: &Filter, sort: Sort, limit: Option<u32>) -> Peers;

    /// All known peers of a network, for the start of a crawl: first the peers that concluded a handshake, the latest
    /// first, then the others, the latest seen first. `Peer::due` says when each may be tried again.
    fn remembered(&self, chain: &EscapedText, limit: Option<u32>) -> Peers;

    /// Counts the matching peers by the value of a column, highest count first; `None` counts peers without a value.
    ///
    /// # Errors
    /// If reading fails.
    fn count_by<'b>(&'b self, column: Column, filter: &'b Filter) -> BoxFuture<'b, Result<Counts, Error>>;

    /// How many peers pass the filter.
    ///
    /// # Errors
    /// If reading fails.
    fn count<'b>(&'b self, filter: &'b Filter) -> BoxFuture<'b, Result<u64, Error>>;

    /// The data of the peer at this address, once for each network in which it is known.
    ///
    /// # Errors
    /// If reading fails.
    fn show<'b>(&'b self, endpoint: &'b Endpoint) -> BoxFuture<'b, Result<Vec<PeerHistory>, Error>>;

    /// Where it is, for messages: its file, for example.
    fn place(&self) -> String;

    /// Closes it. Later calls fail.
    fn close(&self) -> BoxFuture<'_, ()>;

    /// Starts the task that writes. One is enough: two would wait for each other.
    ///
    /// # Errors
    /// The book cannot be written to.
    fn writer(&self) -> BoxFuture<'_, Result<Writer, Error>>;
}
