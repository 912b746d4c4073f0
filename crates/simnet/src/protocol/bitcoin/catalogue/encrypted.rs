//! Peers on the encrypted transport. (BIP324)

use bitcoin::message::MAX_WHOLE_LEN;
use bitcoin::v2::{MAX_CONTENTS_LEN, MAX_DECOYS_LEN, MAX_GARBAGE_LEN};
use bitcoin::{Command, Magic, Message, Params};
use handshake::{Blame, Stage};

use super::super::script::Act::{Accept, Hear, HearKey, Speak, V2};
use super::super::script::{Step, peer};
use super::super::wire::Voice;
use super::super::wire::encrypted::Bend::{Claims, Lacks, LastByte};
use super::super::wire::encrypted::Word::{self, AlmostTerminator, Decoy, Garbage, Key, Packet, Terminator};
use super::other_magic;
use crate::peer::Peer;
use crate::random::Random;
use crate::rhythm::Rhythm::{self, Apart, AtOnce, Cut, CutAt, Drip};
use crate::script::Plain::{Close, Flood, Say};
use crate::script::{acts, then};
use crate::truth::{Truth, Truths};

/// One peer for each place at which its answer may be split in two, including the end of its garbage.
#[must_use]
pub fn encrypted_and_cut_at_every_byte(chain: &Params) -> Vec<Peer> {
    /// A key, garbage and its terminator, a version packet, and a `version` with the longest tail of any network.
    const AT_MOST: usize = 64 + 5 + 16 + 20 + 175;
    let voice = Voice::new(*chain);
    let peer = |at: usize| {
        let words = [opening(5), voice.encrypted_flight()].concat();
        on_key(&voice, "cut", Truth::OK, [Speak(words, CutAt(at))])
    };
    (0..=AT_MOST).map(peer).collect()
}

/// Healthy peers, in every rhythm, with everything that may surround messages.
pub(super) fn healthy(voice: &Voice) -> Vec<Peer> {
    let local = Box::new(voice.local());
    let flight = voice.encrypted_flight();
    let (version, verack) = (voice.encrypt(&Message::Version(voice.version.clone())), voice.encrypt(&Message::Verack));
    let speaks = |name, rhythm: Rhythm, start: Vec<Word>| {
        on_key(voice, name, Truth::OK, [Speak([start, flight.clone()].concat(), rhythm)])
    };
    let ends_with = |garbage, packets: Vec<Word>| [vec![Key, garbage, Terminator], packets].concat();
    let long = Packet([&[14][..], &[0x1f; 100_000]].concat());
    vec![
        peer("both-transports", Truths::either(Truth::OK), [Accept(local.clone())]),
        peer("v2-only", Truths::v2(Truth::OK), [V2(local)]),
        speaks("v2-all-at-once", AtOnce, opening(100)),
        speaks("v2-separate", Apart, opening(100)),
        speaks("v2-byte-by-byte", Drip, opening(0)),
        speaks("v2-cut-anywhere", Cut, opening(20)),
        speaks("v2-longest-garbage", AtOnce, opening(MAX_GARBAGE_LEN)),
        speaks("v2-garbage-like-its-end", Apart, ends_with(AlmostTerminator(200), vec![Word::VERSION_PACKET])),
        speaks("v2-decoy-first", AtOnce, ends_with(Garbage(20), vec![Decoy(50), Decoy(0), Word::VERSION_PACKET])),
        speaks("v2-long-decoy", AtOnce, ends_with(Garbage(20), vec![Decoy(100_000), Word::VERSION_PACKET])),
        speaks(
            "v2-thousands-of-decoys",
            AtOnce,
            ends_with(Garbage(20), [vec![Decoy(0); 3000], vec![Word::VERSION_PACKET]].concat()),
        ),
        speaks("v2-version-packet-with-contents", AtOnce, ends_with(Garbage(0), vec![Packet(b"in 2030".to_vec())])),
        speaks("v2-long-version-packet", AtOnce, ends_with(Garbage(0), vec![long.clone()])),
        on_key(
            voice,
            "v2-decoys-between",
            Truth::OK,
            [Speak(
                [opening(20), vec![Decoy(0), version.clone(), Decoy(9), Decoy(300), verack.clone()]].concat(),
                AtOnce,
            )],
        ),
        on_key(
            voice,
            "v2-nameless-between",
            Truth::OK,
            [Speak(
                [opening(20), nameless(), vec![version.clone(), long], nameless(), vec![verack.clone()]].concat(),
                AtOnce,
            )],
        ),
        on_key(
            voice,
            "v2-waits-for-each-word",
            Truth::OK,
            [
                Speak(opening(20), AtOnce),
                Hear(Command::VERSION),
                Speak(vec![version, voice.encrypt(&Message::Ping(Some(7)))], AtOnce),
                Hear(Command::PONG),
                Speak(vec![verack], AtOnce),
            ],
        ),
        on_key(
            voice,
            "v2-leaves-when-done",
            Truth::OK,
            acts![Speak([opening(20), flight.clone()].concat(), AtOnce), Close],
        ),
    ]
}

