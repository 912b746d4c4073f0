//! Why an I2P router gave no session, destination or stream, and the side to blame.

use core::fmt;

use handshake::{Blame, End, Fault, ReadError, Text};

use super::destination::BadDestination;
use super::line::{self, MAX_LINE};

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Our router speaks another protocol on this port.
    #[error("our I2P router speaks no SAM on this port")]
    NotSam,
    /// Our router does not speak SAM 3.1.
    #[error("our I2P router does not speak version 3.1 of SAM")]
    Version,
    /// A line of our router cannot be read.
    #[error("our I2P router answers in a way that SAM does not know: {0}")]
    Malformed(Malformed),
    /// Our router made no session.
    #[error("our I2P router made no session: {0}")]
    Session(Router),
    /// Our router does not know the session: make it anew.
    #[error("our I2P router does not know our session any more")]
    SessionGone,
    /// Our router reports a fault of its own.
    #[error("our I2P router reports a fault of its own: {0}")]
    Router(Router),
    /// Our router closed the connection before it had answered.
    #[error("our I2P router closed the connection before its {awaiting}")]
    Closed {
        /// The line that was due.
        awaiting: &'static str,
    },
    /// Our router did not answer what it can answer by itself.
    #[error("our I2P router sent no {awaiting} before our deadline")]
    Silent {
        /// The line that was due.
        awaiting: &'static str,
    },
    /// No way to the destination was found.
    #[error("our I2P router found no way to it ({result})")]
    NotFound {
        /// The result in our router's words.
        result: &'static str,
    },
    /// Our router gave up.
    #[error("our I2P router did not reach it in time (TIMEOUT)")]
    TimedOut,
    /// At our deadline the router had not answered.
    #[error("our I2P router had not found it before our deadline")]
    Late,
    /// The stream was opened, and no byte of the peer came. The caller says this: the client is done by then.
    #[error("our I2P router opened a stream, and {}", Nothing(*.0))]
    NoAnswer(End),
    /// The endpoint has a port.
    #[error("port {0}: I2P has no ports over SAM 3.1, so only 0 can be reached")]
    Port(u16),
}

impl Fault for Error {
    fn blame(&self) -> Blame {
        match self {
            Self::NotSam
            | Self::Version
            | Self::Malformed(_)
            | Self::Session(_)
            | Self::SessionGone
            | Self::Router(_)
            | Self::Closed { .. }
            | Self::Silent { .. } => Blame::Local,
            Self::NotFound { .. } | Self::TimedOut | Self::Late | Self::NoAnswer(_) => Blame::Network,
            Self::Port(_) => Blame::Mismatch,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotSam => "local.i2p-not-sam",
            Self::Version => "local.i2p-version",
            Self::Malformed(_) => "local.i2p-malformed",
            Self::Session(_) => "local.i2p-session",
            Self::SessionGone => "local.i2p-session-gone",
            Self::Router(_) => "local.i2p-error",
            Self::Closed { .. } => "local.i2p-closed",
            Self::Silent { .. } => "local.i2p-silent",
            Self::NotFound { .. } => "i2p.not-found",
            Self::TimedOut | Self::Late => "i2p.timeout",
            Self::NoAnswer(_) => "i2p.no-answer",
            Self::Port(_) => "i2p.port",
        }
    }
}

/// The fault in a line of a router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// A line is longer than we read.
    #[error("it has a line of more than {MAX_LINE} bytes")]
    TooLong,
    /// Another line came in the place of this reply.
    #[error("it sent another line in the place of {0}")]
    Reply(&'static str),
    /// A reply has no result.
    #[error("its {0} has no RESULT")]
    NoResult(&'static str),
    /// A reply lacks this word.
    #[error("its reply has no {0}")]
    Missing(&'static str),
    /// A destination cannot be read.
    #[error("a destination in it is malformed: {0}")]
    Destination(BadDestination),
    /// The private key of our session cannot be read.
    #[error("the private key in it is malformed: {0}")]
    PrivateKey(BadDestination),
    /// It gave another destination than the one that was asked for.
    #[error("it gave another destination than the one that we asked for")]
    OtherDestination,
}

impl From<Malformed> for Error {
    fn from(what: Malformed) -> Self {
        Self::Malformed(what)
    }
}

/// It is read in the place of a line.
impl From<Malformed> for ReadError<Error> {
    fn from(what: Malformed) -> Self {
        Error::from(what).into()
    }
}

/// What a router reports that is no fault of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Router {
    /// Our request.
    pub request: &'static str,
    /// The result: `I2P_ERROR`. At most [`Router::MAX_TEXT`] bytes are kept.
    pub result: Text,
    /// The message beside it, if it is not empty; as much of it is kept.
    pub message: Option<Text>,
}

impl Router {
    /// Bytes of a result or a message that are kept: a sentence of a report.
    pub const MAX_TEXT: usize = 200;

    /// What these words of a reply say.
    pub(super) fn new(request: &'static str, words: &[u8]) -> Self {
        let text = |key| {
            let value = line::value(words, key).unwrap_or_default();
            &value[..value.len().min(Self::MAX_TEXT)]
        };
        let message = Some(text("MESSAGE")).filter(|message| !message.is_empty());
        Self { request, result: text("RESULT").into(), message: message.map(Text::from) }
    }
}

impl fmt::Display for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it answers {} with {}", self.request, self.result)?;
        match &self.message {
            Some(message) => write!(f, ": \"{message}\""),
            None => Ok(()),
        }
    }
}

/// What came of a stream.
struct Nothing(End);

impl fmt::Display for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            End::Closed => "closed it before a byte came: nothing shows that the peer was reached",
            End::Silent => "no byte came before our deadline: nothing shows that the peer was reached",
        })
    }
}
