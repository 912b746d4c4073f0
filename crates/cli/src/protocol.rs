//! The one place that knows which protocols there are.

mod bitcoin;
mod told;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use ::bitcoin::v2::SessionId;
use ::handshake::Role;
use net::{Timer, Verdict};
use serde::{Serialize, Serializer};
use tokio::net::TcpStream;
use tokio::time::Instant;

pub use self::bitcoin::Bitcoin;
pub use self::told::{Asked, Place, Told};
use crate::report::Bytes;
use crate::trace::Entry;

/// A protocol, with all that our side says in it.
#[derive(Debug)]
pub enum Protocol {
    /// Bitcoin and its descendants.
    Bitcoin(Bitcoin),
}

/// What carries a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Bitcoin's, in plain text.
    V1,
    /// Bitcoin's, encrypted. (BIP324)
    V2,
    /// Whichever of these two the peer chooses.
    Either,
}

impl Transport {
    /// Its stable name in reports; none as long as the peer has not chosen.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::V1 => Some("v1"),
            Self::V2 => Some("v2"),
            Self::Either => None,
        }
    }
}

/// What came of a handshake.
#[derive(Debug)]
pub struct Shaken {
    /// What carried it.
    pub transport: Transport,
    /// The name that both sides give the connection, if it is encrypted.
    pub session_id: Option<SessionId>,
    /// The transport with which it may go better, on another connection.
    pub fall_back: Option<Transport>,
    /// How it went.
    pub verdict: Verdict,
    /// How the peer introduced itself.
    pub introduced: Option<Introduced>,
    /// When it did, since the connection was open.
    pub hello: Option<Duration>,
    /// How much passed.
    pub bytes: Bytes,
    /// The connection, if the handshake concluded.
    pub connection: Option<Connection>,
}

/// How a peer introduced itself, as it was read. It becomes text where it is printed.
#[derive(Clone, Debug)]
pub enum Introduced {
    /// Bitcoin.
    Bitcoin(bitcoin::Introduced),
}

impl Introduced {
    /// The name of its program, as it gives it.
    pub fn agent(&self) -> String {
        match self {
            Self::Bitcoin(introduced) => introduced.version.user_agent.to_string(),
        }
    }

    /// How it sees us, if it says so.
    pub fn our_address(&self) -> Option<SocketAddr> {
        match self {
            Self::Bitcoin(introduced) => introduced.peer().our_address,
        }
    }

    /// What the database keeps of it.
    pub fn kept(&self) -> store::Introduced {
        match self {
            Self::Bitcoin(introduced) => introduced.kept(),
        }
    }

    /// What it offers, for people.
    pub fn offers(&self) -> String {
        match self {
            Self::Bitcoin(introduced) => introduced.peer().service_names.to_string(),
        }
    }
}

/// One sentence on a concluded handshake.
impl fmt::Display for Introduced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bitcoin(introduced) => introduced.fmt(f),
        }
    }
}

impl Serialize for Introduced {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bitcoin(introduced) => introduced.peer().serialize(serializer),
        }
    }
}

/// A connection after its handshake.
#[derive(Debug)]
pub enum Connection {
    /// Bitcoin.
    Bitcoin(net::Unread<TcpStream>, ::bitcoin::Channel),
}

/// The clock of a handshake.
#[derive(Debug)]
pub struct Times<'t> {
    /// When the connection was open.
    pub opened: Instant,
    /// When the handshake must be over.
    pub deadline: Instant,
    /// Keeps to the deadline.
    pub timer: &'t mut Timer,
}

/// Is shown each message as it passes.
pub type Tracer<'t> = &'t mut (dyn FnMut(Entry<'_>) + Send);

impl Protocol {
    /// Its stable name in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Bitcoin(_) => "bitcoin",
        }
    }

    /// The transports over which an address is dialled, each on a connection of its own.
    pub fn transports(&self) -> &'static [Transport] {
        match self {
            Self::Bitcoin(bitcoin) => bitcoin.transports(),
        }
    }

    /// The transport over which connections are accepted.
    pub fn accepted_transport(&self) -> Transport {
        match self {
            Self::Bitcoin(bitcoin) => bitcoin.accepted_transport(),
        }
    }

    /// The network's name.
    pub fn chain(&self) -> &str {
        match self {
            Self::Bitcoin(bitcoin) => bitcoin.chain(),
        }
    }

    /// The port that a peer listens on unless told otherwise.
    pub fn port(&self) -> u16 {
        match self {
            Self::Bitcoin(bitcoin) => bitcoin.port(),
        }
    }

    /// Has the handshake over a connection.
    pub async fn shake(
        &self,
        transport: Transport,
        role: Role,
        stream: TcpStream,
        peer: SocketAddr,
        times: Times<'_>,
        tracer: Option<Tracer<'_>>,
    ) -> Shaken {
        match self {
            Self::Bitcoin(bitcoin) => bitcoin.shake(transport, role, stream, peer, times, tracer).await,
        }
    }

    /// The names of services, by their bits.
    pub fn service_names(&self, services: u64) -> impl Iterator<Item = String> {
        match self {
            Self::Bitcoin(bitcoin) => bitcoin.service_names(services),
        }
    }

    /// Asks a peer whom it knows, over the connection of the handshake in which it introduced itself so.
    pub async fn ask(
        &self,
        connection: Connection,
        introduced: &Introduced,
        peer: SocketAddr,
        times: Times<'_>,
        tracer: Option<Tracer<'_>>,
    ) -> Asked {
        match (self, connection, introduced) {
            (Self::Bitcoin(bitcoin), Connection::Bitcoin(stream, channel), Introduced::Bitcoin(introduced)) => {
                bitcoin.ask(stream, channel, introduced, peer, times, tracer).await
            }
        }
    }

    /// Keeps a connection that was `opened` then alive `until` then, or until the peer closes it.
    pub async fn hold(&self, connection: Connection, opened: Instant, until: Instant, tracer: Option<Tracer<'_>>) {
        match (self, connection) {
            (Self::Bitcoin(bitcoin), Connection::Bitcoin(stream, channel)) => {
                bitcoin.hold(stream, channel, opened, until, tracer).await;
            }
        }
    }
}
