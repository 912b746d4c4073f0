//! The exchange of `version` and `verack` over whole messages, for either transport.
//!
//! Each side sends `version` once and answers the other's with `verack`; before its `verack` it may announce
//! extensions. The initiator sends first, the responder after it has received a version that it accepts. Neither side
//! waits for the other's `verack` before it sends its own. (Core: net_processing.cpp ProcessMessage)

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::mem;

use handshake::{End, Evidence, OursRead, Role, Stage};

use crate::chain::Params;
use crate::conduct::Conduct;
use crate::error::{Error, Malformed};
use crate::message::{AsSent, Command, Event, Feature, MAX_WHOLE_LEN, Message};
use crate::services::Services;
use crate::version::{NetAddress, Tail, UserAgent, Version};

/// Our own side: what we send, and what we require of the peer. Every field may be changed.
#[derive(Clone, Debug)]
pub struct Local {
    /// The network.
    pub params: Params,
    /// How we introduce ourselves.
    pub version: Version,
    /// The fields that the network adds to our `version`.
    pub tail: Tail,
    /// Peers that announce a lower version are refused.
    pub min_peer_version: i32,
    /// Peers that lack any of these are refused.
    pub require_services: Services,
    /// Nonces of ours besides `version.nonce`: those of our other connections in the handshake.
    pub own_nonces: Vec<u64>,
    /// Send `wtxidrelay`, if the common version allows it.
    pub wtxidrelay: bool,
    /// Send `sendaddrv2`, if the common version allows it.
    pub sendaddrv2: bool,
    /// Send these as `feature`, if the common version allows it.
    pub features: Vec<Feature>,
    /// Send `sendheaders` after our `verack`.
    pub sendheaders: bool,
    /// Send `sendcmpct` of this version after our `verack`.
    pub sendcmpct: Option<u64>,
    /// Send `feefilter` with this rate after our `verack`.
    pub feefilter: Option<i64>,
}

impl Local {
    /// A plain introduction on a network: its current version, no services, no user agent, height 0, no relay;
    /// announces `wtxidrelay` and `sendaddrv2` where the network knows them.
    ///
    /// `time` is our clock in seconds since 1970, `nonce` and `random` must be fresh for each connection.
    #[must_use]
    pub fn new(params: Params, time: i64, nonce: u64, random: [u8; 32]) -> Self {
        Self {
            params,
            version: Version {
                version: params.announce_version,
                services: Services::NONE,
                time,
                receiver: NetAddress::unspecified(Services::NONE),
                sender: Some(NetAddress::unspecified(Services::NONE)),
                nonce: Some(nonce),
                user_agent: UserAgent::EMPTY,
                start_height: Some(0),
                relay: Some(false),
            },
            tail: Tail::new(params.tail, random),
            min_peer_version: params.min_peer_version,
            require_services: Services::NONE,
            own_nonces: Vec::new(),
            wtxidrelay: true,
            sendaddrv2: true,
            features: Vec::new(),
            sendheaders: false,
            sendcmpct: None,
            feefilter: None,
        }
    }
}

/// What was agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// How the peer introduced itself.
    pub version: Version,
    /// The lower of the two protocol versions.
    pub common_version: i32,
    /// The extensions that the peer announced.
    pub announced: Announced,
}

/// Extensions that a peer announced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announced {
    /// BIP339
    pub wtxidrelay: bool,
    /// BIP155
    pub sendaddrv2: bool,
    /// BIP330
    pub sendtxrcncl: bool,
    /// BIP130
    pub sendheaders: bool,
    /// BIP152: the versions, in the order received, the first [`MAX_SENDCMPCT`] of them; 0 for none.
    pub sendcmpct: [u64; MAX_SENDCMPCT],
    /// BIP133: satoshi per 1000 vbytes.
    pub feefilter: Option<i64>,
    /// BIP434: the first [`MAX_FEATURES`] of them.
    pub features: Vec<Feature>,
}

/// Litecoin sends three versions of `sendcmpct`, the most of any known network.
pub const MAX_SENDCMPCT: usize = 4;

/// A peer may announce more features than this, but we keep no more: 32 of at most 592 bytes.
pub const MAX_FEATURES: usize = 32;

