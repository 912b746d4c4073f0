//! Whom a handshake is with, and who called whom.

use ethereum::PublicKey;
use handshake::Role;
use libp2p::PeerId;
use lightning::NodeId;

use crate::args::ProtocolName;

/// Whom a target means. Its form says of which protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Whom {
    /// Whoever listens there, in the protocol of the network that was chosen.
    Anybody,
    /// The Ethereum node with this key.
    Ethereum(Box<PublicKey>),
    /// The Lightning node with this key.
    Lightning(Box<NodeId>),
    /// The libp2p node with this id, or whichever is there.
    Libp2p(Option<Box<PeerId>>),
}

impl Whom {
    /// The protocol that its form calls for; `None` if that is left to the network that was chosen.
    pub fn protocol(&self) -> Option<ProtocolName> {
        match self {
            Self::Anybody => None,
            Self::Ethereum(_) => Some(ProtocolName::Ethereum),
            Self::Lightning(_) => Some(ProtocolName::Lightning),
            Self::Libp2p(_) => Some(ProtocolName::Libp2p),
        }
    }

    /// The libp2p node that is meant, if it is one alone.
    pub fn peer_id(&self) -> Option<&PeerId> {
        match self {
            Self::Libp2p(peer_id) => peer_id.as_deref(),
            _ => None,
        }
    }
}

/// Our part in a handshake.
#[derive(Clone, Copy, Debug)]
pub enum Part<'w> {
    /// We dialled, and meant this one.
    Dialling(&'w Whom),
    /// We were dialled.
    Accepting,
}

impl Part<'_> {
    /// Which side that is.
    pub fn role(self) -> Role {
        match self {
            Self::Dialling(_) => Role::Initiator,
            Self::Accepting => Role::Responder,
        }
    }
}
