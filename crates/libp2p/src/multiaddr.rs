//! Multiaddrs: the address of a node and its protocols. (multiformats/multiaddr)
//!
//! ```text
//! /ip4/192.0.2.1/tcp/4001/p2p/12D3KooW…         as text
//! code | value | code | value | ...             as bytes; a value whose length is not known precedes it
//! ```

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::str::FromStr;

use address::{base32, onion};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use handshake::{Hex, Printable};

use crate::peer_id::PeerId;
use crate::varint;

/// Characters of a host name, at most. (RFC 1035)
const MAX_NAME_LEN: usize = 253;

/// Bytes of a Tor name, version 3, and a port.
const ONION_LEN: usize = onion::LEN + 2;

/// A protocol of a multiaddr, and the type of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Protocol {
    code: u64,
    name: &'static str,
    value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Nothing,
    Ip4,
    Ip6,
    Port,
    Name,
    PeerId,
    /// A Tor key and a port.
    Onion,
    /// Bytes after their length, opaque.
    Bytes,
}

pub(crate) const IP4: u64 = 4;
pub(crate) const TCP: u64 = 6;
pub(crate) const IP6: u64 = 41;
pub(crate) const DNS: u64 = 53;
pub(crate) const DNS4: u64 = 54;
pub(crate) const DNS6: u64 = 55;
pub(crate) const DNSADDR: u64 = 56;
pub(crate) const P2P: u64 = 421;

/// The protocols that nodes announce. (`protocols.csv`)
const PROTOCOLS: &[Protocol] = &[
    Protocol { code: IP4, name: "ip4", value: Value::Ip4 },
    Protocol { code: TCP, name: "tcp", value: Value::Port },
    Protocol { code: IP6, name: "ip6", value: Value::Ip6 },
    Protocol { code: 42, name: "ip6zone", value: Value::Name },
    Protocol { code: DNS, name: "dns", value: Value::Name },
    Protocol { code: DNS4, name: "dns4", value: Value::Name },
    Protocol { code: DNS6, name: "dns6", value: Value::Name },
    Protocol { code: DNSADDR, name: "dnsaddr", value: Value::Name },
    Protocol { code: 273, name: "udp", value: Value::Port },
    Protocol { code: 280, name: "webrtc-direct", value: Value::Nothing },
    Protocol { code: 281, name: "webrtc", value: Value::Nothing },
    Protocol { code: 290, name: "p2p-circuit", value: Value::Nothing },
    Protocol { code: P2P, name: "p2p", value: Value::PeerId },
    Protocol { code: 445, name: "onion3", value: Value::Onion },
    Protocol { code: 443, name: "https", value: Value::Nothing },
    Protocol { code: 448, name: "tls", value: Value::Nothing },
    Protocol { code: 449, name: "sni", value: Value::Name },
    Protocol { code: 454, name: "noise", value: Value::Nothing },
    Protocol { code: 460, name: "quic", value: Value::Nothing },
    Protocol { code: 461, name: "quic-v1", value: Value::Nothing },
    Protocol { code: 465, name: "webtransport", value: Value::Nothing },
    Protocol { code: 466, name: "certhash", value: Value::Bytes },
    Protocol { code: 477, name: "ws", value: Value::Nothing },
    Protocol { code: 478, name: "wss", value: Value::Nothing },
    Protocol { code: 480, name: "http", value: Value::Nothing },
];

/// An address. It came in one message, so it is no longer than that; its parts are parsed as far as possible.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Multiaddr(Box<[u8]>);

impl Multiaddr {
    /// Its bytes, as they were sent.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same with a peer id appended.
    #[must_use]
    pub fn with_peer_id(&self, peer_id: &PeerId) -> Self {
        let mut bytes = self.0.to_vec();
        write_part(P2P, peer_id.as_bytes(), &mut bytes);
        Self(bytes.into())
    }

    /// Its parts: codes and values, as far as they can be parsed.
    pub(crate) fn parts(&self) -> Parts<'_> {
        Parts { rest: &self.0 }
    }
}

