//! Runs any handshake over tokio: the one place with a socket and a clock.
//!
//! [`dial`] or [`Listener`] make the connection, a [`Driver`] runs the handshake over it, [`Established`] hands over
//! the connection afterwards, and [`Verdict`] reports the result. Nothing here knows a protocol.
//!
//! Bitcoin's handshake in both roles, over a connection on loopback:
//!
//! ```
//! use std::time::Duration;
//!
//! use bitcoin::{Chain, Local, V1};
//! use verack_net::{Limits, dial, run};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! const TIME: Duration = Duration::from_secs(10);
//! let params = Chain::named("bitcoin").expect("it is in the table").params;
//! // Nonce and entropy must be new for each connection, and the time that of our clock.
//! let local = move |nonce| Local::new(params, 1_700_000_000, nonce, [0; 32]);
//!
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let address = listener.local_addr()?;
//! let node = tokio::spawn(async move {
//!     let (stream, _) = listener.accept().await.expect("a caller");
//!     let mut handshake = V1::responder(local(2));
//!     run(&mut handshake, stream, Limits::within(TIME), |_| {}).await.map(|met| met.output.agreed)
//! });
//!
//! let stream = dial(address, TIME).await?;
//! let mut handshake = V1::initiator(local(1));
//! let met = run(&mut handshake, stream, Limits::within(TIME), |seen| println!("{:?}", seen.event)).await?;
//! let (stream, concluded) = met.into_stream(); // What follows is for you to say.
//! assert_eq!(concluded.agreed.version.nonce, Some(2));
//! # drop(stream);
//! assert_eq!(node.await??.version.nonce, Some(1));
//! # Ok(())
//! # }
//! ```
mod alarm;
mod dial;
mod failure;
mod files;
mod line;
mod listen;
mod rate;
mod reasons;
mod run;
mod stop;
mod timer;
mod tunnel;
mod unread;
mod verdict;

pub use dial::{Dial, DialError, dial};
pub use failure::{Cause, Failure};
pub use files::raise_open_files;
pub use handshake;
pub use handshake::Outcome;
pub use line::{AnyLine, Tcp};
pub use listen::{Accepted, Caps, Listener, NETWORK_SHARE, Permit, Turned};
pub use rate::{Pace, Rate};
pub use reasons::REASONS;
pub use run::{Driver, Established, Limits, Seen, run};
pub use stop::Stop;
pub use timer::Timer;
pub use tunnel::{TunnelError, tunnel};
pub use unread::Unread;
pub use verdict::{Ending, INTERRUPTED, UNCONFIRMED, Verdict, Why};

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
