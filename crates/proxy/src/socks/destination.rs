//! Where the proxy is to connect to: a name or an IP address, and a port.
//!
//! ```text
//! 01 | IPv4 4 | port 2
//! 03 | length 1 | name | port 2
//! 04 | IPv6 16 | port 2
//! ```

use alloc::boxed::Box;
use alloc::string::ToString as _;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, SocketAddr};

use address::{Endpoint, Network};
use handshake::Printable;

/// Bytes of a name; at least 1. Its length is one byte. (RFC 1928, 5)
pub const MAX_NAME: usize = 255;

/// Types of addresses.
pub(super) const IPV4: u8 = 1;
pub(super) const NAME: u8 = 3;
pub(super) const IPV6: u8 = 4;

/// Where the proxy is to connect to. A name is resolved by the proxy, never by us.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Destination {
    host: Host,
    port: u16,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Host {
    Ip(IpAddr),
    /// 1 to [`MAX_NAME`] bytes.
    Name(Box<str>),
}

impl Destination {
    /// A host of this name; `None` if the name is empty or longer than [`MAX_NAME`]. The text of an IP address is a name,
    /// too: use `From<SocketAddr>` for those.
    #[must_use]
    pub fn name(name: &str, port: u16) -> Option<Self> {
        (1..=MAX_NAME).contains(&name.len()).then(|| Self { host: Host::Name(name.into()), port })
    }

    /// Whether it is an onion service, which only Tor can reach.
    #[must_use]
    pub fn is_onion(&self) -> bool {
        matches!(&self.host, Host::Name(name) if Network::of_name(name) == Some(Network::Onion))
    }

    /// Writes an IP address as type 1 or 4, which no proxy can take for a name to look up.
    pub(super) fn write(&self, tx: &mut Vec<u8>) {
        match &self.host {
            Host::Ip(IpAddr::V4(ip)) => {
                tx.push(IPV4);
                tx.extend(ip.octets());
            }
            Host::Ip(IpAddr::V6(ip)) => {
                tx.push(IPV6);
                tx.extend(ip.octets());
            }
            Host::Name(name) => write_name(name, tx),
        }
        tx.extend(self.port.to_be_bytes());
    }

    /// Writes an IP address as text, in the place of a name. Tor wants it so, and Core does it: of types 1 and 4 tor
    /// warns, and with `SafeSocks` it refuses them, as they may come of a lookup outside of Tor.
    pub(super) fn write_as_name(&self, tx: &mut Vec<u8>) {
        match &self.host {
            Host::Ip(ip) => write_name(&ip.to_string(), tx),
            Host::Name(name) => write_name(name, tx),
        }
        tx.extend(self.port.to_be_bytes());
    }
}

fn write_name(name: &str, tx: &mut Vec<u8>) {
    tx.extend([NAME, u8::try_from(name.len()).expect("at most 255 bytes, by its constructor")]);
    tx.extend_from_slice(name.as_bytes());
}

impl From<SocketAddr> for Destination {
    fn from(socket: SocketAddr) -> Self {
        Self { host: Host::Ip(socket.ip().to_canonical()), port: socket.port() }
    }
}

/// An address of an overlay network is its name: `….onion`.
impl From<Endpoint> for Destination {
    fn from(endpoint: Endpoint) -> Self {
        match endpoint.address.ip() {
            Some(ip) => Self { host: Host::Ip(ip), port: endpoint.port },
            // The longest is that of an onion service: 62 letters.
            None => Self { host: Host::Name(endpoint.address.to_string().into()), port: endpoint.port },
        }
    }
}

/// `example.org:8333`, `1.2.3.4:8333`, `[2001:db8::1]:8333`
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Ip(ip) => SocketAddr::new(*ip, self.port).fmt(f),
            Host::Name(name) => write!(f, "{}:{}", Printable(name.as_bytes()), self.port),
        }
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Destination({self})")
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;
    use alloc::vec::Vec;
    use core::net::SocketAddr;

    use address::Endpoint;

    use super::Destination;

    const ONION: &str = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";

    fn written(destination: &Destination) -> [Vec<u8>; 2] {
        let (mut plain, mut as_name) = (Vec::new(), Vec::new());
        destination.write(&mut plain);
        destination.write_as_name(&mut as_name);
        [plain, as_name]
    }

    #[test]
    fn names_have_1_to_255_bytes() {
        let long = "x".repeat(256);
        assert_eq!((Destination::name("", 1), Destination::name(&long, 1)), (None, None));
        let [plain, as_name] = written(&Destination::name(&long[..255], 0x1234).unwrap());
        assert_eq!(plain, [b"\x03\xff", &long.as_bytes()[..255], b"\x12\x34"].concat());
        assert_eq!(plain, as_name);
    }

    #[test]
    fn an_ip_address_is_an_address_or_a_name() {
        let of = |text: &str| Destination::from(text.parse::<SocketAddr>().unwrap());
        assert_eq!(written(&of("1.2.3.4:8333")), [&b"\x01\x01\x02\x03\x04\x20\x8d"[..], b"\x03\x071.2.3.4\x20\x8d"]);
        let v6 = [&b"\x04\x2a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x8d"[..], b"\x03\x072a00::1\x20\x8d"];
        assert_eq!(written(&of("[2a00::1]:8333")), v6);
        assert_eq!(of("[::ffff:1.2.3.4]:8333"), of("1.2.3.4:8333"));
        assert_eq!(of("[2a00::1]:8333").to_string(), "[2a00::1]:8333");
    }

    #[test]
    fn an_endpoint_is_an_ip_address_or_its_name() {
        let of = |text: &str| Destination::from(Endpoint::parse(text, 8333).unwrap());
        assert_eq!(of("1.2.3.4"), "1.2.3.4:8333".parse::<SocketAddr>().unwrap().into());
        assert_eq!(Some(of(ONION)), Destination::name(ONION, 8333));
        assert!(of(ONION).is_onion() && !of("[fc32::1]:1").is_onion());
    }

    #[test]
    fn an_onion_service_is_told_by_its_ending() {
        let is_onion = |name| Destination::name(name, 1).unwrap().is_onion();
        assert!(is_onion("x.onion") && is_onion("A.X.ONION."));
        assert!(!is_onion("onion") && !is_onion("x.onion.example") && !is_onion("x.i2p"));
        assert_eq!(Destination::name("a\x1b.onion", 1).unwrap().to_string(), "a\\x1b.onion:1");
    }
}
