//! The one place that knows which protocols there are.

mod bitcoin;
mod chain;
mod converse;
mod ethereum;
mod introduced;
mod keep;
mod libp2p;
mod lightning;
mod monero;
mod protocols;
mod retry;
mod shaken;
mod told;
mod transport;
mod way;
mod whom;

use std::net::SocketAddr;

use self::bitcoin::Bitcoin;
use self::bitcoin::Known;
pub use self::bitcoin::{Heard, may_be_asked_twice};
pub use self::chain::{Chain, Seed};
pub use self::converse::{Times, Tracer};
use self::ethereum::Ethereum;
pub use self::introduced::Introduced;
#[cfg(test)]
pub use self::keep::LastWords;
pub use self::keep::{Kept, KeptEnd, Leaving, Pings, Span};
use self::libp2p::Libp2p;
use self::lightning::Lightning;
use self::monero::Monero;
pub use self::protocols::Protocols;
pub use self::retry::Retry;
pub use self::shaken::{Connection, Shaken};
pub use self::told::{Asked, Place, Told, Unusable};
pub use self::transport::Transport;
pub use self::way::{Again, Way, Ways};
pub use self::whom::{Part, Whom};
use crate::args::{Introduction, ProtocolName, ServicesArg};
use crate::exit::Error;
pub use ::bitcoin::v2::{CLOSED_ON_KEY, REFUSED_KEY};

/// A protocol, with all that our side says in it.
#[derive(Debug)]
pub enum Protocol {
    /// Bitcoin and its descendants.
    Bitcoin(Box<Bitcoin>),
    /// RLPx, devp2p and `eth`.
    Ethereum(Box<Ethereum>),
    /// BOLT 8 and BOLT 1.
    Lightning(Box<Lightning>),
    /// multistream-select, Noise, yamux and identify.
    Libp2p(Box<Libp2p>),
    /// Levin.
    Monero(Box<Monero>),
}

impl Protocol {
    /// Our side of a protocol, as the options describe it.
    ///
    /// # Errors
    /// If an option asks for something that the protocol or the network does not have, or the key cannot be read.
    pub fn new(name: ProtocolName, options: &Introduction, receiving: &ServicesArg) -> Result<Self, Error> {
        Ok(match name {
            ProtocolName::Bitcoin => Self::Bitcoin(Box::new(Bitcoin::new(options, receiving)?)),
            ProtocolName::Ethereum => Self::Ethereum(Box::new(Ethereum::new(options)?)),
            ProtocolName::Lightning => Self::Lightning(Box::new(Lightning::new(options)?)),
            ProtocolName::Libp2p => Self::Libp2p(Box::new(Libp2p::new(options)?)),
            ProtocolName::Monero => Self::Monero(Box::new(Monero::new(options))),
        })
    }

