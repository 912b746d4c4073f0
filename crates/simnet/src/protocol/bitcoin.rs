//! Bitcoin and its relatives.

pub(crate) mod callers;
pub(crate) mod catalogue;
pub(crate) mod honest;
mod population;
pub(crate) mod script;
mod truth;
pub(crate) mod wire;

pub use self::population::{BitcoinNodes, nodes};
