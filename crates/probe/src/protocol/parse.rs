//! Parses values of options, and says what was expected instead of an invalid text.

use std::fmt::Display;
use std::num::{NonZeroU16, NonZeroU32, NonZeroU64, NonZeroUsize};
use std::str::FromStr;

use handshake::read_hex;

/// An integer type.
pub trait Whole: FromStr + Display {
    /// Its minimum.
    const LEAST: Self;
    /// Its maximum.
    const MOST: Self;
}

macro_rules! whole {
    ($($number:ty)*) => {
        $(impl Whole for $number {
            const LEAST: Self = Self::MIN;
            const MOST: Self = Self::MAX;
        })*
    };
}

whole! { u8 u16 u32 u64 u128 usize i32 i64 NonZeroU16 NonZeroU32 NonZeroU64 NonZeroUsize }

/// Parses an integer of this type.
///
/// # Errors
/// The bounds, if the text is invalid.
pub fn whole<N: Whole>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("expected a whole number from {} to {}", N::LEAST, N::MOST))
}

/// Parses with the type's own parser.
///
/// # Errors
/// The type's own error.
pub fn parsed<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

/// Parses one of the possible values; clap and [`super::option::Values`] both check with this function.
///
/// # Errors
/// The possible values, if the text is none of them.
pub fn one_of<T: Copy>(values: &[(&'static str, T)], text: &str) -> Result<T, String> {
    let found = values.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let names: Vec<_> = values.iter().map(|(name, _)| *name).collect();
        format!("expected one of {}", names.join(", "))
    })
}

/// Parses bytes in hex.
///
/// # Errors
/// If the text is not made of pairs of hex digits.
pub fn hex(text: &str) -> Result<Vec<u8>, String> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes: Option<Vec<_>> = pairs.iter().map(|pair| read_hex(pair).map(|[byte]| byte)).collect();
    bytes.filter(|_| rest.is_empty()).ok_or_else(|| "expected an even number of hex digits".into())
}

/// Parses 32 bytes in hex, with or without `0x`.
///
/// # Errors
/// If there are not 64 digits.
pub fn hash(text: &str) -> Result<[u8; 32], String> {
    let bytes = hex(text.strip_prefix("0x").unwrap_or(text))?;
    bytes.try_into().map_err(|_| "expected 64 hex digits".into())
}

/// Parses a number of 64 bits in hex.
///
/// # Errors
/// If it has other characters, or more than 16 digits.
pub fn nonce(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    u64::from_str_radix(digits, 16).map_err(|_| "expected up to 16 hex digits".into())
}

#[cfg(test)]
mod tests {
    use super::{hash, hex, one_of};

    #[test]
    fn bytes_have_two_hex_digits_each() {
        assert_eq!(hex("00fFa0"), Ok(vec![0x00, 0xff, 0xa0]));
        assert_eq!(hex(""), Ok(vec![]));
        for wrong in ["0", "000", "0g", "+f", " 0", "é"] {
            assert!(hex(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_hash_has_64_digits() {
        assert_eq!(hash(&"ab".repeat(32)), Ok([0xab; 32]));
        assert_eq!(hash(&format!("0x{}", "ab".repeat(32))), Ok([0xab; 32]));
        assert!(hash("ab").is_err() && hash(&"gg".repeat(32)).is_err());
    }

    #[test]
    fn a_value_that_is_not_possible_is_answered_with_those_that_are() {
        const VALUES: [(&str, u8); 2] = [("one", 1), ("two", 2)];
        assert_eq!(one_of(&VALUES, "two"), Ok(2));
        assert_eq!(one_of(&VALUES, "three"), Err("expected one of one, two".to_owned()));
    }
}
