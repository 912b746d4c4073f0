//! libp2p over TCP.

mod callers;
mod catalogue;
mod script;
mod wire;

pub use self::callers::callers;
pub use self::catalogue::peers;
