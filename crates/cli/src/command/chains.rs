//! Lists the networks of each protocol that can be chosen by name.

use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::printed;
use crate::args::{Format, Global};
use crate::exit::{Error, Exit};
use crate::output::flat;
use probe::protocol::Network;
use probe::stamp::Stamp;

/// A network of one protocol. Lightning's networks have the names of their chains, so a row is identified by both
/// names.
#[derive(Serialize)]
#[serde(tag = "type", rename = "chain")]
struct Row {
    started: Stamp,
    name: &'static str,
    protocol: &'static str,
    aliases: &'static [&'static str],
    /// Its purpose, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    port: u16,
    dns_seeds: &'static [&'static str],
    #[serde(flatten)]
    details: Details,
}

/// Fields that only the networks of one protocol have.
struct Details(Vec<(&'static str, Value)>);

impl Serialize for Details {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Details {
    /// The numbers and short texts with these names, for people; a hash would fill the line.
    fn shown(&self, names: &[&str]) -> String {
        let found = self.0.iter().find(|(name, _)| names.contains(name));
        found.map_or_else(|| "-".to_owned(), |(_, value)| flat(value))
    }
}

/// Every network of each protocol, one protocol after the other.
fn rows() -> impl Iterator<Item = Row> {
    let started = Stamp::now();
    Network::all().map(move |network| {
        let Network { protocol, name, aliases, kind, port, dns_seeds } = network;
        let details = Details(protocol.details(&network));
        Row { started, name, protocol: protocol.name(), aliases, kind, port, dns_seeds, details }
    })
}

/// Runs the command.
pub fn run(global: &Global) -> Result<Exit, Error> {
    let mut out = io::stdout().lock();
    let written = match global.format() {
        Format::Human => write_human(&mut out),
        Format::Json => write_json(&mut out),
        Format::Csv => write_csv(&mut out),
    };
    printed(written)
}

/// One table of the columns that are short and make sense in each protocol.
fn write_human(out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{:<23} {:<9} {:>5}  {:>8}  {:>7}  {:>5}  ALIASES",
        "NAME", "PROTOCOL", "PORT", "ID", "VERSION", "SEEDS"
    )?;
    for row in rows() {
        let Row { name, protocol, port, details, .. } = &row;
        let (seeds, aliases) = (row.dns_seeds.len(), row.aliases.join(" "));
        let (id, version) = (details.shown(&["magic", "network_id"]), details.shown(&["announce_version"]));
        let line = format!("{name:<23} {protocol:<9} {port:>5}  {id:>8}  {version:>7}  {seeds:>5}  {aliases}");
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn write_json(out: &mut impl Write) -> io::Result<()> {
    for row in rows() {
        serde_json::to_writer(&mut *out, &row)?;
        writeln!(out)?;
    }
    Ok(())
}

/// The fields of the JSON form; those of other protocols are empty.
fn write_csv(out: &mut impl Write) -> io::Result<()> {
    const COLUMNS: [&str; 16] = [
        "name",
        "protocol",
        "aliases",
        "kind",
        "port",
        "dns_seeds",
        "magic",
        "announce_version",
        "min_peer_version",
        "checksum",
        "bip324",
        "seed_filter",
        "network_id",
        "genesis",
        "chain_hash",
        "started",
    ];
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(COLUMNS)?;
    for row in rows() {
        let row = serde_json::to_value(row)?;
        writer.write_record(COLUMNS.map(|name| flat(&row[name])))?;
    }
    writer.flush()
}
