//! The whole handshake: Noise is agreed on, each side proves who it is, and both introduce themselves.
//!
//! An optimistic initiator says all that it can before it must wait: the names and Noise's first message leave together,
//! and so do its third, the choice of the muxer and the question for identify. So from the initiator's first packet to
//! the peer's introduction there are three round trips, TCP's included.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;

use handshake::{End, Handshake, Role, Rx, Stage, Step, Text};

use crate::channel::{Channel, take_message, with_length};
use crate::connection::{Connection, MAX_PROPOSALS, Muxer};
use crate::error::{Error, Halt};
use crate::event::{Event, Message};
use crate::identify::Identify;
use crate::identity::PublicKey;
use crate::local::{Local, Opening};
use crate::multistream::{self, HEADER, NA, NOISE, TLS, may_be_header};
use crate::payload::Payload;
use crate::peer_id::PeerId;
use crate::xx::{
    AwaitsThree, AwaitsTwo, Initiator, LEAST_ONE, LEAST_THREE, LEAST_TWO, Responder, SaysThree, SaysTwo, Transport,
};
use crate::yamux;

/// What was agreed.
#[derive(Debug)]
pub struct Agreed {
    /// Who the peer is: it has proved so.
    pub public_key: PublicKey,
    /// How yamux was agreed on.
    pub muxer: Muxer,
    /// How it introduced itself.
    pub identify: Identify,
    /// The connection, after both introductions.
    pub connection: Connection,
}

impl Agreed {
    /// The name that goes with the peer's key.
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
    /// Whom we dialled, if we know.
    dialled: Option<PeerId>,
    /// Who the peer is: it has proved so.
    public_key: Option<PublicKey>,
    muxer: Option<Muxer>,
    state: State,
}

#[derive(Debug)]
enum State {
    Opening(&'static [Move], Xx),
    Two(AwaitsTwo),
    SayThree(SaysThree, Box<Payload>),
    Header(Responder),
    SayHeader(Responder),
    /// What was proposed so far, and turned down.
    Proposal(Responder, Vec<Text>),
    SayNa(Responder, Vec<Text>),
    SayNoise(Responder),
    One(Responder),
    SayTwo(SaysTwo),
    Three(AwaitsThree),
    Connected(Box<Connection>),
    /// Nothing is left to do: how far it came, and what it waited for.
    Over(Stage, &'static str),
}

/// What an initiator does until Noise is agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    Say(&'static str),
    SayOne,
    Hear(&'static str),
}

const OPTIMISTIC: &[Move] = &[Move::Say(HEADER), Move::Say(NOISE), Move::SayOne, Move::Hear(HEADER), Move::Hear(NOISE)];
const PATIENT: &[Move] = &[Move::Say(HEADER), Move::Hear(HEADER), Move::Say(NOISE), Move::Hear(NOISE), Move::SayOne];
/// Once a peer has turned Noise down: what else does it speak?
const ASKS_FOR_TLS: &[Move] = &[Move::Say(TLS), Move::Hear(TLS)];

/// An initiator's Noise, while it is agreed on.
#[derive(Debug)]
enum Xx {
    ToSay(Initiator),
    Said(AwaitsTwo),
}

/// What a state takes in.
enum Input<'b> {
    Nothing,
    Name(Text),
    Noise(&'b mut [u8]),
}

impl State {
    fn input<'b>(&self, rx: &mut Rx<'b>) -> Result<Input<'b>, Halt> {
        match self {
            Self::Opening([Move::Hear(HEADER), ..], _) | Self::Header(_) => {
                // The first byte that differs tells another protocol as well as all of them would, and sooner.
                if !may_be_header(rx.rest()) {
                    return Err(Error::NotLibp2p.into());
                }
                take_name(rx)
            }
            Self::Opening([Move::Hear(_), ..], _) | Self::Proposal(..) => take_name(rx),
            Self::Two(_) => take_message(rx, 2, LEAST_TWO).map(Input::Noise),
            Self::One(_) => take_message(rx, 1, LEAST_ONE).map(Input::Noise),
            Self::Three(_) => take_message(rx, 3, LEAST_THREE).map(Input::Noise),
            _ => Ok(Input::Nothing),
        }
    }

