//! The whole handshake: the choice of Noise, the proof of each side's identity, and both introductions.
//!
//! An optimistic initiator sends everything that needs no answer: the names and Noise's first message leave together,
//! and so do its third message, the choice of the muxer, the request for identify and our own introduction. So from the
//! initiator's first packet to the peer's introduction there are three round trips, TCP's included.
//!
//! The peer's identify answer shows that it has accepted our identity, which we sent before the request or with it.

mod proposing;
mod state;

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;

use handshake::{Conversation, End, Evidence, Handshake, OursRead, Role, Rx, Short, Stage, Step, Unfinished};

use self::proposing::Proposing;
use self::state::{Input, State, heard_name, say_name};
use crate::channel::{Channel, with_length};
use crate::connection::{Connection, MAX_PROPOSALS, Muxer};
use crate::error::{Error, ReadError};
use crate::event::{Event, Message};
use crate::identify::Identify;
use crate::identity::PublicKey;
use crate::local::Local;
use crate::multistream::{HEADER, NA, NOISE};
use crate::payload::Payload;
use crate::peer_id::PeerId;
use crate::xx::{Initiator, Responder, Transport};
use crate::yamux;

/// What was agreed.
#[derive(Debug)]
pub struct Agreed {
    /// The identity that the peer has proved.
    pub public_key: PublicKey,
    /// How yamux was agreed on.
    pub muxer: Muxer,
    /// The peer's introduction.
    pub identify: Identify,
    /// The connection, after both introductions.
    pub connection: Connection,
}

impl Agreed {
    /// The peer id of the peer's key.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        self.public_key.peer_id()
    }
}

/// One side of a handshake.
#[derive(Debug)]
pub struct Hello {
    role: Role,
    local: Local,
    /// The dialled peer id, if it is known.
    dialled: Option<PeerId>,
    /// The identity that the peer has proved.
    public_key: Option<PublicKey>,
    /// How yamux was agreed on, if it was.
    muxer: Option<Muxer>,
    state: State,
}

impl Hello {
    /// A handshake on a connection that we opened, to the node with this peer id, or to any node.
    #[must_use]
    pub fn initiator(local: Local, peer_id: Option<PeerId>) -> Self {
        let xx = Initiator::new(&[], local.static_key.clone(), local.ephemeral_key.clone());
        let state = State::Proposing(Proposing::new(local.opening, xx));
        Self { role: Role::Initiator, local, dialled: peer_id, public_key: None, muxer: None, state }
    }

    /// A handshake on a connection that we accepted.
    #[must_use]
    pub fn responder(local: Local) -> Self {
        let xx = Responder::new(&[], local.static_key.clone(), local.ephemeral_key.clone());
        let state = State::Header(xx);
        Self { role: Role::Responder, local, dialled: None, public_key: None, muxer: None, state }
    }

    /// The peer's identity, once it is proved.
    #[must_use]
    pub fn public_key(&self) -> Option<&PublicKey> {
        self.public_key.as_ref()
    }

    /// How yamux was agreed on, once it was.
    #[must_use]
    pub fn muxer(&self) -> Option<Muxer> {
        self.muxer
    }

    /// The peer's introduction as far as it came, if the handshake failed later. Call it once: it takes the data out.
    #[must_use]
    pub fn identify_so_far(&mut self) -> Option<Identify> {
        match &mut self.state {
            State::Connected(connection) => connection.identify_so_far(),
            _ => None,
        }
    }

    /// Our payload within Noise.
    fn payload(&self) -> Payload {
        let muxers = if self.local.inlines_muxer { [yamux::NAME.into()].into() } else { Vec::new() };
        Payload::new(&self.local.identity, self.local.static_key.public(), muxers)
    }

    /// Reads the peer's payload and checks its identity.
    fn meet(&mut self, bytes: &[u8], noise_key: &[u8; 32]) -> Result<Payload, Error> {
        let payload = Payload::read(bytes, noise_key)?;
        self.public_key = Some(payload.identity.clone());
        if payload.identity == *self.local.identity.public() {
            return Err(Error::SelfConnect);
        }
        match &self.dialled {
            Some(dialled) if *dialled != payload.identity.peer_id() => {
                Err(Error::PeerId { theirs: payload.identity.peer_id(), dialled: dialled.clone() })
            }
            _ => Ok(payload),
        }
    }

