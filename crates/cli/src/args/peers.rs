//! The arguments of commands on the peer database.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};
use peers::{Column, Network, SortBy, Time};

use super::values;
use crate::calendar;
use crate::database::Database;
use probe::protocol::{Network as Chain, ServicesArg};

/// Asking the peer database.
#[derive(Debug, Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Peers {
    /// What else to do with it than to list peers.
    #[command(subcommand)]
    pub command: Option<PeersCommand>,
    /// Count peers by this, instead of listing them
    #[arg(long, value_name = "COLUMN", value_parser = one_of(&Column::ALL), conflicts_with_all = ["sort", "reverse"])]
    pub count_by: Option<Column>,
    /// Which peers, in which order.
    #[command(flatten)]
    pub query: Query,
    /// Which database.
    #[command(flatten)]
    pub database: Database,
}

const AFTER_HELP: &str = "\
Examples:
  verack peers --reachable --count-by user-agent       how many run what?
  verack peers --network onion --sort last-good -n 20  the last that answered over Tor
  verack peers show 192.0.2.1:8333                     its history, and the source of its address
  verack peers export --as dnsseed -c bitcoin          for Core's makeseeds.py
  verack peers import nodes.json seeds.txt             what bitnodes and a seeder know

Exit codes:
  0  all was answered or taken     1  no such peer, or some lines of a file were not taken
  2  wrong usage                   3  the database or a file cannot be used";

/// What can be done with the database.
#[derive(Debug, Subcommand)]
pub enum PeersCommand {
    /// Show all that is known of a peer, and how the last attempts went
    Show(Show),
    /// Write peers as other programs read them
    Export(Export),
    /// Read peers from files, of other programs too
    Import(Import),
}

/// One peer.
#[derive(Debug, Args)]
pub struct Show {
    /// Its address: IP, IP:PORT (IPv6 in brackets), or a name in .onion or .b32.i2p
    #[arg(value_name = "ADDR")]
    pub address: String,
    /// The network whose port an address has that names none
    #[arg(short, long, value_name = "NAME", default_value = "bitcoin", value_parser = values::NetworkParser, hide_possible_values = true)]
    pub chain: Chain,
}

/// Writing peers.
#[derive(Debug, Args)]
pub struct Export {
    /// The format [default: jsonl]
    #[arg(long = "as", value_enum, value_name = "FORMAT", conflicts_with_all = ["json", "format"])]
    pub file_format: Option<FileFormat>,
    /// Which peers, in which order.
    #[command(flatten)]
    pub query: Query,
}

/// Reading peers.
#[derive(Debug, Args)]
pub struct Import {
    /// Files to read; '-' is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<String>,
    /// Their format [default: by how each of them begins]
    #[arg(long = "as", value_parser = one_of(&peers::Format::ALL), value_name = "FORMAT")]
    pub file_format: Option<peers::Format>,
    /// The network of peers of which a file does not say it, by name or alias
    #[arg(short, long, value_name = "NAME", default_value = "bitcoin", value_parser = values::NetworkParser, hide_possible_values = true)]
    pub chain: Chain,
}

/// How peers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    /// All that is known: an object of JSON on each line
    Jsonl,
    /// All that is known: a table with a header
    Csv,
    /// Bitnodes' rows: a JSON array of arrays of 15 values. Those that shook hands at least once
    Bitnodes,
    /// dnsseed.dump, for Core's makeseeds.py. Those that shook hands at least once, the most reliable first
    Dnsseed,
    /// An address on each line
    List,
    /// As 'verack peers' prints it
    Table,
}

/// Which peers, in which order.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Which peers")]
pub struct Query {
    /// Of this network, by name or alias
    #[arg(short, long, value_name = "NAME")]
    pub chain: Option<String>,
    /// Peers with this in their user agent; '*' and '?' make it a pattern for all of it
    #[arg(long, value_name = "TEXT")]
    pub user_agent: Option<String>,
    /// That offer all of these: decimal, 0x… or names such as NETWORK,WITNESS
    #[arg(short, long, value_name = "SERVICES")]
    pub services: Option<ServicesArg>,
    /// Peers with a successful last handshake
    #[arg(long, conflicts_with = "unreachable")]
    pub reachable: bool,
    /// Peers without one at the last attempt
    #[arg(long)]
    pub unreachable: bool,
    /// Seen since then: 90m or 7d ago, a day or a time in UTC, @SECONDS
    #[arg(long, value_name = "TIME", value_parser = calendar::moment)]
    pub since: Option<Time>,
    /// With addresses of this kind
    #[arg(long, value_name = "KIND", value_parser = network())]
    pub network: Option<Network>,
    /// The order: times, counts, versions and heights highest first, the rest lowest first
    #[arg(long, value_name = "COLUMN", default_value = "known", value_parser = one_of(&SortBy::ALL))]
    pub sort: SortBy,
    /// The other way round
    #[arg(short, long)]
    pub reverse: bool,
    /// At most so many
    #[arg(short = 'n', long, value_name = "N", value_parser = values::whole::<u32>)]
    pub limit: Option<u32>,
}

/// One of these values, by its name.
fn one_of<T: Copy + Send + Sync + 'static>(all: &'static [(&'static str, T)]) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.iter().map(|(name, _)| *name)).map(move |name| {
        let named = all.iter().find(|(known, _)| *known == name);
        named.expect("it is one of the possible values").1
    })
}

/// A network, by the names that people have for it.
fn network() -> impl TypedValueParser<Value = Network> {
    let aliases = |network| match network {
        Network::Onion => &["tor", "torv3", "onion-v3"] as &[_],
        Network::OnionV2 => &["torv2"],
        _ => &[],
    };
    let values = Network::ALL.map(|network| PossibleValue::new(network.name()).aliases(aliases(network)));
    PossibleValuesParser::new(values).map(move |name| {
        let is = |network: &Network| network.name() == name || aliases(*network).contains(&name.as_str());
        Network::ALL.into_iter().find(is).expect("it is one of the possible values")
    })
}
