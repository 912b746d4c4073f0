//! RLP: bytes, and lists of items, each after its length. (Ethereum's Yellow Paper, appendix B)
//!
//! ```text
//! 00..7f                    that byte          c0..f7 | payload           a list of up to 55 bytes
//! 80..b7 | bytes            up to 55 bytes     f8..ff | length | payload  a longer list
//! b8..bf | length | bytes   more bytes
//! ```
//! Items are read one by one, each requested by name, and a list is entered only on request. So whatever a peer sends,
//! nothing is allocated and the depth is limited by our code. Crates for RLP do not name items in their errors, and
//! would save less code than this file has.

use alloc::vec::Vec;

use handshake::Fields;

use crate::error::Malformed;

/// The unread items of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Items<'p> {
    rest: &'p [u8],
}

impl<'p> Items<'p> {
    /// The items of the list at the start of some bytes; bytes after the list are ignored. (EIP-8)
    ///
    /// # Errors
    /// If there is no complete list.
    pub fn of(bytes: &'p [u8], what: &'static str) -> Result<Self, Malformed> {
        Self { rest: bytes }.items(what)
    }

    /// The items in bytes that are not inside a list.
    #[must_use]
    pub fn bare(bytes: &'p [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether every item has been read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The unread bytes.
    #[must_use]
    pub fn rest(&self) -> &'p [u8] {
        self.rest
    }

