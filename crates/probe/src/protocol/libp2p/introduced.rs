//! The introduction of a libp2p node, and its reported fields.

use std::fmt::{self, Display};

use libp2p::{Identify, Multiaddr, Muxer, PublicKey};

use crate::protocol::field::{Field, FieldKind, Slot, Written, write_fields};
use crate::protocol::introduced::Introduced as AnyIntroduced;

/// A peer's introduction, as received.
#[derive(Clone, Debug)]
pub struct Introduced {
    /// Its public key, proven in the handshake.
    pub public_key: PublicKey,
    /// How yamux was negotiated, if the handshake came that far.
    pub muxer: Option<Muxer>,
    /// Its identify message, if it sent one.
    pub identify: Option<Identify>,
}

/// The reported fields.
pub static FIELDS: [Field<Introduced>; 10] = [
    Field::new("peer_id", FieldKind::Text, "its name: the hash of its key, or the key", |i, to| {
        to.text(i.public_key.peer_id())
    }),
    Field::new("key_type", FieldKind::Text, "the kind of its key", |i, to| to.value(i.public_key.kind().name())),
    Field::new(
        "muxer",
        FieldKind::Text,
        "how yamux was agreed on: inlined in Noise's payloads, or negotiated",
        |i, to| to.value(&i.muxer.map(muxer_name)),
    ),
    Field::new(
        "agent",
        FieldKind::Text,
        "its program; null if it sent no identify, as is all but peer_id, key_type and muxer",
        |i, to| to.optional(i.said(|identify| identify.agent.as_ref())),
    ),
    Field::new("protocol_version", FieldKind::Text, "the family that it says it belongs to", |i, to| {
        to.optional(i.said(|identify| identify.protocol_version.as_ref()))
    }),
    Field::new("protocols", FieldKind::Texts, "what it speaks, at most 64", |i, to| {
        listed(i.identify.as_ref().map(|identify| &identify.protocols[..]), to)
    }),
    Field::new("protocols_total", FieldKind::Number, "how many protocols it named", |i: &Introduced, to| {
        to.value(&i.identify.as_ref().map(Identify::protocols_total))
    })
    .of_generation(1),
    Field::new("listen_addrs", FieldKind::Texts, "where it says that it listens, at most 64", |i, to| {
        listed(i.identify.as_ref().map(|identify| &identify.listen_addrs[..]), to)
    }),
    Field::new("listen_addrs_total", FieldKind::Number, "how many addresses it named", |i: &Introduced, to| {
        to.value(&i.identify.as_ref().map(Identify::listen_addrs_total))
    })
    .of_generation(1),
    Field::new("our_address", FieldKind::Text, "the address at which it sees us", |i, to| {
        to.optional(i.said(|identify| identify.observed_addr.as_ref()).filter(|address| is_address(address)))
    }),
];

/// Nodes list some 20 of each. The largest list 130 protocols, which the count reports; a report must stay readable.
pub(super) const MAX_LISTED: usize = 64;

/// Whether it is a usable address: neither `/ip4/0.0.0.0` nor `/ip6/::`.
fn is_address(address: &Multiaddr) -> bool {
    const NOWHERE: [&[u8]; 2] = [&[0x04, 0, 0, 0, 0], &[0x29, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]];
    !NOWHERE.iter().any(|nowhere| address.as_bytes().starts_with(nowhere))
}

fn muxer_name(muxer: Muxer) -> &'static str {
    match muxer {
        Muxer::Inlined => "inlined",
        Muxer::Negotiated => "negotiated",
    }
}

/// The first entries of a list, if the peer sent one.
fn listed(list: Option<&[impl Display]>, to: Slot<'_, '_>) -> Written {
    match list {
        Some(list) => to.texts(list.iter().take(MAX_LISTED)),
        None => to.value(&()),
    }
}

impl Introduced {
    /// A part of its identify message, if it sent one.
    fn said<'i, T>(&'i self, what: impl FnOnce(&'i Identify) -> Option<&'i T>) -> Option<&'i T> {
        self.identify.as_ref().and_then(what)
    }
}

impl AnyIntroduced for Introduced {
    fn write_json(&self, out: &mut Vec<u8>) {
        write_fields(&FIELDS, self, out);
    }

    fn identity(&self) -> Option<String> {
        Some(self.public_key.peer_id().to_string())
    }

    fn agent(&self) -> String {
        let agent = self.identify.as_ref().and_then(|identify| identify.agent.as_ref());
        agent.map_or_else(|| self.public_key.peer_id().to_string(), ToString::to_string)
    }

    /// How many protocols it speaks.
    fn offers(&self) -> String {
        let count = self.identify.as_ref().map_or(0, Identify::protocols_total);
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} protocol{plural}")
    }
}

/// `kubo/0.29.0/, peer 12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA`
impl fmt::Display for Introduced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(agent) = self.identify.as_ref().and_then(|identify| identify.agent.as_ref()) {
            write!(f, "{agent}, ")?;
        }
        write!(f, "peer {}", self.public_key.peer_id())
    }
}
