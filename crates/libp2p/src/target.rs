//! The target of a multiaddr: where to dial, and which node to expect.
//!
//! ```text
//! /ip4/192.0.2.1/tcp/4001[/p2p/12D3KooW…]     a place
//! /dns4/node.example/tcp/4001[/p2p/…]         a name with addresses
//! /dnsaddr/node.example[/tcp/4001][/p2p/…]    a name with multiaddrs, in TXT records of _dnsaddr.node.example;
//!                                             behind it stands what those must end with
//! ```

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::str::FromStr;

use crate::multiaddr::{DNS, DNS4, DNS6, DNSADDR, IP4, IP6, Multiaddr, NotAMultiaddr, P2P, Part, TCP, host_name};
use crate::peer_id::PeerId;

/// The target of a multiaddr.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where to dial.
    pub place: Place,
    /// The node to expect, if the address names one.
    pub peer_id: Option<PeerId>,
}

/// Where to dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// At this address.
    At(SocketAddr),
    /// At the addresses of this name.
    Named {
        /// The name.
        name: String,
        /// The kind of addresses to use.
        family: Family,
        /// TCP's port.
        port: u16,
    },
    /// At the multiaddrs listed for this name.
    Listed {
        /// The name.
        name: String,
        /// Only those with this TCP port, if the address names one.
        port: Option<u16>,
    },
}

/// A kind of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Any.
    Any,
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Target {
    /// The target of a multiaddr.
    ///
    /// # Errors
    /// If it is not a host, TCP, and optionally a peer id.
    pub fn of(address: &Multiaddr) -> Result<Self, NotDialable> {
        if let Some(transport) = other_transport(address) {
            return Err(NotDialable::Needs(transport));
        }
        let mut parts = address.parts();
        let host = parts.next().ok_or(NotDialable::Form)?;
        let name = || host_name(host.value()).map(str::to_owned).ok_or(NotDialable::Form);
        let family = match host.code() {
            DNS4 => Family::V4,
            DNS6 => Family::V6,
            _ => Family::Any,
        };
        let mut next = parts.next();
        let port = match next {
            Some(part) if part.code() == TCP => {
                next = parts.next();
                Some(u16::from_be_bytes(value(part)?))
            }
            _ => None,
        };
        let some_port = || port.ok_or(NotDialable::Form);
        let place = match host.code() {
            IP4 => Place::At((IpAddr::V4(Ipv4Addr::from(value(host)?)), some_port()?).into()),
            IP6 => Place::At((IpAddr::V6(Ipv6Addr::from(value(host)?)), some_port()?).into()),
            DNS | DNS4 | DNS6 => Place::Named { name: name()?, family, port: some_port()? },
            DNSADDR => Place::Listed { name: name()?, port },
            _ => return Err(NotDialable::Form),
        };
        let peer_id = match next {
            None => None,
            Some(part) if part.code() == P2P => Some(PeerId::from_bytes(part.value()).map_err(|_| NotDialable::Form)?),
            Some(_) => return Err(NotDialable::Form),
        };
        if parts.is_over() { Ok(Self { place, peer_id }) } else { Err(NotDialable::Form) }
    }
}

/// The transport of an address, if it is not plain TCP: of the transports that it names, the highest one.
fn other_transport(address: &Multiaddr) -> Option<&'static str> {
    /// The highest layer first. TLS counts only under WebSocket: alone, it means that the TCP connection uses TLS,
    /// which the two sides negotiate anyway.
    const OTHERS: [&str; 12] = [
        "p2p-circuit",
        "webtransport",
        "webrtc-direct",
        "webrtc",
        "wss",
        "ws",
        "https",
        "http",
        "quic-v1",
        "quic",
        "onion3",
        "udp",
    ];
    OTHERS.into_iter().find(|other| address.parts().any(|part| part.name() == *other))
}

fn value<const LEN: usize>(part: Part<'_>) -> Result<[u8; LEN], NotDialable> {
    part.value().try_into().map_err(|_| NotDialable::Form)
}

impl FromStr for Target {
    type Err = NotATarget;

    fn from_str(text: &str) -> Result<Self, NotATarget> {
        // Tools that join parts of an address may leave a slash at its end.
        let text = text.strip_suffix('/').unwrap_or(text);
        Ok(Self::of(&text.parse()?)?)
    }
}

/// The original multiaddr.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::At(address) => write!(f, "{}", Multiaddr::from(*address))?,
            Place::Named { name, family, port } => {
                let kind = match family {
                    Family::Any => "dns",
                    Family::V4 => "dns4",
                    Family::V6 => "dns6",
                };
                write!(f, "/{kind}/{name}/tcp/{port}")?;
            }
            Place::Listed { name, port } => {
                write!(f, "/dnsaddr/{name}")?;
                port.iter().try_for_each(|port| write!(f, "/tcp/{port}"))?;
            }
        }
        self.peer_id.iter().try_for_each(|peer_id| write!(f, "/p2p/{peer_id}"))
    }
}

