//! The address of a node. (contrib/epee/include/net/net_utils_base.h, src/net/tor_address.cpp)
//!
//! ```text
//! { addr: { m_ip, m_port } or { addr, m_port } or { host, port }, type: 1 IPv4, 2 IPv6, 3 I2P, 4 Tor }
//! ```

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use handshake::Text;

use crate::error::Malformed;
use crate::storage::{Field, Section, Writer};

/// The address of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An IP address.
    Ip(SocketAddr),
    /// An I2P destination.
    I2p(Host),
    /// A Tor onion service.
    Tor(Host),
    /// An address of an unknown type, with its number.
    Other(u8),
}

/// A name outside of the DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its name, with the suffix: `.onion`, `.b32.i2p`. At most [`Host::MAX_LEN`] bytes.
    name: Text,
    /// Its port. For I2P it has no meaning.
    pub port: u16,
}

impl Host {
    /// Bytes of a name. Those of Tor and I2P have at most 63. (tor_address.h: buffer_size)
    pub const MAX_LEN: usize = 255;

    /// A host of this name; `None` if that is longer than [`Host::MAX_LEN`].
    #[must_use]
    pub fn new(name: &[u8], port: u16) -> Option<Self> {
        (name.len() <= Self::MAX_LEN).then(|| Self { name: name.into(), port })
    }

    /// Its name, with the suffix.
    #[must_use]
    pub fn name(&self) -> &Text {
        &self.name
    }
}

/// `host:port`
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.port)
    }
}

const IPV4: u8 = 1;
const IPV6: u8 = 2;
const I2P: u8 = 3;
const TOR: u8 = 4;

impl Address {
    /// Its socket address, if it is an IP address.
    #[must_use]
    pub fn ip(&self) -> Option<SocketAddr> {
        match self {
            Self::Ip(address) => Some(*address),
            Self::I2p(_) | Self::Tor(_) | Self::Other(_) => None,
        }
    }

    /// Reads it from its own section.
    ///
    /// # Errors
    /// If a field is missing or invalid.
    pub fn read(section: &Section<'_>) -> Result<Self, Malformed> {
        let [kind, inner] = section.fields(["type", "addr"]);
        let kind = kind.required(Field::number)?;
        let inner = inner.required(Field::section)?;
        Ok(match kind {
            IPV4 => {
                let [ip, port] = inner.fields(["m_ip", "m_port"]);
                // The number stores the octets in network order, the first as the lowest byte, on every machine.
                let ip = ip.required(Field::number::<u32>)?.to_le_bytes();
                Self::Ip((Ipv4Addr::from(ip), port.required(Field::number)?).into())
            }
            IPV6 => {
                let [ip, port] = inner.fields(["addr", "m_port"]);
                let ip = <[u8; 16]>::try_from(ip.required(Field::string)?).map_err(|_| Malformed::Length("addr"))?;
                Self::Ip((Ipv6Addr::from(ip), port.required(Field::number)?).into())
            }
            I2P => Self::I2p(read_host(&inner)?),
            TOR => Self::Tor(read_host(&inner)?),
            other => Self::Other(other),
        })
    }

    /// Writes it into its own section.
    pub fn write(&self, section: &mut Writer<'_>) {
        let kind = match self {
            Self::Ip(SocketAddr::V4(_)) => IPV4,
            Self::Ip(SocketAddr::V6(_)) => IPV6,
            Self::I2p(_) => I2P,
            Self::Tor(_) => TOR,
            Self::Other(kind) => *kind,
        };
        section.section("addr", |section| match self {
            Self::Ip(address) => {
                match address.ip() {
                    IpAddr::V4(ip) => section.u32("m_ip", u32::from_le_bytes(ip.octets())),
                    IpAddr::V6(ip) => section.string("addr", &ip.octets()),
                }
                section.u16("m_port", address.port());
            }
            Self::I2p(host) | Self::Tor(host) => {
                section.string("host", host.name.as_bytes());
                section.u16("port", host.port);
            }
            Self::Other(_) => {}
        });
        section.u8("type", kind);
    }
}

fn read_host(section: &Section<'_>) -> Result<Host, Malformed> {
    let [name, port] = section.fields(["host", "port"]);
    let (name, port) = (name.required(Field::string)?, port.required(Field::number)?);
    Host::new(name, port).ok_or(Malformed::Length("host"))
}

/// `1.2.3.4:18080`, `[::1]:18080`, `<56 letters>.onion:18080`
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::I2p(host) | Self::Tor(host) => host.fmt(f),
            Self::Other(kind) => write!(f, "(address of type {kind})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;
    use alloc::vec::Vec;

    use super::{Address, Host};
    use crate::error::Malformed;
    use crate::storage::{Writer, read, write};

    fn written(fill: impl FnOnce(&mut Writer<'_>)) -> Result<Address, Malformed> {
        let mut body = Vec::new();
        write(&mut body, fill);
        Address::read(&read(&body).unwrap())
    }

    #[test]
    fn an_address_is_shown_as_it_is_written() {
        // In the form of `monerod`: 1.2.3.4 is 0x04030201.
        let ipv4 = written(|section| {
            section.section("addr", |section| {
                section.u32("m_ip", 0x0403_0201);
                section.u16("m_port", 18080);
            });
            section.u8("type", 1);
        });
        assert_eq!(ipv4.unwrap().to_string(), "1.2.3.4:18080");
        let host = Host::new(b"zb.onion\x1b", 18083).unwrap();
        assert_eq!(Address::Tor(host).to_string(), "zb.onion\\x1b:18083");
        assert_eq!(Address::Other(9).to_string(), "(address of type 9)");
        assert_eq!(Host::new(&[b'a'; 256], 1), None);
    }

    #[test]
    fn an_address_is_whole_or_malformed() {
        let no_ip = |section: &mut Writer<'_>| {
            section.section("addr", |section| section.u16("m_port", 1));
            section.u8("type", 1);
        };
        assert_eq!(written(no_ip), Err(Malformed::Missing("m_ip")));
        let short = |section: &mut Writer<'_>| {
            section.section("addr", |section| section.string("addr", &[7; 15]));
            section.u8("type", 2);
        };
        assert_eq!(written(short), Err(Malformed::Length("addr")));
        let long = |section: &mut Writer<'_>| {
            section.section("addr", |section| {
                section.string("host", &[b'a'; 256]);
                section.u16("port", 1);
            });
            section.u8("type", 4);
        };
        assert_eq!(written(long), Err(Malformed::Length("host")));
        assert_eq!(written(|section| section.u8("type", 1)), Err(Malformed::Missing("addr")));
        assert_eq!(written(|section| section.u32("type", 300)), Err(Malformed::Range("type")));
    }
}
