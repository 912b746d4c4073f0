//! Addresses as messages have them: 16 bytes in `addr`, network and bytes in `addrv2`. (BIP155)

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr};

use address::{Address, Network};
use handshake::Fields;

use crate::compact_size::{read_var_bytes, write_var_bytes};
use crate::error::Malformed;

/// The longest address of any network, in bytes. A longer one makes the whole message invalid. (BIP155; Core:
/// MAX_ADDRV2_SIZE)
pub const MAX_ADDRESS_LEN: usize = 512;

/// Reads network, length and address; the inner error says why a valid entry is unusable. (BIP155; Core: netaddress.h
/// UnserializeV2Stream)
///
/// Reads IPv4-mapped IPv6 as IPv4: BIP155 does not allow this form and Core ignores it, but btcd sends all its IPv4
/// addresses in it. (btcd 0.24.2)
///
/// # Errors
/// If the length is wrong for a known network, or over [`MAX_ADDRESS_LEN`].
pub fn read_address(fields: &mut Fields<'_>) -> Result<Result<Address, Unusable>, Malformed> {
    let [network] = fields.array("network")?;
    let bytes = read_var_bytes(fields, MAX_ADDRESS_LEN, "address")?;
    Ok(match network {
        1 => on_the_internet(IpAddr::from(sized::<4>(bytes)?)),
        2 => on_the_internet(IpAddr::from(sized::<16>(bytes)?)),
        4 => Ok(Address::Onion(sized(bytes)?)),
        5 => Ok(Address::I2p(sized(bytes)?)),
        6 => match IpAddr::from(sized::<16>(bytes)?).into() {
            cjdns @ Address::Cjdns(_) => Ok(cjdns),
            _ => Err(Unusable::NoAddress),
        },
        // Tor version 2 (3) is retired, and no node gossips Yggdrasil (7). Other numbers are future networks.
        3 | 7.. | 0 => Err(Unusable::Network),
    })
}

fn sized<const LEN: usize>(bytes: &[u8]) -> Result<[u8; LEN], Malformed> {
    bytes.try_into().map_err(|_| Malformed::Value("address length"))
}

/// Appends network, length and address. Yggdrasil is IPv6, as its nodes gossip it.
pub fn write_address(address: &Address, tx: &mut Vec<u8>) {
    let network = match address.network() {
        Network::Yggdrasil => Network::Ipv6,
        network => network,
    };
    tx.push(network.number());
    match address {
        Address::Ipv4(ip) => write_var_bytes(&ip.octets(), tx),
        Address::Ipv6(ip) | Address::Cjdns(ip) | Address::Yggdrasil(ip) => write_var_bytes(&ip.octets(), tx),
        Address::OnionV2(hash) => write_var_bytes(hash, tx),
        Address::Onion(key) | Address::I2p(key) => write_var_bytes(key, tx),
    }
}

/// Converts the 16 bytes of the older form.
pub(super) fn from_v1(bytes: [u8; 16]) -> Result<Address, Unusable> {
    on_the_internet(IpAddr::from(bytes))
}

/// The 16 bytes of the older form, if it has any for this network. (Core: IsAddrV1Compatible)
pub(super) fn to_v1(address: &Address) -> Option<Ipv6Addr> {
    match address {
        Address::Ipv4(ip) => Some(ip.to_ipv6_mapped()),
        Address::Ipv6(ip) | Address::Yggdrasil(ip) => Some(*ip),
        Address::OnionV2(_) | Address::Onion(_) | Address::I2p(_) | Address::Cjdns(_) => None,
    }
}

fn on_the_internet(ip: IpAddr) -> Result<Address, Unusable> {
    let ip = ip.to_canonical();
    let names_nothing = ip.is_unspecified() || matches!(ip, IpAddr::V6(ip) if is_a_name(&ip));
    if names_nothing { Err(Unusable::NoAddress) } else { Ok(ip.into()) }
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
