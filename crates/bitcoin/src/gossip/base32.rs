//! Base32 without padding, in lower case, as overlay networks name their nodes. (RFC 4648)

use alloc::string::String;
use alloc::vec::Vec;

const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The digits of `bytes`; the last is filled up with zero bits.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity((bytes.len() * 8).div_ceil(5));
    let (mut bits, mut len) = (0u32, 0);
    for &byte in bytes {
        (bits, len) = (bits << 8 | u32::from(byte), len + 8);
        while len >= 5 {
            len -= 5;
            text.push(digit(bits >> len));
        }
    }
    if len > 0 {
        text.push(digit(bits << (5 - len)));
    }
    text
}

fn digit(bits: u32) -> char {
    let [low, ..] = bits.to_le_bytes();
    DIGITS[usize::from(low & 31)].into()
}

/// The bytes of `text`, in any case; `None` if it has another character, or bits that are left over and not zero.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut bits, mut len) = (0u32, 0);
    for letter in text.bytes() {
        let letter = letter.to_ascii_lowercase();
        let value = match letter {
            b'a'..=b'z' => letter - b'a',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        (bits, len) = (bits << 5 | u32::from(value), len + 5);
        if len >= 8 {
            len -= 8;
            let [low, ..] = (bits >> len).to_le_bytes();
            bytes.push(low);
        }
    }
    (len < 5 && bits & ((1 << len) - 1) == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::{any, proptest};

    use super::{decode, encode};

    #[test]
    fn the_examples_of_the_rfc_hold() {
        for (bytes, text) in [("", ""), ("f", "my"), ("fo", "mzxq"), ("foo", "mzxw6"), ("foobar", "mzxw6ytboi")] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(&text.to_uppercase()), Some(Vec::from(bytes)));
        }
        for bad in ["m", "mz!q", "mzxr", "1a", "é", "mzx"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(bytes in any::<Vec<u8>>()) {
            assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }
}
