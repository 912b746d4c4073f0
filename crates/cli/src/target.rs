//! What the user names: hosts, addresses, and lists of them.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::time::Duration;

use ethereum::enode::NotAnEnode;
use ethereum::enr::NotAnEnr;
use ethereum::{Enode, Enr};
use libp2p::target::{NotATarget, NotDialable, Place};
use lightning::NodeId;
use lightning::key::NotAPoint;

use crate::args::{Introduction, values};
use crate::exit::Error;
use crate::host::{BadHost, Host};
use crate::protocol::{Seed, Whom};
use crate::refused::Refused;
use crate::resolve::Family;

/// One target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// As the user wrote it.
    pub text: Arc<str>,
    /// Where it is.
    pub kind: Kind,
    /// Who it is, in which protocol.
    pub whom: Whom,
}

/// Where a target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An address; without a port, the network's.
    Address(Host, Option<u16>),
    /// A name to resolve.
    Name(String, Option<u16>),
    /// A name to resolve to addresses of one family.
    NameOf(Family, String, u16),
    /// A DNS seed of a network: the name that asks it for nodes with services, and its own name, which is asked for if the
    /// first leads nowhere.
    Seed(String, String),
    /// A name that lists multiaddrs, in TXT records; those with this port alone, if it says so.
    Listed(String, Option<u16>),
    /// A place that we have no way to.
    OutOfReach(Refused),
}

