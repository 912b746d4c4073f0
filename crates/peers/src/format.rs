//! Files of peers: the formats of other programs, and two formats for all stored data.
//!
//! ```text
//!  Store ──▶ Exporter ──▶ file ──▶ Importer ──▶ Writer
//! ```
//!
//! An importer reads what an exporter of the same format writes. A line that cannot be read gives an error with its
//! place and what was expected, and the import continues with the next line.

mod bitnodes;
mod csv;
mod dnsseed;
mod guess;
mod import;
mod jsonl;
mod lines;
mod list;
mod packed;
mod record;
mod rows;
mod rpc;

use std::io;

use crate::error::Error;
use crate::good::Standard;
use crate::peer::Peer;

pub use import::{BadLine, Importer, Origin, Unread};
pub use packed::{MAX_UNPACKED_LEN, unpack};

/// A format of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// All stored data, one JSON object on each line.
    JsonLines,
    /// All stored data, as a table with a header.
    Csv,
    /// An array of rows, as bitnodes exports them. The importer also reads its shorter crawl rows and the answers of
    /// its API.
    Bitnodes,
    /// What Core's RPC `getnodeaddresses` prints.
    Rpc,
    /// The dump of a DNS seeder, which Core's makeseeds.py reads.
    Dnsseed,
    /// An address on each line.
    List,
}

impl Format {
    /// All formats, with their names.
    pub const ALL: [(&str, Self); 6] = [
        ("jsonl", Self::JsonLines),
        ("csv", Self::Csv),
        ("bitnodes", Self::Bitnodes),
        ("rpc", Self::Rpc),
        ("dnsseed", Self::Dnsseed),
        ("list", Self::List),
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }

    /// Whether a file of this format says on which network each peer is.
    #[must_use]
    pub fn tells_networks_apart(self) -> bool {
        match self {
            Self::JsonLines | Self::Csv => true,
            Self::Bitnodes | Self::Rpc | Self::Dnsseed | Self::List => false,
        }
    }
}

/// Writes peers in a format.
#[derive(Debug)]
pub struct Exporter<W> {
    format: Format,
    standard: Standard,
    out: W,
    written: u64,
}

impl<W: io::Write> Exporter<W> {
    /// Begins a file. `standard` decides which peers are good in `dnsseed.dump`. Each peer is written at once, so `out`
    /// should be buffered.
    pub fn new(format: Format, standard: Standard, out: W) -> Self {
        Self { format, standard, out, written: 0 }
    }

    /// Writes one more peer.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&mut self, peer: &Peer) -> io::Result<()> {
        self.begin_if_due()?;
        match self.format {
            Format::JsonLines => jsonl::write(&mut self.out, peer),
            Format::Csv => csv::write(&mut self.out, peer),
            Format::Bitnodes => bitnodes::write(&mut self.out, peer, self.written == 0),
            Format::Rpc => rpc::write(&mut self.out, peer, self.written == 0),
            Format::Dnsseed => dnsseed::write(&mut self.out, peer, &self.standard),
            Format::List => list::write(&mut self.out, peer),
        }?;
        self.written += 1;
        Ok(())
    }

    /// Ends the file. Returns how many peers were written.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(mut self) -> io::Result<u64> {
        self.begin_if_due()?;
        if let Format::Bitnodes | Format::Rpc = self.format {
            bitnodes::end(&mut self.out, self.written)?;
        }
        self.out.flush()?;
        Ok(self.written)
    }

    fn begin_if_due(&mut self) -> io::Result<()> {
        match self.format {
            _ if self.written > 0 => Ok(()),
            Format::Csv => csv::begin(&mut self.out),
            Format::Dnsseed => dnsseed::begin(&mut self.out),
            Format::JsonLines | Format::Bitnodes | Format::Rpc | Format::List => Ok(()),
        }
    }
}

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database.
    #[error(transparent)]
    Store(#[from] Error),
    /// The file.
    #[error(transparent)]
    Io(#[from] io::Error),
}
