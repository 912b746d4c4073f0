//! A connection once it is encrypted: the choice of a muxer, and the streams in it.
//!
//! ```text
//! frames of Noise ── names: /multistream/1.0.0, /yamux/1.0.0         unless that was agreed on within Noise
//!                 └─ frames of yamux ── ours:   asks for identify
//!                                    └─ theirs: ask for identify, ping, or what we do not speak
//! ```

mod allowance;
mod asking;
mod muxing;
mod opened;
mod queue;
mod stream;
mod streams;

use alloc::vec::Vec;

use handshake::{Role, Rx, Short, Text};

use self::allowance::Allowance;
pub(crate) use self::muxing::MAX_PROPOSALS;
use self::muxing::Muxing;
use self::opened::Opened;
use self::queue::Queue;
pub(crate) use self::stream::PING;
use self::streams::Streams;
use crate::channel::Channel;
use crate::error::{Error, ReadError};
use crate::event::{Event, Message};
use crate::identify::Identify;
use crate::identity::PublicKey;
use crate::local::{Local, Opening};
use crate::multistream;
use crate::yamux::{Frame, Kind, Reason, SYN};

/// How both sides agreed on a muxer. The muxer is always yamux.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Muxer {
    /// Within Noise's payloads. (`connections/inlined-muxer-negotiation.md`)
    Inlined,
    /// By names, after the connection was encrypted.
    Negotiated,
}

/// An encrypted connection.
#[derive(Debug)]
pub struct Connection {
    role: Role,
    opening: Opening,
    pushes: bool,
    channel: Channel,
    opened: Opened,
    muxer: Muxer,
    muxing: Muxing,
    streams: Streams,
    queue: Queue,
    /// Whether the handshake is over.
    is_kept: bool,
}

impl Connection {
    /// At its start.
    pub(crate) fn new(role: Role, channel: Channel, muxer: Muxer, local: &Local, their_key: PublicKey) -> Self {
        let Local { opening, pushes, .. } = *local;
        let (streams, mut queue) = (Streams::new(role, their_key, &local.identify()), Queue::default());
        let (muxing, may_ask) = match muxer {
            Muxer::Inlined => (Muxing::Agreed, true),
            Muxer::Negotiated => (Muxing::Header, Muxing::begin(role, opening, &mut queue)),
        };
        let opened = Opened::default();
        let mut connection =
            Self { role, opening, pushes, channel, opened, muxer, muxing, streams, queue, is_kept: false };
        if may_ask {
            connection.ask();
        }
        connection
    }

    /// Requests identify and pushes our own introduction, in one flight: so the peer knows us even if it never asks, or
    /// if we are gone before it asks.
    fn ask(&mut self) {
        self.streams.ask(&mut self.queue);
        if self.pushes {
            self.streams.push(&mut self.queue);
        }
    }

    /// The connection is kept.
    pub(crate) fn keep(&mut self) {
        self.is_kept = true;
        self.streams.allowance = Allowance::of_session();
        self.streams.close_question(&mut self.queue);
    }

    /// Sends a ping of the muxer.
    pub(crate) fn ping(&mut self, value: u32) {
        self.queue.frame(Frame { kind: Kind::Ping, flags: SYN, stream: 0, length: value });
    }

    /// Sends a go away, before we close the connection.
    pub fn go_away(&mut self, reason: Reason) {
        self.streams.close_question(&mut self.queue);
        self.queue.frame(Frame { kind: Kind::GoAway, flags: 0, stream: 0, length: reason.0 });
    }

    /// The peer's introduction, once it is complete. Call it once: it takes the data out.
    pub(crate) fn identify(&mut self) -> Option<Identify> {
        self.streams.identify()
    }

    /// The peer's introduction as far as it came. Call it once: it takes the data out.
    pub(crate) fn identify_so_far(&mut self) -> Option<Identify> {
        self.streams.identify_so_far()
    }

    /// Whether the peer has introduced itself; more messages may come.
    pub(crate) fn is_introduced(&self) -> bool {
        self.streams.is_introduced()
    }

    /// Whether the peer has requested our introduction and read the answer.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.streams.is_known()
    }

    /// Whether all awaited messages have come.
    pub(crate) fn is_over(&self) -> bool {
        self.streams.is_over()
    }

    /// How yamux was agreed on, if it was.
    pub(crate) fn muxer(&self) -> Option<Muxer> {
        matches!(self.muxing, Muxing::Agreed).then_some(self.muxer)
    }

    /// The muxers that the peer proposed, which we do not support.
    pub(crate) fn refused(&self) -> &[Text] {
        match &self.muxing {
            Muxing::Proposal(theirs) => theirs,
            _ => &[],
        }
    }

    /// The message that it waits for.
    pub(crate) fn awaiting(&self) -> &'static str {
        match (&self.muxing, self.role) {
            (Muxing::Agreed, _) if self.is_introduced() => "end of identify",
            (Muxing::Agreed, _) => "identify",
            (_, Role::Initiator) => "answer to /yamux/1.0.0",
            (_, Role::Responder) => "muxer",
        }
    }

    /// The next message to send, if there is one.
    pub(crate) fn say(&mut self, tx: &mut Vec<u8>) -> Option<Event> {
        self.queue.say(&mut self.channel.seal, tx).map(Event::Said)
    }

    /// Advances by one event: reads a message of the peer, or sends one of ours. All answers to one of the peer's
    /// frames are sent together, and before the next frame is decrypted: so the result does not depend on whether the
    /// next frame has arrived.
    ///
    /// # Errors
    /// [`ReadError::Short`] if there is neither; an error if the peer breaks a rule.
    pub(crate) fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Event, ReadError> {
        if let Some(message) = self.next_message()? {
            return Ok(Event::Heard(message));
        }
        if let Some(event) = self.say(tx) {
            return Ok(event);
        }
        self.opened.shrink();
        // Frames after the introduction belong to the session after the handshake.
        if !self.is_kept && self.is_over() {
            return Err(Short(1).into());
        }
        let text = self.channel.open.frame(rx)?;
        let len = text.len();
        self.streams.allowance.heard(len);
        self.opened.append(text);
        Ok(self.next_message()?.map_or(Event::Part(len), Event::Heard))
    }

    fn next_message(&mut self) -> Result<Option<Message>, Error> {
        match self.muxing {
            Muxing::Agreed => self.streams.hear(&mut self.opened, &mut self.queue),
            _ => self.next_name(),
        }
    }

    /// A name, during the choice of the muxer.
    fn next_name(&mut self) -> Result<Option<Message>, Error> {
        let (name, len) = match multistream::read(self.opened.rest()) {
            Ok((name, len)) => (Text::from(name), len),
            Err(ReadError::Short(_)) => return Ok(None),
            Err(ReadError::Error(error)) => return Err(error),
        };
        self.opened.advance(len);
        if self.muxing.hear(&name, self.role, self.opening, &mut self.queue)? {
            self.ask();
        }
        Ok(Some(Message::protocol(None, name)))
    }
}
