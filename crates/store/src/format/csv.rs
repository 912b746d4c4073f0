//! CSV: all that is known of a peer as a row, under a header.

use std::io::{self, BufRead};
use std::iter;
use std::sync::Arc;

use ::csv::{ErrorKind, IntoInnerError, Position, ReaderBuilder, StringRecord, Writer, WriterBuilder};

use crate::format::import::{BadLine, Origin, Unread};
use crate::format::record::Record;
use crate::peer::Peer;
use crate::text::disarm;

/// The names of the columns, which a row without its header would not tell.
pub(super) fn begin(out: &mut impl io::Write) -> io::Result<()> {
    let mut row = Writer::from_writer(Vec::new());
    row.serialize(Record::default())?;
    let rows = row.into_inner().map_err(IntoInnerError::into_error)?;
    let header = rows.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
    out.write_all(header)
}

pub(super) fn write(out: &mut impl io::Write, peer: &Peer) -> io::Result<()> {
    let mut record = Record::of(peer);
    for text in [&mut record.chain, &mut record.reason, &mut record.user_agent, &mut record.source] {
        text.iter_mut().for_each(disarm);
    }
    let mut row = WriterBuilder::new().has_headers(false).from_writer(out);
    row.serialize(record)?;
    row.flush()
}

pub(super) fn read(origin: Origin, input: impl BufRead) -> impl Iterator<Item = Result<Peer, Unread>> {
    let mut rows = ReaderBuilder::new().from_reader(input);
    iter::from_fn(move || {
        let mut row = StringRecord::new();
        let more = rows.read_record(&mut row);
        let line = row.position().map_or(1, Position::line);
        let peer = match more {
            Ok(false) => return None,
            Ok(true) => rows.headers().and_then(|header| row.deserialize::<Record>(Some(header))),
            Err(error) => Err(error),
        };
        let peer = match peer {
            Ok(record) => record.into_peer(&origin),
            Err(error) if error.is_io_error() => {
                return Some(Err(Unread::Io { name: Arc::clone(&origin.name), error: error.into() }));
            }
            Err(error) => Err(expected(&error)),
        };
        Some(peer.map_err(|expected| BadLine::new(&origin, line, &expected).into()))
    })
}

fn expected(error: &::csv::Error) -> String {
    match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{expected_len} fields as in the header, not {len}")
        }
        ErrorKind::Utf8 { .. } => "text in UTF-8".to_owned(),
        ErrorKind::Deserialize { err, .. } => format!("another value: {err}"),
        _ => format!("a row of CSV: {error}"),
    }
}
