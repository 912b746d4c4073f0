//! The arguments of commands that ask peers for addresses, or map a network.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use discover::{Exclusions, Growing, Policy};

use super::{Bounds, Dialling, Introduction, Proxies, values};
use crate::database::Database;
use probe::resolve::Family;

/// Mapping a network.
#[derive(Debug, Args)]
#[command(after_help = AFTER_CRAWL)]
pub struct Crawl {
    /// Where to begin, besides what the database remembers [default: the network's DNS seeds, then --seed-nodes]
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,
    /// Where what is found is kept.
    #[command(flatten)]
    pub database: Database,
    /// Fixed seeds, asked if no other source answers: Core's chainparamsseeds.h, or whatever 'verack peers import' reads
    #[arg(long, value_name = "FILE", help_heading = "Addresses")]
    pub seed_nodes: Vec<PathBuf>,
    /// Do not ask the network's DNS seeds
    #[arg(long, help_heading = "Addresses")]
    pub no_dns_seeds: bool,
    /// Dial those too whose last result is less than 17 minutes old; without it, that result stands
    #[arg(long, help_heading = "Addresses")]
    pub again: bool,
    /// Keep running, and dial reached peers again: after this time, and the longer it answers, the less often
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "15m",
          value_parser = values::time, help_heading = "Limits")]
    pub watch: Option<Duration>,
    /// End once so many peers were reached; no more are dialled at once than are missing
    #[arg(long, value_name = "N", help_heading = "Limits", value_parser = values::whole::<NonZeroUsize>)]
    pub max_peers: Option<NonZeroUsize>,
    /// Know at most so many addresses at once
    #[arg(long, value_name = "N", default_value_t = Policy::MAX_KNOWN, help_heading = "Limits", value_parser = values::positive)]
    pub max_known: usize,
    /// End after this time
    #[arg(long = "for", value_name = "TIME", value_parser = values::time, help_heading = "Limits")]
    pub within: Option<Duration>,
    /// Dial an address that failed so often again, after 10 s and then ever later [default: 0, with --watch 3]
    #[arg(long, value_name = "N", help_heading = "Limits", value_parser = values::whole::<u8>)]
    pub retries: Option<u8>,
    /// How we ask.
    #[command(flatten)]
    pub asking: Asking,
    /// How we introduce ourselves.
    #[command(flatten)]
    pub introduction: Introduction,
    /// What bounds us.
    #[command(flatten)]
    pub bounds: Bounds,
    /// Which addresses we dial, and how.
    #[command(flatten)]
    pub dialling: Dialling,
}

const AFTER_CRAWL: &str = "\
As a node at its start, it dials the peers that the database remembers, then asks the DNS seeds,
then takes --seed-nodes, each only if the one before led to fewer than two peers. Ctrl-C, and
SIGTERM, end it with everything stored, and the next run goes on from there. A killed run loses its
last two seconds at most.

Examples:
  verack crawl                                  every node that Bitcoin's DNS seeds lead to
  verack crawl -c litecoin --max-peers 200 --for 10m
  verack crawl --allow-private 127.0.0.1:18444 -c regtest --db lab.sqlite
  verack crawl --watch --json | jq -c 'select(.outcome==\"ok\")'

Exit codes:
  0  at least one peer was reached     1  none     2  wrong usage     3  our side failed
  130  interrupted";

impl Crawl {
    /// What the crawl may do.
    pub fn policy(&self, excluded: Arc<Exclusions>) -> Policy {
        // The kernel resends a lost SYN twice within the five seconds of a connection, so one dial is enough; a peer
        // that was there before deserves more.
        const RETRIES_OF_WATCH: u8 = 3;
        /// Whoever has answered for weeks is looked at once a day.
        const MOST: Duration = Duration::from_secs(24 * 60 * 60);
        let default_retries = if self.watch.is_some() { RETRIES_OF_WATCH } else { 0 };
        let pacing = self.dialling.pacing();
        Policy {
            rate: pacing.rate,
            prefix_pace: pacing.prefix,
            max_known: self.max_known,
            max_peers: self.max_peers.map(NonZeroUsize::get),
            retries: self.retries.unwrap_or(default_retries),
            recheck: self.watch.map(|first| Growing { first, most: MOST.max(first) }),
            allow_private: self.dialling.allow_private,
            excluded,
            ..Policy::default()
        }
    }
}

