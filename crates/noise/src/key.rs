//! Keys, and their derivation.

use core::fmt;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// 32 secret bytes: a cipher's key or a chaining key. It prints nothing and is erased when dropped.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// A key of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// Two keys from a chaining key and more key material. (Noise 4.3: `HKDF` with two outputs)
#[must_use]
pub fn hkdf(chaining_key: &Key, input: &[u8]) -> [Key; 2] {
    let mut output = Zeroizing::new([0; 64]);
    let prk = Hkdf::<Sha256>::new(Some(chaining_key.as_bytes()), input);
    prk.expand(&[], &mut *output).expect("two hashes are fewer than 255");
    let (first, second) = output.split_at(32);
    [first, second].map(|half| Key::new(*half.first_chunk().expect("half of 64 bytes")))
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::Key;

    #[test]
    fn a_key_prints_nothing() {
        assert_eq!(format!("{:?}", Key::new([0x42; 32])), "Key(..)");
    }
}
