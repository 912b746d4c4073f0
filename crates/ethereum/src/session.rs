//! After the handshake: keeps a connection alive with Ping and Pong, until either side closes it.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::time::Duration;

use handshake::{Conversation, Leave, Rx, Step};

use crate::channel::{Channel, Heard};
use crate::disconnect::Reason;
use crate::error::Error;
use crate::frame::ReadError;
use crate::message::{EMPTY, Event, Message, id};

/// The interval between Pings. A node that has received nothing for twice as long leaves. (geth, p2p/peer.go:
/// pingInterval, p2p/server.go: frameReadTimeout)
pub const PING_EVERY: Duration = Duration::from_secs(15);

/// A connection that is kept after its handshake. It never ends by itself: the deadline or either side ends it.
#[derive(Debug)]
pub struct Session {
    channel: Channel,
    /// Whether we must send Ping now.
    ping: bool,
    /// When we send the next Ping, if we send any.
    next_ping: Option<Duration>,
    /// Whether we must send Pong.
    pong: bool,
}

impl Session {
    /// A session over the channel of a concluded handshake. It answers Ping, and sends none.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self { channel, ping: false, next_ping: None, pong: false }
    }

    /// Sends Ping at once, and again every [`PING_EVERY`].
    #[must_use]
    pub fn pinging(self) -> Self {
        Self { ping: true, next_ping: Some(PING_EVERY), ..self }
    }

    fn say(&mut self, tx: &mut Vec<u8>) -> Option<Message> {
        let (id, message) = if core::mem::take(&mut self.ping) {
            (id::PING, Message::Ping)
        } else if core::mem::take(&mut self.pong) {
            (id::PONG, Message::Pong)
        } else {
            return None;
        };
        self.channel.say(id, EMPTY, tx);
        Some(message)
    }

    fn hear(&mut self, rx: &mut Rx<'_>) -> Result<Event, ReadError> {
        let message = match self.channel.hear(rx)? {
            Heard::Long(len) => return Ok(Event::Long(len)),
            Heard::Skipped(bytes) => return Ok(Event::Skipped(bytes)),
            Heard::Message { id: id::DISCONNECT, data } => {
                return Err(Error::Disconnected(Reason::read(data)).into());
            }
            Heard::Message { id: id::PING, .. } => {
                self.pong = true;
                Message::Ping
            }
            Heard::Message { id: id::PONG, .. } => Message::Pong,
            Heard::Message { id, data } => Message::Other { id, len: data.len() },
        };
        Ok(Event::Heard(message))
    }
}

impl Conversation for Session {
    type Output = Infallible;
    type Event = Event;
    type Error = Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, Infallible>, Error> {
        if let Some(message) = self.say(tx) {
            return Ok(Step::Event(Event::Said(message)));
        }
        match self.hear(rx) {
            Ok(event) => Ok(Step::Event(event)),
            Err(halt) => halt.into_step(),
        }
    }

    fn leave(&mut self, _: Leave, tx: &mut Vec<u8>) -> Option<Event> {
        self.channel.disconnect(Reason::Quitting, tx);
        Some(Event::Said(Message::Disconnect(Reason::Quitting)))
    }

    fn awaiting(&self) -> &'static str {
        "Ping"
    }

    fn wake_at(&self, _: Duration) -> Option<Duration> {
        self.next_ping
    }

    fn wake(&mut self, now: Duration) {
        self.ping = true;
        self.next_ping = Some(now + PING_EVERY);
    }
}
