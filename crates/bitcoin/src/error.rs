//! Why a Bitcoin handshake failed, and the side to blame.

use core::fmt;

pub use handshake::Banner;
use handshake::{Blame, EndsIn, Fault, Hex, Printable, Role};

use crate::chain::{Chain, Checksum, Magic, Params};
use crate::message::{Command, MAX_PAYLOAD_LEN, Reject};
use crate::services::Services;
use crate::v2;

/// Why a handshake failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The first bytes are those of another network.
    #[error("its messages start with {found}{}, ours with {expected}", NamesOf(*.found))]
    Magic {
        /// The magic that came.
        found: Magic,
        /// The magic of the network that we use.
        expected: Magic,
    },
    /// The keys of an encrypted connection are those of another network.
    #[error("its keys are those of the network with the magic {found}{}, ours of {expected}", NamesOf(*.found))]
    KeysOf {
        /// The magic from which the keys were derived.
        found: Magic,
        /// The magic of the network that we use.
        expected: Magic,
    },
    /// The first bytes are those of another kind of service.
    #[error("not a Bitcoin node: it {0}")]
    NotBitcoin(Banner),
    /// The first bytes of a peer that dialled us are those of a client of another kind of service.
    #[error("not a Bitcoin node: it {}", .0.asked())]
    NotBitcoinCaller(Banner),
    /// The first bytes are neither a message of any network nor those of a known service.
    #[error(
        "what it sent is no message in plain text: most likely it speaks BIP324 and took us for a node that does, or it \
         speaks another protocol"
    )]
    NoMessage,
    /// A message does not start with the magic, though earlier ones did.
    #[error("a message starts with {}, not with the network's magic, though earlier ones did", Magic(*.found))]
    OutOfSync {
        /// The first four bytes of the message.
        found: [u8; 4],
    },
    /// A header announces more than the protocol allows, or than we read of this message.
    #[error("its {command} message claims {len} bytes; {}", Most(*.max))]
    Oversized {
        /// The message.
        command: Command,
        /// Payload bytes, from its header.
        len: u32,
        /// How many are allowed, or read.
        max: u32,
    },
    /// A payload does not have the checksum that its header gives.
    #[error(
        "the checksum of its {command} message is wrong: it says {}, computed {}{}",
        Hex(.said), Hex(.computed), Hint(*.other)
    )]
    Checksum {
        /// The message.
        command: Command,
        /// The checksum in its header.
        said: [u8; 4],
        /// The checksum that we computed.
        computed: [u8; 4],
        /// The other kind of checksum that would match, if there is one.
        other: Option<Checksum>,
    },
    /// A payload cannot be read.
    #[error("its {command} message is malformed: {what}")]
    Malformed {
        /// The message.
        command: Command,
        /// What is wrong with it.
        what: Malformed,
    },
    /// A message that must not be sent on this connection or at this time.
    #[error("it sent {0}, which the lower of our two protocol versions does not know")]
    Unexpected(Command),
    /// The peer's protocol version is below the required one: the network's minimum, unless the user set another.
    #[error("its protocol version is {version}; at least {minimum} is asked for")]
    Obsolete {
        /// The version that the peer announced.
        version: i32,
        /// The version that we require.
        minimum: i32,
    },
    /// The peer lacks services that we require.
    #[error("it lacks services that we ask for: {}", Named(*.missing, .params))]
    Services {
        /// The missing services.
        missing: Services,
        /// The network, for the names of its services.
        params: Params,
    },
    /// The peer's nonce is one of ours: we connected to ourselves.
    #[error("it sent our own nonce: we are connected to ourselves, or to something that echoes")]
    SelfConnect,
    /// The peer refused our `version` and gave a reason. (BIP61)
    #[error("it rejected our version: {reject}{}", Wanted(.reject, .params))]
    Rejected {
        /// The peer's message.
        reject: Reject,
        /// The network, for the names of the services that the peer requires.
        params: Params,
    },
    /// Something is wrong below the messages of an encrypted connection. (BIP324)
    #[error(transparent)]
    V2(#[from] v2::Error),
}

impl Error {
    /// The same error as the side in this role reports it.
    pub(crate) fn told_by(self, role: Role) -> Self {
        match (self, role) {
            (Self::NotBitcoin(banner), Role::Responder) => Self::NotBitcoinCaller(banner),
            (error, _) => error,
        }
    }
}

