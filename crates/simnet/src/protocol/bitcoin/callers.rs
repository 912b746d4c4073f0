//! Every kind of peer that may call us, one of each: its script, and the expected verdict.

use std::slice;
use std::time::Duration;

use bitcoin::message::Reject;
use bitcoin::v2::MAX_GARBAGE_LEN;
use bitcoin::{Command, Message, Params};
use handshake::{Blame, Stage};
use net::Outcome;

use crate::peer::Peer;
use crate::protocol::bitcoin::catalogue::other_magic;
use crate::protocol::bitcoin::script::Act::{
    self, Close, Drip, Echo, Flood, Hear, HearKey, Reset, Say, SayApart, SayCut, Speak, V2, Wait,
};
use crate::protocol::bitcoin::wire::Voice;
use crate::protocol::bitcoin::wire::encrypted::Bend::{Claims, Lacks, LastByte};
use crate::protocol::bitcoin::wire::encrypted::Word::{self, Decoy, Garbage, Key, Terminator};
use crate::random::Random;
use crate::rhythm::Rhythm::{self, AtOnce, Cut};
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
    let caller = |name, script: Vec<_>| Peer::new(name, Truths::plain(Truth::OK), script);
    let introduces_itself = |name, voice: &Voice| {
        let whole = [voice.version(), voice.verack()].concat();
        caller(name, vec![Say(whole)])
    };
    vec![
        caller(
            "like-core",
            vec![
                Say(version.clone()),
                Hear(Command::VERSION),
                Say([wants, verack.clone(), voice.say(&Message::Getaddr)].concat()),
            ],
        ),
        caller(
            "like-bcoin",
            vec![Say(version.clone()), Hear(Command::VERSION), Say([verack.clone(), voice.small_talk()].concat())],
        ),
        caller("verack-after-ours", vec![Say(version.clone()), Hear(Command::VERACK), Say(verack.clone())]),
        caller("all-at-once", vec![Say(whole.clone())]),
        // Core treats these as keys.
        caller("verack-first", vec![Say([verack.clone(), version.clone()].concat())]),
        caller("createstream-first", vec![Say([voice.unknown("createstream", b""), whole.clone()].concat())]),
        caller("separate", vec![SayApart(vec![version.clone(), verack.clone()])]),
        caller("byte-by-byte", vec![Drip(whole.clone(), Duration::from_millis(1))]),
        caller("cut-anywhere", vec![SayCut(whole.clone())]),
        caller("leaves-when-done", vec![Say(version.clone()), Hear(Command::VERACK), Say(verack), Close]),
        caller("never-reads", vec![Say(whole), Wait(Duration::from_secs(60)), Close]),
        introduces_itself("no-relay-byte", &voice.with(|version| version.relay = None)),
        introduces_itself("version-of-46-bytes", &voice.with(|version| version.sender = None)),
        introduces_itself("user-agent-escapes", &voice.called(b"/\x1b[2J\r\n\xff/")),
    ]
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
        Peer::new("close-at-once", at_once, [Close]),
        Peer::new("close-inside-version", before, [part.clone(), Close]),
        Peer::new("reset-at-once", reset_at_once, [Reset]),
        Peer::new("reset-inside-version", Truths::plain(reset(Stage::Hello)), [part, Reset]),
        Peer::new("close-on-our-version", between, [Say(version.clone()), Hear(Command::VERSION), Close]),
        Peer::new("close-on-our-verack", between, [Say(version.clone()), Hear(Command::VERACK), Close]),
        Peer::new("reset-on-our-version", between, [Say(version), Hear(Command::VERSION), Reset]),
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
        Peer::new("silent", before, []),
        Peer::new("silent-inside-version", Truths::plain(ends(Stage::Hello)), [Say(version[..60].to_vec())]),
        Peer::new("silent-after-version", Truths::plain(ends(Stage::Ack)), [Say(version.clone())]),
        Peer::new("drip", before, [Drip(version, Duration::from_secs(2))]),
        Peer::new("echo", echo, [Echo]),
    ]
}

