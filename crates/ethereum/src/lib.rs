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
//! [`auth`] has the two packets that exchange keys, sealed by [`ecies`]; [`frame`] is the encrypted framing that they
//! lead to, and [`channel`] what carries messages in it. [`Rlpx`] is the whole handshake. Where nodes are is told by
//! [`enode`] and [`enr`], and which network they are on by [`network`] and [`fork_id`]. Nothing here owns a socket, a
//! clock or a random source.
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
pub mod hello;
pub mod key;
pub mod local;
pub mod mac;
pub mod message;
pub mod network;
pub mod rlp;
pub mod rlpx;
pub mod secrets;
pub mod session;
pub mod snappy;

pub use channel::Channel;
pub use disconnect::Reason;
pub use enode::Enode;
pub use enr::Enr;
pub use error::Error;
pub use eth::Status;
pub use fork_id::ForkId;
pub use hash::Hash;
pub use hello::{Capability, Hello};
pub use key::{PublicKey, SecretKey};
pub use local::{Fresh, Goal, Local, OurStatus, Protocol};
pub use message::{Event, Message};
pub use network::{NETWORKS, Network};
pub use rlpx::{Agreed, Rlpx};
pub use session::Session;
