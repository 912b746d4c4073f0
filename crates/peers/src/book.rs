//! The book: what keeps all that is known of peers.

use std::fmt;
use std::io;

use futures_util::future::BoxFuture;

use crate::address::Address;
use crate::error::Error;
use crate::format::{ExportError, Exporter, Format};
use crate::good::Standard;
use crate::peer::PeerHistory;
use crate::query::{Column, Filter, Peers, Sort, SortBy};
use crate::text::EscapedText;
use crate::writer::Writer;

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
    fn show<'b>(&'b self, address: &'b Address) -> BoxFuture<'b, Result<Vec<PeerHistory>, Error>>;

    /// Starts the task that writes. One is enough: two would wait for each other.
    ///
    /// # Errors
    /// The book cannot be written to.
    fn writer(&self) -> BoxFuture<'_, Result<Writer, Error>>;
}

/// Writes the peers of a book that pass the filter, at most so many. Returns how many.
///
/// The formats of other programs hold peers that shook hands at least once, and `dnsseed.dump` has an order of its own.
///
/// It writes to `out` between two peers, and blocks its thread as long as that takes. A caller that must not be blocked
/// takes [`Book::peers`] and an [`Exporter`].
///
/// # Errors
/// Those of the book and of `out`.
pub async fn export(
    book: &dyn Book,
    format: Format,
    (filter, sort, limit): (&Filter, Sort, Option<u32>),
    standard: Standard,
    out: impl io::Write,
) -> Result<u64, ExportError> {
    let theirs = matches!(format, Format::Bitnodes | Format::Dnsseed);
    let filter = Filter { ever_good: filter.ever_good || theirs, ..filter.clone() };
    let sort = if format == Format::Dnsseed { Sort { by: SortBy::Reliability, descending: true } } else { sort };
    let mut exporter = Exporter::new(format, standard, out);
    let mut peers = book.peers(&filter, sort, limit);
    while let Some(peer) = peers.next().await? {
        exporter.write(&peer)?;
    }
    Ok(exporter.finish()?)
}
