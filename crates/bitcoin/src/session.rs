//! After the handshake: keeps a connection alive by pings and their answers, until either side says goodbye.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::time::Duration;

use handshake::{Handshake, Rx, Stage, Step};

use crate::channel::Channel;
use crate::error::Error;
use crate::message::{Event, Message};
use crate::version::Tail;

/// How often nodes send a ping. (Core: net_processing.cpp, PING_INTERVAL)
pub const PING_EVERY: Duration = Duration::from_secs(120);

/// A connection that is kept after its handshake. It has the form of a handshake so that the same driver, with its
/// deadline and byte budget, runs it; it is never done.
#[derive(Debug)]
pub struct Session {
    channel: Channel,
    /// The nonce of the peer's ping, which is still to be answered.
    pong: Option<u64>,
    /// Whether we are to send a ping next.
    ping: bool,
    /// The nonce of that ping. The next one has the next number.
    nonce: u64,
}

impl Session {
    /// A session over the channel of the handshake before it.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self { channel, pong: None, ping: false, nonce: 0 }
    }

    /// Sends a ping with this nonce first.
    #[must_use]
    pub fn pinging(self, nonce: u64) -> Self {
        Self { ping: true, nonce, ..self }
    }

    /// Sends a ping next.
    pub fn ping(&mut self) {
        self.ping = true;
    }

    fn say(&mut self) -> Option<Message> {
        if core::mem::take(&mut self.ping) {
            let ping = Message::Ping(Some(self.nonce));
            self.nonce = self.nonce.wrapping_add(1);
            return Some(ping);
        }
        self.pong.take().map(Message::Pong)
    }
}

impl Handshake for Session {
    type Output = Infallible;
    type Event = Event;
    type Error = Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, Infallible>, Error> {
        if let Some(message) = self.say() {
            self.channel.write(&message, &Tail::None, tx);
            return Ok(Step::Event(Event::Said(message)));
        }
        match self.channel.read(rx) {
            Ok(event) => {
                if let Event::Heard(Message::Ping(nonce)) = event {
                    self.pong = nonce;
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
