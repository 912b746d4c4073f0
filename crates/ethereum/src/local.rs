//! Our own side: what we send, and what we require of the peer. Every field may be changed.

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
    /// The name of our program.
    pub client_id: Text,
    /// The protocols that we offer.
    pub protocols: Vec<Protocol>,
    /// The port that we announce; 0 for none.
    pub listen_port: u16,
    /// The last message to exchange.
    pub goal: Goal,
    /// A peer whose Status names another network is refused.
    pub expected: Option<Expected>,
    /// A peer whose fork id does not fit these rules is refused.
    pub rules: Option<Rules>,
    /// The Status that an echoing side sends after half of the time, if the peer has sent none until then.
    pub own: Option<OurChain>,
    /// The reason in a Disconnect that ends our side of a concluded handshake; `None` if the connection is kept.
    pub parting: Option<Reason>,
}

impl Local {
    /// A node with this key and no name, which listens nowhere, offers every version of `eth` from 68 to 72, sends
    /// Hello, wants a Status and echoes it.
    #[must_use]
    pub fn new(key: SecretKey) -> Self {
        let node_id = key.public();
        Self {
            key,
            node_id,
            client_id: "".into(),
            // geth has dropped 68, and other programs have no later version yet.
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

    /// Its public key.
    #[must_use]
    pub fn node_id(&self) -> PublicKey {
        self.node_id
    }

    /// Whether our Status would echo the peer's, but may be our own.
    pub(crate) fn may_speak_first(&self) -> bool {
        matches!(&self.goal, Goal::Status(OurStatus::Echo)) && self.own.is_some()
    }

    /// If our Status would echo the peer's, it is our own from here on, if there is one.
    pub(crate) fn speak_first(&mut self) {
        if let (Goal::Status(OurStatus::Echo), Some(own)) = (&self.goal, &self.own) {
            self.goal = Goal::Status(OurStatus::Of(own.clone()));
        }
    }

    /// Our Hello.
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

/// A protocol that we offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// Its name and version.
    pub capability: Capability,
    /// The number of its message ids: the ids of the next one start after them.
    pub messages: u64,
}

impl Protocol {
    /// This version of `eth`.
    #[must_use]
    pub fn eth(version: u64) -> Self {
        Self { capability: Capability::new(eth::NAME, version), messages: eth::messages(version) }
    }
}

/// The last message to exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Hello of both sides.
    Hello,
    /// Status of both sides.
    Status(OurStatus),
}

/// The contents of our Status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OurStatus {
    /// Describes our chain; sent without waiting.
    Of(OurChain),
    /// Repeats the peer's Status once it has come. So no peer refuses us for our fork, and since nodes send theirs
    /// without waiting, it takes no longer. Two echoing sides wait for each other until half of the time: see
    /// [`Local::own`].
    Echo,
}

/// The network that a peer must be on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The network id.
    pub network_id: u64,
    /// The hash of its first block.
    pub genesis: Hash,
}

/// The forks of a network, with which a peer's fork id is compared. (EIP-2124)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The network.
    pub network: &'static Network,
    /// The current head of its chain: from our clock, as we have no chain.
    pub head: Head,
}

/// Values that must be random and new for each connection.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// The key for this connection.
    pub ephemeral: SecretKey,
    /// Our nonce.
    pub nonce: [u8; 32],
    /// Seals our auth or ack.
    pub sealing: Sealing,
    /// The form of our auth. A responder answers in the form that it received.
    pub form: Form,
}

impl Fresh {
    /// The number of random bytes for one.
    pub const RANDOM_LEN: usize = 32 + 32 + 32 + 16 + 1;

    /// From random bytes, in the EIP-8 form with a padding of 100 to 227 bytes. `None` if the bytes of a key are
    /// invalid: 4 in 2^128 are.
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
