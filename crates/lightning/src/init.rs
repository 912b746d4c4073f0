//! `init`: a node's introduction, after the key agreement. (BOLT 1)
//!
//! ```text
//! length 2, globalfeatures | length 2, features | records: 1 networks, 3 remote_addr
//! ```

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use address::base32;
use handshake::{Fields, Printable};

use crate::chain::ChainHash;
use crate::channel::MAX_MESSAGE_LEN;
use crate::error::Malformed;
use crate::feature::Features;
use crate::wire::{read_tlv, read_u16, read_var_bytes, write_tlv};

/// Chains in an `init`, at most: the number that fits into a message. Real nodes name up to three.
pub const MAX_NETWORKS: usize = (MAX_MESSAGE_LEN - HEAD_LEN) / 32;

/// Bytes of an `init` without features and networks: type, two lengths, and the head of a record.
const HEAD_LEN: usize = 2 + 2 + 2 + 1 + 3;

/// Types of records.
const NETWORKS: u64 = 1;
const REMOTE_ADDR: u64 = 3;

/// A node's introduction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Init {
    /// Features of the older field. They count as part of `features`.
    pub global_features: Features,
    /// The features that it offers or requires.
    pub features: Features,
    /// The chains that it supports, at most [`MAX_NETWORKS`]; empty if it names none.
    pub networks: Vec<ChainHash>,
    /// Our address as the node sees it.
    pub remote_addr: Option<Address>,
}

impl Init {
    /// All features that it offers or requires.
    #[must_use]
    pub fn all_features(&self) -> Features {
        self.global_features.union(&self.features)
    }

    /// Reads the bytes after the message's type.
    ///
    /// # Errors
    /// If it ends too soon, or a record is invalid.
    pub fn read(payload: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Fields::new(payload);
        let mut init = Self {
            global_features: Features::from_bytes(read_var_bytes(&mut fields, "globalfeatures")?)?,
            features: Features::from_bytes(read_var_bytes(&mut fields, "features")?)?,
            ..Self::default()
        };
        let mut last = None;
        while let Some((kind, value)) = read_tlv(&mut fields, last)? {
            match kind {
                NETWORKS => init.networks = read_networks(value)?,
                REMOTE_ADDR => init.remote_addr = Some(Address::read(value)?),
                // "It's ok to be odd."
                kind if kind % 2 == 1 => {}
                kind => return Err(Malformed::UnknownRecord(kind)),
            }
            last = Some(kind);
        }
        Ok(init)
    }

    /// Appends the bytes after the message's type, with the first [`MAX_NETWORKS`] of the networks.
    pub fn write(&self, tx: &mut Vec<u8>) {
        for features in [&self.global_features, &self.features] {
            let len = u16::try_from(features.as_bytes().len()).expect("at most MAX_FEATURES_LEN");
            tx.extend_from_slice(&len.to_be_bytes());
            tx.extend_from_slice(features.as_bytes());
        }
        let networks: Vec<u8> = self.networks.iter().take(MAX_NETWORKS).flat_map(|hash| hash.0).collect();
        if !networks.is_empty() {
            write_tlv(NETWORKS, &networks, tx);
        }
        if let Some(address) = &self.remote_addr {
            let mut value = Vec::new();
            address.write(&mut value);
            write_tlv(REMOTE_ADDR, &value, tx);
        }
    }
}

fn read_networks(value: &[u8]) -> Result<Vec<ChainHash>, Malformed> {
    let (hashes, rest) = value.as_chunks();
    match hashes.len() {
        _ if !rest.is_empty() => Err(Malformed::Length("list of networks")),
        ..=MAX_NETWORKS => Ok(hashes.iter().copied().map(ChainHash).collect()),
        _ => Err(Malformed::TooLong("list of networks")),
    }
}

/// The address of a node. (BOLT 7: address descriptor)
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An IP address.
    Ip(SocketAddr),
    /// A Tor onion service, version 3.
    Onion {
        /// A key, a checksum and the version, in that order.
        service: [u8; 35],
        /// TCP
        port: u16,
    },
    /// A host name.
    Dns {
        /// ASCII, if the peer follows the rules.
        name: Hostname,
        /// TCP
        port: u16,
    },
    /// An address of an unknown type.
    Other(Descriptor),
}

