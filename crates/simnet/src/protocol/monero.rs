//! Monero.

pub(crate) mod catalogue;
