//! How a connection ended without a message that says why.

use alloc::borrow::Cow;
use core::fmt;

/// Which side ended the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The peer closed it.
    Closed,
    /// The peer sent nothing more before the deadline.
    Silent,
}

/// Why our side leaves before a conversation is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leave {
    /// The deadline has passed: the peer was silent, or the time to keep the connection is over.
    Deadline,
    /// The run was interrupted.
    Stopped,
}

/// How a connection ended, and how much of our data the peer can have read before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Evidence {
    /// Which side ended it.
    pub end: End,
    /// How much of our data the peer can have read.
    pub ours: OursRead,
}

/// How much of our data the peer can have read when it closed the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OursRead {
    /// Nothing: we had sent nothing.
    NotSaid,
    /// Nothing: the peer closed its end before it read our first flight. A peer that closes after reading a part of
    /// that flight looks the same.
    Nothing,
    /// Not all of it: the peer closed its end before our last flight arrived, or while it had not read bytes of ours.
    NotAll,
    /// It may have read everything.
    Unknown,
}

/// A message that the peer began and did not finish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Its name, as it follows "its": `version message`.
    pub what: Cow<'static, str>,
    /// Bytes of it that came; more than 0.
    pub got: u64,
    /// Bytes that the message has in all, if the peer has announced that.
    pub len: Option<u64>,
}

impl Unfinished {
    /// A message of which `got` bytes came.
    #[must_use]
    pub fn new(what: impl Into<Cow<'static, str>>, got: usize, len: impl Into<Option<usize>>) -> Self {
        Self { what: what.into(), got: got as u64, len: len.into().map(|len| len as u64) }
    }
}

/// `60 of 117 bytes`, or `60 bytes` if the length is not known.
impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.len {
            Some(len) => write!(f, "{} of {len} bytes", self.got),
            None if self.got == 1 => f.write_str("1 byte"),
            None => write!(f, "{} bytes", self.got),
        }
    }
}
