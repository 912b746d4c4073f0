//! Peer ids: the names of nodes, derived from their keys. (`peer-ids/peer-ids.md`)
//!
//! ```text
//! 00 length key | 12 20 SHA256(key)          a multihash: a key of at most 42 bytes names itself
//! 12D3KooW…, 16Uiu2…, Qm…                    in base58
//! bafz…                                      as a CID in base32, which says the same
//! ```

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use data_encoding::BASE32_NOPAD;
use sha2::{Digest as _, Sha256};

/// Bytes of an encoded key that is used as its own multihash, at most.
const MAX_INLINE_LEN: usize = 42;

const IDENTITY: u8 = 0x00;
const SHA256: u8 = 0x12;

/// The prefix of the multihash in a CID: its version, and the codec `libp2p-key`.
const CID: [u8; 2] = [0x01, 0x72];

/// The name of a node.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(Box<[u8]>);

impl PeerId {
    /// The peer id of an encoded key.
    #[must_use]
    pub fn of_key(encoded: &[u8]) -> Self {
        match u8::try_from(encoded.len()) {
            Ok(len) if encoded.len() <= MAX_INLINE_LEN => Self([&[IDENTITY, len], encoded].concat().into()),
            _ => Self([&[SHA256, 32], &Sha256::digest(encoded)[..]].concat().into()),
        }
    }

    /// The peer id with these bytes.
    ///
    /// # Errors
    /// If they are not a multihash of one of the two kinds.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotAPeerId> {
        match bytes {
            [SHA256, 32, hash @ ..] if hash.len() == 32 => Ok(Self(bytes.into())),
            [IDENTITY, len, key @ ..] if usize::from(*len) == key.len() && key.len() <= MAX_INLINE_LEN => {
                Ok(Self(bytes.into()))
            }
            _ => Err(NotAPeerId),
        }
    }

    /// Its bytes: 34, or at most 44.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// In base58.
impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&bs58::encode(&self.0).into_string())
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerId({self})")
    }
}

/// From base58, or from a CID in base32.
impl FromStr for PeerId {
    type Err = NotAPeerId;

    fn from_str(text: &str) -> Result<Self, NotAPeerId> {
        /// Characters of the longest: a CID of 44 bytes. Decoding base58 takes quadratic time.
        const MAX_TEXT_LEN: usize = 80;
        if text.len() > MAX_TEXT_LEN {
            return Err(NotAPeerId);
        }
        match text.strip_prefix('b') {
            Some(base32) => {
                let upper: String = base32.to_ascii_uppercase();
                let cid = BASE32_NOPAD.decode(upper.as_bytes()).map_err(|_| NotAPeerId)?;
                Self::from_bytes(cid.strip_prefix(&CID).ok_or(NotAPeerId)?)
            }
            None => Self::from_bytes(&bs58::decode(text).into_vec().map_err(|_| NotAPeerId)?),
        }
    }
}

/// A text or bytes that are not a peer id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no peer id: it starts with 12D3KooW, 16Uiu2 or Qm, or as a CID with baf")]
pub struct NotAPeerId;

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use proptest::collection::vec;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{NotAPeerId, PeerId};

    #[test]
    fn only_a_multihash_of_one_of_the_two_kinds_is_a_peer_id() {
        for bytes in
            [&b""[..], b"\x12\x20short", b"\x00\x03ab", b"\x13\x00", b"\x12\x1f0123456789012345678901234567890"]
        {
            assert_eq!(PeerId::from_bytes(bytes), Err(NotAPeerId), "{bytes:?}");
        }
        let long = [&[0, 43][..], &[7; 43]].concat();
        assert_eq!(PeerId::from_bytes(&long), Err(NotAPeerId));
        let whole = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N";
        assert!(whole.parse::<PeerId>().is_ok());
        let cut = &whole[..whole.len() - 1];
        for text in ["", "0OIl", "b", "bafz", "12D3KooW", &"1".repeat(1000), cut] {
            assert_eq!(text.parse::<PeerId>(), Err(NotAPeerId), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_shown_peer_id_is_read_back(key in vec(any::<u8>(), 0..100)) {
            let id = PeerId::of_key(&key);
            prop_assert_eq!(id.to_string().parse(), Ok(id.clone()));
            prop_assert_eq!(PeerId::from_bytes(id.as_bytes()), Ok(id));
        }
    }
}
