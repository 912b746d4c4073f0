//! Names that list a protocol's nodes, in the TXT records of DNS.

use std::net::SocketAddr;

use super::Identity;
use crate::resolve::Family;

/// How the TXT records of a name list a protocol's nodes.
#[derive(Clone, Copy, Debug)]
pub struct Listing {
    /// The label in front of the name: its TXT records are the list.
    pub label: &'static str,
    /// The missing record, for a name without a list.
    pub record: &'static str,
    /// Reads one TXT record; `None` if it has another purpose.
    pub read: fn(&[u8]) -> Option<Listed>,
}

/// An entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Listed {
    /// A node at an address.
    At(SocketAddr, Identity),
    /// A node behind a name.
    Named {
        /// The name.
        name: String,
        /// The requested family.
        family: Family,
        /// Its port.
        port: u16,
        /// The node.
        identity: Identity,
    },
    /// Another list.
    List {
        /// The name with the list.
        name: String,
        /// Only addresses with this port, if there is one.
        port: Option<u16>,
        /// The node that it must list.
        identity: Identity,
    },
    /// A node over a transport that we lack.
    Needs(&'static str),
    /// It cannot be dialled, for this reason.
    Unreadable(String),
}

impl Listed {
    /// The node, if the entry names a place.
    pub fn identity(&self) -> Option<&Identity> {
        match self {
            Self::At(_, identity) | Self::Named { identity, .. } | Self::List { identity, .. } => Some(identity),
            Self::Needs(_) | Self::Unreadable(_) => None,
        }
    }
}
