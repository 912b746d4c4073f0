//! The addresses that nodes gossip: of the Internet and of overlay networks. (BIP155)

use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

use handshake::Fields;
use sha3::{Digest, Sha3_256};

use super::base32;
use crate::compact_size::{read_var_bytes, write_var_bytes};
use crate::error::Malformed;

/// The address of a node, without its port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// Network 1.
    V4(Ipv4Addr),
    /// Network 2.
    V6(Ipv6Addr),
    /// Network 4: the ed25519 public key of an onion service of version 3.
    TorV3([u8; 32]),
    /// Network 5: the SHA-256 of a destination.
    I2p([u8; 32]),
    /// Network 6: an address in fc00::/8, which encodes a public key.
    Cjdns(Ipv6Addr),
}

/// The networks of BIP155. Other numbers are future networks and are skipped; so are Tor version 2 (3), which is
/// retired, and Yggdrasil (7), which no node gossips.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Network {
    /// The Internet, version 4.
    Ipv4 = 1,
    /// The Internet, version 6.
    Ipv6 = 2,
    /// Onion services, version 3.
    TorV3 = 4,
    /// I2P
    I2p = 5,
    /// CJDNS
    Cjdns = 6,
}

impl Network {
    /// Its stable name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::TorV3 => "torv3",
            Self::I2p => "i2p",
            Self::Cjdns => "cjdns",
        }
    }
}

/// The longest address of any network, in bytes. A longer one makes the whole message invalid. (BIP155; Core:
/// MAX_ADDRV2_SIZE)
pub const MAX_ADDRESS_LEN: usize = 512;

/// The suffix of an onion service's name.
const ONION: &str = ".onion";

/// The suffix of an I2P destination's name.
const I2P: &str = ".b32.i2p";

/// The version of onion services that [`Address::TorV3`] is. (Tor: rend-spec-v3)
const ONION_VERSION: u8 = 3;

impl Address {
    /// The address of an IP. An IPv4-mapped IPv6 address becomes IPv4.
    #[must_use]
    pub const fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(v4) => Self::V4(v4),
            IpAddr::V6(v6) => Self::V6(v6),
        }
    }

    /// The IP, if it can be dialled without a router of an overlay network.
    #[must_use]
    pub const fn ip(&self) -> Option<IpAddr> {
        match *self {
            Self::V4(v4) => Some(IpAddr::V4(v4)),
            Self::V6(v6) => Some(IpAddr::V6(v6)),
            Self::TorV3(_) | Self::I2p(_) | Self::Cjdns(_) => None,
        }
    }

    /// Its network.
    #[must_use]
    pub const fn network(&self) -> Network {
        match self {
            Self::V4(_) => Network::Ipv4,
            Self::V6(_) => Network::Ipv6,
            Self::TorV3(_) => Network::TorV3,
            Self::I2p(_) => Network::I2p,
            Self::Cjdns(_) => Network::Cjdns,
        }
    }

    /// Reads network, length and address; the inner error says why a valid entry is unusable. (BIP155; Core:
    /// netaddress.h UnserializeV2Stream)
    ///
    /// Reads IPv4-mapped IPv6 as IPv4: BIP155 does not allow this form and Core ignores it, but btcd sends all its IPv4
    /// addresses in it. (btcd 0.24.2)
    ///
    /// # Errors
    /// If the length is wrong for a known network, or over [`MAX_ADDRESS_LEN`].
    pub fn read(fields: &mut Fields<'_>) -> Result<Result<Self, Unusable>, Malformed> {
        const LEN: &str = "address length";
        let [network] = fields.array("network")?;
        let bytes = read_var_bytes(fields, MAX_ADDRESS_LEN, "address")?;
        let sized = || <[u8; 16]>::try_from(bytes).map_err(|_| Malformed::Value(LEN));
        let key = || <[u8; 32]>::try_from(bytes).map_err(|_| Malformed::Value(LEN));
        Ok(match network {
            1 => Self::on_the_internet(IpAddr::from(<[u8; 4]>::try_from(bytes).map_err(|_| Malformed::Value(LEN))?)),
            2 => Self::on_the_internet(Ipv6Addr::from(sized()?).to_canonical()),
            4 => Ok(Self::TorV3(key()?)),
            5 => Ok(Self::I2p(key()?)),
            6 => Some(Ipv6Addr::from(sized()?)).filter(is_cjdns).map(Self::Cjdns).ok_or(Unusable::NoAddress),
            3 | 7.. | 0 => Err(Unusable::Network),
        })
    }

    /// Appends network, length and address.
    pub fn write(&self, tx: &mut Vec<u8>) {
        tx.push(self.network() as u8);
        match self {
            Self::V4(ip) => write_var_bytes(&ip.octets(), tx),
            Self::V6(ip) | Self::Cjdns(ip) => write_var_bytes(&ip.octets(), tx),
            Self::TorV3(key) | Self::I2p(key) => write_var_bytes(key, tx),
        }
    }

    /// Converts the 16 bytes of the older form.
    pub(super) fn from_v1(bytes: [u8; 16]) -> Result<Self, Unusable> {
        Self::on_the_internet(Ipv6Addr::from(bytes).to_canonical())
    }

    fn on_the_internet(ip: IpAddr) -> Result<Self, Unusable> {
        match ip {
            ip if ip.is_unspecified() => Err(Unusable::NoAddress),
            IpAddr::V4(v4) => Ok(Self::V4(v4)),
            IpAddr::V6(v6) if is_a_name(&v6) => Err(Unusable::NoAddress),
            IpAddr::V6(v6) => Ok(Self::V6(v6)),
        }
    }
}

