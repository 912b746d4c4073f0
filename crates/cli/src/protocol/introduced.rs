//! How a peer introduced itself, in whichever protocol.

use std::fmt;
use std::net::SocketAddr;

use net::Verdict;
use serde::{Serialize, Serializer};

use super::{Transport, bitcoin, ethereum, libp2p, lightning, monero};

/// How a peer introduced itself, as it was read. It becomes text where it is printed.
#[derive(Clone, Debug)]
pub enum Introduced {
    /// Bitcoin.
    Bitcoin(Box<bitcoin::Introduced>),
    /// Ethereum.
    Ethereum(Box<ethereum::Introduced>),
    /// Lightning.
    Lightning(Box<lightning::Introduced>),
    /// libp2p.
    Libp2p(Box<libp2p::Introduced>),
    /// Monero.
    Monero(Box<monero::Introduced>),
}

impl Introduced {
    /// The name of its program, as it gives it; who it is, where programs have no names.
    pub fn agent(&self) -> String {
        match self {
            Self::Bitcoin(introduced) => introduced.version.user_agent.to_string(),
            Self::Ethereum(introduced) => introduced.hello.client_id.to_string(),
            Self::Lightning(introduced) => introduced.node_id.to_string(),
            Self::Libp2p(introduced) => introduced.agent(),
            Self::Monero(introduced) => format!("{:016x}", introduced.introduction.node.peer_id),
        }
    }

    /// Whether it has told on which network it is. Lightning nodes need not.
    pub fn tells_chain(&self) -> bool {
        match self {
            Self::Lightning(introduced) => introduced.tells_chain(),
            Self::Bitcoin(_) | Self::Ethereum(_) | Self::Libp2p(_) | Self::Monero(_) => true,
        }
    }

    /// How it sees us, if it says so.
    pub fn our_address(&self) -> Option<SocketAddr> {
        match self {
            Self::Bitcoin(introduced) => introduced.peer().our_address,
            Self::Ethereum(_) | Self::Lightning(_) | Self::Libp2p(_) | Self::Monero(_) => None,
        }
    }

    /// The verdict on an earlier connection to this peer, if what it says of itself over `transport` changes it.
    pub fn reconsidered(&self, verdict: &Verdict, transport: Transport) -> Option<Verdict> {
        match (self, transport) {
            (Self::Bitcoin(introduced), Transport::Bitcoin(over)) => bitcoin::reconsidered(verdict, introduced, over),
            _ => None,
        }
    }

    /// What the database keeps of it; it keeps nodes of those kinds that can be crawled.
    pub fn kept(&self) -> Option<store::Introduced> {
        match self {
            Self::Bitcoin(introduced) => Some(introduced.kept()),
            Self::Monero(introduced) => Some(introduced.kept()),
            Self::Ethereum(_) | Self::Lightning(_) | Self::Libp2p(_) => None,
        }
    }

    /// What it offers, for people.
    pub fn offers(&self) -> String {
        match self {
            Self::Bitcoin(introduced) => introduced.peer().service_names.to_string(),
            Self::Ethereum(introduced) => introduced.offers(),
            Self::Lightning(introduced) => introduced.offers(),
            Self::Libp2p(introduced) => introduced.offers(),
            Self::Monero(introduced) => introduced.offers(),
        }
    }
}

/// One sentence on a concluded handshake.
impl fmt::Display for Introduced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bitcoin(introduced) => introduced.fmt(f),
            Self::Ethereum(introduced) => introduced.fmt(f),
            Self::Lightning(introduced) => introduced.fmt(f),
            Self::Libp2p(introduced) => introduced.fmt(f),
            Self::Monero(introduced) => introduced.fmt(f),
        }
    }
}

impl Serialize for Introduced {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bitcoin(introduced) => introduced.peer().serialize(serializer),
            Self::Ethereum(introduced) => introduced.peer().serialize(serializer),
            Self::Lightning(introduced) => introduced.peer().serialize(serializer),
            Self::Libp2p(introduced) => introduced.peer().serialize(serializer),
            Self::Monero(introduced) => introduced.peer().serialize(serializer),
        }
    }
}
