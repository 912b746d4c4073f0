//! Monero's handshake, in both roles: a request and its answer, which also tells whom a node knows.
//!
//! ```text
//! initiator                          responder
//!   1001 request    ──────────▶
//!                   ◀──────────      2010 (or another notification, skipped)
//!                   ◀──────────      1007 request, if our flags are 0; answered
//!                   ◀──────────      1001 response, with up to 250 peers
//! ```
//!
//! [`levin`] frames messages, and [`storage`] is what their bodies are written in. [`Hello`] is the handshake, and
//! [`Session`] keeps the connection after that. There is no cryptography: a node's id is a random number, and whoever is
//! on the path can say anything in its name. Nothing here owns a socket, a clock or a random source.
//!
//! Sources, as cited in the modules: files of monero-project/monero, as of release 0.18.
#![no_std]
extern crate alloc;

pub mod address;
pub mod error;
pub mod hello;
pub mod introduction;
pub mod levin;
pub mod message;
pub mod network;
pub mod peer;
pub mod session;
pub mod storage;

pub use address::{Address, Host};
pub use error::{Error, Malformed};
pub use hello::{Agreed, Hello, Local};
pub use introduction::{Introduction, Node, Tip};
pub use levin::{Command, Kind, ReturnCode};
pub use message::{Event, Message};
pub use network::{NETWORKS, Network, NetworkId};
pub use peer::{MAX_PEERS, Peer, Peers};
pub use session::Session;
