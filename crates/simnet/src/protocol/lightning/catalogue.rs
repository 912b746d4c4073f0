//! One of each kind of Lightning node, and the expected verdict.

use handshake::{Blame, Outcome, Role, Stage};
use lightning::message::{Notice, Ping};
use lightning::{Chain, Features, Hello, Init, Kind, Local, Message};

use super::script::Act::{
    self, Bend, BentActThree, BentKeys, Close, Flood, FloodOf, HearAnything, Keys, Knock, Node, Pong, Say, Seal, Speak,
};
use super::script::{called_key, node};
use crate::keyed::{KeyedPeer, Script};
use crate::random::Random;
use crate::recording::record;
use crate::rhythm::Rhythm;
use crate::strangers::{SSH, TLS, http};
use crate::truth::Truth;

/// One of each kind of node that we call, or that calls us.
pub(crate) fn peers(role: Role) -> Vec<KeyedPeer> {
    let cast = Cast { role };
    let both = [cast.healthy(), cast.unfinished(), cast.bent(), cast.unfitting()];
    let one = match role {
        Role::Initiator => cast.callers(),
        Role::Responder => cast.called(),
    };
    [both.concat(), one].concat()
}

/// The introduction of a node with these features.
fn introduction(features: &[u16]) -> Init {
    let regtest = Chain::named("bitcoin-regtest").expect("it is in the table");
    Init { features: Features::of(features), networks: vec![regtest.hash], ..Init::default() }
}

/// The features of current nodes, some of them required.
const USUAL: &[u16] = &[0, 5, 7, 8, 11, 12, 14, 17, 19, 23, 25, 27, 39, 45, 47, 51];

fn bytes(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.write(&mut bytes);
    bytes
}

fn init(init: Init) -> Vec<u8> {
    bytes(&Message::Init(init))
}

/// A gossip message with this many bytes after its type.
fn gossip_of(len: usize) -> Vec<u8> {
    [bytes(&Message::Other { kind: Kind::GOSSIP_TIMESTAMP_FILTER, len: 0 }), vec![0; len]].concat()
}

fn notice(text: &[u8]) -> Notice {
    Notice::on_all_channels(text).expect("scripts say a few words")
}

/// The peers of one role.
struct Cast {
    role: Role,
}

impl Cast {
    fn peer<const N: usize>(&self, name: &'static str, truth: Truth, acts: [Act; N]) -> KeyedPeer {
        KeyedPeer::new(name, truth, self.role, Script::Lightning(acts.into()))
    }

    /// Peers that only exist as called ones.
    fn called(&self) -> Vec<KeyedPeer> {
        let ends = |reason| Truth::ends(Stage::Transport, reason);
        vec![
            // A node without the key cannot decrypt act one.
            self.peer("lightning-wrong-key", ends("closed"), [HearAnything, Close]).misnamed(),
            self.peer("lightning-wrong-key-silent", ends("timeout"), [HearAnything]).misnamed(),
        ]
    }

    /// Peers that only exist as callers.
    fn callers(&self) -> Vec<KeyedPeer> {
        let ends = |reason| Truth::ends(Stage::Transport, reason);
        let fault = |reason, blame| Truth::fault(Stage::Transport, reason, blame);
        let mac = fault("lightning.mac", Blame::Peer);
        let called = called_key(true);
        let recording = record(
            Hello::initiator(node(&introduction(USUAL), usize::MAX), called.node_id()),
            Hello::responder(Local { static_key: called, ..node(&introduction(USUAL), usize::MAX - 1) }),
        );
        vec![
            self.peer("lightning-wrong-key", fault("lightning.mac", Blame::Mismatch), [Keys]).misnamed(),
            self.peer("lightning-replay", mac, [Say(recording)]),
            self.peer("lightning-close-after-act-two", ends("closed"), [Knock, Close]),
            self.peer("lightning-silent-after-act-two", ends("timeout"), [Knock]),
            self.peer("lightning-close-inside-act-three", ends("closed"), [Knock, Say(vec![0; 65]), Close]),
            self.peer("lightning-zeros-for-act-three", mac, [Knock, Flood(vec![0; 10_000])]),
            self.peer(
                "lightning-act-three-of-version-1",
                fault("lightning.version", Blame::Mismatch),
                [BentActThree(0), Seal(init(introduction(USUAL)))],
            ),
            self.peer("lightning-key-in-act-three", mac, [BentActThree(10), Seal(init(introduction(USUAL)))]),
            self.peer("lightning-tag-of-act-three", mac, [BentActThree(65), Seal(init(introduction(USUAL)))]),
        ]
    }

