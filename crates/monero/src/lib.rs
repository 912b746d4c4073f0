//! Monero's handshake, in both roles: a request and its answer, which also lists peers.
//!
//! ```text
//! initiator                          responder
//!   1001 request    ──────────▶
//!                   ◀──────────      2010 (or another notification, skipped)
//!                   ◀──────────      1007 request, if our flags are 0; answered
//!                   ◀──────────      1001 response, with up to 250 peers
//! ```
//!
//! [`levin`] frames messages, and [`storage`] is the format of their bodies. [`Hello`] is the handshake, and
//! [`Session`] keeps the connection after that. There is no cryptography: a node's id is a random number, and an
//! attacker on the path can impersonate any node. Nothing here owns a socket, a clock or a random source.
//!
//! Both roles, in memory; over a socket, a driver takes turns with the other side in the same way:
//!
//! ```
//! use verack_monero::handshake::{Conversation, Rx, Step};
//! use verack_monero::{Agreed, Error, Hello, Local, Network, Peer};
//!
//! /// Lets a side go on with what has arrived: what it says, and what was agreed if the handshake is over.
//! fn turn(side: &mut Hello, arrived: &mut [u8]) -> Result<(Vec<u8>, Option<Agreed>), Error> {
//!     let (mut rx, mut tx) = (Rx::new(arrived), Vec::new());
//!     loop {
//!         match side.step(&mut rx, &mut tx)? {
//!             Step::Event(event) => println!("{event:?}"),
//!             Step::Need(_) => return Ok((tx, None)),
//!             Step::Done(agreed) => return Ok((tx, Some(agreed))),
//!         }
//!     }
//! }
//!
//! let stagenet = Network::named("monero-stagenet").expect("it is in the table");
//! // Random numbers belong in the place of 1 and 2.
//! let (ours, mut theirs) = (Local::new(stagenet, 1), Local::new(stagenet, 2));
//! let known = Peer::new(verack_monero::Address::Ip(([192, 0, 2, 7], 38080).into()), 3);
//! theirs.peers = vec![known.clone()].into();
//!
//! let (mut initiator, mut responder) = (Hello::initiator(ours), Hello::responder(theirs));
//! let (mut request, _) = turn(&mut initiator, &mut [])?;
//! let (mut answer, met_by) = turn(&mut responder, &mut request)?;
//! let (_, met) = turn(&mut initiator, &mut answer)?;
//!
//! let met = met.expect("it answered");
//! assert_eq!((met.introduction.node.peer_id, &met.peers[..]), (2, &[known][..]));
//! assert_eq!(met_by.expect("we asked").introduction.tip.height, 1);
//! # Ok::<(), Error>(())
//! ```
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
mod reasons;
pub mod session;
pub mod storage;

pub use address::{Address, Host};
pub use error::{Error, Malformed};
pub use handshake;
pub use hello::{Agreed, Hello, Local};
pub use introduction::{Introduction, Node, Tip};
pub use levin::{Command, Kind, ReturnCode};
pub use message::{Event, Message};
pub use network::{NETWORKS, Network, NetworkId};
pub use peer::{MAX_PEERS, Peer, Peers};
pub use reasons::REASONS;
pub use session::Session;

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
