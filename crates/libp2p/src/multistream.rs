//! multistream-select: two sides agree on a protocol by its name. (`connections/README.md`)
//!
//! ```text
//! length | name | newline          both name /multistream/1.0.0 first; then one proposes, and the other
//!                                  repeats the name, or says na
//! ```
//! The proposing side may continue as if the answer were yes. If the answer is no, the connection is useless.

use alloc::vec::Vec;

use handshake::Short;

use crate::error::{Error, Malformed, ReadError};
use crate::varint::{self, Unread};

/// The first name of both sides.
pub const HEADER: &str = "/multistream/1.0.0";

/// The answer to an unsupported protocol.
pub const NA: &str = "na";

/// Noise, which encrypts connections.
pub const NOISE: &str = "/noise";

/// TLS, which does the same, and is not supported here.
pub const TLS: &str = "/tls/1.0.0";

/// Bytes of a name, at most: names in use have less than 100. (go-multistream allows 1024)
pub const MAX_NAME_LEN: usize = 1024;

/// The name of a name message in errors.
const MESSAGE: &str = "protocol name";

/// The name at the start of `bytes`, and its number of bytes with length and newline. Bytes after it are left.
///
/// # Errors
/// [`ReadError::Short`] if it has not arrived; an error as soon as its length is too long, or its form is invalid.
pub fn read(bytes: &[u8]) -> Result<(&[u8], usize), ReadError> {
    read_within(MAX_NAME_LEN, bytes)
}

/// As [`read`], for names of at most `most` bytes.
///
/// # Errors
/// As [`read`].
pub fn read_within(most: usize, bytes: &[u8]) -> Result<(&[u8], usize), ReadError> {
    let malformed = |what| ReadError::Error(Error::Malformed { message: MESSAGE, what });
    let (len, start) = varint::read(bytes).map_err(|unread| match unread {
        Unread::Short => ReadError::Short(Short(1)),
        Unread::NotMinimal => malformed(Malformed::NotMinimal("length")),
        Unread::TooLong => malformed(Malformed::TooLong("length")),
    })?;
    let len = usize::try_from(len).ok().filter(|&len| len <= most + 1);
    let len = len.ok_or_else(|| malformed(Malformed::TooLong("length")))?;
    if len == 0 {
        return Err(malformed(Malformed::EndsIn("name")));
    }
    let line = bytes[start..].get(..len).ok_or_else(|| ReadError::Short(Short(start + len - bytes.len())))?;
    match line {
        [name @ .., b'\n'] => Ok((name, start + len)),
        _ => Err(malformed(Malformed::NoNewline)),
    }
}

/// Appends a name.
///
/// # Panics
/// If it is longer than [`MAX_NAME_LEN`].
pub fn write(name: &str, tx: &mut Vec<u8>) {
    assert!(name.len() <= MAX_NAME_LEN, "no name of ours is longer");
    varint::write(name.len() as u64 + 1, tx);
    tx.extend_from_slice(name.as_bytes());
    tx.push(b'\n');
}

/// Whether `bytes` match the start of [`HEADER`] with its length.
#[must_use]
pub fn may_be_header(bytes: &[u8]) -> bool {
    const WHOLE: &[u8] = b"\x13/multistream/1.0.0\n";
    bytes.iter().zip(WHOLE).all(|(found, expected)| found == expected)
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec::Vec;

    use handshake::Short;
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::{HEADER, MAX_NAME_LEN, NA, may_be_header, read, write};
    use crate::error::{Error, Malformed, ReadError};

    #[test]
    fn names_are_written_as_the_specification_says() {
        for (name, bytes) in
            [(HEADER, &b"\x13/multistream/1.0.0\n"[..]), (NA, b"\x03na\n"), ("/noise", b"\x07/noise\n")]
        {
            let mut written = Vec::new();
            write(name, &mut written);
            assert_eq!(written, bytes);
        }
    }

    #[test]
    fn a_name_that_is_too_long_or_not_a_line_is_malformed() {
        let error = |bytes: &[u8]| match read(bytes) {
            Err(ReadError::Error(Error::Malformed { what, .. })) => Some(what),
            _ => None,
        };
        assert_eq!(error(b"\x00"), Some(Malformed::EndsIn("name")));
        assert_eq!(error(b"\x83\x00na\n"), Some(Malformed::NotMinimal("length")));
        assert_eq!(error(b"\x03nan"), Some(Malformed::NoNewline));
        assert_eq!(error(b"\x82\x08"), Some(Malformed::TooLong("length")));
        assert_eq!(error(&[0xff; 10]), Some(Malformed::TooLong("length")));
        assert_eq!(read(b"\x81\x08"), Err(ReadError::Short(Short(MAX_NAME_LEN + 1))));
    }

    #[test]
    fn another_protocol_is_told_by_its_first_byte_that_differs() {
        for bytes in [&b""[..], b"\x13", b"\x13/multi", b"\x13/multistream/1.0.0\n\x07/noise\n"] {
            assert!(may_be_header(bytes));
        }
        for bytes in [&b"H"[..], b"\x13/multistream/2", b"\x03na\n"] {
            assert!(!may_be_header(bytes));
        }
    }

    proptest! {
        #[test]
        fn a_written_name_is_read_back_and_a_cut_one_waits(name in "[ -~]{0,300}") {
            let name: String = name;
            let mut bytes = Vec::new();
            write(&name, &mut bytes);
            for len in 0..bytes.len() {
                prop_assert!(matches!(read(&bytes[..len]), Err(ReadError::Short(_))));
            }
            bytes.extend_from_slice(b"what follows");
            let whole = bytes.len() - 12;
            prop_assert_eq!(read(&bytes), Ok((name.as_bytes(), whole)));
        }
    }
}
