//! One of each kind of Lightning node that we call, and the expected verdict.

use handshake::{Blame, Outcome, Role, Stage};
use lightning::message::Ping;
use lightning::{Chain, Init, Message};

use super::script::Act::{Bend, BentKeys, FloodOf, Keys, Node, Pong, Seal};
use super::script::peer;
use super::wire::{USUAL, bytes, gossip_of, init, introduction, notice};
use crate::peer::Peer;
use crate::random::Random;
use crate::rhythm::Rhythm;
use crate::script::Plain::{Close, Flood, HearAnything, Pace, Say};
use crate::script::{NOTHING, acts};
use crate::strangers::{SSH, TLS, http};
use crate::truth::Truth;

/// One of each kind of node that we call with its key.
#[must_use]
pub fn peers() -> Vec<Peer> {
    [in_both_roles(Role::Responder), only_called()].concat()
}

/// Nodes that exist in either role.
pub(super) fn in_both_roles(role: Role) -> Vec<Peer> {
    [healthy(), unfinished(), bent(role), unfitting()].concat()
}

/// Nodes that only exist as called ones.
fn only_called() -> Vec<Peer> {
    let ends = |reason| Truth::ends(Stage::Transport, reason);
    vec![
        // A node without the key cannot decrypt act one.
        peer("lightning-wrong-key", ends("closed"), [HearAnything, Close]).misnamed(),
        peer("lightning-wrong-key-silent", ends("timeout"), [HearAnything]).misnamed(),
    ]
}

fn healthy() -> Vec<Peer> {
    let usual = init(introduction(USUAL));
    let says = |name, rhythm| peer(name, Truth::OK, acts![Pace(rhythm), Keys, Seal(usual.clone()), Pong]);
    vec![
        peer("lightning-node", Truth::OK, [Node(introduction(USUAL))]),
        says("lightning-in-one-write", Rhythm::AtOnce),
        says("lightning-in-many-writes", Rhythm::Apart),
        says("lightning-cut-anywhere", Rhythm::Cut),
        says("lightning-byte-by-byte", Rhythm::Drip),
        peer("lightning-gossips-at-once", Truth::OK, [Keys, Seal(usual.clone()), Seal(gossip_of(0)), Pong]),
        peer("lightning-gossips-without-end", Truth::OK, [Keys, Seal(usual.clone()), Pong, FloodOf(gossip_of(60_000))]),
        peer(
            "lightning-warning-first",
            Truth::OK,
            [Keys, Seal(bytes(&Message::Warning(notice(b"busy")))), Seal(usual.clone()), Pong],
        ),
        // A feature with such a high number makes an init of 4128 bytes.
        peer("lightning-long-init", Truth::OK, [Keys, Seal(init(introduction(&[9, 32_973]))), Pong]),
        peer("lightning-says-no-network", Truth::OK, [Node(Init { networks: Vec::new(), ..introduction(USUAL) })]),
        peer("lightning-unknown-odd-feature", Truth::OK, [Node(introduction(&[9, 999]))]),
        peer("lightning-no-features", Truth::OK, [Node(introduction(&[]))]),
    ]
}

fn unfinished() -> Vec<Peer> {
    let ends = Truth::ends;
    vec![
        peer("lightning-silent", ends(Stage::Transport, "timeout"), NOTHING),
        peer("lightning-close-at-once", ends(Stage::Transport, "closed"), [Close]),
        peer("lightning-close-inside-act", ends(Stage::Transport, "closed"), [HearAnything, Say(vec![0, 2, 3]), Close]),
        peer("lightning-silent-inside-act", ends(Stage::Transport, "timeout"), [HearAnything, Say(vec![0, 2, 3])]),
        peer("lightning-trickle", ends(Stage::Transport, "timeout"), acts![Pace(Rhythm::Trickle), Keys]),
        peer("lightning-close-before-init", ends(Stage::Hello, "closed"), acts![Keys, Close]),
        peer("lightning-silent-before-init", ends(Stage::Hello, "timeout"), [Keys]),
        peer(
            "lightning-close-after-init",
            ends(Stage::Ack, "closed"),
            acts![Keys, Seal(init(introduction(USUAL))), Close],
        ),
    ]
}

