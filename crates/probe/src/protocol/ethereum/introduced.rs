//! How a node of Ethereum's introduced itself, and what is reported of it.

use std::fmt;

use ethereum::eth::{Difficulty, Head};
use ethereum::{Capability, Hash, Hello, Network, PublicKey, Status};
use handshake::Text as PeersText;
use serde::Serialize;

use crate::protocol::introduced::{Introduced as AnyIntroduced, write_json};
use crate::report::{Text, as_text};

/// A peer's own words, as they were read.
#[derive(Clone, Debug)]
pub struct Introduced {
    /// The key that it has proven to hold.
    pub node_id: PublicKey,
    /// How it introduced itself.
    pub hello: Hello,
    /// What it told of its chain.
    pub status: Option<Status>,
}

/// What is reported of it. All text is printable ASCII, other bytes escaped as `\xNN`.
#[derive(Debug, Serialize)]
pub struct Peer<'i> {
    /// Its static key.
    #[serde(serialize_with = "as_text")]
    node_id: PublicKey,
    /// Its program.
    #[serde(serialize_with = "as_text")]
    client_id: &'i PeersText,
    /// Of the base protocol.
    version: u64,
    /// What it speaks.
    capabilities: Vec<Text<&'i Capability>>,
    /// Where it says that it listens.
    listen_port: u64,
    /// The version of `eth` that was agreed; this and what follows is `null` if it sent no Status.
    eth_version: Option<u64>,
    /// The number of its network.
    network_id: Option<u64>,
    /// The network's name, if we know it.
    network: Option<&'static str>,
    /// Its first block.
    genesis: Option<Text<Hash>>,
    /// Which rules its chain follows.
    fork_hash: Option<String>,
    /// The next fork that it knows of, as a block or a time; 0 if none.
    fork_next: Option<u64>,
    /// The last fork that has passed, if we know it.
    fork: Option<&'static str>,
    /// Its last block.
    head: Option<Text<Hash>>,
    /// The sum of all blocks' difficulties; up to eth/68.
    total_difficulty: Option<Text<Difficulty>>,
    /// The first block that it has; from eth/69.
    earliest: Option<u64>,
    /// The number of its last block; from eth/69.
    latest: Option<u64>,
}

impl Introduced {
    /// What is reported of it.
    pub fn peer(&self) -> Peer<'_> {
        let Self { node_id, hello, status } = self;
        let status = status.as_ref();
        let (total_difficulty, range) = match status.map(|status| status.head) {
            Some(Head::Difficulty { total, .. }) => (Some(Text(total)), None),
            Some(Head::Range { earliest, latest, .. }) => (None, Some((earliest, latest))),
            None => (None, None),
        };
        Peer {
            node_id: *node_id,
            client_id: &hello.client_id,
            version: hello.version,
            capabilities: hello.capabilities.iter().map(Text).collect(),
            listen_port: hello.listen_port,
            eth_version: status.map(|status| status.version),
            network_id: status.map(|status| status.network_id),
            network: self.network().map(|network| network.name),
            genesis: status.map(|status| Text(status.genesis)),
            fork_hash: status.map(|status| crate::trace::hex(&status.fork_id.hash)),
            fork_next: status.map(|status| status.fork_id.next),
            fork: self.fork(),
            head: status.map(|status| Text(status.head.hash())),
            total_difficulty,
            earliest: range.map(|(earliest, _)| earliest),
            latest: range.map(|(_, latest)| latest),
        }
    }

    fn network(&self) -> Option<&'static Network> {
        let Status { network_id, genesis, fork_id, .. } = self.status.as_ref()?;
        Network::of(*network_id, *genesis, *fork_id)
    }

    fn fork(&self) -> Option<&'static str> {
        self.network()?.fork_named(self.status.as_ref()?.fork_id)
    }
}

impl AnyIntroduced for Introduced {
    fn write_json(&self, out: &mut Vec<u8>) {
        write_json(&self.peer(), out);
    }

    fn agent(&self) -> String {
        self.hello.client_id.to_string()
    }

    /// What it speaks.
    fn offers(&self) -> String {
        /// Enough for every honest node.
        const SHOWN: usize = 8;
        let capabilities = &self.hello.capabilities;
        let shown: Vec<_> = capabilities.iter().take(SHOWN).map(Capability::to_string).collect();
        match capabilities.len().saturating_sub(SHOWN) {
            0 if shown.is_empty() => "nothing".to_owned(),
            0 => shown.join(" "),
            more => format!("{} and {more} more", shown.join(" ")),
        }
    }
}

/// `Geth/v1.16.0, ethereum at prague, block 23000000`
impl fmt::Display for Introduced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hello, status, .. } = self;
        match hello.client_id.as_bytes() {
            [] => f.write_str("no name")?,
            [..] => hello.client_id.fmt(f)?,
        }
        let Some(status) = status else {
            return Ok(());
        };
        match self.network() {
            Some(network) => write!(f, ", {}", network.name)?,
            None => write!(f, ", network {}", status.network_id)?,
        }
        match self.fork() {
            Some(fork) => write!(f, " at {fork}")?,
            None => write!(f, " with fork id {}", status.fork_id)?,
        }
        match status.head {
            Head::Range { latest, .. } => write!(f, ", block {latest}"),
            Head::Difficulty { .. } => Ok(()),
        }
    }
}
