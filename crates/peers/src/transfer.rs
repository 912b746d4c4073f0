//! Copies peers between a book and files.

use std::io;

use crate::book::{Book, Counts};
use crate::error::Error;
use crate::format::{BadLine, ExportError, Exporter, Format, Importer, Unread};
use crate::good::Standard;
use crate::query::{Column, Filter, Sort, SortBy};
use crate::writer::Writer;

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

/// Restricts a filter to the only network of the peers that pass it: for the formats that do not
/// [tell networks apart](Format::tells_networks_apart).
///
/// # Errors
/// If there are several networks; and those of the book.
pub async fn of_one_network(book: &dyn Book, filter: &Filter) -> Result<Filter, NotOneNetwork> {
    let mut filter = filter.clone();
    if filter.chain.is_none() {
        let mut counts = book.count_by(Column::Chain, &filter).await?;
        if counts.len() > 1 {
            return Err(NotOneNetwork::Several(counts));
        }
        filter.chain = counts.pop().and_then(|(chain, _)| chain).map(|chain| chain.as_str().into());
    }
    Ok(filter)
}

/// Why a filter cannot be restricted to one network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotOneNetwork {
    /// There are peers of several networks: this many of each.
    #[error("there are peers of {} networks", .0.len())]
    Several(Counts),
    /// The book cannot be read.
    #[error(transparent)]
    Book(#[from] Error),
}

/// Stores the peers of a file. Hands over each line that cannot be read, and continues after it. Returns how many peers
/// were stored. [`Writer::flush`] tells whether they all are in the book.
///
/// # Errors
/// Those of the book, and of the file. What came before is stored.
pub async fn import(
    peers: Importer<'_>,
    writer: &Writer,
    mut unreadable: impl FnMut(BadLine),
) -> Result<u64, ImportError> {
    let mut count = 0;
    for peer in peers {
        match peer {
            Ok(peer) => {
                writer.import(peer).await?;
                count += 1;
            }
            Err(Unread::Line(line)) => unreadable(line),
            Err(Unread::Io { error, .. }) => return Err(ImportError::Io(error)),
        }
    }
    Ok(count)
}

/// Why a file was not imported to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The book.
    #[error(transparent)]
    Book(#[from] Error),
    /// The file.
    #[error(transparent)]
    Io(io::Error),
}
