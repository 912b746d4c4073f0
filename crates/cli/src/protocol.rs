//! The one place that knows which protocols there are.

mod bitcoin;
mod chain;
mod converse;
mod ethereum;
mod introduced;
mod libp2p;
mod lightning;
mod monero;
mod told;

use std::net::SocketAddr;
use std::time::Duration;

use ::bitcoin::v2::SessionId;
use ::ethereum::PublicKey;
use ::handshake::Role;
use ::libp2p::PeerId;
use ::lightning::NodeId;
use net::{Timer, Unread, Verdict};
use tokio::net::TcpStream;
use tokio::time::Instant;

use self::bitcoin::Bitcoin;
pub use self::chain::Chain;
use self::ethereum::Ethereum;
pub use self::introduced::Introduced;
use self::libp2p::Libp2p;
use self::lightning::Lightning;
use self::monero::Monero;
pub use self::told::{Asked, Place, Told};
use crate::args::{Introduction, ProtocolName, ServicesArg};
use crate::exit::Error;
use crate::report::Bytes;
use crate::target::Target;
use crate::trace::Entry;

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

/// Whom a target means. Its form says of which protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Whom {
    /// Whoever listens there, in the protocol of the network that was chosen.
    Anybody,
    /// The Ethereum node with this key.
    Ethereum(Box<PublicKey>),
    /// The Lightning node with this key.
    Lightning(Box<NodeId>),
    /// The libp2p node with this id, or whichever is there.
    Libp2p(Option<Box<PeerId>>),
}

impl Whom {
    /// The libp2p node that is meant, if it is one alone.
    pub fn peer_id(&self) -> Option<&PeerId> {
        match self {
            Self::Libp2p(peer_id) => peer_id.as_deref(),
            _ => None,
        }
    }
}

/// Our part in a handshake.
#[derive(Clone, Copy, Debug)]
pub enum Part<'w> {
    /// We dialled, and meant this one.
    Dialling(&'w Whom),
    /// We were dialled.
    Accepting,
}

impl Part<'_> {
    /// Which side that is.
    pub fn role(self) -> Role {
        match self {
            Self::Dialling(_) => Role::Initiator,
            Self::Accepting => Role::Responder,
        }
    }
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
    /// Ethereum's.
    Rlpx,
    /// Lightning's.
    Bolt8,
    /// libp2p's.
    Noise,
    /// libp2p's, by one who waits for every answer.
    PatientNoise,
    /// Monero's, in plain text.
    Levin,
}

impl Transport {
    /// Its stable name in reports; none as long as the peer has not chosen.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::V1 => Some("v1"),
            Self::V2 => Some("v2"),
            Self::Either => None,
            Self::Rlpx => Some("rlpx"),
            Self::Bolt8 => Some("bolt8"),
            Self::Noise | Self::PatientNoise => Some("noise"),
            Self::Levin => Some("levin"),
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

/// A connection after its handshake.
#[derive(Debug)]
pub enum Connection {
    /// Bitcoin.
    Bitcoin(Unread<TcpStream>, ::bitcoin::Channel),
    /// Ethereum.
    Ethereum(Unread<TcpStream>, Box<::ethereum::Channel>),
    /// Lightning.
    Lightning(Unread<TcpStream>, Box<::lightning::Channel>),
    /// libp2p.
    Libp2p(Unread<TcpStream>, Box<::libp2p::Connection>),
    /// Monero, and our side of it.
    Monero(Unread<TcpStream>, Box<::monero::Local>),
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
    /// Whether the connection is wanted after it.
    pub stays: bool,
}

/// Is shown each message as it passes.
pub type Tracer<'t> = &'t mut (dyn FnMut(Entry<'_>) + Send);

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
        match self {
            Self::Bitcoin(_) => "bitcoin",
            Self::Ethereum(_) => "ethereum",
            Self::Lightning(_) => "lightning",
            Self::Libp2p(_) => "libp2p",
            Self::Monero(_) => "monero",
        }
    }

    /// The transports over which an address is dialled, each on a connection of its own.
    pub fn transports(&self) -> &'static [Transport] {
        match self {
            Self::Bitcoin(bitcoin) => bitcoin.transports(),
            Self::Ethereum(_) => &[Transport::Rlpx],
            Self::Lightning(_) => &[Transport::Bolt8],
            Self::Libp2p(_) => &[Transport::Noise],
            Self::Monero(_) => &[Transport::Levin],
        }
    }

