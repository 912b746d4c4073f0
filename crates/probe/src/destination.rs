//! Where a node is dialled: at a socket address, or by a name to which only a proxy can connect.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use address::{Endpoint, Network};
use serde::{Serialize, Serializer};

/// Where a node is dialled.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Destination {
    /// A socket address: to it alone we can connect ourselves.
    Socket(SocketAddr),
    /// An endpoint of Tor or I2P.
    Overlay(Endpoint),
    /// A name that a proxy resolves, and a port.
    Name(Arc<str>, u16),
}

impl Destination {
    /// The socket address, if it is one.
    #[must_use]
    pub fn socket(&self) -> Option<SocketAddr> {
        match self {
            Self::Socket(address) => Some(*address),
            Self::Overlay(_) | Self::Name(..) => None,
        }
    }

    /// The endpoint, if it is no name.
    #[must_use]
    pub fn endpoint(&self) -> Option<Endpoint> {
        match self {
            Self::Socket(address) => Some((*address).into()),
            Self::Overlay(endpoint) => Some(*endpoint),
            Self::Name(..) => None,
        }
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        match self {
            Self::Socket(address) => address.port(),
            Self::Overlay(endpoint) => endpoint.port,
            Self::Name(_, port) => *port,
        }
    }

    /// The network whose router is needed; `None` for the Internet.
    #[must_use]
    pub fn overlay(&self) -> Option<Network> {
        match self {
            Self::Socket(_) => None,
            Self::Overlay(endpoint) => Some(endpoint.network()),
            Self::Name(name, _) => Network::of_name(name),
        }
    }
}

impl From<SocketAddr> for Destination {
    fn from(address: SocketAddr) -> Self {
        Self::Socket(address)
    }
}

/// `203.0.113.1:8333`, `[2a01::1%3]:8333`, `….onion:8333`, `node.example:8333`
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(address) => address.fmt(f),
            Self::Overlay(endpoint) => endpoint.fmt(f),
            Self::Name(name, port) => write!(f, "{name}:{port}"),
        }
    }
}

impl Serialize for Destination {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
