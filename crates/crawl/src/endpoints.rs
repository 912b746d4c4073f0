//! Converts between addresses that peers share and addresses of the database.

use std::net::SocketAddr;

use bitcoin::gossip::Address;

use probe::protocol::Endpoint;

/// The endpoint of an address in the database. `None` for an obsolete name, such as Tor's old ones.
pub fn endpoint_of(address: &peers::Address) -> Option<Endpoint> {
    let (host, port): (Address, u16) = (address.host().parse().ok()?, address.port());
    Some(match host.ip() {
        Some(ip) => Endpoint::Ip(SocketAddr::new(ip, port)),
        None => Endpoint::Overlay(host, port),
    })
}

/// The network of an address.
pub fn network(endpoint: &Endpoint) -> peers::Network {
    match endpoint {
        Endpoint::Ip(SocketAddr::V4(_)) => peers::Network::Ipv4,
        Endpoint::Ip(SocketAddr::V6(_)) => peers::Network::Ipv6,
        Endpoint::Overlay(Address::I2p(_), _) => peers::Network::I2p,
        Endpoint::Overlay(Address::Cjdns(_), _) => peers::Network::Cjdns,
        Endpoint::Overlay(..) => peers::Network::Onion,
    }
}

/// An address as the database's type. `None` for a name that it cannot represent.
pub fn kept(endpoint: &Endpoint) -> Option<peers::Address> {
    match endpoint {
        Endpoint::Ip(socket) => Some((*socket).into()),
        Endpoint::Overlay(..) => endpoint.to_string().parse().ok(),
    }
}
