//! The peers that a node knows: part of the answer to a handshake, and to a timed sync. (src/p2p/p2p_protocol_defs.h)

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::num::NonZeroI64;
use core::ops::Deref;

use crate::address::Address;
use crate::error::{Limit, Malformed};
use crate::storage::{Field, Section, Value, Writer};

/// Peers in a message, at most. `monerod` treats a node that sends more as a spammer. (P2P_MAX_PEERS_IN_HANDSHAKE)
pub const MAX_PEERS: usize = 250;

/// A node, as another node knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: Address,
    /// Its id.
    pub id: u64,
    /// When it was last reached, in seconds since 1970, never 0. `None` is unknown: nodes omit it, or send 0, for
    /// nearly all peers, to keep it private. (src/p2p/net_peerlist.cpp: `peerlist_manager::get_peerlist_head`)
    pub last_seen: Option<NonZeroI64>,
    /// The part of the chain that it stores; 0 for all of it.
    pub pruning_seed: u32,
    /// The port of its RPC; 0 for none.
    pub rpc_port: u16,
    /// Its price in RPC credits for each hash of work; 0 if its RPC is free.
    pub rpc_credits_per_hash: u32,
}

impl Peer {
    /// A node of which only address and id are known.
    #[must_use]
    pub fn new(address: Address, id: u64) -> Self {
        Self { address, id, last_seen: None, pruning_seed: 0, rpc_port: 0, rpc_credits_per_hash: 0 }
    }

    fn read(section: &Section<'_>) -> Result<Self, Malformed> {
        let keys = ["adr", "id", "last_seen", "pruning_seed", "rpc_port", "rpc_credits_per_hash"];
        let [adr, id, last_seen, pruning_seed, rpc_port, rpc_credits_per_hash] = section.fields(keys);
        Ok(Self {
            address: Address::read(&adr.required(Field::section)?)?,
            id: id.required(Field::number)?,
            last_seen: last_seen.number()?.and_then(NonZeroI64::new),
            pruning_seed: pruning_seed.number()?.unwrap_or(0),
            rpc_port: rpc_port.number()?.unwrap_or(0),
            rpc_credits_per_hash: rpc_credits_per_hash.number()?.unwrap_or(0),
        })
    }

    fn write(&self, section: &mut Writer<'_>) {
        section.section("adr", |section| self.address.write(section));
        section.u64("id", self.id);
        if let Some(last_seen) = self.last_seen {
            section.i64("last_seen", last_seen.get());
        }
        if self.pruning_seed != 0 {
            section.u32("pruning_seed", self.pruning_seed);
        }
        if self.rpc_credits_per_hash != 0 {
            section.u32("rpc_credits_per_hash", self.rpc_credits_per_hash);
        }
        if self.rpc_port != 0 {
            section.u16("rpc_port", self.rpc_port);
        }
    }
}

/// The peers in a message, at most [`MAX_PEERS`]. Clones share one list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peers(Arc<[Peer]>);

impl Peers {
    pub(crate) const KEY: &'static str = "local_peerlist_new";

    /// Reads them from the field of a message.
    pub(crate) fn read(list: Field<'_>) -> Result<Self, Malformed> {
        let Some(list) = list.array()? else {
            return Ok(Self::default());
        };
        if list.len() > MAX_PEERS {
            return Err(Malformed::TooMany(Limit::Peers));
        }
        let peers = list.values().map(|value| match value {
            Value::Section(peer) => Peer::read(&peer),
            _ => Err(Malformed::Not(Self::KEY, "a list of sections")),
        });
        peers.collect::<Result<Arc<[Peer]>, Malformed>>().map(Self)
    }

    /// Writes them into the section of a message; an empty list is omitted.
    pub(crate) fn write(&self, message: &mut Writer<'_>) {
        if !self.0.is_empty() {
            message.sections(Self::KEY, &self.0, Peer::write);
        }
    }
}

/// The first [`MAX_PEERS`] of these.
impl From<Vec<Peer>> for Peers {
    fn from(mut peers: Vec<Peer>) -> Self {
        peers.truncate(MAX_PEERS);
        Self(peers.into())
    }
}

impl Deref for Peers {
    type Target = [Peer];

    fn deref(&self) -> &[Peer] {
        &self.0
    }
}
