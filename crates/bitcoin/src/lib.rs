//! The handshake of Bitcoin and of the networks that descend from it, in both roles.
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
//! [`frame`], [`v2`] in encrypted packets. [`accept`] takes either on one port, and [`attempt`] chooses the one for a
//! node that we dial. [`chain`] has the differences between networks. Nothing here owns a socket, a clock or a random
//! source.
//!
//! The first bytes on a connection that we opened:
//!
//! ```
//! use verack_bitcoin::{Chain, Event, Local, Message, V1};
//! use verack_bitcoin::handshake::{Conversation, Rx, Step};
//!
//! let params = Chain::named("signet").expect("it is in the table").params;
//! // Nonce and entropy must be new for each connection, and the time that of our clock.
//! let mut handshake = V1::initiator(Local::new(params, 1_700_000_000, 0x1234, [0; 32]));
//!
//! let mut tx = Vec::new();
//! let step = handshake.step(&mut Rx::new(&mut []), &mut tx)?;
//! assert!(matches!(step, Step::Event(Event::Said(Message::Version(ours))) if ours.nonce == Some(0x1234)));
//! assert!(tx.starts_with(b"\x0a\x03\xcf\x40version\0"));
//! assert_eq!(handshake.step(&mut Rx::new(&mut []), &mut tx).map(|step| matches!(step, Step::Need(_))), Ok(true));
//! assert_eq!(handshake.awaiting(), "version");
//! # Ok::<(), verack_bitcoin::Error>(())
//! ```
//!
//! Sources, as cited in the modules: the BIPs by number, and Bitcoin Core 31.99 by file.
#![no_std]
extern crate alloc;

pub mod accept;
pub mod attempt;
pub mod chain;
pub mod channel;
pub mod compact_size;
pub mod conduct;
mod conversation;
pub mod error;
pub mod frame;
pub mod gossip;
pub mod hello;
pub mod message;
mod reasons;
pub mod services;
pub mod session;
pub mod v1;
pub mod v2;
pub mod version;

pub use accept::Accept;
pub use attempt::{Initiator, Knowledge, NextAttempt, TransportAttempt, TransportPolicy};
pub use chain::{CHAINS, Chain, Magic, Params};
pub use channel::{Channel, Transport};
pub use conversation::Concluded;
pub use error::{Error, ReadError};
pub use gossip::Gossip;
pub use handshake;
pub use hello::{Agreed, Announced, Local};
pub use message::{Command, Event, Feature, Message};
pub use reasons::REASONS;
pub use services::{ServiceName, Services};
pub use session::Session;
pub use v1::V1;
pub use v2::V2;
pub use version::{NetAddress, UserAgent, Version};

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