    /// The next item: bytes.
    ///
    /// # Errors
    /// If there is none, it is a list, it ends too soon, or its length is not in its shortest form.
    pub fn bytes(&mut self, what: &'static str) -> Result<&'p [u8], Malformed> {
        match self.item(what)? {
            Item::Bytes(bytes) => Ok(bytes),
            Item::List(_) => Err(Malformed::Kind(what)),
        }
    }

    /// The next item: `N` bytes.
    ///
    /// # Errors
    /// As [`Items::bytes`], and if it has another length.
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Malformed> {
        self.bytes(what)?.try_into().map_err(|_| Malformed::Length(what))
    }

    /// The next item: a number, big-endian in its shortest form.
    ///
    /// # Errors
    /// As [`Items::bytes`], and if it has a leading zero or is 2^64 or more.
    pub fn uint(&mut self, what: &'static str) -> Result<u64, Malformed> {
        let bytes = self.big_uint::<8>(what)?;
        Ok(u64::from_be_bytes(bytes))
    }

    /// The next item: a number of at most `N` bytes.
    ///
    /// # Errors
    /// As [`Items::bytes`], and if it has a leading zero or more bytes.
    pub fn big_uint<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Malformed> {
        let bytes = self.bytes(what)?;
        if bytes.first() == Some(&0) {
            return Err(Malformed::NotCanonical(what));
        }
        let mut number = [0; N];
        let start = N.checked_sub(bytes.len()).ok_or(Malformed::Length(what))?;
        number[start..].copy_from_slice(bytes);
        Ok(number)
    }

    /// The next item: a list.
    ///
    /// # Errors
    /// If there is none, it is bytes, it ends too soon, or its length is not in its shortest form.
    pub fn items(&mut self, what: &'static str) -> Result<Self, Malformed> {
        match self.item(what)? {
            Item::List(items) => Ok(items),
            Item::Bytes(_) => Err(Malformed::Kind(what)),
        }
    }

    /// The next item, of either kind.
    ///
    /// # Errors
    /// If there is none, it ends too soon, or its length is not in its shortest form.
    pub fn item(&mut self, what: &'static str) -> Result<Item<'p>, Malformed> {
        let mut fields = Fields::new(self.rest);
        let item = fields.bytes(1, what)?;
        let (is_list, header) = match item[0] {
            0..0x80 => {
                self.rest = fields.rest();
                return Ok(Item::Bytes(item));
            }
            first @ 0x80..0xc0 => (false, first - BYTES),
            first @ 0xc0.. => (true, first - LIST),
        };
        let len = match header.checked_sub(SHORT) {
            None | Some(0) => header.into(),
            Some(len_of_len) => long_length(fields.bytes(len_of_len.into(), what)?, what)?,
        };
        let payload = fields.bytes(len, what)?;
        if let (false, [0..0x80]) = (is_list, payload) {
            // A single byte below 0x80 must be written without a length.
            return Err(Malformed::NotCanonical(what));
        }
        self.rest = fields.rest();
        Ok(if is_list { Item::List(Self { rest: payload }) } else { Item::Bytes(payload) })
    }
}

/// One item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'p> {
    /// Bytes.
    Bytes(&'p [u8]),
    /// A list.
    List(Items<'p>),
}

/// The prefixes of empty items; a length of up to [`SHORT`] is added.
const BYTES: u8 = 0x80;
const LIST: u8 = 0xc0;

/// The longest item whose length is in its first byte.
const SHORT: u8 = 55;

fn long_length(bytes: &[u8], what: &'static str) -> Result<usize, Malformed> {
    if bytes.first() == Some(&0) {
        return Err(Malformed::NotCanonical(what));
    }
    // Such a length never fits, so the item counts as one that ends too soon.
    let len = bytes.iter().try_fold(0usize, |len, byte| len.checked_mul(256)?.checked_add((*byte).into()));
    match len.ok_or(Malformed::EndsIn(what))? {
        len if len <= SHORT.into() => Err(Malformed::NotCanonical(what)),
        len => Ok(len),
    }
}

/// Appends a list of the items that `write` appends.
pub fn write_list(tx: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = tx.len();
    write(tx);
    let mut header = Vec::with_capacity(9);
    write_header(LIST, tx.len() - start, &mut header);
    tx.splice(start..start, header);
}

/// Appends bytes.
pub fn write_bytes(bytes: &[u8], tx: &mut Vec<u8>) {
    if !matches!(bytes, [0..0x80]) {
        write_header(BYTES, bytes.len(), tx);
    }
    tx.extend_from_slice(bytes);
}

/// Appends a number.
pub fn write_uint(number: u64, tx: &mut Vec<u8>) {
    write_big_uint(&number.to_be_bytes(), tx);
}

/// Appends a number that is given big-endian.
pub fn write_big_uint(number: &[u8], tx: &mut Vec<u8>) {
    write_bytes(without_leading_zeros(number), tx);
}

fn write_header(kind: u8, len: usize, tx: &mut Vec<u8>) {
    match u8::try_from(len) {
        Ok(len) if len <= SHORT => tx.push(kind + len),
        _ => {
            let len = len.to_be_bytes();
            let len = without_leading_zeros(&len);
            let len_of_len = u8::try_from(len.len()).expect("at most 8");
            tx.push(kind + SHORT + len_of_len);
            tx.extend_from_slice(len);
        }
    }
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::collection::vec;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{Items, write_bytes, write_list, write_uint};
    use crate::error::Malformed;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(parts in vec(vec(any::<u8>(), 0..80), 0..8), number in any::<u64>(), shift in 0u32..64) {
            let mut bytes = Vec::new();
            write_list(&mut bytes, |tx| {
                write_uint(number >> shift, tx);
                write_list(tx, |tx| parts.iter().for_each(|part| write_bytes(part, tx)));
            });
            let mut items = Items::of(&bytes, "list").unwrap();
            prop_assert_eq!(items.uint("number"), Ok(number >> shift));
            let mut inner = items.items("parts").unwrap();
            for part in &parts {
                prop_assert_eq!(inner.bytes("part"), Ok(&part[..]));
            }
            prop_assert_eq!((inner.is_empty(), items.is_empty()), (true, true));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..40)) {
            let mut items = Items::bare(&bytes);
            while items.item("item").is_ok() {}
        }
    }

    #[test]
    fn the_examples_of_the_specification_are_read() {
        assert_eq!(Items::bare(b"\x83dog").bytes("dog"), Ok(&b"dog"[..]));
        assert_eq!(Items::bare(b"\x80").uint("zero"), Ok(0));
        assert_eq!(Items::bare(b"\x82\x04\x00").uint("1024"), Ok(1024));
        let mut both = Items::of(b"\xc8\x83cat\x83dog", "both").unwrap();
        assert_eq!((both.bytes("cat"), both.bytes("dog")), (Ok(&b"cat"[..]), Ok(&b"dog"[..])));
    }

    #[test]
    fn every_value_has_one_form() {
        for bytes in [&b"\x81\x00"[..], b"\x81\x7f", b"\xb8\x01a", b"\xb9\x00\x38", b"\x82\x00\x01", b"\x00"] {
            assert_eq!(Items::bare(bytes).uint("n"), Err(Malformed::NotCanonical("n")), "{bytes:x?}");
        }
    }

    #[test]
    fn no_length_is_believed() {
        for bytes in [&b"\x83do"[..], b"\xb8", b"\xbf\xff\xff\xff\xff\xff\xff\xff\xff", b"\xbb\xff\xff\xff\xff!", b""] {
            assert_eq!(Items::bare(bytes).bytes("n"), Err(Malformed::EndsIn("n")), "{bytes:x?}");
        }
        assert_eq!(Items::bare(b"\xc1\x80").bytes("n"), Err(Malformed::Kind("n")));
        assert_eq!(Items::bare(b"\x89123456789").uint("n"), Err(Malformed::Length("n")));
    }
}
