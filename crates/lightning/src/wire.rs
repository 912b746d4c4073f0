//! The fields of a message. All numbers are big endian. (BOLT 1: fundamental types)

use alloc::vec::Vec;

use handshake::{EndsIn, Fields};

use crate::error::{Error, Malformed};

/// Why nothing was read.
pub type ReadError = handshake::ReadError<Error>;

/// Reads a number of two bytes.
///
/// # Errors
/// If fewer are left.
pub fn read_u16(fields: &mut Fields<'_>, what: &'static str) -> Result<u16, EndsIn> {
    fields.array(what).map(u16::from_be_bytes)
}

/// Reads a length of two bytes, then that many bytes.
///
/// # Errors
/// If fewer are left.
pub fn read_var_bytes<'p>(fields: &mut Fields<'p>, what: &'static str) -> Result<&'p [u8], EndsIn> {
    let len = read_u16(fields, what)?;
    fields.bytes(len.into(), what)
}

/// Reads a BigSize: 1, 3, 5 or 9 bytes, in the shortest form. (BOLT 1)
///
/// # Errors
/// If it ends too soon, or is not in the shortest form.
pub fn read_big_size(fields: &mut Fields<'_>, what: &'static str) -> Result<u64, Malformed> {
    let (value, least) = match fields.array(what)? {
        [0xfd] => (u64::from(u16::from_be_bytes(fields.array(what)?)), 0xfd),
        [0xfe] => (u64::from(u32::from_be_bytes(fields.array(what)?)), 0x1_0000),
        [0xff] => (u64::from_be_bytes(fields.array(what)?), 0x1_0000_0000),
        [small] => (u64::from(small), 0),
    };
    if value < least { Err(Malformed::NotMinimal(what)) } else { Ok(value) }
}

/// Reads the next record of a TLV stream, its type and its value; `None` at the end. `last` is the type before it.
/// (BOLT 1)
///
/// # Errors
/// If it ends too soon, is not in its shortest form, or its type is not higher than the last.
pub fn read_tlv<'p>(fields: &mut Fields<'p>, last: Option<u64>) -> Result<Option<(u64, &'p [u8])>, Malformed> {
    if fields.is_empty() {
        return Ok(None);
    }
    let kind = read_big_size(fields, "type of a record")?;
    if last.is_some_and(|last| kind <= last) {
        return Err(Malformed::OutOfOrder(kind));
    }
    let len = read_big_size(fields, "length of a record")?;
    // A length that does not fit into memory cannot have arrived either.
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    Ok(Some((kind, fields.bytes(len, "value of a record")?)))
}

/// Appends a BigSize in its shortest form.
pub fn write_big_size(value: u64, tx: &mut Vec<u8>) {
    let bytes = value.to_be_bytes();
    match value {
        0..=0xfc => tx.push(bytes[7]),
        0xfd..=0xffff => {
            tx.push(0xfd);
            tx.extend_from_slice(&bytes[6..]);
        }
        0x1_0000..=0xffff_ffff => {
            tx.push(0xfe);
            tx.extend_from_slice(&bytes[4..]);
        }
        _ => {
            tx.push(0xff);
            tx.extend_from_slice(&bytes);
        }
    }
}

/// Appends a record of a TLV stream.
pub fn write_tlv(kind: u64, value: &[u8], tx: &mut Vec<u8>) {
    write_big_size(kind, tx);
    write_big_size(value.len() as u64, tx);
    tx.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::collection::{btree_map, vec};
    use proptest::prelude::{any, proptest};

    use super::{Fields, read_big_size, read_tlv, write_big_size, write_tlv};
    use crate::error::Malformed;

    /// BOLT 1, appendix A.
    #[test]
    fn a_big_size_is_read_and_written_as_the_specification_says() {
        let rows: [(&[u8], u64); 8] = [
            (b"\x00", 0),
            (b"\xfc", 252),
            (b"\xfd\x00\xfd", 253),
            (b"\xfd\xff\xff", 65_535),
            (b"\xfe\x00\x01\x00\x00", 65_536),
            (b"\xfe\xff\xff\xff\xff", 4_294_967_295),
            (b"\xff\x00\x00\x00\x01\x00\x00\x00\x00", 4_294_967_296),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff", u64::MAX),
        ];
        for (bytes, value) in rows {
            assert_eq!(read_big_size(&mut Fields::new(bytes), "n"), Ok(value));
            let mut written = Vec::new();
            write_big_size(value, &mut written);
            assert_eq!(written, bytes);
        }
    }

    /// BOLT 1, appendix A.
    #[test]
    fn a_big_size_that_is_cut_or_too_long_is_malformed() {
        for bytes in [&b"\xfd\x00\xfc"[..], b"\xfe\x00\x00\xff\xff", b"\xff\x00\x00\x00\x00\xff\xff\xff\xff"] {
            assert_eq!(read_big_size(&mut Fields::new(bytes), "n"), Err(Malformed::NotMinimal("n")));
        }
        for bytes in [&b"\xfd\x00"[..], b"\xfe\xff\xff", b"\xff\xff\xff\xff\xff", b"", b"\xfd", b"\xfe", b"\xff"] {
            assert_eq!(read_big_size(&mut Fields::new(bytes), "n"), Err(Malformed::EndsIn("n")));
        }
    }

    #[test]
    fn records_come_in_ascending_order_and_whole() {
        let second = |bytes: &[u8]| {
            let mut fields = Fields::new(bytes);
            let (first, _) = read_tlv(&mut fields, None)?.expect("there are two");
            read_tlv(&mut fields, Some(first)).map(|record| record.map(|(kind, _)| kind))
        };
        assert_eq!(second(b"\x01\x00\x03\x00"), Ok(Some(3)));
        assert_eq!(second(b"\x01\x00"), Ok(None));
        assert_eq!(second(b"\x03\x00\x03\x00"), Err(Malformed::OutOfOrder(3)));
        assert_eq!(second(b"\x03\x00\x01\x00"), Err(Malformed::OutOfOrder(1)));
        assert_eq!(second(b"\x01\x00\x03\x01"), Err(Malformed::EndsIn("value of a record")));
        assert_eq!(
            second(b"\x01\x00\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
            Err(Malformed::EndsIn("value of a record"))
        );
    }

    proptest! {
        #[test]
        fn written_records_are_read_back(records in btree_map(any::<u64>(), vec(any::<u8>(), 0..300), 0..8)) {
            let mut bytes = Vec::new();
            for (kind, value) in &records {
                write_tlv(*kind, value, &mut bytes);
            }
            let (mut fields, mut last) = (Fields::new(&bytes), None);
            for (kind, value) in &records {
                assert_eq!(read_tlv(&mut fields, last), Ok(Some((*kind, &value[..]))));
                last = Some(*kind);
            }
            assert_eq!(read_tlv(&mut fields, last), Ok(None));
        }
    }
}
