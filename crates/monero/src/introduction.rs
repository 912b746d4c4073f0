//! How a node introduces itself: what it is, and how far its chain goes.
//! (src/p2p/p2p_protocol_defs.h: basic_node_data, src/cryptonote_protocol/cryptonote_protocol_defs.h: CORE_SYNC_DATA)

use crate::error::Malformed;
use crate::network::{Network, NetworkId};
use crate::storage::{Required as _, Section, Writer};

/// How a node introduces itself, in a request and in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introduction {
    /// What it is.
    pub node: Node,
    /// How far its chain goes.
    pub tip: Tip,
}

impl Introduction {
    pub(crate) fn read(message: &Section<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            node: Node::read(&message.section("node_data")?.required("node_data")?)?,
            tip: Tip::read_from(message)?,
        })
    }

    pub(crate) fn write(&self, message: &mut Writer<'_>) {
        message.section("node_data", |section| self.node.write(section));
        self.tip.write_into(message);
    }
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its network.
    pub network_id: NetworkId,
    /// What it calls itself: a random number, the same on all its connections.
    pub peer_id: u64,
    /// Where it listens for peers; nowhere if 0. A `monerod` that we dial dials this port of ours and pings us.
    pub my_port: u32,
    /// Where it answers RPC; nowhere if 0, or nowhere that it tells.
    pub rpc_port: u16,
    /// What it asks for that.
    pub rpc_credits_per_hash: u32,
    /// What it can do besides: 1 are fluffy blocks. Whoever says 0 is asked.
    pub support_flags: u32,
}

impl Node {
    /// One that listens nowhere, and knows fluffy blocks as every node does.
    #[must_use]
    pub fn new(network_id: NetworkId, peer_id: u64) -> Self {
        Self { network_id, peer_id, my_port: 0, rpc_port: 0, rpc_credits_per_hash: 0, support_flags: 1 }
    }

    fn read(section: &Section<'_>) -> Result<Self, Malformed> {
        let network_id = section.string("network_id")?.required("network_id")?;
        Ok(Self {
            network_id: NetworkId(network_id.try_into().map_err(|_| Malformed::Length("network_id"))?),
            peer_id: section.number("peer_id")?.required("peer_id")?,
            my_port: section.number("my_port")?.required("my_port")?,
            rpc_port: section.number("rpc_port")?.unwrap_or(0),
            rpc_credits_per_hash: section.number("rpc_credits_per_hash")?.unwrap_or(0),
            support_flags: section.number("support_flags")?.unwrap_or(0),
        })
    }

    fn write(&self, section: &mut Writer<'_>) {
        section.u32("my_port", self.my_port);
        section.string("network_id", &self.network_id.0);
        section.u64("peer_id", self.peer_id);
        if self.rpc_credits_per_hash != 0 {
            section.u32("rpc_credits_per_hash", self.rpc_credits_per_hash);
        }
        if self.rpc_port != 0 {
            section.u16("rpc_port", self.rpc_port);
        }
        if self.support_flags != 0 {
            section.u32("support_flags", self.support_flags);
        }
    }
}

/// How far a node's chain goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// How many blocks it has. There is one from the start.
    pub height: u64,
    /// The work in all of them.
    pub cumulative_difficulty: u128,
    /// The hash of the last one.
    pub top_id: [u8; 32],
    /// The version of the rules that it follows.
    pub top_version: u8,
    /// Which part of the chain it has; all of it if 0.
    pub pruning_seed: u32,
}

impl Tip {
    /// A chain of one block: what a node has that has just been started.
    #[must_use]
    pub fn genesis(network: &Network) -> Self {
        Self { height: 1, cumulative_difficulty: 1, top_id: network.genesis, top_version: 1, pruning_seed: 0 }
    }

    /// Reads it from the section of a message.
    pub(crate) fn read_from(message: &Section<'_>) -> Result<Self, Malformed> {
        let section = message.section("payload_data")?.required("payload_data")?;
        let top_id = section.string("top_id")?.required("top_id")?;
        let low: u64 = section.number("cumulative_difficulty")?.required("cumulative_difficulty")?;
        // Older nodes do not say it.
        let high: u64 = section.number("cumulative_difficulty_top64")?.unwrap_or(0);
        Ok(Self {
            height: section.number("current_height")?.required("current_height")?,
            cumulative_difficulty: u128::from(high) << 64 | u128::from(low),
            top_id: top_id.try_into().map_err(|_| Malformed::Length("top_id"))?,
            top_version: section.number("top_version")?.unwrap_or(0),
            pruning_seed: section.number("pruning_seed")?.unwrap_or(0),
        })
    }

    /// Writes it into the section of a message.
    pub(crate) fn write_into(&self, message: &mut Writer<'_>) {
        let half = |shift: u32| u64::try_from(self.cumulative_difficulty >> shift & u128::from(u64::MAX));
        message.section("payload_data", |section| {
            section.u64("cumulative_difficulty", half(0).expect("64 bits"));
            section.u64("cumulative_difficulty_top64", half(64).expect("64 bits"));
            section.u64("current_height", self.height);
            if self.pruning_seed != 0 {
                section.u32("pruning_seed", self.pruning_seed);
            }
            section.string("top_id", &self.top_id);
            if self.top_version != 0 {
                section.u8("top_version", self.top_version);
            }
        });
    }
}