    fn awaiting(&self) -> &'static str {
        match self {
            Self::Opening([Move::Hear(NOISE), ..], _) => "answer to /noise",
            Self::Opening([Move::Hear(TLS), ..], _) => "answer to /tls/1.0.0",
            Self::Opening(..) | Self::Header(_) | Self::SayHeader(_) => "multistream-select header",
            Self::Two(_) => "Noise message 2",
            Self::Proposal(..) | Self::SayNa(..) | Self::SayNoise(_) => "protocol",
            Self::One(_) => "Noise message 1",
            Self::SayTwo(_) | Self::Three(_) => "Noise message 3",
            Self::SayThree(..) => "identify",
            Self::Connected(connection) => connection.awaiting(),
            Self::Over(_, awaiting) => awaiting,
        }
    }

    fn stage(&self) -> Stage {
        match self {
            Self::SayThree(..) | Self::Connected(_) => Stage::Hello,
            Self::Over(stage, _) => *stage,
            _ => Stage::Transport,
        }
    }
}

fn take_name<'b>(rx: &mut Rx<'b>) -> Result<Input<'b>, Halt> {
    let (name, len) = multistream::read(rx.rest())?;
    let name = name.into();
    rx.take(len)?;
    Ok(Input::Name(name))
}

impl Hello {
    /// A handshake on a connection that we opened, to the node with this peer id, or to whomever is there.
    #[must_use]
    pub fn initiator(local: Local, peer_id: Option<PeerId>) -> Self {
        let script = match local.opening {
            Opening::Optimistic => OPTIMISTIC,
            Opening::Patient => PATIENT,
        };
        let xx = Initiator::new(&[], local.static_key.clone(), local.ephemeral_key.clone());
        let state = State::Opening(script, Xx::ToSay(xx));
        Self { role: Role::Initiator, local, dialled: peer_id, public_key: None, muxer: None, state }
    }

    /// A handshake on a connection that we accepted.
    #[must_use]
    pub fn responder(local: Local) -> Self {
        let xx = Responder::new(&[], local.static_key.clone(), local.ephemeral_key.clone());
        let state = State::Header(xx);
        Self { role: Role::Responder, local, dialled: None, public_key: None, muxer: None, state }
    }

    /// Who the peer is, once it has proved so.
    #[must_use]
    pub fn public_key(&self) -> Option<&PublicKey> {
        self.public_key.as_ref()
    }

    /// How yamux was agreed on, once that is clear.
    #[must_use]
    pub fn muxer(&self) -> Option<Muxer> {
        self.muxer
    }

    /// What we say of ourselves within Noise.
    fn payload(&self) -> Payload {
        let muxers = if self.local.inlines_muxer { [yamux::NAME.into()].into() } else { Vec::new() };
        Payload::new(&self.local.identity, self.local.static_key.public(), muxers)
    }

    /// Takes in who the peer is.
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

    /// Goes on over the sealed connection with a peer that said this of itself.
    fn connect(&mut self, transport: Transport, theirs: Payload) -> Result<State, Error> {
        let Payload { identity, muxers, .. } = theirs;
        let muxer = if !self.local.inlines_muxer || muxers.is_empty() {
            Muxer::Negotiated
        } else if muxers.iter().any(|muxer| muxer.as_bytes() == yamux::NAME.as_bytes()) {
            Muxer::Inlined
        } else {
            return Err(Error::NoMuxer { theirs: muxers.into() });
        };
        self.muxer = Some(muxer);
        let channel = Channel::new(transport.seal, transport.open);
        let ours = self.local.identify();
        let connection = Connection::new(self.role, channel, muxer, self.local.opening, identity, &ours);
        Ok(State::Connected(Box::new(connection)))
    }

    /// An initiator's next move, until Noise is agreed on.
    fn open(
        &mut self,
        script: &'static [Move],
        xx: Xx,
        input: Input<'_>,
        tx: &mut Vec<u8>,
    ) -> Result<(Event, State), Error> {
        let (&now, then) = script.split_first().expect("no script ends before Noise begins");
        let (event, xx) = match (now, xx, input) {
            (Move::Say(name), xx, _) => (say_name(name, tx), xx),
            (Move::SayOne, Xx::ToSay(initiator), _) => {
                let awaits = with_length(tx, |tx| initiator.one(&[], tx));
                (Event::Said(Message::One), Xx::Said(awaits))
            }
            (Move::Hear(expected), xx, Input::Name(name)) => {
                if name.as_bytes() == TLS.as_bytes() && expected == TLS {
                    return Err(Error::NoNoise { theirs: [name].into(), hasty: false });
                }
                if name.as_bytes() == NA.as_bytes() && expected != HEADER {
                    return self.turned_down(expected, xx, name);
                }
                if name.as_bytes() != expected.as_bytes() {
                    return Err(Error::Answer { expected, found: name });
                }
                (heard_name(name), xx)
            }
            (Move::SayOne, Xx::Said(_), _) | (Move::Hear(_), ..) => {
                unreachable!("a script says one once, and hears names")
            }
        };
        let next = match (then, xx) {
            ([], Xx::Said(awaits)) => State::Two(awaits),
            (then, xx) => State::Opening(then, xx),
        };
        Ok((event, next))
    }

