//! The whole handshake: a request, and its answer.
//!
//! Before the request, either side may send a ping or ask for support flags; the other answers at once.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use handshake::{Conversation, End, Evidence, Handshake, OursRead, Role, Rx, Stage, Step, Unfinished};

use crate::error::Error;
use crate::introduction::{Introduction, Node, Tip};
use crate::levin::{Command, FrameReader, HEAD_LEN, Kind, MAX_EARLY_LEN, MAX_SYNC_LEN};
use crate::message::{Event, Message};
use crate::network::Network;
use crate::peer::Peers;

/// Bytes that a handshake may take: the longest answer, the longest message that may come before it, and the same again
/// for other messages. Use it as the driver's byte budget.
pub const MAX_BYTES: u64 = 2 * (HEAD_LEN as u64 + MAX_EARLY_LEN) + MAX_SYNC_LEN;

/// Our own side: our introduction, and our answers. Every field may be changed.
#[derive(Clone, Debug)]
pub struct Local {
    /// Our introduction. A peer on another network is refused.
    pub introduction: Introduction,
    /// The peers that we know. Only a peer that asks gets them, at most [`MAX_PEERS`](crate::MAX_PEERS).
    pub peers: Peers,
}

impl Local {
    /// A new node: it has one block, knows no peers and listens nowhere. `peer_id` must be new for each node, or a node
    /// takes another for itself.
    #[must_use]
    pub fn new(network: &Network, peer_id: u64) -> Self {
        let introduction = Introduction { node: Node::new(network.id, peer_id), tip: Tip::genesis(network) };
        Self { introduction, peers: Peers::default() }
    }

    /// Our answer to this request, from either side and at any time.
    pub(crate) fn answer(&self, message: &Message) -> Option<Message> {
        let Introduction { node, .. } = &self.introduction;
        match message {
            Message::PingRequest => Some(Message::PingResponse { status: "OK".into(), peer_id: node.peer_id }),
            Message::SupportFlagsRequest => Some(Message::SupportFlagsResponse(node.support_flags)),
            _ => None,
        }
    }
}

/// What was agreed.
#[derive(Clone, Debug)]
pub struct Agreed {
    /// The peer's introduction.
    pub introduction: Introduction,
    /// The peers that it knows; none if it dialled us.
    pub peers: Peers,
}

/// One side of a handshake.
#[derive(Debug)]
pub struct Hello {
    role: Role,
    local: Local,
    frames: FrameReader,
    /// The answer to another request of the peer, to be sent.
    owed: Option<Message>,
    introduction: Option<Introduction>,
    /// What the peer sent before its introduction: the first [`MAX_EARLY`], each once.
    early: Vec<String>,
    state: State,
}

/// Names of messages before the introduction to keep, at most.
const MAX_EARLY: usize = 4;

#[derive(Debug)]
enum State {
    SayRequest,
    Response,
    Request,
    SayResponse(Introduction),
    Concluded(Agreed),
    /// The end: the stage reached.
    Over(Stage),
}

impl Hello {
    /// A handshake on a connection that we opened.
    #[must_use]
    pub fn initiator(local: Local) -> Self {
        Self::new(Role::Initiator, local, State::SayRequest)
    }

    /// A handshake on a connection that we accepted.
    #[must_use]
    pub fn responder(local: Local) -> Self {
        Self::new(Role::Responder, local, State::Request)
    }

    fn new(role: Role, local: Local, state: State) -> Self {
        Self { role, local, frames: FrameReader::new(), owed: None, introduction: None, early: Vec::new(), state }
    }

    /// The peer's introduction, once it has come; also there if it was refused.
    #[must_use]
    pub fn introduction(&self) -> Option<&Introduction> {
        self.introduction.as_ref()
    }

    fn say(&mut self, tx: &mut Vec<u8>) -> Option<Event> {
        let message = match mem::replace(&mut self.state, State::Over(Stage::Hello)) {
            State::SayRequest => {
                self.state = State::Response;
                Message::HandshakeRequest(self.local.introduction.clone())
            }
            State::SayResponse(introduction) => {
                self.state = State::Concluded(Agreed { introduction, peers: Peers::default() });
                Message::HandshakeResponse(self.local.introduction.clone(), self.local.peers.clone())
            }
            other => {
                self.state = other;
                self.owed.take()?
            }
        };
        message.write(tx);
        Some(Event::Said(message))
    }

