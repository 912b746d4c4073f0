//! One of each kind of Ethereum node, and the expected verdict.

use ethereum::auth::Auth;
use ethereum::disconnect::Reason;
use ethereum::eth::OurChain;
use ethereum::message::id;
use ethereum::{Capability, Hash, Hello, Local, Rlpx, Status};
use handshake::{Blame, Role, Stage};

use super::script::Act::{
    self, Answer, Bend, BentKeys, Close, CutKeys, Flood, FloodOf, Frame, HearAnything, Introduce, Keys, KeysWith, Node,
    Say, Speak, Tell,
};
use super::script::{called_key, chain, fresh, key, node};
use crate::keyed::{KeyedPeer, Script};
use crate::random::Random;
use crate::recording::record;
use crate::rhythm::Rhythm;
use crate::strangers::{SSH, TLS, http};
use crate::truth::Truth;

/// One of each kind of node that we call, or that calls us.
pub(crate) fn peers(role: Role) -> Vec<KeyedPeer> {
    let cast = Cast { role };
    let both = [cast.healthy(), cast.unfinished(), cast.refusing(), cast.bent_keys(), cast.bent(), cast.elsewhere()];
    let one = match role {
        Role::Initiator => cast.callers(),
        Role::Responder => cast.called(),
    };
    [both.concat(), one].concat()
}

/// The id of Status, as `eth` is the only capability.
const STATUS: u64 = id::FIRST_OF_CAPABILITIES;

fn hello() -> Hello {
    node(&[68, 69]).hello()
}

fn status(chain: &OurChain) -> Vec<u8> {
    let mut payload = Vec::new();
    chain.status(69).write(&mut payload);
    payload
}

fn goodbye(reason: Reason) -> Act {
    let mut payload = Vec::new();
    reason.write(&mut payload);
    Tell(id::DISCONNECT, payload)
}

/// The peers of one role.
struct Cast {
    role: Role,
}

impl Cast {
    fn peer<const N: usize>(&self, name: &'static str, truth: Truth, acts: [Act; N]) -> KeyedPeer {
        KeyedPeer::new(name, truth, self.role, Script::Ethereum(acts.into()))
    }

    /// Peers that only exist as called ones.
    fn called(&self) -> Vec<KeyedPeer> {
        let ends = |reason| Truth::ends(Stage::Transport, reason);
        vec![
            // A node without the key cannot decrypt the auth.
            self.peer("ethereum-wrong-key", ends("closed"), [HearAnything, Close]).misnamed(),
            self.peer("ethereum-wrong-key-silent", ends("timeout"), [HearAnything]).misnamed(),
        ]
    }

    /// Peers that only exist as callers.
    fn callers(&self) -> Vec<KeyedPeer> {
        let transport = |reason, blame| Truth::fault(Stage::Transport, reason, blame);
        let mac = Truth::fault(Stage::Hello, "ethereum.mac", Blame::Peer);
        let says_all = |name, truth, change: fn(&mut Auth)| {
            self.peer(name, truth, [KeysWith(change), Introduce(hello()), Tell(STATUS, status(&chain())), Answer])
        };
        let called = called_key(true);
        let recording = record(
            Rlpx::initiator(node(&[69]), fresh(usize::MAX), called.public()),
            Rlpx::responder(Local::new(called), fresh(usize::MAX - 1)),
        );
        vec![
            self.peer("ethereum-wrong-key", transport("ethereum.wrong-key", Blame::Mismatch), [Keys]).misnamed(),
            self.peer("ethereum-replay", mac, [Say(recording)]),
            // Any version in an auth is accepted. (EIP-8)
            says_all("ethereum-auth-of-version-77", Truth::OK, |auth| auth.version = 77),
            says_all("ethereum-signed-by-nobody", transport("ethereum.signature", Blame::Peer), |auth| {
                auth.signature = [0xff; 65];
            }),
            // Then the recovered ephemeral key is wrong.
            says_all("ethereum-nonce-changed", mac, |auth| auth.nonce[0] ^= 1),
            // It cannot decrypt the ack, which is for the holder of the stolen key.
            says_all("ethereum-stolen-key", Truth::ends(Stage::Hello, "timeout"), |auth| {
                auth.key = key(false).public();
            }),
        ]
    }