/// A multiaddr that cannot be dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotDialable {
    /// It has another form.
    #[error("expected a host with a TCP port, as /ip4/192.0.2.1/tcp/4001, or /dnsaddr/NAME")]
    Form,
    /// It uses another transport, which has this name in multiaddrs.
    #[error("it is reached over {0}, not over TCP")]
    Needs(&'static str),
}

/// Why a text cannot be dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotATarget {
    /// It is not a multiaddr.
    #[error(transparent)]
    Multiaddr(#[from] NotAMultiaddr),
    /// It is a multiaddr without a target.
    #[error(transparent)]
    NotDialable(#[from] NotDialable),
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::{Family, NotATarget, NotDialable, Place, Target};
    use crate::multiaddr::Multiaddr;
    use crate::varint;

    const PEER: &str = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N";

    #[test]
    fn places_names_and_lists_are_targets() {
        let at = |text: &str| Place::At(text.parse().unwrap());
        let named = |family| Place::Named { name: "node.example".into(), family, port: 7 };
        for (text, place) in [
            ("/ip4/192.0.2.1/tcp/4001", at("192.0.2.1:4001")),
            ("/ip6/2001:db8::1/tcp/1", at("[2001:db8::1]:1")),
            ("/dns/node.example/tcp/7", named(Family::Any)),
            ("/dns4/node.example/tcp/7", named(Family::V4)),
            ("/dns6/node.example/tcp/7", named(Family::V6)),
            ("/dnsaddr/node.example", Place::Listed { name: "node.example".into(), port: None }),
            ("/dnsaddr/node.example/tcp/7", Place::Listed { name: "node.example".into(), port: Some(7) }),
        ] {
            let target: Target = text.parse().unwrap();
            assert_eq!(target, Target { place: place.clone(), peer_id: None });
            assert_eq!(target.to_string(), text);
            let with_peer = [text, "/p2p/", PEER].concat();
            let target: Target = with_peer.parse().unwrap();
            assert_eq!(target, Target { place, peer_id: Some(PEER.parse().unwrap()) });
            assert_eq!(target.to_string(), with_peer);
        }
    }

    #[test]
    fn a_slash_at_the_end_changes_nothing() {
        assert_eq!("/ip4/192.0.2.1/tcp/1/".parse::<Target>(), "/ip4/192.0.2.1/tcp/1".parse::<Target>());
        assert!("/ip4/192.0.2.1/tcp/1//".parse::<Target>().is_err());
    }

    #[test]
    fn what_is_reached_over_another_transport_names_it() {
        for (text, transport) in [
            ("/ip4/192.0.2.1/udp/4001/quic-v1", "quic-v1"),
            ("/ip4/192.0.2.1/udp/4001", "udp"),
            ("/ip4/192.0.2.1/tcp/4001/ws", "ws"),
            ("/dns4/node.example/tcp/443/tls/sni/node.example/ws", "ws"),
            ("/dns4/node.example/tcp/443/wss/", "wss"),
            (
                "/ip4/192.0.2.1/udp/4001/quic-v1/webtransport/certhash/uEiAkH5a4DPGKUuOBjYw0CgwjvcJCJMD2K_1aluKR_tpevQ",
                "webtransport",
            ),
            (
                "/ip4/192.0.2.1/udp/4001/webrtc-direct/certhash/f1220241f96b80cf18a52e3818d8c340a0c23bdc24224c0f62bfd5a96e291feda5ebd",
                "webrtc-direct",
            ),
            ("/ip4/192.0.2.1/tcp/1/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N/p2p-circuit", "p2p-circuit"),
            ("/onion3/pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd:4001", "onion3"),
        ] {
            assert_eq!(text.parse::<Target>(), Err(NotATarget::NotDialable(NotDialable::Needs(transport))), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_is_no_target() {
        for text in ["/ip4/192.0.2.1", "/tcp/1", "/ip4/192.0.2.1/tcp/1/tcp/2", "/dnsaddr/node.example/dns/x"] {
            assert_eq!(text.parse::<Target>(), Err(NotATarget::NotDialable(NotDialable::Form)), "{text}");
        }
        assert!("127.0.0.1:1".parse::<Target>().is_err());
        for text in ["/onion3/x:1", "/onion3/x", "/ip4/192.0.2.1/udp/1/quic-v1/webtransport/certhash/u*"] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }

    /// A multiaddr from bytes may contain anything.
    #[test]
    fn a_name_that_no_host_has_is_no_target() {
        let named = |name: &[u8]| {
            let mut bytes = alloc::vec![0x36];
            varint::write(name.len() as u64, &mut bytes);
            Target::of(&Multiaddr::from(&[&bytes, name, &[0x06, 0, 1]].concat()[..]))
        };
        assert!(named(b"node.example").is_ok());
        assert!(named(&[b'a'; 253]).is_ok());
        for name in [&b""[..], b"a\x1b[2J", b"a/tcp/1", b"a b", b"\xff", &[b'a'; 254]] {
            assert_eq!(named(name), Err(NotDialable::Form), "{name:?}");
        }
    }
}