    /// Keeps the name of a message that came before the peer's introduction.
    fn note_early(&mut self, event: &Event) {
        let Event::Heard(message) = event else { return };
        if self.introduction.is_none() && self.early.len() < MAX_EARLY {
            let name = format!("a {} of {}", message.kind().name(), message.command());
            if !self.early.contains(&name) {
                self.early.push(name);
            }
        }
    }

    /// Processes a message of the peer.
    fn hear(&mut self, event: &Event) -> Result<(), Error> {
        let Event::Heard(message) = event else {
            return Ok(());
        };
        self.owed = self.local.answer(message);
        match (self.role, message) {
            (Role::Initiator, Message::HandshakeResponse(introduction, peers)) => {
                self.meet(introduction)?;
                self.state = State::Concluded(Agreed { introduction: introduction.clone(), peers: peers.clone() });
            }
            (Role::Initiator, Message::Failure { command: command @ Command::HANDSHAKE, code }) => {
                return Err(Error::Refused { command: *command, code: *code });
            }
            (Role::Responder, Message::HandshakeRequest(introduction)) => {
                self.meet(introduction)?;
                self.state = State::SayResponse(introduction.clone());
            }
            // Padding, and notifications that a node sends to all peers.
            (_, Message::Other { kind: Kind::Notification | Kind::Fragment, .. }) => {}
            _ if self.owed.is_some() => {}
            _ => return Err(Error::Unexpected { command: message.command(), kind: message.kind() }),
        }
        Ok(())
    }

    /// Checks the peer's introduction.
    fn meet(&mut self, theirs: &Introduction) -> Result<(), Error> {
        let (theirs, ours) = (&self.introduction.insert(theirs.clone()).node, &self.local.introduction.node);
        if theirs.network_id != ours.network_id {
            return Err(Error::Network { theirs: theirs.network_id, ours: ours.network_id });
        }
        if theirs.peer_id == ours.peer_id { Err(Error::SelfConnect) } else { Ok(()) }
    }
}

impl Conversation for Hello {
    type Output = Agreed;
    type Event = Event;
    type Error = Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, Agreed>, Error> {
        if let Some(event) = self.say(tx) {
            return Ok(Step::Event(event));
        }
        match mem::replace(&mut self.state, State::Over(Stage::Done)) {
            State::Concluded(agreed) => return Ok(Step::Done(agreed)),
            over @ State::Over(_) => {
                self.state = over;
                return Ok(Step::Need(1));
            }
            waiting => self.state = waiting,
        }
        let event = match self.frames.read(rx) {
            Ok(frame) => Event::of(frame)?,
            Err(halt) => return halt.into_step(),
        };
        self.hear(&event)?;
        self.note_early(&event);
        Ok(Step::Event(event))
    }

    fn awaiting(&self) -> &'static str {
        match self.role {
            Role::Initiator => "handshake response",
            Role::Responder => "handshake request",
        }
    }

    fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        self.frames.unfinished(rest)
    }

    fn instead(&self) -> Option<String> {
        if self.early.is_empty() { None } else { Some(self.early.join(", ")) }
    }

    fn suspicion(&self, evidence: Evidence) -> Cow<'static, str> {
        let sentence = match (self.role, evidence.end) {
            (Role::Initiator, End::Closed) if evidence.ours == OursRead::Nothing => {
                "most likely all its inbound slots are taken, or it refuses our address"
            }
            (Role::Initiator, End::Closed) => {
                "that is what a node does that is on another network, has no slot left, or has met our address already"
            }
            (Role::Initiator, End::Silent) => {
                "most likely it is another protocol, in which the other side speaks first"
            }
            (Role::Responder, _) if self.owed.is_none() && !self.frames.in_sync() => {
                "most likely a port scan, or another protocol"
            }
            (Role::Responder, _) => "a node that only checks whether we are there closes like this",
        };
        sentence.into()
    }
}

impl Handshake for Hello {
    fn stage(&self) -> Stage {
        match self.state {
            State::SayRequest | State::Response | State::Request | State::SayResponse(_) => Stage::Hello,
            State::Concluded(_) => Stage::Done,
            State::Over(stage) => stage,
        }
    }
}
