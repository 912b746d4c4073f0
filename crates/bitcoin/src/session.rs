//! After the handshake: keeps a connection alive with pings and pongs, until either side closes it.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::time::Duration;

use handshake::{Conversation, Rx, Step};

use crate::channel::Channel;
use crate::error::Error;
use crate::message::{Event, Message};
use crate::version::Tail;

/// How often nodes send a ping. (Core: net_processing.cpp, PING_INTERVAL)
pub const PING_EVERY: Duration = Duration::from_secs(120);

/// A connection that is kept after its handshake. It never ends by itself: the deadline or either side ends it.
#[derive(Debug)]
pub struct Session {
    channel: Channel,
    /// The nonce of the peer's ping that we have yet to answer.
    pong: Option<u64>,
    /// Whether we must send a ping now.
    ping: bool,
    /// The nonce of that ping. The next one has the next number.
    nonce: u64,
    /// When we send the next ping, if we send any.
    next_ping: Option<Duration>,
}

impl Session {
    /// A session over the channel of a concluded handshake. It answers pings, and sends none.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self { channel, pong: None, ping: false, nonce: 0, next_ping: None }
    }

    /// Sends a ping with this nonce at once, and another one every [`PING_EVERY`].
    #[must_use]
    pub fn pinging(self, nonce: u64) -> Self {
        Self { ping: true, nonce, next_ping: Some(PING_EVERY), ..self }
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

impl Conversation for Session {
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

    fn wake_at(&self, _: Duration) -> Option<Duration> {
        self.next_ping
    }

    fn wake(&mut self, now: Duration) {
        self.ping = true;
        self.next_ping = Some(now + PING_EVERY);
    }
}
