//! Why a Lightning handshake failed, and the side to blame.

use alloc::boxed::Box;
use core::fmt;

use handshake::{Blame, EndsIn, Fault, Printable};

use crate::acts::{Act, VERSION};
use crate::chain::ChainHash;
use crate::feature::Feature;
use crate::message::{Kind, Notice};

/// Why a handshake failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An act has an unknown version: another protocol, or a future version.
    #[error("its {act} has version {}, ours is {VERSION}: it is no Lightning node, or a much newer one", Byte(*.found))]
    Version {
        /// The act.
        act: Act,
        /// Its first byte.
        found: u8,
    },
    /// The key in an act is not a point of the curve.
    #[error("the key in its {0} is no point of the curve")]
    Point(Act),
    /// A tag is wrong.
    #[error("{0}")]
    Mac(Part),
    /// A message is too short for its type.
    #[error("it sent a message that is too short for a type ({0} of 2 bytes)")]
    Typeless(usize),
    /// A message cannot be read.
    #[error("its {kind} message is malformed: {what}")]
    Malformed {
        /// The message.
        kind: Kind,
        /// The fault in it.
        what: Malformed,
    },
    /// A message other than `init` came first.
    #[error("it sent {0} before its init")]
    Unexpected(Kind),
    /// The peer requires a feature that is unknown here.
    #[error("it requires {0}, which we do not know")]
    Feature(Feature),
    /// The peer supports other chains only.
    #[error("it is on {}, not on {}", Names(.theirs), Names(.ours))]
    Network {
        /// The peer's chains.
        theirs: Box<[ChainHash]>,
        /// Our chains.
        ours: Box<[ChainHash]>,
    },
    /// The peer sent an `error`.
    #[error("it sent an error: {0}")]
    Error(Notice),
    /// The peer closed the connection after a `warning`.
    #[error("it sent a warning and closed the connection: {0}")]
    Warning(Notice),
    /// The peer has our own key: we reached ourselves.
    #[error("it has our own key: we are connected to ourselves")]
    SelfConnect,
    /// The peer requests more pongs than any node needs.
    #[error("it asks for so many pongs that it can only want to keep us busy")]
    PingFlood,
}

impl Fault for Error {
    fn blame(&self) -> Blame {
        match self {
            // The initiator used another key, so it looks for another node.
            Self::Mac(Part::Act(Act::One)) => Blame::Mismatch,
            Self::Version { .. } | Self::Feature(_) | Self::Network { .. } => Blame::Mismatch,
            Self::Point(_)
            | Self::Mac(_)
            | Self::Typeless(_)
            | Self::Malformed { .. }
            | Self::Unexpected(_)
            | Self::PingFlood => Blame::Peer,
            Self::Error(_) | Self::Warning(_) => Blame::Refused,
            Self::SelfConnect => Blame::Local,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Version { .. } => "lightning.version",
            Self::Point(_) => "lightning.point",
            Self::Mac(_) => "lightning.mac",
            Self::Typeless(_) | Self::Malformed { .. } => "lightning.malformed",
            Self::Unexpected(_) => "lightning.unexpected",
            Self::Feature(_) => "lightning.feature",
            Self::Network { .. } => "lightning.network",
            Self::Error(_) => "lightning.error",
            Self::Warning(_) => "lightning.warning",
            Self::SelfConnect => "lightning.self-connect",
            Self::PingFlood => "lightning.ping-flood",
        }
    }

    fn refuses(&self) -> bool {
        matches!(self, Self::Error(_) | Self::Warning(_))
    }
}

/// The place of a wrong tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Part {
    /// In an act.
    #[error("{}", match .0 {
        Act::One => "its act one is not for our key: it means another node",
        Act::Two => "the tag of its act two is wrong: it does not have the key that we dialled",
        Act::Three => "a tag of its act three is wrong",
    })]
    Act(Act),
    /// After the length of a message.
    #[error("the tag of its message's length is wrong")]
    Length,
    /// After a message.
    #[error("the tag of its message is wrong")]
    Message,
}

/// The fault in a message. Each carries the field's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The message ends before the field does.
    #[error("it ends inside the {0}")]
    EndsIn(&'static str),
    /// The field is longer than it may be.
    #[error("its {0} is too long")]
    TooLong(&'static str),
    /// The field does not have the length of its kind.
    #[error("its {0} has a wrong length")]
    Length(&'static str),
    /// A number is not in its shortest form.
    #[error("the {0} is not in its shortest form")]
    NotMinimal(&'static str),
    /// A record of this type comes after one of the same or a higher type.
    #[error("its record of type {0} is out of order")]
    OutOfOrder(u64),
    /// A record of an even type that is unknown.
    #[error("its record of type {0} must be understood, and is not")]
    UnknownRecord(u64),
}

impl From<EndsIn> for Malformed {
    fn from(EndsIn(what): EndsIn) -> Self {
        Self::EndsIn(what)
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

/// `bitcoin and litecoin`, and the number of the others if there are many.
struct Names<'c>(&'c [ChainHash]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// No known node is on more.
        const SHOWN: usize = 3;
        let (shown, more) = self.0.split_at(self.0.len().min(SHOWN));
        for (n, hash) in shown.iter().enumerate() {
            let separator = if n > 0 { " and " } else { "" };
            write!(f, "{separator}{hash}")?;
        }
        match more.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// `"text"`, cut if it is long.
pub(crate) struct Quoted<'t>(pub(crate) &'t [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// More than the length of any known implementation's error text.
        const SHOWN: usize = 200;
        let (shown, more) = self.0.split_at(self.0.len().min(SHOWN));
        let dots = if more.is_empty() { "" } else { " ..." };
        write!(f, "\"{}\"{dots}", Printable(shown))
    }
}
