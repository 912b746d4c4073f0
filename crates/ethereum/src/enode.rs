//! `enode://`: a node's id and address, as one line of text. (ethereum.org, "Network addresses"; geth, p2p/enode)

use alloc::string::String;
use core::fmt;
use core::net::Ipv6Addr;
use core::str::FromStr;

use handshake::read_hex;

use crate::key::PublicKey;

/// The port on which nodes listen by default.
pub const DEFAULT_PORT: u16 = 30303;

/// A node's id and address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Enode {
    /// Its static key.
    pub id: PublicKey,
    /// An address, an IPv6 one without brackets, or a name.
    pub host: String,
    /// Its TCP port.
    pub port: u16,
    /// Its UDP port for discovery, if it differs.
    pub discovery_port: Option<u16>,
}

/// Why a text is not an enode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAnEnode {
    /// It has another start.
    #[error("it does not start with enode://")]
    Scheme,
    /// The id is not 128 hex digits.
    #[error("the node id before the @ is not 128 hex digits")]
    Digits,
    /// The id is not a public key.
    #[error("the node id is not a point on the curve: a digit is wrong")]
    Point,
    /// There is no host, or it is invalid.
    #[error("there is no host behind the @")]
    Host,
    /// A port is not a number of at most 65535.
    #[error("the port is not a number from 1 to 65535")]
    Port,
    /// Its TCP port is 0: the node only takes part in discovery, as bootnodes do. (geth, p2p/enode/urlv4.go)
    #[error("an enode without an RLPx port: its node takes part in discovery alone")]
    NoRlpxPort,
}

impl FromStr for Enode {
    type Err = NotAnEnode;

    /// `enode://<128 hex digits>@host[:port][?discport=port]`
    fn from_str(text: &str) -> Result<Self, NotAnEnode> {
        let rest = text.strip_prefix("enode://").ok_or(NotAnEnode::Scheme)?;
        let (id, place) = rest.split_once('@').ok_or(NotAnEnode::Host)?;
        let id = read_hex(id.as_bytes()).ok_or(NotAnEnode::Digits)?;
        let id = PublicKey::from_bytes(&id).map_err(|_| NotAnEnode::Point)?;
        let (place, discovery_port) = match place.split_once("?discport=") {
            None => (place, None),
            // 0 means that the node does not take part in discovery.
            Some((place, digits)) => (place, Some(digits.parse().map_err(|_| NotAnEnode::Port)?)),
        };
        let (host, port) = match place.strip_prefix('[') {
            Some(bracketed) => {
                let (host, port) = bracketed.split_once(']').ok_or(NotAnEnode::Host)?;
                host.parse::<Ipv6Addr>().map_err(|_| NotAnEnode::Host)?;
                (host, port.strip_prefix(':').or((port.is_empty()).then_some("")).ok_or(NotAnEnode::Port)?)
            }
            None => place.split_once(':').unwrap_or((place, "")),
        };
        // The resolver checks the rest of a name.
        if host.is_empty() || host.contains(['/', '?', '@', ' ']) {
            return Err(NotAnEnode::Host);
        }
        let port = match port {
            "" => DEFAULT_PORT,
            digits => match digits.parse().map_err(|_| NotAnEnode::Port)? {
                0 => return Err(NotAnEnode::NoRlpxPort),
                port => port,
            },
        };
        Ok(Self { id, host: host.into(), port, discovery_port })
    }
}

impl fmt::Display for Enode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, host, port, discovery_port } = self;
        if host.contains(':') {
            write!(f, "enode://{id}@[{host}]:{port}")?;
        } else {
            write!(f, "enode://{id}@{host}:{port}")?;
        }
        discovery_port.map_or(Ok(()), |port| write!(f, "?discport={port}"))
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::{Enode, NotAnEnode};

    /// The first of geth's nodes for mainnet. (params/bootnodes.go)
    const ID: &str = "d860a01f9722d78051619d1e2351aba3f43f943f6f00718d1b9baa4101932a1f\
                      5011f16bb2b1bb35db20d6fe28fa0bf09636d26a87d31de9ec6203eeedb1f666";

    #[test]
    fn every_form_is_read_and_written_back() {
        let rows = [
            ("18.138.108.67:30303", "18.138.108.67", 30303, None),
            ("[2001:db8::1]:30304", "2001:db8::1", 30304, None),
            ("node.example.org:30305?discport=30301", "node.example.org", 30305, Some(30301)),
            ("10.0.0.1:30303?discport=0", "10.0.0.1", 30303, Some(0)),
        ];
        for (place, host, port, discovery_port) in rows {
            let text = format!("enode://{ID}@{place}");
            let enode: Enode = text.parse().unwrap();
            assert_eq!((&*enode.host, enode.port, enode.discovery_port), (host, port, discovery_port));
            assert_eq!(enode.id.to_string(), ID);
            assert_eq!(enode.to_string(), text);
        }
        for place in ["10.0.0.1", "[::1]"] {
            assert_eq!(format!("enode://{ID}@{place}").parse::<Enode>().unwrap().port, 30303);
        }
    }

    #[test]
    fn what_is_no_enode_says_why() {
        let point = ID.replace('d', "e");
        let rows = [
            (format!("enr://{ID}@1.2.3.4:5"), NotAnEnode::Scheme),
            (format!("enode://{ID}"), NotAnEnode::Host),
            (format!("enode://{}@1.2.3.4:5", &ID[1..]), NotAnEnode::Digits),
            (format!("enode://{}g@1.2.3.4:5", &ID[1..]), NotAnEnode::Digits),
            (format!("enode://é{}@1.2.3.4:5", &ID[2..]), NotAnEnode::Digits),
            (format!("enode://{point}@1.2.3.4:5"), NotAnEnode::Point),
            (format!("enode://{ID}@:5"), NotAnEnode::Host),
            (format!("enode://{ID}@[1.2.3.4]:5"), NotAnEnode::Host),
            (format!("enode://{ID}@[::1:5"), NotAnEnode::Host),
            (format!("enode://{ID}@[::1]5"), NotAnEnode::Port),
            (format!("enode://{ID}@1.2.3.4:0"), NotAnEnode::NoRlpxPort),
            (format!("enode://{ID}@1.2.3.4:0?discport=30303"), NotAnEnode::NoRlpxPort),
            (format!("enode://{ID}@1.2.3.4:65536"), NotAnEnode::Port),
            (format!("enode://{ID}@1.2.3.4:5?discport=x"), NotAnEnode::Port),
            (format!("enode://{ID}@1.2.3.4:5?other=1"), NotAnEnode::Port),
        ];
        for (text, why) in rows {
            assert_eq!(text.parse::<Enode>(), Err(why), "{text}");
        }
    }
}
