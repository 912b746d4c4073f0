//! Two sides with fixed keys, and the bytes between them.
#![allow(dead_code, reason = "each test uses a part of it")]

use handshake::{Handshake, Role, read_hex};
use serde_json::Value;
use testing::{Ended, feed};
use verack_ethereum::auth::{Form, Sealing};
use verack_ethereum::eth::OurChain;
use verack_ethereum::local::Goal;
use verack_ethereum::{Error, ForkId, Fresh, Hash, Local, OurStatus, Rlpx, SecretKey};

pub(crate) const ROLES: [Role; 2] = [Role::Initiator, Role::Responder];

/// Mainnet's first block.
pub(crate) const GENESIS: &str = "d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3";

pub(crate) fn key(byte: u8) -> SecretKey {
    SecretKey::new([byte; 32]).expect("less than the order")
}

/// The side whose static key consists of this byte.
pub(crate) fn local(byte: u8, goal: Goal) -> Local {
    let mut local = Local::new(key(byte));
    local.client_id = "verack/test".into();
    local.goal = goal;
    local
}

/// The fresh values of a connection, made from one byte.
pub(crate) fn fresh(byte: u8) -> Fresh {
    Fresh {
        ephemeral: key(byte),
        nonce: [byte + 1; 32],
        sealing: Sealing { key: key(byte + 2), iv: [byte + 3; 16], padding: 150 },
        form: Form::Eip8,
    }
}

/// Mainnet at its beginning.
pub(crate) fn chain() -> OurChain {
    OurChain {
        network_id: 1,
        genesis: hash(GENESIS),
        fork_id: ForkId { hash: [0xfc, 0x64, 0xec, 0x04], next: 1_150_000 },
        total_difficulty: 0x04_0000_0000.into(),
        earliest: 0,
        latest: 7,
        latest_hash: hash(GENESIS),
    }
}

pub(crate) fn status() -> Goal {
    Goal::Status(OurStatus::Of(chain()))
}

pub(crate) fn echo() -> Goal {
    Goal::Status(OurStatus::Echo)
}

/// Our side in a role: its key consists of 0x11 bytes, and the peer's of 0x42.
pub(crate) fn ours(role: Role, goal: Goal) -> Rlpx {
    match role {
        Role::Initiator => Rlpx::initiator(local(0x11, goal), fresh(0x12), key(0x42).public()),
        Role::Responder => Rlpx::responder(local(0x11, goal), fresh(0x12)),
    }
}

/// The peer of [`ours`] in that role.
pub(crate) fn theirs(role: Role, goal: Goal) -> Rlpx {
    match role {
        Role::Initiator => Rlpx::responder(local(0x42, goal), fresh(0x43)),
        Role::Responder => Rlpx::initiator(local(0x42, goal), fresh(0x43), key(0x11).public()),
    }
}

/// All that two sides send until both stop, and how each ended.
pub(crate) struct Talk<A: Handshake, B: Handshake> {
    pub(crate) a: Ended<A>,
    pub(crate) b: Ended<B>,
}

/// Lets two sides talk. Each gets all bytes of the other from the beginning: both send the same every time.
pub(crate) fn talk<A: Handshake, B: Handshake>(make_a: impl Fn() -> A, make_b: impl Fn() -> B) -> Talk<A, B> {
    let (mut from_a, mut from_b) = (Vec::new(), Vec::new());
    loop {
        let a = feed(&mut make_a(), [&from_b[..]]);
        let b = feed(&mut make_b(), [&a.sent[..]]);
        if (a.sent.len(), b.sent.len()) == (from_a.len(), from_b.len()) {
            return Talk { a, b };
        }
        (from_a, from_b) = (a.sent, b.sent);
    }
}

/// All that the peer sends to our side in this role, until both are done.
pub(crate) fn said_to(role: Role, ours_goal: &Goal, theirs_goal: &Goal) -> Vec<u8> {
    talk(|| ours(role, ours_goal.clone()), || theirs(role, theirs_goal.clone())).b.sent
}

/// The fault of our side after these bytes.
#[track_caller]
pub(crate) fn fault(ours: Rlpx, bytes: &[u8]) -> Error {
    let mut ours = ours;
    feed(&mut ours, [bytes]).result.expect("over").expect_err("a fault")
}

pub(crate) fn hash(digits: &str) -> Hash {
    Hash(array(digits))
}

pub(crate) fn array<const N: usize>(digits: &str) -> [u8; N] {
    read_hex(digits.as_bytes()).expect("so many digits")
}

/// The string value of a JSON object's member.
#[track_caller]
pub(crate) fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().expect("a text")
}
