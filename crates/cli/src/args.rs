//! The command line: its options and the text of the help.

#[cfg(feature = "crawl")]
mod discovery;
mod options;
mod parse;
#[cfg(feature = "crawl")]
mod peers;
mod proxies;
pub mod values;

use std::fs;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use discover::{Exclusions, Pace};

#[cfg(feature = "crawl")]
pub use discovery::{Addrs, Crawl, Identify, Whoami};
use options::Options as ProtocolOptions;
#[cfg(feature = "crawl")]
pub use peers::{Export, FileFormat, Import, Peers, PeersCommand, Query, Show};
pub use proxies::Proxies;
#[cfg(feature = "crawl")]
pub use proxies::refuse_variable;
pub use values::ListenAddress;

use crate::exit::Error;
use crate::key_file;
use probe::lookup::Rules;
use probe::pacing::Pacing;
use probe::protocol::{Choice, KEY, Misuse, Network, Protocol, Seed, Values};

use probe::resolve::{Family, Options};

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "verack",
    version,
    about = "Shakes hands with peer-to-peer nodes and says truthfully how it went",
    long_about = "Shakes hands with peer-to-peer nodes and says truthfully how it went.\n\n\
        Every address behind every target is dialled at once; each attempt ends as OK, PARTIALLY OK (the peer \
        introduced itself and then went away) or FAILED, with the stage it reached, a stable reason code, whose fault \
        it was, and one plain sentence.",
    after_help = if cfg!(feature = "demo") {
        "Try 'verack demo' for a simulated network, and 'verack --help' for all options."
    } else {
        "Try 'verack --help' for all options."
    },
    after_long_help = after_help(),
    override_usage = "verack [OPTIONS] <TARGET>...\n       verack [OPTIONS] <COMMAND>",
    subcommand_negates_reqs = true,
    max_term_width = 110
)]
pub struct Cli {
    /// What to do other than shaking hands.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Shaking hands.
    #[command(flatten)]
    pub shake: Shake,
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
}

/// The text below the options. Its examples are those whose command this build has.
fn after_help() -> String {
    let exists = |(command, ..): &&(&str, _, _)| command.is_empty() || Command::has_subcommand(command);
    let lines = EXAMPLES.iter().filter(exists).map(|(command, arguments, about)| {
        let line = ["verack", command, arguments].into_iter().filter(|word| !word.is_empty());
        format!("  {:<35}  {about}\n", line.collect::<Vec<_>>().join(" "))
    });
    format!("{TARGETS_AND_TRANSPORT}\n\nExamples:\n{}\n{EXIT_CODES}", lines.collect::<String>())
}

/// Lines of at most 78 columns, and paragraphs, which the terminal's width breaks, as one line.
const TARGETS_AND_TRANSPORT: &str = "\
Targets:
  seed.bitcoin.sipa.be      a DNS seed or host name: every address behind it
  192.0.2.1, 2001:db8::1    an address, with the network's usual port
  192.0.2.1:8333, [2001:db8::1]:8333, node.example:8333
  enode://ID@HOST:PORT      an Ethereum node; ID has 128 hex digits
  enr:...                   an Ethereum node's record
  ID@HOST:PORT              a Lightning node; ID has 66 hex digits
  /ip4/IP/tcp/PORT/p2p/ID   a libp2p node; /ip6, /dns4, /dns6, /dns as well;
                            without /p2p/ID, any node there
  /dnsaddr/NAME/p2p/ID      every libp2p node that NAME lists
  @FILE                     one target a line; '#' starts a comment
  -                         the same from standard input
  TARGET PORT TIMEOUT_MS    in bare numbers: node.example 8333 5000

Transport:
--transport auto, the default, dials over v2 (BIP324) first, unless the network's nodes do not speak it. If the peer closes \
that connection without having sent a byte, as Bitcoin Core's rule is, or answers in plain text, it is dialled again over \
v1; the report is that of the second attempt, and names the first. A peer that is silent is not dialled again. With v2 and \
both, a peer that closes on our key gets another one a second later.

Targets that name a node by its key are spoken to in its protocol, whatever --chain is; each connection of theirs is \
encrypted (RLPx, BOLT 8, Noise). So are multiaddrs, which start with a slash.";

