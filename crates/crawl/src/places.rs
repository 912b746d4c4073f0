//! Converts between addresses that peers share and addresses of the database.

use std::net::SocketAddr;

use bitcoin::gossip::Address;

use probe::protocol::Place;

/// The place of an address in the database. `None` for an obsolete name, such as Tor's old ones.
pub fn place_of(address: &peers::Address) -> Option<Place> {
    let (host, port): (Address, u16) = (address.host().parse().ok()?, address.port());
    Some(match host.ip() {
        Some(ip) => Place::Ip(SocketAddr::new(ip, port)),
        None => Place::Overlay(host, port),
    })
}

/// The network of an address.
pub fn network(place: &Place) -> peers::Network {
    match place {
        Place::Ip(SocketAddr::V4(_)) => peers::Network::Ipv4,
        Place::Ip(SocketAddr::V6(_)) => peers::Network::Ipv6,
        Place::Overlay(Address::I2p(_), _) => peers::Network::I2p,
        Place::Overlay(Address::Cjdns(_), _) => peers::Network::Cjdns,
        Place::Overlay(..) => peers::Network::Onion,
    }
}

/// An address as the database's type. `None` for a name that it cannot represent.
pub fn kept(place: &Place) -> Option<peers::Address> {
    match place {
        Place::Ip(socket) => Some((*socket).into()),
        Place::Overlay(..) => place.to_string().parse().ok(),
    }
}
