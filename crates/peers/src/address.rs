//! The address of a peer, in any network whose addresses nodes gossip. (BIP155)

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A peer's address, as a user types it: `1.2.3.4:8333`, `[2001:db8::1]:8333`, `….onion:8333`, `….b32.i2p:0`.
///
/// Each address has one spelling: hosts are in lower case, IPv6 is in its shortest form, and IPv4-mapped IPv6 becomes
/// IPv4.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    text: Box<str>,
    network: Network,
}

impl Address {
    /// Reads an address; this port applies if the text has none. (I2P has no ports: Core writes 0, and SAM 3.1 requires
    /// it.)
    ///
    /// # Errors
    /// [`NoAddress`] if the text is not an address, or is a name.
    pub fn parse(text: &str, default_port: u16) -> Result<Self, NoAddress> {
        if let Ok(socket) = text.parse::<SocketAddr>() {
            return Ok(socket.into());
        }
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Ok(SocketAddr::new(ip, default_port).into());
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| NoAddress)?)),
            None => (text, None),
        };
        let host = host.to_ascii_lowercase();
        let network = overlay(&host).ok_or(NoAddress)?;
        let port = port.unwrap_or(if network == Network::I2p { 0 } else { default_port });
        Ok(Self { text: format!("{host}:{port}").into(), network })
    }

    /// The address as a user types it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its network.
    #[must_use]
    pub fn network(&self) -> Network {
        self.network
    }

    /// The host without the port, and without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.split().0
    }

    /// The port; 0 for I2P.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.split().1
    }

    fn split(&self) -> (&str, u16) {
        let (host, port) = self.text.rsplit_once(':').expect("every address has a port");
        (host.trim_start_matches('[').trim_end_matches(']'), port.parse().expect("every port is a number"))
    }

    /// The socket address, if a socket can connect to it.
    #[must_use]
    pub fn socket(&self) -> Option<SocketAddr> {
        self.text.parse().ok()
    }
}

/// The network of a host name that encodes a key. Its letters are lower case.
fn overlay(host: &str) -> Option<Network> {
    let base32 = |text: &str| text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
    if let Some(key) = host.strip_suffix(".onion") {
        return match key.len() {
            // The last byte is the version, 3; its low five bits are a `d`. (Tor: rend-spec-v3)
            56 if base32(key) && key.ends_with('d') => Some(Network::Onion),
            16 if base32(key) => Some(Network::OnionV2),
            _ => None,
        };
    }
    let hash = host.strip_suffix(".b32.i2p")?;
    (hash.len() == 52 && base32(hash)).then_some(Network::I2p)
}

/// Why a text is not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an address: ip:port, [ipv6]:port, or the .onion or .b32.i2p form of a key")]
pub struct NoAddress;

impl From<SocketAddr> for Address {
    fn from(socket: SocketAddr) -> Self {
        // A scope has a meaning on its own machine only, so it is left out.
        let socket = SocketAddr::new(socket.ip().to_canonical(), socket.port());
        let network = match socket.ip() {
            IpAddr::V4(_) => Network::Ipv4,
            IpAddr::V6(ip) => of_ipv6(ip),
        };
        Self { text: socket.to_string().into(), network }
    }
}

/// Two overlay networks use ranges of IPv6.
fn of_ipv6(ip: Ipv6Addr) -> Network {
    match ip.octets() {
        [0xfc, ..] => Network::Cjdns,
        [0x02 | 0x03, ..] => Network::Yggdrasil,
        _ => Network::Ipv6,
    }
}

impl FromStr for Address {
    type Err = NoAddress;

    /// Reads an address with a port.
    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let address = Self::parse(text, 0)?;
        let has_port = address.port() != 0 || text.ends_with(":0") || address.network == Network::I2p;
        has_port.then_some(address).ok_or(NoAddress)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A network whose addresses nodes gossip. The numbers are those of BIP155, and are stored in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Network {
    /// IPv4.
    Ipv4 = 1,
    /// IPv6.
    Ipv6 = 2,
    /// Tor's retired version 2, with addresses of 16 letters.
    OnionV2 = 3,
    /// Tor.
    Onion = 4,
    /// I2P.
    I2p = 5,
    /// CJDNS, in fc00::/8.
    Cjdns = 6,
    /// Yggdrasil, in 200::/7.
    Yggdrasil = 7,
}

impl Network {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Ipv4, Self::Ipv6, Self::OnionV2, Self::Onion, Self::I2p, Self::Cjdns, Self::Yggdrasil];

    /// Its stable name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::OnionV2 => "onion-v2",
            Self::Onion => "onion",
            Self::I2p => "i2p",
            Self::Cjdns => "cjdns",
            Self::Yggdrasil => "yggdrasil",
        }
    }

    /// The network of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|network| network.name() == name)
    }

    /// Its number in BIP155.
    #[must_use]
    pub const fn code(self) -> i64 {
        self as i64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{Address, Network, NoAddress};

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
            let address = Address::parse(text, 8333).unwrap();
            assert_eq!((address.as_str(), address.network()), (canonical, network));
            assert_eq!(canonical.parse(), Ok(address));
        }
        assert_eq!(I2P.parse::<Address>().unwrap().port(), 0);
    }

    #[test]
    fn what_is_no_address_is_not_taken_for_one() {
        let too_short = &ONION[1..];
        let other_version = ONION.replace("d.onion", "e.onion");
        for text in
            ["", "seed.example", "seed.example:8333", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.400:1", "[::1", "=1+1"]
        {
            assert_eq!(Address::parse(text, 8333), Err(NoAddress), "{text}");
        }
        assert_eq!(Address::parse(too_short, 1), Err(NoAddress));
        assert_eq!(Address::parse(&other_version, 1), Err(NoAddress));
        assert_eq!("1.2.3.4".parse::<Address>(), Err(NoAddress));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            if let Ok(address) = Address::parse(&text, 1) {
                prop_assert_eq!(address.as_str().parse(), Ok(address));
            }
        }
    }
}
