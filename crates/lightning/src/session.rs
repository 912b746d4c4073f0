//! After the handshake: keeps a connection alive by pings and their answers, until either side says goodbye.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::time::Duration;

use handshake::{Conversation, Rx, Step};

use crate::channel::{Channel, MAX_MESSAGE_LEN};
use crate::error::Error;
use crate::message::{Event, Message, Ping, Pong};
use crate::wire::Halt;

/// How often to say ping: no node should do so more often. (BOLT 1)
pub const PING_EVERY: Duration = Duration::from_secs(30);

/// Bytes of pongs that a peer may still ask for. A ping of 6 bytes may ask for 65 531.
#[derive(Debug)]
pub(crate) struct Allowance(usize);

impl Default for Allowance {
    /// Two of the longest pongs are free. Those that real nodes ask for have a few bytes.
    fn default() -> Self {
        Self(2 * MAX_MESSAGE_LEN)
    }
}

impl Allowance {
    /// The peer has sent so many bytes: it may ask for this many times as many.
    pub(crate) fn earn(&mut self, bytes: usize) {
        const FACTOR: usize = 4;
        self.0 = self.0.saturating_add(FACTOR * bytes);
    }

    /// The answer to a ping, if it wants one.
    ///
    /// # Errors
    /// If the peer asks for more than it may.
    pub(crate) fn answer(&mut self, ping: Ping) -> Result<Option<Pong>, Error> {
        let pong = ping.pong();
        let len = pong.map_or(0, |pong| usize::from(pong.len()));
        self.0 = self.0.checked_sub(len).ok_or(Error::PingFlood)?;
        Ok(pong)
    }
}

/// A connection that is kept after its handshake. It is never done: a deadline or either side ends it.
#[derive(Debug)]
pub struct Session {
    channel: Channel,
    /// What we are to say now.
    ping: Option<Ping>,
    /// What we say from time to time, and when next.
    next_ping: Option<(Ping, Duration)>,
    pong: Option<Pong>,
    allowance: Allowance,
}

impl Session {
    /// A session on the channel of the handshake before it. It answers pings, and sends none.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self { channel, ping: None, next_ping: None, pong: None, allowance: Allowance::default() }
    }

    /// Says this before anything else, and again every [`PING_EVERY`].
    #[must_use]
    pub fn pinging(self, ping: Ping) -> Self {
        Self { ping: Some(ping), next_ping: Some((ping, PING_EVERY)), ..self }
    }

    fn say(&mut self) -> Option<Message> {
        self.ping.take().map(Message::Ping).or_else(|| self.pong.take().map(Message::Pong))
    }

    fn hear(&mut self, rx: &mut Rx<'_>) -> Result<Message, Halt> {
        let bytes = self.channel.open.open(rx)?;
        self.allowance.earn(bytes.len());
        let message = Message::read(bytes)?;
        if let Message::Ping(ping) = message {
            self.pong = self.allowance.answer(ping)?;
        }
        Ok(message)
    }
}

impl Conversation for Session {
    type Output = Infallible;
    type Event = Event;
    type Error = Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, Infallible>, Error> {
        if let Some(message) = self.say() {
            self.channel.seal.seal(tx, |tx| message.write(tx));
            return Ok(Step::Event(Event::Said(message)));
        }
        match self.hear(rx) {
            Ok(message) => Ok(Step::Event(Event::Heard(message))),
            Err(halt) => halt.into_step(),
        }
    }

    fn awaiting(&self) -> &'static str {
        "ping"
    }

    fn wake_at(&self, _: Duration) -> Option<Duration> {
        self.next_ping.map(|(_, at)| at)
    }

    fn wake(&mut self, now: Duration) {
        if let Some((ping, at)) = &mut self.next_ping {
            self.ping = Some(*ping);
            *at = now + PING_EVERY;
        }
    }
}
