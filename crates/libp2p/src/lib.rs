//! libp2p's handshake over TCP, in both roles: multistream-select, Noise XX, a muxer, and identify.
//!
//! ```text
//! initiator                                      responder
//!   /multistream/1.0.0, /noise, e ──────────▶
//!                                 ◀────────── /multistream/1.0.0, /noise, e, s, identity
//!   s, identity; identify?        ──────────▶
//!                                 ◀────────── identify!  identify?
//!   identify!                     ──────────▶
//! ```
//!
//! [`multistream`] chooses protocols by their names, and [`xx`] agrees on keys, which the two [`payload`]s tie to the
//! [`identity`] of each side. [`channel`] encrypts all later data. Within it [`yamux`] carries many streams, and one
//! stream of each side requests [`identify`]. [`Hello`] runs all of that, and [`Session`] keeps the connection after
//! it. A [`multiaddr`] is the address of a node. Nothing here owns a socket, a clock or a random source.
//!
//! Both roles, in memory; over a socket, a driver takes turns with the other side in the same way:
//!
//! ```
//! use verack_libp2p::handshake::{Conversation, Rx, Step};
//! use verack_libp2p::{Agreed, Error, Hello, Identity, Local, SecretKey};
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
//! // Random bytes belong in the place of these: those of an identity are kept, those of both keys never.
//! let local = |identity: [u8; 32], keys: [[u8; 32]; 2]| {
//!     let [noise_key, ephemeral_key] = keys.map(SecretKey::new);
//!     Local::new(Identity::new(identity), noise_key, ephemeral_key, "example/1.0")
//! };
//! let (ours, theirs) = (local([1; 32], [[2; 32], [3; 32]]), local([4; 32], [[5; 32], [6; 32]]));
//! let [our_id, their_id] = [&ours, &theirs].map(|local| local.identity.peer_id());
//!
//! let mut initiator = Hello::initiator(ours, Some(their_id.clone()));
//! let mut responder = Hello::responder(theirs);
//! let (mut names_and_one, _) = turn(&mut initiator, &mut [])?;
//! let (mut names_and_two, _) = turn(&mut responder, &mut names_and_one)?;
//! let (mut three_and_question, _) = turn(&mut initiator, &mut names_and_two)?;
//! let (mut answer_and_question, _) = turn(&mut responder, &mut three_and_question)?;
//! let (mut answer, met) = turn(&mut initiator, &mut answer_and_question)?;
//! let (_, met_by) = turn(&mut responder, &mut answer)?;
//!
//! assert_eq!(met.expect("it introduced itself").peer_id(), their_id);
//! assert_eq!(met_by.expect("so did we").peer_id(), our_id);
//! # Ok::<(), Error>(())
//! ```
//!
//! Sources, as cited in the modules: the files of libp2p/specs, and hashicorp/yamux for its `spec.md`.
#![no_std]
extern crate alloc;

pub mod channel;
pub mod connection;
pub mod error;
pub mod event;
pub mod hello;
pub mod identify;
pub mod identity;
pub mod key;
pub mod local;
pub mod multiaddr;
pub mod multistream;
pub mod payload;
pub mod peer_id;
pub mod protobuf;
mod reasons;
pub mod session;
pub mod target;
pub mod varint;
pub mod xx;
pub mod yamux;

pub use channel::Channel;
pub use connection::{Connection, Muxer};
pub use error::Error;
pub use event::{Event, Message};
pub use handshake;
pub use hello::{Agreed, Hello};
pub use identify::Identify;
pub use identity::{Identity, KeyType, PublicKey};
pub use key::SecretKey;
pub use local::{Local, Opening};
pub use multiaddr::Multiaddr;
pub use payload::Payload;
pub use peer_id::PeerId;
pub use reasons::REASONS;
pub use session::{Farewell, Session};
pub use target::{Place, Target};

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
