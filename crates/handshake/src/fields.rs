//! The fields of a message, read one after the other.

use core::fmt;

/// Reads fields from the start of a message.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'p> {
    rest: &'p [u8],
}

/// The message ends within this field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndsIn(pub &'static str);

impl fmt::Display for EndsIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it ends in its {}", self.0)
    }
}

impl core::error::Error for EndsIn {}

impl<'p> Fields<'p> {
    /// Starts at the start of `message`.
    #[must_use]
    pub fn new(message: &'p [u8]) -> Self {
        Self { rest: message }
    }

    /// Whether every byte has been read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The bytes not read yet.
    #[must_use]
    pub fn rest(&self) -> &'p [u8] {
        self.rest
    }

    /// The next `len` bytes; `what` names the field in the error.
    ///
    /// # Errors
    /// If fewer are left; then none are read.
    pub fn bytes(&mut self, len: usize, what: &'static str) -> Result<&'p [u8], EndsIn> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(EndsIn(what))?;
        self.rest = rest;
        Ok(head)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// As [`Fields::bytes`].
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], EndsIn> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(EndsIn(what))?;
        self.rest = rest;
        Ok(*head)
    }
}

#[cfg(test)]
mod tests {
    use super::{EndsIn, Fields};

    #[test]
    fn a_field_is_read_whole_or_not_at_all() {
        let mut fields = Fields::new(b"abcd");
        assert_eq!(fields.array("first"), Ok(*b"a"));
        assert_eq!(fields.bytes(4, "second"), Err(EndsIn("second")));
        assert_eq!(fields.array::<4>("third"), Err(EndsIn("third")));
        assert_eq!(fields.bytes(2, "fourth"), Ok(&b"bc"[..]));
        assert_eq!((fields.rest(), fields.is_empty()), (&b"d"[..], false));
        assert_eq!(fields.bytes(usize::MAX, "fifth"), Err(EndsIn("fifth")));
        assert_eq!((fields.array("sixth"), fields.is_empty()), (Ok(*b"d"), true));
    }
}
