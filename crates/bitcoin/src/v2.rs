//! The handshake over the encrypted transport. (BIP324; Core: net.cpp V2Transport)
//!
//! ```text
//! initiator                                       responder
//!   key 64, garbage 0..=4095       ──────────────▶
//!                                  ◀────────────── key 64, garbage 0..=4095,
//!                                                  garbage terminator 16, version packet
//!   garbage terminator 16,         ──────────────▶
//!   version packet, `version`
//!                                  ◀────────────── `version`, ..., `verack`
//!   ..., `verack`                  ──────────────▶
//! ```
//! Decoys, packets that the receiver ignores, may come before the version packet and after it. The first packet of each
//! side authenticates the garbage of that side. All bytes look random without the keys.
//!
//! [`keys`] derives keys, [`cipher`] makes packets, [`contents`] encodes messages in them. For the initiator this takes
//! one round trip more than the plaintext handshake: three, including TCP's.

pub mod cipher;
pub mod contents;
mod error;
mod key_exchange;
pub mod keys;
mod phase;
mod secured;

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use handshake::{Conversation, End, Evidence, Handshake, Role, Rx, Stage, Step, Unfinished};

use self::cipher::OVERHEAD;
pub use self::cipher::{MAX_CONTENTS_LEN, Open, Packet, Seal};
pub use self::error::{CLOSED_ON_KEY, Error, Offer, REFUSED_KEY};
use self::key_exchange::KeyExchange;
pub use self::keys::{Encoding, KeyPair, Keys, SessionId};
pub use self::phase::Phase;
use self::secured::Secured;
use crate::channel::Channel;
use crate::conversation::{Concluded, converse};
use crate::hello::{Hello, Local};
use crate::message::Event;

/// The longest garbage, in bytes. (BIP324: MAX_GARBAGE_LEN)
pub const MAX_GARBAGE_LEN: usize = 4095;

/// Bytes of decoys that a peer may send before the handshake is over.
///
/// BIP324 sets no limit, and Core sends none. This limit allows six thousand empty decoys, or one decoy as long as a
/// block message, and is half of a driver's default byte budget.
pub const MAX_DECOYS_LEN: usize = 128 * 1024;

/// The keys, garbage and decoys of our side: all random data comes from here.
#[derive(Debug)]
pub struct Start {
    /// Fresh for each connection.
    pub keys: Keys,
    /// Follows our key. Core chooses a random length for each connection, and random bytes.
    pub garbage: Garbage,
    /// The contents of packets that we send before our version packet, and that the peer ignores. Core sends none.
    pub decoys: Vec<Box<[u8]>>,
}

impl Start {
    /// Keys and garbage, without decoys.
    #[must_use]
    pub fn new(keys: Keys, garbage: Garbage) -> Self {
        Self { keys, garbage, decoys: Vec::new() }
    }
}

/// Random bytes after a key: they hide the length of the first flight.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Garbage(Box<[u8]>);

