//! The whole handshake: the acts, both `init` messages, and a pong that proves that the peer accepted ours.
//!
//! ```text
//! initiator                        responder
//!   act one            ──────────▶
//!                      ◀────────── act two
//!   act three, init    ──────────▶
//!                      ◀────────── init, ping
//!   ping, pong         ──────────▶
//!                      ◀────────── pong
//! ```
//!
//! A node sends its `init` before it has read ours, so that alone does not show whether it accepts us: a node that
//! wants other features closes without an error (lnd, peer/brontide.go: handleInitMsg). A ping may be sent once the
//! peer's `init` has come (BOLT 1), and its pong is the first answer to a message after our `init`. From the
//! initiator's first packet to that pong there are four round trips, TCP's included.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::mem;

use handshake::{Conversation, End, Evidence, Handshake, OursRead, Role, Rx, Stage, Step, Unfinished};

use crate::acts::{
    Act, AwaitsActThree, AwaitsActTwo, Initiator, Responder, SaysActThree, SaysActTwo, Transport, check_version,
};
use crate::chain::ChainHash;
use crate::channel::Channel;
use crate::error::Error;
use crate::feature::Features;
use crate::init::{Address, Init};
use crate::key::{NodeId, SecretKey};
use crate::message::{Event, Message, Notice, Ping, Pong};
use crate::session::Allowance;
use crate::wire::ReadError;

/// Bytes of the pong that proves that the peer accepted us. Any length would do.
pub const PROOF_LEN: u16 = 4;

/// Our own side: our keys, and what we send. Every field may be changed.
#[derive(Clone, Debug)]
pub struct Local {
    /// The key of our node.
    pub static_key: SecretKey,
    /// The key for this connection; must be fresh for each.
    pub ephemeral_key: SecretKey,
    /// Our introduction. If we name chains, a peer that names only others is refused; if we name none, any peer is
    /// accepted.
    pub init: Init,
}

impl Local {
    /// A plain introduction on these chains: offers the usual features, requires none.
    #[must_use]
    pub fn new(static_key: SecretKey, ephemeral_key: SecretKey, networks: Vec<ChainHash>) -> Self {
        let init = Init { features: Features::assumed(), networks, ..Init::default() };
        Self { static_key, ephemeral_key, init }
    }
}

/// What was agreed.
#[derive(Debug)]
pub struct Agreed {
    /// The peer's id, which the acts proved.
    pub node_id: NodeId,
    /// The peer's introduction.
    pub init: Init,
    /// The channel, after the last message of the handshake.
    pub channel: Channel,
    /// Whether the peer answered our ping. If not, the peer is silent, and nothing shows that it accepted our `init`.
    pub confirmed: bool,
}

impl Agreed {
    /// All features that the peer offers or requires.
    #[must_use]
    pub fn features(&self) -> Features {
        self.init.all_features()
    }

    /// The chains that the peer supports; empty if it named none.
    #[must_use]
    pub fn networks(&self) -> &[ChainHash] {
        &self.init.networks
    }

