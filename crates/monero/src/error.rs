//! Why a Monero handshake failed, and the side to blame.

use core::fmt;

use handshake::{Blame, EndsIn, Fault};

use crate::levin::{Command, Kind, ReturnCode, VERSION};
use crate::network::NetworkId;
use crate::peer::MAX_PEERS;
use crate::storage::{MAX_DEPTH, MAX_ENTRIES, MAX_SECTIONS, MAX_STRINGS};

/// Why a handshake failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The first message has another signature: another protocol.
    #[error("its first message has {} in the place of Levin's signature: it is no Monero node", Byte(*.found))]
    NotLevin {
        /// The first byte that is wrong.
        found: u8,
    },
    /// A later message has another signature.
    #[error("a later message has {} in the place of Levin's signature", Byte(*.found))]
    OutOfSync {
        /// The first byte that is wrong.
        found: u8,
    },
    /// The framing has an unknown version.
    #[error("its messages have version {0}, ours {VERSION}")]
    Version(u32),
    /// The flags do not give a valid kind of message.
    #[error("the flags of its message, {flags:#x} and {expects}, have no meaning")]
    Flags {
        /// All flags.
        flags: u32,
        /// The field that says whether a response is expected.
        expects: u8,
    },
    /// A message is longer than allowed.
    #[error("it announces {len} bytes of {command}; at most {most} are allowed")]
    Oversized {
        /// The message.
        command: Command,
        /// The length of its body in bytes.
        len: u64,
        /// The limit.
        most: u64,
    },
    /// A message cannot be read.
    #[error("its {command} {} {}: {what}", .kind.name(), Manner(*.what))]
    Malformed {
        /// The message.
        command: Command,
        /// Its kind.
        kind: Kind,
        /// The fault in it.
        what: Malformed,
    },
    /// A message that is not allowed here.
    #[error("it sent a {} of {command} where none can be", .kind.name())]
    Unexpected {
        /// The message.
        command: Command,
        /// Its kind.
        kind: Kind,
    },
    /// The peer is on another network.
    #[error("it is on {theirs}, not on {ours}")]
    Network {
        /// The peer's network.
        theirs: NetworkId,
        /// Our network.
        ours: NetworkId,
    },
    /// The peer answered that our request failed.
    #[error("it answered our {command} request with the return code {code}")]
    Refused {
        /// The command of our request.
        command: Command,
        /// The peer's return code.
        code: ReturnCode,
    },
    /// The peer has our own id: we connected to ourselves.
    #[error("it has our own peer id: we are connected to ourselves")]
    SelfConnect,
}

impl Fault for Error {
    fn blame(&self) -> Blame {
        match self {
            Self::NotLevin { .. } | Self::Version(_) | Self::Network { .. } => Blame::Mismatch,
            Self::OutOfSync { .. }
            | Self::Flags { .. }
            | Self::Oversized { .. }
            | Self::Malformed { .. }
            | Self::Unexpected { .. } => Blame::Peer,
            Self::Refused { .. } => Blame::Refused,
            Self::SelfConnect => Blame::Local,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotLevin { .. } => "monero.not-levin",
            Self::OutOfSync { .. } => "monero.out-of-sync",
            Self::Version(_) => "monero.version",
            Self::Flags { .. } => "monero.flags",
            Self::Oversized { .. } => "monero.oversized",
            Self::Malformed { what: Malformed::TooMany(_), .. } => "monero.limit",
            Self::Malformed { .. } => "monero.malformed",
            Self::Unexpected { .. } => "monero.unexpected",
            Self::Network { .. } => "monero.network",
            Self::Refused { .. } => "monero.return-code",
            Self::SelfConnect => "monero.self-connect",
        }
    }
}

/// The fault in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// It does not start with the signature of portable storage.
    #[error("it does not start as portable storage does")]
    Signature,
    /// The body ends inside this.
    #[error("it ends inside a {0}")]
    EndsIn(&'static str),
    /// A value has an unknown type.
    #[error("it has a value of type {0:#04x}, which does not exist")]
    Type(u8),
    /// A bool is neither 0 nor 1.
    #[error("it has {0} where there must be yes or no")]
    Bool(u8),
    /// A key is empty.
    #[error("it has an empty key")]
    Nameless,
    /// A section has the same key twice.
    #[error("it has the same key twice in one section")]
    Twice,
    /// A value is missing.
    #[error("it has no {0}")]
    Missing(&'static str),
    /// A value has another type.
    #[error("its {0} is not {1}")]
    Not(&'static str, &'static str),
    /// A number is too large or too small.
    #[error("its {0} is out of range")]
    Range(&'static str),
    /// A string has a wrong length.
    #[error("its {0} has a wrong length")]
    Length(&'static str),
    /// A limit is exceeded.
    #[error("{0}")]
    TooMany(Limit),
}

impl From<EndsIn> for Malformed {
    fn from(EndsIn(what): EndsIn) -> Self {
        Self::EndsIn(what)
    }
}

/// A limit of portable storage or of peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Limit {
    /// Nested sections and arrays.
    #[error("more than {MAX_DEPTH} sections and arrays inside each other")]
    Depth,
    /// Entries of a section.
    #[error("more than {MAX_ENTRIES} entries in a section")]
    Entries,
    /// Sections.
    #[error("more than {MAX_SECTIONS} sections")]
    Sections,
    /// Strings.
    #[error("more than {MAX_STRINGS} strings")]
    Strings,
    /// Peers in a message.
    #[error("more than {MAX_PEERS} peers")]
    Peers,
}

/// The wording of an error for a malformed message.
struct Manner(Malformed);

impl fmt::Display for Manner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self.0, Malformed::TooMany(_)) { "is beyond a limit" } else { "is malformed" })
    }
}

/// `72 ('H')`
struct Byte(u8);

impl fmt::Display for Byte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            b'!'..=b'~' => write!(f, "{} ('{}')", self.0, char::from(self.0)),
            byte => write!(f, "{byte}"),
        }
    }
}