    fn healthy(&self) -> Vec<KeyedPeer> {
        let usual = init(introduction(USUAL));
        let says = |name, rhythm| self.peer(name, Truth::OK, [Speak(rhythm), Keys, Seal(usual.clone()), Pong]);
        vec![
            self.peer("lightning-node", Truth::OK, [Node(introduction(USUAL))]),
            says("lightning-in-one-write", Rhythm::AtOnce),
            says("lightning-in-many-writes", Rhythm::Apart),
            says("lightning-cut-anywhere", Rhythm::Cut),
            says("lightning-byte-by-byte", Rhythm::Drip),
            self.peer("lightning-gossips-at-once", Truth::OK, [Keys, Seal(usual.clone()), Seal(gossip_of(0)), Pong]),
            self.peer(
                "lightning-gossips-without-end",
                Truth::OK,
                [Keys, Seal(usual.clone()), Pong, FloodOf(gossip_of(60_000))],
            ),
            self.peer(
                "lightning-warning-first",
                Truth::OK,
                [Keys, Seal(bytes(&Message::Warning(notice(b"busy")))), Seal(usual.clone()), Pong],
            ),
            // A feature with such a high number makes an init of 4128 bytes.
            self.peer("lightning-long-init", Truth::OK, [Keys, Seal(init(introduction(&[9, 32_973]))), Pong]),
            self.peer(
                "lightning-says-no-network",
                Truth::OK,
                [Node(Init { networks: Vec::new(), ..introduction(USUAL) })],
            ),
            self.peer("lightning-unknown-odd-feature", Truth::OK, [Node(introduction(&[9, 999]))]),
            self.peer("lightning-no-features", Truth::OK, [Node(introduction(&[]))]),
        ]
    }

    fn unfinished(&self) -> Vec<KeyedPeer> {
        let ends = Truth::ends;
        vec![
            self.peer("lightning-silent", ends(Stage::Transport, "timeout"), []),
            self.peer("lightning-close-at-once", ends(Stage::Transport, "closed"), [Close]),
            self.peer(
                "lightning-close-inside-act",
                ends(Stage::Transport, "closed"),
                [HearAnything, Say(vec![0, 2, 3]), Close],
            ),
            self.peer(
                "lightning-silent-inside-act",
                ends(Stage::Transport, "timeout"),
                [HearAnything, Say(vec![0, 2, 3])],
            ),
            self.peer("lightning-trickle", ends(Stage::Transport, "timeout"), [Speak(Rhythm::Trickle), Keys]),
            self.peer("lightning-close-before-init", ends(Stage::Hello, "closed"), [Keys, Close]),
            self.peer("lightning-silent-before-init", ends(Stage::Hello, "timeout"), [Keys]),
            self.peer(
                "lightning-close-after-init",
                ends(Stage::Ack, "closed"),
                [Keys, Seal(init(introduction(USUAL))), Close],
            ),
        ]
    }

