//! CSV: all stored data of a peer in a row, under a header.

use std::io;

use ::csv::{ErrorKind, IntoInnerError, ReaderBuilder, StringRecord, Writer, WriterBuilder};

use crate::format::import::{Line, Origin};
use crate::format::record::Record;
use crate::peer::Peer;
use crate::text::disarm;

/// Writes the names of the columns.
pub(super) fn begin(out: &mut impl io::Write) -> io::Result<()> {
    let mut row = Writer::from_writer(Vec::new());
    row.serialize(Record::default())?;
    let rows = row.into_inner().map_err(IntoInnerError::into_error)?;
    let header = rows.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
    out.write_all(header)
}

pub(super) fn write(out: &mut impl io::Write, peer: &Peer) -> io::Result<()> {
    let mut record = Record::of(peer);
    for text in
        [&mut record.chain, &mut record.reason, &mut record.user_agent, &mut record.source, &mut record.identity]
    {
        text.iter_mut().for_each(disarm);
    }
    let mut row = WriterBuilder::new().has_headers(false).from_writer(out);
    row.serialize(record)?;
    row.flush()
}

/// Reads a file line by line: our cells contain no line break, so a quote that is never closed costs one row.
pub(super) fn reader() -> impl FnMut(&Origin, &[u8]) -> Line {
    let mut header = None;
    move |origin, line| {
        if line.trim_ascii().is_empty() {
            return Ok(None);
        }
        let row = row(line)?;
        let Some(header) = &header else {
            header = Some(row);
            return Ok(None);
        };
        if row.len() != header.len() {
            return Err(format!("{} fields as in the header, not {}", header.len(), row.len()));
        }
        let record: Record = row.deserialize(Some(header)).map_err(|error| match error.kind() {
            ErrorKind::Deserialize { err, .. } => format!("another value: {err}"),
            _ => format!("a row of CSV: {error}"),
        })?;
        record.into_peer(origin).map(Some)
    }
}

fn row(line: &[u8]) -> Result<StringRecord, String> {
    let mut rows = ReaderBuilder::new().has_headers(false).buffer_capacity(line.len()).from_reader(line);
    let mut row = StringRecord::new();
    match rows.read_record(&mut row) {
        Ok(_) => Ok(row),
        Err(error) => Err(match error.kind() {
            ErrorKind::Utf8 { .. } => "text in UTF-8".to_owned(),
            _ => format!("a row of CSV: {error}"),
        }),
    }
}
