//! A population of Bitcoin nodes.

pub(crate) mod conversation;
pub(crate) mod lines;
