//! Carries messages, in plain text or encrypted, the same in both roles.

use alloc::boxed::Box;
use alloc::vec::Vec;

use handshake::{Rx, Unfinished};

use crate::chain::{Checksum, Params};
use crate::error::{Error, ReadError};
use crate::frame::{Frame, FrameReader, write_message};
use crate::message::{Command, Event, MAX_ADDRESSES_LEN, Message};
use crate::v2::{Open, Packet, Phase, Seal, SessionId, contents};
use crate::version::Tail;

/// A connection that carries messages. Its halves are independent: two tasks may have one each.
#[derive(Debug)]
pub struct Channel {
    /// Our half.
    pub writer: Writer,
    /// The peer's half.
    pub reader: Reader,
    /// The session id if the connection is encrypted, the same on both sides.
    pub session_id: Option<SessionId>,
}

impl Channel {
    /// The plaintext transport at the start of a connection.
    #[must_use]
    pub fn v1(params: Params) -> Self {
        Self { writer: Writer::V1(params), reader: Reader::V1(FrameReader::new(params)), session_id: None }
    }

    /// Which transport it is.
    #[must_use]
    pub fn transport(&self) -> Transport {
        match self.reader {
            Reader::V1(_) => Transport::V1,
            Reader::V2(_) => Transport::V2,
        }
    }

    /// From now on, address messages are waited for and read whole up to [`MAX_ADDRESSES_LEN`]. On an encrypted channel
    /// this holds for all messages: there the name comes with the payload.
    pub fn await_addresses(&mut self) {
        match &mut self.reader {
            Reader::V1(frames) => frames.await_addresses(),
            Reader::V2(open) => open.wait_for(contents::LONG_NAME_LEN + MAX_ADDRESSES_LEN),
        }
    }

    /// Appends a message. See [`Writer::write`].
    pub fn write(&mut self, message: &Message, tail: &Tail, tx: &mut Vec<u8>) {
        self.writer.write(message, tail, tx);
    }

    /// The next event. See [`Reader::read`].
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn read(&mut self, rx: &mut Rx<'_>) -> Result<Event, ReadError> {
        self.reader.read(rx)
    }

    /// As [`Channel::read`], with the payload's length in bytes for a message that was read whole; 0 for other events.
    pub(crate) fn read_measured(&mut self, rx: &mut Rx<'_>) -> Result<(Event, usize), ReadError> {
        self.reader.read_measured(rx)
    }

    /// The plaintext messages among the bytes that follow; none if the channel is encrypted.
    pub(crate) fn plain<'b>(&self, rest: &'b [u8]) -> &'b [u8] {
        match self.reader {
            Reader::V1(_) => rest,
            Reader::V2(_) => &[],
        }
    }

    /// The unfinished message, of which `rest` are the last bytes.
    pub(crate) fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        match &self.reader {
            Reader::V1(frames) => frames.unfinished(rest),
            Reader::V2(open) => open.unfinished("next packet", rest),
        }
    }

    /// What kind of peer sent only `rest`, if that is not the start of a plaintext message.
    pub(crate) fn what_else(&self, rest: &[u8]) -> Option<Error> {
        match &self.reader {
            Reader::V1(frames) => frames.what_else(rest),
            Reader::V2(_) => None,
        }
    }
}

/// The transport of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// In plain text.
    V1,
    /// Encrypted. (BIP324)
    V2,
}

impl Transport {
    /// Its stable name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }
}

/// Our half of a channel.
#[derive(Debug)]
pub enum Writer {
    /// In plain text.
    V1(Params),
    /// Encrypted.
    V2(Box<Seal>),
}

impl Writer {
    /// Appends a message in the form of this transport; `tail` are the fields of our own `version` after the relay
    /// byte.
    pub fn write(&mut self, message: &Message, tail: &Tail, tx: &mut Vec<u8>) {
        match self {
            Self::V1(params) => write_message(params, message.command(), tx, |tx| message.write(tail, tx)),
            Self::V2(seal) => seal_message(seal, message, tail, tx),
        }
    }
}