    /// Its stable name in reports.
    pub fn name(&self) -> &'static str {
        let name = match self {
            Self::Bitcoin(_) => ProtocolName::Bitcoin,
            Self::Ethereum(_) => ProtocolName::Ethereum,
            Self::Lightning(_) => ProtocolName::Lightning,
            Self::Libp2p(_) => ProtocolName::Libp2p,
            Self::Monero(_) => ProtocolName::Monero,
        };
        name.name()
    }

    /// The ways in which an address that the user named is dialled, each on a connection of its own.
    pub fn ways(&self) -> Ways<'_> {
        match self {
            Self::Bitcoin(bitcoin) => Ways::of_bitcoin(bitcoin, bitcoin.transports(), Known::Named),
            other => other.way_in().into(),
        }
    }

    /// Those in which an address is dialled of which this was heard.
    pub fn ways_to(&self, heard: Heard) -> Ways<'_> {
        match self {
            Self::Bitcoin(bitcoin) => Ways::of_bitcoin(bitcoin, bitcoin.transports_to(heard), heard.known()),
            other => other.ways(),
        }
    }

    /// The way in which connections are accepted.
    pub fn way_in(&self) -> Way<'_> {
        match self {
            Self::Bitcoin(bitcoin) => Way::Bitcoin(bitcoin, bitcoin.accepted()),
            Self::Ethereum(ethereum) => Way::Ethereum(ethereum),
            Self::Lightning(lightning) => Way::Lightning(lightning),
            Self::Libp2p(libp2p) => Way::Libp2p(libp2p),
            Self::Monero(monero) => Way::Monero(monero),
        }
    }

    /// Whether a peer that dials us makes us do a key exchange, or check a signature.
    pub fn costs_key_exchange(&self) -> bool {
        match self {
            Self::Bitcoin(bitcoin) => bitcoin.accepted().transport() != Some(::bitcoin::Transport::V1),
            Self::Ethereum(_) | Self::Lightning(_) | Self::Libp2p(_) => true,
            Self::Monero(_) => false,
        }
    }

    /// The network's name; `any` if it does not matter which.
    pub fn chain(&self) -> &str {
        match self {
            Self::Bitcoin(bitcoin) => bitcoin.chain(),
            Self::Ethereum(ethereum) => ethereum.chain(),
            Self::Lightning(lightning) => lightning.chain(),
            Self::Libp2p(_) => "any",
            Self::Monero(monero) => monero.chain(),
        }
    }

    /// The names of the networks that a peer of ours may be on: those that a handshake does not tell apart. None if any
    /// will do.
    pub fn networks_like_ours(&self) -> Vec<String> {
        match self {
            Self::Bitcoin(bitcoin) => bitcoin.networks_like_ours(),
            other => [other.chain()].into_iter().filter(|name| *name != "any").map(ToOwned::to_owned).collect(),
        }
    }

    /// The port that a peer listens on unless told otherwise.
    pub fn port(&self) -> u16 {
        match self {
            Self::Bitcoin(bitcoin) => bitcoin.port(),
            Self::Ethereum(_) => ::ethereum::enode::DEFAULT_PORT,
            Self::Lightning(lightning) => lightning.port(),
            Self::Libp2p(_) => libp2p::DEFAULT_PORT,
            Self::Monero(monero) => monero.port(),
        }
    }

    /// By which form of target its nodes are named, if an address alone does not do.
    pub fn form_of_targets(&self) -> Option<&'static str> {
        match self {
            Self::Bitcoin(_) | Self::Monero(_) => None,
            Self::Ethereum(_) => Some("enode://<node id>@host:port or enr:..."),
            Self::Lightning(_) => Some("<node id>@host:port"),
            Self::Libp2p(_) => Some("/ip4/.../tcp/..., /dns4/.../tcp/... or /dnsaddr/..."),
        }
    }

    /// How our own side is named, if it listens at this address and an address alone does not do.
    pub fn our_target(&self, address: SocketAddr) -> Option<String> {
        match self {
            Self::Bitcoin(_) | Self::Monero(_) => None,
            Self::Ethereum(ethereum) => Some(ethereum.our_enode(address).to_string()),
            Self::Lightning(lightning) => Some(format!("{}@{address}", lightning.node_id())),
            Self::Libp2p(libp2p) => Some(libp2p.our_multiaddr(address).to_string()),
        }
    }

    /// The names of services, by their bits.
    pub fn service_names(&self, services: u64) -> Vec<String> {
        match self {
            Self::Bitcoin(bitcoin) => bitcoin.service_names(services).collect(),
            Self::Ethereum(_) | Self::Lightning(_) | Self::Libp2p(_) | Self::Monero(_) => Vec::new(),
        }
    }

    /// Asks a peer whom it knows, over the connection of the handshake in which it introduced itself so. `None` if
    /// nobody can be asked that in this protocol.
    pub async fn ask(
        &self,
        connection: Connection,
        introduced: &Introduced,
        peer: SocketAddr,
        times: Times<'_>,
        tracer: Option<Tracer<'_>>,
    ) -> Option<Asked> {
        match (self, connection, introduced) {
            (Self::Bitcoin(bitcoin), Connection::Bitcoin(stream, channel), Introduced::Bitcoin(introduced)) => {
                Some(bitcoin.ask(stream, channel, introduced, peer, times, tracer).await)
            }
            // It has told already.
            (_, _, Introduced::Monero(introduced)) => Some(introduced.told()),
            _ => None,
        }
    }

    /// Keeps a connection alive for this long, or until the peer leaves. `None` if it is another protocol's.
    pub async fn hold(&self, connection: Connection, span: Span<'_>, tracer: Option<Tracer<'_>>) -> Option<Kept> {
        Some(match (self, connection) {
            (Self::Bitcoin(bitcoin), Connection::Bitcoin(stream, channel)) => {
                bitcoin.hold(stream, channel, span, tracer).await
            }
            (_, Connection::Bitcoin(..)) => return None,
            (_, Connection::Ethereum(stream, channel)) => {
                Box::pin(ethereum::hold(stream, *channel, span, tracer)).await
            }
            (_, Connection::Lightning(stream, channel)) => {
                Box::pin(lightning::hold(stream, *channel, span, tracer)).await
            }
            (_, Connection::Libp2p(stream, connection)) => {
                Box::pin(libp2p::hold(stream, *connection, span, tracer)).await
            }
            (_, Connection::Monero(stream, local)) => Box::pin(monero::hold(stream, *local, span, tracer)).await,
        })
    }
}
