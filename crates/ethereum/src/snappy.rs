//! Snappy's raw format, used by all messages after Hello. (google/snappy format_description.txt, EIP-706)
//!
//! ```text
//! decoded length, varint | element*
//! element: literal (tag | [length] | bytes)  or  copy (tag | offset): bytes that came before
//! ```
//! A few bytes can expand to many, so the decoded length is checked first, and the output never exceeds it. The `snap`
//! crate needs `std`. Our messages are short, so they are encoded as literals only.

use alloc::vec::Vec;

/// Why bytes cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Undecodable {
    /// The decoded length is over the limit. Nothing was decoded.
    #[error("claims {0} bytes decoded")]
    TooLong(u64),
    /// It is not snappy.
    #[error("is not valid snappy")]
    Invalid,
}

/// Decodes at most `max` bytes.
///
/// # Errors
/// If the announced length is over `max`, or differs from the decoded data.
pub fn decode(encoded: &[u8], max: usize) -> Result<Vec<u8>, Undecodable> {
    let (len, mut rest) = varint(encoded).ok_or(Undecodable::Invalid)?;
    let len = match usize::try_from(len) {
        Ok(len) if len <= max => len,
        _ => return Err(Undecodable::TooLong(len)),
    };
    let mut decoded = Vec::with_capacity(len);
    while !rest.is_empty() {
        rest = element(rest, &mut decoded, len).ok_or(Undecodable::Invalid)?;
    }
    if decoded.len() == len { Ok(decoded) } else { Err(Undecodable::Invalid) }
}

/// A length of at most 32 bits: seven bits per byte, the lowest first.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    /// 32 bits, seven at a time.
    const MAX_LEN: usize = 5;
    let last = bytes.iter().take(MAX_LEN).position(|byte| byte & 0x80 == 0)?;
    let (digits, rest) = bytes.split_at(last + 1);
    let value = digits.iter().rev().fold(0, |value, digit| value << 7 | u64::from(digit & 0x7f));
    Some((value, rest))
}

/// Decodes the first of the remaining elements, and returns the bytes after it.
fn element<'e>(encoded: &'e [u8], decoded: &mut Vec<u8>, max: usize) -> Option<&'e [u8]> {
    let (&tag, rest) = encoded.split_first()?;
    let room = max - decoded.len();
    let upper = usize::from(tag >> 2);
    let (len, offset, rest) = match tag & 3 {
        0 => {
            // A length of up to 60 is in the tag; then come the tags for lengths of 1 to 4 bytes.
            let (len, rest) = match upper.checked_sub(60) {
                None => (upper + 1, rest),
                Some(more) => {
                    let (len, rest) = little_endian(rest, more + 1)?;
                    (len.checked_add(1)?, rest)
                }
            };
            let (literal, rest) = rest.split_at_checked(len)?;
            if len > room {
                return None;
            }
            decoded.extend_from_slice(literal);
            return Some(rest);
        }
        1 => {
            let (low, rest) = little_endian(rest, 1)?;
            ((upper & 7) + 4, (upper >> 3) << 8 | low, rest)
        }
        kind => {
            let (offset, rest) = little_endian(rest, if kind == 2 { 2 } else { 4 })?;
            (upper + 1, offset, rest)
        }
    };
    let start = decoded.len().checked_sub(offset)?;
    if offset == 0 || len > room {
        return None;
    }
    // Byte by byte, since the source may overlap the output.
    for at in start..start + len {
        decoded.push(decoded[at]);
    }
    Some(rest)
}

fn little_endian(bytes: &[u8], len: usize) -> Option<(usize, &[u8])> {
    let (bytes, rest) = bytes.split_at_checked(len)?;
    let value = bytes.iter().rev().try_fold(0usize, |value, byte| value.checked_mul(256)?.checked_add((*byte).into()));
    Some((value?, rest))
}

/// Appends bytes, encoded.
pub fn encode(bytes: &[u8], tx: &mut Vec<u8>) {
    /// The longest literal whose length has two bytes.
    const MAX_LITERAL: usize = 1 << 16;
    let mut len = bytes.len();
    while len >= 0x80 {
        tx.push(low_byte(len) | 0x80);
        len >>= 7;
    }
    tx.push(low_byte(len));
    for literal in bytes.chunks(MAX_LITERAL) {
        let len = literal.len() - 1;
        match len {
            0..60 => tx.push(low_byte(len) << 2),
            60..256 => tx.extend_from_slice(&[60 << 2, low_byte(len)]),
            _ => tx.extend_from_slice(&[61 << 2, low_byte(len), low_byte(len >> 8)]),
        }
        tx.extend_from_slice(literal);
    }
}

fn low_byte(number: usize) -> u8 {
    number.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::collection::vec;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::{Undecodable, decode, encode};

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(bytes in vec(any::<u8>(), 0..2000)) {
            let mut encoded = Vec::new();
            encode(&bytes, &mut encoded);
            prop_assert_eq!(decode(&encoded, bytes.len()), Ok(bytes));
        }

        #[test]
        fn nothing_is_made_beyond_the_limit(encoded in vec(any::<u8>(), 0..100)) {
            if let Ok(decoded) = decode(&encoded, 50) {
                prop_assert!(decoded.len() <= 50 && decoded.capacity() <= 64);
            }
        }
    }

    #[test]
    fn long_literals_are_cut_where_their_lengths_end() {
        let bytes = [7; 70_000];
        let mut encoded = Vec::new();
        encode(&bytes, &mut encoded);
        assert_eq!(decode(&encoded, bytes.len()).unwrap(), bytes);
    }

    #[test]
    fn copies_repeat_what_came_before_and_what_they_repeat() {
        // "ab", then ten bytes copied from two bytes back.
        assert_eq!(decode(b"\x0c\x04ab\x26\x02\x00", 100).unwrap(), b"abababababab");
        assert_eq!(decode(b"\x06\x04ab\x01\x02", 100).unwrap(), b"ababab");
        assert_eq!(decode(b"\x07\x04ab\x13\x02\0\0\0", 100).unwrap(), b"abababa");
    }

    #[test]
    fn a_bomb_is_seen_by_its_length_alone() {
        assert_eq!(decode(b"\x80\x80\x80\x08", 2048), Err(Undecodable::TooLong(16 << 20)));
        assert_eq!(decode(b"\xff\xff\xff\xff\x7f", 2048), Err(Undecodable::TooLong((1 << 35) - 1)));
    }

    #[test]
    fn a_length_that_does_not_hold_is_invalid() {
        // Too few bytes, too many, a copy from before the start, an offset of zero, truncated data, and a length
        // without an end.
        let rows = [
            &b"\x05\x04ab"[..],
            b"\x01\x04ab",
            b"\x03\x04ab\xfe\x02\x00",
            b"\x06\x04ab\x01\x03",
            b"\x06\x04ab\x01\x00",
            b"\x03\x08a",
            b"\x02\xfc\xff\xff\xff\xff",
            b"\x80",
            b"\x80\x80\x80\x80\x80\x00",
            b"",
        ];
        for bytes in rows {
            assert_eq!(decode(bytes, 100), Err(Undecodable::Invalid), "{bytes:x?}");
        }
    }
}
