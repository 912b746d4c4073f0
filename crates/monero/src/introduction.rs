//! A node's introduction: its properties, and its chain's tip. (src/p2p/p2p_protocol_defs.h: basic_node_data,
//! src/cryptonote_protocol/cryptonote_protocol_defs.h: CORE_SYNC_DATA)

use crate::error::Malformed;
use crate::network::{Network, NetworkId};
use crate::storage::{Field, Section, Writer};

/// A node's introduction, in a request and in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introduction {
    /// The node's properties.
    pub node: Node,
    /// Its chain's tip.
    pub tip: Tip,
}

impl Introduction {
    /// Its keys in a message.
    pub(crate) const KEYS: [&'static str; 2] = ["node_data", Tip::KEY];

    pub(crate) fn read([node, tip]: [Field<'_>; 2]) -> Result<Self, Malformed> {
        Ok(Self { node: Node::read(&node.required(Field::section)?)?, tip: Tip::read(tip)? })
    }

    pub(crate) fn write(&self, message: &mut Writer<'_>) {
        message.section(Self::KEYS[0], |section| self.node.write(section));
        self.tip.write_into(message);
    }
}

/// A node's properties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its network.
    pub network_id: NetworkId,
    /// Its id: a random number, the same on all its connections.
    pub peer_id: u64,
    /// The port where it listens for peers; 0 for none. A peer may send any number. If we dial a `monerod`, it dials
    /// this port of ours and pings us.
    pub my_port: u32,
    /// The port of its RPC; 0 for none, or not announced.
    pub rpc_port: u16,
    /// Its price in RPC credits for each hash of work; 0 if its RPC is free.
    pub rpc_credits_per_hash: u32,
    /// Its support flags: 1 is fluffy blocks. A node that sends 0 is asked for them.
    pub support_flags: u32,
}

impl Node {
    /// A node that listens nowhere, and supports fluffy blocks as every node does.
    #[must_use]
    pub fn new(network_id: NetworkId, peer_id: u64) -> Self {
        Self { network_id, peer_id, my_port: 0, rpc_port: 0, rpc_credits_per_hash: 0, support_flags: 1 }
    }

    fn read(section: &Section<'_>) -> Result<Self, Malformed> {
        let keys = ["network_id", "peer_id", "my_port", "rpc_port", "rpc_credits_per_hash", "support_flags"];
        let [network_id, peer_id, my_port, rpc_port, rpc_credits_per_hash, support_flags] = section.fields(keys);
        let network_id = network_id.required(Field::string)?;
        Ok(Self {
            network_id: NetworkId(network_id.try_into().map_err(|_| Malformed::Length("network_id"))?),
            peer_id: peer_id.required(Field::number)?,
            my_port: my_port.required(Field::number)?,
            rpc_port: rpc_port.number()?.unwrap_or(0),
            rpc_credits_per_hash: rpc_credits_per_hash.number()?.unwrap_or(0),
            support_flags: support_flags.number()?.unwrap_or(0),
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

/// The tip of a node's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The number of its blocks, at least one.
    pub height: u64,
    /// The total work of all blocks, in hashes.
    pub cumulative_difficulty: u128,
    /// The hash of the last block.
    pub top_id: [u8; 32],
    /// The version of its consensus rules.
    pub top_version: u8,
    /// The part of the chain that it stores; 0 for all of it.
    pub pruning_seed: u32,
}

impl Tip {
    /// A chain of one block, as a new node has it.
    #[must_use]
    pub fn genesis(network: &Network) -> Self {
        Self { height: 1, cumulative_difficulty: 1, top_id: network.genesis, top_version: 1, pruning_seed: 0 }
    }

    /// Its key in a message.
    pub(crate) const KEY: &'static str = "payload_data";

    /// Reads it from the field of a message.
    pub(crate) fn read(tip: Field<'_>) -> Result<Self, Malformed> {
        let [height, low, high, top_id, top_version, pruning_seed] = tip.required(Field::section)?.fields([
            "current_height",
            "cumulative_difficulty",
            "cumulative_difficulty_top64",
            "top_id",
            "top_version",
            "pruning_seed",
        ]);
        let top_id = top_id.required(Field::string)?;
        let low: u64 = low.required(Field::number)?;
        // Older nodes omit it.
        let high: u64 = high.number()?.unwrap_or(0);
        Ok(Self {
            height: height.required(Field::number)?,
            cumulative_difficulty: u128::from(high) << 64 | u128::from(low),
            top_id: top_id.try_into().map_err(|_| Malformed::Length("top_id"))?,
            top_version: top_version.number()?.unwrap_or(0),
            pruning_seed: pruning_seed.number()?.unwrap_or(0),
        })
    }

    /// Writes it into the section of a message.
    pub(crate) fn write_into(&self, message: &mut Writer<'_>) {
        let half = |shift: u32| u64::try_from(self.cumulative_difficulty >> shift & u128::from(u64::MAX));
        message.section(Self::KEY, |section| {
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
