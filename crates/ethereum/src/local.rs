//! Our own side: what we say, and what we ask of the peer. Nothing of it is fixed.

use alloc::vec::Vec;

use handshake::Text;

use crate::auth::{Form, Sealing};
use crate::disconnect::Reason;
use crate::eth::{self, OurChain};
use crate::fork_id::Head;
use crate::hash::Hash;
use crate::hello::{self, Capability, Hello};
use crate::key::{PublicKey, SecretKey};
use crate::network::Network;

/// Our own side, the same for each connection.
#[derive(Clone, Debug)]
pub struct Local {
    key: SecretKey,
    node_id: PublicKey,
    /// How we call ourselves.
    pub client_id: Text,
    /// What we offer to speak.
    pub protocols: Vec<Protocol>,
    /// The port on which we say that we listen; 0 for none.
    pub listen_port: u16,
    /// How far to go.
    pub goal: Goal,
    /// A peer whose Status names another network is refused.
    pub expected: Option<Expected>,
    /// A peer whose fork id does not fit these rules is refused.
    pub rules: Option<Rules>,
    /// What an echoing side says at half time if the peer has said no Status until then.
    pub own: Option<OurChain>,
    /// The reason in a Disconnect that ends our side of a concluded handshake; `None` if the connection is kept.
    pub parting: Option<Reason>,
}

impl Local {
    /// A node with this key and no name, which listens nowhere, offers every version of `eth` from 68 to 72, says its
    /// Hello and wants a Status, to which it answers the same.
    #[must_use]
    pub fn new(key: SecretKey) -> Self {
        let node_id = key.public();
        Self {
            key,
            node_id,
            client_id: "".into(),
            // geth has dropped 68, and others have nothing later yet.
            protocols: (68..=72).map(Protocol::eth).collect(),
            listen_port: 0,
            goal: Goal::Status(OurStatus::Echo),
            expected: None,
            rules: None,
            own: None,
            parting: None,
        }
    }

    /// Our static key.
    #[must_use]
    pub fn key(&self) -> &SecretKey {
        &self.key
    }

    /// The public key that belongs to it.
    #[must_use]
    pub fn node_id(&self) -> PublicKey {
        self.node_id
    }

    /// Whether our Status would repeat the peer's, but could be our own.
    pub(crate) fn may_speak_first(&self) -> bool {
        matches!(&self.goal, Goal::Status(OurStatus::Echo)) && self.own.is_some()
    }

    /// Where our Status would repeat the peer's, it is our own from here on, if we have one.
    pub(crate) fn speak_first(&mut self) {
        if let (Goal::Status(OurStatus::Echo), Some(own)) = (&self.goal, &self.own) {
            self.goal = Goal::Status(OurStatus::Of(own.clone()));
        }
    }

    /// How we introduce ourselves.
    #[must_use]
    pub fn hello(&self) -> Hello {
        Hello {
            version: hello::VERSION,
            client_id: self.client_id.clone(),
            capabilities: self.protocols.iter().map(|protocol| protocol.capability.clone()).collect(),
            listen_port: self.listen_port.into(),
            node_id: self.node_id.to_bytes(),
        }
    }
}

/// Something that we offer to speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// Its name and version.
    pub capability: Capability,
    /// How many messages it has: by so many those of the next one are moved.
    pub messages: u64,
}

impl Protocol {
    /// This version of `eth`.
    #[must_use]
    pub fn eth(version: u64) -> Self {
        Self { capability: Capability::new(eth::NAME, version), messages: eth::messages(version) }
    }
}

/// How far to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Until both have said Hello.
    Hello,
    /// Until both have said Status.
    Status(OurStatus),
}

/// What our Status says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OurStatus {
    /// That of a chain of ours, said without waiting.
    Of(OurChain),
    /// What the peer's said, once that is heard. So none is turned away for its fork, and as nodes say theirs without
    /// waiting it takes no longer. Two sides that both do so wait for each other until half time: see [`Local::own`].
    Echo,
}

/// The network that a peer must be on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Its number.
    pub network_id: u64,
    /// Its first block.
    pub genesis: Hash,
}

/// The forks of a network, with which a peer's fork id is compared. (EIP-2124)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The network.
    pub network: &'static Network,
    /// Where its chain is now: by our clock, as we have no chain.
    pub head: Head,
}

/// What must be random and new for each connection.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// The key that lives for this connection.
    pub ephemeral: SecretKey,
    /// Our nonce.
    pub nonce: [u8; 32],
    /// What seals our auth or ack.
    pub sealing: Sealing,
    /// The form of our auth. A responder answers in the form that it hears.
    pub form: Form,
}

impl Fresh {
    /// How many random bytes make one.
    pub const RANDOM_LEN: usize = 32 + 32 + 32 + 16 + 1;

    /// Made from random bytes, in the form of EIP-8 with a padding of 100 to 227 bytes. `None` if the bytes of a key are
    /// none, as 4 of 2^128 are.
    #[must_use]
    pub fn new(random: &[u8; Self::RANDOM_LEN]) -> Option<Self> {
        let (keys, rest) = random.split_first_chunk::<64>().expect("64 of 113 bytes");
        let (nonce, rest) = rest.split_first_chunk().expect("32 of 49 bytes");
        let (iv, rest) = rest.split_first_chunk().expect("16 of 17 bytes");
        let (ephemeral, sealing) = keys.split_first_chunk().expect("32 of 64 bytes");
        let sealing = sealing.try_into().expect("32 of 64 bytes");
        Some(Self {
            ephemeral: SecretKey::new(*ephemeral)?,
            nonce: *nonce,
            sealing: Sealing { key: SecretKey::new(sealing)?, iv: *iv, padding: 100 + (rest[0] & 0x7f) },
            form: Form::Eip8,
        })
    }
}
