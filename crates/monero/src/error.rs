//! Why a Monero handshake cannot go on, and whose fault that is.

use core::fmt;

use handshake::{Blame, EndsIn, Fault};

use crate::levin::{Command, Kind, ReturnCode, VERSION};
use crate::network::NetworkId;
use crate::peer::MAX_PEERS;
use crate::storage::{MAX_DEPTH, MAX_ENTRIES, MAX_SECTIONS, MAX_STRINGS};

/// Why a handshake cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The first message does not start as it must: another protocol.
    #[error("its first message has {} in the place of Levin's signature: it is no Monero node", Byte(*.found))]
    NotLevin {
        /// The first byte that is wrong.
        found: u8,
    },
    /// A later message does not start as it must.
    #[error("a later message has {} in the place of Levin's signature", Byte(*.found))]
    OutOfSync {
        /// The first byte that is wrong.
        found: u8,
    },
    /// The framing is of a version that we do not know.
    #[error("its messages have version {0}, ours {VERSION}")]
    Version(u32),
    /// The flags do not say who speaks to whom.
    #[error("the flags of its message, {flags:#x} and {expects}, have no meaning")]
    Flags {
        /// All of them.
        flags: u32,
        /// What says whether a response is expected.
        expects: u8,
    },
    /// A message is longer than it may be.
    #[error("it announces {len} bytes of {command}; at most {most} are allowed")]
    Oversized {
        /// The message.
        command: Command,
        /// Bytes of its body.
        len: u64,
        /// How many are allowed.
        most: u64,
    },
    /// A message cannot be read.
    #[error("its {command} {} {}: {what}", .kind.name(), Manner(*.what))]
    Malformed {
        /// The message.
        command: Command,
        /// Who speaks to whom.
        kind: Kind,
        /// What is wrong with it.
        what: Malformed,
    },
    /// A message that has no place here.
    #[error("it sent a {} of {command} where none can be", .kind.name())]
    Unexpected {
        /// The message.
        command: Command,
        /// Who speaks to whom.
        kind: Kind,
    },
    /// The peer is on another network.
    #[error("it is on {theirs}, not on {ours}")]
    Network {
        /// Its network.
        theirs: NetworkId,
        /// Ours.
        ours: NetworkId,
    },
    /// The peer answered that our request failed.
    #[error("it answered our {command} request with the return code {code}")]
    Refused {
        /// What we asked.
        command: Command,
        /// Its answer.
        code: ReturnCode,
    },
    /// The peer has our own id: we reached ourselves.
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

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It does not start as a body does.
    #[error("it does not start as portable storage does")]
    Signature,
    /// It is over before this is.
    #[error("it ends inside a {0}")]
    EndsIn(&'static str),
    /// There is no such type of values.
    #[error("it has a value of type {0:#04x}, which does not exist")]
    Type(u8),
    /// It is neither yes nor no.
    #[error("it has {0} where there must be yes or no")]
    Bool(u8),
    /// A key has no letters.
    #[error("it has an empty key")]
    Nameless,
    /// A section has two values for one key.
    #[error("it has the same key twice in one section")]
    Twice,
    /// A value is missing.
    #[error("it has no {0}")]
    Missing(&'static str),
    /// A value is of another type.
    #[error("its {0} is not {1}")]
    Not(&'static str, &'static str),
    /// A number is too large or too small.
    #[error("its {0} is out of range")]
    Range(&'static str),
    /// A string does not have the length that it must have.
    #[error("its {0} has a wrong length")]
    Length(&'static str),
    /// There is more of something than there may be.
    #[error("{0}")]
    TooMany(Limit),
}

impl From<EndsIn> for Malformed {
    fn from(EndsIn(what): EndsIn) -> Self {
        Self::EndsIn(what)
    }
}

/// What there is too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Limit {
    /// Sections and arrays inside each other.
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
    /// Peers that are told.
    #[error("more than {MAX_PEERS} peers")]
    Peers,
}

/// What a message is that is malformed so.
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
