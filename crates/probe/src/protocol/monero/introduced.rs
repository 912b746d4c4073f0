//! The introduction of a Monero node, and its reported fields.

use std::fmt;
use std::num::NonZeroI64;

use address::Endpoint;
use bitcoin::gossip;
use handshake::Hex;
use monero::{Address, Introduction, Peers, Tip};
use net::Verdict;

use crate::protocol::field::{Field, FieldKind, write_fields};
use crate::protocol::introduced::{Introduced as AnyIntroduced, Summary};
use crate::protocol::{AddressRecord, Asked, Unusable};

/// A peer's introduction, as received.
#[derive(Clone, Debug)]
pub struct Introduced {
    /// Its handshake data.
    pub introduction: Introduction,
    /// The peers that it lists; none if it dialled us.
    pub peers: Peers,
}

/// The reported fields.
pub static FIELDS: [Field<Introduced>; 11] = [
    Field::new("peer_id", FieldKind::Text, "what it calls itself, in hex", |i, to| {
        to.text(format_args!("{:016x}", i.introduction.node.peer_id))
    }),
    Field::new("network", FieldKind::Text, "its network, by name if it has one", |i, to| {
        to.text(i.introduction.node.network_id)
    }),
    Field::new("height", FieldKind::Number, "how many blocks it has", |i, to| to.value(&i.introduction.tip.height)),
    Field::new("top_block", FieldKind::Text, "the hash of the last one", |i, to| {
        to.text(Hex(&i.introduction.tip.top_id))
    }),
    Field::new("top_version", FieldKind::Number, "the version of the rules by which that was made", |i, to| {
        to.value(&i.introduction.tip.top_version)
    }),
    Field::new("cumulative_difficulty", FieldKind::Text, "the work in all of them, in decimal digits", |i, to| {
        to.text(i.introduction.tip.cumulative_difficulty)
    }),
    Field::new("support_flags", FieldKind::Number, "what it can do besides: 1 are fluffy blocks", |i, to| {
        to.value(&i.introduction.node.support_flags)
    }),
    Field::new("my_port", FieldKind::Number, "where it says that it listens; null if it does not", |i, to| {
        to.value(&Some(i.introduction.node.my_port).filter(|&port| port > 0))
    }),
    Field::new("rpc_port", FieldKind::Number, "where it says that it answers RPC; null if it does not", |i, to| {
        to.value(&Some(i.introduction.node.rpc_port).filter(|&port| port > 0))
    }),
    Field::new("pruning_seed", FieldKind::Number, "which part of the chain it has; 0 is all of it", |i, to| {
        to.value(&i.introduction.tip.pruning_seed)
    }),
    Field::new("peers", FieldKind::Number, "how many other nodes it told of", |i, to| to.value(&i.peers.len())),
];

impl Introduced {
    /// The nodes that it listed.
    pub fn told(&self) -> Asked {
        let told: Vec<_> = self
            .peers
            .iter()
            .filter_map(|peer| {
                let endpoint = match &peer.address {
                    Address::Ip(socket) => (*socket).into(),
                    Address::Tor(host) | Address::I2p(host) => {
                        let name = std::str::from_utf8(host.name().as_bytes()).ok()?;
                        Endpoint { address: name.parse().ok()?, port: host.port }
                    }
                    Address::Other(_) => return None,
                };
                Some(AddressRecord { seen: peer.last_seen.map(NonZeroI64::get), services: 0, endpoint })
            })
            .collect();
        let others = self.peers.len() - told.len();
        let unusable = (others > 0).then_some((gossip::Unusable::Network, others)).map(Unusable::from);
        Asked { verdict: Verdict::ok(Vec::new()), told, unusable: unusable.into_iter().collect(), own: None }
    }
}

impl AnyIntroduced for Introduced {
    fn write_json(&self, out: &mut Vec<u8>) {
        write_fields(&FIELDS, self, out);
    }

    /// Its peer id: it does not name its program.
    fn agent(&self) -> String {
        format!("{:016x}", self.introduction.node.peer_id)
    }

    /// Its height, and the number of peers that it knows.
    fn offers(&self) -> String {
        let plural = if self.peers.len() == 1 { "" } else { "s" };
        let peers = format!("knows {} peer{plural}", self.peers.len());
        match self.introduction.tip.pruning_seed {
            0 => peers,
            _ => format!("pruned, {peers}"),
        }
    }

    /// The version is that of the consensus rules of the node.
    fn summary(&self) -> Option<Summary> {
        let Tip { height, top_version, .. } = &self.introduction.tip;
        Some(Summary {
            version: (*top_version).into(),
            services: 0,
            user_agent: Box::default(),
            height: Some(i64::try_from(*height).unwrap_or(i64::MAX)),
        })
    }
}

/// `peer 0123456789abcdef, height 3200000, version 16`
impl fmt::Display for Introduced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Introduction { node, tip } = &self.introduction;
        write!(f, "peer {:016x}, height {}, version {}", node.peer_id, tip.height, tip.top_version)
    }
}