/// One side of the conversation.
#[derive(Debug)]
pub struct Hello {
    role: Role,
    local: Local,
    state: State,
    /// How the peer introduced itself.
    version: Option<Version>,
    announced: Announced,
    /// Whether the peer's `verack` has come. Accepted at any time: some peers send it before their version.
    verack: bool,
    /// The nonce of a ping that we have yet to answer.
    ping: Option<u64>,
    /// Unusual conduct so far.
    conduct: Conduct,
    /// What the peer sent before its version: the first [`MAX_EARLY`] commands, each once.
    early: Vec<Command>,
}

/// Names of messages before the version to keep, at most.
const MAX_EARLY: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// We have yet to send our version.
    Introduce,
    /// We wait for the peer's version.
    Version,
    /// Both versions are known; this message follows ours.
    Reply(Reply),
    /// We have sent everything.
    Verack,
}

/// The messages after our version, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reply {
    Wtxidrelay,
    Sendaddrv2,
    Feature(u32),
    Verack,
    Sendheaders,
    Sendcmpct,
    Feefilter,
}

impl Hello {
    /// A conversation at its start.
    #[must_use]
    pub fn new(role: Role, local: Local) -> Self {
        Self {
            role,
            local,
            state: match role {
                Role::Initiator => State::Introduce,
                Role::Responder => State::Version,
            },
            version: None,
            announced: Announced::default(),
            verack: false,
            ping: None,
            conduct: Conduct::default(),
            early: Vec::new(),
        }
    }

    /// Our role.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// Our own side.
    #[must_use]
    pub fn local(&self) -> &Local {
        &self.local
    }

    /// How the peer introduced itself, once its version has come.
    #[must_use]
    pub fn version(&self) -> Option<&Version> {
        self.version.as_ref()
    }

    /// What the peer has announced so far, after its version.
    #[must_use]
    pub fn announced(&self) -> &Announced {
        &self.announced
    }

    /// Unusual conduct of the peer so far.
    #[must_use]
    pub fn conduct(&self) -> &Conduct {
        &self.conduct
    }

    /// Records unusual conduct, before [`Hello::take_in`].
    pub(crate) fn note(&mut self, event: &Event, len: usize) {
        self.conduct.note(event, len, &self.local.params, self.version.is_some(), self.verack);
    }

    /// Inspects the messages that had arrived after the handshake.
    pub(crate) fn note_behind(&mut self, rest: &[u8]) {
        self.conduct.note_behind(rest, &self.local.params);
    }

    /// The message to send now, before more is read.
    pub fn say(&mut self) -> Option<Message> {
        loop {
            match self.state {
                State::Introduce => {
                    self.state = match self.role {
                        Role::Initiator => State::Version,
                        Role::Responder => State::Reply(Reply::Wtxidrelay),
                    };
                    return Some(Message::Version(self.local.version.clone()));
                }
                State::Reply(reply) => {
                    let (message, next) = self.reply(reply);
                    self.state = next;
                    if message.is_some() {
                        return message;
                    }
                }
                State::Version => return None,
                State::Verack => return self.ping.take().map(Message::Pong),
            }
        }
    }

    /// One message after our version, if it is to be sent; and the next state.
    fn reply(&self, reply: Reply) -> (Option<Message>, State) {
        let Local { params, features, .. } = &self.local;
        let knows = |from: Option<i32>| from.is_some_and(|from| self.common_version() >= from);
        match reply {
            Reply::Wtxidrelay => {
                let say = self.local.wtxidrelay && knows(params.wtxidrelay_from);
                (say.then_some(Message::Wtxidrelay), State::Reply(Reply::Sendaddrv2))
            }
            Reply::Sendaddrv2 => {
                let say = self.local.sendaddrv2 && knows(params.sendaddrv2_from);
                (say.then_some(Message::Sendaddrv2), State::Reply(Reply::Feature(0)))
            }
            Reply::Feature(n) => match usize::try_from(n).ok().and_then(|n| features.get(n)) {
                Some(feature) if knows(params.feature_from) => {
                    (Some(Message::Feature(feature.clone())), State::Reply(Reply::Feature(n + 1)))
                }
                _ => (None, State::Reply(Reply::Verack)),
            },
            Reply::Verack => (Some(Message::Verack), State::Reply(Reply::Sendheaders)),
            Reply::Sendheaders => {
                (self.local.sendheaders.then_some(Message::Sendheaders), State::Reply(Reply::Sendcmpct))
            }
            Reply::Sendcmpct => {
                let message = |version| Message::Sendcmpct { announce: false, version };
                (self.local.sendcmpct.map(message), State::Reply(Reply::Feefilter))
            }
            Reply::Feefilter => (self.local.feefilter.map(Message::Feefilter), State::Verack),
        }
    }

