//! A peer's bytes, message by message, and our side that reads them.
#![allow(dead_code, reason = "each test uses a part of it")]

use handshake::Role;
use testing::{End, feed};
use verack_lightning::acts::{Initiator, Responder};
use verack_lightning::channel::Channel;
use verack_lightning::hello::PROOF_LEN;
use verack_lightning::message::Ping;
use verack_lightning::{Chain, ChainHash, Features, Hello, Init, Local, Message, SecretKey};

pub(crate) const ROLES: [Role; 2] = [Role::Initiator, Role::Responder];

/// The keys of BOLT 8's vectors: our static and ephemeral key, and the peer's.
pub(crate) const OURS: [[u8; 32]; 2] = [[0x11; 32], [0x12; 32]];
pub(crate) const THEIRS: [[u8; 32]; 2] = [[0x21; 32], [0x22; 32]];

pub(crate) fn key(bytes: [u8; 32]) -> SecretKey {
    SecretKey::new(bytes).expect("a key of the vectors")
}

pub(crate) fn hash(chain: &str) -> ChainHash {
    Chain::named(chain).expect("a chain of the table").hash
}

/// A plain introduction.
pub(crate) fn local([s, e]: [[u8; 32]; 2]) -> Local {
    Local::new(key(s), key(e), vec![hash("bitcoin")])
}

/// Our side.
pub(crate) fn hello(role: Role) -> Hello {
    with(role, local(OURS))
}

/// Our side with this introduction.
pub(crate) fn with(role: Role, local: Local) -> Hello {
    match role {
        Role::Initiator => Hello::initiator(local, key(THEIRS[0]).node_id()),
        Role::Responder => Hello::responder(local),
    }
}

/// The peer's introduction.
pub(crate) fn their_init() -> Init {
    Init { features: Features::of(&[0, 9, 14, 999]), networks: vec![hash("bitcoin")], ..Init::default() }
}

/// The bytes that a peer sends to our side in a role.
pub(crate) struct Flight {
    pub(crate) bytes: Vec<u8>,
    /// The offset of each act and each message.
    pub(crate) starts: Vec<usize>,
    /// The channel that carries them.
    pub(crate) channel: Channel,
}

impl Flight {
    /// The peer's acts.
    pub(crate) fn to(role: Role) -> Self {
        let [ours, theirs] = [OURS, THEIRS].map(|keys| keys.map(key));
        let [initiator, responder] = match role {
            Role::Initiator => [ours, theirs],
            Role::Responder => [theirs, ours],
        };
        let (mut one, mut two, mut three) = (Vec::new(), Vec::new(), Vec::new());
        let responder_id = responder[0].node_id();
        let [s, e] = initiator;
        let initiator = Initiator::new(s, e, responder_id).act_one(&mut one);
        let [s, e] = responder;
        let responder = Responder::new(s, e).act_one(&mut act(&one)).expect("sound").act_two(&mut two);
        let initiator = initiator.act_two(&mut act(&two)).expect("sound").act_three(&mut three);
        let responder = responder.act_three(&mut act(&three)).expect("sound");
        match role {
            Role::Initiator => Self { bytes: two, starts: vec![0], channel: responder.channel },
            Role::Responder => {
                Self { starts: vec![0, one.len()], bytes: [one, three].concat(), channel: initiator.channel }
            }
        }
    }

    #[must_use]
    pub(crate) fn say(self, message: &Message) -> Self {
        let mut bytes = Vec::new();
        message.write(&mut bytes);
        self.seal(&bytes)
    }

    /// A message of any bytes.
    #[must_use]
    pub(crate) fn seal(mut self, message: &[u8]) -> Self {
        self.starts.push(self.bytes.len());
        self.channel.seal.seal(&mut self.bytes, |tx| tx.extend_from_slice(message));
        self
    }

    #[must_use]
    pub(crate) fn init(self, init: Init) -> Self {
        self.say(&Message::Init(init))
    }

    /// The answer to our ping.
    #[must_use]
    pub(crate) fn pong(self) -> Self {
        self.say(&Message::Pong(Ping::for_pong_of(PROOF_LEN).pong().expect("it is short")))
    }

    /// Any bytes at all.
    #[must_use]
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.starts.push(self.bytes.len());
        self.bytes.extend_from_slice(bytes);
        self
    }
}

/// An act as an array.
pub(crate) fn act<const LEN: usize>(bytes: &[u8]) -> [u8; LEN] {
    bytes.try_into().expect("a whole act")
}

/// The end of our plain handshake with a peer that sends these bytes.
pub(crate) fn end_of(role: Role, bytes: &[u8]) -> End {
    End::of(&feed(&mut hello(role), [bytes]))
}
