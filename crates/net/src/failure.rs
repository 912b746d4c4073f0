//! Why a handshake over a connection did not conclude.

use std::io;
use std::time::Duration;

use handshake::Stage;

/// A handshake that did not conclude.
#[derive(Debug)]
pub struct Failure<E> {
    /// Why.
    pub cause: Cause<E>,
    /// How far it had come.
    pub stage: Stage,
    /// What it waited for, in the protocol's own words.
    pub awaiting: &'static str,
    /// Bytes that the handshake had taken in.
    pub received: u64,
    /// Bytes of ours that the connection had taken. What a peer does not read is not among them.
    pub sent: u64,
    /// How long it had taken.
    pub after: Duration,
    /// What had arrived behind them: a message cut short, or the bytes that the handshake could not go on with.
    pub rest: Vec<u8>,
}

/// Why a handshake ended.
#[derive(Debug)]
pub enum Cause<E> {
    /// The protocol says so.
    Fault(E),
    /// The peer closed the connection.
    ///
    /// An RST counts as a close once we have sent anything: a kernel sends it in place of FIN when its program closes
    /// over input that it has not read, so which of the two comes is a race that says nothing about the peer.
    Closed,
    /// The peer aborted the connection though nothing of ours can have been unread.
    Reset,
    /// The connection broke in another way.
    Io(io::Error),
    /// The deadline passed.
    Late,
    /// The byte budget was spent.
    Flood,
}

impl<E> Cause<E> {
    /// The cause behind an error of a read; `spoke` says whether we had tried to send anything.
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
