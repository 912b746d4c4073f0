//! The bytes of Monero nodes: valid messages, for scripts to modify.

use std::net::{Ipv4Addr, SocketAddr};

use handshake::Role;
use monero::levin::write_message;
use monero::{Address, Command, Kind, Local, Message, storage};

/// The introduction of a peer in a role, with this many known peers.
pub(super) fn introduced(role: Role, local: &Local, peers: usize) -> Vec<u8> {
    let introduction = local.introduction.clone();
    let known = (0..peers).map(|n| monero::Peer::new(address(n), n as u64));
    said(&match role {
        Role::Initiator => Message::HandshakeRequest(introduction),
        Role::Responder => Message::HandshakeResponse(introduction, known.collect::<Vec<_>>().into()),
    })
}

/// An example address. (RFC 5737)
pub(super) fn address(n: usize) -> Address {
    let last = u8::try_from(n % 256).expect("below 256");
    Address::Ip(SocketAddr::from((Ipv4Addr::new(203, 0, 113, last), 18080)))
}

/// A message's bytes.
pub(super) fn said(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.write(&mut bytes);
    bytes
}

/// A message with any body, in a valid frame.
pub(super) fn message(command: Command, kind: Kind, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_message(command, kind, &mut bytes, |tx| tx.extend_from_slice(body));
    bytes
}

/// The section of a body with this first entry, and the entries of another body after its first.
pub(super) fn merged(first: &[u8], others: &[u8]) -> Vec<u8> {
    let start = storage::SIGNATURE.len();
    let entries = others[start + 1..].to_vec();
    let node_data = b"\x09node_data";
    let at = entries.windows(node_data.len()).position(|bytes| bytes == node_data).expect("it has a node_data");
    [&[3 << 2], &first[start + 1..], &entries[at..]].concat()
}