/// Examples for the long help: the command, if there is one, its arguments, and what they answer or do.
const EXAMPLES: [(&str, &str, &str); 14] = [
    ("", "my.node.example", "am I reachable, and if not, why?"),
    ("", "--trace 127.0.0.1 -c regtest", "what goes over the wire?"),
    ("", "-c litecoin --dns-seeds", "every node that the DNS seeds know"),
    ("", "--json @nodes.txt", "one object a line, the last a summary"),
    ("listen", "-c regtest", "shake hands with nodes that dial us"),
    ("crawl", "", "map the network, into a database"),
    ("addrs", "my.node.example", "which nodes does it know?"),
    ("identify", "192.0.2.1:8333", "what listens there?"),
    ("", "enode://...@192.0.2.1:30303", "which Ethereum node is that?"),
    ("", "-c sepolia enode://...", "is it on Sepolia?"),
    ("", "02...@192.0.2.1", "what does that Lightning node offer?"),
    ("listen", "--protocol lightning", "be a Lightning node; prints its id"),
    ("", "/ip4/192.0.2.1/tcp/4001", "what is that libp2p node?"),
    ("", "-c monero node.example", "how high is that Monero node?"),
];

const EXIT_CODES: &str = "\
Exit codes:
  0    what was required happened
       (--require any: one handshake is OK; all: each is;
       with --hold, and was kept for as long as that)
  1    it did not
  2    wrong usage
  3    our side failed
  130  interrupted";

/// What the program does besides shaking hands with targets.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Accept connections, shake hands, and report each peer
    Listen(Box<Listen>),
    /// Map a network: from seeds, or from these targets, to everybody who answers
    #[cfg(feature = "crawl")]
    Crawl(Box<Crawl>),
    /// Ask one peer for the nodes that it knows
    #[cfg(feature = "crawl")]
    Addrs(Box<Addrs>),
    /// Find out what listens at an address: which protocol, on which network
    #[cfg(feature = "crawl")]
    Identify(Box<Identify>),
    /// Find out at which address peers see us
    #[cfg(feature = "crawl")]
    Whoami(Box<Whoami>),
    /// List, count, show, export and import the peers that are known
    #[cfg(feature = "crawl")]
    Peers(Box<Peers>),
    /// Shake hands with a simulated network; needs no real one
    #[cfg(feature = "demo")]
    Demo(Demo),
    /// Make a key of ours, and show who we are with it
    Key(Key),
    /// List the networks that can be chosen by name
    Chains,
    /// List the codes by which attempts end, with what they mean
    Reasons(Reasons),
    /// Explain a code that a report gives as its reason or remark
    Explain(Explain),
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, for 'man -l -'
    Man,
    /// Print the JSON Schema of the record of an attempt
    Schema,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct Global {
    /// How results are printed
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,
    /// Short for --format json
    #[arg(long, global = true, conflicts_with = "format")]
    pub json: bool,
    /// Show each message with direction, time, size and fields; 'hex' adds its bytes
    #[arg(long, global = true, value_enum, value_name = "LEVEL", num_args = 0..=1, require_equals = true,
          default_missing_value = "fields")]
    pub trace: Option<TraceLevel>,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: ColorChoice,
    /// Print results only: no progress, no summary for people
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

impl Global {
    /// The format that was asked for.
    pub fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One line each, for people
    #[default]
    Human,
    /// JSON Lines: one object each, the last one a summary
    Json,
    /// Comma-separated values with a header line
    Csv,
}

/// How much of the wire is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TraceLevel {
    /// Decoded fields
    Fields,
    /// Decoded fields, and every byte as it was on the wire
    Hex,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Shaking hands with targets.
#[derive(Debug, Args)]
pub struct Shake {
    /// Targets: names, addresses, @FILE, '-' (see below)
    #[arg(value_name = "TARGET", required_unless_present = "dns_seeds")]
    pub targets: Vec<String>,
    /// The network's own DNS seeds as targets
    #[arg(long)]
    pub dns_seeds: bool,
    /// How we introduce ourselves.
    #[command(flatten)]
    pub introduction: Introduction,
    /// What bounds us.
    #[command(flatten)]
    pub bounds: Bounds,
    /// Whether connections are kept.
    #[command(flatten)]
    pub keeping: Keeping,
    /// Which addresses we dial, and how.
    #[command(flatten)]
    pub dialling: Dialling,
    /// Through which proxies.
    #[command(flatten)]
    pub proxies: Proxies,
    /// Show what would be dialled, and dial nothing; names are looked up
    #[arg(long, help_heading = "Output")]
    pub plan: bool,
    /// What must happen for exit code 0
    #[arg(long, value_enum, default_value_t, value_name = "HOW_MANY", help_heading = "Output")]
    pub require: Require,
}

/// How many handshakes must be OK, and their connections kept for as long as --hold asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Require {
    /// At least one
    #[default]
    Any,
    /// Each one
    All,
}

/// How we introduce ourselves, and on which network.
#[derive(Clone, Debug, Args)]
pub struct Introduction {
    /// The network, by name or alias (see 'verack chains') [default: bitcoin; for targets with a node id, any]
    #[arg(short, long, value_name = "NAME", value_parser = values::NetworkParser, hide_possible_values = true, help_heading = "Network")]
    pub chain: Option<Network>,
    /// What the protocols let us choose.
    #[command(flatten)]
    options: ProtocolOptions,
}

