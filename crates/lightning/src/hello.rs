//! The whole handshake: the acts, and then both `init` messages.
//!
//! The initiator's act three and its `init` leave together; the responder's `init` follows once act three has come, and
//! waits for nothing else. So from the initiator's first packet to the end there are three round trips, TCP's included.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::mem;

use handshake::{End, Evidence, Handshake, OursRead, Role, Rx, Stage, Step, Unfinished};

use crate::acts::{
    Act, AwaitsActThree, AwaitsActTwo, Initiator, Responder, SaysActThree, SaysActTwo, Transport, check_version,
};
use crate::chain::ChainHash;
use crate::channel::Channel;
use crate::error::Error;
use crate::feature::Features;
use crate::init::{Address, Init};
use crate::key::{NodeId, SecretKey};
use crate::message::{Event, Message};
use crate::wire::Halt;

/// Bytes of the longest message that is waited for before the peer's `init`. Those of today have some 100; the rest is
/// room for what is to come, and for the text of an `error`.
pub const MAX_FIRST_LEN: u16 = 4096;

/// Our own side: who we are, and what we say. Nothing of it is fixed.
#[derive(Clone, Debug)]
pub struct Local {
    /// Who we are.
    pub static_key: SecretKey,
    /// For this connection; must be fresh for each.
    pub ephemeral_key: SecretKey,
    /// How we introduce ourselves. A peer that names chains and none of ours is refused; if we name none, any will do.
    pub init: Init,
}

impl Local {
    /// A plain introduction on these chains: offers what everybody has, requires nothing.
    #[must_use]
    pub fn new(static_key: SecretKey, ephemeral_key: SecretKey, networks: Vec<ChainHash>) -> Self {
        let init = Init { features: Features::assumed(), networks, ..Init::default() };
        Self { static_key, ephemeral_key, init }
    }
}

/// What was agreed.
#[derive(Debug)]
pub struct Agreed {
    /// Who the peer is: it has proved so.
    pub node_id: NodeId,
    /// How it introduced itself.
    pub init: Init,
    /// Both directions, after the two `init` messages.
    pub channel: Channel,
}

impl Agreed {
    /// Everything that the peer offers and requires.
    #[must_use]
    pub fn features(&self) -> Features {
        self.init.all_features()
    }

    /// The chains that the peer is interested in; empty if it did not say.
    #[must_use]
    pub fn networks(&self) -> &[ChainHash] {
        &self.init.networks
    }

    /// Where the peer sees us, if it said so.
    #[must_use]
    pub fn remote_addr(&self) -> Option<&Address> {
        self.init.remote_addr.as_ref()
    }
}

/// One side of a handshake.
#[derive(Debug)]
pub struct Hello {
    role: Role,
    us: NodeId,
    /// Who the peer is: whom we dialled, or who has proved so.
    node_id: Option<NodeId>,
    init: Init,
    /// How the peer introduced itself, if it has.
    heard: Option<Init>,
    state: State,
}

#[derive(Debug)]
enum State {
    SayActOne(Initiator),
    ActTwo(AwaitsActTwo),
    SayActThree(SaysActThree),
    ActOne(Responder),
    SayActTwo(SaysActTwo),
    ActThree(AwaitsActThree),
    SayInit(Transport),
    Init(Transport),
    Concluded(Agreed),
    /// Nothing is left to do: how far it came, and what it waited for.
    Over(Stage, &'static str),
}

impl State {
    /// The act that comes next, if it is the peer's.
    fn awaited_act(&self) -> Option<Act> {
        match self {
            Self::ActOne(_) => Some(Act::One),
            Self::ActTwo(_) => Some(Act::Two),
            Self::ActThree(_) => Some(Act::Three),
            _ => None,
        }
    }

