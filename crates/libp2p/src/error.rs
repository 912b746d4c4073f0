//! Why a libp2p handshake failed, and the side to blame.

use alloc::boxed::Box;
use core::fmt;

use handshake::{Blame, Fault, Text};

use crate::identity::KeyType;
use crate::peer_id::PeerId;
use crate::yamux::{Reason, StreamError};

/// Why a handshake failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The first bytes are not multistream-select.
    #[error("its first bytes are not multistream-select's: it is no libp2p node, or one of a private network")]
    NotLibp2p,
    /// The peer does not support Noise.
    #[error("it does not speak Noise{}", Instead(.theirs))]
    NoNoise {
        /// The protocols that it proposed.
        theirs: Box<[Text]>,
    },
    /// The peer proposes one protocol after the other, and none of ours.
    #[error("it proposed {0} protocols, none of which we speak")]
    Proposals(usize),
    /// The peer answers with a protocol that we did not request.
    #[error("it says \"{found}\" where \"{expected}\" belongs")]
    Answer {
        /// The expected name.
        expected: &'static str,
        /// The received name.
        found: Text,
    },
    /// A message of Noise's handshake has an invalid length.
    #[error("its Noise message {message} has {len} bytes; {least} to {most} are read")]
    NoiseLength {
        /// The number of the message, 1 to 3.
        message: u8,
        /// The announced length in bytes.
        len: u16,
        /// The least length, that of its keys.
        least: u16,
        /// The greatest length that we accept.
        most: u16,
    },
    /// A tag is wrong.
    #[error("{}", match .0 {
        Some(message) => Tag::InHandshake(*message),
        None => Tag::After,
    })]
    Mac(Option<u8>),
    /// The peer's key gives a shared secret of zeros with any other key.
    #[error("the key in its Noise message {0} has a small order: anybody would know what we agree on")]
    WeakKey(u8),
    /// A message cannot be read.
    #[error("its {message} is malformed: {what}")]
    Malformed {
        /// The message.
        message: &'static str,
        /// The fault in it.
        what: Malformed,
    },
    /// The peer's identity is a key of an unknown kind.
    #[error("its identity is a key of type {0}, which we do not know")]
    KeyType(u64),
    /// The peer's identity is not a valid key.
    #[error("its identity is no {0} key, or not one that is fit for use")]
    Key(KeyType),
    /// The signature of the identity is wrong.
    #[error("the signature by its {0} key is wrong: it is not who it says")]
    Signature(KeyType),
    /// The peer has another identity than the dialled one.
    #[error("it is {theirs}, not {dialled}")]
    PeerId {
        /// The peer's id.
        theirs: PeerId,
        /// The dialled id.
        dialled: PeerId,
    },
    /// The peer has our own identity: we connected to ourselves.
    #[error("it has our own identity: we are connected to ourselves")]
    SelfConnect,
    /// The peer does not support yamux.
    #[error("it does not speak yamux{}", Instead(.theirs))]
    NoMuxer {
        /// The muxers that it proposed.
        theirs: Box<[Text]>,
    },
    /// A frame of its muxer breaks the rules.
    #[error("it breaks the rules of yamux: {0}")]
    Yamux(&'static str),
    /// The peer opens too many streams beyond its limit.
    #[error("it keeps opening streams beyond the {0} that it may have open at a time")]
    StreamFlood(usize),
    /// The peer sent a go away.
    #[error("it said goodbye: {0}")]
    GoAway(Reason),
    /// The peer does not introduce itself.
    #[error("{}", match (.closed, .why) {
        (false, _) => Silence::DoesNotSpeak,
        (true, why) => Silence::Closed(*why),
    })]
    NoIdentify {
        /// Whether it closed the stream instead of answering.
        closed: bool,
        /// The reason, if it gave one.
        why: Option<StreamError>,
    },
    /// A message is longer than our limit. The protocol allows it.
    #[error("its {message} has {len} bytes; at most {most} are read")]
    Oversized {
        /// The message.
        message: &'static str,
        /// The announced length in bytes.
        len: u64,
        /// The limit.
        most: usize,
    },
    /// The peer introduces itself with another identity than the one that it proved.
    #[error("it introduces itself with another identity than the one that it proved")]
    Identity,
}

