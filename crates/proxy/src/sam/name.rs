//! The names of destinations.

use alloc::boxed::Box;
use alloc::string::ToString as _;
use core::fmt;

use address::Address;

/// The hash of a destination, by which it is named: `….b32.i2p`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

/// 52 letters and `.b32.i2p`.
impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Address::from(*self).fmt(f)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl From<Hash> for Address {
    fn from(hash: Hash) -> Self {
        Self::I2p(hash.0)
    }
}

/// Bytes of a name; at least 1. As many as a name of the DNS has.
pub const MAX_NAME: usize = 255;

/// A name that a router may know: `….b32.i2p`, or one of its address book, such as `stats.i2p`. 1 to [`MAX_NAME`] printable
/// characters of ASCII, without spaces and quotes, so that it stays one word of a line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(Box<str>);

impl Name {
    /// Checks a name.
    ///
    /// # Errors
    /// [`BadName`] if it is empty or longer, or has another character.
    pub fn new(name: &str) -> Result<Self, BadName> {
        let is_word = name.bytes().all(|byte| matches!(byte, b'!'..=b'~') && !matches!(byte, b'"' | b'\\'));
        if is_word && (1..=MAX_NAME).contains(&name.len()) { Ok(Self(name.into())) } else { Err(BadName) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Hash> for Name {
    fn from(hash: Hash) -> Self {
        Self(hash.to_string().into())
    }
}

/// A text that cannot be a name of I2P.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no name of I2P: it has 1 to {MAX_NAME} printable characters, without spaces and quotes")]
pub struct BadName;
