//! A stream that the peer opened: it requests a protocol, and gets identify, ping, or `na`.
//!
//! A peer may send its request directly after the protocol's name, before our answer. If we do not support that
//! protocol, its request is not a valid name: the stream is reset, and the connection goes on.

use alloc::vec::Vec;

use handshake::Text;

use crate::error::ReadError;
use crate::event::Message;
use crate::identify;
use crate::multistream::{self, HEADER, NA};
use crate::yamux::{WINDOW, Window};

/// Our answer to pings on a stream: the same 32 bytes. (`ping/ping.md`)
pub(crate) const PING: &str = "/ipfs/ping/1.0.0";

/// Bytes of a ping.
const PING_LEN: usize = 32;

/// Protocols that a stream may request: peers that try all versions of one request four or five.
const MAX_PROPOSALS: usize = 5;

/// Bytes of a name on a stream, at most: the longest in use have about 100 (Polkadot's, with the hash of a block in
/// them), and a connection keeps the incomplete name of each of its streams. A longer name resets the stream.
const MAX_NAME_LEN: usize = 192;

/// A stream that the peer opened.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) id: u32,
    use_: Use,
    /// Unparsed bytes: less than a name or a ping.
    buffer: Vec<u8>,
    /// Whether we have sent anything on it: our first frame accepts it.
    pub(super) accepted: bool,
    /// Whether our side has closed it.
    pub(super) finished: bool,
    /// Bytes that the peer may still send.
    pub(super) theirs: Window,
    /// Bytes that we may still send.
    pub(super) ours: Window,
    /// Bytes that we have taken since our last window update.
    taken: u32,
}

#[derive(Debug)]
enum Use {
    Header,
    /// This many protocols may still be requested.
    Proposal(usize),
    Ping,
    /// All bytes are ignored.
    Nothing,
}

/// The message that came on a stream, and our answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// The message; `None` if the bytes are not a valid message.
    pub(super) heard: Option<Message>,
    pub(super) answer: Answer,
}

/// An answer on a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// This protocol's name, or `na`.
    Name(&'static str),
    /// The name of identify, and our introduction.
    Identify,
    /// The same bytes; and a window update of this size, if not zero.
    Pong([u8; PING_LEN], u32),
    /// A reset of the stream.
    Reset,
}

impl Stream {
    pub(super) fn new(id: u32) -> Self {
        let (theirs, ours) = (Window::new(), Window::new());
        Self { id, use_: Use::Header, buffer: Vec::new(), accepted: false, finished: false, theirs, ours, taken: 0 }
    }

    /// Takes a few bytes that arrived.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        if !matches!(self.use_, Use::Nothing) {
            self.buffer.reserve_exact(bytes.len());
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The next message, and our answer.
    pub(super) fn next(&mut self, may_identify: bool) -> Option<Turn> {
        match self.use_ {
            Use::Nothing => return None,
            Use::Ping => return self.next_ping(),
            Use::Header | Use::Proposal(_) => {}
        }
        let (name, len) = match multistream::read_within(MAX_NAME_LEN, &self.buffer) {
            Ok((name, len)) => (Text::from(name), len),
            Err(ReadError::Short(_)) => return None,
            Err(ReadError::Error(_)) => {
                self.finish();
                return Some(Turn { heard: None, answer: Answer::Reset });
            }
        };
        self.buffer.drain(..len);
        let answer = match (&mut self.use_, name.as_bytes()) {
            (Use::Header, header) if header == HEADER.as_bytes() => {
                self.use_ = Use::Proposal(MAX_PROPOSALS);
                Answer::Name(HEADER)
            }
            (Use::Proposal(_), asked) if asked == identify::NAME.as_bytes() && may_identify => {
                self.finish();
                Answer::Identify
            }
            (Use::Proposal(_), asked) if asked == PING.as_bytes() => {
                self.use_ = Use::Ping;
                Answer::Name(PING)
            }
            (Use::Proposal(left), _) if *left > 1 => {
                *left -= 1;
                Answer::Name(NA)
            }
            _ => {
                self.finish();
                Answer::Reset
            }
        };
        Some(Turn { heard: Some(Message::protocol(Some(self.id), name)), answer })
    }

    fn next_ping(&mut self) -> Option<Turn> {
        const LEN: u32 = 32;
        let ping = *self.buffer.first_chunk::<PING_LEN>()?;
        self.buffer.drain(..PING_LEN);
        self.taken += LEN;
        let more = if self.taken >= WINDOW / 2 { core::mem::take(&mut self.taken) } else { 0 };
        self.theirs.widen(more);
        Some(Turn { heard: Some(Message::Ping { stream: self.id }), answer: Answer::Pong(ping, more) })
    }

    fn finish(&mut self) {
        self.finished = true;
        self.use_ = Use::Nothing;
        self.buffer = Vec::new();
    }
}