impl Garbage {
    /// `None` if there are more than [`MAX_GARBAGE_LEN`] bytes.
    #[must_use]
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Option<Self> {
        let bytes = bytes.into();
        (bytes.len() <= MAX_GARBAGE_LEN).then_some(Self(bytes))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// One side of a handshake over the encrypted transport.
#[derive(Debug)]
pub struct V2 {
    hello: Hello,
    state: State,
    /// Bytes of decoys received.
    decoys_len: usize,
}

#[derive(Debug)]
enum State {
    /// We sent our key and wait for the peer's.
    Key(Box<KeyExchange>),
    /// All keys are known; the peer has yet to prove that it has them.
    Secured(Box<Secured>),
    /// The peer has proven it. Messages pass until the channel is given away at the end.
    Messages(Channel),
}

impl V2 {
    /// A handshake in this role.
    #[must_use]
    pub fn new(role: Role, local: Local, start: Start) -> Self {
        Self { hello: Hello::new(role, local), state: State::Key(Box::new(KeyExchange::new(start))), decoys_len: 0 }
    }

    /// A handshake on a connection that we opened.
    #[must_use]
    pub fn initiator(local: Local, start: Start) -> Self {
        Self::new(Role::Initiator, local, start)
    }

    /// A handshake on a connection that we accepted, from a peer that is known to use this transport: we send our key
    /// at once. [`Accept`](crate::Accept) takes both transports.
    #[must_use]
    pub fn responder(local: Local, start: Start) -> Self {
        Self::new(Role::Responder, local, start)
    }

    /// All messages so far, sent and received; also there after a failed handshake.
    #[must_use]
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// The session id, once the peer's key has come.
    #[must_use]
    pub fn session_id(&self) -> Option<SessionId> {
        match &self.state {
            State::Key(_) => None,
            State::Secured(secured) => Some(secured.session_id()),
            State::Messages(channel) => channel.session_id,
        }
    }

    /// Whether we may dial the peer again over the plaintext transport after it closed the connection: it sent no byte
    /// in answer to our key. (Core: net.cpp V2Transport::ShouldReconnectV1)
    #[must_use]
    pub fn may_fall_back(&self) -> bool {
        self.hello.role() == Role::Initiator
            && matches!(&self.state, State::Key(exchange) if exchange.is_said() && !exchange.has_heard())
    }

    /// The peer has proven that it has the keys.
    fn begin_messages(&mut self) {
        let none_yet = State::Messages(Channel::v1(self.hello.local().params));
        self.state = match mem::replace(&mut self.state, none_yet) {
            State::Secured(secured) => State::Messages(secured.into_channel()),
            other => other,
        };
    }

    /// Counts decoys, which may come before messages and between them.
    fn count_decoys(&mut self, event: &Event) -> Result<(), Error> {
        if let Event::Transport(Phase::ReceivedDecoy { contents }) = event {
            self.decoys_len += contents + OVERHEAD;
            if self.decoys_len > MAX_DECOYS_LEN {
                return Err(Error::Decoys);
            }
        }
        Ok(())
    }
}

impl Conversation for V2 {
    type Output = Concluded;
    type Event = Event;
    type Error = crate::Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, Concluded>, crate::Error> {
        let role = self.hello.role();
        let event = match &mut self.state {
            State::Key(exchange) => {
                match exchange.step(role, &self.hello.local().params, rx, tx).map_err(|error| error.told_by(role))? {
                    Step::Need(n) => return Ok(Step::Need(n)),
                    Step::Event(phase) => Event::Transport(phase),
                    Step::Done(secured) => {
                        let session_id = secured.session_id();
                        self.state = State::Secured(Box::new(secured));
                        Event::Transport(Phase::ReceivedKey { session_id })
                    }
                }
            }
            State::Secured(secured) => match secured.step(&mut self.hello, rx, tx)? {
                Step::Need(n) => return Ok(Step::Need(n)),
                Step::Event(event) => event,
                Step::Done(phase) => {
                    self.begin_messages();
                    Event::Transport(phase)
                }
            },
            State::Messages(channel) => match converse(&mut self.hello, channel, rx, tx)? {
                Step::Event(event) => event,
                over => return Ok(over),
            },
        };
        self.count_decoys(&event)?;
        Ok(Step::Event(event))
    }

    fn awaiting(&self) -> &'static str {
        match &self.state {
            State::Key(_) => "key",
            State::Secured(secured) => secured.awaiting(),
            State::Messages(_) => self.hello.awaiting(),
        }
    }

    fn ended(&self, end: End, rest: &[u8]) -> Option<crate::Error> {
        match &self.state {
            State::Key(_) if self.may_fall_back() && end == End::Closed => {
                Some(Error::ClosedOnKey(Offer::Unknown).into())
            }
            State::Key(_) => key_exchange::what_else(rest).map(|error| error.told_by(self.hello.role())),
            State::Secured(secured) => secured.other_network(rest),
            State::Messages(_) => None,
        }
    }

    fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        match &self.state {
            State::Key(_) => (!rest.is_empty()).then(|| Unfinished::new("key", rest.len(), keys::KEY_LEN)),
            State::Secured(secured) => secured.unfinished(rest),
            State::Messages(channel) => channel.unfinished(rest),
        }
    }

    fn instead(&self) -> Option<String> {
        self.hello.instead()
    }

    fn suspicion(&self, evidence: Evidence) -> Cow<'static, str> {
        let sentence = match (&self.state, self.hello.role(), evidence.end) {
            (State::Secured(secured), _, end) => secured.suspicion(end),
            (State::Key(_), Role::Initiator, End::Closed) => "most likely another protocol",
            (State::Key(_), Role::Initiator, End::Silent) => {
                "it may speak only the v1 transport, hang, start up, be on another network, or be no Bitcoin node"
            }
            (State::Key(_), Role::Responder, _) => "most likely a port scan, or another protocol",
            (State::Messages(_), ..) => return self.hello.suspicion(evidence),
        };
        sentence.into()
    }
}

impl Handshake for V2 {
    fn stage(&self) -> Stage {
        match &self.state {
            State::Key(_) | State::Secured(_) => Stage::Transport,
            State::Messages(_) => self.hello.stage(),
        }
    }
}
