//! Lightning.

pub(crate) mod catalogue;
pub(crate) mod script;
