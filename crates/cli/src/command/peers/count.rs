//! Counts peers by the values of a column.

use std::io::{self, Write};

use peers::{Book, Column, ExportError};
use serde::Serialize;

use super::table::{Align, Cell, Table};
use super::{Selection, say_what_there_is, stdout};
use crate::args::{Format, Global};
use crate::output::{DIM, Paint};
use probe::stamp::Stamp;

/// A value and its number of peers.
#[derive(Serialize)]
#[serde(tag = "type", rename = "count")]
struct Count<'c> {
    started: Stamp,
    by: &'c str,
    value: Option<&'c str>,
    peers: u64,
}

/// Runs the query.
pub async fn run(column: Column, selection: &Selection, book: &dyn Book, global: &Global) -> Result<(), ExportError> {
    let started = Stamp::now();
    let mut counts = book.count_by(column, &selection.filter).await?;
    counts.truncate(selection.limit.map_or(usize::MAX, |limit| limit as usize));
    let name = column.name().replace('-', "_");
    let counts: Vec<_> = counts
        .iter()
        .map(|(value, peers)| Count { started, by: &name, value: value.as_deref(), peers: *peers })
        .collect();
    match global.format() {
        Format::Human => write_human(&counts, &name, Paint::of_stdout(global))?,
        Format::Json => write_json(&counts)?,
        Format::Csv => write_csv(&counts, &name)?,
    }
    if counts.is_empty() {
        say_what_there_is(book, global).await?;
    }
    Ok(())
}

fn write_human(counts: &[Count<'_>], name: &str, paint: Paint) -> io::Result<()> {
    let title = name.to_uppercase().replace('_', " ");
    let mut table = Table::new(stdout(), paint, [("PEERS", Align::Right), (&title, Align::Left)]);
    for Count { value, peers, .. } in counts {
        table.row([peers.to_string().into(), value.map_or_else(|| Cell::styled("-", DIM), Cell::from)])?;
    }
    table.finish().map(drop)
}

fn write_json(counts: &[Count<'_>]) -> io::Result<()> {
    let mut out = stdout();
    for count in counts {
        serde_json::to_writer(&mut out, count)?;
        writeln!(out)?;
    }
    out.flush()
}

fn write_csv(counts: &[Count<'_>], name: &str) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(stdout());
    rows.write_record([name, "peers"])?;
    for Count { value, peers, .. } in counts {
        let mut value = value.unwrap_or_default().to_owned();
        peers::disarm(&mut value);
        rows.write_record([value, peers.to_string()])?;
    }
    rows.flush()
}
