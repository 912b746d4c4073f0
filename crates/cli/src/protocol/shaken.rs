//! What came of a handshake.

use std::time::Duration;

use bitcoin::v2::SessionId;
use net::{Timer, Unread, Verdict};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::{Again, Introduced, Retry, Tracer, Transport};
use crate::report::Bytes;

/// What came of a handshake.
#[derive(Debug)]
pub struct Shaken<'p> {
    /// What carried it.
    pub transport: Transport,
    /// The name that both sides give the connection, if it is encrypted.
    pub session_id: Option<SessionId>,
    /// How it may go better, on another connection.
    pub fall_back: Option<Again<'p>>,
    /// How it went.
    pub verdict: Verdict,
    /// What is certain of it, if a silent connection may settle the rest: the verdict's sentence without its guess.
    pub guess: Option<Box<str>>,
    /// The names of the networks that the peer turned out to be on, if not on ours.
    pub elsewhere: Vec<&'static str>,
    /// What that says of the next attempt.
    pub retry: Retry,
    /// How the peer introduced itself.
    pub introduced: Option<Introduced>,
    /// When it did, since the connection was open.
    pub hello: Option<Duration>,
    /// How much passed.
    pub bytes: Bytes,
    /// The connection, if the handshake concluded.
    pub connection: Option<Connection>,
}

/// A connection after its handshake.
#[derive(Debug)]
pub enum Connection {
    /// Bitcoin.
    Bitcoin(Unread<TcpStream>, bitcoin::Channel),
    /// Ethereum.
    Ethereum(Unread<TcpStream>, Box<ethereum::Channel>),
    /// Lightning.
    Lightning(Unread<TcpStream>, Box<lightning::Channel>),
    /// libp2p.
    Libp2p(Unread<TcpStream>, Box<libp2p::Connection>),
    /// Monero, and our side of it.
    Monero(Unread<TcpStream>, Box<monero::Local>),
}

impl Connection {
    /// Whether the peer may ask something yet that it counts on.
    pub fn owes_answer(&self) -> bool {
        matches!(self, Self::Libp2p(_, connection) if !connection.is_known())
    }

    /// Gives that answer, if it is asked for soon, and leaves.
    pub async fn part(self, opened: Instant, timer: &mut Timer, tracer: Option<Tracer<'_>>) {
        if let Self::Libp2p(stream, connection) = self {
            super::libp2p::part(stream, *connection, opened, timer, tracer).await;
        }
    }
}
