//! Targets of the user: hosts, addresses, and nodes named by their keys.

use std::fmt;
use std::sync::Arc;

use address::Network;

use crate::host::{BadHost, Host};
use crate::protocol::{Identity, Seed, protocols};
use crate::refused::Refused;
use crate::resolve::Family;

/// One target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// As the user wrote it.
    pub text: Arc<str>,
    /// Its place.
    pub kind: Kind,
    /// The expected node there.
    pub identity: Identity,
}

/// The place of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An address; without a port, the network's default port.
    Address(Host, Option<u16>),
    /// A name to resolve.
    Name(String, Option<u16>),
    /// A name to resolve, for addresses of one family.
    NameOf(Family, String, u16),
    /// A DNS seed of a network: the name that selects nodes by services, and its own name, which is queried if the
    /// first leads nowhere.
    Seed(String, String),
    /// A name that [lists](crate::protocol::Protocol::listing) nodes in TXT records; only those with this port, if
    /// there is one.
    Listed(String, Option<u16>),
    /// A name of Tor's or I2P's, which must not be looked up in the DNS.
    Overlay(String, Option<u16>),
    /// A place that we cannot reach.
    OutOfReach(Refused),
}

/// Not a target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadTarget {
    /// It has no known form.
    #[error(
        "expected a host name, an IP address, host:port, ip:port or [ipv6]:port; \
         or enode://..., enr:..., <node id>@host:port, /ip4/.../tcp/..."
    )]
    Form,
    /// It has the form of one protocol, but is wrong; this is the protocol's sentence.
    #[error("{0}")]
    Own(String),
    /// A multiaddr with port 0.
    #[error("no node listens on port 0")]
    NoPort,
    /// The number after a host is not a port.
    #[error("a port is a number from 1 to 65535")]
    Port,
    /// The text after an @ is not a host.
    #[error("behind the @ there is no host, host:port, ip:port or [ipv6]:port")]
    Host,
    /// Brackets around something other than an address.
    #[error("brackets are for IPv6 addresses: [2001:db8::1]:8333")]
    Brackets,
    /// The zone of an IPv6 address is not a network interface of this machine.
    #[error("behind its % is no network interface of this machine")]
    Zone,
}

impl BadTarget {
    /// A protocol's sentence on a target of its own form.
    pub fn of(sentence: impl fmt::Display) -> Self {
        Self::Own(sentence.to_string())
    }
}

impl Target {
    /// Parses a host or an address, where any node will do.
    ///
    /// # Errors
    /// [`BadTarget`]
    pub fn any(text: &str) -> Result<Self, BadTarget> {
        let kind = Kind::parse(text, BadTarget::Form)?;
        Ok(Self { text: text.into(), kind, identity: Identity::Any })
    }

    /// Parses a text into one or more targets.
    ///
    /// # Errors
    /// [`BadTarget`]
    pub fn parse(text: &str) -> Result<Vec<Self>, BadTarget> {
        let mut targets = Vec::new();
        Self::read(text, &mut targets).map(|()| targets)
    }

    /// Appends the targets of a text. Its form decides the protocol.
    ///
    /// # Errors
    /// [`BadTarget`]
    pub fn read(text: &str, targets: &mut Vec<Self>) -> Result<(), BadTarget> {
        match protocols().find_map(|protocol| protocol.read_target(text, targets)) {
            Some(read) => read,
            None => Self::any(text).map(|target| targets.push(target)),
        }
    }
}

