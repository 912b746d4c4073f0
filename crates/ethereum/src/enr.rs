//! Ethereum Node Records: a node's signed description of itself, as one line of text. (`enr.md`, EIP-778)
//!
//! ```text
//! enr: | base64url of [signature, seq, key, value, key, value, ...]      keys ascend
//! ```

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use sha3::{Digest, Keccak256};

use crate::error::Malformed;
use crate::fork_id::ForkId;
use crate::key::PublicKey;
use crate::rlp::{Item, Items, write_list};

/// The longest record, in bytes.
pub const MAX_LEN: usize = 300;

/// A node's description of itself. Its signature is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enr {
    /// The node's static key.
    pub id: PublicKey,
    /// Increased whenever the record changes.
    pub seq: u64,
    /// Its IPv4 address.
    pub ip: Option<Ipv4Addr>,
    /// Its TCP port, for RLPx or libp2p: see [`Enr::speaks_libp2p`].
    pub tcp: Option<u16>,
    /// Its UDP port, for discovery.
    pub udp: Option<u16>,
    /// Its IPv6 address.
    pub ip6: Option<Ipv6Addr>,
    /// Its TCP port for IPv6, if it differs.
    pub tcp6: Option<u16>,
    /// Its UDP port for IPv6, if it differs.
    pub udp6: Option<u16>,
    /// The rules of its chain, if it supports `eth`. (`enr-entry/eth.md`)
    pub fork_id: Option<ForkId>,
    /// Whether it is a node of the consensus layer, whose records have `eth2`. (consensus-specs, phase0/p2p-interface.md)
    pub is_consensus: bool,
}

/// Why a text is not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAnEnr {
    /// It has another start.
    #[error("it does not start with enr:")]
    Prefix,
    /// It is not base64url without padding.
    #[error("it is not base64url")]
    Base64,
    /// It is too long.
    #[error("it has more than {MAX_LEN} bytes")]
    TooLong,
    /// It cannot be read.
    #[error("it is malformed: {0}")]
    Malformed(#[from] Malformed),
    /// Its keys are not in order, or one occurs twice.
    #[error("its keys are not in ascending order")]
    Order,
    /// Its identity scheme is not `v4`.
    #[error("its identity scheme is not v4")]
    Scheme,
    /// It has no valid public key.
    #[error("it has no public key")]
    Key,
    /// Its signature does not match its key.
    #[error("its signature is wrong")]
    Signature,
}

impl FromStr for Enr {
    type Err = NotAnEnr;

    fn from_str(text: &str) -> Result<Self, NotAnEnr> {
        let digits = text.strip_prefix("enr:").ok_or(NotAnEnr::Prefix)?;
        // Four digits are three bytes.
        if digits.len() > MAX_LEN.div_ceil(3) * 4 {
            return Err(NotAnEnr::TooLong);
        }
        Self::read(&BASE64URL_NOPAD.decode(digits.as_bytes()).map_err(|_| NotAnEnr::Base64)?)
    }
}

impl Enr {
    /// Reads a record and verifies its signature.
    ///
    /// # Errors
    /// If it is too long, malformed, of an unknown scheme, or not signed by its key.
    pub fn read(record: &[u8]) -> Result<Self, NotAnEnr> {
        if record.len() > MAX_LEN {
            return Err(NotAnEnr::TooLong);
        }
        let mut items = Items::of(record, "record")?;
        let signature = items.array("signature")?;
        let signed = items.rest();
        let seq = items.uint("seq")?;
        let pairs = Pairs::read(items)?;

        if pairs.bytes("id")? != Some(b"v4") {
            return Err(NotAnEnr::Scheme);
        }
        let id = pairs.array("secp256k1")?.ok_or(NotAnEnr::Key)?;
        let id = PublicKey::from_compressed(id).map_err(|_| NotAnEnr::Key)?;
        let mut content = Vec::with_capacity(MAX_LEN);
        write_list(&mut content, |tx| tx.extend_from_slice(signed));
        if !id.verifies(&signature, Keccak256::digest(&content).into()) {
            return Err(NotAnEnr::Signature);
        }
        Ok(Self {
            id,
            seq,
            ip: pairs.array::<4>("ip")?.map(Ipv4Addr::from),
            tcp: pairs.port("tcp")?,
            udp: pairs.port("udp")?,
            ip6: pairs.array::<16>("ip6")?.map(Ipv6Addr::from),
            tcp6: pairs.port("tcp6")?,
            udp6: pairs.port("udp6")?,
            fork_id: pairs.fork_id()?,
            is_consensus: pairs.item("eth2").is_some(),
        })
    }

