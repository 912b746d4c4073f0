//! An endpoint: the address of a peer, and a port.

use alloc::string::String;
use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::str::FromStr;

use crate::address::{Address, BadAddress};
use crate::network::Network;

/// Where a peer can be reached, as a user types it: `1.2.3.4:8333`, `[2001:db8::1]:8333`, `….onion:8333`,
/// `….b32.i2p:0`.
///
/// Each endpoint has one spelling: names are in lower case, IPv6 is in its shortest form and without a zone, since that
/// has a meaning on its own machine only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// The address.
    pub address: Address,
    /// The port. I2P has none: its endpoints have 0, as Core writes and SAM 3.1 requires, unless a text says otherwise.
    pub port: u16,
}

impl Endpoint {
    /// Reads an endpoint; this port applies if the text has none.
    ///
    /// # Errors
    /// [`BadEndpoint`] if the text is not an address, or is a name that must be resolved.
    pub fn parse(text: &str, default_port: u16) -> Result<Self, BadEndpoint> {
        Self::read(text, Some(default_port))
    }

    /// Reads an endpoint. Without a default port the text must have one, but for I2P.
    fn read(text: &str, default_port: Option<u16>) -> Result<Self, BadEndpoint> {
        if let Ok(socket) = text.parse::<SocketAddr>() {
            return Ok(socket.into());
        }
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Ok(Self { address: ip.into(), port: default_port.ok_or(BadEndpoint::NoPort)? });
        }
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => (name, Some(port.parse().map_err(|_| BadEndpoint::Form)?)),
            None => (text, None),
        };
        let address: Address = name.parse()?;
        // With a port, IPv6 has brackets, and IPv4 was read above.
        if address.ip().is_some() {
            return Err(BadEndpoint::Form);
        }
        let default_port = if address.network() == Network::I2p { Some(0) } else { default_port };
        Ok(Self { address, port: port.or(default_port).ok_or(BadEndpoint::NoPort)? })
    }

    /// Its network.
    #[must_use]
    pub const fn network(&self) -> Network {
        self.address.network()
    }

    /// The socket address. Those of CJDNS and Yggdrasil lead somewhere only on a machine that has their interface.
    #[must_use]
    pub const fn socket(&self) -> Option<SocketAddr> {
        match self.address.ip() {
            Some(ip) => Some(SocketAddr::new(ip, self.port)),
            None => None,
        }
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(socket: SocketAddr) -> Self {
        Self { address: socket.ip().into(), port: socket.port() }
    }
}

/// An IP address and a port.
impl<I: Into<IpAddr>> From<(I, u16)> for Endpoint {
    fn from((ip, port): (I, u16)) -> Self {
        Self { address: ip.into().into(), port }
    }
}

impl FromStr for Endpoint {
    type Err = BadEndpoint;

    /// Reads an endpoint with a port. I2P needs none.
    fn from_str(text: &str) -> Result<Self, BadEndpoint> {
        Self::read(text, None)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.width().is_none() {
            return self.write(f);
        }
        let mut text = String::new();
        self.write(&mut text)?;
        f.pad(&text)
    }
}

impl Endpoint {
    fn write(&self, f: &mut impl fmt::Write) -> fmt::Result {
        let Self { address, port } = self;
        match address {
            Address::Ipv6(_) | Address::Cjdns(_) | Address::Yggdrasil(_) => write!(f, "[{address}]:{port}"),
            Address::Ipv4(_) | Address::OnionV2(_) | Address::Onion(_) | Address::I2p(_) => {
                write!(f, "{address}:{port}")
            }
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is not an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadEndpoint {
    /// It has another form.
    #[error("expected an address: ip:port, [ipv6]:port, or the .onion or .b32.i2p form of a key")]
    Form,
    /// It has no port.
    #[error("expected a port after the address: ip:port, [ipv6]:port")]
    NoPort,
    /// It ends in `.onion`, but does not encode a key.
    #[error("{}", BadAddress::Onion)]
    Onion,
    /// It ends in `.b32.i2p`, but does not encode a hash.
    #[error("{}", BadAddress::I2p)]
    I2p,
}

impl From<BadAddress> for BadEndpoint {
    fn from(why: BadAddress) -> Self {
        match why {
            BadAddress::Form => Self::Form,
            BadAddress::Onion => Self::Onion,
            BadAddress::I2p => Self::I2p,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::{String, ToString as _};

    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{BadEndpoint, Endpoint};
    use crate::network::Network;

    const ONION: &str = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
    const I2P: &str = "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p";

    #[test]
    fn each_network_is_told_by_its_addresses() {
        for (text, canonical, network) in [
            ("1.2.3.4", "1.2.3.4:8333", Network::Ipv4),
            ("1.2.3.4:1", "1.2.3.4:1", Network::Ipv4),
            ("[::ffff:1.2.3.4]:1", "1.2.3.4:1", Network::Ipv4),
            ("2A00:0::1", "[2a00::1]:8333", Network::Ipv6),
            ("[2a00::1]", "[2a00::1]:8333", Network::Ipv6),
            ("[2a00::1]:7", "[2a00::1]:7", Network::Ipv6),
            ("[fe80::1%3]:7", "[fe80::1]:7", Network::Ipv6),
            ("[fc32::1]:7", "[fc32::1]:7", Network::Cjdns),
            ("[201::1]:7", "[201::1]:7", Network::Yggdrasil),
            (&format!("{}:9", ONION.to_uppercase()), &format!("{ONION}:9"), Network::Onion),
            ("expyuzz4wqqyqhjn.onion", "expyuzz4wqqyqhjn.onion:8333", Network::OnionV2),
            (I2P, &format!("{I2P}:0"), Network::I2p),
        ] {
            let endpoint = Endpoint::parse(text, 8333).unwrap();
            assert_eq!((&*endpoint.to_string(), endpoint.network()), (canonical, network));
            assert_eq!(canonical.parse(), Ok(endpoint));
        }
        assert_eq!(I2P.parse::<Endpoint>().unwrap().port, 0);
    }

    #[test]
    fn a_column_of_endpoints_is_padded() {
        assert_eq!(format!("{:<10}|", "1.2.3.4:5".parse::<Endpoint>().unwrap()), "1.2.3.4:5 |");
    }

    #[test]
    fn what_is_no_address_is_not_taken_for_one() {
        let too_short = &ONION[1..];
        let other_version = ONION.replace("d.onion", "e.onion");
        for text in [
            "",
            "seed.example",
            "seed.example:8333",
            "1.2.3.4:",
            "1.2.3.4:65536",
            "1.2.3.400:1",
            "[::1",
            "2a00::1:1x",
            "=1+1",
        ] {
            assert_eq!(Endpoint::parse(text, 8333), Err(BadEndpoint::Form), "{text}");
        }
        assert_eq!(Endpoint::parse(too_short, 1), Err(BadEndpoint::Onion));
        assert_eq!(Endpoint::parse(&other_version, 1), Err(BadEndpoint::Onion));
        assert_eq!(Endpoint::parse(&I2P[1..], 1), Err(BadEndpoint::I2p));
        for text in ["1.2.3.4", "2a00::1", "[2a00::1]", ONION] {
            assert_eq!(text.parse::<Endpoint>(), Err(BadEndpoint::NoPort), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            if let Ok(endpoint) = Endpoint::parse(&text, 1) {
                prop_assert_eq!(endpoint.to_string().parse(), Ok(endpoint));
            }
        }
    }
}
