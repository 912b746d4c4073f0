//! Bytes as hexadecimal digits: printing, and parsing of constants.

use core::fmt;

/// Bytes, shown with two digits each, in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        /// Bytes formatted at once, the length of a hash, to avoid a call for each byte.
        const AT_ONCE: usize = 32;
        for bytes in self.0.chunks(AT_ONCE) {
            let mut digits = [0; 2 * AT_ONCE];
            for (digits, byte) in digits.chunks_exact_mut(2).zip(bytes) {
                digits[0] = DIGITS[usize::from(byte >> 4)];
                digits[1] = DIGITS[usize::from(byte & 15)];
            }
            f.write_str(str::from_utf8(&digits[..2 * bytes.len()]).expect("digits are ASCII"))?;
        }
        Ok(())
    }
}

/// Parses hex at compile time, for constants; invalid input fails to compile.
///
/// # Panics
/// If there are not two digits for each byte, or a character is no digit.
#[must_use]
pub const fn from_hex<const LEN: usize>(text: &str) -> [u8; LEN] {
    read_hex(text.as_bytes()).expect("two hexadecimal digits a byte")
}

/// Parses digits in lower or upper case; `None` if a byte has not two digits, or a character is no digit.
#[must_use]
pub const fn read_hex<const LEN: usize>(digits: &[u8]) -> Option<[u8; LEN]> {
    if digits.len() != 2 * LEN {
        return None;
    }
    let mut bytes = [0; LEN];
    let mut at = 0;
    while at < LEN {
        let (Some(high), Some(low)) = (value(digits[2 * at]), value(digits[2 * at + 1])) else {
            return None;
        };
        bytes[at] = high << 4 | low;
        at += 1;
    }
    Some(bytes)
}

const fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::{Hex, from_hex, read_hex};

    #[test]
    fn what_is_written_is_what_is_shown() {
        const BYTES: [u8; 4] = from_hex("00ff7a10");
        assert_eq!(BYTES, [0x00, 0xff, 0x7a, 0x10]);
        assert_eq!(Hex(&BYTES).to_string(), "00ff7a10");
    }

    #[test]
    fn only_two_digits_a_byte_are_read() {
        assert_eq!(read_hex(b"00Ff"), Some([0x00, 0xff]));
        for text in ["", "0", "00f", "00fff", "0 ff", "+0ff", "0xff", "zz00"] {
            assert_eq!(read_hex::<2>(text.as_bytes()), None, "{text}");
        }
    }
}