    /// Continues over the encrypted connection with the peer's payload.
    fn connect(&mut self, transport: Transport, theirs: Payload) -> Result<State, Error> {
        let Payload { identity, muxers, .. } = theirs;
        let muxer = if !self.local.inlines_muxer || muxers.is_empty() {
            Muxer::Negotiated
        } else if muxers.iter().any(|muxer| muxer.as_bytes() == yamux::NAME.as_bytes()) {
            Muxer::Inlined
        } else {
            return Err(Error::NoMuxer { theirs: muxers.into() });
        };
        let channel = Channel::new(transport.seal, transport.open);
        let connection = Connection::new(self.role, channel, muxer, &self.local, identity);
        self.muxer = connection.muxer();
        Ok(State::Connected(Box::new(connection)))
    }

    /// One move of any side without an encrypted connection.
    fn advance(&mut self, state: State, input: Input<'_>, tx: &mut Vec<u8>) -> Result<(Event, State), Error> {
        Ok(match (state, input) {
            (State::Proposing(proposing), input) => return proposing.advance(self.local.opening, input, tx),
            (State::Two(awaits), Input::Noise(message)) => {
                let (says, payload) = awaits.two(message)?;
                let theirs = Box::new(self.meet(payload, says.theirs())?);
                (Event::Heard(Message::Two(theirs.clone())), State::SayThree(says, theirs))
            }
            (State::SayThree(says, theirs), _) => {
                let (ours, mut payload) = (Box::new(self.payload()), Vec::new());
                ours.write(&mut payload);
                let transport = with_length(tx, |tx| says.three(&payload, tx))?;
                (Event::Said(Message::Three(ours)), self.connect(transport, *theirs)?)
            }
            (State::Header(responder), Input::Name(name)) => {
                if name.as_bytes() != HEADER.as_bytes() {
                    return Err(Error::Answer { expected: HEADER, found: name });
                }
                (heard_name(name), State::SayHeader(responder))
            }
            (State::SayHeader(responder), _) => (say_name(HEADER, tx), State::Proposal(responder, Vec::new())),
            (State::Proposal(responder, mut refused), Input::Name(name)) => {
                let event = heard_name(name.clone());
                if name.as_bytes() == NOISE.as_bytes() {
                    (event, State::SayNoise(responder))
                } else {
                    refused.push(name);
                    if refused.len() >= MAX_PROPOSALS {
                        return Err(Error::Proposals(refused.len()));
                    }
                    (event, State::SayNa(responder, refused))
                }
            }
            (State::SayNa(responder, refused), _) => (say_name(NA, tx), State::Proposal(responder, refused)),
            (State::SayNoise(responder), _) => (say_name(NOISE, tx), State::One(responder)),
            (State::One(responder), Input::Noise(message)) => {
                // The payload of message one is not encrypted, so it is not used.
                let (says, _) = responder.one(message)?;
                (Event::Heard(Message::One), State::SayTwo(says))
            }
            (State::SayTwo(says), _) => {
                let (ours, mut payload) = (Box::new(self.payload()), Vec::new());
                ours.write(&mut payload);
                let awaits = with_length(tx, |tx| says.two(&payload, tx))?;
                (Event::Said(Message::Two(ours)), State::Three(awaits))
            }
            (State::Three(awaits), Input::Noise(message)) => {
                let (transport, payload) = awaits.three(message)?;
                let theirs = self.meet(payload, &transport.theirs)?;
                let next = self.connect(transport, theirs.clone())?;
                (Event::Heard(Message::Three(Box::new(theirs))), next)
            }
            _ => unreachable!("each state has its input, and those that have none of these are not advanced"),
        })
    }