    fn bent(&self) -> Vec<KeyedPeer> {
        let fault = |stage, reason| Truth::fault(stage, reason, Blame::Peer);
        let stranger = Truth::fault(Stage::Transport, "lightning.version", Blame::Mismatch);
        let says = |name, truth, words: &[u8]| self.peer(name, truth, [HearAnything, Say(words.to_vec())]);
        // An act one that cannot be decrypted is for another node.
        let tag_of_first_act = match self.role {
            Role::Initiator => Truth::fault(Stage::Transport, "lightning.mac", Blame::Mismatch),
            Role::Responder => fault(Stage::Transport, "lightning.mac"),
        };
        let usual = || init(introduction(USUAL));
        let malformed = fault(Stage::Hello, "lightning.malformed");
        vec![
            says("lightning-http", stranger, http(self.role)),
            says("lightning-tls", stranger, TLS),
            says("lightning-ssh", stranger, SSH),
            says("lightning-noise", stranger, &Random::new(3).bytes(500)),
            // A valid version with random bytes.
            says(
                "lightning-noise-in-place-of-key",
                fault(Stage::Transport, "lightning.point"),
                &[&[0, 0x77][..], &[0x77; 500]].concat(),
            ),
            self.peer("lightning-act-of-version-1", stranger, [BentKeys(0)]),
            self.peer("lightning-flood-before-acts", stranger, [Flood(vec![0x55; 10_000])]),
            self.peer("lightning-zeros-for-acts", fault(Stage::Transport, "lightning.point"), [Flood(vec![0; 10_000])]),
            self.peer("lightning-tag-of-first-act", tag_of_first_act, [BentKeys(49)]),
            self.peer("lightning-tag-of-length", fault(Stage::Hello, "lightning.mac"), [Keys, Bend(usual(), 10)]),
            self.peer("lightning-tag-of-init", fault(Stage::Hello, "lightning.mac"), [Keys, Bend(usual(), 20)]),
            self.peer(
                "lightning-flood-before-init",
                fault(Stage::Hello, "lightning.mac"),
                [Keys, Flood(vec![0x55; 10_000])],
            ),
            self.peer(
                "lightning-longest-stranger",
                fault(Stage::Hello, "lightning.unexpected"),
                [Keys, Seal(vec![0; 65_535])],
            ),
            self.peer(
                "lightning-gossip-in-place-of-a-pong",
                fault(Stage::Ack, "flood"),
                [Keys, Seal(usual()), FloodOf(gossip_of(60_000))],
            ),
            self.peer("lightning-typeless", malformed, [Keys, Seal(vec![0])]),
            self.peer("lightning-cut-init", malformed, [Keys, Seal(usual()[..9].to_vec())]),
            self.peer(
                "lightning-endless-gossip-first",
                fault(Stage::Hello, "lightning.unexpected"),
                [Keys, FloodOf(gossip_of(4000))],
            ),
            self.peer(
                "lightning-ping-first",
                fault(Stage::Hello, "lightning.unexpected"),
                [Keys, Seal(bytes(&Message::Ping(Ping::for_pong_of(8))))],
            ),
        ]
    }

    fn unfitting(&self) -> Vec<KeyedPeer> {
        let mismatch = |reason| Truth::fault(Stage::Hello, reason, Blame::Mismatch);
        let refused = |reason| Truth::fault(Stage::Hello, reason, Blame::Refused);
        let litecoin = Chain::named("litecoin").expect("it is in the table");
        let elsewhere = Init { networks: vec![litecoin.hash], ..introduction(USUAL) };
        let words = notice(b"no channel for you\x1b[2J");
        vec![
            self.peer(
                "lightning-unknown-even-feature",
                mismatch("lightning.feature"),
                [Keys, Seal(init(introduction(&[8, 998])))],
            ),
            self.peer("lightning-other-network", mismatch("lightning.network"), [Keys, Seal(init(elsewhere))]),
            self.peer(
                "lightning-error",
                refused("lightning.error"),
                [Keys, Seal(bytes(&Message::Error(words.clone())))],
            ),
            self.peer(
                "lightning-warning",
                refused("lightning.warning"),
                [Keys, Seal(bytes(&Message::Warning(words.clone()))), Close],
            ),
            self.peer(
                "lightning-error-after-init",
                Truth { outcome: Outcome::Partial, ..Truth::fault(Stage::Ack, "lightning.error", Blame::Refused) },
                [Keys, Seal(init(introduction(USUAL))), Seal(bytes(&Message::Error(words)))],
            ),
        ]
    }
}
