//! The hash of a block.

use core::fmt;

/// Keccak-256 of a block's header. The first block's tells chains apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// From 64 hex digits, at compile time.
    #[expect(clippy::panic, reason = "a digit that is none does not compile")]
    pub(crate) const fn of_hex(digits: &[u8; 64]) -> Self {
        const fn value(digit: u8) -> u8 {
            match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                _ => panic!("not a hex digit"),
            }
        }
        let mut hash = [0; 32];
        let mut at = 0;
        while at < 32 {
            hash[at] = value(digits[2 * at]) << 4 | value(digits[2 * at + 1]);
            at += 1;
        }
        Self(hash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}
