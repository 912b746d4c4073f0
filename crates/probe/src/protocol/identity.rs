//! The expected node of a handshake, and which side dialled.

use handshake::Role;

use super::Protocol;

/// The expected node at an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Identity {
    /// Any node, in the protocol of the chosen network.
    Any,
    /// A node of a specific protocol.
    Of(Box<Named>),
}

/// A node of a specific protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Named {
    /// The protocol.
    pub protocol: &'static dyn Protocol,
    /// Its key or the hash of its key, in the protocol's own form; `None` if any node will do.
    pub key: Option<Box<[u8]>>,
}

impl Identity {
    /// A node of a protocol, with this key if only that node will do.
    pub fn of(protocol: &'static dyn Protocol, key: Option<&[u8]>) -> Self {
        Self::Of(Box::new(Named { protocol, key: key.map(Into::into) }))
    }

    /// The protocol; `None` if the chosen network decides.
    pub fn protocol(&self) -> Option<&'static dyn Protocol> {
        match self {
            Self::Any => None,
            Self::Of(named) => Some(named.protocol),
        }
    }

    /// The node's key, if only that node will do.
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
    /// We dialled and expect this node.
    Dialling(&'i Identity),
    /// The peer dialled.
    Accepting,
}

impl Part<'_> {
    /// The corresponding role.
    pub fn role(self) -> Role {
        match self {
            Self::Dialling(_) => Role::Initiator,
            Self::Accepting => Role::Responder,
        }
    }
}
