//! One of each kind of Ethereum node that we call, and the expected verdict.

use ethereum::disconnect::Reason;
use ethereum::eth::OurChain;
use ethereum::message::id;
use ethereum::{Capability, Hash, Hello, Status};
use handshake::{Blame, Role, Stage};

use super::script::Act::{self, Answer, Bend, BentKeys, CutKeys, FloodOf, Frame, Introduce, Keys, Node, Tell};
use super::script::peer;
use super::wire::{STATUS, chain, hello, key, status};
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
    [healthy(), unfinished(), refusing(), bent_keys(role), bent(), elsewhere()].concat()
}

/// Nodes that only exist as called ones.
fn only_called() -> Vec<Peer> {
    let ends = |reason| Truth::ends(Stage::Transport, reason);
    vec![
        // A node without the key cannot decrypt the auth.
        peer("ethereum-wrong-key", ends("closed"), [HearAnything, Close]).misnamed(),
        peer("ethereum-wrong-key-silent", ends("timeout"), [HearAnything]).misnamed(),
    ]
}

fn healthy() -> Vec<Peer> {
    let ours = || status(&chain());
    let says = |name, rhythm| {
        let acts = acts![Pace(rhythm), Keys, Introduce(hello()), Tell(STATUS, ours()), Answer];
        peer(name, Truth::OK, acts)
    };
    vec![
        peer("ethereum-node", Truth::OK, [Node(&[68, 69, 70])]),
        peer("ethereum-node-of-eth-68", Truth::OK, [Node(&[66, 67, 68])]),
        says("ethereum-in-one-write", Rhythm::AtOnce),
        says("ethereum-in-many-writes", Rhythm::Apart),
        says("ethereum-cut-anywhere", Rhythm::Cut),
        says("ethereum-byte-by-byte", Rhythm::Drip),
        peer(
            "ethereum-chatty",
            Truth::OK,
            [
                Keys,
                Introduce(hello()),
                Tell(id::PING, vec![0xc0]),
                Tell(STATUS + 8, vec![0x5a; 1500]),
                Tell(STATUS + 7, vec![0x5a; 100_000]),
                Tell(STATUS, ours()),
                Answer,
            ],
        ),
        peer(
            "ethereum-before-snappy",
            Truth::OK,
            [Keys, Introduce(Hello { version: 4, ..hello() }), Tell(STATUS, ours()), Answer],
        ),
        peer(
            "ethereum-unnamed",
            Truth::OK,
            [
                Keys,
                Introduce(Hello { client_id: "".into(), listen_port: u64::MAX, ..hello() }),
                Tell(STATUS, ours()),
                Answer,
            ],
        ),
        peer(
            "ethereum-escapes-in-its-name",
            Truth::OK,
            [
                Keys,
                Introduce(Hello { client_id: "\u{1b}[2J\u{202e}evil".into(), ..hello() }),
                Tell(STATUS, ours()),
                Answer,
            ],
        ),
    ]
}

fn unfinished() -> Vec<Peer> {
    let ends = Truth::ends;
    vec![
        peer("ethereum-silent", ends(Stage::Transport, "timeout"), NOTHING),
        peer("ethereum-close-at-once", ends(Stage::Transport, "closed"), [Close]),
        peer("ethereum-close-inside-keys", ends(Stage::Transport, "closed"), acts![CutKeys(100), Close]),
        peer("ethereum-silent-inside-keys", ends(Stage::Transport, "timeout"), [CutKeys(100)]),
        peer("ethereum-trickle", ends(Stage::Transport, "timeout"), acts![Pace(Rhythm::Trickle), Keys]),
        peer("ethereum-close-before-hello", ends(Stage::Hello, "closed"), acts![Keys, Close]),
        peer("ethereum-silent-before-hello", ends(Stage::Hello, "timeout"), [Keys]),
        peer("ethereum-close-before-status", ends(Stage::Ack, "closed"), acts![Keys, Introduce(hello()), Close]),
        peer(
            "ethereum-close-after-status",
            ends(Stage::Ack, "closed"),
            acts![Keys, Introduce(hello()), Tell(STATUS, status(&chain())), Close],
        ),
        peer("ethereum-silent-before-status", ends(Stage::Ack, "timeout"), [Keys, Introduce(hello())]),
    ]
}

fn refusing() -> Vec<Peer> {
    let refused = |stage, reason| Truth::fault(stage, reason, Blame::Refused);
    let full = "ethereum.disconnect.too-many-peers";
    let mismatch = |reason| Truth::fault(Stage::Ack, reason, Blame::Mismatch);
    vec![
        peer("ethereum-full", refused(Stage::Hello, full), [Keys, goodbye(Reason::TooManyPeers)]),
        peer("ethereum-full-in-a-bare-number", refused(Stage::Hello, full), [Keys, Frame(vec![1, 4])]),
        peer(
            "ethereum-full-after-hello",
            refused(Stage::Ack, full),
            [Keys, Introduce(hello()), goodbye(Reason::TooManyPeers)],
        ),
        peer(
            "ethereum-full-as-bor-says-it",
            refused(Stage::Ack, full),
            [Keys, Introduce(hello()), Tell(id::DISCONNECT, vec![0x82, 0xc1, 4])],
        ),
        peer(
            "ethereum-useless",
            mismatch("ethereum.disconnect.useless-peer"),
            [Keys, Introduce(hello()), goodbye(Reason::UselessPeer)],
        ),
        peer(
            "ethereum-other-fork",
            mismatch("ethereum.disconnect.subprotocol"),
            [Keys, Introduce(hello()), goodbye(Reason::Subprotocol)],
        ),
        peer(
            "ethereum-other-fork-after-status",
            mismatch("ethereum.disconnect.subprotocol"),
            [Keys, Introduce(hello()), Tell(STATUS, status(&chain())), goodbye(Reason::Subprotocol)],
        ),
        peer(
            "ethereum-unnamed-reason",
            refused(Stage::Ack, "ethereum.disconnect.other"),
            [Keys, Introduce(hello()), goodbye(Reason::Other(Some(0x55)))],
        ),
    ]
}

