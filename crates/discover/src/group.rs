//! Network groups: an operator with one address of a group gets others of it cheaply. (Core: netgroup.cpp)

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The /16 network of an IPv4 address, or the /32 network of an IPv6 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The first 16 bits.
    V4([u8; 2]),
    /// The first 32 bits.
    V6([u8; 4]),
}

impl Group {
    /// The group of an address. IPv4-mapped IPv6 counts as IPv4.
    #[must_use]
    pub fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(v4) => {
                let [a, b, _, _] = v4.octets();
                Self::V4([a, b])
            }
            IpAddr::V6(v6) => Self::V6(*v6.octets().first_chunk().expect("4 of 16 bytes")),
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::V4([a, b]) => write!(f, "{}/16", Ipv4Addr::new(a, b, 0, 0)),
            Self::V6(head) => write!(f, "{}/32", Ipv6Addr::from(u128::from(u32::from_be_bytes(head)) << 96)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Group;

    #[test]
    fn an_address_belongs_to_its_16_or_32_bit_network() {
        let group = |ip: &str| Group::of(ip.parse().unwrap()).to_string();
        assert_eq!(group("203.0.113.9"), "203.0.0.0/16");
        assert_eq!(group("::ffff:203.0.113.9"), "203.0.0.0/16");
        assert_eq!(group("2a01:4f8:1:2::3"), "2a01:4f8::/32");
    }
}