/// Peers that close or fall silent before the handshake is over.
pub(super) fn unfinished(voice: &Voice) -> Vec<Peer> {
    let closed = |stage| Truth::ends(stage, "closed");
    let silent = |stage| Truth::ends(stage, "timeout");
    let (transport, hello, ack) = (Stage::Transport, Stage::Hello, Stage::Ack);
    let version = voice.encrypt(&Message::Version(voice.version.clone()));
    let verack = voice.encrypt(&Message::Verack);
    let introduced = [opening(20), vec![version]].concat();
    let leaves =
        |name, stage, words: &[Word]| on_key(voice, name, closed(stage), acts![Speak(words.to_vec(), AtOnce), Close]);
    let stays = |name, stage, words: &[Word]| on_key(voice, name, silent(stage), [Speak(words.to_vec(), AtOnce)]);
    vec![
        leaves("v2-close-inside-key", transport, &[Key.bent(Lacks(1))]),
        leaves("v2-close-after-key", transport, &[Key]),
        leaves("v2-close-inside-garbage", transport, &[Key, Garbage(100)]),
        leaves("v2-close-inside-terminator", transport, &[Key, Garbage(20), Terminator.bent(Lacks(1))]),
        leaves("v2-close-after-terminator", transport, &[Key, Garbage(20), Terminator]),
        leaves("v2-close-inside-tag", transport, &[Key, Garbage(20), Terminator, Word::VERSION_PACKET.bent(Lacks(5))]),
        leaves("v2-close-before-version", hello, &opening(20)),
        leaves("v2-close-after-version", ack, &introduced),
        leaves("v2-close-inside-tag-of-verack", ack, &[introduced.clone(), vec![verack.bent(Lacks(1))]].concat()),
        stays("v2-silent-after-key", transport, &[Key]),
        stays("v2-silent-before-version", hello, &opening(20)),
        stays("v2-silent-after-version", ack, &introduced),
    ]
}

/// Peers that send invalid or misplaced data, or never end.
pub(super) fn bent(voice: &Voice) -> Vec<Peer> {
    let fault = |stage, reason| Truth::fault(stage, reason, Blame::Peer);
    let says = |name, truth, words: &[Word]| on_key(voice, name, truth, [Speak(words.to_vec(), AtOnce)]);
    let (no_end, wrong_tag) = (NO_TERMINATOR, fault(Stage::Transport, "bitcoin.v2.tag"));
    let decoys = fault(Stage::Transport, "bitcoin.v2.decoys");
    let version = voice.encrypt(&Message::Version(voice.version.clone()));
    let verack = voice.encrypt(&Message::Verack);
    let after_opening = |words: &[Word]| [&opening(20)[..], words].concat();
    let version_of = |payload: &[u8]| Packet([&[0], &Command::VERSION.0[..], payload].concat());
    let longest = usize::try_from(MAX_WHOLE_LEN).expect("2048");
    let old = voice.with(|version| version.version = voice.params.min_peer_version - 1);
    let too_many = vec![Decoy(1000); MAX_DECOYS_LEN / 1000];
    let unknown = Packet([&[0], &b"mystery\0\0\0\0\0"[..], &[0; 40_000]].concat());
    vec![
        says("v2-garbage-of-4096", no_end, &opening(MAX_GARBAGE_LEN + 1)),
        on_key(voice, "v2-endless-garbage", no_end, acts![Speak(vec![Key], AtOnce), Flood(Random::new(4).bytes(1000))]),
        says("v2-garbage-changed", wrong_tag, &[Key, Garbage(20).bent(LastByte), Terminator, Word::VERSION_PACKET]),
        says("v2-tag-wrong", wrong_tag, &[Key, Garbage(20), Terminator, Word::VERSION_PACKET.bent(LastByte)]),
        says(
            "v2-tag-of-verack-wrong",
            fault(Stage::Ack, "bitcoin.v2.tag"),
            &after_opening(&[version.clone(), verack.bent(LastByte)]),
        ),
        says(
            "v2-length-bomb",
            fault(Stage::Transport, "bitcoin.v2.too-long"),
            &[Key, Garbage(20), Terminator, Word::VERSION_PACKET.bent(Claims((1 << 24) - 1))],
        ),
        says(
            "v2-length-one-too-many",
            fault(Stage::Hello, "bitcoin.v2.too-long"),
            &after_opening(&[version.clone().bent(Claims(MAX_CONTENTS_LEN + 1))]),
        ),
        says("v2-decoy-too-long", decoys, &[Key, Garbage(20), Terminator, Decoy(MAX_DECOYS_LEN)]),
        says("v2-decoy-flood", decoys, &[&[Key, Terminator][..], &too_many].concat()),
        says(
            "v2-decoy-flood-after-version",
            fault(Stage::Ack, "bitcoin.v2.decoys"),
            &after_opening(&[&[version.clone()][..], &too_many].concat()),
        ),
        says(
            "v2-flood-after-version",
            Truth::fault(Stage::Ack, "flood", Blame::Peer),
            &after_opening(&[vec![version], vec![unknown; 8]].concat()),
        ),
        says(
            "v2-version-too-long",
            fault(Stage::Hello, "bitcoin.oversized"),
            &after_opening(&[version_of(&vec![0; longest + 1])]),
        ),
        says("v2-version-of-47-bytes", super::MALFORMED, &after_opening(&[version_of(&voice.version_payload()[..47])])),
        says(
            "v2-obsolete",
            Truth::fault(Stage::Hello, "bitcoin.obsolete", Blame::Mismatch),
            &after_opening(&[old.encrypt(&Message::Version(old.version.clone()))]),
        ),
    ]
    .into_iter()
    .chain(of_another_network(voice))
    .chain(in_plain_text(voice))
    .collect()
}

