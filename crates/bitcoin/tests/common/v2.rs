//! A peer on the encrypted transport that sends what a test wants, whatever we send.

use handshake::{Role, Rx};
use testing::{Ended, feed};
use verack_bitcoin::v2::keys::{Encoding, KeyPair, Session};
use verack_bitcoin::v2::{Garbage, Keys, Start, contents};
use verack_bitcoin::version::Tail;
use verack_bitcoin::{Accept, Local, Message, V2, Version};

use super::{local, params};

/// Our keys in all tests.
pub(crate) fn keys() -> Keys {
    Keys::new([1; 32], [2; 32]).expect("a secret key")
}

/// Keys, garbage and decoys of our side in all tests.
pub(crate) fn start() -> Start {
    Start::new(keys(), Garbage::new(&b"our garbage"[..]).expect("short"))
}

/// Our side on the main network, in this role.
pub(crate) fn ours(role: Role) -> V2 {
    V2::new(role, local("bitcoin"), start())
}

/// Our side on the main network, over the transport that the peer chooses.
pub(crate) fn accept() -> Accept {
    Accept::new(local("bitcoin"), start())
}

pub(crate) fn other(role: Role) -> Role {
    match role {
        Role::Initiator => Role::Responder,
        Role::Responder => Role::Initiator,
    }
}

/// A peer's bytes. It derives its keys from ours, which are fixed.
pub(crate) struct Peer {
    pub(crate) bytes: Vec<u8>,
    session: Session,
    /// Authenticated with its next packet.
    aad: Vec<u8>,
}

impl Peer {
    /// The peer of our side in this role, on a network: it has sent its key and its garbage.
    pub(crate) fn on(chain: &str, to: Role, garbage: &[u8]) -> Self {
        let pair = Self::keys();
        let session = pair.agree(other(to), keys().encode().encoding(), params(chain).magic);
        let bytes = [pair.encoding(), garbage].concat();
        Self { bytes, session, aad: garbage.to_vec() }
    }

    /// On the main network; it has sent its terminator and its version packet, too.
    pub(crate) fn ready(to: Role) -> Self {
        Self::on("bitcoin", to, b"their garbage").terminator().packet(false, b"")
    }

    /// All parts of a handshake, with a decoy at each possible place.
    pub(crate) fn talkative(to: Role, version: &Version) -> Self {
        Self::on("bitcoin", to, b"their garbage")
            .terminator()
            .packet(true, b"a decoy")
            .packet(false, b"what versions to come say")
            .say(&Message::Version(version.clone()))
            .packet(true, b"")
            .say(&Message::Wtxidrelay)
            .say(&Message::Sendaddrv2)
            .packet(false, b"")
            .packet(false, b"\xffunknown")
            .say(&Message::Ping(Some(7)))
            .packet(false, &[&[0], &b"ping\0\0\0\0\0\0\0\0"[..], &[7; 8]].concat())
            .say(&Message::Verack)
    }

    fn keys() -> KeyPair {
        Keys::new([3; 32], [4; 32]).expect("a secret key").encode()
    }

    pub(crate) fn encoding() -> Encoding {
        *Self::keys().encoding()
    }

    #[must_use]
    pub(crate) fn terminator(mut self) -> Self {
        self.bytes.extend_from_slice(&self.session.our_terminator);
        self
    }

    #[must_use]
    pub(crate) fn packet(mut self, ignore: bool, contents: &[u8]) -> Self {
        let aad = std::mem::take(&mut self.aad);
        self.session.seal.seal(&aad, ignore, &mut self.bytes, |tx| tx.extend_from_slice(contents));
        self
    }

    /// Its next packet authenticates nothing.
    pub(crate) fn forget_garbage(&mut self) {
        self.aad.clear();
    }

    #[must_use]
    pub(crate) fn say(self, message: &Message) -> Self {
        let mut contents = Vec::new();
        contents::write_name(message.command(), &mut contents);
        message.write(&Tail::None, &mut contents);
        self.packet(false, &contents)
    }

    /// It has sent `version` and `verack`.
    #[must_use]
    pub(crate) fn hello(self, version: &Version) -> Self {
        self.say(&Message::Version(version.clone())).say(&Message::Verack)
    }

    /// How our side in this role ends with these bytes.
    pub(crate) fn to(&self, role: Role) -> Ended<V2> {
        feed(&mut ours(role), [&self.bytes[..]])
    }
}

/// What our side sent, packet by packet after its garbage: whether it is a decoy, and its contents.
pub(crate) fn said(role: Role, sent: &[u8]) -> Vec<(bool, Vec<u8>)> {
    let pair = Peer::keys();
    let mut session = pair.agree(other(role), keys().encode().encoding(), params("bitcoin").magic);
    let garbage = start().garbage;
    let (first, packed) = sent.split_at(64 + garbage.as_bytes().len() + 16);
    assert!(first.ends_with(&session.their_terminator));
    session.open.authenticate(garbage.as_bytes());
    let mut packed = packed.to_vec();
    let mut rx = Rx::new(&mut packed);
    let mut packets = Vec::new();
    while let Ok(verack_bitcoin::v2::Packet::Whole { ignore, contents }) = session.open.read(&mut rx) {
        packets.push((ignore, contents.to_vec()));
    }
    assert!(rx.is_empty());
    packets
}

/// Our introduction with this user agent.
pub(crate) fn local_named(agent: &str, nonce: u64) -> Local {
    let mut local = local("bitcoin");
    local.version.user_agent = verack_bitcoin::UserAgent::new(agent.as_bytes()).expect("short");
    local.version.nonce = Some(nonce);
    local
}
