//! A peer's bytes, message by message, and our side that reads them.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::num::NonZeroI64;

use handshake::Role;
use testing::{End, feed};
use verack_monero::levin::write_message;
use verack_monero::{
    Address, Command, Hello, Host, Introduction, Kind, Local, Message, Network, Peer, Peers, ReturnCode, storage,
};

pub(crate) const ROLES: [Role; 2] = [Role::Initiator, Role::Responder];

/// The peer ids of the two sides.
pub(crate) const OURS: u64 = 0x1122_3344_5566_7788;
pub(crate) const THEIRS: u64 = 0x0123_4567_89ab_cdef;

pub(crate) fn network(name: &str) -> &'static Network {
    Network::named(name).expect("a network of the table")
}

/// A plain introduction.
pub(crate) fn local(peer_id: u64) -> Local {
    Local::new(network("monero"), peer_id)
}

/// Our side.
pub(crate) fn hello(role: Role) -> Hello {
    with(role, local(OURS))
}

/// Our side with this introduction.
pub(crate) fn with(role: Role, local: Local) -> Hello {
    match role {
        Role::Initiator => Hello::initiator(local),
        Role::Responder => Hello::responder(local),
    }
}

/// The peer's introduction.
pub(crate) fn theirs() -> Introduction {
    let mut introduction = local(THEIRS).introduction;
    introduction.node.my_port = 18080;
    introduction.node.rpc_port = 18089;
    introduction.tip.height = 3_200_000;
    introduction.tip.cumulative_difficulty = 5 << 64 | 7;
    introduction.tip.pruning_seed = 384;
    introduction
}

/// The peers that the peer knows: one of each kind.
pub(crate) fn their_peers() -> Peers {
    let host = |name: &[u8]| Host::new(name, 18083).expect("short");
    let addresses = [
        Address::Ip("203.0.113.7:18080".parse().expect("an address")),
        Address::Ip("[2001:db8::7]:18080".parse().expect("an address")),
        Address::Tor(host(b"xwvz3ekocr3dkyxfkmgm2hvbpzx2ysqmaxgter7znnqrhoicygkfswid.onion")),
        Address::I2p(host(b"cmeua5767mz2q5jsaelk2rxhf67agrwuetaso5dzbenyzwlbkg2q.b32.i2p")),
        Address::Other(9),
    ];
    let peers = addresses.into_iter().zip(7..).map(|(address, id)| Peer {
        last_seen: NonZeroI64::new(1_700_000_000),
        pruning_seed: 385,
        rpc_port: 18089,
        rpc_credits_per_hash: 3,
        ..Peer::new(address, id)
    });
    peers.collect::<Vec<_>>().into()
}

/// The handshake message of the peer of our side in this role.
pub(crate) fn introduced(role: Role, introduction: Introduction) -> Message {
    match role {
        Role::Initiator => Message::HandshakeResponse(introduction, their_peers()),
        Role::Responder => Message::HandshakeRequest(introduction),
    }
}

/// The bytes that a peer sends to our side in a role.
pub(crate) struct Flight {
    pub(crate) role: Role,
    pub(crate) bytes: Vec<u8>,
}

impl Flight {
    pub(crate) fn to(role: Role) -> Self {
        Self { role, bytes: Vec::new() }
    }

    #[must_use]
    pub(crate) fn say(mut self, message: &Message) -> Self {
        message.write(&mut self.bytes);
        self
    }

    /// The peer's introduction.
    #[must_use]
    pub(crate) fn introduce(self) -> Self {
        let message = introduced(self.role, theirs());
        self.say(&message)
    }

    /// A message of any bytes.
    #[must_use]
    pub(crate) fn frame(mut self, command: Command, kind: Kind, body: &[u8]) -> Self {
        write_message(command, kind, &mut self.bytes, |tx| tx.extend_from_slice(body));
        self
    }

    /// The peer's introduction with these bytes after the signature of its body.
    #[must_use]
    pub(crate) fn body(self, section: &[u8]) -> Self {
        let kind = match self.role {
            Role::Initiator => Kind::Response(ReturnCode::FINE),
            Role::Responder => Kind::Request,
        };
        self.frame(Command::HANDSHAKE, kind, &[&storage::SIGNATURE[..], section].concat())
    }

    /// Any bytes at all.
    #[must_use]
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// The end of our plain handshake with these bytes.
    pub(crate) fn end(&self) -> End {
        End::of(&feed(&mut hello(self.role), [&self.bytes[..]]))
    }
}

/// The end of an unfinished handshake.
pub(crate) fn waits(role: Role) -> End {
    End::Waits(match role {
        Role::Initiator => "handshake response",
        Role::Responder => "handshake request",
    })
}