impl Fault for Error {
    fn blame(&self) -> Blame {
        match self {
            Self::Magic { .. }
            | Self::KeysOf { .. }
            | Self::NotBitcoin(_)
            | Self::NotBitcoinCaller(_)
            | Self::NoMessage
            | Self::Obsolete { .. }
            | Self::Services { .. } => Blame::Mismatch,
            Self::Checksum { other, .. } if other.is_some() => Blame::Mismatch,
            Self::OutOfSync { .. }
            | Self::Oversized { .. }
            | Self::Checksum { .. }
            | Self::Malformed { .. }
            | Self::Unexpected(_) => Blame::Peer,
            Self::SelfConnect => Blame::Local,
            Self::Rejected { .. } => Blame::Refused,
            Self::V2(error) => error.blame(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Magic { .. } | Self::KeysOf { .. } => "bitcoin.magic",
            Self::NotBitcoin(_) | Self::NotBitcoinCaller(_) => "bitcoin.not-bitcoin",
            Self::NoMessage => "bitcoin.no-message",
            Self::OutOfSync { .. } => "bitcoin.out-of-sync",
            Self::Oversized { .. } => "bitcoin.oversized",
            Self::Checksum { .. } => "bitcoin.checksum",
            Self::Malformed { .. } => "bitcoin.malformed",
            Self::Unexpected(_) => "bitcoin.unexpected",
            Self::Obsolete { .. } => "bitcoin.obsolete",
            Self::Services { .. } => "bitcoin.services",
            Self::SelfConnect => "bitcoin.self-connect",
            Self::Rejected { .. } => "bitcoin.rejected",
            Self::V2(error) => error.code(),
        }
    }

    fn number(&self) -> Option<u64> {
        match self {
            Self::Rejected { reject, .. } => Some(reject.code.into()),
            _ => None,
        }
    }
}

/// Why nothing was read.
pub type ReadError = handshake::ReadError<Error>;

impl From<v2::Error> for ReadError {
    fn from(error: v2::Error) -> Self {
        Self::Error(error.into())
    }
}

/// What is wrong with a payload. Each carries the field's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The payload ends before the field does.
    #[error("it ends inside the {0}")]
    EndsIn(&'static str),
    /// The field is longer than it may be.
    #[error("its {0} is too long")]
    TooLong(&'static str),
    /// The field is shorter than it must be.
    #[error("its {0} is too short")]
    TooShort(&'static str),
    /// A length is not in its shortest form.
    #[error("the length of its {0} is not canonical")]
    NotCanonical(&'static str),
    /// Bytes follow although none may.
    #[error("bytes follow its {0}")]
    Trailing(&'static str),
    /// The field has a value that is not allowed.
    #[error("its {0} has a value that is not allowed")]
    Value(&'static str),
}

impl From<EndsIn> for Malformed {
    fn from(EndsIn(what): EndsIn) -> Self {
        Self::EndsIn(what)
    }
}

/// ` (litecoin)`: the networks with this magic.
struct NamesOf(Magic);

impl fmt::Display for NamesOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chains = Chain::with_magic(self.0).map(|chain| chain.name);
        let Some(first) = chains.next() else {
            return if self.0.0.iter().all(|b| (b' '..=b'~').contains(b)) {
                write!(f, " (\"{}\")", Printable(&self.0.0))
            } else {
                Ok(())
            };
        };
        write!(f, " ({first}")?;
        for name in chains {
            write!(f, " or {name}")?;
        }
        f.write_str(")")
    }
}

/// `WITNESS,P2P_V2`
struct Named<'p>(Services, &'p Params);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, name) in self.0.names(self.1).enumerate() {
            write!(f, "{}{name}", if n == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

/// `: it asks for NETWORK of a node that it dials`
struct Wanted<'e>(&'e Reject, &'e Params);

impl fmt::Display for Wanted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.required_services() {
            Some(services) if services != Services::NONE => {
                write!(f, ": it asks for {} of a node that it dials", Named(services, self.1))
            }
            _ => Ok(()),
        }
    }
}

/// The origin of the limit.
struct Most(u32);

impl fmt::Display for Most {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            MAX_PAYLOAD_LEN => write!(f, "at most {MAX_PAYLOAD_LEN} are allowed"),
            ours => write!(f, "we read at most {ours}"),
        }
    }
}

/// `: it would be right as groestl512d`.
struct Hint(Option<Checksum>);

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(other) => write!(f, ", but right as {}: it is on a network with that kind", other.name()),
            None => Ok(()),
        }
    }
}
