//! The protocols of the scripted peers, a folder each.

pub(crate) mod bitcoin;
pub(crate) mod ethereum;
pub(crate) mod libp2p;
pub(crate) mod lightning;
pub(crate) mod monero;
