//! The keys of Noise: X25519, fresh for each connection. (RFC 7748; `noise/README.md`)

use alloc::sync::Arc;
use core::fmt;

use handshake::Hex;
use x25519_dalek::{SharedSecret, StaticSecret};

/// Bytes of a public key.
pub const PUBLIC_LEN: usize = 32;

/// A secret key of ours, with its public key; only the latter is printed. Clones share one place in memory, which is
/// erased with the last of them.
#[derive(Clone)]
pub struct SecretKey {
    secret: Arc<StaticSecret>,
    public: [u8; PUBLIC_LEN],
}

impl SecretKey {
    /// The key of these 32 random bytes; all values are valid.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        let secret = Arc::new(StaticSecret::from(bytes));
        let public = x25519_dalek::PublicKey::from(&*secret).to_bytes();
        Self { secret, public }
    }

    /// Its public key.
    #[must_use]
    pub fn public(&self) -> &[u8; PUBLIC_LEN] {
        &self.public
    }

    /// The shared secret; `None` if it is zero for every key of ours.
    pub(crate) fn dh(&self, theirs: [u8; PUBLIC_LEN]) -> Option<SharedSecret> {
        let shared = self.secret.diffie_hellman(&theirs.into());
        shared.was_contributory().then_some(shared)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(.., {})", Hex(&self.public))
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::SecretKey;

    #[test]
    fn a_secret_key_shows_its_public_one_alone() {
        let shown = format!("{:?}", SecretKey::new([0x22; 32]));
        assert_eq!(shown, "SecretKey(.., 0faa684ed28867b97f4a6a2dee5df8ce974e76b7018e3f22a1c4cf2678570f20)");
    }

    /// RFC 7748, section 6.1: zero, one, and the other points of small order.
    #[test]
    fn a_key_of_small_order_makes_no_secret() {
        let ours = SecretKey::new([0x22; 32]);
        let one = core::array::from_fn(|at| u8::from(at == 0));
        let p: [u8; 32] = core::array::from_fn(|at| match at {
            0 => 0xed,
            31 => 0x7f,
            _ => 0xff,
        });
        for theirs in [[0; 32], one, p] {
            assert!(ours.dh(theirs).is_none(), "{theirs:?}");
        }
        assert!(ours.dh(*SecretKey::new([0x23; 32]).public()).is_some());
    }
}
