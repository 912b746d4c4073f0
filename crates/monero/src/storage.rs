//! Portable storage: what the body of a message is written in. All numbers are little endian.
//! (docs/PORTABLE_STORAGE.md, contrib/epee/include/storages)
//!
//! ```text
//! 01 11 01 01 01 01 02 01 01 | section
//! section: count | entries: length of the key u8, key, type u8, value
//! array:   type with its highest bit set | count | values
//! count:   1, 2, 4 or 8 bytes, whose lowest two bits say how many they are
//! ```
//!
//! A body is walked once, without memory of its own, and is then known to be sound: see [`read`]. What a peer wrote
//! stays where it lies, and is taken from there by its key.

mod read;
mod section;
mod write;

pub use section::{Array, Field, Section, Value};
pub use write::{Writer, write, write_count};

use handshake::Fields;

use crate::error::Malformed;

/// What every body starts with: two signatures and a version.
pub const SIGNATURE: [u8; 9] = [0x01, 0x11, 0x01, 0x01, 0x01, 0x01, 0x02, 0x01, 0x01];

/// Sections and arrays inside each other. A peer list has five; the rest is room for what is to come. (Monero allows
/// for some 30: EPEE_PORTABLE_STORAGE_RECURSION_LIMIT)
pub const MAX_DEPTH: usize = 16;

/// Entries of a section. None that we know has more than ten. So few can be compared with each other.
pub const MAX_ENTRIES: usize = 64;

/// Sections in a body. A peer list has three for each peer. (levin_abstract_invoke2.h: default_levin_limits)
pub const MAX_SECTIONS: usize = 8192;

/// Strings in a body. (levin_abstract_invoke2.h: default_levin_limits)
pub const MAX_STRINGS: usize = 16384;

/// Reads a body: all of it is walked, and found to be within the limits. What follows the section is left unread, as
/// Monero leaves it.
///
/// # Errors
/// If it is cut, has a type that does not exist, a key twice, or more of something than there may be.
pub fn read(body: &[u8]) -> Result<Section<'_>, Malformed> {
    let rest = body.strip_prefix(&SIGNATURE).ok_or(Malformed::Signature)?;
    read::section(&mut Fields::new(rest), &mut read::Walk::first())
}

/// Types of values, as they are written.
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
    /// Of an array of this type.
    pub(super) const ARRAY_FLAG: u8 = 0x80;
}
