//! The keys of a connection: our own, and those that both sides derive. (BIP324: keys and session keys)
//!
//! ```text
//! secret ─▶ 64-byte ElligatorSwift encoding ──▶ ◀── the peer's
//!                                  │
//!                     ECDH ─▶ HKDF(magic) ─▶ lengths, contents: one key each for each direction
//!                                          ─▶ garbage terminators, session id
//! ```

use core::fmt;

use handshake::{Hex, Role};
use hkdf::Hkdf;
use secp256k1::ellswift::{ElligatorSwift, Party};
use secp256k1::{PublicKey, SecretKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::cipher::{Open, Seal};
use crate::chain::Magic;

/// Bytes of a public key on the wire.
pub const KEY_LEN: usize = 64;

/// Bytes of a garbage terminator.
pub const TERMINATOR_LEN: usize = 16;

/// A public key on the wire: 64 bytes that look random. Every 64 bytes encode some key.
pub type Encoding = [u8; KEY_LEN];

/// Our secret key, and the randomness that chooses one of the many encodings of its public key. Both must be fresh for
/// each connection. Erased when dropped.
pub struct Keys {
    secret: Secret,
    public: Public,
}

enum Public {
    /// Not encoded yet; the randomness for it.
    Auxiliary(Zeroizing<[u8; 32]>),
    Encoded(Encoding),
}

impl Keys {
    /// Keys from 32 random bytes and 32 more. `None` if the first are not a valid secret key: zero, or not below the
    /// order of the curve. The probability is 2^-128.
    #[must_use]
    pub fn new(secret: [u8; 32], auxiliary: [u8; 32]) -> Option<Self> {
        Self::with(secret, Public::Auxiliary(Zeroizing::new(auxiliary)))
    }

    /// Keys with a given encoding of the public key, as in test vectors. `None` if the secret is not a valid secret
    /// key, or the encoding does not match it.
    #[must_use]
    pub fn with_encoding(secret: [u8; 32], encoding: Encoding) -> Option<Self> {
        let keys = Self::with(secret, Public::Encoded(encoding))?;
        let [x, theirs] = [PublicKey::from_secret_key(&keys.secret.0), public_key(encoding)].map(x_of);
        (x == theirs).then_some(keys)
    }

    fn with(secret: [u8; 32], public: Public) -> Option<Self> {
        let secret = Zeroizing::new(secret);
        let secret = Secret(SecretKey::from_secret_bytes(*secret).ok()?);
        Some(Self { secret, public })
    }

    /// Encodes our public key now: one operation on the curve.
    #[must_use]
    pub fn encode(&self) -> KeyPair {
        let encoding = match self.public {
            Public::Encoded(encoding) => encoding,
            Public::Auxiliary(ref auxiliary) => self.encode_with(auxiliary.clone()),
        };
        KeyPair { secret: self.secret.clone(), encoding }
    }
}

/// A node that speaks only the v1 transport reads these bytes of a key as a message's length.
const LEN_IN_V1: core::ops::Range<usize> = 16..20;

/// The longest message that any such node waits for before it checks the magic: 32 MiB in btcd (wire/message.go
/// MaxMessagePayload). Descendants of older Core releases, such as Dogecoin, accept 4 000 000 bytes.
const MAX_LEN_IN_V1: u32 = 32 * 1024 * 1024;

impl Keys {
    /// The first encoding that such a node refuses at once. One of 128 is unsuitable: the node would wait in silence,
    /// and we would not dial again over v1.
    fn encode_with(&self, mut auxiliary: Zeroizing<[u8; 32]>) -> Encoding {
        loop {
            let encoding = ElligatorSwift::from_seckey(self.secret.0, Some(*auxiliary)).to_array();
            let len = encoding[LEN_IN_V1].first_chunk().map_or(0, |len| u32::from_le_bytes(*len));
            if len > MAX_LEN_IN_V1 {
                return encoding;
            }
            *auxiliary = Sha256::digest(*auxiliary).into();
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

/// Erased when dropped.
#[derive(Clone)]
struct Secret(SecretKey);

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.non_secure_erase();
    }
}

/// The x coordinate of an encoded key.
#[must_use]
pub fn decode(encoding: Encoding) -> [u8; 32] {
    x_of(public_key(encoding))
}

fn public_key(encoding: Encoding) -> PublicKey {
    PublicKey::from_ellswift(ElligatorSwift::from_array(encoding))
}

fn x_of(key: PublicKey) -> [u8; 32] {
    key.x_only_public_key().0.to_byte_array()
}

/// Our secret key and the encoding of its public key. Erased when dropped.
pub struct KeyPair {
    secret: Secret,
    encoding: Encoding,
}

impl KeyPair {
    /// Our public key on the wire.
    #[must_use]
    pub fn encoding(&self) -> &Encoding {
        &self.encoding
    }

    /// All derived keys and ids, from the view of our side: one operation on the curve.
    #[must_use]
    pub fn agree(&self, role: Role, theirs: &Encoding, magic: Magic) -> Session {
        self.share(role, theirs).derive(role, magic)
    }

    /// The shared secret, before the network's magic goes into it.
    #[must_use]
    pub fn share(&self, role: Role, theirs: &Encoding) -> Shared {
        let (initiator, responder, party) = match role {
            Role::Initiator => (&self.encoding, theirs, Party::Initiator),
            Role::Responder => (theirs, &self.encoding, Party::Responder),
        };
        let [initiator, responder] = [initiator, responder].map(|encoding| ElligatorSwift::from_array(*encoding));
        let mut shared = ElligatorSwift::shared_secret(initiator, responder, self.secret.0, party);
        let secret = Zeroizing::new(*shared.as_secret_bytes());
        shared.non_secure_erase();
        Shared(secret)
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPair")
    }
}

/// A secret that both sides share. Erased when dropped.
pub struct Shared(Zeroizing<[u8; 32]>);

impl Shared {
    /// All derived keys and ids on this network, from the view of our side.
    #[must_use]
    pub fn derive(&self, role: Role, magic: Magic) -> Session {
        let keys = self.expand(magic);
        let initiator = [keys.array(b"initiator_L"), keys.array(b"initiator_P")];
        let responder = [keys.array(b"responder_L"), keys.array(b"responder_P")];
        let terminators = Terminators::of(&keys);
        let (ours, theirs, [our_terminator, their_terminator]) = match role {
            Role::Initiator => (initiator, responder, [terminators.initiator, terminators.responder]),
            Role::Responder => (responder, initiator, [terminators.responder, terminators.initiator]),
        };
        Session {
            id: SessionId(*keys.array(b"session_id")),
            our_terminator,
            their_terminator,
            seal: Seal::new(&ours[0], &ours[1]),
            open: Open::new(&theirs[0], &theirs[1]),
        }
    }

    /// The garbage terminator of the peer of a side in this role, if both were on this network.
    #[must_use]
    pub fn their_terminator(&self, role: Role, magic: Magic) -> [u8; TERMINATOR_LEN] {
        let terminators = Terminators::of(&self.expand(magic));
        match role {
            Role::Initiator => terminators.responder,
            Role::Responder => terminators.initiator,
        }
    }

    fn expand(&self, magic: Magic) -> Expanded {
        let mut salt = *b"bitcoin_v2_shared_secret....";
        salt[24..].copy_from_slice(&magic.0);
        Expanded(Hkdf::new(Some(&salt), &*self.0))
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

struct Expanded(Hkdf<Sha256>);

impl Expanded {
    fn array(&self, info: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        self.0.expand(info, &mut *key).expect("HKDF gives up to 8160 bytes");
        key
    }
}

struct Terminators {
    initiator: [u8; TERMINATOR_LEN],
    responder: [u8; TERMINATOR_LEN],
}

impl Terminators {
    fn of(keys: &Expanded) -> Self {
        let both = keys.array(b"garbage_terminators");
        let (initiator, responder) = both.split_at(TERMINATOR_LEN);
        let half = |bytes: &[u8]| bytes.try_into().expect("half of 32 bytes");
        Self { initiator: half(initiator), responder: half(responder) }
    }
}

/// All keys and ids that both sides derive, from the view of one side.
#[derive(Debug)]
pub struct Session {
    /// The session id, the same on both sides.
    pub id: SessionId,
    /// Ends our garbage.
    pub our_terminator: [u8; TERMINATOR_LEN],
    /// Ends the peer's garbage.
    pub their_terminator: [u8; TERMINATOR_LEN],
    /// Makes packets for the peer.
    pub seal: Seal,
    /// Opens the peer's packets.
    pub open: Open,
}

/// The session id, the same on both sides: if two users compare it, they detect a man in the middle.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub [u8; 32]);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use secp256k1::ellswift::ElligatorSwift;

    use super::{Keys, LEN_IN_V1, MAX_LEN_IN_V1, decode};

    /// The order of the curve: the smallest number that is too large for a secret key.
    const ORDER: [u8; 32] = hex_literal::hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");

    #[test]
    fn a_secret_key_is_neither_zero_nor_too_large() {
        let mut largest = ORDER;
        largest[31] -= 1;
        assert!(Keys::new([0; 32], [1; 32]).is_none());
        assert!(Keys::new(ORDER, [1; 32]).is_none());
        assert!(Keys::new([0xff; 32], [1; 32]).is_none());
        assert!(Keys::new(largest, [1; 32]).is_some());
    }

    #[test]
    fn an_encoding_belongs_to_its_secret_key() {
        let encoding = *Keys::new([1; 32], [2; 32]).unwrap().encode().encoding();
        assert_eq!(Keys::with_encoding([1; 32], encoding).unwrap().encode().encoding(), &encoding);
        assert!(Keys::with_encoding([2; 32], encoding).is_none());
        assert_ne!(Keys::new([1; 32], [3; 32]).unwrap().encode().encoding(), &encoding);
    }

    #[test]
    fn no_encoding_is_the_start_of_a_message_that_a_v1_node_would_wait_for() {
        let len = |encoding: [u8; 64]| u32::from_le_bytes(*encoding[LEN_IN_V1].first_chunk().unwrap());
        let short = (0..=u8::MAX).map(|byte| [byte; 32]).find_map(|auxiliary| {
            let first =
                ElligatorSwift::from_seckey(Keys::new([1; 32], auxiliary)?.secret.0, Some(auxiliary)).to_array();
            (len(first) <= MAX_LEN_IN_V1).then_some((auxiliary, first))
        });
        let (auxiliary, first) = short.expect("one of 128 is");
        let keys = Keys::new([1; 32], auxiliary).unwrap();
        let encoding = *keys.encode().encoding();
        assert!(len(encoding) > MAX_LEN_IN_V1);
        assert_eq!(decode(encoding), decode(first), "another encoding of the same key");
        assert_eq!(*keys.encode().encoding(), encoding, "the same one each time");
    }

    #[test]
    fn secrets_print_nothing() {
        let keys = Keys::new([1; 32], [2; 32]).unwrap();
        assert_eq!(format!("{keys:?}"), "Keys");
        assert_eq!(format!("{:?}", keys.encode()), "KeyPair");
    }
}
