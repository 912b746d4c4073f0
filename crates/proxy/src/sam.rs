//! SAM 3.1: asks an I2P router for a session, a destination or a stream. (geti2p.net: SAM V3)
//!
//! ```text
//! client                                                     router
//!   HELLO VERSION MIN=3.1 MAX=3.1               ──────────▶
//!                                               ◀──────────  HELLO REPLY RESULT=OK VERSION=3.1
//!   SESSION CREATE STYLE=STREAM ID=… …          ──────────▶
//!                                               ◀──────────  SESSION STATUS RESULT=OK DESTINATION=…   the session
//! or
//!   NAMING LOOKUP NAME=….b32.i2p                ──────────▶
//!                                               ◀──────────  NAMING REPLY RESULT=OK NAME=… VALUE=…
//!   STREAM CONNECT ID=… DESTINATION=… SILENT=…  ──────────▶
//!                                               ◀──────────  STREAM STATUS RESULT=OK                  the stream
//! or
//!   STREAM ACCEPT ID=… SILENT=false             ──────────▶
//!                                               ◀──────────  STREAM STATUS RESULT=OK
//!                                               ◀──────────  the caller's destination                 the stream
//! ```
//!
//! A session lives as long as its connection: keep it open, and expect nothing on it. Each stream is a connection of its
//! own. A [`Client`] runs one [`Request`] over one connection.
//!
//! **An opened stream is no connection yet.** i2pd says OK once it has found the lease set, before the peer has answered.
//! A peer that is gone is then silence, or a close after 10 s. So until the first byte came, the caller reports
//! [`Error::NoAnswer`].

mod destination;
mod error;
mod key;
mod line;
mod lookup;
mod name;
mod request;
mod session;
mod stream;

use alloc::vec::Vec;
use core::mem;

use handshake::{Conversation, End, Handshake, ReadError, Rx, Stage, Step, Text, Unfinished};

pub use destination::{BadDestination, Destination, MIN_DESTINATION};
pub use error::{Error, Malformed, Router};
pub use key::PrivateKey;
pub use line::MAX_LINE;
pub use lookup::Lookup;
pub use name::{BadName, Hash, MAX_NAME, Name};
use request::Next;
pub use request::Request;
pub use session::{CreateSession, Session, SessionId, SessionKey, Tunnels};
pub use stream::{Accept, Connect, Peer};

/// Our first line. 3.1 is spoken by every router of today, and has all that is needed.
const HELLO: &[u8] = b"HELLO VERSION MIN=3.1 MAX=3.1\n";

/// The start of the router's first line.
const HELLO_REPLY: &str = "HELLO REPLY";

/// The version that we ask for.
const VERSION: &[u8] = b"3.1";

/// Something worth a line in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// We sent this request. The bytes of a `SESSION CREATE` contain our private key, if the session has one of ours.
    Said(&'static str),
    /// The router sent this reply.
    Heard {
        /// Its name: `STREAM STATUS`.
        reply: &'static str,
        /// Its result: `OK`.
        result: Text,
    },
    /// A caller opened a stream to us.
    Called(Hash),
}

/// Runs a request over a connection to an I2P router.
#[derive(Debug)]
pub struct Client<R: Request> {
    request: R,
    state: State<R::Output>,
}

#[derive(Debug)]
enum State<T> {
    SayHello,
    Hello,
    Say,
    Reply,
    Concluded(T),
    Over,
}

impl<R: Request> Client<R> {
    /// Runs this request.
    #[must_use]
    pub fn new(request: R) -> Self {
        Self { request, state: State::SayHello }
    }

    fn say(&mut self, tx: &mut Vec<u8>) -> Option<Event> {
        match self.state {
            State::SayHello => {
                tx.extend_from_slice(HELLO);
                self.state = State::Hello;
                Some(Event::Said("HELLO VERSION"))
            }
            State::Say => {
                self.request.write(tx);
                self.state = State::Reply;
                Some(Event::Said(self.request.name()))
            }
            _ => None,
        }
    }

    fn hear(&mut self, rx: &mut Rx<'_>) -> Result<Event, ReadError<Error>> {
        if matches!(self.state, State::Hello) {
            let event = hello(rx)?;
            self.state = State::Say;
            return Ok(event);
        }
        let (event, next) = self.request.hear(line::take(rx)?)?;
        self.state = match next {
            Next::Say => State::Say,
            Next::Wait => State::Reply,
            Next::Done(output) => State::Concluded(output),
        };
        Ok(event)
    }
}

/// Reads the router's first line. Its first bytes tell another protocol.
fn hello(rx: &mut Rx<'_>) -> Result<Event, ReadError<Error>> {
    let start = &rx.rest()[..rx.len().min(HELLO_REPLY.len())];
    if !HELLO_REPLY.as_bytes().starts_with(start) {
        return Err(Error::NotSam.into());
    }
    let line = line::take(rx)?;
    let (result, words) = line::result(line, HELLO_REPLY)?;
    match result {
        b"OK" => {}
        b"NOVERSION" => return Err(Error::Version.into()),
        _ => return Err(Error::Router(Router::new("HELLO VERSION", words)).into()),
    }
    // It was asked for no other version.
    if line::value(words, "VERSION").is_some_and(|version| version != VERSION) {
        return Err(Error::Version.into());
    }
    Ok(Event::Heard { reply: HELLO_REPLY, result: result.into() })
}

impl<R: Request> Conversation for Client<R> {
    type Output = R::Output;
    type Event = Event;
    type Error = Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, R::Output>, Error> {
        if let Some(event) = self.say(tx) {
            return Ok(Step::Event(event));
        }
        match mem::replace(&mut self.state, State::Over) {
            State::Concluded(output) => return Ok(Step::Done(output)),
            State::Over => return Ok(Step::Need(1)),
            waiting => self.state = waiting,
        }
        match self.hear(rx) {
            Ok(event) => Ok(Step::Event(event)),
            Err(halt) => halt.into_step(),
        }
    }

    fn awaiting(&self) -> &'static str {
        match self.state {
            State::SayHello | State::Hello => HELLO_REPLY,
            _ => self.request.awaiting(),
        }
    }

    /// Whatever ends the connection before `Done`, the peer has no part in it, unless the router was on the way to it. A
    /// router that accepts and has no caller has done nothing wrong: that is no error.
    fn ended(&self, end: End, _rest: &[u8]) -> Option<Error> {
        let awaiting = self.awaiting();
        match (end, &self.state) {
            (End::Closed, _) => Some(Error::Closed { awaiting }),
            (End::Silent, State::SayHello | State::Hello) => Some(Error::Silent { awaiting }),
            (End::Silent, _) => self.request.late(),
        }
    }

    fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        (!rest.is_empty()).then(|| Unfinished::new(self.awaiting(), rest.len(), None))
    }
}

/// A router is a part of the connection.
impl<R: Request> Handshake for Client<R> {
    fn stage(&self) -> Stage {
        Stage::Connect
    }
}
