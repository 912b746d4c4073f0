//! CompactSize: the encoding of counts and lengths. (Core: serialize.h ReadCompactSize, WriteCompactSize)
//!
//! ```text
//! n < 0xfd: 1 byte | 0xfd, u16 LE | 0xfe, u32 LE | 0xff, u64 LE
//! ```

use alloc::vec::Vec;

use handshake::Fields;

use crate::error::Malformed;

/// Reads a CompactSize: 1, 3, 5 or 9 bytes, in the shortest form. `what` names the field in the error.
///
/// # Errors
/// If the bytes end within it, or it is not in the shortest form.
pub fn read_compact_size(fields: &mut Fields<'_>, what: &'static str) -> Result<u64, Malformed> {
    let (value, least) = match fields.array::<1>(what)? {
        [0xfd] => (u64::from(u16::from_le_bytes(fields.array(what)?)), 0xfd),
        [0xfe] => (u64::from(u32::from_le_bytes(fields.array(what)?)), 0x1_0000),
        [0xff] => (u64::from_le_bytes(fields.array(what)?), 0x1_0000_0000),
        [small] => (u64::from(small), 0),
    };
    if value < least { Err(Malformed::NotCanonical(what)) } else { Ok(value) }
}

/// Reads a CompactSize length of at most `max`, then that many bytes.
///
/// # Errors
/// If the bytes end too soon, the length is over `max`, or the length is not canonical.
pub fn read_var_bytes<'p>(fields: &mut Fields<'p>, max: usize, what: &'static str) -> Result<&'p [u8], Malformed> {
    match usize::try_from(read_compact_size(fields, what)?) {
        Ok(len) if len <= max => Ok(fields.bytes(len, what)?),
        _ => Err(Malformed::TooLong(what)),
    }
}

/// Appends a CompactSize in its shortest form.
pub fn write_compact_size(value: u64, tx: &mut Vec<u8>) {
    let bytes = value.to_le_bytes();
    match value {
        0..=0xfc => tx.push(bytes[0]),
        0xfd..=0xffff => {
            tx.push(0xfd);
            tx.extend_from_slice(&bytes[..2]);
        }
        0x1_0000..=0xffff_ffff => {
            tx.push(0xfe);
            tx.extend_from_slice(&bytes[..4]);
        }
        _ => {
            tx.push(0xff);
            tx.extend_from_slice(&bytes);
        }
    }
}

/// Appends a CompactSize length and the bytes.
pub fn write_var_bytes(bytes: &[u8], tx: &mut Vec<u8>) {
    write_compact_size(bytes.len() as u64, tx);
    tx.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use handshake::Fields;
    use proptest::prelude::{any, proptest};

    use super::{read_compact_size, write_compact_size};
    use crate::error::Malformed;

    #[test]
    fn a_compact_size_must_be_as_short_as_it_can() {
        for bytes in [&b"\xfd\xfc\x00"[..], b"\xfe\xff\xff\0\0", b"\xff\xff\xff\xff\xff\0\0\0\0"] {
            assert_eq!(read_compact_size(&mut Fields::new(bytes), "n"), Err(Malformed::NotCanonical("n")));
        }
        assert_eq!(read_compact_size(&mut Fields::new(b"\xfd\xfd"), "n"), Err(Malformed::EndsIn("n")));
    }

    proptest! {
        #[test]
        fn a_written_compact_size_is_read_back(value in any::<u64>(), shift in 0u32..64) {
            let mut bytes = Vec::new();
            write_compact_size(value >> shift, &mut bytes);
            let mut fields = Fields::new(&bytes);
            assert_eq!(read_compact_size(&mut fields, "n"), Ok(value >> shift));
            assert!(fields.is_empty());
        }
    }
}
