//! Monero.

mod callers;
mod catalogue;
mod wire;

pub use self::callers::callers;
pub use self::catalogue::peers;