/// Not a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// It is of no form that we know.
    #[error(
        "expected a host name, an IP address, host:port, ip:port or [ipv6]:port; \
         or enode://..., enr:..., <node id>@host:port, /ip4/.../tcp/..."
    )]
    Form,
    /// It starts as an enode, and is none.
    #[error("{start}{0}", start = if *.0 == NotAnEnode::NoRlpxPort { "" } else { "not an enode: " })]
    Enode(#[from] NotAnEnode),
    /// It starts as a node record, and is none.
    #[error("not a node record: {0}")]
    Enr(#[from] NotAnEnr),
    /// A node record does not say where its node is.
    #[error("this node record has no IP address with a TCP port")]
    EnrNowhere,
    /// What stands before an @ is no node id of Lightning's.
    #[error("before the @ is {0}")]
    NodeId(#[from] NotAPoint),
    /// It starts as a multiaddr, and is none that can be dialled.
    #[error("not a multiaddr that can be dialled: {0}")]
    Multiaddr(#[from] NotATarget),
    /// A multiaddr with port 0.
    #[error("nobody listens on port 0")]
    NoPort,
    /// What stands behind a host is a number, and no port.
    #[error("a port is a number from 1 to 65535")]
    Port,
    /// What stands behind an @ is no host.
    #[error("behind the @ there is no host, host:port, ip:port or [ipv6]:port")]
    Host,
    /// Brackets around something else than an address.
    #[error("brackets are for IPv6 addresses: [2001:db8::1]:8333")]
    Brackets,
    /// The zone of an IPv6 address is no network interface of this machine.
    #[error("behind its % is no network interface of this machine")]
    Zone,
}

impl Target {
    /// Whoever is at a host or an address.
    pub fn anybody(text: &str) -> Result<Self, BadTarget> {
        let kind = Kind::parse(text, BadTarget::Form)?;
        Ok(Self { text: text.into(), kind, whom: Whom::Anybody })
    }

    /// What a text names: one at least.
    ///
    /// # Errors
    /// [`BadTarget`]
    pub fn parse(text: &str) -> Result<Vec<Self>, BadTarget> {
        let mut targets = Vec::new();
        Self::read(text, &mut targets).map(|()| targets)
    }

    /// Appends what a text names; the form says of which protocol it is. A node record may name two addresses.
    fn read(text: &str, targets: &mut Vec<Self>) -> Result<(), BadTarget> {
        if text.starts_with("enode:") {
            let enode: Enode = text.parse()?;
            // Its host is written without the brackets of an IPv6 address.
            let kind = match enode.host.parse() {
                Ok(ip) => Kind::Address(ip, Some(enode.port)),
                Err(BadHost::Zone) => return Err(BadTarget::Zone),
                Err(BadHost::Form) if is_host_name(&enode.host) => Kind::named(enode.host, Some(enode.port)),
                Err(BadHost::Form) => return Err(BadTarget::Host),
            };
            targets.push(Self { text: text.into(), kind, whom: Whom::Ethereum(enode.id.into()) });
        } else if text.starts_with("enr:") {
            let enr: Enr = text.parse()?;
            let text: Arc<str> = text.into();
            let before = targets.len();
            let whom = node_of(&enr);
            targets.extend(enr.addresses().filter(|address| address.port() > 0).map(|address| {
                let kind = Kind::Address(address.ip().into(), Some(address.port()));
                Self { text: text.clone(), kind, whom: whom.clone() }
            }));
            if targets.len() == before {
                return Err(BadTarget::EnrNowhere);
            }
        } else if text.starts_with('/') {
            let (kind, peer_id) = match text.parse() {
                Ok(libp2p::Target { place, peer_id }) => (Kind::of_place(place)?, peer_id),
                Err(NotATarget::NotDialable(NotDialable::Needs(transport))) => {
                    (Kind::OutOfReach(without(transport, text)), None)
                }
                Err(error) => return Err(error.into()),
            };
            targets.push(Self { text: text.into(), kind, whom: Whom::Libp2p(peer_id.map(Box::new)) });
        } else if let Some((node_id, place)) = text.split_once('@') {
            let whom = Whom::Lightning(node_id.parse::<NodeId>()?.into());
            let kind = Kind::parse(place, BadTarget::Host)?;
            targets.push(Self { text: text.into(), kind, whom });
        } else {
            targets.push(Self::anybody(text)?);
        }
        Ok(())
    }
}

/// The node of a record: one of the consensus layer speaks libp2p, under the same key.
fn node_of(enr: &Enr) -> Whom {
    let libp2p_key = enr.speaks_libp2p().then(|| libp2p::PublicKey::secp256k1(&enr.id.to_compressed()).ok());
    match libp2p_key.flatten() {
        Some(key) => Whom::Libp2p(Some(Box::new(key.peer_id()))),
        None => Whom::Ethereum(enr.id.into()),
    }
}

/// What keeps us from a multiaddr: Tor's is behind a proxy, the others are over transports of their own.
fn without(transport: &'static str, text: &str) -> Refused {
    match transport {
        "onion3" => Refused::NoProxy { name: text.to_owned(), network: "Tor" },
        other => Refused::NoTransport(other),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

impl Kind {
    /// Where a multiaddr is.
    fn of_place(place: Place) -> Result<Self, BadTarget> {
        let kind = match place {
            Place::At(address) if address.port() > 0 => Self::Address(address.ip().into(), Some(address.port())),
            Place::Named { name, family, port } if port > 0 => match family.into() {
                Family::Any => Self::named(name, Some(port)),
                family => match overlay(&name) {
                    Some(network) => Self::OutOfReach(Refused::NoProxy { name, network }),
                    None => Self::NameOf(family, name, port),
                },
            },
            Place::Listed { port: Some(0), .. } | Place::At(_) | Place::Named { .. } => return Err(BadTarget::NoPort),
            Place::Listed { name, port } => match overlay(&name) {
                Some(network) => Self::OutOfReach(Refused::NoProxy { name, network }),
                None => Self::Listed(name, port),
            },
        };
        if kind.name().is_none_or(is_host_name) { Ok(kind) } else { Err(BadTarget::Form) }
    }

    /// A host's name, which is resolved unless it is one of a network behind a proxy.
    fn named(name: String, port: Option<u16>) -> Self {
        match overlay(&name) {
            Some(network) => Self::OutOfReach(Refused::NoProxy { name, network }),
            None => Self::Name(name, port),
        }
    }

    /// The name that is looked up first, if it is one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Address(..) | Self::OutOfReach(_) => None,
            Self::Name(name, _) | Self::NameOf(_, name, _) | Self::Seed(name, _) | Self::Listed(name, _) => Some(name),
        }
    }

    /// A host, with or without a port; what is of no such form is wrong in the way that is said, or in one of its own.
    fn parse(text: &str, otherwise: BadTarget) -> Result<Self, BadTarget> {
        let host = |host: &str| match host.parse::<Host>() {
            Err(BadHost::Zone) => Err(BadTarget::Zone),
            parsed => Ok(parsed.ok()),
        };
        // Alone, or with its colons taken for those of a port.
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
        if is_host_name(place) { Ok(Self::named(place.to_owned(), port)) } else { Err(otherwise) }
    }
}

/// The network that a name belongs to if no DNS server knows it: Tor's (RFC 7686) or I2P's.
fn overlay(name: &str) -> Option<&'static str> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let (_, ending) = name.rsplit_once('.')?;
    match () {
        () if ending.eq_ignore_ascii_case("onion") => Some("Tor"),
        () if ending.eq_ignore_ascii_case("i2p") => Some("I2P"),
        () => None,
    }
}

/// Whether it can be a host's name: at most 253 bytes in labels of at most 63 (RFC 1035), which is not made of digits
/// alone, as a mistyped address or port is.
fn is_host_name(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let name = host.strip_suffix('.').unwrap_or(host);
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= 253 && name.split('.').all(label) && !last.bytes().all(|b| b.is_ascii_digit())
}

/// A target, its port and, if it was given, the time for it.
type Legacy<'w> = (&'w str, u16, Option<Duration>);

/// `TARGET PORT [TIMEOUT_MS]` in bare numbers, as older tools take them.
///
/// # Errors
/// If they are such words, but the second is no port or the third no time.
pub fn split_legacy(words: &[String]) -> Result<Option<Legacy<'_>>, Error> {
    let (target, port, timeout) = match words {
        [target, port] if is_number(port) => (target, port, None),
        [target, port, timeout] if is_number(port) && is_number(timeout) => (target, port, Some(timeout)),
        _ => return Ok(None),
    };
    if is_number(target) {
        return Ok(None);
    }
    let wrong =
        |word: &str, what: &str, expected| Error::Usage(format!("'{word}' is no {what} of {target}: {expected}"));
    let port = values::port(port).map_err(|expected| wrong(port, "port", expected))?;
    let milliseconds =
        |text: &String| values::time(&format!("{text}ms")).map_err(|expected| wrong(text, "time", expected));
    Ok(Some((target, port, timeout.map(milliseconds).transpose()?)))
}

