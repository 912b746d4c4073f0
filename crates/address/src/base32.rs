//! Base32 without padding, in lower case, as overlay networks name their nodes. (RFC 4648)

use alloc::string::String;
use alloc::vec::Vec;

use data_encoding::BASE32_NOPAD_NOCASE;

/// The digits of `bytes`; the last digit is padded with zero bits.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = BASE32_NOPAD_NOCASE.encode(bytes);
    text.make_ascii_lowercase();
    text
}

/// The bytes of `text`, in any case; `None` if it has another character, or non-zero bits left over.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    BASE32_NOPAD_NOCASE.decode(text.as_bytes()).ok()
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
