//! libp2p's handshake over TCP, in both roles: multistream-select, Noise XX, a muxer, and identify.
//!
//! ```text
//! initiator                                      responder
//!   /multistream/1.0.0, /noise, e ──────────▶
//!                                 ◀────────── /multistream/1.0.0, /noise, e, s, who it is
//!   s, who it is; identify?       ──────────▶
//!                                 ◀────────── identify!  identify?
//!   identify!                     ──────────▶
//! ```
//!
//! [`multistream`] agrees on protocols by their names, and [`xx`] on keys, which the two [`payload`]s tie to the
//! [`identity`] of each side. [`channel`] seals what follows. Within it [`yamux`] makes many streams of one, and one of
//! them each way asks for [`identify`]. [`Hello`] is all of that, and [`Session`] keeps the connection after it. Where
//! nodes are is told by a [`multiaddr`]. Nothing here owns a socket, a clock or a random source.
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
pub mod session;
pub mod target;
pub mod varint;
pub mod xx;
pub mod yamux;

pub use channel::Channel;
pub use connection::{Connection, Muxer};
pub use error::Error;
pub use event::{Event, Message};
pub use hello::{Agreed, Hello};
pub use identify::Identify;
pub use identity::{Identity, KeyType, PublicKey};
pub use key::SecretKey;
pub use local::{Local, Opening};
pub use multiaddr::Multiaddr;
pub use payload::Payload;
pub use peer_id::PeerId;
pub use session::Session;
pub use target::{Place, Target};