const NO_TERMINATOR: Truth = Truth::fault(Stage::Transport, "bitcoin.v2.no-terminator", Blame::Mismatch);

/// Peers with keys of another network: neither side finds the other's garbage terminator.
fn of_another_network(voice: &Voice) -> [Peer; 4] {
    let another = other_magic(voice.params.magic);
    let told = Truth::fault(Stage::Transport, "bitcoin.magic", Blame::Mismatch);
    let nobodys = Magic(voice.params.magic.0.map(|byte| !byte));
    let short = Speak(opening(20), AtOnce);
    let long = Speak([opening(20), vec![Decoy(MAX_GARBAGE_LEN)]].concat(), AtOnce);
    [
        on_key_of(another, "v2-other-network", told, acts![short.clone(), Close]),
        on_key_of(another, "v2-other-network-talkative", told, [long.clone()]),
        on_key_of(nobodys, "v2-unknown-network", Truth::ends(Stage::Transport, "closed"), acts![short, Close]),
        on_key_of(nobodys, "v2-unknown-network-talkative", NO_TERMINATOR, [long]),
    ]
}

/// Peers that receive a key, and answer in plain text.
fn in_plain_text(voice: &Voice) -> [Peer; 2] {
    let magic = voice.params.magic;
    let other = Voice::new(Params { magic: other_magic(magic), ..voice.params });
    let other_network = |stage| Truth::fault(stage, "bitcoin.magic", Blame::Mismatch);
    let answers = |name, truths, words| peer(name, truths, acts![HearKey(magic), Say(words)]);
    [
        answers("plain-answer-to-a-key", Truths::plain(Truth::OK), voice.flight().concat()),
        answers(
            "plain-answer-of-another-network",
            Truths::heedless(other_network(Stage::Hello), other_network(Stage::Transport)),
            other.version(),
        ),
    ]
}

/// A peer that speaks only the encrypted transport, waits for our key, and then acts this.
fn on_key(voice: &Voice, name: &'static str, truth: Truth, acts: impl IntoIterator<Item: Into<Step>>) -> Peer {
    on_key_of(voice.params.magic, name, truth, acts)
}

/// The same, with a key of this network.
fn on_key_of(magic: Magic, name: &'static str, truth: Truth, acts: impl IntoIterator<Item: Into<Step>>) -> Peer {
    peer(name, Truths::v2(truth), then(HearKey(magic), acts))
}

/// Everything before messages, with this many bytes of garbage.
fn opening(garbage: usize) -> Vec<Word> {
    vec![Key, Garbage(garbage), Terminator, Word::VERSION_PACKET]
}

/// Packets that are dropped: without contents, with an unassigned id, with a truncated name, with an invalid name.
fn nameless() -> Vec<Word> {
    [&b""[..], b"\x1d", b"\xff?", b"\0ping", b"\0pi\xffng\0\0\0\0\0\0\0"].map(|contents| Packet(contents.into())).into()
}
