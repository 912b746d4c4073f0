//! Bytes in hexadecimal digits: as they are shown, and as constants are written.

use core::fmt;

/// Bytes, shown with two digits each, in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The bytes that [`Hex`] shows so. For constants: a text that is no such one does not compile there.
///
/// # Panics
/// If there are not two digits for each byte, or one is none in lower case.
#[must_use]
pub const fn from_hex<const LEN: usize>(text: &str) -> [u8; LEN] {
    let digits = text.as_bytes();
    assert!(digits.len() == 2 * LEN, "two digits a byte");
    let mut bytes = [0; LEN];
    let mut at = 0;
    while at < LEN {
        bytes[at] = value(digits[2 * at]) << 4 | value(digits[2 * at + 1]);
        at += 1;
    }
    bytes
}

const fn value(digit: u8) -> u8 {
    assert!(matches!(digit, b'0'..=b'9' | b'a'..=b'f'), "hexadecimal, in lower case");
    if digit.is_ascii_digit() { digit - b'0' } else { digit - b'a' + 10 }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::{Hex, from_hex};

    #[test]
    fn what_is_written_is_what_is_shown() {
        const BYTES: [u8; 4] = from_hex("00ff7a10");
        assert_eq!(BYTES, [0x00, 0xff, 0x7a, 0x10]);
        assert_eq!(Hex(&BYTES).to_string(), "00ff7a10");
    }
}