/// Why an entry is unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Unusable {
    /// It has port 0, which no TCP connection can use. Only I2P has no ports.
    Port,
    /// Its network is retired or unknown to us.
    Network,
    /// It holds no address: `::`, `0.0.0.0`, or a name in the form of an IPv6 address.
    NoAddress,
}

impl Unusable {
    /// All reasons.
    pub const ALL: [Self; 3] = [Self::Port, Self::Network, Self::NoAddress];

    /// Its stable name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Port => "port-0",
            Self::Network => "unknown-network",
            Self::NoAddress => "no-address",
        }
    }

    /// The reason for users: `2 with port 0`.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Port => "with port 0",
            Self::Network => "of unknown networks",
            Self::NoAddress => "without an address",
        }
    }
}

/// A name in the form of an IPv6 address, from Tor or from Core itself.
fn is_a_name(ip: &Ipv6Addr) -> bool {
    let onion_cat = [0xfd, 0x87, 0xd8, 0x7e, 0xeb, 0x43];
    let internal = [0xfd, 0x6b, 0x88, 0xc0, 0x87, 0x24];
    let head = &ip.octets()[..6];
    head == onion_cat || head == internal
}

fn is_cjdns(ip: &Ipv6Addr) -> bool {
    ip.octets()[0] == 0xfc
}

/// As its network writes it: `203.0.113.1`, `2a01::1`, `….onion`, `….b32.i2p`, `fc00::1`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(ip) => ip.fmt(f),
            Self::V6(ip) | Self::Cjdns(ip) => ip.fmt(f),
            Self::TorV3(key) => {
                let mut bytes = Vec::from(*key);
                bytes.extend_from_slice(&onion_checksum(key));
                bytes.push(ONION_VERSION);
                write!(f, "{}{ONION}", base32::encode(&bytes))
            }
            Self::I2p(hash) => write!(f, "{}{I2P}", base32::encode(hash)),
        }
    }
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        if let Some(name) = text.strip_suffix(ONION) {
            return onion(name).ok_or(BadAddress);
        }
        if let Some(name) = text.strip_suffix(I2P) {
            let hash = base32::decode(name).and_then(|bytes| bytes.try_into().ok());
            return hash.map(Self::I2p).ok_or(BadAddress);
        }
        match text.parse().map_err(|_| BadAddress)? {
            IpAddr::V6(v6) if is_cjdns(&v6) => Ok(Self::Cjdns(v6)),
            ip => Ok(Self::of(ip)),
        }
    }
}

/// Not an address of any network that we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an IPv4 or IPv6 address, or a name that ends in .onion (version 3) or .b32.i2p")]
pub struct BadAddress;

fn onion(name: &str) -> Option<Address> {
    let bytes = base32::decode(name)?;
    let (key, rest) = bytes.split_first_chunk::<32>()?;
    let [a, b] = onion_checksum(key);
    (*rest == [a, b, ONION_VERSION]).then_some(Address::TorV3(*key))
}

/// (Tor: rend-spec-v3, "Encoding onion addresses")
fn onion_checksum(key: &[u8; 32]) -> [u8; 2] {
    let mut hasher = Sha3_256::new();
    hasher.update(b".onion checksum");
    hasher.update(key);
    hasher.update([ONION_VERSION]);
    let digest: [u8; 32] = hasher.finalize().into();
    *digest.first_chunk().expect("2 of 32 bytes")
}
