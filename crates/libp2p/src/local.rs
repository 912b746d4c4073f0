//! Our own side: who we are, and what we say.

use alloc::vec;
use alloc::vec::Vec;

use handshake::Text;

use crate::connection::PING;
use crate::identify::{self, Identify};
use crate::identity::Identity;
use crate::key::SecretKey;
use crate::multiaddr::Multiaddr;

/// How an initiator begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Opening {
    /// It goes on as if every answer were yes, which takes the fewest round trips. After a no the connection is of no use.
    #[default]
    Optimistic,
    /// It waits for every answer. A peer that turns Noise down is asked for TLS, so that the error can say so.
    Patient,
}

/// Our own side. Nothing of it is fixed. What is said of it by identify should have at most 4096 bytes in all: rust-libp2p
/// refuses more, and the others more than 8192.
#[derive(Clone, Debug)]
pub struct Local {
    /// Who we are.
    pub identity: Identity,
    /// Noise's key of ours, which the identity signs. As nobody needs to know it again, it should be new for each
    /// connection.
    pub static_key: SecretKey,
    /// For this connection; must be new for each.
    pub ephemeral_key: SecretKey,
    /// What we say about our program: `kubo/0.29.0/`. Others use less than 100 bytes.
    pub agent: Text,
    /// The family of protocols that we say we belong to: `ipfs/0.1.0` if nothing else is said.
    pub protocol_version: Text,
    /// Where we say that we listen.
    pub listen_addrs: Vec<Multiaddr>,
    /// Where we say that we see the peer.
    pub observed_addr: Option<Multiaddr>,
    /// How we begin as initiator.
    pub opening: Opening,
    /// Whether we offer to agree on the muxer within Noise, which saves a round trip to those who wait for answers.
    pub inlines_muxer: bool,
    /// Whether we introduce ourselves unasked, by `/ipfs/id/push/1.0.0`, as soon as the connection is sealed. A peer that is
    /// visited briefly may else not learn who was there.
    pub pushes: bool,
}

impl Local {
    /// A plain introduction.
    #[must_use]
    pub fn new(identity: Identity, static_key: SecretKey, ephemeral_key: SecretKey, agent: &str) -> Self {
        Self {
            identity,
            static_key,
            ephemeral_key,
            agent: agent.into(),
            protocol_version: "ipfs/0.1.0".into(),
            listen_addrs: Vec::new(),
            observed_addr: None,
            opening: Opening::Optimistic,
            inlines_muxer: true,
            pushes: true,
        }
    }

    /// How we introduce ourselves.
    #[must_use]
    pub fn identify(&self) -> Identify {
        Identify {
            public_key: Some(self.identity.public().encoded().into()),
            listen_addrs: self.listen_addrs.clone(),
            protocols: vec![identify::NAME.into(), PING.into()],
            observed_addr: self.observed_addr.clone(),
            protocol_version: Some(self.protocol_version.clone()),
            agent: Some(self.agent.clone()),
            ..Identify::default()
        }
    }
}