impl Fault for Error {
    fn blame(&self) -> Blame {
        match self {
            Self::NotLibp2p
            | Self::NoNoise { .. }
            | Self::Proposals(_)
            | Self::KeyType(_)
            | Self::PeerId { .. }
            | Self::NoMuxer { .. }
            | Self::NoIdentify { closed: false, .. } => Blame::Mismatch,
            Self::GoAway(_) | Self::NoIdentify { closed: true, .. } => Blame::Refused,
            // Our own limit; the protocol has none.
            Self::NoiseLength { len, most, .. } if len > most => Blame::Local,
            Self::Oversized { .. } | Self::SelfConnect => Blame::Local,
            Self::Answer { .. }
            | Self::NoiseLength { .. }
            | Self::Mac(_)
            | Self::WeakKey(_)
            | Self::Malformed { .. }
            | Self::Key(_)
            | Self::Signature(_)
            | Self::Yamux(_)
            | Self::StreamFlood(_)
            | Self::Identity => Blame::Peer,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotLibp2p => "libp2p.not-libp2p",
            Self::NoNoise { .. } => "libp2p.no-noise",
            Self::Proposals(_) => "libp2p.proposals",
            Self::Answer { .. } => "libp2p.unexpected",
            Self::NoiseLength { .. } | Self::Oversized { .. } => "libp2p.oversized",
            Self::Mac(_) => "libp2p.mac",
            Self::WeakKey(_) => "libp2p.weak-key",
            Self::Malformed { .. } => "libp2p.malformed",
            Self::KeyType(_) => "libp2p.key-type",
            Self::Key(_) => "libp2p.key",
            Self::Signature(_) => "libp2p.signature",
            Self::PeerId { .. } => "libp2p.peer-id",
            Self::SelfConnect => "libp2p.self-connect",
            Self::NoMuxer { .. } => "libp2p.no-muxer",
            Self::Yamux(_) => "libp2p.yamux",
            Self::StreamFlood(_) => "libp2p.stream-flood",
            Self::GoAway(_) => "libp2p.go-away",
            Self::NoIdentify { .. } => "libp2p.no-identify",
            Self::Identity => "libp2p.identity",
        }
    }
}

/// The fault in a message. Each carries the field's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The message ends before the field does.
    #[error("it ends inside the {0}")]
    EndsIn(&'static str),
    /// The number has more than 64 bits.
    #[error("its {0} is too long")]
    TooLong(&'static str),
    /// A number is not in its shortest form.
    #[error("the {0} is not in its shortest form")]
    NotMinimal(&'static str),
    /// A field has a value of another type.
    #[error("its {0} has another type than it must have")]
    Type(&'static str),
    /// A field that may occur once occurs again.
    #[error("it has more than one {0}")]
    Twice(&'static str),
    /// A field is missing.
    #[error("it has no {0}")]
    Missing(&'static str),
    /// A message is not in its canonical form.
    #[error("the {0} is not written in the one way that there is")]
    NotCanonical(&'static str),
    /// A protocol's name does not end with a newline.
    #[error("it does not end with a newline")]
    NoNewline,
}

/// Why nothing was read.
pub type ReadError = handshake::ReadError<Error>;

/// The place of a wrong tag.
enum Tag {
    InHandshake(u8),
    After,
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InHandshake(message) => {
                write!(f, "a tag in its Noise message {message} is wrong: it was changed on the way")
            }
            Self::After => f.write_str("the tag of a frame is wrong: it was changed on the way"),
        }
    }
}

/// Why there is no introduction.
enum Silence {
    DoesNotSpeak,
    Closed(Option<StreamError>),
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DoesNotSpeak => f.write_str("it does not speak identify"),
            Self::Closed(None) => f.write_str("it closed the stream on which it was asked for identify"),
            Self::Closed(Some(why)) => write!(f, "it reset the stream on which it was asked for identify: {why}"),
        }
    }
}

/// `, but /tls/1.0.0 and /quic`, and the number of the others if there are many.
struct Instead<'n>(&'n [Text]);

impl fmt::Display for Instead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Names to show, at most.
        const SHOWN: usize = 3;
        let (shown, more) = self.0.split_at(self.0.len().min(SHOWN));
        for (n, name) in shown.iter().enumerate() {
            let separator = if n > 0 { " and " } else { ", but " };
            write!(f, "{separator}{name}")?;
        }
        match more.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