impl From<Seed> for Target {
    fn from(Seed { asked, own }: Seed) -> Self {
        let kind = if asked == own { Kind::Name(asked.clone(), None) } else { Kind::Seed(asked.clone(), own) };
        Self { text: asked.into(), kind, identity: Identity::Any }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

impl Kind {
    /// A name to look up, as this kind of target, unless it belongs to a network behind a proxy.
    pub(crate) fn of_name(name: String, port: Option<u16>, kind: impl FnOnce(String) -> Self) -> Self {
        if Network::of_name(&name).is_some() { Self::Overlay(name, port) } else { kind(name) }
    }

    /// A host, from its name or address.
    ///
    /// # Errors
    /// If it is neither.
    pub fn of_host(host: &str, port: Option<u16>) -> Result<Self, BadTarget> {
        match host.parse() {
            Ok(ip) => Ok(Self::Address(ip, port)),
            Err(BadHost::Zone) => Err(BadTarget::Zone),
            Err(BadHost::Form) if is_host_name(host) => {
                Ok(Self::of_name(host.to_owned(), port, |name| Self::Name(name, port)))
            }
            Err(BadHost::Form) => Err(BadTarget::Host),
        }
    }

    /// The name to look up first, if it is one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Address(..) | Self::Overlay(..) | Self::OutOfReach(_) => None,
            Self::Name(name, _) | Self::NameOf(_, name, _) | Self::Seed(name, _) | Self::Listed(name, _) => Some(name),
        }
    }

    /// Parses a host with or without a port. A text of another form is the error `otherwise`, or a more specific one.
    ///
    /// # Errors
    /// [`BadTarget`]
    pub fn parse(text: &str, otherwise: BadTarget) -> Result<Self, BadTarget> {
        let host = |host: &str| match host.parse::<Host>() {
            Err(BadHost::Zone) => Err(BadTarget::Zone),
            parsed => Ok(parsed.ok()),
        };
        // An address without a port, or an IPv6 address without brackets.
        if let Some(ip) = host(text)? {
            return Ok(Self::Address(ip, None));
        }
        let (place, port) = match text.rsplit_once(':') {
            Some((place, port)) if is_number(port) => (place, Some(port)),
            _ => (text, None),
        };
        let port = match port.map(str::parse) {
            None => None,
            Some(Ok(port)) if port > 0 => Some(port),
            // I2P has no ports, and Core writes 0.
            Some(Ok(0)) if Network::of_name(place) == Some(Network::I2p) => Some(0),
            Some(_) if host(place)?.is_some() || is_host_name(place) || place.ends_with(']') => {
                return Err(BadTarget::Port);
            }
            Some(_) => return Err(otherwise),
        };
        if let Some(bracketed) = place.strip_prefix('[').and_then(|place| place.strip_suffix(']')) {
            return host(bracketed)?.map(|ip| Self::Address(ip, port)).ok_or(BadTarget::Brackets);
        }
        if let Some(ip) = host(place)?.filter(|ip| ip.is_ipv4()) {
            return Ok(Self::Address(ip, port));
        }
        let named = || Self::of_name(place.to_owned(), port, |name| Self::Name(name, port));
        is_host_name(place).then(named).ok_or(otherwise)
    }
}