impl From<&[u8]> for Multiaddr {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

/// TCP at this address.
impl From<SocketAddr> for Multiaddr {
    fn from(address: SocketAddr) -> Self {
        let mut bytes = Vec::with_capacity(22);
        match address.ip().to_canonical() {
            IpAddr::V4(ip) => write_fixed(IP4, &ip.octets(), &mut bytes),
            IpAddr::V6(ip) => write_fixed(IP6, &ip.octets(), &mut bytes),
        }
        write_fixed(TCP, &address.port().to_be_bytes(), &mut bytes);
        Self(bytes.into())
    }
}

/// The parts of an address.
pub(crate) struct Parts<'a> {
    rest: &'a [u8],
}

/// A part of an address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    protocol: Protocol,
    value: &'a [u8],
}

impl<'a> Part<'a> {
    pub(crate) fn code(self) -> u64 {
        self.protocol.code
    }

    pub(crate) fn name(self) -> &'static str {
        self.protocol.name
    }

    pub(crate) fn value(self) -> &'a [u8] {
        self.value
    }
}

impl Parts<'_> {
    /// Whether all of it was parsed.
    pub(crate) fn is_over(&self) -> bool {
        self.rest.is_empty()
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    /// Stops at a part that cannot be parsed.
    fn next(&mut self) -> Option<Part<'a>> {
        let (code, start) = varint::read(self.rest).ok()?;
        let protocol = *PROTOCOLS.iter().find(|protocol| protocol.code == code)?;
        let rest = &self.rest[start..];
        let (len, rest) = match protocol.value {
            Value::Nothing => (0, rest),
            Value::Ip4 => (4, rest),
            Value::Ip6 => (16, rest),
            Value::Port => (2, rest),
            Value::Onion => (ONION_LEN, rest),
            Value::Name | Value::PeerId | Value::Bytes => {
                let (len, start) = varint::read(rest).ok()?;
                (usize::try_from(len).ok()?, &rest[start..])
            }
        };
        let (value, rest) = rest.split_at_checked(len)?;
        self.rest = rest;
        Some(Part { protocol, value })
    }
}

/// As text; a part that cannot be parsed is shown at the end, as `/unknown/` and hex digits.
impl fmt::Display for Multiaddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.parts();
        for part in parts.by_ref() {
            write!(f, "/{}", part.protocol.name)?;
            part.fmt_value(f)?;
        }
        if parts.is_over() { Ok(()) } else { write!(f, "/unknown/{}", Hex(parts.rest)) }
    }
}

impl fmt::Debug for Multiaddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Multiaddr({self})")
    }
}

impl Part<'_> {
    fn fmt_value(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { protocol, value } = self;
        match protocol.value {
            Value::Nothing => Ok(()),
            Value::Ip4 => write!(f, "/{}", Ipv4Addr::from(array(value))),
            Value::Ip6 => write!(f, "/{}", Ipv6Addr::from(array(value))),
            Value::Port => write!(f, "/{}", u16::from_be_bytes(array(value))),
            // A slash within a name would look like the end of the name.
            Value::Name => value.split(|byte| *byte == b'/').enumerate().try_for_each(|(nth, piece)| {
                let slash = if nth == 0 { "/" } else { "\\x2f" };
                write!(f, "{slash}{}", Printable(piece))
            }),
            Value::PeerId => match PeerId::from_bytes(value) {
                Ok(peer_id) => write!(f, "/{peer_id}"),
                // In multibase, f stands for base16.
                Err(_) => write!(f, "/f{}", Hex(value)),
            },
            Value::Onion => {
                let (name, port) = value.split_at(ONION_LEN - 2);
                write!(f, "/{}:{}", base32::encode(name), u16::from_be_bytes(array(port)))
            }
            Value::Bytes => write!(f, "/f{}", Hex(value)),
        }
    }
}

fn array<const LEN: usize>(value: &[u8]) -> [u8; LEN] {
    value.try_into().expect("a part has as many bytes as its protocol says")
}

/// From text, with any of the protocols known here.
impl FromStr for Multiaddr {
    type Err = NotAMultiaddr;

