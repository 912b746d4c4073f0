//! Our stream on which we request the peer's introduction.
//!
//! The answer is one message or several, up to the end of the stream: go-libp2p sends a second message if the
//! introduction does not fit into 2048 bytes. Several are read as one, by protobuf's rules for merging. (protobuf.dev,
//! "Last One Wins")

use alloc::boxed::Box;
use alloc::vec::Vec;

use handshake::Text;

use crate::error::{Error, Malformed, ReadError};
use crate::event::Message;
use crate::identify::{self, Identify, MAX_ANNOUNCED_LEN, MAX_LEN, MAX_MESSAGES};
use crate::identity::PublicKey;
use crate::multistream::{self, HEADER, NA};
use crate::varint::{self, Unread};
use crate::yamux::{StreamError, Window};

/// The names at the start of the request and of its answer.
pub(super) const NAMES: [&str; 2] = [HEADER, identify::NAME];

/// The name of the answer in errors.
const MESSAGE: &str = "identify";

/// The stream.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) id: u32,
    /// The identity that the peer has proved.
    their_key: PublicKey,
    expects: Expects,
    /// An incomplete name or length.
    buffer: Vec<u8>,
    /// The messages without their lengths: at most [`MAX_LEN`] bytes are kept.
    kept: Vec<u8>,
    /// The start of the last message in `kept`.
    start: usize,
    /// Bytes of the messages that were not kept.
    omitted: usize,
    /// Complete messages.
    messages: usize,
    /// The bytes that the peer may still send. The window is never enlarged: an introduction takes less.
    pub(super) theirs: Window,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expects {
    Header,
    Protocol,
    /// The length of a message, or the end of the stream.
    Length,
    /// This many more bytes of a message.
    Body(usize),
    Nothing,
}

impl Asking {
    pub(super) fn new(id: u32, their_key: PublicKey) -> Self {
        Self {
            id,
            their_key,
            expects: Expects::Header,
            buffer: Vec::new(),
            kept: Vec::new(),
            start: 0,
            omitted: 0,
            messages: 0,
            theirs: Window::new(),
        }
    }

    /// Whether the peer has introduced itself; more messages may come.
    pub(super) fn is_answered(&self) -> bool {
        self.messages > 0
    }

    /// Whether the answer is complete.
    pub(super) fn is_over(&self) -> bool {
        self.expects == Expects::Nothing
    }

    /// Takes bytes that arrived; returns how many. Names and lengths are taken byte by byte, since the bytes after them
    /// are stored elsewhere.
    pub(super) fn take(&mut self, bytes: &[u8]) -> usize {
        match &mut self.expects {
            Expects::Nothing => bytes.len(),
            Expects::Header | Expects::Protocol | Expects::Length => {
                self.buffer.extend_from_slice(&bytes[..1]);
                1
            }
            Expects::Body(left) => {
                let len = bytes.len().min(*left);
                let keep = len.min(MAX_LEN - self.kept.len());
                self.kept.reserve_exact(keep);
                self.kept.extend_from_slice(&bytes[..keep]);
                self.omitted += len - keep;
                *left -= len;
                len
            }
        }
    }

    /// The peer ends the stream, perhaps with a reason.
    ///
    /// # Errors
    /// If there is no answer yet.
    pub(super) fn end(&mut self, why: Option<StreamError>) -> Result<(), Error> {
        if self.is_answered() {
            self.expects = Expects::Nothing;
        }
        if self.is_over() { Ok(()) } else { Err(Error::NoIdentify { closed: true, why }) }
    }

    /// The answer as far as it came: nothing without a complete message.
    pub(super) fn answer(&mut self) -> Option<Identify> {
        self.is_answered().then(|| {
            // An incomplete message is not reported.
            let end = if matches!(self.expects, Expects::Body(_)) { self.start } else { self.kept.len() };
            let complete = &core::mem::take(&mut self.kept)[..end];
            Identify::read_cut(complete, self.omitted).expect("each of its messages was read")
        })
    }

    /// The next message.
    ///
    /// # Errors
    /// If it is not a valid name, or is `na`.
    pub(super) fn next(&mut self) -> Result<Option<Message>, Error> {
        let [header, protocol] = NAMES;
        let (expected, next) = match self.expects {
            Expects::Nothing => return Ok(None),
            Expects::Length => return self.next_length(),
            Expects::Body(left) => return if left == 0 { self.next_identify().map(Some) } else { Ok(None) },
            Expects::Header => (header, Expects::Protocol),
            Expects::Protocol => (protocol, Expects::Length),
        };
        let (name, len) = match multistream::read(&self.buffer) {
            Ok((name, len)) => (Text::from(name), len),
            Err(ReadError::Short(_)) => return Ok(None),
            Err(ReadError::Error(error)) => return Err(error),
        };
        if name.as_bytes() != expected.as_bytes() {
            let is_no = self.expects == Expects::Protocol && name.as_bytes() == NA.as_bytes();
            let unexpected = Error::Answer { expected, found: name };
            return Err(if is_no { Error::NoIdentify { closed: false, why: None } } else { unexpected });
        }
        debug_assert_eq!(len, self.buffer.len(), "names are taken byte by byte");
        self.buffer.clear();
        self.expects = next;
        Ok(Some(Message::protocol(Some(self.id), name)))
    }

    fn next_length(&mut self) -> Result<Option<Message>, Error> {
        let (len, _) = match varint::read(&self.buffer) {
            Ok(read) => read,
            Err(Unread::Short) => return Ok(None),
            Err(Unread::NotMinimal) => return Err(malformed(Malformed::NotMinimal("length"))),
            Err(Unread::TooLong) => return Err(malformed(Malformed::TooLong("length"))),
        };
        let most = MAX_ANNOUNCED_LEN;
        let whole = usize::try_from(len).ok().filter(|&len| len <= most);
        let whole = whole.ok_or(Error::Oversized { message: MESSAGE, len, most })?;
        self.buffer = Vec::new();
        self.start = self.kept.len();
        self.expects = Expects::Body(whole);
        if whole == 0 { self.next_identify().map(Some) } else { Ok(None) }
    }

    fn next_identify(&mut self) -> Result<Message, Error> {
        let identify = Identify::read_cut(&self.kept[self.start..], self.omitted).map_err(malformed)?;
        // Otherwise any peer could claim another's identity.
        if identify.public_key.as_ref().is_some_and(|key| key.as_bytes() != self.their_key.encoded()) {
            return Err(Error::Identity);
        }
        self.messages += 1;
        self.expects = if self.messages < MAX_MESSAGES { Expects::Length } else { Expects::Nothing };
        Ok(Message::Identify { stream: self.id, identify: Box::new(identify) })
    }
}

fn malformed(what: Malformed) -> Error {
    Error::Malformed { message: MESSAGE, what }
}
