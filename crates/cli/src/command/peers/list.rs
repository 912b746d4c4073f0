//! Lists peers: for people, or with all known facts.

use std::io::{self, Write};

use peers::{Book, EscapedText, ExportError, Format as FileFormat, Peer};
use serde::Serialize;

use super::table::{Align, Cell, Table, or_dash};
use super::{Selection, say_what_there_is, stdout, style_of};
use crate::args::{Format, Global};
use crate::calendar::Utc;
use crate::output::{DIM, Paint};
use probe::stamp::Stamp;

/// Runs the query.
pub async fn run(selection: &Selection, book: &dyn Book, global: &Global) -> Result<(), ExportError> {
    let count = match global.format() {
        Format::Human => write_table(selection, book, Paint::of_stdout(global), stdout()).await?,
        Format::Json => write_json(selection, book).await?,
        Format::Csv => write_csv(selection, book).await?,
    };
    if count == 0 {
        say_what_there_is(book, global).await?;
    }
    Ok(())
}

/// The exported JSON Lines, with the time of the query, as in all records.
async fn write_json(selection: &Selection, book: &dyn Book) -> Result<u64, ExportError> {
    #[derive(Serialize)]
    #[serde(tag = "type", rename = "peer")]
    struct Listed<'p> {
        started: Stamp,
        #[serde(flatten)]
        peer: &'p Peer,
    }
    let Selection { filter, sort, limit } = selection;
    let started = Stamp::now();
    let mut peers = book.peers(filter, *sort, *limit);
    let (mut out, mut count) = (stdout(), 0);
    while let Some(peer) = peers.next().await? {
        serde_json::to_writer(&mut out, &Listed { started, peer: &peer }).map_err(io::Error::from)?;
        writeln!(out)?;
        count += 1;
    }
    out.flush()?;
    Ok(count)
}

async fn write_csv(selection: &Selection, book: &dyn Book) -> Result<u64, ExportError> {
    let Selection { filter, sort, limit } = selection;
    peers::export(book, FileFormat::Csv, (filter, *sort, *limit), crawl::standard(None), stdout()).await
}

const COLUMNS: [(&str, Align); 9] = [
    ("ADDRESS", Align::Left),
    ("CHAIN", Align::Left),
    ("LAST TRY", Align::Left),
    ("GOOD/TRIED", Align::Right),
    ("VERSION", Align::Right),
    ("HEIGHT", Align::Right),
    ("MS", Align::Right),
    ("LAST SEEN (UTC)", Align::Left),
    ("USER AGENT", Align::Left),
];

/// Whether a file with this start is such a table.
pub fn is_table(start: &[u8]) -> bool {
    let [first, second] = [COLUMNS[0].0, COLUMNS[1].0].map(str::as_bytes);
    let mut words = start.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.next() == Some(first) && words.next() == Some(second)
}

/// One line per peer, after a header.
pub async fn write_table(
    selection: &Selection,
    book: &dyn Book,
    paint: Paint,
    out: impl Write,
) -> Result<u64, ExportError> {
    let Selection { filter, sort, limit } = selection;
    let mut peers = book.peers(filter, *sort, *limit);
    let mut table = Table::new(out, paint, COLUMNS);
    while let Some(peer) = peers.next().await? {
        table.row(row(&peer))?;
    }
    Ok(table.finish()?)
}

fn row(peer: &Peer) -> [Cell; 9] {
    let reason = peer.ending.as_ref().map(|ending| Cell::styled(ending.reason.as_str(), style_of(ending.outcome)));
    [
        peer.endpoint.to_string().into(),
        peer.chain.as_str().into(),
        reason.unwrap_or_else(|| Cell::styled("-", DIM)),
        format!("{}/{}", peer.good, peer.tried).into(),
        or_dash(peer.version),
        or_dash(peer.height),
        or_dash(peer.latency.map(in_ms)),
        or_dash(peer.last_seen.map(Utc)),
        peer.user_agent.as_ref().map_or("", EscapedText::as_str).into(),
    ]
}

/// Milliseconds, to a tenth.
pub fn in_ms(latency: std::time::Duration) -> String {
    format!("{:.1}", latency.as_secs_f64() * 1e3)
}
