//! After the handshake: keeps a connection alive by answering a node's requests, which come every minute.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::convert::Infallible;

use handshake::{Conversation, Rx, Step};

use crate::error::Error;
use crate::hello::Local;
use crate::levin::{Command, FrameReader, Kind, ReturnCode};
use crate::message::{Event, Message};
use crate::peer::Peers;

/// A connection that is kept after its handshake. It never ends by itself: the deadline or either side ends it.
#[derive(Debug)]
pub struct Session {
    local: Local,
    frames: FrameReader,
    /// Messages to send, in this order.
    to_say: VecDeque<Message>,
    /// Our requests without an answer yet. Answers come in the order of the requests.
    asked: VecDeque<Command>,
}

impl Session {
    /// A session for the side that had the handshake.
    #[must_use]
    pub fn new(local: Local) -> Self {
        let (to_say, asked) = (VecDeque::new(), VecDeque::new());
        Self { local, frames: FrameReader::after_handshake(), to_say, asked }
    }

    /// Sends a ping first.
    #[must_use]
    pub fn with_ping(self) -> Self {
        self.asking(Message::PingRequest)
    }

    /// First asks for the peer's tip, and for more peers.
    #[must_use]
    pub fn with_timed_sync(self) -> Self {
        let tip = self.local.introduction.tip.clone();
        self.asking(Message::TimedSyncRequest(tip))
    }

    /// First asks for the peer's support flags.
    #[must_use]
    pub fn with_support_flags(self) -> Self {
        self.asking(Message::SupportFlagsRequest)
    }

    fn asking(mut self, request: Message) -> Self {
        self.asked.push_back(request.command());
        self.to_say.push_back(request);
        self
    }

    fn hear(&mut self, message: &Message) -> Result<(), Error> {
        let (command, kind) = (message.command(), message.kind());
        match (kind, message) {
            (Kind::Response(_), _) if self.asked.front() == Some(&command) => {
                self.asked.pop_front();
            }
            (Kind::Response(_), _) | (_, Message::HandshakeRequest(_)) => {
                return Err(Error::Unexpected { command, kind });
            }
            (Kind::Request, _) => self.to_say.push_back(self.answer(message)),
            (Kind::Notification | Kind::Fragment, _) => {}
        }
        Ok(())
    }

    fn answer(&self, request: &Message) -> Message {
        match request {
            // The answer lists no peers: the handshake has listed all that we know.
            Message::TimedSyncRequest(_) => {
                Message::TimedSyncResponse(self.local.introduction.tip.clone(), Peers::default())
            }
            other => {
                let no_handler = Message::Failure { command: other.command(), code: ReturnCode::NO_HANDLER };
                self.local.answer(other).unwrap_or(no_handler)
            }
        }
    }
}

impl Conversation for Session {
    type Output = Infallible;
    type Event = Event;
    type Error = Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, Infallible>, Error> {
        if let Some(message) = self.to_say.pop_front() {
            message.write(tx);
            return Ok(Step::Event(Event::Said(message)));
        }
        let event = match self.frames.read(rx) {
            Ok(frame) => Event::of(frame)?,
            Err(halt) => return halt.into_step(),
        };
        if let Event::Heard(message) = &event {
            self.hear(message)?;
        }
        Ok(Step::Event(event))
    }

    fn awaiting(&self) -> &'static str {
        "timed sync"
    }
}
