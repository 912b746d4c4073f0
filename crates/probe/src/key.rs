//! Our own static key: 32 secret bytes, chosen by the user or made for this run.

use rand::RngExt;
use zeroize::Zeroizing;

use crate::protocol::Misuse;

/// The secret bytes, erased on drop.
pub type Secret = Zeroizing<[u8; 32]>;

/// The key that `make` derives from the chosen secret, or from a fresh one.
///
/// # Errors
/// If the secret is not a valid key: 0, or too large a number.
pub fn chosen<K>(secret: Option<&Secret>, make: impl Fn([u8; 32]) -> Option<K>) -> Result<K, Misuse> {
    match secret {
        Some(secret) => {
            make(**secret).ok_or_else(|| "the number in the key's file is no key: it is 0, or too large".into())
        }
        None => Ok(fresh(make)),
    }
}

/// A key from random bytes. Nearly all values are valid.
pub fn fresh<K>(make: impl Fn([u8; 32]) -> Option<K>) -> K {
    loop {
        // Loops again with probability 2^-128.
        if let Some(key) = make(*random()) {
            return key;
        }
    }
}

/// 32 random bytes.
pub fn random() -> Secret {
    Zeroizing::new(rand::rng().random())
}