    fn healthy(&self) -> Vec<KeyedPeer> {
        let ours = || status(&chain());
        let says = |name, rhythm| {
            let acts = [Speak(rhythm), Keys, Introduce(hello()), Tell(STATUS, ours()), Answer];
            self.peer(name, Truth::OK, acts)
        };
        vec![
            self.peer("ethereum-node", Truth::OK, [Node(&[68, 69, 70])]),
            self.peer("ethereum-node-of-eth-68", Truth::OK, [Node(&[66, 67, 68])]),
            says("ethereum-in-one-write", Rhythm::AtOnce),
            says("ethereum-in-many-writes", Rhythm::Apart),
            says("ethereum-cut-anywhere", Rhythm::Cut),
            says("ethereum-byte-by-byte", Rhythm::Drip),
            self.peer(
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
            self.peer(
                "ethereum-before-snappy",
                Truth::OK,
                [Keys, Introduce(Hello { version: 4, ..hello() }), Tell(STATUS, ours()), Answer],
            ),
            self.peer(
                "ethereum-unnamed",
                Truth::OK,
                [
                    Keys,
                    Introduce(Hello { client_id: "".into(), listen_port: u64::MAX, ..hello() }),
                    Tell(STATUS, ours()),
                    Answer,
                ],
            ),
            self.peer(
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

    fn unfinished(&self) -> Vec<KeyedPeer> {
        let ends = Truth::ends;
        vec![
            self.peer("ethereum-silent", ends(Stage::Transport, "timeout"), []),
            self.peer("ethereum-close-at-once", ends(Stage::Transport, "closed"), [Close]),
            self.peer("ethereum-close-inside-keys", ends(Stage::Transport, "closed"), [CutKeys(100), Close]),
            self.peer("ethereum-silent-inside-keys", ends(Stage::Transport, "timeout"), [CutKeys(100)]),
            self.peer("ethereum-trickle", ends(Stage::Transport, "timeout"), [Speak(Rhythm::Trickle), Keys]),
            self.peer("ethereum-close-before-hello", ends(Stage::Hello, "closed"), [Keys, Close]),
            self.peer("ethereum-silent-before-hello", ends(Stage::Hello, "timeout"), [Keys]),
            self.peer("ethereum-close-before-status", ends(Stage::Ack, "closed"), [Keys, Introduce(hello()), Close]),
            self.peer(
                "ethereum-close-after-status",
                ends(Stage::Ack, "closed"),
                [Keys, Introduce(hello()), Tell(STATUS, status(&chain())), Close],
            ),
            self.peer("ethereum-silent-before-status", ends(Stage::Ack, "timeout"), [Keys, Introduce(hello())]),
        ]
    }

    fn refusing(&self) -> Vec<KeyedPeer> {
        let refused = |stage, reason| Truth::fault(stage, reason, Blame::Refused);
        let full = "ethereum.disconnect.too-many-peers";
        let mismatch = |reason| Truth::fault(Stage::Ack, reason, Blame::Mismatch);
        vec![
            self.peer("ethereum-full", refused(Stage::Hello, full), [Keys, goodbye(Reason::TooManyPeers)]),
            self.peer("ethereum-full-in-a-bare-number", refused(Stage::Hello, full), [Keys, Frame(vec![1, 4])]),
            self.peer(
                "ethereum-full-after-hello",
                refused(Stage::Ack, full),
                [Keys, Introduce(hello()), goodbye(Reason::TooManyPeers)],
            ),
            self.peer(
                "ethereum-full-as-bor-says-it",
                refused(Stage::Ack, full),
                [Keys, Introduce(hello()), Tell(id::DISCONNECT, vec![0x82, 0xc1, 4])],
            ),
            self.peer(
                "ethereum-useless",
                mismatch("ethereum.disconnect.useless-peer"),
                [Keys, Introduce(hello()), goodbye(Reason::UselessPeer)],
            ),
            self.peer(
                "ethereum-other-fork",
                mismatch("ethereum.disconnect.subprotocol"),
                [Keys, Introduce(hello()), goodbye(Reason::Subprotocol)],
            ),
            self.peer(
                "ethereum-other-fork-after-status",
                mismatch("ethereum.disconnect.subprotocol"),
                [Keys, Introduce(hello()), Tell(STATUS, status(&chain())), goodbye(Reason::Subprotocol)],
            ),
            self.peer(
                "ethereum-unnamed-reason",
                refused(Stage::Ack, "ethereum.disconnect.other"),
                [Keys, Introduce(hello()), goodbye(Reason::Other(Some(0x55)))],
            ),
        ]
    }

    /// Peers that do not speak RLPx, and peers with invalid keys.
    fn bent_keys(&self) -> Vec<KeyedPeer> {
        let fault = |reason| Truth::fault(Stage::Transport, reason, Blame::Peer);
        let stranger = Truth::fault(Stage::Transport, "ethereum.not-rlpx", Blame::Mismatch);
        let says = |name, truth, words: &[u8]| self.peer(name, truth, [HearAnything, Say(words.to_vec())]);
        // An auth that cannot be decrypted is for another node.
        let changed = match self.role {
            Role::Initiator => Truth::fault(Stage::Transport, "ethereum.wrong-key", Blame::Mismatch),
            Role::Responder => fault("ethereum.mac"),
        };
        vec![
            says("ethereum-http", stranger, http(self.role)),
            says("ethereum-tls", stranger, TLS),
            says("ethereum-ssh", stranger, SSH),
            says("ethereum-noise", stranger, &Random::new(3).bytes(500)),
            // A valid size with random bytes.
            says(
                "ethereum-noise-in-place-of-keys",
                fault("ethereum.point"),
                &[&[1, 0x90, 4][..], &[0x77; 0x18f]].concat(),
            ),
            self.peer("ethereum-flood-before-keys", stranger, [Flood(vec![0x55; 10_000])]),
            says("ethereum-keys-of-64-kib", stranger, &[0xff, 0xff, 4, 0]),
            // The last byte of the key's y coordinate: size 2, prefix 1, x 32, y 32.
            self.peer("ethereum-point-off-the-curve", fault("ethereum.point"), [BentKeys(66)]),
            self.peer("ethereum-keys-changed", changed, [BentKeys(100)]),
        ]
    }

    fn bent(&self) -> Vec<KeyedPeer> {
        let fault = |stage, reason| Truth::fault(stage, reason, Blame::Peer);
        let introduced = |name, truth, last: Act| self.peer(name, truth, [Keys, Introduce(hello()), last]);
        let flood = fault(Stage::Ack, "flood");
        let other_id = Hello { node_id: key(false).public().to_bytes(), ..hello() };
        let snappy = fault(Stage::Ack, "ethereum.snappy");
        let wrong_version = Status { version: 68, ..chain().status(69) };
        let mut wrong = Vec::new();
        wrong_version.write(&mut wrong);
        vec![
            self.peer("ethereum-mac-of-header", fault(Stage::Hello, "ethereum.mac"), [Keys, Bend(0, vec![0; 100], 20)]),
            self.peer("ethereum-mac-of-frame", fault(Stage::Hello, "ethereum.mac"), [Keys, Bend(0, vec![0; 100], 40)]),
            self.peer(
                "ethereum-mac-of-status",
                fault(Stage::Ack, "ethereum.mac"),
                [Keys, Introduce(hello()), Bend(STATUS, status(&chain()), 40)],
            ),
            self.peer(
                "ethereum-another-node-id",
                fault(Stage::Hello, "ethereum.identity"),
                [Keys, Introduce(other_id)],
            ),
            self.peer(
                "ethereum-cut-hello",
                fault(Stage::Hello, "ethereum.malformed"),
                [Keys, Tell(0, vec![0xc2, 5, 0x80])],
            ),
            self.peer(
                "ethereum-ping-before-hello",
                fault(Stage::Hello, "ethereum.unexpected"),
                [Keys, Tell(id::PING, vec![0xc0])],
            ),
            self.peer(
                "ethereum-long-hello",
                fault(Stage::Hello, "ethereum.oversized"),
                [Keys, Tell(0, vec![0; 100_000])],
            ),
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

    fn elsewhere(&self) -> Vec<KeyedPeer> {
        let mismatch = |reason| Truth::fault(Stage::Ack, reason, Blame::Mismatch);
        let tells = |name, reason, chain: OurChain| {
            self.peer(name, mismatch(reason), [Keys, Introduce(hello()), Tell(STATUS, status(&chain))])
        };
        let les = Hello { capabilities: vec![Capability::new("les", 4), Capability::new("eth", 63)], ..hello() };
        vec![
            tells("ethereum-other-network", "ethereum.network-id", OurChain { network_id: 56, ..chain() }),
            tells("ethereum-other-genesis", "ethereum.genesis", OurChain { genesis: Hash([7; 32]), ..chain() }),
            self.peer("ethereum-nothing-in-common", mismatch("ethereum.no-shared-eth"), [Keys, Introduce(les)]),
        ]
    }
}