impl Address {
    const IPV4: u8 = 1;
    const IPV6: u8 = 2;
    const ONION: u8 = 4;
    const DNS: u8 = 5;

    fn read(value: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Fields::new(value);
        let [kind] = fields.array("remote_addr")?;
        let port = |fields: &mut Fields<'_>| read_u16(fields, "remote_addr");
        let address = match kind {
            Self::IPV4 => {
                let ip = Ipv4Addr::from(fields.array::<4>("remote_addr")?);
                Self::Ip((ip, port(&mut fields)?).into())
            }
            Self::IPV6 => {
                let ip = Ipv6Addr::from(fields.array::<16>("remote_addr")?);
                Self::Ip((ip, port(&mut fields)?).into())
            }
            Self::ONION => Self::Onion { service: fields.array("remote_addr")?, port: port(&mut fields)? },
            Self::DNS => {
                let [len] = fields.array("remote_addr")?;
                let name = fields.bytes(len.into(), "remote_addr")?;
                Self::Dns { name: Hostname(name.into()), port: port(&mut fields)? }
            }
            _ if value.len() > Descriptor::MAX_LEN => return Err(Malformed::TooLong("remote_addr")),
            _ => return Ok(Self::Other(Descriptor(value.into()))),
        };
        if fields.is_empty() { Ok(address) } else { Err(Malformed::Length("remote_addr")) }
    }

    fn write(&self, tx: &mut Vec<u8>) {
        let port = match self {
            Self::Ip(socket) => {
                match socket.ip() {
                    IpAddr::V4(ip) => {
                        tx.push(Self::IPV4);
                        tx.extend_from_slice(&ip.octets());
                    }
                    IpAddr::V6(ip) => {
                        tx.push(Self::IPV6);
                        tx.extend_from_slice(&ip.octets());
                    }
                }
                socket.port()
            }
            Self::Onion { service, port } => {
                tx.push(Self::ONION);
                tx.extend_from_slice(service);
                *port
            }
            Self::Dns { name, port } => {
                tx.push(Self::DNS);
                tx.push(name.0.len().try_into().expect("at most 255"));
                tx.extend_from_slice(&name.0);
                *port
            }
            Self::Other(descriptor) => return tx.extend_from_slice(&descriptor.0),
        };
        tx.extend_from_slice(&port.to_be_bytes());
    }
}

/// `1.2.3.4:9735`, `[::1]:9735`, `<56 letters>.onion:9735`, `example.org:9735`
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(socket) => socket.fmt(f),
            Self::Onion { service, port } => {
                let name = base32::encode(service);
                write!(f, "{name}.onion:{port}")
            }
            Self::Dns { name, port } => write!(f, "{}:{port}", Printable(&name.0)),
            Self::Other(Descriptor(bytes)) => match bytes.first() {
                Some(kind) => write!(f, "(address of type {kind})"),
                None => f.write_str("(no address)"),
            },
        }
    }
}

/// A host's name, of at most 255 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hostname(Box<[u8]>);

