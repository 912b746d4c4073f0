//! Reads peers from a file of any format, and continues after parts that cannot be read.

use std::fmt;
use std::io::{self, BufRead};
use std::sync::Arc;

use handshake::Printable;

use crate::format::lines::Lines;
use crate::format::{Format, bitnodes, csv, dnsseed, jsonl, list};
use crate::peer::{Peer, Time};
use crate::text::EscapedText;

/// Values for what a file does not say.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The file's name, for messages.
    pub name: Arc<str>,
    /// The network.
    pub chain: EscapedText,
    /// The port of an address that has none.
    pub port: u16,
    /// The current time. Later times in a file are replaced by it.
    pub now: Time,
    /// The source to record for its peers.
    pub source: EscapedText,
}

/// The peers of a file.
pub struct Importer<'r>(Box<dyn Iterator<Item = Result<Peer, Unread>> + 'r>);

impl<'r> Importer<'r> {
    /// Reads a file of this format.
    pub fn new(format: Format, origin: Origin, input: impl BufRead + 'r) -> Self {
        let name = Arc::clone(&origin.name);
        let peers: Box<dyn Iterator<Item = Result<Peer, Unread>> + 'r> = match format {
            Format::JsonLines => each_line(origin, input, jsonl::read),
            Format::Dnsseed => each_line(origin, input, dnsseed::read),
            Format::List => each_line(origin, input, list::read),
            Format::Csv => each_line(origin, input, csv::reader()),
            Format::Bitnodes | Format::Rpc => Box::new(bitnodes::read(origin, input)),
        };
        Self(Box::new(peers.map(move |peer| {
            peer.map_err(|unread| match unread {
                Unread::Io { error, .. } => Unread::Io { name: Arc::clone(&name), error },
                line @ Unread::Line(_) => line,
            })
        })))
    }
}

impl Iterator for Importer<'_> {
    type Item = Result<Peer, Unread>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

impl fmt::Debug for Importer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Importer").finish_non_exhaustive()
    }
}

/// The content of one line: a peer, nothing, or an error that says what was expected.
pub(super) type Line = Result<Option<Peer>, String>;

fn each_line<'r>(
    origin: Origin,
    input: impl BufRead + 'r,
    mut read: impl FnMut(&Origin, &[u8]) -> Line + 'r,
) -> Box<dyn Iterator<Item = Result<Peer, Unread>> + 'r> {
    Box::new(Lines::new(input).filter_map(move |(line, bytes)| {
        let bytes = match bytes {
            Ok(bytes) => bytes.ok_or_else(|| "a shorter line".to_owned()),
            Err(error) => return Some(Err(Unread::Io { name: Arc::clone(&origin.name), error })),
        };
        match bytes.and_then(|bytes| read(&origin, &bytes)) {
            Ok(peer) => peer.map(Ok),
            Err(expected) => Some(Err(BadLine::new(&origin, line, &expected).into())),
        }
    }))
}

/// A part of a file that was not read.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// One line or row. The import continues after it.
    #[error(transparent)]
    Line(#[from] BadLine),
    /// The rest of the file.
    #[error("{name}: {error}")]
    Io {
        /// The file's name.
        name: Arc<str>,
        /// The system's error.
        error: io::Error,
    },
}

/// A line that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}:{line}: expected {expected}")]
pub struct BadLine {
    /// The file's name.
    pub name: Arc<str>,
    /// Counted from 1.
    pub line: u64,
    /// What was expected there, safe to print.
    pub expected: String,
}

impl BadLine {
    pub(super) fn new(origin: &Origin, line: u64, expected: &str) -> Self {
        // It may quote bytes of the file.
        let expected = Printable(expected.as_bytes()).to_string();
        Self { name: Arc::clone(&origin.name), line, expected }
    }
}