    /// Sends the remaining messages, and returns the connection.
    fn conclude(&mut self, tx: &mut Vec<u8>) -> Step<Event, Agreed> {
        let State::Connected(connection) = &mut self.state else { unreachable!("only a connected side concludes") };
        if let Some(event) = connection.say(tx) {
            return Step::Event(event);
        }
        let identify = connection.identify().expect("the peer has said all, and this is asked for once");
        let done = State::Over(Stage::Done, "identify");
        let State::Connected(connection) = mem::replace(&mut self.state, done) else { unreachable!("it was so above") };
        let public_key = self.public_key.clone().expect("no connection is sealed without");
        let muxer = self.muxer.expect("it introduced itself over it");
        Step::Done(Agreed { public_key, muxer, identify, connection: *connection })
    }

    fn go(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, Agreed>, ReadError> {
        let over = State::Over(self.state.stage(), self.state.awaiting());
        match &mut self.state {
            State::Over(..) => return Ok(Step::Need(1)),
            State::Connected(connection) => {
                let stepped = if connection.is_over() { Err(Short(1).into()) } else { connection.step(rx, tx) };
                self.muxer = connection.muxer();
                match stepped {
                    Err(ReadError::Short(_)) if connection.is_over() => return Ok(self.conclude(tx)),
                    stepped => return stepped.map(Step::Event),
                }
            }
            _ => {}
        }
        let input = self.state.input(rx)?;
        let state = mem::replace(&mut self.state, over);
        let said = tx.len();
        match self.advance(state, input, tx) {
            Ok((event, next)) => {
                self.state = next;
                Ok(Step::Event(event))
            }
            Err(error) => {
                // Removes an incomplete message.
                tx.truncate(said);
                Err(error.into())
            }
        }
    }
}

impl Conversation for Hello {
    type Output = Agreed;
    type Event = Event;
    type Error = Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, Agreed>, Error> {
        let (stage, awaiting) = (self.stage(), self.awaiting());
        self.go(rx, tx).or_else(|halt| {
            if let ReadError::Error(error) = &halt {
                // The choice of a muxer comes after Noise in either form.
                let stage = if matches!(error, Error::NoMuxer { .. }) { Stage::Hello } else { stage };
                self.state = State::Over(stage, awaiting);
            }
            halt.into_step()
        })
    }

    fn awaiting(&self) -> &'static str {
        self.state.awaiting()
    }

    fn ended(&self, end: End, _rest: &[u8]) -> Option<Error> {
        let closed = matches!(end, End::Closed);
        match &self.state {
            State::Proposal(_, refused) if closed && !refused.is_empty() => {
                Some(Error::NoNoise { theirs: refused.clone().into() })
            }
            State::Connected(connection) if closed && !connection.refused().is_empty() => {
                Some(Error::NoMuxer { theirs: connection.refused().into() })
            }
            _ => None,
        }
    }

    fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        self.state.unfinished(rest)
    }

    fn suspicion(&self, evidence: Evidence) -> Cow<'static, str> {
        let sentence = match (self.role, self.stage(), evidence.end) {
            (Role::Initiator, Stage::Transport, End::Closed) if evidence.ours == OursRead::Nothing => {
                "most likely it has no place for us, or refuses our address"
            }
            (Role::Initiator, Stage::Transport, End::Closed) if self.state.has_heard() => {
                "most likely it has no place for us"
            }
            (Role::Initiator, Stage::Transport, End::Silent) if self.state.has_heard() => {
                "a half-open proxy or a broken node is silent like this"
            }
            (Role::Initiator, Stage::Transport, End::Closed) => {
                "most likely it has no place for us, is a node of a private network, or is no libp2p node"
            }
            (Role::Initiator, Stage::Transport, End::Silent) => "most likely something else listens there",
            (_, Stage::Ack, _) => "it did not end its introduction",
            (Role::Initiator, _, End::Closed) => "it looked at who we are and left",
            (Role::Responder, Stage::Transport, _) if self.state.has_heard() => {
                "it began a handshake, and did not tell us who it is"
            }
            (Role::Responder, Stage::Transport, _) => "most likely a port scan, or another protocol",
            (Role::Responder, _, End::Closed) => "it told us who it is, and left",
            (_, _, End::Silent) => "a half-open proxy or a broken node is silent like this",
        };
        sentence.into()
    }
}

impl Handshake for Hello {
    fn stage(&self) -> Stage {
        self.state.stage()
    }
}
