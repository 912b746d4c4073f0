//! The protocols of the scripted peers, a folder each.

pub mod bitcoin;
pub mod ethereum;
pub mod libp2p;
pub mod lightning;
pub mod monero;