    fn from_str(text: &str) -> Result<Self, NotAMultiaddr> {
        let mut words = text.strip_prefix('/').ok_or(NotAMultiaddr::NoSlash)?.split('/');
        let mut bytes = Vec::new();
        while let Some(word) = words.next() {
            // The protocol p2p was formerly named ipfs.
            let name = if word == "ipfs" { "p2p" } else { word };
            let protocol = PROTOCOLS.iter().find(|protocol| protocol.name == name).ok_or(NotAMultiaddr::Protocol)?;
            let mut value = || words.next().ok_or(NotAMultiaddr::NoValue(protocol.name));
            let wrong = NotAMultiaddr::Value(protocol.name);
            match protocol.value {
                Value::Nothing => varint::write(protocol.code, &mut bytes),
                Value::Ip4 => {
                    let ip: Ipv4Addr = value()?.parse().map_err(|_| wrong)?;
                    write_fixed(protocol.code, &ip.octets(), &mut bytes);
                }
                Value::Ip6 => {
                    let ip: Ipv6Addr = value()?.parse().map_err(|_| wrong)?;
                    write_fixed(protocol.code, &ip.octets(), &mut bytes);
                }
                Value::Port => {
                    let port: u16 = value()?.parse().map_err(|_| wrong)?;
                    write_fixed(protocol.code, &port.to_be_bytes(), &mut bytes);
                }
                Value::Name => {
                    let name = value()?;
                    write_part(protocol.code, host_name(name.as_bytes()).ok_or(wrong)?.as_bytes(), &mut bytes);
                }
                Value::PeerId => {
                    let peer_id: PeerId = value()?.parse().map_err(|_| wrong)?;
                    write_part(protocol.code, peer_id.as_bytes(), &mut bytes);
                }
                Value::Onion => write_fixed(protocol.code, &onion_and_port(value()?).ok_or(wrong)?, &mut bytes),
                Value::Bytes => write_part(protocol.code, &multibase(value()?).ok_or(wrong)?, &mut bytes),
            }
        }
        Ok(Self(bytes.into()))
    }
}

/// A Tor name, version 3, without its suffix, and a port: `<56 characters of base 32>:<port>`.
fn onion_and_port(text: &str) -> Option<[u8; ONION_LEN]> {
    let (name, port) = text.split_once(':')?;
    let port: u16 = port.parse().ok()?;
    let name = base32::decode(name)?;
    [&name[..], &port.to_be_bytes()].concat().try_into().ok()
}

/// Bytes in one of the two bases used in addresses: 64 for URLs, and 16. (multiformats/multibase)
fn multibase(text: &str) -> Option<Vec<u8>> {
    let (base, digits) = text.split_at_checked(1)?;
    match base {
        "u" => BASE64URL_NOPAD.decode(digits.as_bytes()).ok(),
        "f" => HEXLOWER.decode(digits.as_bytes()).ok(),
        _ => None,
    }
}

/// The name of a host or a zone. Other characters would be printed in another form than they are read.
pub(crate) fn host_name(bytes: &[u8]) -> Option<&str> {
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
    let is_name = (1..=MAX_NAME_LEN).contains(&bytes.len()) && bytes.iter().all(is_of_name);
    str::from_utf8(bytes).ok().filter(|_| is_name)
}

fn write_fixed(code: u64, value: &[u8], tx: &mut Vec<u8>) {
    varint::write(code, tx);
    tx.extend_from_slice(value);
}

fn write_part(code: u64, value: &[u8], tx: &mut Vec<u8>) {
    varint::write(code, tx);
    varint::write(value.len() as u64, tx);
    tx.extend_from_slice(value);
}

