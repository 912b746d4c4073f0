//! A node's identity: a signing key of one of four kinds. (`peer-ids/peer-ids.md`)
//!
//! ```text
//! 1 kind | 2 key          protobuf; the key as its kind has it: 32 bytes, a compressed point, or DER
//! ```

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use ed25519_dalek::Signer as _;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::pkcs8::DecodePublicKey as _;
use rsa::Pkcs1v15Sign;
use rsa::pkcs8::DecodePublicKey as _;
use rsa::traits::PublicKeyParts as _;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::error::{Error, Malformed};
use crate::peer_id::PeerId;
use crate::protobuf::{Fields, set, write_bytes, write_number};

/// Bits of an RSA key, at least: shorter ones can be forged, and are not in use. (`peer-ids.md` of go-libp2p: 2048)
const MIN_RSA_BITS: usize = 2048;

/// The name of a key's message in errors.
const MESSAGE: &str = "identity";

/// The kind of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// RSA of 2048 to 4096 bits, with PKCS #1 v1.5 and SHA256.
    Rsa,
    /// Ed25519.
    Ed25519,
    /// ECDSA over secp256k1, with SHA256.
    Secp256k1,
    /// ECDSA over P-256, with SHA256.
    Ecdsa,
}

impl KeyType {
    /// Its name: `Ed25519`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rsa => "RSA",
            Self::Ed25519 => "Ed25519",
            Self::Secp256k1 => "secp256k1",
            Self::Ecdsa => "ECDSA",
        }
    }

    const fn number(self) -> u64 {
        match self {
            Self::Rsa => 0,
            Self::Ed25519 => 1,
            Self::Secp256k1 => 2,
            Self::Ecdsa => 3,
        }
    }

    fn of_number(number: u64) -> Option<Self> {
        [Self::Rsa, Self::Ed25519, Self::Secp256k1, Self::Ecdsa].into_iter().find(|kind| kind.number() == number)
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A node's identity.
#[derive(Clone)]
pub struct PublicKey {
    key: Key,
    /// The encoded key, as it is hashed and sent.
    encoded: Box<[u8]>,
}

#[derive(Clone)]
enum Key {
    Rsa(Box<rsa::RsaPublicKey>),
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
    Secp256k1(secp256k1::PublicKey),
    Ecdsa(p256::ecdsa::VerifyingKey),
}

impl PublicKey {
    /// The key with this encoding.
    ///
    /// # Errors
    /// If it is not in its canonical form (otherwise one key would have many peer ids), or is not a key.
    pub fn read(encoded: &[u8]) -> Result<Self, Error> {
        let (number, key) = fields(encoded).map_err(|what| Error::Malformed { message: MESSAGE, what })?;
        let kind = KeyType::of_number(number).ok_or(Error::KeyType(number))?;
        let not_canonical = Error::Malformed { message: MESSAGE, what: Malformed::NotCanonical("key") };
        if write(kind, key) != encoded {
            return Err(not_canonical);
        }
        let read = Key::read(kind, key).ok_or(Error::Key(kind))?;
        if !read.is_written_as(key) {
            return Err(not_canonical);
        }
        Ok(Self { key: read, encoded: encoded.into() })
    }

    /// The key of secp256k1 with this compressed form.
    ///
    /// # Errors
    /// If it is not a point of the curve.
    pub fn secp256k1(point: &[u8; 33]) -> Result<Self, Error> {
        Self::read(&write(KeyType::Secp256k1, point))
    }

    /// Its encoding.
    #[must_use]
    pub fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> KeyType {
        match self.key {
            Key::Rsa(_) => KeyType::Rsa,
            Key::Ed25519(_) => KeyType::Ed25519,
            Key::Secp256k1(_) => KeyType::Secp256k1,
            Key::Ecdsa(_) => KeyType::Ecdsa,
        }
    }

    /// Its peer id.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        PeerId::of_key(&self.encoded)
    }

    /// Checks a signature.
    ///
    /// # Errors
    /// If this key did not make it for this message.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        if self.key.has_signed(message, signature) { Ok(()) } else { Err(Error::Signature(self.kind())) }
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.encoded == other.encoded
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.kind(), self.peer_id())
    }
}

