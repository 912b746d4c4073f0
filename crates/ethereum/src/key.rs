//! Keys on the curve secp256k1: a node's secret key, and public keys, which identify nodes.

use alloc::sync::Arc;
use core::fmt;

use handshake::Hex;
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId, Signature};
use secp256k1::{Message, ecdh};
use zeroize::Zeroizing;

/// A secret key: a node's own, or one for a single connection. Clones share one place in memory, which is erased with
/// the last of them.
#[derive(Clone)]
pub struct SecretKey(Arc<Secret>);

struct Secret(secp256k1::SecretKey);

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.non_secure_erase();
    }
}

impl SecretKey {
    /// The key of these bytes; `None` if they are 0 or not less than the order of the curve. The probability is 2 in
    /// 2^128.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Option<Self> {
        let bytes = Zeroizing::new(bytes);
        let mut key = secp256k1::SecretKey::from_secret_bytes(*bytes).ok()?;
        let shared = Arc::new(Secret(key));
        key.non_secure_erase();
        Some(Self(shared))
    }

    /// Its public key. Computed anew by each call.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.0.public_key())
    }

    /// The shared secret: the x coordinate of the common point, unhashed.
    #[must_use]
    pub fn shared_x(&self, theirs: &PublicKey) -> Zeroizing<[u8; 32]> {
        let point = Zeroizing::new(ecdh::shared_secret_point(&theirs.0, &self.0.0));
        Zeroizing::new(*point.first_chunk().expect("the first 32 of 64 bytes"))
    }

    /// Signs a digest so that the public key can be recovered: r, s, and the number of the candidate.
    #[must_use]
    pub fn sign(&self, digest: [u8; 32]) -> [u8; 65] {
        let signature = RecoverableSignature::sign_ecdsa_recoverable(Message::from_digest(digest), &self.0.0);
        let (recovery_id, r_and_s) = signature.serialize_compact();
        let mut bytes = [recovery_id.to_u8(); 65];
        bytes[..64].copy_from_slice(&r_and_s);
        bytes
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// A public key: always a point on the curve. A node's static key is its id.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(secp256k1::PublicKey);

impl PublicKey {
    /// The key with these coordinates, x and then y.
    ///
    /// # Errors
    /// If they are not a point on the curve.
    pub fn from_bytes(bytes: &[u8; 64]) -> Result<Self, NotAPoint> {
        let mut uncompressed = [UNCOMPRESSED; 65];
        uncompressed[1..].copy_from_slice(bytes);
        secp256k1::PublicKey::from_byte_array_uncompressed(uncompressed).map(Self).map_err(|_| NotAPoint)
    }

    /// The key with this x coordinate; the first byte (2 or 3) selects one of two y coordinates.
    ///
    /// # Errors
    /// If there is no such point on the curve, or the first byte is invalid.
    pub fn from_compressed(bytes: [u8; 33]) -> Result<Self, NotAPoint> {
        secp256k1::PublicKey::from_byte_array_compressed(bytes).map(Self).map_err(|_| NotAPoint)
    }

    /// The coordinates, x and then y.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 64] {
        *self.0.serialize_uncompressed().last_chunk().expect("the last 64 of 65 bytes")
    }

    /// The x coordinate after a byte that selects one of two y coordinates.
    #[must_use]
    pub fn to_compressed(&self) -> [u8; 33] {
        self.0.serialize()
    }

    /// The key that made this signature of a digest; `None` if the signature is invalid.
    #[must_use]
    pub fn recover(signature: &[u8; 65], digest: [u8; 32]) -> Option<Self> {
        let [r_and_s @ .., recovery_id] = signature;
        let recovery_id = RecoveryId::try_from(i32::from(*recovery_id)).ok()?;
        let signature = RecoverableSignature::from_compact(r_and_s, recovery_id).ok()?;
        signature.recover(Message::from_digest(digest)).ok().map(Self)
    }

    /// Whether this key made this signature (r, s) of a digest.
    #[must_use]
    pub fn verifies(&self, signature: &[u8; 64], digest: [u8; 32]) -> bool {
        let signature = Signature::from_compact(signature);
        signature.is_ok_and(|signature| signature.verify(Message::from_digest(digest), &self.0).is_ok())
    }
}

/// Bytes that are not a point on the curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no public key: not a point of secp256k1")]
pub struct NotAPoint;

/// The prefix of two coordinates. (SEC 1, 2.3.3)
pub(crate) const UNCOMPRESSED: u8 = 4;

/// 128 hex digits, as in an [`Enode`](crate::Enode).
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.to_bytes()).fmt(f)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::{NotAPoint, PublicKey, SecretKey};

    #[test]
    fn a_secret_key_does_not_show() {
        assert_eq!(format!("{:?}", SecretKey::new([0x42; 32]).unwrap()), "SecretKey(..)");
    }

    #[test]
    fn numbers_off_the_curve_are_no_keys() {
        assert!(SecretKey::new([0; 32]).is_none());
        assert!(SecretKey::new([0xff; 32]).is_none());
        assert_eq!(PublicKey::from_bytes(&[0; 64]), Err(NotAPoint));
        let mut bytes = SecretKey::new([0x42; 32]).unwrap().public().to_bytes();
        assert!(PublicKey::from_bytes(&bytes).is_ok());
        bytes[63] ^= 1;
        assert_eq!(PublicKey::from_bytes(&bytes), Err(NotAPoint));
    }

    #[test]
    fn the_signer_is_recovered() {
        let key = SecretKey::new([0x42; 32]).unwrap();
        let mut signature = key.sign([7; 32]);
        assert_eq!(PublicKey::recover(&signature, [7; 32]), Some(key.public()));
        assert_ne!(PublicKey::recover(&signature, [8; 32]), Some(key.public()));
        signature[64] = 4;
        assert_eq!(PublicKey::recover(&signature, [7; 32]), None);
    }
}