    /// The peer does not speak what we proposed.
    fn turned_down(&self, proposed: &str, xx: Xx, na: Text) -> Result<(Event, State), Error> {
        match (proposed, self.local.opening) {
            (NOISE, Opening::Patient) => Ok((heard_name(na), State::Opening(ASKS_FOR_TLS, xx))),
            (_, opening) => Err(Error::NoNoise { theirs: [].into(), hasty: opening == Opening::Optimistic }),
        }
    }

    /// One move of anybody but a connected side.
    fn advance(&mut self, state: State, input: Input<'_>, tx: &mut Vec<u8>) -> Result<(Event, State), Error> {
        Ok(match (state, input) {
            (State::Opening(script, xx), input) => return self.open(script, xx, input, tx),
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
                // Whatever an initiator says here, nobody sealed it.
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

    fn go(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, Agreed>, Halt> {
        let over = State::Over(self.state.stage(), self.state.awaiting());
        match &mut self.state {
            State::Over(..) => return Ok(Step::Need(1)),
            State::Connected(connection) => {
                if let Some(identify) = connection.identify() {
                    let done = State::Over(Stage::Done, "identify");
                    let State::Connected(connection) = mem::replace(&mut self.state, done) else {
                        unreachable!("it was so above")
                    };
                    let public_key = self.public_key.clone().expect("no connection is sealed without");
                    let muxer = self.muxer.expect("it was agreed on first");
                    return Ok(Step::Done(Agreed { public_key, muxer, identify, connection: *connection }));
                }
                return connection.step(rx, tx).map(Step::Event);
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
                // What would have been half a message.
                tx.truncate(said);
                Err(error.into())
            }
        }
    }
}

fn say_name(name: &'static str, tx: &mut Vec<u8>) -> Event {
    multistream::write(name, tx);
    Event::Said(Message::protocol(None, name))
}

fn heard_name(name: Text) -> Event {
    Event::Heard(Message::protocol(None, name))
}

impl Handshake for Hello {
    type Output = Agreed;
    type Event = Event;
    type Error = Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, Agreed>, Error> {
        let (stage, awaiting) = (self.stage(), self.awaiting());
        match self.go(rx, tx) {
            Ok(step) => Ok(step),
            Err(Halt::Short(short)) => Ok(Step::Need(short.0)),
            Err(Halt::Error(error)) => {
                self.state = State::Over(stage, awaiting);
                Err(error)
            }
        }
    }

    fn awaiting(&self) -> &'static str {
        self.state.awaiting()
    }

    fn stage(&self) -> Stage {
        self.state.stage()
    }

    fn ended(&self, end: End, _rest: &[u8]) -> Option<Error> {
        let closed = matches!(end, End::Closed);
        match &self.state {
            State::Proposal(_, refused) if closed && !refused.is_empty() => {
                Some(Error::NoNoise { theirs: refused.clone().into(), hasty: false })
            }
            State::Connected(connection) if closed && !connection.refused().is_empty() => {
                Some(Error::NoMuxer { theirs: connection.refused().into() })
            }
            _ => None,
        }
    }

    fn suspicion(&self, end: End) -> &'static str {
        match (self.role, self.stage(), end) {
            (Role::Initiator, Stage::Transport, End::Closed) => {
                "most likely it has no place for us, or is no libp2p node"
            }
            (Role::Initiator, Stage::Transport, End::Silent) => "most likely something else listens there",
            (Role::Initiator, _, End::Closed) => "it looked at who we are and left",
            (Role::Responder, Stage::Transport, _) => "most likely a port scan, or another protocol",
            (Role::Responder, _, End::Closed) => "it told us who it is, and left",
            (_, _, End::Silent) => "a half-open proxy or a broken node does so",
        }
    }
}
