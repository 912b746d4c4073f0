//! The handshake over the plaintext transport.

use alloc::vec::Vec;

use handshake::{End, Handshake, Role, Rx, Stage, Step};

use crate::chain::Checksum;
use crate::error::Error;
use crate::hello::{Agreed, Hello, Local};
use crate::message::{Command, Event, Message};
use crate::wire::{Frame, FrameReader, Halt, MAX_WHOLE_LEN, write_message};

/// One side of a handshake over the plaintext transport.
#[derive(Debug)]
pub struct V1 {
    hello: Hello,
    frames: FrameReader,
}

impl V1 {
    /// A handshake in this role.
    #[must_use]
    pub fn new(role: Role, local: Local) -> Self {
        let frames = FrameReader::new(local.params);
        Self { hello: Hello::new(role, local), frames }
    }

    /// A handshake on a connection that we opened.
    #[must_use]
    pub fn initiator(local: Local) -> Self {
        Self::new(Role::Initiator, local)
    }

    /// A handshake on a connection that we accepted.
    #[must_use]
    pub fn responder(local: Local) -> Self {
        Self::new(Role::Responder, local)
    }

    /// What has been said and heard so far: all that a failed handshake has learned.
    #[must_use]
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// The next message of the peer's, or a part of one that is too long to matter.
    fn hear(&mut self, rx: &mut Rx<'_>) -> Result<Event, Halt> {
        let (command, payload, checksum) = match self.frames.read(rx)? {
            Frame::Whole { command, payload, checksum } => (command, payload, checksum),
            Frame::Long { command: command @ (Command::VERSION | Command::VERACK), len } => {
                return Err(Error::Oversized { command, len, max: MAX_WHOLE_LEN }.into());
            }
            Frame::Long { command, len } => return Ok(Event::Heard(Message::Other { command, len })),
            Frame::Skipped(bytes) => return Ok(Event::Skipped(bytes)),
        };
        let message = self.read(command, payload, checksum)?;
        self.hello.hear(&message)?;
        Ok(Event::Heard(message))
    }

    fn read(&self, command: Command, payload: &[u8], checksum: [u8; 4]) -> Result<Message, Error> {
        let unread = || Message::Other { command, len: payload.len().try_into().expect("at most MAX_WHOLE_LEN") };
        if !Message::knows(command) {
            return Ok(unread());
        }
        let ours = self.hello.local().params.checksum;
        if ours.of(payload) != checksum {
            let other =
                [Checksum::Sha256d, Checksum::Groestl512d].into_iter().find(|kind| kind.of(payload) == checksum);
            return Err(Error::Checksum { command, other });
        }
        match Message::read(command, payload) {
            Ok(message) => Ok(message),
            Err(what) if command == Command::VERSION => Err(Error::Malformed { command, what }),
            Err(what) if command == Command::FEATURE && self.hello.takes_features() => {
                Err(Error::Malformed { command, what })
            }
            // Core logs and ignores what it cannot read of any other message.
            Err(_) => Ok(unread()),
        }
    }
}

impl Handshake for V1 {
    type Output = Agreed;
    type Event = Event;
    type Error = Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, Agreed>, Error> {
        if let Some(message) = self.hello.say() {
            let local = self.hello.local();
            write_message(&local.params, message.command(), tx, |tx| {
                message.write(&local.tail, tx);
            });
            return Ok(Step::Event(Event::Said(message)));
        }
        if let Some(agreed) = self.hello.agreed() {
            return Ok(Step::Done(agreed));
        }
        match self.hear(rx) {
            Ok(event) => Ok(Step::Event(event)),
            Err(Halt::Short(short)) => Ok(Step::Need(short.0)),
            Err(Halt::Error(error)) => Err(error),
        }
    }

    fn awaiting(&self) -> &'static str {
        self.hello.awaiting()
    }

    fn stage(&self) -> Stage {
        self.hello.stage()
    }

    fn suspicion(&self, end: End) -> &'static str {
        self.hello.suspicion(end)
    }
}
