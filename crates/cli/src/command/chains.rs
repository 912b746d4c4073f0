//! Lists the networks that can be chosen by name.

use std::io::{self, Write};

use bitcoin::chain::{CHAINS, Chain, Kind};
use serde::Serialize;

use super::printed;
use crate::args::{Format, Global};
use crate::exit::{Error, Exit};

#[derive(Serialize)]
#[serde(tag = "type", rename = "chain")]
struct Row {
    name: &'static str,
    aliases: &'static [&'static str],
    kind: &'static str,
    magic: String,
    port: u16,
    announce_version: i32,
    min_peer_version: i32,
    checksum: &'static str,
    bip324: bool,
    dns_seeds: &'static [&'static str],
    seed_filter: Option<&'static str>,
}

impl From<&Chain> for Row {
    fn from(chain: &Chain) -> Self {
        Self {
            name: chain.name,
            aliases: chain.aliases,
            kind: match chain.kind {
                Kind::Main => "main",
                Kind::Test => "test",
                Kind::Regtest => "regtest",
            },
            magic: chain.params.magic.to_string(),
            port: chain.port,
            announce_version: chain.params.announce_version,
            min_peer_version: chain.params.min_peer_version,
            checksum: chain.params.checksum.name(),
            bip324: chain.bip324,
            dns_seeds: chain.dns_seeds,
            seed_filter: chain.seed_filter,
        }
    }
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

fn write_human(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{:<23} {:<8} {:>5}  {:>7}  {:>5}  ALIASES", "NAME", "MAGIC", "PORT", "VERSION", "SEEDS")?;
    for row in CHAINS.iter().map(Row::from) {
        let Row { name, magic, port, announce_version, .. } = &row;
        let (seeds, aliases) = (row.dns_seeds.len(), row.aliases.join(" "));
        let line = format!("{name:<23} {magic:<8} {port:>5}  {announce_version:>7}  {seeds:>5}  {aliases}");
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn write_json(out: &mut impl Write) -> io::Result<()> {
    for row in CHAINS.iter().map(Row::from) {
        serde_json::to_writer(&mut *out, &row)?;
        writeln!(out)?;
    }
    Ok(())
}

fn write_csv(out: &mut impl Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record([
        "name",
        "aliases",
        "kind",
        "magic",
        "port",
        "announce_version",
        "min_peer_version",
        "checksum",
    ])?;
    for row in CHAINS.iter().map(Row::from) {
        writer.write_record([
            row.name,
            &row.aliases.join(" "),
            row.kind,
            &row.magic,
            &row.port.to_string(),
            &row.announce_version.to_string(),
            &row.min_peer_version.to_string(),
            row.checksum,
        ])?;
    }
    writer.flush()
}
