//! Lists the networks that can be chosen by name, of each protocol.

use std::io::{self, Write};

use bitcoin::chain::Kind;
use clap::ValueEnum as _;
use handshake::Hex;
use serde::Serialize;

use super::printed;
use crate::args::{Format, Global, ProtocolName};
use crate::calendar::Stamp;
use crate::exit::{Error, Exit};
use crate::output::flat;
use crate::protocol::Chain;

/// A network, as the nodes of one protocol know it. Lightning's have the names of the chains that they run on, so it
/// takes both names to tell a row.
#[derive(Serialize)]
#[serde(tag = "type", rename = "chain")]
struct Row {
    started: Stamp,
    name: &'static str,
    protocol: &'static str,
    aliases: &'static [&'static str],
    /// What it is for, if we know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    port: u16,
    dns_seeds: &'static [&'static str],
    #[serde(flatten)]
    own: Own,
}

/// What only the networks of one protocol have: by what their nodes know each other, first of all.
#[derive(Serialize)]
#[serde(untagged)]
enum Own {
    Bitcoin {
        magic: String,
        announce_version: i32,
        min_peer_version: i32,
        checksum: &'static str,
        bip324: bool,
        seed_filter: Option<&'static str>,
    },
    Ethereum {
        network_id: u64,
        genesis: String,
    },
    Lightning {
        chain_hash: String,
    },
    Monero {
        genesis: String,
    },
}

/// Every network of each protocol, one protocol after the other.
fn rows() -> impl Iterator<Item = Row> {
    let protocols = ProtocolName::value_variants().iter();
    let started = Stamp::now();
    protocols.flat_map(move |protocol| Chain::all().filter_map(move |chain| Row::of(chain, *protocol, started)))
}

impl Row {
    /// `None` if this protocol is not spoken there.
    fn of(chain: Chain, spoken: ProtocolName, started: Stamp) -> Option<Self> {
        let row = match chain {
            Chain::Bitcoin(chain) if spoken == ProtocolName::Lightning => {
                let lightning = lightning::Chain::named(chain.name)?;
                let chain_hash = Hex(&lightning.hash.0).to_string();
                let own = Own::Lightning { chain_hash };
                let row = Self::of_bitcoin(chain, started);
                Self { protocol: "lightning", port: lightning.port, dns_seeds: &[], own, ..row }
            }
            _ if !chain.is_of(spoken) => return None,
            Chain::Bitcoin(chain) => Self::of_bitcoin(chain, started),
            Chain::Ethereum(network) => Self {
                started,
                name: network.name,
                protocol: "ethereum",
                aliases: &[],
                kind: None,
                port: ethereum::enode::DEFAULT_PORT,
                dns_seeds: &[],
                own: Own::Ethereum { network_id: network.network_id, genesis: network.genesis.to_string() },
            },
            Chain::Monero(network) => Self {
                started,
                name: network.name,
                protocol: "monero",
                aliases: &[],
                kind: None,
                port: network.port,
                dns_seeds: network.dns_seeds,
                own: Own::Monero { genesis: Hex(&network.genesis).to_string() },
            },
        };
        Some(row)
    }

    fn of_bitcoin(chain: &'static bitcoin::Chain, started: Stamp) -> Self {
        Self {
            started,
            name: chain.name,
            protocol: "bitcoin",
            aliases: chain.aliases,
            kind: Some(match chain.kind {
                Kind::Main => "main",
                Kind::Test => "test",
                Kind::Regtest => "regtest",
            }),
            port: chain.port,
            dns_seeds: chain.dns_seeds,
            own: Own::Bitcoin {
                magic: chain.params.magic.to_string(),
                announce_version: chain.params.announce_version,
                min_peer_version: chain.params.min_peer_version,
                checksum: chain.params.checksum.name(),
                bip324: chain.bip324,
                seed_filter: chain.seed_filter,
            },
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

/// One table, with what is as short as a line and means something in each protocol.
fn write_human(out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{:<23} {:<9} {:>5}  {:>8}  {:>7}  {:>5}  ALIASES",
        "NAME", "PROTOCOL", "PORT", "ID", "VERSION", "SEEDS"
    )?;
    for row in rows() {
        let Row { name, protocol, port, own, .. } = &row;
        let (seeds, aliases) = (row.dns_seeds.len(), row.aliases.join(" "));
        // A hash is no name that anybody reads: it is in the other formats.
        let (id, version) = match own {
            Own::Bitcoin { magic, announce_version, .. } => (magic.clone(), announce_version.to_string()),
            Own::Ethereum { network_id, .. } => (network_id.to_string(), "-".to_owned()),
            Own::Lightning { .. } | Own::Monero { .. } => ("-".to_owned(), "-".to_owned()),
        };
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

/// The same fields as in the JSON form; those of another protocol are empty.
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