fn fields(encoded: &[u8]) -> Result<(u64, &[u8]), Malformed> {
    let (mut kind, mut key) = (None, None);
    let mut fields = Fields::new(encoded);
    while let Some((field, value)) = fields.field()? {
        match field {
            1 => set(&mut kind, value.number("kind")?, "kind")?,
            2 => set(&mut key, value.bytes("key")?, "key")?,
            _ => return Err(Malformed::NotCanonical("key")),
        }
    }
    Ok((kind.ok_or(Malformed::Missing("kind"))?, key.ok_or(Malformed::Missing("key"))?))
}

fn write(kind: KeyType, key: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(key.len() + 5);
    write_number(1, kind.number(), &mut encoded);
    write_bytes(2, key, &mut encoded);
    encoded
}

impl Key {
    fn read(kind: KeyType, bytes: &[u8]) -> Option<Self> {
        Some(match kind {
            KeyType::Rsa => {
                let key = rsa::RsaPublicKey::from_public_key_der(bytes).ok()?;
                Self::Rsa((key.n().bits() >= MIN_RSA_BITS).then(|| Box::new(key))?)
            }
            KeyType::Ed25519 => {
                let key = ed25519_dalek::VerifyingKey::from_bytes(bytes.try_into().ok()?).ok()?;
                // For a key of small order, any peer could sign.
                Self::Ed25519((!key.is_weak()).then(|| Box::new(key))?)
            }
            KeyType::Secp256k1 => {
                let point: &[u8; 33] = bytes.try_into().ok()?;
                Self::Secp256k1(secp256k1::PublicKey::from_slice(point).ok()?)
            }
            KeyType::Ecdsa => Self::Ecdsa(p256::ecdsa::VerifyingKey::from_public_key_der(bytes).ok()?),
        })
    }

    /// Whether these bytes are the only encoding of the key.
    fn is_written_as(&self, bytes: &[u8]) -> bool {
        match self {
            // Other forms of a point are shorter. The DER before it has only one form, as RSA's has.
            Self::Ecdsa(key) => bytes.ends_with(key.to_sec1_point(false).as_bytes()),
            Self::Rsa(_) | Self::Ed25519(_) | Self::Secp256k1(_) => true,
        }
    }

    fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        /// The prefix of a SHA256 hash in PKCS #1 v1.5. (RFC 8017, 9.2, note 1)
        const SHA256: [u8; 19] = *b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
        let hash = || <[u8; 32]>::from(Sha256::digest(message));
        match self {
            Self::Rsa(key) => {
                let scheme = Pkcs1v15Sign { hash_len: Some(32), prefix: SHA256.into() };
                key.verify(scheme, &hash(), signature).is_ok()
            }
            Self::Ed25519(key) => {
                let signature = ed25519_dalek::Signature::from_slice(signature);
                signature.is_ok_and(|signature| key.verify_strict(message, &signature).is_ok())
            }
            Self::Secp256k1(key) => secp256k1::ecdsa::Signature::from_der(signature).is_ok_and(|mut signature| {
                // Both forms of a signature are in use.
                signature.normalize_s();
                signature.verify(secp256k1::Message::from_digest(hash()), key).is_ok()
            }),
            Self::Ecdsa(key) => {
                let signature = p256::ecdsa::Signature::from_der(signature);
                signature.is_ok_and(|signature| key.verify_prehash(&hash(), &signature).is_ok())
            }
        }
    }
}

/// Our own identity, an Ed25519 key. Only its peer id is printed. Clones share one place in memory, which is erased
/// with the last of them.
#[derive(Clone)]
pub struct Identity {
    secret: Arc<ed25519_dalek::SigningKey>,
    public: PublicKey,
}

impl Identity {
    /// The identity of these 32 random bytes; all values are valid.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        let seed = Zeroizing::new(seed);
        let secret = Arc::new(ed25519_dalek::SigningKey::from_bytes(&seed));
        let key = secret.verifying_key();
        let encoded = write(KeyType::Ed25519, key.as_bytes()).into();
        Self { secret, public: PublicKey { key: Key::Ed25519(Box::new(key)), encoded } }
    }

    /// Its public key.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Its peer id.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        self.public.peer_id()
    }

    /// Signs a message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.secret.sign(message).to_bytes()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity(.., {})", self.peer_id())
    }
}
