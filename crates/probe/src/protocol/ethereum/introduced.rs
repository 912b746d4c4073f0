//! The introduction of an Ethereum node, and its reported fields.

use std::fmt;

use ethereum::eth::{Difficulty, Head};
use ethereum::{Capability, Hello, Network, PublicKey, Status};
use handshake::Hex;

use crate::protocol::field::{Field, FieldKind, write_fields};
use crate::protocol::introduced::Introduced as AnyIntroduced;

/// A peer's introduction, as received.
#[derive(Clone, Debug)]
pub struct Introduced {
    /// The key whose possession the peer has proven.
    pub node_id: PublicKey,
    /// Its Hello.
    pub hello: Hello,
    /// Its Status.
    pub status: Option<Status>,
}

/// The reported fields.
pub static FIELDS: [Field<Introduced>; 16] = [
    Field::new("node_id", FieldKind::Text, "its static key", |i, to| to.text(i.node_id)),
    Field::new("client_id", FieldKind::Text, "its program", |i, to| to.text(&i.hello.client_id)),
    Field::new("version", FieldKind::Number, "version of the base protocol", |i, to| to.value(&i.hello.version)),
    Field::new("capabilities", FieldKind::Texts, "what it speaks", |i, to| to.texts(i.hello.capabilities.iter())),
    Field::new("listen_port", FieldKind::Number, "the port on which it says that it listens", |i, to| {
        to.value(&i.hello.listen_port)
    }),
    Field::new(
        "eth_version",
        FieldKind::Number,
        "the version of eth that was agreed; null if it sent no Status, as are the fields of the Status",
        |i, to| to.value(&i.status.as_ref().map(|status| status.version)),
    ),
    Field::new("network_id", FieldKind::Number, "the number of its network", |i, to| {
        to.value(&i.status.as_ref().map(|status| status.network_id))
    }),
    Field::new("network", FieldKind::Text, "the network's name, if we know it", |i, to| {
        to.value(&i.network().map(|network| network.name))
    }),
    Field::new("genesis", FieldKind::Text, "the hash of its first block", |i, to| {
        to.optional(i.status.as_ref().map(|status| status.genesis))
    }),
    Field::new("fork_hash", FieldKind::Text, "the rules that its chain follows (EIP-2124)", |i, to| {
        to.optional(i.status.as_ref().map(|status| Hex(&status.fork_id.hash)))
    }),
    Field::new(
        "fork_next",
        FieldKind::Number,
        "the next fork that it knows of, as a block or a time; 0 if none",
        |i, to| to.value(&i.status.as_ref().map(|status| status.fork_id.next)),
    ),
    Field::new("fork", FieldKind::Text, "the name of the last fork that has passed, if we know it", |i, to| {
        to.value(&i.fork())
    }),
    Field::new("head", FieldKind::Text, "the hash of its last block", |i, to| {
        to.optional(i.status.as_ref().map(|status| status.head.hash()))
    }),
    Field::new("total_difficulty", FieldKind::Text, "the sum of all blocks' difficulties, up to eth/68", |i, to| {
        to.optional(i.total_difficulty())
    }),
    Field::new("earliest", FieldKind::Number, "the first block that it has, from eth/69", |i, to| {
        to.value(&i.range().map(|(earliest, _)| earliest))
    }),
    Field::new("latest", FieldKind::Number, "the number of its last block, from eth/69", |i, to| {
        to.value(&i.range().map(|(_, latest)| latest))
    }),
];

impl Introduced {
    fn total_difficulty(&self) -> Option<Difficulty> {
        match self.status.as_ref()?.head {
            Head::Difficulty { total, .. } => Some(total),
            Head::Range { .. } => None,
        }
    }

    /// The first and the last block of the peer.
    fn range(&self) -> Option<(u64, u64)> {
        match self.status.as_ref()?.head {
            Head::Difficulty { .. } => None,
            Head::Range { earliest, latest, .. } => Some((earliest, latest)),
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
        write_fields(&FIELDS, self, out);
    }

    fn identity(&self) -> Option<String> {
        Some(self.node_id.to_string())
    }

    fn agent(&self) -> String {
        self.hello.client_id.to_string()
    }

    /// The protocols of the peer.
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
