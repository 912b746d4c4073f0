//! The program as users see it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what cannot be set up fails the test")]

mod addrs;
mod common;
mod completions;
mod conduct;
mod crawl;
mod demo;
mod evidence;
mod help;
mod hold;
mod identify;
mod interrupt;
mod keyed;
mod libp2p;
mod listen;
mod log;
mod map;
mod monero;
mod names;
mod neighbours;
mod only_v1;
mod patience;
mod peers;
mod polite;
mod proof;
mod proxy;
mod readme;
mod records;
mod scripted;
mod seam;
mod secrets;
mod security;
mod shake;
mod transport;
mod usage;
mod whoami;
