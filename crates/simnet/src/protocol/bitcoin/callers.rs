//! Every kind of peer that may call us, one of each: its script, and the expected verdict.

use std::slice;
use std::time::Duration;

use bitcoin::message::Reject;
use bitcoin::v2::MAX_GARBAGE_LEN;
use bitcoin::{Command, Message, Params};
use handshake::{Blame, Outcome, Role, Stage};

use super::catalogue::other_magic;
use super::script::Act::{Hear, HearKey, Speak, V2};
use super::script::{Step, peer};
use super::wire::Voice;
use super::wire::encrypted::Bend::{Claims, Lacks, LastByte};
use super::wire::encrypted::Word::{self, Decoy, Garbage, Key, Terminator};
use crate::peer::Peer;
use crate::random::Random;
use crate::rhythm::Rhythm::{self, AtOnce, Cut};
use crate::script::Plain::{Close, Drip, Echo, Flood, Reset, Say, SayApart, SayCut, Wait};
use crate::script::{NOTHING, acts};
use crate::strangers::{SSH, TLS, http};
use crate::truth::{Truth, Truths};

/// One of each kind of peer that calls us, on this network; [`Peer::call`] starts the call.
#[must_use]
pub fn callers(chain: &Params) -> Vec<Peer> {
    let voice = Voice::new(*chain);
    let chapters = [healthy(&voice), leaving(&voice), silent(&voice), bent(&voice), endless(&voice), encrypted(&voice)];
    chapters.into_iter().flatten().collect()
}

fn healthy(voice: &Voice) -> Vec<Peer> {
    let (version, verack) = (voice.version(), voice.verack());
    let wants = voice.say_all(&[Message::Wtxidrelay, Message::Sendaddrv2]);
    let whole = [version.clone(), wants.clone(), verack.clone()].concat();
    let introduces_itself = |name, voice: &Voice| {
        let whole = [voice.version(), voice.verack()].concat();
        caller(name, [Say(whole)])
    };
    vec![
        caller(
            "like-core",
            acts![
                Say(version.clone()),
                Hear(Command::VERSION),
                Say([wants, verack.clone(), voice.say(&Message::Getaddr)].concat()),
            ],
        ),
        caller(
            "like-bcoin",
            acts![Say(version.clone()), Hear(Command::VERSION), Say([verack.clone(), voice.small_talk()].concat())],
        ),
        caller("verack-after-ours", acts![Say(version.clone()), Hear(Command::VERACK), Say(verack.clone())]),
        caller("all-at-once", [Say(whole.clone())]),
        // Core treats these as keys.
        caller("verack-first", [Say([verack.clone(), version.clone()].concat())]),
        caller("createstream-first", [Say([voice.unknown("createstream", b""), whole.clone()].concat())]),
        caller("separate", [SayApart(vec![version.clone(), verack.clone()])]),
        caller("byte-by-byte", [Drip(whole.clone(), Duration::from_millis(1))]),
        caller("cut-anywhere", [SayCut(whole.clone())]),
        caller("leaves-when-done", acts![Say(version.clone()), Hear(Command::VERACK), Say(verack), Close]),
        caller("never-reads", [Say(whole), Wait(Duration::from_secs(60)), Close]),
        introduces_itself("no-relay-byte", &voice.with(|version| version.relay = None)),
        introduces_itself("version-of-46-bytes", &voice.with(|version| version.sender = None)),
        introduces_itself("user-agent-escapes", &voice.called(b"/\x1b[2J\r\n\xff/")),
    ]
}

/// A healthy peer that calls in plain text.
fn caller(name: &'static str, acts: impl IntoIterator<Item: Into<Step>>) -> Peer {
    peer(name, Truths::plain(Truth::OK), acts)
}

fn leaving(voice: &Voice) -> Vec<Peer> {
    let closed = |stage| Truth::ends(stage, "closed");
    // We have sent nothing that the peer's kernel could have found unread, so the reset is deliberate.
    let reset = |stage| Truth::ends(stage, "reset");
    let before = Truths::plain(closed(Stage::Hello));
    let between = Truths::plain(closed(Stage::Ack));
    let at_once = Truths::heedless(closed(Stage::Hello), closed(Stage::Transport));
    let reset_at_once = Truths { auto: reset(Stage::Transport), v1: reset(Stage::Hello), v2: closed(Stage::Transport) };
    let version = voice.version();
    let part = Say(version[..60].to_vec());
    vec![
        peer("close-at-once", at_once, [Close]),
        peer("close-inside-version", before, [part.clone(), Close]),
        peer("reset-at-once", reset_at_once, [Reset]),
        peer("reset-inside-version", Truths::plain(reset(Stage::Hello)), [part, Reset]),
        peer("close-on-our-version", between, acts![Say(version.clone()), Hear(Command::VERSION), Close]),
        peer("close-on-our-verack", between, acts![Say(version.clone()), Hear(Command::VERACK), Close]),
        peer("reset-on-our-version", between, acts![Say(version), Hear(Command::VERSION), Reset]),
    ]
}