fn goodbye(reason: Reason) -> Act {
    let mut payload = Vec::new();
    reason.write(&mut payload);
    Tell(id::DISCONNECT, payload)
}

/// Peers that do not speak RLPx, and peers with invalid keys.
fn bent_keys(role: Role) -> Vec<Peer> {
    let fault = |reason| Truth::fault(Stage::Transport, reason, Blame::Peer);
    let stranger = Truth::fault(Stage::Transport, "ethereum.not-rlpx", Blame::Mismatch);
    let says = |name, truth, words: &[u8]| peer(name, truth, [HearAnything, Say(words.to_vec())]);
    // An auth that cannot be decrypted is for another node.
    let changed = match role {
        Role::Initiator => Truth::fault(Stage::Transport, "ethereum.wrong-key", Blame::Mismatch),
        Role::Responder => fault("ethereum.mac"),
    };
    vec![
        says("ethereum-http", stranger, http(role)),
        says("ethereum-tls", stranger, TLS),
        says("ethereum-ssh", stranger, SSH),
        says("ethereum-noise", stranger, &Random::new(3).bytes(500)),
        // A valid size with random bytes.
        says("ethereum-noise-in-place-of-keys", fault("ethereum.point"), &[&[1, 0x90, 4][..], &[0x77; 0x18f]].concat()),
        peer("ethereum-flood-before-keys", stranger, [Flood(vec![0x55; 10_000])]),
        says("ethereum-keys-of-64-kib", stranger, &[0xff, 0xff, 4, 0]),
        // The last byte of the key's y coordinate: size 2, prefix 1, x 32, y 32.
        peer("ethereum-point-off-the-curve", fault("ethereum.point"), [BentKeys(66)]),
        peer("ethereum-keys-changed", changed, [BentKeys(100)]),
    ]
}

fn bent() -> Vec<Peer> {
    let fault = |stage, reason| Truth::fault(stage, reason, Blame::Peer);
    let introduced = |name, truth, last: Act| peer(name, truth, [Keys, Introduce(hello()), last]);
    let flood = fault(Stage::Ack, "flood");
    let other_id = Hello { node_id: key(false).public().to_bytes(), ..hello() };
    let snappy = fault(Stage::Ack, "ethereum.snappy");
    let wrong_version = Status { version: 68, ..chain().status(69) };
    let mut wrong = Vec::new();
    wrong_version.write(&mut wrong);
    vec![
        peer("ethereum-mac-of-header", fault(Stage::Hello, "ethereum.mac"), [Keys, Bend(0, vec![0; 100], 20)]),
        peer("ethereum-mac-of-frame", fault(Stage::Hello, "ethereum.mac"), [Keys, Bend(0, vec![0; 100], 40)]),
        peer(
            "ethereum-mac-of-status",
            fault(Stage::Ack, "ethereum.mac"),
            [Keys, Introduce(hello()), Bend(STATUS, status(&chain()), 40)],
        ),
        peer("ethereum-another-node-id", fault(Stage::Hello, "ethereum.identity"), [Keys, Introduce(other_id)]),
        peer("ethereum-cut-hello", fault(Stage::Hello, "ethereum.malformed"), [Keys, Tell(0, vec![0xc2, 5, 0x80])]),
        peer(
            "ethereum-ping-before-hello",
            fault(Stage::Hello, "ethereum.unexpected"),
            [Keys, Tell(id::PING, vec![0xc0])],
        ),
        peer("ethereum-long-hello", fault(Stage::Hello, "ethereum.oversized"), [Keys, Tell(0, vec![0; 100_000])]),
        // A frame that claims to have 16 MiB decompressed.
        introduced("ethereum-snappy-bomb", snappy, Frame([&[0x10, 0xff, 0xff, 0xff, 7][..], &[0; 40]].concat())),
        introduced("ethereum-no-snappy", snappy, Frame([&[0x10, 0x20][..], &[0xff; 40]].concat())),
        introduced("ethereum-cut-status", fault(Stage::Ack, "ethereum.malformed"), Tell(STATUS, vec![0xc1, 0x45])),
        introduced(
            "ethereum-status-of-another-version",
            fault(Stage::Ack, "ethereum.eth-version"),
            Tell(STATUS, wrong),
        ),
        introduced("ethereum-endless-pings", flood, FloodOf(id::PING, vec![0xc0])),
        introduced("ethereum-endless-transactions", flood, FloodOf(STATUS + 2, vec![0x5a; 60_000])),
    ]
}

fn elsewhere() -> Vec<Peer> {
    let mismatch = |reason| Truth::fault(Stage::Ack, reason, Blame::Mismatch);
    let tells = |name, reason, chain: OurChain| {
        peer(name, mismatch(reason), [Keys, Introduce(hello()), Tell(STATUS, status(&chain))])
    };
    let les = Hello { capabilities: vec![Capability::new("les", 4), Capability::new("eth", 63)], ..hello() };
    vec![
        tells("ethereum-other-network", "ethereum.network-id", OurChain { network_id: 56, ..chain() }),
        tells("ethereum-other-genesis", "ethereum.genesis", OurChain { genesis: Hash([7; 32]), ..chain() }),
        peer("ethereum-nothing-in-common", mismatch("ethereum.no-shared-eth"), [Keys, Introduce(les)]),
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
