//! Why a Bitcoin handshake cannot go on, and whose fault that is.

use core::fmt;

use handshake::{Blame, EndsIn, Fault, Printable};

use crate::chain::{Chain, Checksum, Magic};
use crate::message::{Command, Reject};
use crate::services::Services;
use crate::v2;

/// Why a handshake cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The first bytes are those of another network.
    #[error("its messages start with {found}{}, ours with {expected}", NamesOf(*.found))]
    Magic {
        /// What came first.
        found: Magic,
        /// The magic of the network we asked for.
        expected: Magic,
    },
    /// The keys of an encrypted connection are those of another network.
    #[error("its keys are those of the network with the magic {found}{}, ours of {expected}", NamesOf(*.found))]
    KeysOf {
        /// The magic that went into them.
        found: Magic,
        /// The magic of the network we asked for.
        expected: Magic,
    },
    /// The first bytes are those of another kind of service.
    #[error("not a Bitcoin node: it answers with {0}")]
    NotBitcoin(Banner),
    /// A message does not start with the magic, though earlier ones did.
    #[error("a message starts with {}, not with the network's magic, though earlier ones did", Magic(*.found))]
    OutOfSync {
        /// What the message starts with.
        found: [u8; 4],
    },
    /// A header announces more than is allowed.
    #[error("its {command} message claims {len} bytes; at most {max} are allowed")]
    Oversized {
        /// The message.
        command: Command,
        /// Payload bytes by its header.
        len: u32,
        /// How many are allowed.
        max: u32,
    },
    /// A payload does not have the checksum that its header gives.
    #[error("the checksum of its {command} message is wrong{}", Hint(*.other))]
    Checksum {
        /// The message.
        command: Command,
        /// The kind of checksum with which it would be right, if there is one.
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
    /// A message that must not be sent on this connection, or not now.
    #[error("it sent {0}, which the lower of our two protocol versions does not know")]
    Unexpected(Command),
    /// The peer's protocol version is too old.
    #[error("its protocol version is {version}; this network needs at least {minimum}")]
    Obsolete {
        /// What it announced.
        version: i32,
        /// What we ask for.
        minimum: i32,
    },
    /// The peer lacks services that we ask for.
    #[error("it lacks services that we ask for: {missing}")]
    Services {
        /// Those it lacks.
        missing: Services,
    },
    /// The peer's nonce is one of ours: we reached ourselves.
    #[error("it sent our own nonce: we are connected to ourselves, or to something that echoes")]
    SelfConnect,
    /// The peer turned our `version` away and said why. (BIP61)
    #[error("it rejected our version: {0}")]
    Rejected(Reject),
    /// Something is wrong below the messages of an encrypted connection. (BIP324)
    #[error(transparent)]
    V2(#[from] v2::Error),
}

impl Fault for Error {
    fn blame(&self) -> Blame {
        match self {
            Self::Magic { .. }
            | Self::KeysOf { .. }
            | Self::NotBitcoin(_)
            | Self::Obsolete { .. }
            | Self::Services { .. } => Blame::Mismatch,
            Self::Checksum { other, .. } if other.is_some() => Blame::Mismatch,
            Self::OutOfSync { .. }
            | Self::Oversized { .. }
            | Self::Checksum { .. }
            | Self::Malformed { .. }
            | Self::Unexpected(_) => Blame::Peer,
            Self::SelfConnect => Blame::Local,
            Self::Rejected(_) => Blame::Refused,
            Self::V2(error) => error.blame(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Magic { .. } | Self::KeysOf { .. } => "bitcoin.magic",
            Self::NotBitcoin(_) => "bitcoin.not-bitcoin",
            Self::OutOfSync { .. } => "bitcoin.out-of-sync",
            Self::Oversized { .. } => "bitcoin.oversized",
            Self::Checksum { .. } => "bitcoin.checksum",
            Self::Malformed { .. } => "bitcoin.malformed",
            Self::Unexpected(_) => "bitcoin.unexpected",
            Self::Obsolete { .. } => "bitcoin.obsolete",
            Self::Services { .. } => "bitcoin.services",
            Self::SelfConnect => "bitcoin.self-connect",
            Self::Rejected(_) => "bitcoin.rejected",
            Self::V2(error) => error.code(),
        }
    }
}

/// Why nothing was read.
pub type Halt = handshake::Halt<Error>;

impl From<v2::Error> for Halt {
    fn from(error: v2::Error) -> Self {
        Self::Error(error.into())
    }
}

/// What is wrong with a payload. Each carries the field's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The payload is over before the field is.
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
    /// Bytes follow where none may.
    #[error("bytes follow its {0}")]
    Trailing(&'static str),
    /// The field has a value that it must not have.
    #[error("its {0} has a value that is not allowed")]
    Value(&'static str),
}

impl From<EndsIn> for Malformed {
    fn from(EndsIn(what): EndsIn) -> Self {
        Self::EndsIn(what)
    }
}

/// Another kind of service, known by its first four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Banner {
    /// `HTTP/1.1 400 Bad Request`, or a client's `GET / HTTP/1.1`.
    #[error("HTTP")]
    Http,
    /// A TLS handshake record or alert.
    #[error("TLS")]
    Tls,
    /// `SSH-2.0-...`
    #[error("an SSH banner")]
    Ssh,
    /// `220 ...`: FTP or SMTP.
    #[error("the greeting of a mail or FTP server")]
    Smtp,
    /// `-ERR ...`: Redis or POP3.
    #[error("the error of a Redis or POP3 server")]
    Redis,
    /// `{"..`: JSON: a Stratum or Electrum server.
    #[error("JSON, as a Stratum or Electrum server would")]
    Json,
}

impl Banner {
    /// What starts with these bytes, as far as we can tell.
    #[must_use]
    pub fn of(first: [u8; 4]) -> Option<Self> {
        match &first {
            b"HTTP" | b"GET " | b"POST" | b"HEAD" | b"<htm" | b"<!DO" => Some(Self::Http),
            // Record type alert (21) or handshake (22), version 3.x.
            [0x15 | 0x16, 0x03, 0x00..=0x04, _] => Some(Self::Tls),
            b"SSH-" => Some(Self::Ssh),
            b"220 " | b"220-" => Some(Self::Smtp),
            b"-ERR" => Some(Self::Redis),
            [b'{', b'"', _, _] => Some(Self::Json),
            _ => None,
        }
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