    fn awaiting(&self) -> &'static str {
        match self {
            Self::ActOne(_) => Act::One.name(),
            Self::SayActOne(_) | Self::ActTwo(_) => Act::Two.name(),
            Self::SayActTwo(_) | Self::ActThree(_) => Act::Three.name(),
            Self::SayActThree(_) | Self::SayInit(_) | Self::Init(_) | Self::Concluded(_) => "init",
            Self::Over(_, awaiting) => awaiting,
        }
    }

    fn stage(&self) -> Stage {
        match self {
            Self::SayActOne(_) | Self::ActTwo(_) | Self::ActOne(_) | Self::SayActTwo(_) | Self::ActThree(_) => {
                Stage::Transport
            }
            Self::SayActThree(_) | Self::SayInit(_) | Self::Init(_) => Stage::Hello,
            Self::Concluded(_) => Stage::Done,
            Self::Over(stage, _) => *stage,
        }
    }
}

impl Hello {
    /// A handshake on a connection that we opened, to the node with this id.
    #[must_use]
    pub fn initiator(local: Local, node_id: NodeId) -> Self {
        let Local { static_key, ephemeral_key, init } = local;
        let us = static_key.node_id();
        let state = State::SayActOne(Initiator::new(static_key, ephemeral_key, node_id));
        Self { role: Role::Initiator, us, node_id: Some(node_id), init, heard: None, state }
    }

    /// A handshake on a connection that we accepted.
    #[must_use]
    pub fn responder(local: Local) -> Self {
        let Local { static_key, ephemeral_key, init } = local;
        let us = static_key.node_id();
        let state = State::ActOne(Responder::new(static_key, ephemeral_key));
        Self { role: Role::Responder, us, node_id: None, init, heard: None, state }
    }

    /// Who the peer is: whom we dialled, or who has proved so.
    #[must_use]
    pub fn node_id(&self) -> Option<NodeId> {
        self.node_id
    }

    /// How the peer introduced itself, if it has. A failed handshake has learned that, too.
    #[must_use]
    pub fn heard(&self) -> Option<&Init> {
        self.heard.as_ref()
    }

    /// Takes in who the peer is.
    fn meet(&mut self, node_id: NodeId) -> Result<(), Error> {
        self.node_id = Some(node_id);
        if node_id == self.us { Err(Error::SelfConnect) } else { Ok(()) }
    }

    fn hear_first(&mut self, message: &[u8]) -> Result<Init, Error> {
        let theirs = match Message::read(message)? {
            Message::Init(init) => init,
            Message::Error(notice) => return Err(Error::Error(notice)),
            Message::Warning(notice) => return Err(Error::Warning(notice)),
            other => return Err(Error::Unexpected(other.kind())),
        };
        // What was heard is kept even if it is refused: it tells where the peer is.
        let theirs = self.heard.insert(theirs);
        let ours = &self.init;
        if let Some(feature) = theirs.all_features().unknown_required(&ours.all_features()).next() {
            return Err(Error::Feature(feature));
        }
        let any_will_do = ours.networks.is_empty() || theirs.networks.is_empty();
        if !any_will_do && !ours.networks.iter().any(|hash| theirs.networks.contains(hash)) {
            let (theirs, ours) = (theirs.networks.clone().into(), ours.networks.clone().into());
            return Err(Error::Network { theirs, ours });
        }
        Ok(theirs.clone())
    }
}

