//! The secret key of every hash and every order here.

use std::fmt;
use std::hash::BuildHasher;

use siphasher::sip::SipHasher13;

/// A secret of 128 bits, fresh for each process. Without it an attacker cannot choose addresses that fall into one slot
/// of a hash table, or come first in their prefix's queue.
#[derive(Clone)]
pub struct Key([u8; 16]);

impl Key {
    /// A key from random bytes.
    #[must_use]
    pub const fn new(random: [u8; 16]) -> Self {
        Self(random)
    }

    /// The hash of these bytes: the same as from a hasher that gets them in one write, but faster.
    #[must_use]
    pub fn hash_bytes(&self, bytes: &[u8]) -> u64 {
        self.build_hasher().hash(bytes)
    }
}

impl BuildHasher for Key {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_key(&self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, Hasher};

    use super::Key;

    #[test]
    fn bytes_have_one_hash_however_they_are_hashed() {
        let (key, bytes) = (Key::new([7; 16]), [9; 40]);
        for len in 0..bytes.len() {
            let mut hasher = key.build_hasher();
            hasher.write(&bytes[..len]);
            assert_eq!(key.hash_bytes(&bytes[..len]), hasher.finish(), "{len} bytes");
        }
    }
}