/// Every target that these words name, files and standard input read.
pub fn read_all<'w>(words: impl IntoIterator<Item = &'w str>) -> Result<Vec<Target>, Error> {
    let mut targets = Vec::new();
    for word in words {
        match word {
            "-" => read_lines(unpacked(io::stdin().lock(), "standard input")?, "standard input", &mut targets)?,
            _ => match word.strip_prefix('@') {
                Some("") => return Err(Error::Usage("'@' names no file: expected @FILE, a list of targets".into())),
                Some(path) => {
                    let file =
                        fs::File::open(path).map_err(|error| Error::Usage(format!("cannot read {path}: {error}")))?;
                    read_lines(unpacked(BufReader::new(file), path)?, path, &mut targets)?;
                }
                None => {
                    let bad =
                        |error: BadTarget| Error::Usage(format!("'{}' is not a target: {error}", word.escape_debug()));
                    Target::read(word, &mut targets).map_err(bad)?;
                }
            },
        }
    }
    Ok(targets)
}

/// The network's own DNS seeds, asked as its nodes ask them.
pub fn dns_seeds(network: &Introduction) -> Result<Vec<Target>, Error> {
    let seeds = network.dns_seeds();
    if seeds.is_empty() {
        let like = network.chain().name();
        return Err(Error::Usage(match network.bitcoin.magic.or(network.bitcoin.signet_challenge) {
            Some(magic) => format!("a network of your own, with the magic {magic}, has no DNS seeds; name a target"),
            None => format!("{like} has no DNS seeds; name a target"),
        }));
    }
    let target = |Seed { asked, own }: Seed| {
        let kind = if asked == own { Kind::Name(asked.clone(), None) } else { Kind::Seed(asked.clone(), own) };
        Target { text: asked.into(), kind, whom: Whom::Anybody }
    };
    Ok(seeds.into_iter().map(target).collect())
}