/// Whether it can be a host name: at most 253 bytes in labels of at most 63 (RFC 1035), and not only digits, as a
/// mistyped address or port would be.
pub(crate) fn is_host_name(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let name = host.strip_suffix('.').unwrap_or(host);
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= 253 && name.split('.').all(label) && !last.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{BadTarget, Kind, Target};
    use crate::protocol::{Identity, Protocol};
    use crate::resolve::Family;

    /// The peer id of an Ed25519 key in libp2p's specification.
    const PEER_ID: &str = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";

    fn kind(text: &str) -> Option<Kind> {
        Target::any(text).ok().map(|target| target.kind)
    }

    /// geth's first node for mainnet. (params/bootnodes.go)
    const ENODE: &str = "enode://d860a01f9722d78051619d1e2351aba3f43f943f6f00718d1b9baa4101932a1f\
                         5011f16bb2b1bb35db20d6fe28fa0bf09636d26a87d31de9ec6203eeedb1f666";
    /// The record of EIP-778, which has only a UDP port.
    const ENR: &str = "enr:-IS4QHCYrYZbAKWCBRlAy5zzaDZXJBGkcnh4MHcBFZntXNFrdvJjX04jRzjzCBOonrkTfj499SZuOh8R33Ls8RRcy5wBgmlk\
                       gnY0gmlwhH8AAAGJc2VjcDI1NmsxoQPKY0yuDUmstAHYpMa2_oxVtw0RW_QAdpzBQA8yWM0xOIN1ZHCCdl8";
    /// The node id of BOLT 8's test vectors.
    const NODE_ID: &str = "028d7500dd4c12685d1f568b4c2b5048e8534b873319f3a8daa612b469132ec7f7";

    #[test]
    fn a_node_id_tells_the_protocol() {
        let one = |text: &str| Target::parse(text).unwrap().remove(0);
        let ip = |port| Kind::Address("1.2.3.4".parse().unwrap(), port);
        let enode = one(&format!("{ENODE}@1.2.3.4:30304?discport=0"));
        let name = |target: &Target| target.identity.protocol().map(Protocol::name);
        assert_eq!(name(&enode), Some("ethereum"));
        assert_eq!(enode.kind, ip(Some(30304)));
        assert_eq!(one(&format!("{ENODE}@node.example")).kind, Kind::Name("node.example".into(), Some(30303)));
        assert_eq!(one(&format!("{ENODE}@[::1]:5")).kind, Kind::Address("::1".parse().unwrap(), Some(5)));
        let lightning = one(&format!("{NODE_ID}@1.2.3.4"));
        assert_eq!((name(&lightning), lightning.identity.key().map(<[u8]>::len)), (Some("lightning"), Some(33)));
        assert_eq!(lightning.kind, ip(None));
        assert_eq!(one(&format!("{NODE_ID}@[::1]:9736")).kind, Kind::Address("::1".parse().unwrap(), Some(9736)));
        assert_eq!(one("1.2.3.4").identity, Identity::Any);
        let libp2p = one(&format!("/ip4/1.2.3.4/tcp/4001/p2p/{PEER_ID}"));
        let peer_id: libp2p::PeerId = PEER_ID.parse().unwrap();
        assert_eq!((name(&libp2p), libp2p.identity.key()), (Some("libp2p"), Some(peer_id.as_bytes())));
        assert_eq!(libp2p.kind, ip(Some(4001)));
        assert_eq!(one("/ip4/1.2.3.4/tcp/1").identity.key(), None);
        assert_eq!(one("/dns/node.example/tcp/1").kind, Kind::Name("node.example".into(), Some(1)));
        assert_eq!(one("/dns6/node.example/tcp/1").kind, Kind::NameOf(Family::V6, "node.example".into(), 1));
        assert_eq!(one("/dnsaddr/node.example").kind, Kind::Listed("node.example".into(), None));
    }

    #[test]
    fn what_is_wrong_with_a_node_id_is_said() {
        let wrong = |text: &str| Target::parse(text).unwrap_err().to_string();
        assert_eq!(wrong("enode://00@1.2.3.4:5"), "not an enode: the node id before the @ is not 128 hex digits");
        assert_eq!(
            wrong(&format!("{ENODE}@1.2.3.4:0?discport=30303")),
            "an enode without an RLPx port: its node takes part in discovery alone"
        );
        assert_eq!(wrong(&format!("{ENODE}@a..b:1")), BadTarget::Host.to_string());
        assert_eq!(wrong("enr:abc!"), "not a node record: it is not base64url");
        assert_eq!(wrong(ENR), "this node record has no IP address with a TCP port");
        assert!(
            wrong("02@1.2.3.4:9735").starts_with("before the @ is no public key: 33 bytes (66 hexadecimal digits)")
        );
        assert!(wrong("@1.2.3.4").starts_with("before the @ is no public key"));
        assert_eq!(wrong(&format!("{NODE_ID}@")), BadTarget::Host.to_string());
        assert!(wrong("/ip4/1.2.3.4").starts_with("not a multiaddr that can be dialled: expected a host"));
        assert!(wrong("/ip4/1.2.3.4/tcp/1/p2p/Qm").ends_with("its p2p has a value that is none"));
        assert_eq!(wrong("/ip4/1.2.3.4/tcp/0"), BadTarget::NoPort.to_string());
        assert_eq!(wrong("/dns/a..b/tcp/1"), BadTarget::Form.to_string());
        assert_eq!(wrong(&format!("{NODE_ID}@1.2.3.4:x")), BadTarget::Host.to_string());
    }

    #[test]
    fn targets_are_names_and_addresses_with_or_without_a_port() {
        let ip = |text: &str, port| Some(Kind::Address(text.parse().unwrap(), port));
        let name = |text: &str, port| Some(Kind::Name(text.into(), port));
        assert_eq!(kind("1.2.3.4"), ip("1.2.3.4", None));
        assert_eq!(kind("1.2.3.4:5"), ip("1.2.3.4", Some(5)));
        assert_eq!(kind("::1"), ip("::1", None));
        assert_eq!(kind("[::1]"), ip("::1", None));
        assert_eq!(kind("[::1]:8333"), ip("::1", Some(8333)));
        assert_eq!(kind("[1.2.3.4]:5"), ip("1.2.3.4", Some(5)));
        assert_eq!(kind("fe80::1%1"), ip("fe80::1%1", None));
        assert_eq!(kind("[fe80::1%lo]:8333"), ip("fe80::1%lo", Some(8333)));
        assert_eq!(kind("localhost"), name("localhost", None));
        assert_eq!(kind("x_bitcoind_1"), name("x_bitcoind_1", None));
        assert_eq!(kind("x9.seed.example.:8333"), name("x9.seed.example.", Some(8333)));
    }

    #[test]
    fn names_of_tor_and_i2p_are_not_for_the_dns() {
        let onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
        let i2p = "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p";
        for (text, name, port) in [
            (&*format!("{onion}:8333"), onion, Some(8333)),
            ("short.ONION.", "short.ONION.", None),
            (i2p, i2p, None),
            (&format!("{i2p}:0"), i2p, Some(0)),
            (&format!("{NODE_ID}@short.onion"), "short.onion", None),
            (&format!("{ENODE}@short.onion:1"), "short.onion", Some(1)),
            ("/dns/short.onion/tcp/1", "short.onion", Some(1)),
            ("/dns4/short.onion/tcp/1", "short.onion", Some(1)),
        ] {
            let kind = Target::parse(text).unwrap().remove(0).kind;
            assert_eq!(kind, Kind::Overlay(name.to_owned(), port), "{text}");
        }
    }

    #[test]
    fn what_is_behind_another_transport_is_a_target_out_of_reach() {
        for (text, code) in [
            ("/dnsaddr/short.i2p", "local.no-proxy"),
            ("/onion3/pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd:1", "local.no-proxy"),
            ("/ip4/1.2.3.4/udp/4001/quic-v1", "local.no-transport"),
            ("/dns/node.example/tcp/443/wss", "local.no-transport"),
        ] {
            let Kind::OutOfReach(refused) = Target::parse(text).unwrap().remove(0).kind else { panic!("{text}") };
            assert_eq!(handshake::Fault::code(&refused), code, "{text}");
        }
    }

    #[test]
    fn nonsense_is_no_target() {
        for text in [
            "",
            "18333",
            "1.2.3",
            "1.2.3.4.5",
            "256.1.1.1",
            "a b",
            "a:b",
            "host:0",
            "host:65536",
            "1.2.3.4:0",
            "fe80::1%nosuch0",
            "fe80::1%",
            "1.2.3.4%lo",
            "[node.example]:1",
            "-x",
            "a..b",
            "é",
            "[::1",
            "http://x",
        ] {
            assert_eq!(kind(text), None, "{text:?}");
        }
    }
}
