//! After the handshake: keeps a connection alive with pings and pongs, until either side closes it.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::time::Duration;

use handshake::{Conversation, Rx, Step};

use crate::channel::{Channel, MAX_MESSAGE_LEN};
use crate::error::Error;
use crate::message::{Event, Message, Ping, Pong};
use crate::wire::ReadError;

/// The ping interval: nodes should not ping more often. (BOLT 1)
pub const PING_EVERY: Duration = Duration::from_secs(30);

/// Bytes of pongs that a peer may still request. A ping of 6 bytes may request 65 531.
#[derive(Debug)]
pub(crate) struct Allowance(usize);

impl Default for Allowance {
    /// Two of the longest pongs are free. Real nodes request a few bytes.
    fn default() -> Self {
        Self(2 * MAX_MESSAGE_LEN)
    }
}

impl Allowance {
    /// The peer has sent this many bytes: it may request a multiple of them.
    pub(crate) fn earn(&mut self, bytes: usize) {
        const FACTOR: usize = 4;
        self.0 = self.0.saturating_add(FACTOR * bytes);
    }

    /// The answer to a ping, if it requests one.
    ///
    /// # Errors
    /// If the peer requests more bytes than it may.
    pub(crate) fn answer(&mut self, ping: Ping) -> Result<Option<Pong>, Error> {
        let pong = ping.pong();
        let len = pong.map_or(0, |pong| usize::from(pong.len()));
        self.0 = self.0.checked_sub(len).ok_or(Error::PingFlood)?;
        Ok(pong)
    }
}

/// A connection that is kept after its handshake. It never ends by itself: the deadline or either side ends it.
#[derive(Debug)]
pub struct Session {
    channel: Channel,
    /// The ping to send now.
    ping: Option<Ping>,
    /// The ping that we send regularly, and the time of the next one.
    next_ping: Option<(Ping, Duration)>,
    pong: Option<Pong>,
    allowance: Allowance,
}

impl Session {
    /// A session on the channel of a concluded handshake. It answers pings, and sends none.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self { channel, ping: None, next_ping: None, pong: None, allowance: Allowance::default() }
    }

    /// Sends this ping at once, and again every [`PING_EVERY`].
    #[must_use]
    pub fn pinging(self, ping: Ping) -> Self {
        Self { ping: Some(ping), next_ping: Some((ping, PING_EVERY)), ..self }
    }

    fn say(&mut self) -> Option<Message> {
        self.ping.take().map(Message::Ping).or_else(|| self.pong.take().map(Message::Pong))
    }

    fn hear(&mut self, rx: &mut Rx<'_>) -> Result<Message, ReadError> {
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
