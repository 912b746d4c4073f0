//! The two sides of every measured libp2p handshake. Their keys are fixed, as no secret is needed.

use libp2p::{Hello, Identity, Local, PeerId, SecretKey};

/// Random numbers of one side: for its identity, its Noise key, and its ephemeral key.
#[derive(Clone, Copy)]
pub struct Side {
    pub identity: [u8; 32],
    pub s: [u8; 32],
    pub e: [u8; 32],
}

pub const INITIATOR: Side = Side { identity: [0x11; 32], s: [0x12; 32], e: [0x13; 32] };
pub const RESPONDER: Side = Side { identity: [0x21; 32], s: [0x22; 32], e: [0x23; 32] };

impl Side {
    /// A side with this identity, and fresh keys for the connection.
    pub fn local(self, identity: &Identity) -> Local {
        let agent = concat!("verack/", env!("CARGO_PKG_VERSION"));
        Local::new(identity.clone(), SecretKey::new(self.s), SecretKey::new(self.e), agent)
    }

    /// Its identity.
    pub fn identity(self) -> Identity {
        Identity::new(self.identity)
    }

    /// A handshake with the node of this id.
    pub fn dials(self, identity: &Identity, peer_id: PeerId) -> Hello {
        Hello::initiator(self.local(identity), Some(peer_id))
    }

    /// A handshake with any initiator.
    pub fn is_dialled(self, identity: &Identity) -> Hello {
        Hello::responder(self.local(identity))
    }
}
