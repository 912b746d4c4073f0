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
//! never. Its [`Truths`] are the expected verdicts over each transport, the same every time. Each protocol has a module
//! here, whose `peers` are one of each kind that we may call, and whose `callers` are one of each kind that may call us.
//! A [`Network`] runs all of a [`Plan`] at once, each peer on its own loopback address, behind the seeds' names. The
//! seeds do not list peers of protocols with node keys. All names end in `.test`, which is reserved. (RFC 6761)
//!
//! For crawls there are networks of any size: a [`Topology`] says which nodes exist and which addresses each gossips,
//! and a [`Population`] runs all of its nodes, all healthy, on a handful of sockets. A [`Census`] compares the result
//! of a crawl with the real nodes.

mod census;
mod connection;
mod dns;
mod keys;
mod line;
mod network;
mod peer;
mod population;
mod protocol;
mod random;
mod recording;
mod rhythm;
mod script;
mod sockets;
mod strangers;
mod topology;
mod truth;

pub use census::{Census, Faults};
pub use dns::{Answer, Dns, Zone};
pub use keys::CALLED_KEY;
pub use network::{List, NAMES_OF_FAILURE, Network, Plan};
pub use peer::Peer;
pub use population::{Nodes, Population};
pub use protocol::*;
pub use topology::{Ground, Kind, Ports, Topology};
pub use truth::{Transport, Truth, Truths};

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
