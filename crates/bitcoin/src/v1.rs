//! The handshake over the plaintext transport.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use handshake::{Conversation, End, Evidence, Handshake, Role, Rx, Stage, Step, Unfinished};

use crate::channel::Channel;
use crate::conversation::{Concluded, converse};
use crate::error::Error;
use crate::hello::{Hello, Local};
use crate::message::Event;

/// One side of a handshake over the plaintext transport.
#[derive(Debug)]
pub struct V1 {
    hello: Hello,
    channel: Channel,
}

impl V1 {
    /// A handshake in this role.
    #[must_use]
    pub fn new(role: Role, local: Local) -> Self {
        let channel = Channel::v1(local.params);
        Self { hello: Hello::new(role, local), channel }
    }

    /// A handshake on a connection that we opened.
    #[must_use]
    pub fn initiator(local: Local) -> Self {
        Self::new(Role::Initiator, local)
    }

    /// A handshake on a connection that we accepted.
    #[must_use]
    pub fn responder(local: Local) -> Self {
        Self::new(Role::Responder, local)
    }

    /// All messages so far, sent and received; also there after a failed handshake.
    #[must_use]
    pub fn hello(&self) -> &Hello {
        &self.hello
    }
}

impl Conversation for V1 {
    type Output = Concluded;
    type Event = Event;
    type Error = Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, Concluded>, Error> {
        converse(&mut self.hello, &mut self.channel, rx, tx).map_err(|error| error.told_by(self.hello.role()))
    }

    fn awaiting(&self) -> &'static str {
        self.hello.awaiting()
    }

    fn ended(&self, _end: End, rest: &[u8]) -> Option<Error> {
        self.channel.what_else(rest).map(|error| error.told_by(self.hello.role()))
    }

    fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        self.channel.unfinished(rest)
    }

    fn instead(&self) -> Option<String> {
        self.hello.instead()
    }

    fn suspicion(&self, evidence: Evidence) -> Cow<'static, str> {
        self.hello.suspicion(evidence)
    }
}

impl Handshake for V1 {
    fn stage(&self) -> Stage {
        self.hello.stage()
    }
}
