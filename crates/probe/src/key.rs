//! Our own static key: 32 secret bytes, chosen or made for this run alone.

use rand::RngExt;
use zeroize::Zeroizing;

use crate::protocol::Misuse;

/// The secret bytes. They are erased when dropped.
pub type Secret = Zeroizing<[u8; 32]>;

/// The key that `make` makes of the secret that was chosen, or of a fresh one.
///
/// # Errors
/// If the secret is no key: 0, or too large a number.
pub fn chosen<K>(secret: Option<&Secret>, make: impl Fn([u8; 32]) -> Option<K>) -> Result<K, Misuse> {
    match secret {
        Some(secret) => {
            make(**secret).ok_or_else(|| "the number in the key's file is no key: it is 0, or too large".into())
        }
        None => Ok(fresh(make)),
    }
}

/// A key of random bytes. Nearly all make one.
pub fn fresh<K>(make: impl Fn([u8; 32]) -> Option<K>) -> K {
    loop {
        // Nobody has ever seen the second turn.
        if let Some(key) = make(*random()) {
            return key;
        }
    }
}

/// 32 random bytes.
pub fn random() -> Secret {
    Zeroizing::new(rand::rng().random())
}