/// What gzip packed, unpacked. Files of other kinds are refused by what they are.
fn unpacked<'r>(input: impl BufRead + 'r, source: &str) -> Result<Box<dyn BufRead + 'r>, Error> {
    store::unpack(Box::new(input)).map_err(|error| Error::Usage(format!("cannot read {source}: {error}")))
}

/// What a line says: lists in YAML (`- enr:...`) and arrays of texts in JSON (`"enode://...",`) are lists, too.
fn entry(line: &str) -> &str {
    let line = line.trim();
    let text = line.strip_prefix("- ").unwrap_or(line).trim_matches(['"', '\'', ',', ' ']);
    if ["[", "]", "---"].contains(&text) { "" } else { text }
}

/// Reads one target a line. A line that is none is reported with its number, and the others are taken.
fn read_lines(mut lines: impl BufRead, source: &str, targets: &mut Vec<Target>) -> Result<(), Error> {
    /// A node record has at most 400 characters, a multiaddr with two peer ids less. (EIP-778)
    const MAX_LINE_LEN: u64 = 64 * 1024;
    /// Of a line that is no target, so much is shown.
    const SHOWN: usize = 80;
    /// Bad lines that are named each. A file of another kind has a million.
    const NAMED: u64 = 20;
    let before = targets.len();
    let mut bad = 0;
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = lines.by_ref().take(MAX_LINE_LEN).read_until(b'\n', &mut line);
        match read.map_err(|error| Error::Usage(format!("cannot read {source}: {error}")))? {
            0 => break,
            read if read as u64 == MAX_LINE_LEN && !line.ends_with(b"\n") => {
                return Err(Error::Usage(format!("{source}, line {number}: longer than any target can be")));
            }
            _ => {}
        }
        let line = String::from_utf8_lossy(&line);
        // Some editors begin a file with it.
        let line = if number == 1 { line.trim_start_matches('\u{feff}') } else { &line };
        let text = entry(line.split('#').next().unwrap_or_default());
        if text.is_empty() {
            continue;
        }
        if let Err(error) = Target::read(text, targets) {
            bad += 1;
            if bad > NAMED {
                continue;
            }
            let cut = text.char_indices().nth(SHOWN).map_or(text, |(end, _)| &text[..end]);
            let dots = if cut.len() < text.len() { "..." } else { "" };
            say!("warning: {source}, line {number}: '{}{dots}': {error}", cut.escape_debug());
        }
    }
    if bad > NAMED {
        say!("warning: {source}: and {} more lines that are no targets", bad - NAMED);
    }
    if targets.len() == before {
        let but = match bad {
            0 => String::new(),
            1 => ", but a line that is none".to_owned(),
            _ => format!(", but {bad} lines that are none"),
        };
        return Err(Error::Usage(format!("no target in {source}{but}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{BadTarget, Kind, Target, read_lines, split_legacy};
    use crate::protocol::Whom;
    use crate::resolve::Family;

    /// The one of an Ed25519 key in libp2p's specification.
    const PEER_ID: &str = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";

    fn kind(text: &str) -> Option<Kind> {
        Target::anybody(text).ok().map(|target| target.kind)
    }

    /// geth's first node for mainnet. (params/bootnodes.go)
    const ENODE: &str = "enode://d860a01f9722d78051619d1e2351aba3f43f943f6f00718d1b9baa4101932a1f\
                         5011f16bb2b1bb35db20d6fe28fa0bf09636d26a87d31de9ec6203eeedb1f666";
    /// The record of EIP-778, which has a UDP port alone.
    const ENR: &str = "enr:-IS4QHCYrYZbAKWCBRlAy5zzaDZXJBGkcnh4MHcBFZntXNFrdvJjX04jRzjzCBOonrkTfj499SZuOh8R33Ls8RRcy5wBgmlk\
                       gnY0gmlwhH8AAAGJc2VjcDI1NmsxoQPKY0yuDUmstAHYpMa2_oxVtw0RW_QAdpzBQA8yWM0xOIN1ZHCCdl8";
    /// The node id of BOLT 8's test vectors.
    const NODE_ID: &str = "028d7500dd4c12685d1f568b4c2b5048e8534b873319f3a8daa612b469132ec7f7";

    #[test]
    fn a_node_id_tells_the_protocol() {
        let one = |text: &str| Target::parse(text).unwrap().remove(0);
        let ip = |port| Kind::Address("1.2.3.4".parse().unwrap(), port);
        let enode = one(&format!("{ENODE}@1.2.3.4:30304?discport=0"));
        assert!(matches!(enode.whom, Whom::Ethereum(_)));
        assert_eq!(enode.kind, ip(Some(30304)));
        assert_eq!(one(&format!("{ENODE}@node.example")).kind, Kind::Name("node.example".into(), Some(30303)));
        assert_eq!(one(&format!("{ENODE}@[::1]:5")).kind, Kind::Address("::1".parse().unwrap(), Some(5)));
        let lightning = one(&format!("{NODE_ID}@1.2.3.4"));
        assert_eq!(
            (lightning.kind, lightning.whom),
            (ip(None), Whom::Lightning(NODE_ID.parse().map(Box::new).unwrap()))
        );
        assert_eq!(one(&format!("{NODE_ID}@[::1]:9736")).kind, Kind::Address("::1".parse().unwrap(), Some(9736)));
        assert_eq!(one("1.2.3.4").whom, Whom::Anybody);
        let libp2p = one(&format!("/ip4/1.2.3.4/tcp/4001/p2p/{PEER_ID}"));
        assert_eq!(
            (libp2p.kind, libp2p.whom),
            (ip(Some(4001)), Whom::Libp2p(Some(PEER_ID.parse().map(Box::new).unwrap())))
        );
        assert_eq!(one("/ip4/1.2.3.4/tcp/1").whom, Whom::Libp2p(None));
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
    fn what_is_behind_a_proxy_or_another_transport_is_a_target_out_of_reach() {
        for (text, code) in [
            ("pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333", "local.no-proxy"),
            ("short.ONION.", "local.no-proxy"),
            ("ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p", "local.no-proxy"),
            (&*format!("{NODE_ID}@short.onion"), "local.no-proxy"),
            (&*format!("{ENODE}@short.onion:1"), "local.no-proxy"),
            ("/dns/short.onion/tcp/1", "local.no-proxy"),
            ("/dns4/short.onion/tcp/1", "local.no-proxy"),
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

    #[test]
    fn bare_numbers_behind_one_target_are_port_and_milliseconds() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let split = |words: &[String]| split_legacy(words).map(|legacy| legacy.map(|(_, port, time)| (port, time)));
        assert_eq!(split(&words("seed 8333 5000")).unwrap(), Some((8333, Some(Duration::from_secs(5)))));
        assert_eq!(split(&words("seed 8333")).unwrap(), Some((8333, None)));
        for other in ["seed", "a b", "a 8333 b", "8333 8333", "a 1 2 3"] {
            assert_eq!(split(&words(other)).unwrap(), None, "{other}");
        }
        for (wrong, word) in
            [("a 70000", "'70000' is no port of a"), ("a 0", "'0' is no port"), ("a 1 0", "'0' is no time")]
        {
            assert!(split(&words(wrong)).unwrap_err().text().starts_with(word), "{wrong}");
        }
    }

    #[test]
    fn a_bad_line_does_not_lose_the_others() {
        let mut targets = Vec::new();
        read_lines(&b"# seeds\n\n1.2.3.4 # mine\n!!\n\xff\nnode.example\r\n"[..], "list", &mut targets).unwrap();
        assert_eq!(targets.len(), 2);
        assert!(read_lines(&b"!!\n"[..], "list", &mut targets).is_err());
    }

    #[test]
    fn a_list_is_read_as_other_programs_write_it() {
        let address = |nth: u8| Kind::Address(std::net::IpAddr::from([1, 2, 3, nth]).into(), Some(1));
        for list in [
            "[\n  \"1.2.3.1:1\",\n  \"1.2.3.2:1\"\n]\n",
            "---\n- 1.2.3.1:1\n- \"1.2.3.2:1\"\n",
            "\u{feff}1.2.3.1:1\r\n1.2.3.2:1",
        ] {
            let mut targets = Vec::new();
            read_lines(list.as_bytes(), "list", &mut targets).unwrap();
            let kinds: Vec<_> = targets.into_iter().map(|target| target.kind).collect();
            assert_eq!(kinds, [address(1), address(2)], "{list}");
        }
    }
}
