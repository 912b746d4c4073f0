//! The program as its users see it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what cannot be set up fails the test")]

mod common;
mod help;
mod keyed;
mod listen;
mod monero;
mod peers;
mod readme;
mod shake;
mod transport;
