//! libp2p.

pub(crate) mod catalogue;
pub(crate) mod script;
