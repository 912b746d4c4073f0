//! How a Monero node introduced itself, and what is reported of it.

use std::fmt;
use std::num::NonZeroI64;

use bitcoin::gossip;
use monero::{Address, Introduction, NetworkId, Node, Peers, Tip};
use net::Verdict;
use serde::Serialize;

use crate::protocol::introduced::{Introduced as AnyIntroduced, Kept, write_json};
use crate::protocol::{Asked, Place, Told, Unusable};
use crate::report::as_text;
use crate::trace::hex;

/// A peer's own words, as they were read.
#[derive(Clone, Debug)]
pub struct Introduced {
    /// How it introduced itself.
    pub introduction: Introduction,
    /// Whom it knows; nobody if it dialled us.
    pub peers: Peers,
}

/// What is reported of it.
#[derive(Debug, Serialize)]
pub struct Peer {
    /// What it calls itself, in hex.
    peer_id: String,
    /// Its network, by name if it has one.
    #[serde(serialize_with = "as_text")]
    network: NetworkId,
    /// How many blocks it has.
    height: u64,
    /// The hash of the last one.
    top_block: String,
    /// The version of the rules by which that was made.
    top_version: u8,
    /// The work in all of them, in decimal digits: it does not fit into every reader's numbers.
    #[serde(serialize_with = "as_text")]
    cumulative_difficulty: u128,
    /// What it can do besides: 1 are fluffy blocks.
    support_flags: u32,
    /// Where it says that it listens; `null` if it does not.
    my_port: Option<u32>,
    /// Where it says that it answers RPC; `null` if it does not.
    rpc_port: Option<u16>,
    /// Which part of the chain it has; 0 is all of it.
    pruning_seed: u32,
    /// How many others it told of.
    peers: usize,
}

impl Introduced {
    /// What is reported of it.
    pub fn peer(&self) -> Peer {
        let Introduction { node, tip } = &self.introduction;
        let Node { network_id, peer_id, my_port, rpc_port, support_flags, .. } = *node;
        let Tip { height, cumulative_difficulty, top_id, top_version, pruning_seed } = tip;
        Peer {
            peer_id: format!("{peer_id:016x}"),
            network: network_id,
            height: *height,
            top_block: hex(top_id),
            top_version: *top_version,
            cumulative_difficulty: *cumulative_difficulty,
            support_flags,
            my_port: Some(my_port).filter(|&port| port > 0),
            rpc_port: Some(rpc_port).filter(|&port| port > 0),
            pruning_seed: *pruning_seed,
            peers: self.peers.len(),
        }
    }

    /// Whom it told of.
    pub fn told(&self) -> Asked {
        let told: Vec<_> = self
            .peers
            .iter()
            .filter_map(|peer| {
                let place = match &peer.address {
                    Address::Ip(socket) => Place::Ip(*socket),
                    Address::Tor(host) | Address::I2p(host) => {
                        let name = std::str::from_utf8(host.name().as_bytes()).ok()?;
                        Place::Overlay(name.parse().ok()?, host.port)
                    }
                    Address::Other(_) => return None,
                };
                Some(Told { seen: peer.last_seen.map(NonZeroI64::get), services: 0, place })
            })
            .collect();
        let others = self.peers.len() - told.len();
        let unusable = (others > 0).then_some((gossip::Unusable::Network, others)).map(Unusable::from);
        Asked { verdict: Verdict::ok(String::new()), told, unusable: unusable.into_iter().collect(), own: None }
    }
}

impl AnyIntroduced for Introduced {
    fn write_json(&self, out: &mut Vec<u8>) {
        write_json(&self.peer(), out);
    }

    /// Its peer id: it does not name its program.
    fn agent(&self) -> String {
        format!("{:016x}", self.introduction.node.peer_id)
    }

    /// How much of the chain it has, and how many peers it knows.
    fn offers(&self) -> String {
        let plural = if self.peers.len() == 1 { "" } else { "s" };
        let peers = format!("knows {} peer{plural}", self.peers.len());
        match self.introduction.tip.pruning_seed {
            0 => peers,
            _ => format!("pruned, {peers}"),
        }
    }

    /// The version is that of the rules that the node follows.
    fn kept(&self) -> Option<Kept> {
        let Tip { height, top_version, .. } = &self.introduction.tip;
        Some(Kept {
            version: i32::from(*top_version),
            services: 0,
            user_agent: Box::default(),
            height: Some(i32::try_from(*height).unwrap_or(i32::MAX)),
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
