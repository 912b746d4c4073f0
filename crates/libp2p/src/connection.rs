//! A connection once it is sealed: the choice of a muxer, and the streams in it.
//!
//! ```text
//! frames of Noise ── names: /multistream/1.0.0, /yamux/1.0.0         unless that was agreed on within Noise
//!                 └─ frames of yamux ── ours:   asks for identify
//!                                    └─ theirs: ask for identify, ping, or what we do not speak
//! ```

mod asking;
mod muxing;
mod opened;
mod queue;
mod stream;
mod streams;

use alloc::vec::Vec;

use handshake::{Role, Rx, Text};

pub(crate) use self::muxing::MAX_PROPOSALS;
use self::muxing::Muxing;
use self::opened::Opened;
use self::queue::Queue;
pub(crate) use self::stream::PING;
use self::streams::Streams;
use crate::channel::Channel;
use crate::error::{Error, Halt};
use crate::event::{Event, Message};
use crate::identify::Identify;
use crate::identity::PublicKey;
use crate::local::Opening;
use crate::multistream;
use crate::yamux::{Frame, Kind, Reason, SYN};

/// How both sides agreed on a muxer. It is yamux always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Muxer {
    /// Within Noise's payloads. (`connections/inlined-muxer-negotiation.md`)
    Inlined,
    /// By names, once the connection was sealed.
    Negotiated,
}

/// A sealed connection.
#[derive(Debug)]
pub struct Connection {
    role: Role,
    opening: Opening,
    channel: Channel,
    opened: Opened,
    muxer: Muxer,
    muxing: Muxing,
    streams: Streams,
    queue: Queue,
}

impl Connection {
    /// At its start.
    pub(crate) fn new(
        role: Role,
        channel: Channel,
        muxer: Muxer,
        opening: Opening,
        their_key: PublicKey,
        ours: &Identify,
    ) -> Self {
        let (streams, mut queue) = (Streams::new(role, their_key, ours), Queue::default());
        let (muxing, may_ask) = match muxer {
            Muxer::Inlined => (Muxing::Agreed, true),
            Muxer::Negotiated => (Muxing::Header, Muxing::begin(role, opening, &mut queue)),
        };
        if may_ask {
            streams.ask(&mut queue);
        }
        Self { role, opening, channel, opened: Opened::default(), muxer, muxing, streams, queue }
    }

    /// Asks whether the peer is there, in the muxer's own way.
    pub(crate) fn ping(&mut self, value: u32) {
        self.queue.frame(Frame { kind: Kind::Ping, flags: SYN, stream: 0, length: value });
    }

    /// Says that the connection is over: how to leave politely.
    pub fn go_away(&mut self, reason: Reason) {
        self.queue.frame(Frame { kind: Kind::GoAway, flags: 0, stream: 0, length: reason.0 });
    }

    /// How the peer introduced itself. It can be had once.
    pub(crate) fn identify(&mut self) -> Option<Identify> {
        self.streams.identify()
    }

    /// How yamux was agreed on, if it was.
    pub(crate) fn muxer(&self) -> Option<Muxer> {
        matches!(self.muxing, Muxing::Agreed).then_some(self.muxer)
    }

    /// The muxers that the peer proposed, none of which we speak.
    pub(crate) fn refused(&self) -> &[Text] {
        match &self.muxing {
            Muxing::Proposal(theirs) => theirs,
            _ => &[],
        }
    }

    /// What it waits for.
    pub(crate) fn awaiting(&self) -> &'static str {
        match (&self.muxing, self.role) {
            (Muxing::Agreed, _) => "identify",
            (_, Role::Initiator) => "answer to /yamux/1.0.0",
            (_, Role::Responder) => "muxer",
        }
    }

    /// Goes on by one event: says what is to be said, or hears what the peer says.
    ///
    /// # Errors
    /// [`Halt::Short`] if there is neither; an error if the peer breaks a rule.
    pub(crate) fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Event, Halt> {
        if let Some(message) = self.queue.say(&mut self.channel.seal, tx) {
            return Ok(Event::Said(message));
        }
        if let Some(message) = self.next_message()? {
            return Ok(Event::Heard(message));
        }
        // The end of a stream may ask for an answer, and be no message of its own. It is said before another frame is
        // opened: whether one has arrived must not matter.
        if let Some(message) = self.queue.say(&mut self.channel.seal, tx) {
            return Ok(Event::Said(message));
        }
        let text = self.channel.open.frame(rx)?;
        let len = text.len();
        self.opened.append(text);
        Ok(self.next_message()?.map_or(Event::Part(len), Event::Heard))
    }

    fn next_message(&mut self) -> Result<Option<Message>, Error> {
        match self.muxing {
            Muxing::Agreed => self.streams.hear(&mut self.opened, &mut self.queue),
            _ => self.next_name(),
        }
    }

    /// A name, while the muxer is agreed on.
    fn next_name(&mut self) -> Result<Option<Message>, Error> {
        let (name, len) = match multistream::read(self.opened.rest()) {
            Ok((name, len)) => (Text::from(name), len),
            Err(Halt::Short(_)) => return Ok(None),
            Err(Halt::Error(error)) => return Err(error),
        };
        self.opened.advance(len);
        if self.muxing.hear(&name, self.role, self.opening, &mut self.queue)? {
            self.streams.ask(&mut self.queue);
        }
        Ok(Some(Message::protocol(None, name)))
    }
}