impl Introduction {
    /// The network that was chosen.
    pub fn network(&self) -> Network {
        self.chain.unwrap_or_default()
    }

    /// What was chosen for the protocols.
    pub fn values(&self) -> &Values {
        &self.options.values
    }

    /// The names behind which the network's nodes are.
    ///
    /// # Errors
    /// If there are none.
    pub fn dns_seeds(&self) -> Result<Vec<Seed>, Error> {
        let network = self.network();
        Ok(network.protocol.dns_seeds(&network, self.values())?)
    }

    /// Hands over what was chosen.
    ///
    /// # Errors
    /// As `take`; and if our key cannot be read.
    pub fn choose<T>(&self, take: impl FnOnce(Choice<'_>) -> Result<T, Misuse>) -> Result<T, Error> {
        let key = || self.values().get(&KEY).map(|path| key_file::read(&path)).transpose();
        Ok(take(Choice { network: self.chain.as_ref(), values: self.values(), key: &key })?)
    }
}

/// What bounds us and the peer.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Limits")]
pub struct Bounds {
    /// Time for each attempt, connection included: seconds, or 5000ms, 10s, 1m
    #[arg(short, long, value_name = "TIME", default_value = "10s", value_parser = values::time)]
    pub timeout: Duration,
    /// Connections at once [default: what the limit of open files allows, at most 2000]
    #[arg(short = 'j', long, value_name = "N", value_parser = values::positive)]
    pub concurrency: Option<usize>,
}

/// What becomes of a connection.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Limits")]
pub struct Keeping {
    /// Keep the connection so long after the handshake, with pings, and report what ended it
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    pub hold: Option<Duration>,
}

/// Which addresses we dial, and how.
#[derive(Clone, Debug, Args)]
pub struct Dialling {
    /// Port of targets that name none [default: the network's]
    #[arg(short, long, value_name = "PORT", value_parser = values::port)]
    pub port: Option<u16>,
    /// Time for a connection alone, within --timeout
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = values::time, help_heading = "Limits")]
    pub connect_timeout: Duration,
    /// Dial at most so many a second
    #[arg(long, value_name = "N", value_parser = values::rate, help_heading = "Limits")]
    pub rate: Option<u32>,
    /// Dial at most so many a second in one network (IPv4 /16, IPv6 /32); 0 for as many as come [default: 20, except for
    /// addresses that you name yourself]
    #[arg(long, value_name = "N", value_parser = values::whole::<u32>, help_heading = "Limits")]
    pub prefix_rate: Option<u32>,
    /// DNS server instead of the system's resolver: IP or IP:PORT
    #[arg(long, value_name = "IP[:PORT]", value_parser = values::resolver, help_heading = "Addresses")]
    pub resolver: Option<SocketAddr>,
    /// Never dial an address in these networks, whatever leads to it: a list with one address or network (CIDR) a line; may be
    /// given several times
    #[arg(long, value_name = "FILE", action = ArgAction::Append, help_heading = "Addresses")]
    pub exclude: Vec<PathBuf>,
    /// Dial from this address of this machine
    #[arg(long, value_name = "IP", value_parser = values::ip, help_heading = "Addresses")]
    pub bind: Option<IpAddr>,
    /// IPv4 only
    #[arg(short = '4', conflicts_with = "v6", help_heading = "Addresses")]
    pub v4: bool,
    /// IPv6 only
    #[arg(short = '6', help_heading = "Addresses")]
    pub v6: bool,
    /// Dial addresses that are not globally routable even if only a name or a peer led to them
    #[arg(long, help_heading = "Addresses")]
    pub allow_private: bool,
}

impl Dialling {
    /// Which addresses are wanted: those that can be dialled from where we dial.
    pub fn family(&self) -> Family {
        match (self.v4, self.v6, self.bind) {
            (true, ..) | (_, false, Some(IpAddr::V4(_))) => Family::V4,
            (_, true, _) | (_, _, Some(IpAddr::V6(_))) => Family::V6,
            _ => Family::Any,
        }
    }