    /// Our address as the peer sees it, if the peer sent it.
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
    /// The peer's id: the dialled one, or the one proved in act three.
    node_id: Option<NodeId>,
    init: Init,
    /// The peer's introduction, if it has come.
    heard: Option<Init>,
    /// The last `warning` of the peer.
    warning: Option<Notice>,
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
    SayPing(Agreed),
    Pong(Proving),
    Concluded(Agreed),
    /// The end: the stage reached, and the message that was awaited.
    Over(Stage, &'static str),
}

/// Both sides have sent `init`, and we our ping.
#[derive(Debug)]
struct Proving {
    agreed: Agreed,
    /// The answer to the peer's own ping, to be sent before we leave.
    pong: Option<Pong>,
    allowance: Allowance,
}

impl State {
    /// The next act, if the peer sends it.
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
            Self::SayActThree(_) | Self::SayInit(_) | Self::Init(_) => "init",
            Self::SayPing(_) | Self::Pong(_) | Self::Concluded(_) => "pong",
            Self::Over(_, awaiting) => awaiting,
        }
    }

    fn stage(&self) -> Stage {
        match self {
            Self::SayActOne(_) | Self::ActTwo(_) | Self::ActOne(_) | Self::SayActTwo(_) | Self::ActThree(_) => {
                Stage::Transport
            }
            Self::SayActThree(_) | Self::SayInit(_) | Self::Init(_) => Stage::Hello,
            Self::SayPing(_) | Self::Pong(_) => Stage::Ack,
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
        Self { role: Role::Initiator, us, node_id: Some(node_id), init, heard: None, warning: None, state }
    }

    /// A handshake on a connection that we accepted.
    #[must_use]
    pub fn responder(local: Local) -> Self {
        let Local { static_key, ephemeral_key, init } = local;
        let us = static_key.node_id();
        let state = State::ActOne(Responder::new(static_key, ephemeral_key));
        Self { role: Role::Responder, us, node_id: None, init, heard: None, warning: None, state }
    }

    /// The peer's id: the dialled one, or the one proved in act three.
    #[must_use]
    pub fn node_id(&self) -> Option<NodeId> {
        self.node_id
    }

    /// The peer's introduction, if it came; also there after a failed handshake.
    #[must_use]
    pub fn heard(&self) -> Option<&Init> {
        self.heard.as_ref()
    }

    /// Checks and stores the peer's id.
    fn meet(&mut self, node_id: NodeId) -> Result<(), Error> {
        self.node_id = Some(node_id);
        if node_id == self.us { Err(Error::SelfConnect) } else { Ok(()) }
    }

    /// Processes the peer's `init`, or a message before it. Without a next state the handshake is over.
    fn hear_first(&mut self, mut transport: Transport, rx: &mut Rx<'_>) -> Result<Event, ReadError> {
        let message = match transport.channel.open.open(rx) {
            Ok(message) => Message::read(message)?,
            Err(halt) => {
                if let ReadError::Short(_) = halt {
                    self.state = State::Init(transport);
                }
                return Err(halt);
            }
        };
        let message = match message {
            Message::Init(init) => {
                let init = self.hear_init(init)?;
                let Transport { node_id, channel } = transport;
                self.state = State::SayPing(Agreed { node_id, init: init.clone(), channel, confirmed: false });
                return Ok(Event::Heard(Message::Init(init)));
            }
            // A warning does not end the connection. (BOLT 1)
            Message::Warning(notice) => Message::Warning(self.warning.insert(notice).clone()),
            Message::Error(notice) => return Err(Error::Error(notice).into()),
            other => return Err(Error::Unexpected(other.kind()).into()),
        };
        self.state = State::Init(transport);
        Ok(Event::Heard(message))
    }

    /// Answers a ping, or processes our pong or a message before it. Without a next state the handshake is over.
    fn prove(&mut self, mut proving: Proving, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Event, ReadError> {
        let channel = &mut proving.agreed.channel;
        let event = if let Some(pong) = proving.pong.take() {
            let pong = Message::Pong(pong);
            channel.seal.seal(tx, |tx| pong.write(tx));
            Event::Said(pong)
        } else {
            let bytes = match channel.open.open(rx) {
                Ok(bytes) => bytes,
                Err(halt) => {
                    if let ReadError::Short(_) = halt {
                        self.state = State::Pong(proving);
                    }
                    return Err(halt);
                }
            };
            proving.allowance.earn(bytes.len());
            let message = Message::read(bytes)?;
            match &message {
                Message::Pong(pong) if pong.len() == PROOF_LEN => proving.agreed.confirmed = true,
                Message::Ping(ping) => proving.pong = proving.allowance.answer(*ping)?,
                Message::Error(notice) => return Err(Error::Error(notice.clone()).into()),
                Message::Warning(notice) => self.warning = Some(notice.clone()),
                _ => {}
            }
            Event::Heard(message)
        };
        let is_over = proving.agreed.confirmed && proving.pong.is_none();
        self.state = if is_over { State::Concluded(proving.agreed) } else { State::Pong(proving) };
        Ok(event)
    }

    fn hear_init(&mut self, theirs: Init) -> Result<Init, Error> {
        // A refused `init` is kept, too: it shows the peer's chains.
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

impl Conversation for Hello {
    type Output = Agreed;
    type Event = Event;
    type Error = Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Step<Event, Agreed>, Error> {
        if let Some(act) = self.state.awaited_act() {
            // The first byte suffices to detect another protocol, and comes sooner.
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
            State::Init(transport) => {
                return self.hear_first(transport, rx).map(Step::Event).or_else(ReadError::into_step);
            }
            State::SayPing(mut agreed) => {
                let ping = Message::Ping(Ping::for_pong_of(PROOF_LEN));
                agreed.channel.seal.seal(tx, |tx| ping.write(tx));
                (Event::Said(ping), State::Pong(Proving { agreed, pong: None, allowance: Allowance::default() }))
            }
            State::Pong(proving) => {
                return self.prove(proving, rx, tx).map(Step::Event).or_else(ReadError::into_step);
            }
            State::Concluded(agreed) => return Ok(Step::Done(agreed)),
            State::Over(..) => return Ok(Step::Need(1)),
        };
        self.state = next;
        Ok(Step::Event(event))
    }

    fn awaiting(&self) -> &'static str {
        self.state.awaiting()
    }

    fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        match (&self.state, self.state.awaited_act()) {
            (_, Some(act)) => (!rest.is_empty()).then(|| Unfinished::new(act.name(), rest.len(), act.len())),
            (State::Init(transport), None) => transport.channel.open.unfinished(rest),
            (State::Pong(proving), None) => proving.agreed.channel.open.unfinished(rest),
            _ => None,
        }
    }

    /// A peer that sent a warning before it closed has given the reason.
    fn ended(&self, end: End, _rest: &[u8]) -> Option<Error> {
        match end {
            End::Closed => self.warning.clone().map(Error::Warning),
            End::Silent => None,
        }
    }

    /// Both sides have sent `init`; that the peer answers no ping does not matter.
    fn settle(&mut self) -> Option<Agreed> {
        match mem::replace(&mut self.state, State::Over(Stage::Done, "pong")) {
            State::Pong(Proving { agreed, .. }) => Some(agreed),
            state => {
                self.state = state;
                None
            }
        }
    }

    fn suspicion(&self, evidence: Evidence) -> Cow<'static, str> {
        let Evidence { end, ours } = evidence;
        let sentence = match (&self.state, self.role, end) {
            (State::ActTwo(_), _, End::Closed) if ours == OursRead::Nothing => {
                "most likely all its inbound slots are taken, or it refuses our address"
            }
            (State::SayActOne(_) | State::ActTwo(_), _, End::Closed) => {
                "that is what a wrong key looks like, as a node does not answer a caller that does not know its key; \
                 or all its inbound slots are taken"
            }
            (State::SayActOne(_) | State::ActTwo(_), _, End::Silent) => {
                "that is what a wrong key looks like to some nodes; or something else listens there"
            }
            (State::ActOne(_), ..) => "most likely a port scan, or another protocol",
            (State::SayActTwo(_) | State::ActThree(_), _, End::Closed) => {
                "it knows our key, and did not tell us who it is"
            }
            (State::SayPing(_) | State::Pong(_), _, End::Closed) => {
                "it did not accept our init: it wants other features or another chain; or it wanted no more than to see it"
            }
            // Our init directly follows act three. If the peer did not read it, it cannot be the reason for the close.
            (_, Role::Initiator, End::Closed) if ours == OursRead::NotAll => {
                "it knows our key now, and has not read our init: it has banned the key, or has no place for us"
            }
            (_, Role::Initiator, End::Closed) => {
                "it knows our key now, and perhaps our init: it has banned the key, has no place for us, or it wants other features \
                 or another chain"
            }
            (_, Role::Responder, End::Closed) => "it told us who it is, and left before it introduced itself",
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

/// The act, which has arrived.
fn take_act<'b, const LEN: usize>(rx: &mut Rx<'b>) -> &'b mut [u8; LEN] {
    let act = rx.take(LEN).ok().and_then(<[u8]>::first_chunk_mut);
    act.expect("no state takes an act before it is whole")
}
