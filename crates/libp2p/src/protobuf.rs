//! The fields of a protobuf message, as libp2p uses them: numbers, and bytes with their length.
//!
//! ```text
//! number × 8 + type | value          type 0: a varint    type 2: length, then that many bytes
//! ```
//! libp2p signs and hashes encoded messages, so a second encoding of the same value is refused: numbers that are longer
//! than necessary, and repeated values of a single field.

use alloc::vec::Vec;

use crate::error::Malformed;
use crate::varint::{self, Unread};

/// The name of a field's number in errors. Valid numbers are at least 1 and below 2^29.
const NUMBER: &str = "number of a field";

/// A field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'m> {
    /// A number.
    Number(u64),
    /// Bytes: a text, bytes, or a message within the message.
    Bytes(&'m [u8]),
    /// One of the two types with a fixed length, which are not used here.
    Fixed,
}

impl<'m> Value<'m> {
    /// The number that a field must have.
    ///
    /// # Errors
    /// If it has another type.
    pub fn number(self, what: &'static str) -> Result<u64, Malformed> {
        match self {
            Self::Number(number) => Ok(number),
            _ => Err(Malformed::Type(what)),
        }
    }

    /// The bytes that a field must have.
    ///
    /// # Errors
    /// If it has another type.
    pub fn bytes(self, what: &'static str) -> Result<&'m [u8], Malformed> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Malformed::Type(what)),
        }
    }
}

/// Reads fields from the start of a message.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'m> {
    rest: &'m [u8],
}

impl<'m> Fields<'m> {
    /// At the start of a message.
    #[must_use]
    pub fn new(message: &'m [u8]) -> Self {
        Self { rest: message }
    }

    /// The next field's number, which is below 2^29, and value; `None` at the end.
    ///
    /// # Errors
    /// If it ends too soon, is not in its shortest form, or has an invalid number or type.
    pub fn field(&mut self) -> Result<Option<(u64, Value<'m>)>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = self.varint(NUMBER)?;
        let number = match u32::try_from(key) {
            Ok(key) => u64::from(key >> 3),
            Err(_) => return Err(Malformed::TooLong(NUMBER)),
        };
        if number == 0 {
            return Err(Malformed::Missing(NUMBER));
        }
        let value = match key & 7 {
            0 => Value::Number(self.varint("number")?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let len = self.varint("length of a field")?;
                // A length that does not fit into memory cannot have arrived either.
                Value::Bytes(self.take(usize::try_from(len).unwrap_or(usize::MAX))?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(Malformed::Type("field")),
        };
        Ok(Some((number, value)))
    }

    fn varint(&mut self, what: &'static str) -> Result<u64, Malformed> {
        let (value, len) = varint::read(self.rest).map_err(|unread| match unread {
            Unread::Short => Malformed::EndsIn(what),
            Unread::NotMinimal => Malformed::NotMinimal(what),
            Unread::TooLong => Malformed::TooLong(what),
        })?;
        self.rest = &self.rest[len..];
        Ok(value)
    }

    fn take(&mut self, len: usize) -> Result<&'m [u8], Malformed> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(Malformed::EndsIn("field"))?;
        self.rest = rest;
        Ok(head)
    }
}

/// Stores a field's value in `place`, which must be empty.
///
/// # Errors
/// If there is a value already.
pub fn set<T>(place: &mut Option<T>, value: T, what: &'static str) -> Result<(), Malformed> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Malformed::Twice(what)),
    }
}

/// Appends a number field.
pub fn write_number(field: u64, number: u64, tx: &mut Vec<u8>) {
    varint::write(field << 3, tx);
    varint::write(number, tx);
}

/// Appends a bytes field.
pub fn write_bytes(field: u64, bytes: &[u8], tx: &mut Vec<u8>) {
    varint::write(field << 3 | 2, tx);
    varint::write(bytes.len() as u64, tx);
    tx.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::collection::vec;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{Fields, Value, write_bytes, write_number};
    use crate::error::Malformed;

    fn first(bytes: &[u8]) -> Result<Option<(u64, Value<'_>)>, Malformed> {
        Fields::new(bytes).field()
    }

    #[test]
    fn fields_of_every_type_are_passed_over() {
        let message = b"\x08\x96\x01\x12\x02hi\x19\0\0\0\0\0\0\0\0\x25\0\0\0\0";
        let mut fields = Fields::new(message);
        let expected = [(1, Value::Number(150)), (2, Value::Bytes(b"hi")), (3, Value::Fixed), (4, Value::Fixed)];
        for field in expected {
            assert_eq!(fields.field(), Ok(Some(field)));
        }
        assert_eq!(fields.field(), Ok(None));
    }

    #[test]
    fn what_is_cut_or_not_in_its_shortest_form_is_malformed() {
        assert_eq!(first(b"\x08"), Err(Malformed::EndsIn("number")));
        assert_eq!(first(b"\x08\x80\x00"), Err(Malformed::NotMinimal("number")));
        assert_eq!(first(b"\x88\x00\x01"), Err(Malformed::NotMinimal("number of a field")));
        assert_eq!(first(b"\x12\x81\x00x"), Err(Malformed::NotMinimal("length of a field")));
        assert_eq!(first(b"\x12\x03hi"), Err(Malformed::EndsIn("field")));
        assert_eq!(first(b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), Err(Malformed::EndsIn("field")));
        assert_eq!(
            first(b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
            Err(Malformed::TooLong("length of a field"))
        );
        // Field 0, and those from 2^29 on.
        assert_eq!(first(b"\x02\x00"), Err(Malformed::Missing("number of a field")));
        assert_eq!(first(b"\xf8\xff\xff\xff\x0f\x00"), Ok(Some(((1 << 29) - 1, Value::Number(0)))));
        assert_eq!(first(b"\x80\x80\x80\x80\x10\x00"), Err(Malformed::TooLong("number of a field")));
        for group in [b"\x0b", b"\x0c", b"\x0e", b"\x0f"] {
            assert_eq!(first(group), Err(Malformed::Type("field")));
        }
    }

    proptest! {
        #[test]
        fn written_fields_are_read_back(
            number in 1u64..1 << 29,
            value in any::<u64>(),
            bytes in vec(any::<u8>(), 0..300),
        ) {
            let mut message = Vec::new();
            write_number(number, value, &mut message);
            write_bytes(number, &bytes, &mut message);
            let mut fields = Fields::new(&message);
            prop_assert_eq!(fields.field(), Ok(Some((number, Value::Number(value)))));
            prop_assert_eq!(fields.field(), Ok(Some((number, Value::Bytes(&bytes)))));
            prop_assert_eq!(fields.field(), Ok(None));
        }
    }
}
