//! After the handshake: keeps a connection alive by answering pings, until either side says goodbye.

use alloc::vec::Vec;
use core::convert::Infallible;

use handshake::{End, Handshake, Rx, Stage, Step};

use crate::chain::Params;
use crate::error::Error;
use crate::message::{Command, Event, Message};
use crate::version::Tail;
use crate::wire::{Frame, FrameReader, Halt, write_message};

/// A connection that is kept after its handshake. It has the form of a handshake so that the same driver, with its
/// deadline and byte budget, runs it; it is never done.
#[derive(Debug)]
pub struct Session {
    params: Params,
    frames: FrameReader,
    ping: Option<u64>,
}

impl Session {
    /// A session on the network of the handshake before it.
    #[must_use]
    pub fn new(params: Params) -> Self {
        Self { params, frames: FrameReader::new(params), ping: None }
    }

    fn hear(&mut self, rx: &mut Rx<'_>) -> Result<Event, Halt> {
        Ok(match self.frames.read(rx)? {
            Frame::Skipped(bytes) => Event::Skipped(bytes),
            Frame::Long { command, len } => Event::Heard(Message::Other { command, len }),
            Frame::Whole { command, payload, checksum } => {
                if Message::knows(command) && self.params.checksum.of(payload) != checksum {
                    return Err(Error::Checksum { command, other: None }.into());
                }
                let len = payload.len().try_into().expect("at most MAX_WHOLE_LEN");
                let message = Message::read(command, payload).unwrap_or(Message::Other { command, len });
                if let Message::Ping(nonce) = message {
                    self.ping = nonce;
                }
                Event::Heard(message)
            }
        })
    }
}

impl Handshake for Session {
    type Output = Infallible;
    type Event = Event;
    type Error = Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, Infallible>, Error> {
        if let Some(nonce) = self.ping.take() {
            let pong = Message::Pong(nonce);
            write_message(&self.params, Command::PONG, tx, |tx| pong.write(&Tail::None, tx));
            return Ok(Step::Event(Event::Said(pong)));
        }
        match self.hear(rx) {
            Ok(event) => Ok(Step::Event(event)),
            Err(Halt::Short(short)) => Ok(Step::Need(short.0)),
            Err(Halt::Error(error)) => Err(error),
        }
    }

    fn awaiting(&self) -> &'static str {
        "ping"
    }

    fn stage(&self) -> Stage {
        Stage::Done
    }

    fn suspicion(&self, _end: End) -> &'static str {
        ""
    }
}
