//! What the fuzz targets do with their input, one module for each protocol. The tests of the protocol include the same
//! module and replay the corpora with it.
#![forbid(unsafe_code)]

pub mod bitcoin;
pub mod bitcoin_v2;
pub mod ethereum;
pub mod libp2p;
pub mod lightning;
pub mod monero;
pub mod proxy;
