//! Our own side: its keys, and what we send.

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
    /// Continues as if every proposal were accepted, which takes the fewest round trips. After a refusal the connection
    /// is useless.
    #[default]
    Optimistic,
    /// Waits for every answer. If the peer refuses Noise, we propose TLS, so that the error can report it.
    Patient,
}

/// Our own side. Every field may be changed. The identify message should have at most 4096 bytes in all: rust-libp2p
/// refuses longer ones, and other programs more than 8192.
#[derive(Clone, Debug)]
pub struct Local {
    /// Our identity.
    pub identity: Identity,
    /// Our static Noise key, signed by the identity. No peer needs to recognise it later, so it should be new for each
    /// connection.
    pub static_key: SecretKey,
    /// The key for this connection; must be new for each.
    pub ephemeral_key: SecretKey,
    /// The name of our program: `kubo/0.29.0/`. Other programs use less than 100 bytes.
    pub agent: Text,
    /// The protocol family that we announce: `ipfs/0.1.0` by default.
    pub protocol_version: Text,
    /// The listen addresses that we announce.
    pub listen_addrs: Vec<Multiaddr>,
    /// The peer's address as we see it.
    pub observed_addr: Option<Multiaddr>,
    /// How we begin as the initiator.
    pub opening: Opening,
    /// Whether we offer to choose the muxer within Noise, which saves a round trip for sides that wait for answers.
    pub inlines_muxer: bool,
    /// Whether we push our introduction with `/ipfs/id/push/1.0.0`, as soon as the connection is encrypted. Otherwise a
    /// peer may not learn the identity of a brief visitor.
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

    /// Our introduction.
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
