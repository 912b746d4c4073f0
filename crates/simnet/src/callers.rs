//! Every kind of peer that may call us, one of each: what it does, and the verdict that it deserves.

use std::time::Duration;

use bitcoin::message::Reject;
use bitcoin::{Command, Message, Params};
use handshake::{Blame, Stage};
use net::Outcome;

use crate::peer::{Peer, Truth};
use crate::random::Random;
use crate::script::Act::{Close, Drip, Echo, Flood, Hear, Reset, Say, SayApart, SayCut, Wait};
use crate::voice::Voice;

/// One of each kind of peer that calls us, on this network; [`Peer::call`] makes it do so.
#[must_use]
pub fn callers(chain: &Params) -> Vec<Peer> {
    let voice = Voice::new(*chain);
    let chapters = [healthy(&voice), leaving(&voice), silent(&voice), bent(&voice), endless(&voice)];
    chapters.into_iter().flatten().collect()
}

fn healthy(voice: &Voice) -> Vec<Peer> {
    let (version, verack) = (voice.version(), voice.verack());
    let wants = voice.say_all(&[Message::Wtxidrelay, Message::Sendaddrv2]);
    let whole = [version.clone(), wants.clone(), verack.clone()].concat();
    let caller = |name, script: Vec<_>| Peer::new(name, Truth::OK, script);
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
        caller("verack-first", vec![Say([verack.clone(), version.clone()].concat())]),
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
    let before = Truth::ends(Stage::Hello, "closed");
    let between = Truth::ends(Stage::Ack, "closed");
    // We have said nothing yet that a kernel could have found unread: it meant to.
    let reset = Truth::ends(Stage::Hello, "reset");
    let version = voice.version();
    let part = Say(version[..60].to_vec());
    vec![
        Peer::new("close-at-once", before, [Close]),
        Peer::new("close-inside-version", before, [part.clone(), Close]),
        Peer::new("reset-at-once", reset, [Reset]),
        Peer::new("reset-inside-version", reset, [part, Reset]),
        Peer::new("close-on-our-version", between, [Say(version.clone()), Hear(Command::VERSION), Close]),
        Peer::new("close-on-our-verack", between, [Say(version.clone()), Hear(Command::VERACK), Close]),
        Peer::new("reset-on-our-version", between, [Say(version), Hear(Command::VERSION), Reset]),
    ]
}

fn silent(voice: &Voice) -> Vec<Peer> {
    let before = Truth::ends(Stage::Hello, "timeout");
    let between = Truth::ends(Stage::Ack, "timeout");
    let version = voice.version();
    vec![
        Peer::new("silent", before, []),
        Peer::new("silent-inside-version", before, [Say(version[..60].to_vec())]),
        Peer::new("silent-after-version", between, [Say(version.clone())]),
        Peer::new("drip", before, [Drip(version, Duration::from_secs(2))]),
        // We have nothing to say before it does, so there is nothing to echo.
        Peer::new("echo", before, [Echo]),
    ]
}

fn bent(voice: &Voice) -> Vec<Peer> {
    let fault = |reason, blame| Truth::fault(Stage::Hello, reason, blame);
    let says = |name, truth, words: Vec<u8>| Peer::new(name, truth, [Say(words)]);
    let other_network = fault("bitcoin.magic", Blame::Mismatch);
    let not_bitcoin = fault("bitcoin.not-bitcoin", Blame::Mismatch);
    let version = voice.version();
    let bend = |at: usize, bytes: &[u8]| {
        let mut bent = version.clone();
        bent[at..at + bytes.len()].copy_from_slice(bytes);
        bent
    };
    let mut key = Random::new(3).bytes(64 + 100);
    key[0] = !voice.params.magic.0[0];
    let reject = Message::Reject(Reject { message: (*b"version").into(), code: 0x11, reason: (*b"obsolete").into() });
    vec![
        says("unknown-network", other_network, bend(0, &voice.params.magic.0.map(|b| !b))),
        says("encrypted", other_network, key),
        says("http", not_bitcoin, b"GET / HTTP/1.1\r\nHost: node.example\r\n\r\n".to_vec()),
        says("tls", not_bitcoin, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
        says("ssh", not_bitcoin, b"SSH-2.0-Go\r\n".to_vec()),
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
            Truth::fault(Stage::Ack, "bitcoin.rejected", Blame::Refused),
            [Say(version.clone()), Hear(Command::VERSION), Say(voice.say(&reject))],
        ),
    ]
}

fn endless(voice: &Voice) -> Vec<Peer> {
    let flood = |stage| Truth { outcome: Outcome::Failed, stage, reason: "flood", blame: Some(Blame::Peer) };
    // 1000 entries of 36 bytes.
    let inventory = voice.unknown("inv", &[&[0xfd, 0xe8, 0x03], &[0x1f; 36_000][..]].concat());
    vec![
        Peer::new("endless-before-version", flood(Stage::Hello), [Flood(inventory.clone())]),
        Peer::new("endless-after-version", flood(Stage::Ack), [Say(voice.version()), Flood(inventory)]),
        Peer::new(
            "endless-pings",
            flood(Stage::Ack),
            [Say(voice.version()), Flood(voice.say(&Message::Ping(Some(7))).repeat(500))],
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
