//! Why a handshake over a connection did not conclude.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use handshake::{OursRead, Unfinished};

/// A handshake that did not conclude.
#[derive(Debug)]
pub struct Failure<E> {
    /// Why it did not conclude.
    pub cause: Cause<E>,
    /// What the handshake waited for, in the protocol's own words.
    pub awaiting: &'static str,
    /// The message that the peer began and did not finish, if it began one.
    pub unfinished: Option<Unfinished>,
    /// The messages that the peer sent in place of the awaited one.
    pub instead: Option<String>,
    /// How much of our data the peer can have read.
    pub ours: OursRead,
    /// Whether the connection ended by an RST. See [`Cause::Closed`] for when that counts as a close.
    pub reset: bool,
    /// Bytes that the handshake had received.
    pub received: u64,
    /// Bytes of ours that the connection had taken. Bytes that the peer does not read are not counted.
    pub sent: u64,
    /// How long it had taken.
    pub after: Duration,
    /// The bytes that had arrived after those: an incomplete message, or the bytes at which the handshake stopped.
    pub rest: Vec<u8>,
}

impl<E> Failure<E> {
    /// Whether the peer closed the connection without sending anything, although some or all of our bytes may have
    /// reached it. Then nothing shows the reason.
    #[must_use]
    pub fn is_unexplained(&self) -> bool {
        let is_closed = matches!(self.cause, Cause::Closed | Cause::Reset);
        let has_heard = self.received > 0 || !self.rest.is_empty();
        is_closed && !has_heard && matches!(self.ours, OursRead::NotAll | OursRead::Unknown)
    }
}

/// What the peer did, as a sentence without its subject: `closed the connection before its version`.
impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cause, awaiting, unfinished, instead, after, .. } = self;
        let seconds = after.as_secs_f64();
        match (cause, unfinished, instead) {
            (Cause::Fault(fault), ..) => fault.fmt(f),
            (Cause::Closed | Cause::Reset, Some(begun), _) => {
                write!(f, "{cause} in the middle of its {} ({begun})", begun.what)
            }
            (Cause::Closed | Cause::Reset, None, Some(instead)) => {
                write!(f, "sent {instead} and {cause} before its {awaiting}")
            }
            (Cause::Closed | Cause::Reset, None, None) => write!(f, "{cause} before its {awaiting}"),
            (Cause::Io(error), ..) => write!(f, "the connection broke before its {awaiting}: {error}"),
            (Cause::Late | Cause::Stopped, Some(begun), _) => {
                let Unfinished { what, got, len } = begun;
                match len {
                    Some(len) => write!(f, "sent {got} of the {len} bytes of its {what}")?,
                    None => write!(f, "sent {begun} of its {what}")?,
                }
                write!(f, " and no more within {seconds:.1} s")
            }
            (Cause::Late | Cause::Stopped, None, Some(instead)) => {
                write!(f, "sent {instead}, but no {awaiting} within {seconds:.1} s")
            }
            (Cause::Late | Cause::Stopped, None, None) => write!(f, "sent no {awaiting} within {seconds:.1} s"),
            (Cause::Flood, ..) => write!(f, "{cause}, without its {awaiting}"),
        }?;
        match cause {
            Cause::Stopped => f.write_str(", when the run was interrupted"),
            _ => Ok(()),
        }
    }
}

/// The message is complete without its source; the source serves callers that inspect its type.
impl<E: Error + 'static> Error for Failure<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}

/// Why a handshake ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause<E> {
    /// An error of the protocol.
    #[error("{0}")]
    Fault(#[source] E),
    /// The peer closed the connection.
    ///
    /// An RST counts as a close once we have sent anything: a kernel sends RST in place of FIN when its program closes
    /// with unread input. Which of the two comes is a race that says nothing about the peer.
    #[error("closed the connection")]
    Closed,
    /// The peer aborted the connection although it cannot have left any byte of ours unread.
    #[error("reset the connection")]
    Reset,
    /// The connection broke in another way.
    #[error("the connection broke: {0}")]
    Io(#[source] io::Error),
    /// The deadline passed.
    #[error("took too long")]
    Late,
    /// The run was interrupted.
    #[error("the run was interrupted")]
    Stopped,
    /// The byte budget was spent.
    #[error("sent more than a handshake may take")]
    Flood,
}

impl<E> Cause<E> {
    /// The cause of an error of a read; `spoke` says whether we had tried to send anything.
    pub(crate) fn of(error: io::Error, spoke: bool) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted if spoke => {
                Self::Closed
            }
            io::ErrorKind::ConnectionReset => Self::Reset,
            _ => Self::Io(error),
        }
    }
}
