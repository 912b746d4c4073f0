//! The stream of ours, on which the peer is asked who it is.

use alloc::boxed::Box;
use alloc::vec::Vec;

use handshake::Text;

use crate::error::{Error, Halt, Malformed};
use crate::event::Message;
use crate::identify::{self, Identify};
use crate::identity::PublicKey;
use crate::multistream::{self, HEADER, NA};
use crate::varint::{self, Unread};
use crate::yamux::Window;

/// The names with which the question begins, and its answer.
pub(super) const NAMES: [&str; 2] = [HEADER, identify::NAME];

/// What errors call the answer.
const MESSAGE: &str = "identify";

/// The stream.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) id: u32,
    /// Who the peer has proved to be.
    their_key: PublicKey,
    expects: Expects,
    buffer: Vec<u8>,
    /// What the peer may still send. It is never made larger: an introduction takes less.
    pub(super) theirs: Window,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expects {
    Header,
    Protocol,
    Identify,
    Nothing,
}

impl Asking {
    pub(super) fn new(id: u32, their_key: PublicKey) -> Self {
        Self { id, their_key, expects: Expects::Header, buffer: Vec::new(), theirs: Window::new() }
    }

    /// Takes in what arrived.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        if self.expects != Expects::Nothing {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The peer says nothing more on it.
    ///
    /// # Errors
    /// If there is no answer yet.
    pub(super) fn end(&self) -> Result<(), Error> {
        match self.expects {
            Expects::Nothing => Ok(()),
            _ => Err(Error::NoIdentify { closed: true }),
        }
    }

    /// The next message.
    ///
    /// # Errors
    /// If it is none, or no.
    pub(super) fn next(&mut self) -> Result<Option<Message>, Error> {
        let [header, protocol] = NAMES;
        let (expected, next) = match self.expects {
            Expects::Nothing => return Ok(None),
            Expects::Identify => return self.next_identify(),
            Expects::Header => (header, Expects::Protocol),
            Expects::Protocol => (protocol, Expects::Identify),
        };
        let (name, len) = match multistream::read(&self.buffer) {
            Ok((name, len)) => (Text::from(name), len),
            Err(Halt::Short(_)) => return Ok(None),
            Err(Halt::Error(error)) => return Err(error),
        };
        if name.as_bytes() != expected.as_bytes() {
            let is_no = self.expects == Expects::Protocol && name.as_bytes() == NA.as_bytes();
            let unexpected = Error::Answer { expected, found: name };
            return Err(if is_no { Error::NoIdentify { closed: false } } else { unexpected });
        }
        self.buffer.drain(..len);
        self.expects = next;
        Ok(Some(Message::protocol(Some(self.id), name)))
    }

    fn next_identify(&mut self) -> Result<Option<Message>, Error> {
        let malformed = |what| Error::Malformed { message: MESSAGE, what };
        let (len, start) = match varint::read(&self.buffer) {
            Ok(read) => read,
            Err(Unread::Short) => return Ok(None),
            Err(Unread::NotMinimal) => return Err(malformed(Malformed::NotMinimal("length"))),
            Err(Unread::TooLong) => return Err(malformed(Malformed::TooLong("length"))),
        };
        let most = identify::MAX_LEN;
        let whole = usize::try_from(len).ok().filter(|&len| len <= most);
        let whole = whole.ok_or(Error::Oversized { message: MESSAGE, len, most })?;
        let Some(message) = self.buffer.get(start..start + whole) else {
            return Ok(None);
        };
        let identify = Identify::read(message).map_err(malformed)?;
        // Otherwise anyone could speak in anyone's name.
        if identify.public_key.as_ref().is_some_and(|key| key.as_bytes() != self.their_key.encoded()) {
            return Err(Error::Identity);
        }
        self.expects = Expects::Nothing;
        self.buffer = Vec::new();
        Ok(Some(Message::Identify { stream: self.id, identify: Box::new(identify) }))
    }
}
