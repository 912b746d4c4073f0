//! What is not dialled, and why. Nothing that the user or a name led to is left out silently.

use std::net::SocketAddr;

use address::{BadAddress, Network};
use handshake::{Blame, Fault};
use ipnet::IpNet;

/// Why something is not dialled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// It is not of the requested family.
    #[error(
        "{0} is left out: only {family} was asked for",
        family = if .0.is_ipv4() { "IPv6 (-6)" } else { "IPv4 (-4)" }
    )]
    LeftOut(SocketAddr),
    /// It is of another family than the local address that we dial from.
    #[error("{address} is left out: --bind {bound} is of the other family of addresses")]
    OtherFamily {
        /// The address that would be dialled.
        address: SocketAddr,
        /// The local address.
        bound: std::net::IpAddr,
    },
    /// It comes only from a name.
    #[error("{0} is not globally routable, and only a name led to it; --allow-private dials it all the same")]
    NotRoutable(SocketAddr),
    /// The user excluded it.
    #[error("{address} is left out: --exclude covers {network}")]
    Excluded {
        /// The address that would be dialled.
        address: SocketAddr,
        /// The excluded network.
        network: IpNet,
    },
    /// It has no address, but is reached through a proxy.
    #[error("{name} is reached over {} alone, through a proxy; {}", title(*.network), remedy(*.network))]
    NoProxy {
        /// Its name.
        name: String,
        /// Tor or I2P; `None` for another name that a proxy would resolve.
        network: Option<Network>,
    },
    /// A name of Tor's or I2P's that encodes no key.
    #[error("{name} leads nowhere: {why}")]
    BadName {
        /// The name.
        name: String,
        /// What is wrong.
        why: BadAddress,
    },
    /// It stands in a list in the DNS, which is not asked for it.
    #[error("{name} lists nodes in the DNS, and with --proxy the DNS is asked for nothing")]
    NoDns {
        /// The name.
        name: String,
    },
    /// It is reached over a transport that we lack.
    #[error("it is reached over {transport}; verack dials {protocol} over TCP alone")]
    NoTransport {
        /// Its protocol.
        protocol: &'static str,
        /// The transport.
        transport: &'static str,
    },
    /// A name led to more addresses than we dial for one name.
    #[error("{name} leads to {count} more; {most} addresses are dialled for a name")]
    TooMany {
        /// The name.
        name: String,
        /// How many are left out.
        count: usize,
        /// How many are dialled.
        most: usize,
    },
    /// A list named more ports of one host than we dial.
    #[error("{name} leads to {count} more ports of hosts of which {most} ports are dialled already")]
    TooManyPorts {
        /// The name.
        name: String,
        /// How many are left out.
        count: usize,
        /// How many ports of a host are dialled.
        most: usize,
    },
    /// A name led to more addresses in one network than we may dial in time.
    #[error("{name} leads to {count} more in {network}; at {rate} dials a second there, their turn is too late")]
    TooLate {
        /// The name.
        name: String,
        /// How many are left out.
        count: usize,
        /// The network of all of them, or the first of several.
        network: discover::Group,
        /// Dials a second.
        rate: u32,
    },
}

fn title(network: Option<Network>) -> &'static str {
    network.map_or("a proxy's network", Network::title)
}

fn remedy(network: Option<Network>) -> &'static str {
    match network {
        Some(Network::Onion | Network::OnionV2) => "--tor HOST:PORT names one",
        Some(Network::I2p) => "verack has none for I2P yet",
        _ => "--proxy HOST:PORT names one",
    }
}

impl Fault for Refused {
    fn blame(&self) -> Blame {
        match self {
            Self::BadName { .. } => Blame::Mismatch,
            _ => Blame::Local,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::LeftOut(_) | Self::OtherFamily { .. } => "local.left-out",
            Self::NotRoutable(_) => "local.address-not-routable",
            Self::Excluded { .. } => "local.excluded",
            Self::NoProxy { .. } => "local.no-proxy",
            Self::BadName { .. } => "tor.bad-address",
            Self::NoDns { .. } => "local.no-dns",
            Self::NoTransport { .. } => "local.no-transport",
            Self::TooMany { .. } | Self::TooManyPorts { .. } | Self::TooLate { .. } => "local.over-cap",
        }
    }
}