fn silent(voice: &Voice) -> Vec<Peer> {
    let ends = |stage| Truth::ends(stage, "timeout");
    // The transport is not known yet.
    let before = Truths::heedless(ends(Stage::Hello), ends(Stage::Transport));
    // We send nothing before the peer does, so there is nothing to echo; except if we expect a key and send ours.
    let echo = Truths { v2: Truth::fault(Stage::Transport, "bitcoin.v2.echo", Blame::Mismatch), ..before };
    let version = voice.version();
    vec![
        peer("silent", before, NOTHING),
        peer("silent-inside-version", Truths::plain(ends(Stage::Hello)), [Say(version[..60].to_vec())]),
        peer("silent-after-version", Truths::plain(ends(Stage::Ack)), [Say(version.clone())]),
        peer("drip", before, [Drip(version, Duration::from_secs(2))]),
        peer("echo", echo, [Echo]),
    ]
}

fn bent(voice: &Voice) -> Vec<Peer> {
    let fault = |reason, blame| Truth::fault(Stage::Hello, reason, blame);
    // Bytes that do not start our plaintext messages might start a key.
    let stranger = |reason| {
        let at = |stage| Truth::fault(stage, reason, Blame::Mismatch);
        Truths::heedless(at(Stage::Hello), at(Stage::Transport))
    };
    let strange = |name, reason, words: Vec<u8>| peer(name, stranger(reason), [Say(words), Close]);
    let says = |name, truth, words: Vec<u8>| peer(name, Truths::plain(truth), [Say(words)]);
    let version = voice.version();
    let bend = |at: usize, bytes: &[u8]| {
        let mut bent = version.clone();
        bent[at..at + bytes.len()].copy_from_slice(bytes);
        bent
    };
    let reject = Message::Reject(Reject { message: (*b"version").into(), code: 0x11, reason: (*b"obsolete").into() });
    vec![
        strange("unknown-network", "bitcoin.magic", bend(0, &voice.params.magic.0.map(|b| !b))),
        strange("http", "bitcoin.not-bitcoin", http(Role::Initiator).to_vec()),
        strange("tls", "bitcoin.not-bitcoin", TLS.to_vec()),
        strange("ssh", "bitcoin.not-bitcoin", SSH.to_vec()),
        peer(
            "noise",
            Truths::v2(Truth::ends(Stage::Transport, "closed")),
            [Say(Random::new(3).bytes(64 + 100)), Close],
        ),
        says("checksum-wrong", fault("bitcoin.checksum", Blame::Peer), bend(20, &[0xba, 0xdc, 0x0d, 0xe5])),
        says("length-of-4-gib", fault("bitcoin.oversized", Blame::Peer), bend(16, &[0xff; 4])),
        says(
            "version-of-47-bytes",
            fault("bitcoin.malformed", Blame::Peer),
            voice.message(Command::VERSION, &voice.version_payload()[..47]),
        ),
        says(
            "obsolete",
            fault("bitcoin.obsolete", Blame::Mismatch),
            voice.with(|version| version.version = voice.params.min_peer_version - 1).version(),
        ),
        peer(
            "rejects-our-version",
            Truths::plain(Truth::fault(Stage::Ack, "bitcoin.rejected", Blame::Refused)),
            acts![Say(version.clone()), Hear(Command::VERSION), Say(voice.say(&reject))],
        ),
    ]
}

fn endless(voice: &Voice) -> Vec<Peer> {
    let flood = |stage| Truth { outcome: Outcome::Failed, stage, reason: "flood", blame: Some(Blame::Peer) };
    // 1000 entries of 36 bytes.
    let inventory = voice.unknown("inv", &[&[0xfd, 0xe8, 0x03], &[0x1f; 36_000][..]].concat());
    vec![
        peer("endless-before-version", Truths::plain(flood(Stage::Hello)), [Flood(inventory.clone())]),
        peer("endless-after-version", Truths::plain(flood(Stage::Ack)), [Say(voice.version()), Flood(inventory)]),
        peer(
            "endless-pings",
            Truths::plain(flood(Stage::Ack)),
            [Say(voice.version()), Flood(voice.say(&Message::Ping(Some(7))).repeat(500))],
        ),
    ]
}