    /// Processes an event.
    ///
    /// # Errors
    /// As [`Hello::hear`]; and if a message is malformed that must not be.
    pub fn take_in(&mut self, event: &Event) -> Result<(), Error> {
        self.note_early(event);
        match *event {
            Event::Heard(ref message) => self.hear(message),
            Event::Malformed { command, what, .. } => {
                let must = command == Command::VERSION || (command == Command::FEATURE && self.takes_features());
                if must { Err(Error::Malformed { command, what }) } else { Ok(()) }
            }
            Event::Said(_) | Event::Skipped(_) | Event::Transport(_) => Ok(()),
        }
    }

    /// Keeps the command of a message that came before the peer's version.
    fn note_early(&mut self, event: &Event) {
        let command = match event {
            Event::Heard(message) => message.command(),
            Event::Malformed { command, .. } => *command,
            Event::Said(_) | Event::Skipped(_) | Event::Transport(_) => return,
        };
        let is_early = self.version.is_none() && command != Command::VERSION;
        if is_early && self.early.len() < MAX_EARLY && !self.early.contains(&command) {
            self.early.push(command);
        }
    }

    /// The commands that came in place of the peer's version: `verack, ping`.
    #[must_use]
    pub fn instead(&self) -> Option<String> {
        if self.version.is_some() || self.early.is_empty() {
            return None;
        }
        Some(self.early.iter().map(|&command| AsSent(command).to_string()).collect::<Vec<_>>().join(", "))
    }

    /// Processes a message of the peer.
    ///
    /// # Errors
    /// If we refuse the peer's version, if the peer rejects ours, or if a message is longer than its kind allows.
    pub fn hear(&mut self, message: &Message) -> Result<(), Error> {
        match message {
            Message::Version(theirs) => self.hear_version(theirs),
            Message::Verack => {
                self.verack = true;
                Ok(())
            }
            Message::Reject(reject) if *reject.message == *b"version" => {
                Err(Error::Rejected { reject: reject.clone(), params: self.local.params })
            }
            Message::Other { command: command @ (Command::VERSION | Command::VERACK), len } => {
                Err(Error::Oversized { command: *command, len: *len, max: MAX_WHOLE_LEN })
            }
            // The peer's version decides the meaning of all other messages. Core ignores them before it.
            _ if self.version.is_none() => Ok(()),
            _ => self.hear_more(message),
        }
    }

    /// Processes a message after the peer's version.
    fn hear_more(&mut self, message: &Message) -> Result<(), Error> {
        match message {
            Message::Wtxidrelay => self.announced.wtxidrelay = true,
            Message::Sendaddrv2 => self.announced.sendaddrv2 = true,
            Message::Sendtxrcncl { .. } => self.announced.sendtxrcncl = true,
            Message::Sendheaders => self.announced.sendheaders = true,
            Message::Sendcmpct { version, .. } => {
                if let Some(free) = self.announced.sendcmpct.iter_mut().find(|kept| [0, *version].contains(kept)) {
                    *free = *version;
                }
            }
            Message::Feefilter(rate) => self.announced.feefilter = Some(*rate),
            Message::Feature(feature) => self.hear_feature(feature)?,
            Message::Ping(nonce) => self.ping = *nonce,
            // A valid `feature` is never this long, so bytes follow its data.
            Message::Other { command: command @ Command::FEATURE, .. } if self.takes_features() => {
                return Err(Error::Malformed { command: *command, what: Malformed::TooLong("payload") });
            }
            Message::Version(_)
            | Message::Verack
            | Message::Pong(_)
            | Message::Getaddr
            | Message::Addr(_)
            | Message::Addrv2(_)
            | Message::Reject(_)
            | Message::Other { .. } => {}
        }
        Ok(())
    }

