//! Why a Lightning handshake cannot go on, and whose fault that is.

use alloc::boxed::Box;
use core::fmt;

use handshake::{Blame, EndsIn, Fault, Printable};

use crate::acts::{Act, VERSION};
use crate::chain::ChainHash;
use crate::feature::Feature;
use crate::message::{Kind, Notice};

/// Why a handshake cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An act does not start as it must: another protocol, or one yet to come.
    #[error("its {act} has version {}, ours is {VERSION}: it is no Lightning node, or a much newer one", Byte(*.found))]
    Version {
        /// Which act.
        act: Act,
        /// Its first byte.
        found: u8,
    },
    /// Where an act has a key, there is no point of the curve.
    #[error("the key in its {0} is no point of the curve")]
    Point(Act),
    /// A tag is wrong.
    #[error("{0}")]
    Mac(Part),
    /// A message without a whole type.
    #[error("it sent a message that is too short for a type ({0} of 2 bytes)")]
    Typeless(usize),
    /// A message cannot be read.
    #[error("its {kind} message is malformed: {what}")]
    Malformed {
        /// The message.
        kind: Kind,
        /// What is wrong with it.
        what: Malformed,
    },
    /// A message other than `init` came first.
    #[error("it sent {0} before its init")]
    Unexpected(Kind),
    /// The peer requires a feature that nobody here knows.
    #[error("it requires {0}, which we do not know")]
    Feature(Feature),
    /// The peer is interested in other chains only.
    #[error("it is on {}, not on {}", Names(.theirs), Names(.ours))]
    Network {
        /// Its chains.
        theirs: Box<[ChainHash]>,
        /// Ours.
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
    /// The peer asks for more pongs than anybody needs.
    #[error("it asks for so many pongs that it can only want to keep us busy")]
    PingFlood,
}

impl Fault for Error {
    fn blame(&self) -> Blame {
        match self {
            // Who dials us with another key means another node.
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

/// Where a tag is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Part {
    /// In an act.
    #[error("{}", match .0 {
        Act::One => "its act one is not for our key: it means another node",
        Act::Two => "the tag of its act two is wrong: it does not have the key that we dialled",
        Act::Three => "a tag of its act three is wrong",
    })]
    Act(Act),
    /// Behind the length of a message.
    #[error("the tag of its message's length is wrong")]
    Length,
    /// Behind a message.
    #[error("the tag of its message is wrong")]
    Message,
}

/// What is wrong with a message. Each carries the field's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The message is over before the field is.
    #[error("it ends inside the {0}")]
    EndsIn(&'static str),
    /// The field is longer than it may be.
    #[error("its {0} is too long")]
    TooLong(&'static str),
    /// The field does not have the length that its kind has.
    #[error("its {0} has a wrong length")]
    Length(&'static str),
    /// A number is not in its shortest form.
    #[error("the {0} is not in its shortest form")]
    NotMinimal(&'static str),
    /// A record of this type comes after one of the same or a higher type.
    #[error("its record of type {0} is out of order")]
    OutOfOrder(u64),
    /// A record of a type that must be understood, and is not.
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

/// `bitcoin and litecoin`, and how many more if there are many.
struct Names<'c>(&'c [ChainHash]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Nobody is known to be on more.
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

/// `"text"`, as far as it is worth a line.
pub(crate) struct Quoted<'t>(pub(crate) &'t [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Longer than any sentence that an implementation sends.
        const SHOWN: usize = 200;
        let (shown, more) = self.0.split_at(self.0.len().min(SHOWN));
        let dots = if more.is_empty() { "" } else { " ..." };
        write!(f, "\"{}\"{dots}", Printable(shown))
    }
}
