//! Portable storage: the format of a message's body. All numbers are little-endian. (docs/PORTABLE_STORAGE.md,
//! contrib/epee/include/storages)
//!
//! ```text
//! 01 11 01 01 01 01 02 01 01 | section
//! section: count | entries: length of the key u8, key, type u8, value
//! array:   type with its highest bit set | count | values
//! count:   1, 2, 4 or 8 bytes, whose lowest two bits say how many they are
//! ```
//!
//! A body is checked in one pass, without allocation, and is valid afterwards: see [`read`]. Its values stay in the
//! buffer, and are looked up by key.

mod read;
mod section;
mod write;

pub use section::{Array, Field, Section, Value};
pub use write::{Writer, write, write_count};

use handshake::Fields;

use crate::error::Malformed;

/// The start of every body: two signatures and a version.
pub const SIGNATURE: [u8; 9] = [0x01, 0x11, 0x01, 0x01, 0x01, 0x01, 0x02, 0x01, 0x01];

/// Nested sections and arrays, at most. A peer list has five levels; the rest is for future formats. (Monero allows
/// about 30: EPEE_PORTABLE_STORAGE_RECURSION_LIMIT)
pub const MAX_DEPTH: usize = 16;

/// Entries of a section, at most. No known section has more than ten. So few keys can be compared with each other.
pub const MAX_ENTRIES: usize = 64;

/// Sections in a body, at most. A peer list has three for each peer. (levin_abstract_invoke2.h: default_levin_limits)
pub const MAX_SECTIONS: usize = 8192;

/// Strings in a body, at most. (levin_abstract_invoke2.h: default_levin_limits)
pub const MAX_STRINGS: usize = 16384;

/// Reads a body: checks all of it, within the limits. Bytes after the section are ignored, as in Monero.
///
/// # Errors
/// If it ends too soon, has an unknown type or a key twice, or exceeds a limit.
pub fn read(body: &[u8]) -> Result<Section<'_>, Malformed> {
    let rest = body.strip_prefix(&SIGNATURE).ok_or(Malformed::Signature)?;
    read::section(&mut Fields::new(rest), &mut read::Walk::first())
}

/// The numbers of value types.
mod kind {
    pub(super) const I64: u8 = 1;
    pub(super) const I32: u8 = 2;
    pub(super) const I16: u8 = 3;
    pub(super) const I8: u8 = 4;
    pub(super) const U64: u8 = 5;
    pub(super) const U32: u8 = 6;
    pub(super) const U16: u8 = 7;
    pub(super) const U8: u8 = 8;
    pub(super) const F64: u8 = 9;
    pub(super) const STRING: u8 = 10;
    pub(super) const BOOL: u8 = 11;
    pub(super) const SECTION: u8 = 12;
    /// An array follows, its type first.
    pub(super) const ARRAY: u8 = 13;
    /// Added to the type of an array's values.
    pub(super) const ARRAY_FLAG: u8 = 0x80;
}