    fn hear_version(&mut self, theirs: &Version) -> Result<(), Error> {
        if self.version.is_some() {
            // Core ignores a second version.
            return Ok(());
        }
        let ours = |nonce: u64| self.local.version.nonce == Some(nonce) || self.local.own_nonces.contains(&nonce);
        // The nonce is checked first: whatever else the message says, it is our own.
        if theirs.nonce.is_some_and(ours) {
            return Err(Error::SelfConnect);
        }
        if theirs.version < self.local.min_peer_version {
            return Err(Error::Obsolete { version: theirs.version, minimum: self.local.min_peer_version });
        }
        let missing = self.local.require_services.missing_from(theirs.services);
        if missing != Services::NONE {
            return Err(Error::Services { missing, params: self.local.params });
        }
        self.version = Some(theirs.clone());
        self.state = match self.role {
            Role::Initiator => State::Reply(Reply::Wtxidrelay),
            Role::Responder => State::Introduce,
        };
        Ok(())
    }

    fn hear_feature(&mut self, feature: &Feature) -> Result<(), Error> {
        if self.local.params.feature_from.is_none() {
            return Ok(());
        }
        if !self.takes_features() {
            // BIP434: a node that announced less than 70017 must not send it. Core disconnects.
            return Err(Error::Unexpected(Command::FEATURE));
        }
        if self.announced.features.len() < MAX_FEATURES {
            self.announced.features.push(feature.clone());
        }
        Ok(())
    }

    /// Whether `feature` has the meaning of BIP434 on this connection, so that a malformed one is a fault.
    #[must_use]
    pub fn takes_features(&self) -> bool {
        let common = self.version.as_ref().map(|_| self.common_version());
        self.local.params.feature_from.zip(common).is_some_and(|(from, common)| common >= from)
    }

    /// The lower of both versions; ours until the peer's is known.
    fn common_version(&self) -> i32 {
        let ours = self.local.version.version;
        self.version.as_ref().map_or(ours, |theirs| theirs.version.min(ours))
    }

    /// What was agreed, once both sides have sent everything. Call it once: it takes the data out.
    pub fn agreed(&mut self) -> Option<Agreed> {
        if self.state != State::Verack || !self.verack || self.ping.is_some() {
            return None;
        }
        let version = self.version.clone()?;
        Some(Agreed { version, common_version: self.common_version(), announced: mem::take(&mut self.announced) })
    }

    /// The message that it waits for.
    #[must_use]
    pub fn awaiting(&self) -> &'static str {
        if self.version.is_none() { "version" } else { "verack" }
    }

    /// The stage of the handshake.
    #[must_use]
    pub fn stage(&self) -> Stage {
        match self.version {
            None => Stage::Hello,
            Some(_) if self.state == State::Verack && self.verack => Stage::Done,
            Some(_) => Stage::Ack,
        }
    }

    /// The most likely reason that the connection ended here. (Core: net.cpp AcceptConnection, InactivityCheck)
    #[must_use]
    pub fn suspicion(&self, evidence: Evidence) -> Cow<'static, str> {
        let Evidence { end, ours } = evidence;
        let sentence = match (self.role, self.stage(), end) {
            // The report already names what the peer sent in place of its version.
            (_, Stage::Hello, _) if !self.early.is_empty() => "",
            (Role::Initiator, Stage::Hello, End::Closed) if ours == OursRead::Nothing => {
                "most likely all its inbound slots are taken, or it refuses our address"
            }
            (Role::Initiator, Stage::Hello, End::Closed) => {
                "most likely all its inbound slots are taken, it has banned our address, or it is on another network"
            }
            (Role::Initiator, Stage::Hello, End::Silent) => {
                "it may hang, start up, be on another network, be no Bitcoin node, or have discarded our version"
            }
            (Role::Initiator, _, End::Closed) => "it looked at who we are and left",
            (Role::Responder, Stage::Hello, End::Closed) => "most likely a port scan, or another protocol",
            (Role::Responder, Stage::Hello, End::Silent) => {
                "most likely a port scan, or it waits for us to speak first"
            }
            (Role::Responder, _, End::Closed) => {
                "a feeler closes like this, and so does a node that wants services that we lack"
            }
            (_, _, End::Silent) => "a half-open proxy or a broken node is silent like this",
        };
        sentence.into()
    }
}
