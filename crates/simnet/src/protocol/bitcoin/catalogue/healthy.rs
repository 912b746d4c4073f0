//! Peers that complete the handshake.

use std::time::Duration;

use bitcoin::message::Feature;
use bitcoin::version::MAX_USER_AGENT_LEN;
use bitcoin::{Command, Message, Version};
use handshake::{Blame, Stage};

use super::super::script::Act::{Hear, HearLengthFirst};
use super::super::script::peer;
use super::super::wire::Voice;
use super::{on_version, with_checksum};
use crate::peer::Peer;
use crate::script::Plain::{Close, Drip, Say, SayApart, SayCut, Wait};
use crate::script::acts;
use crate::truth::{Truth, Truths};

/// Healthy peers, in every rhythm.
pub(super) fn however_cut(voice: &Voice) -> Vec<Peer> {
    let flight = voice.flight();
    let whole = flight.concat();
    // Plain text before our key has arrived: it counts as an answer to the key.
    let first = Truths::plain(Truth::OK);
    let heads_apart = flight.iter().flat_map(|message| [message[..24].to_vec(), message[24..].to_vec()]);
    vec![
        on_version("coalesced", Truth::OK, [Say(whole.clone())]),
        on_version("chatty", Truth::OK, [Say([whole.clone(), voice.small_talk()].concat())]),
        on_version("separate", Truth::OK, [SayApart(flight.clone())]),
        on_version(
            "verack-after-ours",
            Truth::OK,
            acts![Say(voice.version()), Hear(Command::VERACK), Say(voice.verack())],
        ),
        on_version("headers-apart", Truth::OK, [SayApart(heads_apart.collect())]),
        on_version("byte-by-byte", Truth::OK, [Drip(whole.clone(), Duration::from_millis(1))]),
        on_version("cut-anywhere", Truth::OK, [SayCut(whole.clone())]),
        // One key of 128 would look like an acceptable length; we send no such key.
        peer("length-first", Truths::v1(Truth::OK), acts![HearLengthFirst, Hear(Command::VERSION), Say(whole.clone())]),
        on_version("late", Truth::OK, [Wait(Duration::from_millis(200)), Say(whole.clone())]),
        peer("speaks-first", first, [Say(whole.clone())]),
        peer("never-reads", first, [Say(whole.clone()), Wait(Duration::from_secs(60)), Close]),
        on_version("leaves-when-done", Truth::OK, [Say(whole), Close]),
    ]
}

