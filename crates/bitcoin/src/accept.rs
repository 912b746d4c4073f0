//! Both transports on one port: whoever dials us chooses. (BIP324: signaling v2 support; Core: net.cpp V2Transport)
//!
//! A plaintext initiator starts with its network's magic and the name `version`: 16 bytes. They are compared as they
//! arrive, and none is taken. All 16 equal: v1. One that differs: v2, and our key is said at once.

use alloc::vec::Vec;

use handshake::{End, Handshake, Rx, Stage, Step};

use crate::channel::Transport;
use crate::conversation::Concluded;
use crate::error::Error;
use crate::hello::{Hello, Local};
use crate::message::{Command, Event};
use crate::v1::V1;
use crate::v2::{SessionId, Start, V2};

/// Our side of a handshake on a connection that we accepted, over the transport that the peer chooses.
#[derive(Debug)]
pub struct Accept {
    transport: Option<Transport>,
    v1: V1,
    v2: V2,
}

impl Accept {
    /// A handshake with whoever dialled us. `start` is what our side starts with if the peer chooses v2.
    #[must_use]
    pub fn new(local: Local, start: Start) -> Self {
        Self { transport: None, v1: V1::responder(local.clone()), v2: V2::responder(local, start) }
    }

    /// Which transport the peer chose, once that is known.
    #[must_use]
    pub fn transport(&self) -> Option<Transport> {
        self.transport
    }

    /// What has been said and heard so far: all that a failed handshake has learned.
    #[must_use]
    pub fn hello(&self) -> &Hello {
        match self.transport {
            Some(Transport::V1) => self.v1.hello(),
            None | Some(Transport::V2) => self.v2.hello(),
        }
    }

    /// The connection's name, if it is encrypted and the peer's key has come.
    #[must_use]
    pub fn session_id(&self) -> Option<SessionId> {
        self.v2.session_id()
    }

    /// What the first bytes tell, if they tell it already.
    fn choice(&self, arrived: &[u8]) -> Option<Transport> {
        let mut first = [0; 16];
        first[..4].copy_from_slice(&self.hello().local().params.magic.0);
        first[4..].copy_from_slice(&Command::VERSION.0);
        let heard = arrived.len().min(first.len());
        if arrived[..heard] != first[..heard] {
            Some(Transport::V2)
        } else if heard == first.len() {
            Some(Transport::V1)
        } else {
            None
        }
    }
}

impl Handshake for Accept {
    type Output = Concluded;
    type Event = Event;
    type Error = Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, Concluded>, Error> {
        self.transport = self.transport.or_else(|| self.choice(rx.rest()));
        match self.transport {
            None => Ok(Step::Need(1)),
            Some(Transport::V1) => self.v1.step(rx, tx),
            Some(Transport::V2) => self.v2.step(rx, tx),
        }
    }

    fn awaiting(&self) -> &'static str {
        match self.transport {
            None => "version or key",
            Some(Transport::V1) => self.v1.awaiting(),
            Some(Transport::V2) => self.v2.awaiting(),
        }
    }

    fn stage(&self) -> Stage {
        match self.transport {
            None => Stage::Transport,
            Some(Transport::V1) => self.v1.stage(),
            Some(Transport::V2) => self.v2.stage(),
        }
    }

    fn ended(&self, end: End, rest: &[u8]) -> Option<Error> {
        match self.transport {
            Some(Transport::V2) => self.v2.ended(end, rest),
            None | Some(Transport::V1) => None,
        }
    }

    fn suspicion(&self, end: End) -> &'static str {
        match self.transport {
            Some(Transport::V2) => self.v2.suspicion(end),
            None | Some(Transport::V1) => self.v1.suspicion(end),
        }
    }
}
