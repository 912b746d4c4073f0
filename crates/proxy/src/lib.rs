//! The way to a peer through a proxy: SOCKS5 with Tor's extensions, and I2P's SAM 3.1. The client's side of both.
//!
//! ```text
//!            our proxy, Tor or I2P router              the peer
//!  client  ── request ──▶
//!          ◀── reply ───
//!          ─────────────── the protocol above ───────────▶
//! ```
//!
//! [`socks::Client`] asks a SOCKS5 proxy for a connection. [`sam::Client`] talks to an I2P router: it makes a session,
//! looks up a name, opens a stream or accepts one. Each is a [`Conversation`](handshake::Conversation): its `Done` hands
//! the connection over, and the bytes that are left belong to the protocol above. Names are never resolved here.
//!
//! Errors blame the right side. What our own proxy or router does wrong is `local.proxy-…` or `local.i2p-…`, and no
//! result for the peer; what it reports of the way to the peer is `tor.…`, `i2p.…` or `proxy.…`.
//!
//! ```
//! use verack_proxy::handshake::{Conversation, Fault, Rx, Step};
//! use verack_proxy::socks::{Client, Destination, Isolation};
//!
//! let onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
//! let destination = Destination::name(onion, 8333).expect("it is short");
//! // Random bytes belong in the place of these; the number is another one for each connection.
//! let isolation = Isolation::numbered([7; 8], 1);
//! let mut client = Client::tor(destination, isolation, b"first flight".to_vec());
//!
//! let mut turn = |arrived: &mut [u8]| {
//!     let (mut rx, mut tx) = (Rx::new(arrived), Vec::new());
//!     loop {
//!         match client.step(&mut rx, &mut tx) {
//!             Ok(Step::Event(_)) => {}
//!             Ok(Step::Need(_)) => return Ok(tx),
//!             Ok(Step::Done(_)) => unreachable!("this proxy reports an error"),
//!             Err(error) => return Err(error),
//!         }
//!     }
//! };
//! assert_eq!(turn(&mut [])?, [5, 1, 2]);
//! assert!(turn(&mut [5, 2])?.ends_with(b"first flight"));
//! let error = turn(&mut [1, 0, 5, 0xf0, 0, 1, 0, 0, 0, 0, 0, 0]).expect_err("no descriptor");
//! assert_eq!(error.code(), "tor.not-found");
//! # Ok::<(), verack_proxy::socks::Error>(())
//! ```
//!
//! Sources, as cited in the modules: RFC 1928, RFC 1929, socks-extensions of spec.torproject.org, and SAM V3 of
//! geti2p.net. What is said of tor, i2pd and microsocks was seen with tor 0.4.9.8, i2pd 2.45.1 and microsocks 1.0.3.
#![no_std]
extern crate alloc;

mod reasons;
pub mod sam;
pub mod socks;

pub use handshake;
pub use reasons::REASONS;

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