impl Hostname {
    /// The name of these bytes; `None` if there are more than 255.
    #[must_use]
    pub fn new(name: &[u8]) -> Option<Self> {
        (name.len() <= 255).then(|| Self(name.into()))
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// An address of an unknown type, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor(Box<[u8]>);

impl Descriptor {
    /// Bytes of the longest: the length of a message.
    const MAX_LEN: usize = MAX_MESSAGE_LEN;

    /// Its type, and its other bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;
    use alloc::vec::Vec;
    use core::net::SocketAddr;

    use proptest::array::{uniform, uniform32};
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::{Strategy, any, prop_oneof, proptest};

    use super::{Address, Descriptor, Hostname, Init, MAX_NETWORKS};
    use crate::chain::ChainHash;
    use crate::error::Malformed;
    use crate::feature::Features;

    proptest! {
        #[test]
        fn a_written_init_is_read_back(init in any_init()) {
            let mut bytes = Vec::new();
            init.write(&mut bytes);
            assert_eq!(Init::read(&bytes), Ok(init));
        }

        #[test]
        fn any_bytes_are_read_or_not(bytes in vec(any::<u8>(), 0..200)) {
            if let Ok(init) = Init::read(&bytes) {
                let mut written = Vec::new();
                init.write(&mut written);
                assert_eq!(Init::read(&written), Ok(init));
            }
        }
    }

    #[test]
    fn records_are_as_they_must_be_or_the_init_is_malformed() {
        let read = |records: &[u8]| Init::read(&[b"\0\0\0\0", records].concat());
        assert_eq!(read(b""), Ok(Init::default()));
        assert_eq!(read(b"\x05\x01x\xfd\x01\x01\x00"), Ok(Init::default()), "odd records are ignored");
        assert_eq!(read(b"\x02\x00"), Err(Malformed::UnknownRecord(2)));
        assert_eq!(read(b"\x03\x00\x01\x00"), Err(Malformed::EndsIn("remote_addr")));
        assert_eq!(read(b"\x05\x00\x01\x00"), Err(Malformed::OutOfOrder(1)));
        assert_eq!(read(b"\x01\x21123456789012345678901234567890123"), Err(Malformed::Length("list of networks")));
        assert_eq!(read(b"\x01\x02"), Err(Malformed::EndsIn("value of a record")));
        assert_eq!(read(b"\x03\x06\x01\x7f\0\0\x01\x26"), Err(Malformed::EndsIn("remote_addr")));
        assert_eq!(read(b"\x03\x08\x01\x7f\0\0\x01\x26\x07!"), Err(Malformed::Length("remote_addr")));
        let too_many = [b"\x01\xfe\0\x01\0\0".to_vec(), [7; 32 * (MAX_NETWORKS + 1)].to_vec()].concat();
        assert_eq!(read(&too_many), Err(Malformed::TooLong("list of networks")));
        let long = [b"\x03\xfd\x01\x04".to_vec(), [9; 260].to_vec()].concat();
        assert!(matches!(read(&long), Ok(Init { remote_addr: Some(Address::Other(_)), .. })));
    }

    #[test]
    fn no_more_networks_are_said_than_are_heard() {
        let init = Init { networks: [ChainHash([7; 32]); MAX_NETWORKS + 1].to_vec(), ..Init::default() };
        let mut bytes = Vec::new();
        init.write(&mut bytes);
        assert_eq!(Init::read(&bytes).unwrap().networks.len(), MAX_NETWORKS);
    }

    #[test]
    fn addresses_are_shown_as_they_are_written() {
        let socket: SocketAddr = "[2001:db8::1]:9735".parse().unwrap();
        assert_eq!(Address::Ip(socket).to_string(), "[2001:db8::1]:9735");
        let name = Hostname::new(b"example.org\x1b").unwrap();
        assert_eq!(Address::Dns { name, port: 9735 }.to_string(), "example.org\\x1b:9735");
        let service = core::array::from_fn(|i| u8::try_from(i).unwrap());
        let shown = Address::Onion { service, port: 1 }.to_string();
        assert_eq!(shown, "aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypsaijc.onion:1");
        assert_eq!(Hostname::new(&[b'a'; 256]), None);
    }

    fn any_init() -> impl Strategy<Value = Init> {
        let features = || vec(any::<u16>(), 0..10).prop_map(|bits| Features::of(&bits));
        let networks = vec(uniform32(any::<u8>()).prop_map(ChainHash), 0..=64);
        (features(), features(), networks, option::of(any_address())).prop_map(
            |(global_features, features, networks, remote_addr)| Init {
                global_features,
                features,
                networks,
                remote_addr,
            },
        )
    }

    fn any_address() -> impl Strategy<Value = Address> {
        prop_oneof![
            any::<SocketAddr>().prop_map(|socket| Address::Ip((socket.ip(), socket.port()).into())),
            (uniform::<_, 35>(any::<u8>()), any::<u16>()).prop_map(|(service, port)| Address::Onion { service, port }),
            (vec(any::<u8>(), 0..=255), any::<u16>())
                .prop_map(|(name, port)| Address::Dns { name: Hostname::new(&name).unwrap(), port }),
            (6..=255u8, vec(any::<u8>(), 0..300))
                .prop_map(|(kind, rest)| Address::Other(Descriptor([&[kind], &rest[..]].concat().into()))),
        ]
    }
}
