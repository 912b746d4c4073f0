//! A simulated network on loopback: scripted peers of known truth, and their DNS server.
//!
//! ```text
//!             seed.verack.test?          ┌─────┐
//!   whoever ──────────────────────────▶  │ Dns │   127.0.0.1, UDP and TCP
//!     is      127.16.0.1 127.20.0.1 ...  └─────┘
//!   tested                               ┌──────┐  127.16.0.1  coalesced
//!           ──────────────────────────▶  │ Peer │  127.17.0.1  chatty
//!             a handshake with each      └──────┘  127.18.0.1  ...
//! ```
//!
//! Each [`Peer`] acts a script: it says right messages, wrong ones or none, in any rhythm, and leaves early or never.
//! With it come its [`Truths`]: the verdict that it deserves over each transport, each and every time. [`catalogue`] has one of each that we
//! may call, [`callers`] one of each that may call us. A [`Network`] is all of them at once, each on a loopback address
//! of its own, behind the seeds' names. Peers whose protocol names them by their keys ([`keyed`], and
//! [`keyed_callers`] that call us) are behind none. All
//! names end in `.test`, which nobody can own. (RFC 6761)
//!
//! For crawls there are networks of any size: a [`Topology`] says who is where and knows whom, and a [`Population`] is
//! all of its nodes, healthy ones all, behind a handful of sockets. A
//! [`Census`] compares what a crawl has found with who is there.

mod callers;
mod catalogue;
mod census;
mod dns;
mod encrypted;
mod honest;
mod keyed;
mod libp2p;
mod monero;
mod network;
mod peer;
mod population;
mod random;
mod rhythm;
mod script;
mod sealed;
mod sockets;
mod topology;
mod truth;
mod voice;
mod wire;

pub use self::libp2p::{libp2p_callers, libp2p_peers};
pub use self::monero::{monero_callers, monero_peers};
pub use callers::callers;
pub use catalogue::{catalogue, cut_at_every_byte, encrypted_and_cut_at_every_byte, versions_of_every_length};
pub use census::{Census, Faults};
pub use dns::{Answer, Dns, Zone};
pub use keyed::{CALLED_KEY, GENESIS, KeyedPeer, NETWORK_ID, Named, keyed, keyed_callers};
pub use network::{LIBP2P, NAMES_OF_FAILURE, Network, Plan};
pub use peer::Peer;
pub use population::Population;
pub use topology::{Ground, Kind, Ports, Topology};
pub use truth::{Transport, Truth, Truths};