/// What one peer knows.
#[derive(Debug, Args)]
pub struct Addrs {
    /// The peers to ask; of several addresses behind a name, the first that answers
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// How we ask.
    #[command(flatten)]
    pub asking: Asking,
    /// How we introduce ourselves.
    #[command(flatten)]
    pub introduction: Introduction,
    /// What bounds us.
    #[command(flatten)]
    pub bounds: Bounds,
    /// Which addresses we dial, and how.
    #[command(flatten)]
    pub dialling: Dialling,
    /// Through which proxies.
    #[command(flatten)]
    pub proxies: Proxies,
}

/// What listens at an address.
#[derive(Debug, Args)]
#[command(after_help = AFTER_IDENTIFY)]
pub struct Identify {
    /// Where: HOST:PORT; or a target with a node's key
    #[arg(value_name = "HOST:PORT")]
    pub target: String,
    /// Time for each connection
    #[arg(short, long, value_name = "TIME", default_value = "3s", value_parser = values::time, help_heading = "Limits")]
    pub timeout: Duration,
    /// DNS server instead of the system's: IP or IP:PORT
    #[arg(long, value_name = "IP[:PORT]", value_parser = values::resolver, help_heading = "Addresses")]
    pub resolver: Option<SocketAddr>,
    /// IPv4 only
    #[arg(short = '4', conflicts_with = "v6", help_heading = "Addresses")]
    pub v4: bool,
    /// IPv6 only
    #[arg(short = '6', help_heading = "Addresses")]
    pub v6: bool,
    /// Dial an address that is not globally routable even if only a name led to it
    #[arg(long, help_heading = "Addresses")]
    pub allow_private: bool,
}

impl Identify {
    /// Which addresses are wanted.
    pub fn family(&self) -> Family {
        match (self.v4, self.v6) {
            (true, _) => Family::V4,
            (_, true) => Family::V6,
            _ => Family::Any,
        }
    }
}

const AFTER_IDENTIFY: &str = "\
It makes at most 8 connections, one a second, and stops as soon as it knows. On the first it says
nothing; then it speaks what the port suggests, then a v2 key (BIP324), on which a node of any network
that speaks v2 shows its own, libp2p, Monero, and the plaintext magics of the networks with most nodes.
What it did not try is listed. Nodes of Ethereum and Lightning answer only to their key, so they are
tried if the target names it.

Exit codes:
  0  it is known     1  it is not     2  wrong usage     3  our side failed     130  interrupted";

/// At which address we are seen.
#[derive(Debug, Args)]
pub struct Whoami {
    /// The peers to ask [default: the network's DNS seeds]
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,
    /// Ask so many peers, each in another network (IPv4 /16, IPv6 /32)
    #[arg(long, value_name = "N", default_value = "16", value_parser = values::positive)]
    pub peers: usize,
    /// How we introduce ourselves.
    #[command(flatten)]
    pub introduction: Introduction,
    /// What bounds us.
    #[command(flatten)]
    pub bounds: Bounds,
    /// Which addresses we dial, and how.
    #[command(flatten)]
    pub dialling: Dialling,
}

/// How we ask a peer for the nodes that it knows.
#[derive(Clone, Copy, Debug, Args)]
pub struct Asking {
    /// Time for an answer, once we have asked [default: as --timeout]. Nodes older than Core 22 take half a minute
    #[arg(long, value_name = "TIME", value_parser = values::time, help_heading = "Limits")]
    pub answer_timeout: Option<Duration>,
}