fn bent(role: Role) -> Vec<Peer> {
    let fault = |stage, reason| Truth::fault(stage, reason, Blame::Peer);
    let stranger = Truth::fault(Stage::Transport, "lightning.version", Blame::Mismatch);
    let says = |name, truth, words: &[u8]| peer(name, truth, [HearAnything, Say(words.to_vec())]);
    // An act one that cannot be decrypted is for another node.
    let tag_of_first_act = match role {
        Role::Initiator => Truth::fault(Stage::Transport, "lightning.mac", Blame::Mismatch),
        Role::Responder => fault(Stage::Transport, "lightning.mac"),
    };
    let usual = || init(introduction(USUAL));
    let malformed = fault(Stage::Hello, "lightning.malformed");
    vec![
        says("lightning-http", stranger, http(role)),
        says("lightning-tls", stranger, TLS),
        says("lightning-ssh", stranger, SSH),
        says("lightning-noise", stranger, &Random::new(3).bytes(500)),
        // A valid version with random bytes.
        says(
            "lightning-noise-in-place-of-key",
            fault(Stage::Transport, "lightning.point"),
            &[&[0, 0x77][..], &[0x77; 500]].concat(),
        ),
        peer("lightning-act-of-version-1", stranger, [BentKeys(0)]),
        peer("lightning-flood-before-acts", stranger, [Flood(vec![0x55; 10_000])]),
        peer("lightning-zeros-for-acts", fault(Stage::Transport, "lightning.point"), [Flood(vec![0; 10_000])]),
        peer("lightning-tag-of-first-act", tag_of_first_act, [BentKeys(49)]),
        peer("lightning-tag-of-length", fault(Stage::Hello, "lightning.mac"), [Keys, Bend(usual(), 10)]),
        peer("lightning-tag-of-init", fault(Stage::Hello, "lightning.mac"), [Keys, Bend(usual(), 20)]),
        peer(
            "lightning-flood-before-init",
            fault(Stage::Hello, "lightning.mac"),
            acts![Keys, Flood(vec![0x55; 10_000])],
        ),
        peer("lightning-longest-stranger", fault(Stage::Hello, "lightning.unexpected"), [Keys, Seal(vec![0; 65_535])]),
        peer(
            "lightning-gossip-in-place-of-a-pong",
            fault(Stage::Ack, "flood"),
            [Keys, Seal(usual()), FloodOf(gossip_of(60_000))],
        ),
        peer("lightning-typeless", malformed, [Keys, Seal(vec![0])]),
        peer("lightning-cut-init", malformed, [Keys, Seal(usual()[..9].to_vec())]),
        peer(
            "lightning-endless-gossip-first",
            fault(Stage::Hello, "lightning.unexpected"),
            [Keys, FloodOf(gossip_of(4000))],
        ),
        peer(
            "lightning-ping-first",
            fault(Stage::Hello, "lightning.unexpected"),
            [Keys, Seal(bytes(&Message::Ping(Ping::for_pong_of(8))))],
        ),
    ]
}

fn unfitting() -> Vec<Peer> {
    let mismatch = |reason| Truth::fault(Stage::Hello, reason, Blame::Mismatch);
    let refused = |reason| Truth::fault(Stage::Hello, reason, Blame::Refused);
    let litecoin = Chain::named("litecoin").expect("it is in the table");
    let elsewhere = Init { networks: vec![litecoin.hash], ..introduction(USUAL) };
    let words = notice(b"no channel for you\x1b[2J");
    vec![
        peer(
            "lightning-unknown-even-feature",
            mismatch("lightning.feature"),
            [Keys, Seal(init(introduction(&[8, 998])))],
        ),
        peer("lightning-other-network", mismatch("lightning.network"), [Keys, Seal(init(elsewhere))]),
        peer("lightning-error", refused("lightning.error"), [Keys, Seal(bytes(&Message::Error(words.clone())))]),
        peer(
            "lightning-warning",
            refused("lightning.warning"),
            acts![Keys, Seal(bytes(&Message::Warning(words.clone()))), Close],
        ),
        peer(
            "lightning-error-after-init",
            Truth { outcome: Outcome::Partial, ..Truth::fault(Stage::Ack, "lightning.error", Blame::Refused) },
            [Keys, Seal(init(introduction(USUAL))), Seal(bytes(&Message::Error(words)))],
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::peers;
    use crate::peer::tests::assert_named_apart;

    #[test]
    fn every_node_has_its_own_name() {
        assert_named_apart(&peers());
    }
}
