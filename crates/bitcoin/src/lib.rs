//! Bitcoin's handshake, and that of the networks that descend from it, in both roles.
//!
//! ```text
//! initiator                                       responder
//!   version                        ──────────────▶
//!                                  ◀────────────── version, wtxidrelay, sendaddrv2, feature*, verack
//!   wtxidrelay, sendaddrv2,        ──────────────▶
//!   feature*, verack
//! ```
//!
//! [`hello`] is the conversation, over whole messages. A [`channel`] carries it: [`v1`] in the plaintext framing of
//! [`frame`], [`v2`] in encrypted packets; [`accept`] takes either on one port. What differs between networks is in
//! [`chain`]. Nothing here owns a socket, a clock or a random source.
//!
//! Sources, as cited in the modules: the BIPs by number, and Bitcoin Core 31.99 by file.
#![no_std]
extern crate alloc;

pub mod accept;
pub mod chain;
pub mod channel;
pub mod compact_size;
mod conversation;
pub mod error;
pub mod frame;
pub mod gossip;
pub mod hello;
pub mod message;
pub mod services;
pub mod session;
pub mod v1;
pub mod v2;
pub mod version;

pub use accept::Accept;
pub use chain::{CHAINS, Chain, Magic, Params};
pub use channel::{Channel, Transport};
pub use conversation::Concluded;
pub use error::{Error, Halt};
pub use gossip::Gossip;
pub use hello::{Agreed, Announced, Local};
pub use message::{Command, Event, Feature, Message};
pub use services::{ServiceName, Services};
pub use session::Session;
pub use v1::V1;
pub use v2::V2;
pub use version::{NetAddress, UserAgent, Version};