fn bent(voice: &Voice) -> Vec<Peer> {
    let fault = |reason, blame| Truth::fault(Stage::Hello, reason, blame);
    // Bytes that do not start our plaintext messages might start a key.
    let stranger = |reason| {
        let at = |stage| Truth::fault(stage, reason, Blame::Mismatch);
        Truths::heedless(at(Stage::Hello), at(Stage::Transport))
    };
    let strange = |name, reason, words: Vec<u8>| Peer::new(name, stranger(reason), [Say(words), Close]);
    let says = |name, truth, words: Vec<u8>| Peer::new(name, Truths::plain(truth), [Say(words)]);
    let version = voice.version();
    let bend = |at: usize, bytes: &[u8]| {
        let mut bent = version.clone();
        bent[at..at + bytes.len()].copy_from_slice(bytes);
        bent
    };
    let reject = Message::Reject(Reject { message: (*b"version").into(), code: 0x11, reason: (*b"obsolete").into() });
    vec![
        strange("unknown-network", "bitcoin.magic", bend(0, &voice.params.magic.0.map(|b| !b))),
        strange("http", "bitcoin.not-bitcoin", b"GET / HTTP/1.1\r\nHost: node.example\r\n\r\n".to_vec()),
        strange("tls", "bitcoin.not-bitcoin", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
        strange("ssh", "bitcoin.not-bitcoin", b"SSH-2.0-Go\r\n".to_vec()),
        Peer::new(
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
        Peer::new(
            "rejects-our-version",
            Truths::plain(Truth::fault(Stage::Ack, "bitcoin.rejected", Blame::Refused)),
            [Say(version.clone()), Hear(Command::VERSION), Say(voice.say(&reject))],
        ),
    ]
}

fn endless(voice: &Voice) -> Vec<Peer> {
    let flood = |stage| Truth { outcome: Outcome::Failed, stage, reason: "flood", blame: Some(Blame::Peer) };
    // 1000 entries of 36 bytes.
    let inventory = voice.unknown("inv", &[&[0xfd, 0xe8, 0x03], &[0x1f; 36_000][..]].concat());
    vec![
        Peer::new("endless-before-version", Truths::plain(flood(Stage::Hello)), [Flood(inventory.clone())]),
        Peer::new("endless-after-version", Truths::plain(flood(Stage::Ack)), [Say(voice.version()), Flood(inventory)]),
        Peer::new(
            "endless-pings",
            Truths::plain(flood(Stage::Ack)),
            [Say(voice.version()), Flood(voice.say(&Message::Ping(Some(7))).repeat(500))],
        ),
    ]
}

/// On the encrypted transport. (BIP324)
fn encrypted(voice: &Voice) -> Vec<Peer> {
    let magic = voice.params.magic;
    let network = |magic, name, truth, first: &[Word], acts: &[Act]| {
        let script = [&[Speak(first.to_vec(), AtOnce), HearKey(magic)], acts].concat();
        Peer::new(name, Truths::v2(truth), script)
    };
    let starts = |name, truth, garbage, acts: &[Act]| network(magic, name, truth, &[Key, Garbage(garbage)], acts);
    let says = |name, truth, words: &[Word]| starts(name, truth, 100, &[Speak(words.to_vec(), AtOnce)]);
    let leaves = |name, stage, words: &[Word]| {
        starts(name, Truth::ends(stage, "closed"), 100, &[Speak(words.to_vec(), AtOnce), Close])
    };
    let fault = |reason, blame| Truth::fault(Stage::Transport, reason, blame);
    let version = voice.encrypt(&Message::Version(voice.version.clone()));
    let verack = voice.encrypt(&Message::Verack);
    let introduced = [Terminator, Word::VERSION_PACKET, version];
    let whole = [&introduced[..], slice::from_ref(&verack)].concat();
    let healthy = |name, garbage, rhythm: Rhythm| starts(name, Truth::OK, garbage, &[Speak(whole.clone(), rhythm)]);
    let nothing: [Word; 0] = [];
    vec![
        Peer::new("v2-like-core", Truths::v2(Truth::OK), [V2(Box::new(voice.local()))]),
        starts(
            "v2-waits-for-each-word",
            Truth::OK,
            20,
            &[
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
        Peer::new(
            "v2-close-inside-key",
            Truths::v2(Truth::ends(Stage::Transport, "closed")),
            [Speak(vec![Key.bent(Lacks(1))], AtOnce), Close],
        ),
        leaves("v2-close-after-key", Stage::Transport, &nothing),
        leaves("v2-close-before-version", Stage::Hello, &introduced[..2]),
        leaves("v2-close-after-version", Stage::Ack, &introduced),
        says("v2-silent-after-key", Truth::ends(Stage::Transport, "timeout"), &nothing),
        starts(
            "v2-garbage-of-4096",
            fault("bitcoin.v2.no-terminator", Blame::Mismatch),
            MAX_GARBAGE_LEN + 1,
            &[Speak(whole.clone(), AtOnce)],
        ),
        network(
            other_magic(magic),
            "v2-other-network",
            fault("bitcoin.magic", Blame::Mismatch),
            &[Key, Garbage(20)],
            &[Speak(whole.clone(), AtOnce), Close],
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
    use std::collections::HashSet;

    use bitcoin::CHAINS;

    use super::callers;

    #[test]
    fn every_caller_has_its_own_name() {
        for chain in CHAINS {
            let peers = callers(&chain.params);
            let names: HashSet<_> = peers.iter().map(|peer| peer.name).collect();
            assert_eq!(names.len(), peers.len(), "{}", chain.name);
        }
    }
}
