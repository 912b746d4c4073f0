//! A stream that the peer opened: it asks for a protocol, and gets identify, ping, or no.
//!
//! A peer may send its request behind the name of the protocol, before we have answered. If we do not speak that protocol,
//! the request is no name: the stream is reset, and the connection goes on.

use alloc::vec::Vec;

use handshake::Text;

use crate::error::Halt;
use crate::event::Message;
use crate::identify;
use crate::multistream::{self, HEADER, NA};
use crate::yamux::{WINDOW, Window};

/// Our answer to pings on a stream: the same 32 bytes. (`ping/ping.md`)
pub(crate) const PING: &str = "/ipfs/ping/1.0.0";

/// Bytes of a ping.
const PING_LEN: usize = 32;

/// How often a stream may ask for another protocol: peers that try all versions of one ask for four or five.
const MAX_PROPOSALS: usize = 5;

/// Bytes of a name on a stream, at most: the longest in use have about 100 (Polkadot's, with the hash of a block in them),
/// and a connection keeps the begun name of each of its streams. On a longer one the stream is reset.
const MAX_NAME_LEN: usize = 192;

/// A stream of the peer's.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) id: u32,
    use_: Use,
    /// What has arrived and is not understood yet: less than a name, or a ping.
    buffer: Vec<u8>,
    /// Whether we have said anything on it: what is said first accepts it.
    pub(super) accepted: bool,
    /// Whether we have said all that we will.
    pub(super) finished: bool,
    /// What the peer may still send.
    pub(super) theirs: Window,
    /// What it still takes.
    pub(super) ours: Window,
    /// Bytes that we have taken since we last said so.
    taken: u32,
}

#[derive(Debug)]
enum Use {
    Header,
    /// So many protocols may still be asked for.
    Proposal(usize),
    Ping,
    /// All that comes is passed over.
    Nothing,
}

/// What came on a stream, and what is to be said.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// The message that came; none if the bytes are none.
    pub(super) heard: Option<Message>,
    pub(super) answer: Answer,
}

/// What is to be said on a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// This protocol's name, or `na`.
    Name(&'static str),
    /// That identify is spoken, and how we introduce ourselves.
    Identify,
    /// The same bytes again; and that so many more are taken, if any.
    Pong([u8; PING_LEN], u32),
    /// That the stream is over.
    Reset,
}

impl Stream {
    pub(super) fn new(id: u32) -> Self {
        let (theirs, ours) = (Window::new(), Window::new());
        Self { id, use_: Use::Header, buffer: Vec::new(), accepted: false, finished: false, theirs, ours, taken: 0 }
    }

    /// Takes in what arrived, which is no more than a few bytes.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        if !matches!(self.use_, Use::Nothing) {
            self.buffer.reserve_exact(bytes.len());
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// What came next, and what to answer.
    pub(super) fn next(&mut self, may_identify: bool) -> Option<Turn> {
        match self.use_ {
            Use::Nothing => return None,
            Use::Ping => return self.next_ping(),
            Use::Header | Use::Proposal(_) => {}
        }
        let (name, len) = match multistream::read_within(MAX_NAME_LEN, &self.buffer) {
            Ok((name, len)) => (Text::from(name), len),
            Err(Halt::Short(_)) => return None,
            Err(Halt::Error(_)) => {
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