/// Appends a message as a packet.
pub(crate) fn seal_message(seal: &mut Seal, message: &Message, tail: &Tail, tx: &mut Vec<u8>) {
    seal.seal(&[], false, tx, |tx| {
        contents::write_name(message.command(), tx);
        message.write(tail, tx);
    });
}

/// The peer's half of a channel. Neither kind buffers: the caller keeps what has not arrived whole, at most
/// [`MAX_WHOLE_LEN`](crate::message::MAX_WHOLE_LEN) bytes of payload, and longer messages are skipped as they arrive. A
/// program that wants longer messages whole reads packets itself: [`Open::wait_for`], [`Open::read`].
#[derive(Debug)]
pub enum Reader {
    /// In plain text.
    V1(FrameReader),
    /// Encrypted.
    V2(Box<Open>),
}

impl Reader {
    /// The next message or other event.
    ///
    /// # Errors
    /// [`ReadError::Short`] if it has not arrived; an error if reading cannot continue.
    pub fn read(&mut self, rx: &mut Rx<'_>) -> Result<Event, ReadError> {
        Ok(self.read_measured(rx)?.0)
    }

    fn read_measured(&mut self, rx: &mut Rx<'_>) -> Result<(Event, usize), ReadError> {
        match self {
            Self::V1(frames) => read_frame(frames, rx),
            Self::V2(open) => Ok(heard(open.read(rx)?)),
        }
    }
}

fn read_frame(frames: &mut FrameReader, rx: &mut Rx<'_>) -> Result<(Event, usize), ReadError> {
    Ok(match frames.read(rx)? {
        Frame::Whole { command, payload, checksum } => {
            if Message::knows(command) {
                check(frames.params().checksum, command, payload, checksum)?;
            }
            (message(command, payload), payload.len())
        }
        Frame::Long { command, len } => (Event::Heard(Message::Other { command, len }), 0),
        Frame::Skipped(bytes) => (Event::Skipped(bytes), 0),
    })
}

fn check(kind: Checksum, command: Command, payload: &[u8], checksum: [u8; 4]) -> Result<(), Error> {
    if kind.of(payload) == checksum {
        return Ok(());
    }
    let other = [Checksum::Sha256d, Checksum::Groestl512d].into_iter().find(|kind| kind.of(payload) == checksum);
    Err(Error::Checksum { command, said: checksum, computed: kind.of(payload), other })
}

fn heard(packet: Packet<'_>) -> (Event, usize) {
    let event = match packet {
        Packet::Whole { ignore: true, contents } => Event::Transport(Phase::ReceivedDecoy { contents: contents.len() }),
        Packet::Whole { ignore: false, contents } => match contents::read(contents) {
            Some((command, payload)) => return (message(command, payload), payload.len()),
            None => Event::Transport(Phase::ReceivedNameless { contents: contents.len() }),
        },
        Packet::Long { ignore, head, len } => {
            let contents = usize::try_from(len).expect("24 bits");
            match contents::read(head) {
                _ if ignore => Event::Transport(Phase::ReceivedDecoy { contents }),
                Some((command, start)) => {
                    let name = u32::try_from(head.len() - start.len()).expect("at most 13");
                    Event::Heard(Message::Other { command, len: len - name })
                }
                None => Event::Transport(Phase::ReceivedNameless { contents }),
            }
        }
        Packet::Skipped { bytes, .. } => Event::Skipped(bytes),
    };
    (event, 0)
}

fn message(command: Command, payload: &[u8]) -> Event {
    match Message::read(command, payload) {
        Ok(message) => Event::Heard(message),
        Err(what) => Event::Malformed { command, len: payload.len().try_into().expect("at most MAX_WHOLE_LEN"), what },
    }
}
