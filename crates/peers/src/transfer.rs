//! Copies peers from a book to a file.

use std::io;

use crate::book::Book;
use crate::format::{ExportError, Exporter, Format};
use crate::good::Standard;
use crate::query::{Filter, Sort, SortBy};

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
