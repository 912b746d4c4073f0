//! The address of a peer, without a port.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

use crate::network::Network;
use crate::{base32, onion};

/// The address of a peer, without a port. Its variants are the networks of BIP155.
///
/// Made from an IP address, it is of the network whose range that is: CJDNS and Yggdrasil use parts of IPv6, and an
/// IPv4-mapped IPv6 address is IPv4.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// An IPv4 address.
    Ipv4(Ipv4Addr),
    /// An IPv6 address.
    Ipv6(Ipv6Addr),
    /// The first 10 bytes of the SHA-1 of an onion service's public key. (Tor, version 2, retired)
    OnionV2([u8; 10]),
    /// The ed25519 public key of an onion service. (Tor, version 3)
    Onion([u8; 32]),
    /// The SHA-256 of an I2P destination.
    I2p([u8; 32]),
    /// An address in fc00::/8, which encodes a public key.
    Cjdns(Ipv6Addr),
    /// An address in 200::/7, which encodes a public key.
    Yggdrasil(Ipv6Addr),
}

/// The end of an onion service's name.
const ONION: &str = ".onion";

/// The end of an I2P destination's name.
const I2P: &str = ".b32.i2p";

impl Address {
    /// Its network.
    #[must_use]
    pub const fn network(&self) -> Network {
        match self {
            Self::Ipv4(_) => Network::Ipv4,
            Self::Ipv6(_) => Network::Ipv6,
            Self::OnionV2(_) => Network::OnionV2,
            Self::Onion(_) => Network::Onion,
            Self::I2p(_) => Network::I2p,
            Self::Cjdns(_) => Network::Cjdns,
            Self::Yggdrasil(_) => Network::Yggdrasil,
        }
    }

    /// The IP address. Those of CJDNS and Yggdrasil lead somewhere only on a machine that has their interface.
    #[must_use]
    pub const fn ip(&self) -> Option<IpAddr> {
        match *self {
            Self::Ipv4(ip) => Some(IpAddr::V4(ip)),
            Self::Ipv6(ip) | Self::Cjdns(ip) | Self::Yggdrasil(ip) => Some(IpAddr::V6(ip)),
            Self::OnionV2(_) | Self::Onion(_) | Self::I2p(_) => None,
        }
    }
}

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Self::Ipv4(ip),
            IpAddr::V6(ip) => match ip.octets()[0] {
                0xfc => Self::Cjdns(ip),
                0x02 | 0x03 => Self::Yggdrasil(ip),
                _ => Self::Ipv6(ip),
            },
        }
    }
}

/// As its network writes it: `203.0.113.1`, `2a01::1`, `….onion`, `….b32.i2p`, `fc00::1`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipv4(ip) => ip.fmt(f),
            Self::Ipv6(ip) | Self::Cjdns(ip) | Self::Yggdrasil(ip) => ip.fmt(f),
            Self::OnionV2(hash) => write!(f, "{}{ONION}", base32::encode(hash)),
            Self::Onion(key) => write!(f, "{}{ONION}", base32::encode(&onion::name(key))),
            Self::I2p(hash) => write!(f, "{}{I2P}", base32::encode(hash)),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Address {
    type Err = BadAddress;

    /// Reads an address in any case; IPv6 without brackets.
    fn from_str(text: &str) -> Result<Self, BadAddress> {
        if let Some(name) = strip_ending(text, ONION) {
            let bytes = base32::decode(name).ok_or(BadAddress::Onion)?;
            return match <[u8; 10]>::try_from(&bytes[..]) {
                Ok(hash) => Ok(Self::OnionV2(hash)),
                Err(_) => onion::key(&bytes).map(Self::Onion).ok_or(BadAddress::Onion),
            };
        }
        if let Some(name) = strip_ending(text, I2P) {
            let hash = base32::decode(name).and_then(|bytes| bytes.try_into().ok());
            return hash.map(Self::I2p).ok_or(BadAddress::I2p);
        }
        text.parse().map(|ip: IpAddr| ip.into()).map_err(|_| BadAddress::Form)
    }
}

/// The text before this ending, which is compared without regard to case.
fn strip_ending<'t>(text: &'t str, ending: &str) -> Option<&'t str> {
    let (name, end) = text.split_at_checked(text.len().checked_sub(ending.len())?)?;
    end.eq_ignore_ascii_case(ending).then_some(name)
}

/// Why a text is not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadAddress {
    /// It has another form.
    #[error("expected an IPv4 or IPv6 address, or a name that ends in .onion or .b32.i2p")]
    Form,
    /// It ends in `.onion`, but does not encode a key.
    #[error("the letters before .onion do not encode a key with its checksum: one of them is mistyped or missing")]
    Onion,
    /// It ends in `.b32.i2p`, but does not encode a hash.
    #[error("before .b32.i2p there must be 52 letters of base 32, which encode a hash")]
    I2p,
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString as _};

    use super::{Address, BadAddress};

    const ONION: &str = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
    const I2P: &str = "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p";

    #[test]
    fn an_address_is_shown_as_it_is_read() {
        for text in ["1.2.3.4", "2a00::1", "fc32::1", "201::1", ONION, "expyuzz4wqqyqhjn.onion", I2P] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
            assert_eq!(text.to_uppercase().parse(), Ok(address));
            assert_eq!(address.ip().is_some(), !text.ends_with('n') && !text.ends_with('p'), "{text}");
        }
    }

    #[test]
    fn the_reason_names_what_is_wrong() {
        for (text, why) in [
            (ONION.replace("pg6", "pg7"), BadAddress::Onion),
            (ONION.replace("d.onion", "e.onion"), BadAddress::Onion),
            (ONION[1..].to_string(), BadAddress::Onion),
            (".onion".to_string(), BadAddress::Onion),
            ("é.onion".to_string(), BadAddress::Onion),
            (I2P[1..].to_string(), BadAddress::I2p),
            // Four bits are left over, and are not zero.
            (I2P.replace("q.b32", "r.b32"), BadAddress::I2p),
            ("seed.example".to_string(), BadAddress::Form),
            ("stats.i2p".to_string(), BadAddress::Form),
            ("[::1]".to_string(), BadAddress::Form),
            (String::new(), BadAddress::Form),
        ] {
            assert_eq!(text.parse::<Address>(), Err(why), "{text}");
        }
    }
}
