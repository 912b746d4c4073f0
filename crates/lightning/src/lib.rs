//! Lightning's handshake, in both roles: three acts for the key agreement, then an `init` message of each side.
//!
//! ```text
//! initiator                              responder
//!   act one       50 bytes ──────────▶
//!                          ◀────────── 50 bytes  act two
//!   act three     66 bytes ──────────▶
//!   init            sealed ──────────▶
//!                          ◀────────── sealed    init
//! ```
//!
//! [`acts`] are the key exchange and [`channel`] is its result; [`Hello`] runs them and then exchanges the two [`init`]
//! messages, and [`Session`] keeps the connection after that. Nothing here owns a socket, a clock or a random source.
//!
//! Both roles, in memory; over a socket, a driver takes turns with the other side in the same way:
//!
//! ```
//! use verack_lightning::handshake::{Conversation, Rx, Step};
//! use verack_lightning::{Agreed, Error, Hello, Local, SecretKey};
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
//! // Random bytes belong in the place of these: those of the second are new for each connection.
//! let key = |byte| SecretKey::new([byte; 32]).expect("it is less than the order");
//! let node_id = key(3).node_id();
//!
//! let mut initiator = Hello::initiator(Local::new(key(1), key(2), Vec::new()), node_id);
//! let mut responder = Hello::responder(Local::new(key(3), key(4), Vec::new()));
//! let (mut act_one, _) = turn(&mut initiator, &mut [])?;
//! let (mut act_two, _) = turn(&mut responder, &mut act_one)?;
//! let (mut act_three_and_init, _) = turn(&mut initiator, &mut act_two)?;
//! let (mut init_and_ping, _) = turn(&mut responder, &mut act_three_and_init)?;
//! let (mut ping_and_pong, _) = turn(&mut initiator, &mut init_and_ping)?;
//! let (mut pong, met_by) = turn(&mut responder, &mut ping_and_pong)?;
//! let (_, met) = turn(&mut initiator, &mut pong)?;
//!
//! assert_eq!(met.expect("it introduced itself").node_id, node_id);
//! assert_eq!(met_by.expect("so did we").node_id, key(1).node_id());
//! # Ok::<(), Error>(())
//! ```
//!
//! Sources, as cited in the modules: the BOLTs by number, as of commit a3772650.
#![no_std]
extern crate alloc;

pub mod acts;
pub mod chain;
pub mod channel;
pub mod error;
pub mod feature;
pub mod hello;
pub mod init;
pub mod key;
pub mod message;
mod reasons;
pub mod session;
pub mod wire;

pub use acts::Act;
pub use chain::{CHAINS, Chain, ChainHash};
pub use channel::Channel;
pub use error::Error;
pub use feature::{Feature, Features};
pub use handshake;
pub use hello::{Agreed, Hello, Local};
pub use init::{Address, Init};
pub use key::{NodeId, SecretKey};
pub use message::{Event, Kind, Message};
pub use reasons::REASONS;
pub use session::Session;

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
