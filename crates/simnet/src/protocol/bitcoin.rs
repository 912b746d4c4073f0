//! Bitcoin and its relatives.

pub(crate) mod callers;
pub(crate) mod catalogue;
pub(crate) mod honest;
pub(crate) mod population;
pub(crate) mod script;
pub(crate) mod wire;
