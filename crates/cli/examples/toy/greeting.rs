//! The toy protocol: the initiator sends a byte, and the responder answers with a byte. 0 is invalid.

use std::fmt;

use handshake::{Blame, Conversation, Fault, Handshake, Reason, Role, Rx, Stage, Step};

/// One side of the handshake.
#[derive(Debug)]
pub struct Greeting {
    role: Role,
    ours: u8,
    theirs: Option<u8>,
    is_said: bool,
}

/// A byte passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Ours.
    Said(u8),
    /// The peer's.
    Heard(u8),
}

/// The peer sent 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zero;

/// The codes of the protocol's errors.
pub const REASONS: &[Reason] = &[Reason::of("toy.zero", Blame::Peer, "it said 0, which is no byte to say")];

impl fmt::Display for Zero {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it said 0, which is no byte to say")
    }
}

impl std::error::Error for Zero {}

impl Fault for Zero {
    fn blame(&self) -> Blame {
        Blame::Peer
    }

    fn code(&self) -> &'static str {
        "toy.zero"
    }
}

impl Greeting {
    /// A side that sends this byte.
    pub fn new(role: Role, ours: u8) -> Self {
        Self { role, ours, theirs: None, is_said: false }
    }

    /// The peer's byte.
    pub fn theirs(&self) -> Option<u8> {
        self.theirs
    }
}

impl Conversation for Greeting {
    type Output = u8;
    type Event = Event;
    type Error = Zero;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, u8>, Zero> {
        let is_our_turn = self.role == Role::Initiator || self.theirs.is_some();
        if is_our_turn && !self.is_said {
            self.is_said = true;
            tx.push(self.ours);
            return Ok(Step::Event(Event::Said(self.ours)));
        }
        match self.theirs {
            Some(theirs) => Ok(Step::Done(theirs)),
            None => match rx.take(1) {
                Ok([0]) => Err(Zero),
                Ok(byte) => {
                    self.theirs = Some(byte[0]);
                    Ok(Step::Event(Event::Heard(byte[0])))
                }
                Err(short) => Ok(Step::Need(short.0)),
            },
        }
    }

    fn awaiting(&self) -> &'static str {
        "byte"
    }
}

impl Handshake for Greeting {
    fn stage(&self) -> Stage {
        if self.theirs.is_some() { Stage::Done } else { Stage::Hello }
    }
}
