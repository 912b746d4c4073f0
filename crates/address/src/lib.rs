//! Where a peer can be reached: endpoints of every kind of network, read and shown in one place.
//!
//! ```text
//!  text ──parse──▶ Endpoint { address: Address, port } ──Display──▶ text
//!                               │
//!                               ▼
//!                            Network: ipv4, ipv6, onion, i2p, cjdns, yggdrasil
//! ```
//! An [`Address`] is what BIP155 calls one: an IP address, or the key that names a node of an overlay network. Protocols
//! write it into their messages in their own forms; [`onion`] and [`base32`] have the parts that these share.
#![no_std]
extern crate alloc;

mod address;
pub mod base32;
mod endpoint;
mod network;
pub mod onion;
#[cfg(feature = "serde")]
mod text;

pub use address::{Address, BadAddress};
pub use endpoint::{BadEndpoint, Endpoint};
pub use network::Network;

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
