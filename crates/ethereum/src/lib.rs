//! Ethereum's handshake, in both roles: RLPx, devp2p's Hello, and the Status of `eth`.
//!
//! ```text
//! initiator                          responder
//!   auth            ───────────────▶
//!                   ◀─────────────── ack, Hello
//!   Hello, Status   ───────────────▶
//!                   ◀─────────────── Status
//! ```
//!
//! [`auth`] has the two packets that exchange keys, sealed by [`ecies`]; [`frame`] is the encrypted framing after them,
//! and [`channel`] carries messages in it. [`Rlpx`] is the whole handshake. [`enode`] and [`enr`] give the addresses of
//! nodes; [`network`] and [`fork_id`] give their network. Nothing here owns a socket, a clock or a random source.
//!
//! Both roles, in memory; over a socket, a driver takes turns with the other side in the same way:
//!
//! ```
//! use verack_ethereum::handshake::{Conversation, Rx, Step};
//! use verack_ethereum::local::Goal;
//! use verack_ethereum::{Agreed, Error, Fresh, Local, Rlpx, SecretKey};
//!
//! /// Lets a side go on with what has arrived: what it says, and what was agreed if the handshake is over.
//! fn turn(side: &mut Rlpx, arrived: &mut [u8]) -> Result<(Vec<u8>, Option<Agreed>), Error> {
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
//! // Random bytes belong in the place of these: those of a key are kept, the others are new for each connection.
//! let key = |byte| SecretKey::new([byte; 32]).expect("it is less than the order");
//! let fresh = |byte| Fresh::new(&[byte; Fresh::RANDOM_LEN]).expect("these are keys, too");
//! let local = |byte| {
//!     let mut local = Local::new(key(byte));
//!     local.goal = Goal::Hello;
//!     local
//! };
//!
//! let mut initiator = Rlpx::initiator(local(1), fresh(2), key(3).public());
//! let mut responder = Rlpx::responder(local(3), fresh(4));
//! let (mut auth, _) = turn(&mut initiator, &mut [])?;
//! let (mut ack_and_hello, _) = turn(&mut responder, &mut auth)?;
//! let (mut hello, met) = turn(&mut initiator, &mut ack_and_hello)?;
//! let (_, met_by) = turn(&mut responder, &mut hello)?;
//!
//! assert_eq!(met.expect("it introduced itself").node_id, key(3).public());
//! assert_eq!(met_by.expect("so did we").node_id, key(1).public());
//! # Ok::<(), Error>(())
//! ```
//!
//! Sources, as cited in the modules: `rlpx.md`, `enr.md` and `caps/eth.md` of ethereum/devp2p, the EIPs by number, and
//! go-ethereum ("geth") by file.
#![no_std]
extern crate alloc;

pub mod auth;
pub mod channel;
mod conversation;
pub mod disconnect;
pub mod ecies;
pub mod enode;
pub mod enr;
pub mod error;
pub mod eth;
pub mod fork_id;
pub mod frame;
pub mod hash;
pub mod headers;
pub mod hello;
pub mod key;
pub mod local;
pub mod mac;
pub mod message;
pub mod network;
mod reasons;
pub mod rlp;
pub mod rlpx;
pub mod secrets;
pub mod session;
pub mod snappy;
pub mod standing;

pub use channel::Channel;
pub use disconnect::Reason;
pub use enode::Enode;
pub use enr::Enr;
pub use error::Error;
pub use eth::Status;
pub use fork_id::ForkId;
pub use handshake;
pub use hash::Hash;
pub use hello::{Capability, Hello};
pub use key::{PublicKey, SecretKey};
pub use local::{Fresh, Goal, Local, OurStatus, Protocol, Rules};
pub use message::{Event, Message};
pub use network::{NETWORKS, Network};
pub use reasons::REASONS;
pub use rlpx::{Agreed, Rlpx};
pub use session::Session;

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