    /// What may be dialled.
    ///
    /// # Errors
    /// A list of networks cannot be read, or we cannot dial from where we are to dial.
    pub fn rules(&self) -> Result<Rules, Error> {
        if let Some(ip) = self.bind {
            let other = if ip.is_ipv4() { self.v6.then_some("-6") } else { self.v4.then_some("-4") };
            if let Some(option) = other {
                return Err(Error::Usage(format!("nothing can be dialled from --bind {ip} with {option}")));
            }
            TcpListener::bind((ip, 0)).map_err(|error| match error.kind() {
                ErrorKind::AddrNotAvailable => Error::Usage(format!("--bind {ip} is not an address of this machine")),
                _ => Error::Local(format!("cannot use --bind {ip}: {error}")),
            })?;
        }
        let mut networks = Vec::new();
        for path in &self.exclude {
            let shown = path.display();
            let bytes = fs::read(path).map_err(|error| Error::Usage(format!("cannot read {shown}: {error}")))?;
            let read = Exclusions::read(&String::from_utf8_lossy(&bytes));
            networks.extend(read.map_err(|bad| Error::Usage(format!("{shown}, {bad}")))?.networks());
        }
        let excluded: Exclusions = networks.into_iter().collect();
        let (bind, allow_private) = (self.bind, self.allow_private);
        Ok(Rules { family: self.family(), excluded: excluded.into(), bind, allow_private, routes: Arc::default() })
    }

    /// How fast addresses are dialled.
    pub fn pacing(&self) -> Pacing {
        Pacing { rate: self.rate.map(rate), prefix: self.prefix_pace(), named: self.prefix_rate.is_some() }
    }

    /// How fast those of one network are.
    pub fn prefix_pace(&self) -> Option<Pace> {
        match self.prefix_rate {
            None => Pacing::default().prefix,
            Some(0) => None,
            Some(rate) => Some(Pace { every: Duration::from_secs(1) / rate, burst: rate }),
        }
    }

    /// How names are looked up, each within this time.
    pub fn lookup(&self, within: Duration) -> Options {
        Options { server: self.resolver, family: self.family(), within }
    }
}

/// So many dials a second. A timer is late by a millisecond or two, so what falls due meanwhile goes at once.
fn rate(rate: u32) -> Pace {
    Pace { burst: 1 + rate / 100, ..Pace::per_second(rate) }
}

/// Accepting connections.
#[derive(Debug, Args)]
pub struct Listen {
    /// Where to listen, port 0 for any [default: the network's port on 127.0.0.1]
    #[arg(value_name = "ADDR[:PORT]", value_parser = values::listen)]
    pub addresses: Vec<ListenAddress>,
    /// What is spoken [default: the protocol of --chain]
    #[arg(long, value_name = "NAME", value_parser = values::protocol(), help_heading = "Network")]
    pub protocol: Option<&'static dyn Protocol>,
    /// End after the first peer has been served
    #[arg(long, conflicts_with = "count")]
    pub once: bool,
    /// End after so many peers have been served
    #[arg(long, value_name = "N", value_parser = values::whole::<NonZeroU64>)]
    pub count: Option<NonZeroU64>,
    /// Connections at once from one IPv4 address or IPv6 /64 network, and four times as many from one /24 or /48
    #[arg(long, value_name = "N", default_value = "16", value_parser = values::positive, help_heading = "Limits")]
    pub per_address: usize,
    /// Handshakes a second from one of those that cost us a key exchange, after 200 at once; loopback has no limit
    #[arg(long, value_name = "N", default_value = "20", value_parser = values::whole::<NonZeroU32>, help_heading = "Limits")]
    pub per_address_rate: NonZeroU32,
    /// How we introduce ourselves.
    #[command(flatten)]
    pub introduction: Introduction,
    /// What bounds us.
    #[command(flatten)]
    pub bounds: Bounds,
    /// Whether connections are kept.
    #[command(flatten)]
    pub keeping: Keeping,
}

/// A key of ours.
#[derive(Debug, Args)]
pub struct Key {
    /// Where the key is. If there is no such file, it is made with a fresh key; one that is there is left as it is
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// The reason codes.
#[derive(Debug, Args)]
pub struct Reasons {
    /// Only those that begin so: 'bitcoin', 'bitcoin.v2'
    #[arg(value_name = "PREFIX")]
    pub prefix: Option<String>,
}

/// Some reason codes.
#[derive(Debug, Args)]
pub struct Explain {
    /// The codes: 'bitcoin.v1-only', 'timeout'
    #[arg(value_name = "CODE", required = true)]
    pub codes: Vec<String>,
}

/// The simulated network.
#[derive(Debug, Args)]
pub struct Demo {
    /// Keep the network up and say how to reach it, instead of running the client against it
    #[arg(long)]
    pub serve: bool,
    /// Healthy peers besides those that misbehave
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = values::whole::<usize>)]
    pub honest: usize,
    /// Port of the peers [default: any free one]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true, value_parser = values::whole::<u16>)]
    pub port: u16,
    /// Time that each peer is given, and each crawled node [default: 2s]. A machine that is busy needs more
    #[arg(short, long, value_name = "TIME", value_parser = values::time, help_heading = "Limits")]
    pub timeout: Option<Duration>,
}