/// Healthy peers, with additional messages, or with another order.
pub(super) fn in_other_orders(voice: &Voice) -> Vec<Peer> {
    let answers = |name, truth, pieces: Vec<Vec<u8>>| on_version(name, truth, [Say(pieces.concat())]);
    let (version, verack) = (voice.version(), voice.verack());
    let sendcmpct = |version| Message::Sendcmpct { announce: false, version };
    let reconciles = Message::Sendtxrcncl { version: 1, salt: 7 };
    let feature = |id: &[u8]| Message::Feature(Feature::new(id, b"1").expect("4 to 80 bytes"));
    let features = [feature(b"org.example.feature"), feature(b"none")];
    // Only where the network knows `feature` is it a fault to send it under a lower version.
    let (older, too_early) = match voice.params.feature_from {
        Some(from) => (
            voice.with(|version| version.version = from - 1),
            Truth::fault(Stage::Ack, "bitcoin.unexpected", Blame::Peer),
        ),
        None => (voice.clone(), Truth::OK),
    };
    vec![
        answers("verack-first", Truth::OK, vec![verack.clone(), version.clone()]),
        answers(
            "like-bcoin",
            Truth::OK,
            vec![version.clone(), verack.clone(), voice.say_all(&[sendcmpct(1), Message::Getaddr])],
        ),
        answers(
            "like-core",
            Truth::OK,
            vec![
                version.clone(),
                voice.say_all(&[Message::Wtxidrelay, Message::Sendaddrv2, reconciles]),
                voice.say_all(&features),
                verack.clone(),
                voice.unknown("alert", &[0x60; 168]),
            ],
        ),
        answers(
            "like-litecoin",
            Truth::OK,
            vec![
                version.clone(),
                verack.clone(),
                voice.say_all(&[Message::Sendheaders, sendcmpct(3), sendcmpct(2), sendcmpct(1)]),
            ],
        ),
        answers("pings-between", Truth::OK, vec![version.clone(), voice.say(&Message::Ping(Some(7))), verack.clone()]),
        answers("pings-before", Truth::OK, vec![voice.say(&Message::Ping(Some(7))), version.clone(), verack.clone()]),
        on_version(
            "waits-for-pong",
            Truth::OK,
            acts![
                Say([version.clone(), voice.say(&Message::Ping(Some(7)))].concat()),
                Hear(Command::PONG),
                Say(verack.clone()),
            ],
        ),
        answers("repeated-version", Truth::OK, vec![version.clone(), version.clone(), verack.clone()]),
        answers(
            "unknown-messages",
            Truth::OK,
            vec![
                version.clone(),
                voice.unknown("sendpizza", b"?"),
                voice.unknown("", b""),
                voice.unknown("\x1b[2J", b"\x1b[2J"),
                verack.clone(),
            ],
        ),
        answers(
            "long-unknown-message",
            Truth::OK,
            vec![version.clone(), voice.unknown("mystery", &[0; 100_000]), verack.clone()],
        ),
        answers(
            "unknown-checksum-wrong",
            Truth::OK,
            vec![version.clone(), with_checksum(voice.unknown("mystery", b"abc"), [0; 4]), verack.clone()],
        ),
        // Messages before a version have no meaning.
        answers("feature-before-version", Truth::OK, vec![older.say_all(&features), older.version(), verack.clone()]),
        answers("feature-too-early", too_early, vec![older.version(), older.say_all(&features), verack]),
    ]
}

/// Healthy peers with an unusual `version` or `verack`.
pub(super) fn with_odd_words(voice: &Voice) -> Vec<Peer> {
    let introduces = |name, change: &dyn Fn(&mut Version)| {
        let voice = voice.with(change);
        on_version(name, Truth::OK, [Say([voice.version(), voice.verack()].concat())])
    };
    let called = |name, user_agent: &[u8]| {
        let voice = voice.called(user_agent);
        on_version(name, Truth::OK, [Say(voice.flight().concat())])
    };
    let long_verack = voice.message(Command::VERACK, b"as you wish");
    let tail = [voice.version_payload(), vec![0xee; 300]].concat();
    vec![
        introduces("no-relay-byte", &|version| version.relay = None),
        introduces("version-of-46-bytes", &|version| version.sender = None),
        introduces("version-of-80-bytes", &|version| {
            (version.start_height, version.relay) = (None, None);
        }),
        introduces("no-services", &|version| version.services.0 = 0),
        introduces("every-service", &|version| version.services.0 = u64::MAX),
        introduces("clock-at-the-end-of-time", &|version| version.time = i64::MAX),
        introduces("clock-before-time", &|version| version.time = i64::MIN),
        introduces("negative-height", &|version| version.start_height = Some(-1)),
        introduces("newest-of-all", &|version| version.version = i32::MAX),
        called("no-user-agent", b""),
        called("longest-user-agent", &[b'a'; MAX_USER_AGENT_LEN]),
        called("user-agent-escapes", b"/\x1b[2J\x1b]0;owned\x07Satoshi:27.0.0/\x9b31m"),
        called("user-agent-lines", b"/Satoshi:27.0.0/\r\nOK 1.2.3.4:8333\n\x00\t"),
        called("user-agent-not-utf8", b"/\xff\xfe\xc3\x28\xe2\x80\xae/"),
        on_version("verack-with-payload", Truth::OK, [Say([voice.version(), long_verack].concat())]),
        on_version(
            "version-with-tail",
            Truth::OK,
            [Say([voice.message(Command::VERSION, &tail), voice.verack()].concat())],
        ),
    ]
}
