//! Peers that close, fall silent or never stop before the handshake is over.

use std::time::Duration;

use bitcoin::{Command, Message};
use handshake::{Blame, Outcome, Stage};

use super::super::script::Act::Hear;
use super::super::script::peer;
use super::super::wire::Voice;
use super::on_version;
use crate::peer::Peer;
use crate::script::Plain::{Close, Drip, Flood, Reset, Say, Wait};
use crate::script::{NOTHING, acts};
use crate::truth::{Truth, Truths};

/// Peers that close or reset, early or late.
pub(super) fn leaving(voice: &Voice) -> Vec<Peer> {
    let before = Truth::ends(Stage::Hello, "closed");
    let between = Truth::ends(Stage::Ack, "closed");
    let version = voice.version();
    let flight = voice.flight().concat();
    let (part_of_verack, _) = flight.split_at(flight.len() - 1);
    vec![
        peer("close-at-accept", Truths::v1(before), [Close]),
        on_version("close-on-version", before, [Close]),
        on_version("close-inside-header", before, [Say(version[..10].to_vec()), Close]),
        on_version("close-inside-payload", before, [Say(version[..60].to_vec()), Close]),
        on_version("close-after-version", between, [Say(version.clone()), Close]),
        on_version("close-after-our-verack", between, acts![Say(version.clone()), Hear(Command::VERACK), Close]),
        on_version("close-inside-verack", between, [Say(part_of_verack.to_vec()), Close]),
        peer("reset-at-accept", Truths::v1(before), [Reset]),
        on_version("reset-on-version", before, [Reset]),
        on_version("reset-inside-payload", before, [Say(version[..60].to_vec()), Reset]),
        on_version("reset-after-version", between, [Say(version), Reset]),
    ]
}

/// Peers that fall silent, or never finish in time.
pub(super) fn silent(voice: &Voice) -> Vec<Peer> {
    let before = Truth::ends(Stage::Hello, "timeout");
    let between = Truth::ends(Stage::Ack, "timeout");
    let deaf = Truths::heedless(before, Truth::ends(Stage::Transport, "timeout"));
    let version = voice.version();
    let mut endless_payload = voice.unknown("inv", &[]);
    endless_payload[16..20].copy_from_slice(&4_000_000_u32.to_le_bytes());
    vec![
        peer("silent", deaf, NOTHING),
        peer("deaf-and-silent", deaf, [Wait(Duration::from_secs(60)), Close]),
        on_version("silent-inside-header", before, [Say(version[..10].to_vec())]),
        on_version("silent-inside-payload", before, [Say(version[..60].to_vec())]),
        on_version("silent-after-version", between, [Say(version.clone())]),
        on_version("silent-after-long-header", before, [Say(endless_payload)]),
        on_version("verack-alone", before, [Say(voice.verack())]),
        on_version("drip", before, [Drip(version, Duration::from_secs(2))]),
    ]
}

/// Peers that never stop.
pub(super) fn endless(voice: &Voice) -> Vec<Peer> {
    let flood = |stage| Truth { outcome: Outcome::Failed, stage, reason: "flood", blame: Some(Blame::Peer) };
    let pours = |name, message: Vec<u8>| {
        // A write holds many small messages, or one large one.
        let copies = (16 * 1024 / message.len()).max(1);
        on_version(name, flood(Stage::Ack), [Say(voice.version()), Flood(message.repeat(copies))])
    };
    // 1000 entries of 36 bytes.
    let inventory = voice.unknown("inv", &[&[0xfd, 0xe8, 0x03], &[0x1f; 36_000][..]].concat());
    vec![
        pours("endless-inv", inventory.clone()),
        pours("endless-empty", voice.say(&Message::Sendheaders)),
        pours("endless-unknown", voice.unknown("mystery", b"abc")),
        pours("endless-pings", voice.say(&Message::Ping(Some(7)))),
        pours("endless-versions", voice.version()),
        on_version("endless-before-version", flood(Stage::Hello), [Flood(inventory)]),
        on_version("endless-veracks", flood(Stage::Hello), [Flood(voice.verack().repeat(500))]),
    ]
}