    /// Those over which an address is dialled whose services are known not to have the encrypted transport.
    pub fn transports_without_v2(&self) -> &'static [Transport] {
        match self {
            Self::Bitcoin(bitcoin) => bitcoin.transports_without_v2(),
            other => other.transports(),
        }
    }

    /// The transport over which connections are accepted.
    pub fn accepted_transport(&self) -> Transport {
        match self {
            Self::Bitcoin(bitcoin) => bitcoin.accepted_transport(),
            Self::Ethereum(_) => Transport::Rlpx,
            Self::Lightning(_) => Transport::Bolt8,
            Self::Libp2p(_) => Transport::Noise,
            Self::Monero(_) => Transport::Levin,
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

    /// Has the handshake over a connection.
    pub async fn shake(
        &self,
        transport: Transport,
        part: Part<'_>,
        stream: TcpStream,
        peer: SocketAddr,
        times: Times<'_>,
        tracer: Option<Tracer<'_>>,
    ) -> Shaken {
        // What many connections wait in is as large as the largest of these, so those that are rarer have their own
        // place.
        match (self, part) {
            (Self::Bitcoin(bitcoin), _) => bitcoin.shake(transport, part.role(), stream, peer, times, tracer).await,
            (Self::Ethereum(ethereum), Part::Dialling(Whom::Ethereum(id))) => {
                Box::pin(ethereum.shake(Some(**id), stream, times, tracer)).await
            }
            (Self::Ethereum(ethereum), _) => Box::pin(ethereum.shake(None, stream, times, tracer)).await,
            (Self::Lightning(lightning), Part::Dialling(Whom::Lightning(id))) => {
                Box::pin(lightning.shake(Some(**id), stream, peer, times, tracer)).await
            }
            (Self::Lightning(lightning), _) => Box::pin(lightning.shake(None, stream, peer, times, tracer)).await,
            (Self::Libp2p(libp2p), _) => {
                let whom = match part {
                    Part::Dialling(Whom::Libp2p(peer_id)) => Some(peer_id.as_deref().cloned()),
                    Part::Dialling(_) => Some(None),
                    Part::Accepting => None,
                };
                Box::pin(libp2p.shake(transport, whom, stream, peer, times, tracer)).await
            }
            (Self::Monero(monero), _) => Box::pin(monero.shake(part, stream, times, tracer)).await,
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

    /// Keeps a connection that was `opened` then alive `until` then, or until the peer closes it.
    pub async fn hold(&self, connection: Connection, opened: Instant, until: Instant, tracer: Option<Tracer<'_>>) {
        match (self, connection) {
            (Self::Bitcoin(bitcoin), Connection::Bitcoin(stream, channel)) => {
                bitcoin.hold(stream, channel, opened, until, tracer).await;
            }
            (_, Connection::Bitcoin(..)) => {}
            (_, Connection::Ethereum(stream, channel)) => {
                Box::pin(ethereum::hold(stream, *channel, opened, until, tracer)).await;
            }
            (_, Connection::Lightning(stream, channel)) => {
                Box::pin(lightning::hold(stream, *channel, opened, until, tracer)).await;
            }
            (_, Connection::Libp2p(stream, connection)) => {
                Box::pin(libp2p::hold(stream, *connection, opened, until, tracer)).await;
            }
            (_, Connection::Monero(stream, local)) => {
                Box::pin(monero::hold(stream, *local, opened, until, tracer)).await;
            }
        }
    }
}

/// Our side in every protocol that a run speaks.
#[derive(Debug)]
pub struct Protocols {
    chosen: Protocol,
    ethereum: Option<Protocol>,
    lightning: Option<Protocol>,
    libp2p: Option<Protocol>,
}

impl Protocols {
    /// That of the network that was chosen, and whichever else these targets ask for.
    ///
    /// # Errors
    /// As [`Protocol::new`]; and if a target is named in a way that its protocol cannot do with.
    pub fn new(options: &Introduction, receiving: &ServicesArg, targets: &[Target]) -> Result<Self, Error> {
        let chosen = options.chain().protocol();
        let asked_for = |name, means: fn(&Whom) -> bool| {
            let asked_for = name != chosen && targets.iter().any(|target| means(&target.whom));
            asked_for.then(|| Protocol::new(name, options, receiving)).transpose()
        };
        let ethereum = asked_for(ProtocolName::Ethereum, |whom| matches!(whom, Whom::Ethereum(_)))?;
        let lightning = asked_for(ProtocolName::Lightning, |whom| matches!(whom, Whom::Lightning(_)))?;
        let libp2p = asked_for(ProtocolName::Libp2p, |whom| matches!(whom, Whom::Libp2p(_)))?;
        let chosen = Protocol::new(chosen, options, receiving)?;
        if let Some(form) = chosen.form_of_targets()
            && let Some(nobody) = targets.iter().find(|target| target.whom == Whom::Anybody)
        {
            let (text, name) = (&nobody.text, chosen.name());
            return Err(Error::Usage(format!("'{text}' is no target in {name}, whose nodes are named {form}")));
        }
        Ok(Self { chosen, ethereum, lightning, libp2p })
    }

    /// That of the network that was chosen, whose nodes tell whom they know.
    ///
    /// # Errors
    /// As [`Protocol::new`]; and if the network's nodes, or those of these targets, tell nobody.
    pub fn gossiping(options: &Introduction, targets: &[Target]) -> Result<Self, Error> {
        let chain = options.chain();
        if !matches!(chain.protocol(), ProtocolName::Bitcoin | ProtocolName::Monero) {
            return Err(Error::Usage(format!(
                "the nodes of {} tell nobody whom they know, in a handshake",
                chain.name()
            )));
        }
        if let Some(other) = targets.iter().find(|target| target.whom != Whom::Anybody) {
            return Err(Error::Usage(format!("'{}' names a node that tells nobody whom it knows", other.text)));
        }
        Ok(Self::only(Protocol::new(chain.protocol(), options, &ServicesArg::default())?))
    }

    /// One alone.
    pub fn only(chosen: Protocol) -> Self {
        Self { chosen, ethereum: None, lightning: None, libp2p: None }
    }

    /// That of the network that was chosen.
    pub fn chosen(&self) -> &Protocol {
        &self.chosen
    }

    /// The one in which this one is spoken to.
    pub fn of(&self, whom: &Whom) -> &Protocol {
        let own = match whom {
            Whom::Anybody => None,
            Whom::Ethereum(_) => self.ethereum.as_ref(),
            Whom::Lightning(_) => self.lightning.as_ref(),
            Whom::Libp2p(_) => self.libp2p.as_ref(),
        };
        own.unwrap_or(&self.chosen)
    }
}
