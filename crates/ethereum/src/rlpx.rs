//! The handshake: auth and ack exchange keys, and then the conversation runs in frames.
//!
//! A responder sends its Hello directly after its ack, and an initiator directly after it received the ack, so both are
//! exchanged two round trips after the connection was opened, TCP's included. Status takes one more, and the answer
//! that proves that the peer accepted ours another one.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use handshake::{End, Evidence, Handshake, Leave, OursRead, Remark, Role, Rx, Stage, Step, Unfinished};

use crate::auth::{Ack, AckReader, Auth, AuthReader, Form};
use crate::channel::Channel;
use crate::conversation::Conversation;
pub use crate::conversation::Shared;
use crate::error::Error;
use crate::eth::Status;
use crate::frame::ReadError;
use crate::hello::Hello;
use crate::key::PublicKey;
use crate::local::{Fresh, Local};
use crate::message::{Event, Message};
use crate::secrets::{Part, Secrets};

/// What was agreed.
#[derive(Debug)]
pub struct Agreed {
    /// The peer's id: the static key that the peer has proven to hold.
    pub node_id: PublicKey,
    /// The peer's Hello.
    pub hello: Hello,
    /// The common capabilities, in the order of their message ids.
    pub shared: Vec<Shared>,
    /// The peer's Status, if one was wanted.
    pub status: Option<Status>,
    /// Whether the peer answered our request, which shows that it accepted our Status. If not, the peer is silent, and
    /// nothing shows it. Where no Status is wanted, both Hellos suffice.
    pub confirmed: bool,
    /// What is unusual about the peer, although nothing failed for it.
    pub remarks: Vec<Remark>,
    /// The connection for the messages that follow.
    pub channel: Channel,
}

/// One side of a handshake.
#[derive(Debug)]
pub struct Rlpx {
    role: Role,
    local: Local,
    fresh: Fresh,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Initiator: about to send auth.
    SayAuth { to: PublicKey },
    /// Initiator: waits for ack.
    Ack { to: PublicKey, auth: Vec<u8>, reader: AckReader },
    /// Responder: waits for auth.
    Auth(AuthReader),
    /// Responder: about to send ack.
    SayAck { auth: Auth, form: Form, packet: Vec<u8>, their_ephemeral: PublicKey },
    /// Both: the channel is ready.
    Converse(Box<Conversation>),
}

impl Rlpx {
    /// A handshake on a connection that we opened, with the node of this id.
    #[must_use]
    pub fn initiator(local: Local, fresh: Fresh, to: PublicKey) -> Self {
        Self { role: Role::Initiator, local, fresh, state: State::SayAuth { to } }
    }

    /// A handshake on a connection that we accepted.
    #[must_use]
    pub fn responder(local: Local, fresh: Fresh) -> Self {
        Self { role: Role::Responder, local, fresh, state: State::Auth(AuthReader::new()) }
    }

    /// The static key that the peer has claimed, if it has. It is proven once [`Rlpx::hello`] is known.
    #[must_use]
    pub fn node_id(&self) -> Option<PublicKey> {
        match &self.state {
            State::Auth(_) => None,
            State::SayAuth { to } | State::Ack { to, .. } => Some(*to),
            State::SayAck { auth, .. } => Some(auth.key),
            State::Converse(conversation) => Some(conversation.their_key()),
        }
    }

    /// The peer's Hello, if it came; also there after a failed handshake.
    #[must_use]
    pub fn hello(&self) -> Option<&Hello> {
        self.conversation()?.hello()
    }

    /// The peer's Status, if it came; also there after a failed handshake.
    #[must_use]
    pub fn status(&self) -> Option<&Status> {
        self.conversation()?.status()
    }

    /// Our Status, if we have sent it.
    #[must_use]
    pub fn said_status(&self) -> Option<&Status> {
        self.conversation()?.said_status()
    }

    fn conversation(&self) -> Option<&Conversation> {
        match &self.state {
            State::Converse(conversation) => Some(conversation),
            _ => None,
        }
    }