impl Handshake for Hello {
    type Output = Agreed;
    type Event = Event;
    type Error = Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, Agreed>, Error> {
        if let Some(act) = self.state.awaited_act() {
            // The first byte tells another protocol as well as the whole act would, and sooner.
            if let Ok([version]) = rx.peek() {
                check_version(act, *version)?;
            }
            if rx.len() < act.len() {
                return Ok(Step::Need(act.len() - rx.len()));
            }
        }
        let over = State::Over(self.state.stage(), self.state.awaiting());
        let (event, next) = match mem::replace(&mut self.state, over) {
            State::SayActOne(initiator) => {
                self.meet(initiator.responder())?;
                (Event::SaidAct(Act::One), State::ActTwo(initiator.act_one(tx)))
            }
            State::ActTwo(initiator) => {
                (Event::HeardAct(Act::Two), State::SayActThree(initiator.act_two(take_act(rx))?))
            }
            State::SayActThree(initiator) => (Event::SaidAct(Act::Three), State::SayInit(initiator.act_three(tx))),
            State::ActOne(responder) => (Event::HeardAct(Act::One), State::SayActTwo(responder.act_one(take_act(rx))?)),
            State::SayActTwo(responder) => (Event::SaidAct(Act::Two), State::ActThree(responder.act_two(tx))),
            State::ActThree(responder) => {
                let transport = responder.act_three(take_act(rx))?;
                self.meet(transport.node_id)?;
                (Event::HeardAct(Act::Three), State::SayInit(transport))
            }
            State::SayInit(mut transport) => {
                let init = Message::Init(self.init.clone());
                transport.channel.seal.seal(tx, |tx| init.write(tx));
                (Event::Said(init), State::Init(transport))
            }
            State::Init(mut transport) => match transport.channel.open.open(rx, MAX_FIRST_LEN) {
                Ok(message) => {
                    let init = self.hear_first(message)?;
                    let Transport { node_id, channel } = transport;
                    (Event::Heard(Message::Init(init.clone())), State::Concluded(Agreed { node_id, init, channel }))
                }
                Err(halt) => {
                    if let Halt::Short(_) = halt {
                        self.state = State::Init(transport);
                    }
                    return halt.into_step();
                }
            },
            State::Concluded(agreed) => return Ok(Step::Done(agreed)),
            State::Over(..) => return Ok(Step::Need(1)),
        };
        self.state = next;
        Ok(Step::Event(event))
    }

    fn awaiting(&self) -> &'static str {
        self.state.awaiting()
    }

    fn stage(&self) -> Stage {
        self.state.stage()
    }

    fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        match (&self.state, self.state.awaited_act()) {
            (_, Some(act)) => (!rest.is_empty()).then(|| Unfinished::new(act.name(), rest.len(), act.len())),
            (State::Init(transport), None) => transport.channel.open.unfinished(rest),
            _ => None,
        }
    }

    fn suspicion(&self, evidence: Evidence) -> Cow<'static, str> {
        let Evidence { end, ours } = evidence;
        let sentence = match (&self.state, self.role, end) {
            (State::ActTwo(_), _, End::Closed) if ours == OursRead::Nothing => {
                "most likely all its inbound slots are taken, or it refuses our address"
            }
            (State::SayActOne(_) | State::ActTwo(_), _, End::Closed) => {
                "that is what a wrong key looks like, as a node answers nobody who does not know its key; \
                 or all its inbound slots are taken"
            }
            (State::SayActOne(_) | State::ActTwo(_), _, End::Silent) => {
                "that is what a wrong key looks like to some nodes; or something else listens there"
            }
            (State::ActOne(_), ..) => "most likely a port scan, or another protocol",
            (State::SayActTwo(_) | State::ActThree(_), _, End::Closed) => {
                "it knows our key, and did not tell us who it is"
            }
            // Act three tells our key, and leaves together with our init.
            (_, Role::Initiator, End::Closed) if ours == OursRead::NotAll => {
                "it had read our key and not our init: it has banned that key, or has no slot for it"
            }
            (_, Role::Initiator, End::Closed) => {
                "it looked at who we are and left: it wants other features or another chain, or not us"
            }
            (_, Role::Responder, End::Closed) if ours == OursRead::NotAll => {
                "it told us who it is, and left before it had read our init"
            }
            (_, Role::Responder, End::Closed) => "it told us who it is, looked at our init and left",
            (_, _, End::Silent) => "a half-open proxy or a broken node does so",
        };
        sentence.into()
    }
}

/// The act that has arrived.
fn take_act<'b, const LEN: usize>(rx: &mut Rx<'b>) -> &'b mut [u8; LEN] {
    let act = rx.take(LEN).ok().and_then(<[u8]>::first_chunk_mut);
    act.expect("no state takes an act before it is whole")
}
