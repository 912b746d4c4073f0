//! Bitcoin and its relatives, over both transports.

mod callers;
mod catalogue;
mod honest;
mod population;
mod script;
mod truth;
mod wire;

pub use self::callers::callers;
pub use self::catalogue::{cut_at_every_byte, encrypted_and_cut_at_every_byte, peers, versions_of_every_length};
pub use self::honest::honest;
pub use self::population::{BitcoinNodes, nodes};
