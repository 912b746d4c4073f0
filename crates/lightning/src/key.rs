//! Node ids, and their secret keys.

use alloc::sync::Arc;
use core::fmt;
use core::str::FromStr;

use handshake::{Hex, read_hex};
use noise::Key;
use secp256k1::ecdh::SharedSecret;
use zeroize::Zeroizing;

/// A public key: a node's id, or a key for one connection. A point of secp256k1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(secp256k1::PublicKey);

impl NodeId {
    /// Bytes of its compressed form.
    pub const LEN: usize = 33;

    /// The point with this compressed form.
    ///
    /// # Errors
    /// If there is no such point on the curve, or the form is invalid.
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Result<Self, NotAPoint> {
        secp256k1::PublicKey::from_slice(bytes).map(Self).map_err(|_| NotAPoint)
    }

    /// Its compressed form.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::LEN] {
        self.0.serialize()
    }
}

/// 66 hexadecimal digits.
impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.to_bytes()).fmt(f)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({self})")
    }
}

/// From 66 hexadecimal digits.
impl FromStr for NodeId {
    type Err = NotAPoint;

    fn from_str(digits: &str) -> Result<Self, NotAPoint> {
        Self::from_bytes(&read_hex(digits.as_bytes()).ok_or(NotAPoint)?)
    }
}

/// Bytes that are not a compressed point of the curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no public key: 33 bytes (66 hexadecimal digits) that are a compressed point of secp256k1")]
pub struct NotAPoint;

/// A secret key of ours, with its public key; only the latter is printed. Clones share one place in memory, which is
/// erased with the last of them.
#[derive(Clone)]
pub struct SecretKey {
    secret: Arc<Secret>,
    node_id: NodeId,
}

struct Secret(secp256k1::SecretKey);

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.non_secure_erase();
    }
}

impl SecretKey {
    /// The key of these 32 random bytes; `None` if they are 0 or not below the order of the curve. The probability is
    /// 2^-128.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Option<Self> {
        let bytes = Zeroizing::new(bytes);
        let mut key = secp256k1::SecretKey::from_secret_bytes(*bytes).ok()?;
        let secret = Arc::new(Secret(key));
        key.non_secure_erase();
        let node_id = NodeId(secret.0.public_key());
        Some(Self { secret, node_id })
    }

    /// Its public key.
    #[must_use]
    pub fn node_id(&self) -> NodeId {
        self.node_id
    }

    /// SHA256 of the common point, compressed. (BOLT 8: `ECDH`)
    pub(crate) fn ecdh(&self, theirs: NodeId) -> Key {
        let mut shared = SharedSecret::new(&theirs.0, &self.secret.0);
        let key = Key::new(shared.to_secret_bytes());
        shared.non_secure_erase();
        key
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(.., {})", self.node_id)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString as _;

    use super::{NodeId, NotAPoint, SecretKey};

    const OURS: &str = "034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa";

    #[test]
    fn a_secret_key_shows_its_public_one_alone() {
        let key = SecretKey::new([0x11; 32]).unwrap();
        assert_eq!(key.node_id().to_string(), OURS);
        assert_eq!(format!("{key:?}"), format!("SecretKey(.., {OURS})"));
    }

    #[test]
    fn zero_and_what_is_over_the_order_are_no_keys() {
        assert!(SecretKey::new([0; 32]).is_none());
        assert!(SecretKey::new([0xff; 32]).is_none());
    }

    #[test]
    fn only_a_compressed_point_is_a_node_id() {
        assert_eq!(OURS.parse::<NodeId>().unwrap().to_string(), OURS);
        assert_eq!(OURS.to_uppercase().parse::<NodeId>().unwrap().to_string(), OURS);
        // No point has this x.
        let no_point = "020000000000000000000000000000000000000000000000000000000000000005";
        let other_form = OURS.replacen("03", "04", 1);
        for wrong in ["", "03", &OURS[..64], &other_form, &OURS.replacen('a', "g", 1), no_point, &"+f".repeat(33)] {
            assert_eq!(wrong.parse::<NodeId>(), Err(NotAPoint), "{wrong}");
        }
    }
}
