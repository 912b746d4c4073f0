//! Which node a handshake is with, and which side dialled.

use handshake::Role;

use super::Protocol;

/// The node that is meant at an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Identity {
    /// Any, in the protocol of the network that was chosen.
    Any,
    /// One of a certain protocol.
    Of(Box<Named>),
}

/// A node of a certain protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Named {
    /// The protocol.
    pub protocol: &'static dyn Protocol,
    /// Its key or the hash of it, as bytes of the protocol's own form; `None` if any node will do.
    pub key: Option<Box<[u8]>>,
}

impl Identity {
    /// A node of a protocol, with this key if only that one is meant.
    pub fn of(protocol: &'static dyn Protocol, key: Option<&[u8]>) -> Self {
        Self::Of(Box::new(Named { protocol, key: key.map(Into::into) }))
    }

    /// The protocol; `None` if that is left to the network that was chosen.
    pub fn protocol(&self) -> Option<&'static dyn Protocol> {
        match self {
            Self::Any => None,
            Self::Of(named) => Some(named.protocol),
        }
    }

    /// The key of the node, if only one is meant.
    pub fn key(&self) -> Option<&[u8]> {
        match self {
            Self::Any => None,
            Self::Of(named) => named.key.as_deref(),
        }
    }
}

/// Our part in a handshake.
#[derive(Clone, Copy, Debug)]
pub enum Part<'i> {
    /// We dialled, and meant this node.
    Dialling(&'i Identity),
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