    /// Whether its TCP port speaks libp2p and not RLPx: the node is on the consensus layer, and its record has no
    /// `eth`.
    #[must_use]
    pub fn speaks_libp2p(&self) -> bool {
        self.is_consensus && self.fork_id.is_none()
    }

    /// The addresses on which it listens over TCP: none, one, or two.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        let v4 = self.ip.zip(self.tcp).map(|(ip, port)| SocketAddr::new(IpAddr::V4(ip), port));
        let v6 = self.ip6.zip(self.tcp6.or(self.tcp)).map(|(ip, port)| SocketAddr::new(IpAddr::V6(ip), port));
        v4.into_iter().chain(v6)
    }

    /// The node's address in discovery: the hash of its key.
    #[must_use]
    pub fn node_address(&self) -> [u8; 32] {
        Keccak256::digest(self.id.to_bytes()).into()
    }
}

/// The key/value pairs of a record, at most about a hundred.
struct Pairs<'p>(Vec<(&'p [u8], Item<'p>)>);

impl<'p> Pairs<'p> {
    fn read(mut items: Items<'p>) -> Result<Self, NotAnEnr> {
        let mut pairs: Vec<(&[u8], Item<'_>)> = Vec::new();
        while !items.is_empty() {
            let key = items.bytes("key")?;
            if pairs.last().is_some_and(|(before, _)| *before >= key) {
                return Err(NotAnEnr::Order);
            }
            pairs.push((key, items.item("value")?));
        }
        Ok(Self(pairs))
    }

    fn item(&self, key: &str) -> Option<Item<'p>> {
        self.0.iter().find(|(name, _)| *name == key.as_bytes()).map(|(_, item)| *item)
    }

    fn bytes(&self, key: &'static str) -> Result<Option<&'p [u8]>, Malformed> {
        match self.item(key) {
            None => Ok(None),
            Some(Item::Bytes(bytes)) => Ok(Some(bytes)),
            Some(Item::List(_)) => Err(Malformed::Kind(key)),
        }
    }

    fn array<const N: usize>(&self, key: &'static str) -> Result<Option<[u8; N]>, Malformed> {
        self.bytes(key)?.map(|bytes| bytes.try_into().map_err(|_| Malformed::Length(key))).transpose()
    }

    /// A port: a number in its shortest form.
    fn port(&self, key: &'static str) -> Result<Option<u16>, Malformed> {
        Ok(match self.bytes(key)? {
            None | Some([]) => None,
            Some([0, ..]) => return Err(Malformed::NotCanonical(key)),
            Some(&[low]) => Some(low.into()),
            Some(&[high, low]) => Some(u16::from_be_bytes([high, low])),
            Some(_) => return Err(Malformed::Length(key)),
        })
    }

    /// The value of `eth` is a list whose first item is the fork id.
    fn fork_id(&self) -> Result<Option<ForkId>, Malformed> {
        match self.item("eth") {
            None => Ok(None),
            Some(Item::List(mut items)) => ForkId::read(&mut items).map(Some),
            Some(Item::Bytes(_)) => Err(Malformed::Kind("eth")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Enr, NotAnEnr};

    #[test]
    fn base64_has_one_form_for_all_bytes() {
        for text in ["Zh", "Zm9", "Z", "Zg==", "Zm+v", "Zm 8", "é"] {
            assert_eq!(["enr:", text].concat().parse::<Enr>(), Err(NotAnEnr::Base64), "{text}");
        }
        for text in ["", "Zg", "Zm8", "Zm9vYmFy", "-_-_"] {
            let why = ["enr:", text].concat().parse::<Enr>().expect_err("no list");
            assert!(matches!(why, NotAnEnr::Malformed(_)), "{text}: {why}");
        }
    }
}