    /// Sends the next message, or reads the awaited one.
    fn go_on(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Event, ReadError> {
        let Self { local, fresh, state, .. } = self;
        let start = tx.len();
        match state {
            State::SayAuth { to } => {
                let to = *to;
                if to == local.node_id() {
                    return Err(Error::SelfConnect.into());
                }
                let auth = Auth::new(local.key(), local.node_id(), &fresh.ephemeral, fresh.nonce, &to);
                auth.write(fresh.form, &fresh.ephemeral, &to, &fresh.sealing, tx);
                *state = State::Ack { to, auth: tx[start..].to_vec(), reader: AckReader::new() };
                Ok(Event::Said(Message::Auth))
            }
            State::Ack { to, auth, reader } => {
                let opened = reader.read(local.key(), rx)?;
                let ack = Ack::read(opened.form, opened.inside)?;
                let ours = Part { nonce: &fresh.nonce, packet: auth };
                let theirs = Part { nonce: &ack.nonce, packet: &opened.packet };
                let channel = fresh.channel(Role::Initiator, &ack.ephemeral_key, ours, theirs);
                *state = State::Converse(Box::new(Conversation::new(local.clone(), channel, *to)));
                Ok(Event::Heard(Message::Ack))
            }
            State::Auth(reader) => {
                let opened = reader.read(local.key(), rx)?;
                let auth = Auth::read(opened.form, opened.inside)?;
                if auth.key == local.node_id() {
                    return Err(Error::SelfConnect.into());
                }
                let their_ephemeral = auth.ephemeral_key(local.key())?;
                *state = State::SayAck { auth, their_ephemeral, form: opened.form, packet: opened.packet };
                Ok(Event::Heard(Message::Auth))
            }
            State::SayAck { auth, their_ephemeral, form, packet } => {
                Ack::new(&fresh.ephemeral, fresh.nonce).write(*form, &auth.key, &fresh.sealing, tx);
                let ours = Part { nonce: &fresh.nonce, packet: &tx[start..] };
                let theirs = Part { nonce: &auth.nonce, packet };
                let channel = fresh.channel(Role::Responder, their_ephemeral, theirs, ours);
                *state = State::Converse(Box::new(Conversation::new(local.clone(), channel, auth.key)));
                Ok(Event::Said(Message::Ack))
            }
            State::Converse(conversation) => match conversation.say(tx) {
                Some(message) => Ok(Event::Said(message)),
                None => conversation.hear(rx),
            },
        }
    }
}

impl Fresh {
    /// The channel with a peer, without compression yet.
    fn channel(&self, role: Role, theirs: &PublicKey, initiator: Part<'_>, responder: Part<'_>) -> Channel {
        let secrets = Secrets::derive(&self.ephemeral, theirs, initiator.nonce, responder.nonce);
        let (seal, open) = secrets.halves(role, initiator, responder);
        Channel { seal, open, compressed: false }
    }
}

impl handshake::Conversation for Rlpx {
    type Output = Agreed;
    type Event = Event;
    type Error = Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, Agreed>, Error> {
        if let State::Converse(conversation) = &mut self.state
            && let Some(agreed) = conversation.agreed()
        {
            return Ok(Step::Done(agreed));
        }
        match self.go_on(rx, tx) {
            Ok(event) => Ok(Step::Event(event)),
            Err(halt) => {
                if let (State::Converse(conversation), ReadError::Error(fault)) = (&mut self.state, &halt)
                    && let Some(reason) = fault.parting()
                {
                    conversation.part(reason, tx);
                }
                halt.into_step()
            }
        }
    }

    fn awaiting(&self) -> &'static str {
        match &self.state {
            State::SayAuth { .. } | State::Ack { .. } => "ack",
            State::Auth(_) | State::SayAck { .. } => "auth",
            State::Converse(conversation) => conversation.awaiting(),
        }
    }

    /// An echoing side waits for the peer's Status for half of the time; then it sends its own.
    fn wake_at(&self, deadline: Duration) -> Option<Duration> {
        self.local.may_speak_first().then_some(deadline / 2)
    }

    fn wake(&mut self, _: Duration) {
        self.local.speak_first();
        if let State::Converse(conversation) = &mut self.state {
            conversation.speak_first();
        }
    }

    fn leave(&mut self, why: Leave, tx: &mut Vec<u8>) -> Option<Event> {
        let State::Converse(conversation) = &mut self.state else { return None };
        let reason = conversation.leaving(why)?;
        conversation.part(reason, tx).then_some(Event::Said(Message::Disconnect(reason)))
    }

    /// Both sides have sent everything; that the peer answers no request does not matter.
    fn settle(&mut self) -> Option<Agreed> {
        match &mut self.state {
            State::Converse(conversation) => conversation.settle(),
            _ => None,
        }
    }

    fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        match &self.state {
            State::Ack { reader, .. } => reader.unfinished(rest),
            State::Auth(reader) => reader.unfinished(rest),
            State::Converse(conversation) => conversation.unfinished(rest),
            State::SayAuth { .. } | State::SayAck { .. } => None,
        }
    }

    /// (geth: p2p/server.go setupConn checkInboundConn, p2p/rlpx/rlpx.go handleAuthMsg, eth/protocols/eth/handshake.go)
    fn suspicion(&self, evidence: Evidence) -> Cow<'static, str> {
        let Evidence { end, ours } = evidence;
        let sentence = match (self.role, self.stage(), end) {
            (Role::Initiator, Stage::Transport, End::Closed) if ours == OursRead::Nothing => {
                "it refuses our address, or saw us within the last 30 s, as geth does"
            }
            (Role::Initiator, Stage::Transport, End::Closed) => {
                "most likely its key is not the one in its node id, it is no Ethereum node, it refuses our address, or it saw \
                 us within the last 30 s"
            }
            (Role::Initiator, Stage::Transport, End::Silent) => {
                "most likely its key is not the one in its node id, or it is no Ethereum node"
            }
            (Role::Responder, Stage::Transport, End::Closed) => "most likely a port scan, or another protocol",
            (Role::Responder, Stage::Transport, End::Silent) => {
                "most likely a port scan, or it waits for us to speak first"
            }
            (Role::Initiator, Stage::Hello, End::Closed) => {
                "it has the key that it claims; most likely it is full or has banned us"
            }
            (Role::Responder, Stage::Hello, End::Closed) => {
                "it knows our key, and did not introduce itself: a tool that only checks whether we are there closes like this"
            }
            (_, Stage::Ack, End::Closed) if self.said_status().is_none() => {
                "our Status was not sent yet, as we waited for its own; it may have waited for ours"
            }
            (_, Stage::Ack, End::Silent) if self.said_status().is_none() => {
                "we said no Status either: each side waited for the other's"
            }
            (_, Stage::Ack, End::Closed) => "it did not accept our Status, or wanted no more than to see it",
            (_, Stage::Ack, End::Silent) => "most likely it is not done starting",
            (_, _, End::Closed) => "",
            (_, _, End::Silent) => "a half-open proxy or a broken node is silent like this",
        };
        sentence.into()
    }
}

impl Handshake for Rlpx {
    fn stage(&self) -> Stage {
        match &self.state {
            State::Converse(conversation) => conversation.stage(),
            _ => Stage::Transport,
        }
    }
}
