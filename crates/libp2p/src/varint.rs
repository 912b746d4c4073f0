//! Numbers with seven bits per byte, the lowest first; all bytes but the last have their highest bit set.
//! (multiformats/unsigned-varint; protobuf's are the same)

use alloc::vec::Vec;

/// Bytes of the longest number, of 64 bits.
pub const MAX_LEN: usize = 10;

/// Why there is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is incomplete.
    Short,
    /// It could have been written with fewer bytes.
    NotMinimal,
    /// It has more than 64 bits.
    TooLong,
}

/// The number at the start of `bytes`, and its length in bytes.
///
/// # Errors
/// If it ends too soon, is too long, or is not in its shortest form.
pub fn read(bytes: &[u8]) -> Result<(u64, usize), Unread> {
    let mut value = 0;
    for (at, &byte) in bytes.iter().take(MAX_LEN).enumerate() {
        let bits = u64::from(byte & 0x7f);
        // The tenth byte may use only one bit.
        if at == MAX_LEN - 1 && byte > 1 {
            return Err(Unread::TooLong);
        }
        value |= bits << (7 * at);
        match byte {
            0 if at > 0 => return Err(Unread::NotMinimal),
            0..=0x7f => return Ok((value, at + 1)),
            _ => {}
        }
    }
    Err(Unread::Short)
}

/// Appends a number in its shortest form.
pub fn write(mut value: u64, tx: &mut Vec<u8>) {
    while value > 0x7f {
        tx.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    tx.push(value.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{Unread, read, write};

    /// The examples of multiformats/unsigned-varint.
    #[test]
    fn numbers_are_written_as_the_specification_says() {
        let rows: [(u64, &[u8]); 6] = [
            (1, &[1]),
            (127, &[0x7f]),
            (128, &[0x80, 1]),
            (255, &[0xff, 1]),
            (300, &[0xac, 2]),
            (16_384, &[0x80, 0x80, 1]),
        ];
        for (value, bytes) in rows {
            let mut written = Vec::new();
            write(value, &mut written);
            assert_eq!(written, bytes);
            assert_eq!(read(bytes), Ok((value, bytes.len())));
        }
    }

    #[test]
    fn what_is_longer_than_it_must_be_or_than_64_bits_is_no_number() {
        assert_eq!(read(&[0]), Ok((0, 1)));
        assert_eq!(read(&[0x80, 0]), Err(Unread::NotMinimal));
        assert_eq!(read(&[0xff, 0x80, 0]), Err(Unread::NotMinimal));
        let most = [&[0xff; 9][..], &[1]].concat();
        assert_eq!(read(&most), Ok((u64::MAX, 10)));
        assert_eq!(read(&[&[0xff; 9][..], &[2]].concat()), Err(Unread::TooLong));
        assert_eq!(read(&[0xff; 20]), Err(Unread::TooLong));
        assert_eq!(read(&[0xff; 9]), Err(Unread::Short));
    }

    proptest! {
        #[test]
        fn a_written_number_is_read_back_and_a_cut_one_waits(value in any::<u64>()) {
            let mut bytes = Vec::new();
            write(value, &mut bytes);
            prop_assert_eq!(read(&bytes), Ok((value, bytes.len())));
            for len in 0..bytes.len() {
                prop_assert_eq!(read(&bytes[..len]), Err(Unread::Short));
            }
        }
    }
}