/// On the encrypted transport. (BIP324)
fn encrypted(voice: &Voice) -> Vec<Peer> {
    let magic = voice.params.magic;
    let network = |magic, name, truth, first: &[Word], acts: &[Step]| {
        let first = [Speak(first.to_vec(), AtOnce), HearKey(magic)].map(Step::from);
        let script = [&first[..], acts].concat();
        peer(name, Truths::v2(truth), script)
    };
    let starts = |name, truth, garbage, acts: &[Step]| network(magic, name, truth, &[Key, Garbage(garbage)], acts);
    let says = |name, truth, words: &[Word]| starts(name, truth, 100, &acts![Speak(words.to_vec(), AtOnce)]);
    let leaves = |name, stage, words: &[Word]| {
        starts(name, Truth::ends(stage, "closed"), 100, &acts![Speak(words.to_vec(), AtOnce), Close])
    };
    let fault = |reason, blame| Truth::fault(Stage::Transport, reason, blame);
    let version = voice.encrypt(&Message::Version(voice.version.clone()));
    let verack = voice.encrypt(&Message::Verack);
    let introduced = [Terminator, Word::VERSION_PACKET, version];
    let whole = [&introduced[..], slice::from_ref(&verack)].concat();
    let healthy =
        |name, garbage, rhythm: Rhythm| starts(name, Truth::OK, garbage, &acts![Speak(whole.clone(), rhythm)]);
    let nothing: [Word; 0] = [];
    vec![
        peer("v2-like-core", Truths::v2(Truth::OK), [V2(Box::new(voice.local()))]),
        starts(
            "v2-waits-for-each-word",
            Truth::OK,
            20,
            &acts![
                Speak(introduced.to_vec(), AtOnce),
                Hear(Command::VERSION),
                Hear(Command::VERACK),
                Speak(vec![verack], AtOnce),
            ],
        ),
        healthy("v2-no-garbage", 0, AtOnce),
        healthy("v2-longest-garbage", MAX_GARBAGE_LEN, AtOnce),
        healthy("v2-cut-anywhere", 20, Cut),
        healthy("v2-byte-by-byte", 20, Rhythm::Drip),
        says(
            "v2-decoys",
            Truth::OK,
            &[&[Terminator, Decoy(0), Decoy(500)], &whole[1..2], &[Decoy(9)], &whole[2..]].concat(),
        ),
        peer(
            "v2-close-inside-key",
            Truths::v2(Truth::ends(Stage::Transport, "closed")),
            acts![Speak(vec![Key.bent(Lacks(1))], AtOnce), Close],
        ),
        leaves("v2-close-after-key", Stage::Transport, &nothing),
        leaves("v2-close-before-version", Stage::Hello, &introduced[..2]),
        leaves("v2-close-after-version", Stage::Ack, &introduced),
        says("v2-silent-after-key", Truth::ends(Stage::Transport, "timeout"), &nothing),
        starts(
            "v2-garbage-of-4096",
            fault("bitcoin.v2.no-terminator", Blame::Mismatch),
            MAX_GARBAGE_LEN + 1,
            &acts![Speak(whole.clone(), AtOnce)],
        ),
        network(
            other_magic(magic),
            "v2-other-network",
            fault("bitcoin.magic", Blame::Mismatch),
            &[Key, Garbage(20)],
            &acts![Speak(whole.clone(), AtOnce), Close],
        ),
        says("v2-tag-wrong", fault("bitcoin.v2.tag", Blame::Peer), &[Terminator, Word::VERSION_PACKET.bent(LastByte)]),
        says(
            "v2-length-bomb",
            fault("bitcoin.v2.too-long", Blame::Peer),
            &[Terminator, Word::VERSION_PACKET.bent(Claims((1 << 24) - 1))],
        ),
        says(
            "v2-decoy-flood",
            fault("bitcoin.v2.decoys", Blame::Peer),
            &[&[Terminator][..], &vec![Decoy(1000); 200]].concat(),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use bitcoin::CHAINS;

    use super::callers;
    use crate::peer::tests::assert_named_apart;

    #[test]
    fn every_caller_has_its_own_name() {
        for chain in CHAINS {
            assert_named_apart(&callers(&chain.params));
        }
    }
}
