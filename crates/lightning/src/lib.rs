//! Lightning's handshake, in both roles: three acts that agree on keys, then an `init` message each.
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
//! [`acts`] are the key exchange and [`channel`] is what they agree on; [`Hello`] has them and then the two [`init`]
//! messages, and [`Session`] keeps the connection after that. Nothing here owns a socket, a clock or a random source.
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
pub mod session;
pub mod wire;

pub use acts::Act;
pub use chain::{CHAINS, Chain, ChainHash};
pub use channel::Channel;
pub use error::Error;
pub use feature::{Feature, Features};
pub use hello::{Agreed, Hello, Local};
pub use init::{Address, Init};
pub use key::{NodeId, SecretKey};
pub use message::{Event, Kind, Message};
pub use session::Session;
