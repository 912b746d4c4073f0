//! Whom a multiaddr means: where to dial, and who must be there.
//!
//! ```text
//! /ip4/192.0.2.1/tcp/4001[/p2p/12D3KooW…]     a place
//! /dns4/node.example/tcp/4001[/p2p/…]         a name with addresses
//! /dnsaddr/node.example[/p2p/…]               a name with multiaddrs, in TXT records of _dnsaddr.node.example
//! ```

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::str::FromStr;

use crate::multiaddr::{DNS, DNS4, DNS6, DNSADDR, IP4, IP6, Multiaddr, NotAMultiaddr, P2P, Part, TCP, host_name};
use crate::peer_id::PeerId;

/// Whom a multiaddr means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where to dial.
    pub place: Place,
    /// Who must be there, if it says so.
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
        /// Of which kind the addresses must be.
        family: Family,
        /// TCP's port.
        port: u16,
    },
    /// At the multiaddrs of this name.
    Listed(String),
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
    /// Whom a multiaddr means.
    ///
    /// # Errors
    /// If it is not a host, TCP, and perhaps a peer id.
    pub fn of(address: &Multiaddr) -> Result<Self, NotDialable> {
        let mut parts = address.parts();
        let host = parts.next().ok_or(NotDialable)?;
        let name = || host_name(host.value()).map(str::to_owned).ok_or(NotDialable);
        let mut port = || match parts.next() {
            Some(part) if part.code() == TCP => Ok(u16::from_be_bytes(value(part)?)),
            _ => Err(NotDialable),
        };
        let family = match host.code() {
            DNS4 => Family::V4,
            DNS6 => Family::V6,
            _ => Family::Any,
        };
        let place = match host.code() {
            IP4 => Place::At((IpAddr::V4(Ipv4Addr::from(value(host)?)), port()?).into()),
            IP6 => Place::At((IpAddr::V6(Ipv6Addr::from(value(host)?)), port()?).into()),
            DNS | DNS4 | DNS6 => Place::Named { name: name()?, family, port: port()? },
            DNSADDR => Place::Listed(name()?),
            _ => return Err(NotDialable),
        };
        let peer_id = match parts.next() {
            None => None,
            Some(part) if part.code() == P2P => Some(PeerId::from_bytes(part.value()).map_err(|_| NotDialable)?),
            Some(_) => return Err(NotDialable),
        };
        if parts.is_over() { Ok(Self { place, peer_id }) } else { Err(NotDialable) }
    }
}

fn value<const LEN: usize>(part: Part<'_>) -> Result<[u8; LEN], NotDialable> {
    part.value().try_into().map_err(|_| NotDialable)
}

impl FromStr for Target {
    type Err = NotATarget;

    fn from_str(text: &str) -> Result<Self, NotATarget> {
        Ok(Self::of(&text.parse()?)?)
    }
}

/// As the multiaddr that it was.
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
            Place::Listed(name) => write!(f, "/dnsaddr/{name}")?,
        }
        self.peer_id.iter().try_for_each(|peer_id| write!(f, "/p2p/{peer_id}"))
    }
}

/// A multiaddr that cannot be dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not a host (ip4, ip6, dns, dns4, dns6 with tcp, or dnsaddr) and perhaps a peer id (p2p)")]
pub struct NotDialable;

/// What cannot be dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotATarget {
    /// It is no multiaddr.
    #[error(transparent)]
    Multiaddr(#[from] NotAMultiaddr),
    /// It is one of something else.
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
            ("/dnsaddr/node.example", Place::Listed("node.example".into())),
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
    fn what_is_reached_over_something_else_is_no_target() {
        for text in [
            "/ip4/192.0.2.1",
            "/tcp/1",
            "/ip4/192.0.2.1/udp/4001/quic-v1",
            "/ip4/192.0.2.1/tcp/4001/ws",
            "/dnsaddr/node.example/tcp/1",
            "/ip4/192.0.2.1/tcp/1/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N/p2p-circuit",
        ] {
            assert_eq!(text.parse::<Target>(), Err(NotATarget::NotDialable(NotDialable)), "{text}");
        }
        assert!("127.0.0.1:1".parse::<Target>().is_err());
    }

    /// A multiaddr that came as bytes may say anything.
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
            assert_eq!(named(name), Err(NotDialable), "{name:?}");
        }
    }
}
