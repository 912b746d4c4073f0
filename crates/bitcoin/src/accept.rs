//! Both transports on one port: the peer that dials us chooses. (BIP324: signaling v2 support; Core: net.cpp
//! V2Transport)
//!
//! A plaintext message starts with its network's magic and a name: 16 bytes. We inspect them as they arrive and take
//! none. If a byte of the magic differs, the peer speaks v2, and we send our key at once. The magic and a valid name
//! mean v1. The magic and no valid name mean v2.
//! Core accepts only the name `version` as plain text; it treats any other message as a key and answers with bytes that
//! look random. We accept every name: some peers send `verack` first and Bitcoin SV's may send `createstream`, a key is
//! never shorter than 64 bytes, and one of 2^49 starts with our magic and a name.
//! 64 bytes, and one of 2^49 starts with our magic and a name.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use handshake::{Conversation, End, Evidence, Handshake, Rx, Stage, Step, Unfinished};

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
    /// A handshake with a peer that dialled us. Our side uses `start` if the peer chooses v2.
    #[must_use]
    pub fn new(local: Local, start: Start) -> Self {
        Self { transport: None, v1: V1::responder(local.clone()), v2: V2::responder(local, start) }
    }

    /// Which transport the peer chose, once that is known.
    #[must_use]
    pub fn transport(&self) -> Option<Transport> {
        self.transport
    }

    /// All messages so far, sent and received; also there after a failed handshake.
    #[must_use]
    pub fn hello(&self) -> &Hello {
        match self.transport {
            Some(Transport::V1) => self.v1.hello(),
            None | Some(Transport::V2) => self.v2.hello(),
        }
    }

    /// The session id, if the connection is encrypted and the peer's key has come.
    #[must_use]
    pub fn session_id(&self) -> Option<SessionId> {
        self.v2.session_id()
    }

    /// The transport, if the first bytes already decide it.
    fn choice(&self, arrived: &[u8]) -> Option<Transport> {
        let magic = self.hello().local().params.magic.0;
        let Some((first, rest)) = arrived.split_first_chunk() else {
            return (!magic.starts_with(arrived)).then_some(Transport::V2);
        };
        if *first != magic {
            return Some(Transport::V2);
        }
        let name = Command(*rest.first_chunk()?);
        Some(if name.is_name() { Transport::V1 } else { Transport::V2 })
    }
}

impl Conversation for Accept {
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

    fn ended(&self, end: End, rest: &[u8]) -> Option<Error> {
        match self.transport {
            Some(Transport::V2) => self.v2.ended(end, rest),
            None | Some(Transport::V1) => self.v1.ended(end, rest),
        }
    }

    fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        match self.transport {
            Some(Transport::V2) => self.v2.unfinished(rest),
            None | Some(Transport::V1) => self.v1.unfinished(rest),
        }
    }

    fn instead(&self) -> Option<String> {
        self.hello().instead()
    }

    fn suspicion(&self, evidence: Evidence) -> Cow<'static, str> {
        match self.transport {
            Some(Transport::V2) => self.v2.suspicion(evidence),
            None | Some(Transport::V1) => self.v1.suspicion(evidence),
        }
    }
}

impl Handshake for Accept {
    fn stage(&self) -> Stage {
        match self.transport {
            None => Stage::Transport,
            Some(Transport::V1) => self.v1.stage(),
            Some(Transport::V2) => self.v2.stage(),
        }
    }
}
