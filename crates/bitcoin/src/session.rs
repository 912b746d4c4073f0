//! After the handshake: keeps a connection alive by answering pings, until either side says goodbye.

use alloc::vec::Vec;
use core::convert::Infallible;

use handshake::{Handshake, Rx, Stage, Step};

use crate::channel::Channel;
use crate::error::Error;
use crate::message::{Event, Message};
use crate::version::Tail;

/// A connection that is kept after its handshake. It has the form of a handshake so that the same driver, with its
/// deadline and byte budget, runs it; it is never done.
#[derive(Debug)]
pub struct Session {
    channel: Channel,
    ping: Option<u64>,
}

impl Session {
    /// A session over the channel of the handshake before it.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self { channel, ping: None }
    }
}

impl Handshake for Session {
    type Output = Infallible;
    type Event = Event;
    type Error = Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, Infallible>, Error> {
        if let Some(nonce) = self.ping.take() {
            let pong = Message::Pong(nonce);
            self.channel.write(&pong, &Tail::None, tx);
            return Ok(Step::Event(Event::Said(pong)));
        }
        match self.channel.read(rx) {
            Ok(event) => {
                if let Event::Heard(Message::Ping(nonce)) = event {
                    self.ping = nonce;
                }
                Ok(Step::Event(event))
            }
            Err(halt) => halt.into_step(),
        }
    }

    fn awaiting(&self) -> &'static str {
        "ping"
    }

    fn stage(&self) -> Stage {
        Stage::Done
    }
}
