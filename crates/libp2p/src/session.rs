//! After the handshake: keeps a connection alive by answering the peer's requests, until either side closes it; or
//! until the peer has got our introduction.

use alloc::vec::Vec;
use core::convert::Infallible;

use handshake::{Conversation, Rx, Step};

use crate::connection::Connection;
use crate::error::Error;
use crate::event::Event;

/// A connection that is kept after its handshake. It never ends by itself: the deadline or either side ends it.
#[derive(Debug)]
pub struct Session {
    connection: Connection,
}

impl Session {
    /// A session on the connection of a concluded handshake.
    #[must_use]
    pub fn new(mut connection: Connection) -> Self {
        connection.keep();
        Self { connection }
    }

    /// Sends a ping of the muxer with this value; the answer repeats it.
    #[must_use]
    pub fn with_ping(mut self, value: u32) -> Self {
        self.connection.ping(value);
        self
    }
}

impl Conversation for Session {
    type Output = Infallible;
    type Event = Event;
    type Error = Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, Infallible>, Error> {
        match self.connection.step(rx, tx) {
            Ok(event) => Ok(Step::Event(event)),
            Err(halt) => halt.into_step(),
        }
    }

    fn awaiting(&self) -> &'static str {
        "ping"
    }
}

/// The end of a connection on which the peer has introduced itself, but may not have requested our introduction: it is
/// done once the peer has requested it and read the answer. If the request of a node meets a closed connection, or its
/// kernel drops our answer because of one, identify has failed for that node.
#[derive(Debug)]
pub struct Farewell {
    connection: Connection,
}

impl Farewell {
    /// On the connection of a concluded handshake.
    #[must_use]
    pub fn new(mut connection: Connection) -> Self {
        connection.keep();
        Self { connection }
    }
}

impl Conversation for Farewell {
    type Output = ();
    type Event = Event;
    type Error = Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, ()>, Error> {
        if !self.connection.is_known() {
            match self.connection.step(rx, tx) {
                Ok(event) => return Ok(Step::Event(event)),
                // The end of a stream is not an event.
                Err(_) if self.connection.is_known() => {}
                Err(halt) => return halt.into_step(),
            }
        }
        Ok(self.connection.say(tx).map_or(Step::Done(()), Step::Event))
    }

    fn awaiting(&self) -> &'static str {
        "question"
    }
}