/// Why a text is not a multiaddr.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAMultiaddr {
    /// It does not start with a slash.
    #[error("it does not start with a slash")]
    NoSlash,
    /// A part has an unknown protocol.
    #[error(
        "a part of it is of a protocol that we do not know; we know ip4, ip6, dns4, dns6, dns, dnsaddr, tcp, p2p, ..."
    )]
    Protocol,
    /// A part has no value.
    #[error("its {0} has no value")]
    NoValue(&'static str),
    /// A part has an invalid value.
    #[error("its {0} has a value that is none")]
    Value(&'static str),
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;
    use alloc::vec::Vec;

    use proptest::collection::vec;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::{Multiaddr, NotAMultiaddr};

    const PEER: &str = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";

    /// The second row is from a real node's identify.
    #[test]
    fn an_address_is_shown_as_it_is_written() {
        let rows: [(&str, &[u8]); 5] = [
            ("/ip4/127.0.0.1/tcp/41010", b"\x04\x7f\0\0\x01\x06\xa0\x32"),
            ("/ip4/127.0.0.1/udp/41011/quic-v1", b"\x04\x7f\0\0\x01\x91\x02\xa0\x33\xcd\x03"),
            ("/ip6/::1/tcp/1", b"\x29\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x06\0\x01"),
            ("/dns4/ab.c/tcp/443/tls/ws", b"\x36\x04ab.c\x06\x01\xbb\xc0\x03\xdd\x03"),
            ("/p2p-circuit", b"\xa2\x02"),
        ];
        for (text, bytes) in rows {
            assert_eq!(Multiaddr::from(bytes).to_string(), text);
            assert_eq!(text.parse::<Multiaddr>().unwrap().as_bytes(), bytes, "{text}");
        }
        for text in [
            "/onion3/pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd:80",
            "/ip4/1.2.3.4/udp/5/quic-v1/webtransport/certhash/f122024",
        ] {
            assert_eq!(text.parse::<Multiaddr>().unwrap().to_string(), text);
        }
        let with_peer = "/ip4/1.2.3.4/tcp/5".parse::<Multiaddr>().unwrap().with_peer_id(&PEER.parse().unwrap());
        assert_eq!(with_peer.to_string(), ["/ip4/1.2.3.4/tcp/5/p2p/", PEER].concat());
        assert_eq!(["/ip4/1.2.3.4/tcp/5/ipfs/", PEER].concat().parse(), Ok(with_peer));
    }

    #[test]
    fn what_is_not_understood_is_shown_in_digits() {
        let shown = |bytes: &[u8]| Multiaddr::from(bytes).to_string();
        assert_eq!(shown(b"\x04\x7f\0\0\x01\x91\x02\xa0\x33\xff\x7f\x1b"), "/ip4/127.0.0.1/udp/41011/unknown/ff7f1b");
        assert_eq!(shown(b"\x04\x7f\0\0"), "/unknown/047f0000");
        assert_eq!(shown(b"\x36\x03a\x1bb"), "/dns4/a\\x1bb");
        // It is one name, not the name of a host and a port.
        assert_eq!(shown(b"\x36\x07a/tcp/1"), "/dns4/a\\x2ftcp\\x2f1");
        assert_eq!(shown(b"\xa5\x03\x02\x00\x01"), "/p2p/f0001");
        assert_eq!(shown(b"\xd2\x03\x02\x12\x20"), "/certhash/f1220");
        assert_eq!(shown(b""), "");
    }

    #[test]
    fn what_is_no_address_says_why() {
        for (text, why) in [
            ("", NotAMultiaddr::NoSlash),
            ("ip4/1.2.3.4", NotAMultiaddr::NoSlash),
            ("/", NotAMultiaddr::Protocol),
            ("/ip4/1.2.3.4/", NotAMultiaddr::Protocol),
            ("/onion3/abc:80", NotAMultiaddr::Value("onion3")),
            ("/ip4", NotAMultiaddr::NoValue("ip4")),
            ("/ip4/1.2.3", NotAMultiaddr::Value("ip4")),
            ("/ip4/1.2.3.4/tcp/65536", NotAMultiaddr::Value("tcp")),
            ("/dns//tcp/1", NotAMultiaddr::Value("dns")),
            ("/dns/a b/tcp/1", NotAMultiaddr::Value("dns")),
            ("/dns/a\\b/tcp/1", NotAMultiaddr::Value("dns")),
            ("/p2p/Qm", NotAMultiaddr::Value("p2p")),
        ] {
            assert_eq!(text.parse::<Multiaddr>(), Err(why), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_shown_in_printable_characters(bytes in vec(any::<u8>(), 0..60)) {
            let shown = Multiaddr::from(&bytes[..]).to_string();
            prop_assert!(shown.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        }

        #[test]
        fn the_place_of_a_socket_is_an_address(octets in any::<[u8; 4]>(), port in any::<u16>()) {
            let address = core::net::SocketAddr::from((octets, port));
            let [a, b, c, d] = octets;
            let expected = alloc::format!("/ip4/{a}.{b}.{c}.{d}/tcp/{port}");
            prop_assert_eq!(Multiaddr::from(address).to_string(), expected.clone());
            let parsed: Multiaddr = expected.parse().unwrap();
            prop_assert_eq!(parsed.as_bytes().len(), Vec::from(octets).len() + 4);
        }
    }
}
