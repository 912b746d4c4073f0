//! A simulated network on loopback: scripted peers with known verdicts, and their DNS server.
//!
//! ```text
//!             seed.verack.test?          ┌─────┐
//!   program ──────────────────────────▶  │ Dns │   127.0.0.1, UDP and TCP
//!   under     127.16.0.1 127.20.0.1 ...  └─────┘
//!   test                                 ┌──────┐  127.16.0.1  coalesced
//!           ──────────────────────────▶  │ Peer │  127.17.0.1  chatty
//!             a handshake with each      └──────┘  127.18.0.1  ...
//! ```
//!
//! Each [`Peer`] acts a script: it sends valid messages, invalid ones or none, in any rhythm, and leaves early or
//! never. Its [`Truths`] are the expected verdicts over each transport, the same every time. [`catalogue`] has one of
//! each kind that we may call, [`callers`] one of each kind that may call us. A [`Network`] runs all of them at once,
//! each on its own loopback address, behind the seeds' names. The seeds do not list peers of protocols with node keys
//! ([`keyed`], and [`keyed_callers`] that call us). All names end in `.test`, which is reserved. (RFC 6761)
//!
//! For crawls there are networks of any size: a [`Topology`] says which nodes exist and which addresses each gossips,
//! and a [`Population`] runs all of its nodes, all healthy, on a handful of sockets. A [`Census`] compares the result
//! of a crawl with the real nodes.

mod census;
mod connection;
mod dns;
mod keyed;
mod line;
mod network;
mod peer;
mod population;
mod protocol;
mod random;
mod recording;
mod rhythm;
mod sockets;
mod strangers;
mod topology;
mod truth;

pub use census::{Census, Faults};
pub use dns::{Answer, Dns, Zone};
pub use keyed::{CALLED_KEY, GENESIS, KeyedPeer, NETWORK_ID, Named, keyed, keyed_callers};
pub use network::{LIBP2P, NAMES_OF_FAILURE, Network, Plan};
pub use peer::Peer;
pub use population::{Nodes, Population};
pub use protocol::bitcoin::callers::callers;
pub use protocol::bitcoin::catalogue::{
    catalogue, cut_at_every_byte, encrypted_and_cut_at_every_byte, versions_of_every_length,
};
pub use protocol::libp2p::catalogue::{libp2p_callers, libp2p_peers};
pub use protocol::monero::catalogue::{monero_callers, monero_peers};
pub use protocol::*;
pub use topology::{Ground, Kind, Ports, Topology};
pub use truth::{Transport, Truth, Truths};

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
