//! Every kind of peer that we may call, one of each: what it does, and the verdict that it deserves.

use std::time::Duration;

use bitcoin::chain::{Chain, Checksum, Magic};
use bitcoin::message::{Feature, Reject};
use bitcoin::version::MAX_USER_AGENT_LEN;
use bitcoin::{Command, Message, Params, Version};
use handshake::{Blame, Stage};
use net::Outcome;

use crate::peer::{Peer, Truth};
use crate::random::Random;
use crate::script::Act::{Close, Drip, Echo, Flood, Hear, Reset, Say, SayApart, SayCut, SayNonceBack, Wait};
use crate::voice::Voice;

/// One of each kind of peer that answers our call, on this network.
#[must_use]
pub fn catalogue(chain: &Params) -> Vec<Peer> {
    let voice = Voice::new(*chain);
    let chapters = [
        however_cut(&voice),
        in_other_orders(&voice),
        with_odd_words(&voice),
        leaving(&voice),
        silent(&voice),
        bent(&voice),
        versions_not_taken(&voice),
        endless(&voice),
        strangers(&voice),
    ];
    chapters.into_iter().flatten().collect()
}

/// A peer for each length in bytes, up to 200, that the payload of its `version` may have. Fields that a length leaves
/// room for are whole, and the user agent is `/agent:1/`.
#[must_use]
pub fn versions_of_every_length(chain: &Params) -> Vec<Peer> {
    let voice = Voice::new(*chain).called(b"/agent:1/");
    let mut payload = voice.version_payload();
    payload.resize(200, 0);
    // The oldest form; with sender and nonce; and user agent; and height; and relay byte, behind which all is ignored.
    let taken = |len: usize| matches!(len, 46 | 80 | 90 | 94..);
    let peer = |len: usize| {
        let version = voice.message(Command::VERSION, &payload[..len]);
        let script = [Hear(Command::VERSION), Say(version), Say(voice.verack())];
        Peer::new(
            "version-of-length",
            if taken(len) { Truth::OK } else { MALFORMED },
            script,
        )
    };
    (0..=payload.len()).map(peer).collect()
}

/// A peer for each place at which its answer may be cut in two.
#[must_use]
pub fn cut_at_every_byte(chain: &Params) -> Vec<Peer> {
    let flight = Voice::new(*chain).flight().concat();
    let peer = |at: usize| {
        let (head, tail) = flight.split_at(at);
        let pieces = vec![head.to_vec(), tail.to_vec()];
        Peer::new("cut", Truth::OK, [Hear(Command::VERSION), SayApart(pieces)])
    };
    (0..=flight.len()).map(peer).collect()
}

const MALFORMED: Truth = Truth::fault(Stage::Hello, "bitcoin.malformed", Blame::Peer);
const OTHER_NETWORK: Truth = Truth::fault(Stage::Hello, "bitcoin.magic", Blame::Mismatch);
const NOT_BITCOIN: Truth = Truth::fault(Stage::Hello, "bitcoin.not-bitcoin", Blame::Mismatch);

const HEAR_VERSION: crate::script::Act = Hear(Command::VERSION);
const HEAR_VERACK: crate::script::Act = Hear(Command::VERACK);

/// Healthy, in every rhythm.
fn however_cut(voice: &Voice) -> Vec<Peer> {
    let flight = voice.flight();
    let whole = flight.concat();
    let heads_apart = flight
        .iter()
        .flat_map(|message| [message[..24].to_vec(), message[24..].to_vec()]);
    vec![
        Peer::new("coalesced", Truth::OK, [HEAR_VERSION, Say(whole.clone())]),
        Peer::new(
            "chatty",
            Truth::OK,
            [HEAR_VERSION, Say([whole.clone(), voice.small_talk()].concat())],
        ),
        Peer::new("separate", Truth::OK, [HEAR_VERSION, SayApart(flight.clone())]),
        Peer::new(
            "verack-after-ours",
            Truth::OK,
            [HEAR_VERSION, Say(voice.version()), HEAR_VERACK, Say(voice.verack())],
        ),
        Peer::new(
            "headers-apart",
            Truth::OK,
            [HEAR_VERSION, SayApart(heads_apart.collect())],
        ),
        Peer::new(
            "byte-by-byte",
            Truth::OK,
            [HEAR_VERSION, Drip(whole.clone(), Duration::from_micros(100))],
        ),
        Peer::new("cut-anywhere", Truth::OK, [HEAR_VERSION, SayCut(whole.clone())]),
        Peer::new(
            "late",
            Truth::OK,
            [HEAR_VERSION, Wait(Duration::from_millis(200)), Say(whole.clone())],
        ),
        Peer::new("speaks-first", Truth::OK, [Say(whole.clone())]),
        Peer::new(
            "never-reads",
            Truth::OK,
            [Say(whole.clone()), Wait(Duration::from_secs(60)), Close],
        ),
        Peer::new("leaves-when-done", Truth::OK, [HEAR_VERSION, Say(whole), Close]),
    ]
}

/// Healthy, with other messages around, or the same in another order.
fn in_other_orders(voice: &Voice) -> Vec<Peer> {
    let answers = |name, truth, pieces: Vec<Vec<u8>>| Peer::new(name, truth, [HEAR_VERSION, Say(pieces.concat())]);
    let (version, verack) = (voice.version(), voice.verack());
    let sendcmpct = |version| Message::Sendcmpct {
        announce: false,
        version,
    };
    let reconciles = Message::Sendtxrcncl { version: 1, salt: 7 };
    let feature = |id: &[u8]| Message::Feature(Feature::new(id, b"1").expect("4 to 80 bytes"));
    let features = [feature(b"org.example.feature"), feature(b"none")];
    // Only where the network knows `feature` is it a breach to send it under a lower version.
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
            vec![
                version.clone(),
                verack.clone(),
                voice.say_all(&[sendcmpct(1), Message::Getaddr]),
            ],
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
        answers(
            "pings-between",
            Truth::OK,
            vec![version.clone(), voice.say(&Message::Ping(Some(7))), verack.clone()],
        ),
        answers(
            "pings-before",
            Truth::OK,
            vec![voice.say(&Message::Ping(Some(7))), version.clone(), verack.clone()],
        ),
        Peer::new(
            "waits-for-pong",
            Truth::OK,
            [
                HEAR_VERSION,
                Say([version.clone(), voice.say(&Message::Ping(Some(7)))].concat()),
                Hear(Command::PONG),
                Say(verack.clone()),
            ],
        ),
        answers(
            "repeated-version",
            Truth::OK,
            vec![version.clone(), version.clone(), verack.clone()],
        ),
        answers(
            "unknown-messages",
            Truth::OK,
            vec![
                version.clone(),
                voice.unknown("sendnudes", b"?"),
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
            vec![
                version.clone(),
                with_checksum(voice.unknown("mystery", b"abc"), [0; 4]),
                verack.clone(),
            ],
        ),
        answers(
            "feature-too-early",
            too_early,
            vec![older.version(), older.say_all(&features), verack],
        ),
    ]
}

/// Healthy, with a `version` or `verack` that is seldom seen.
fn with_odd_words(voice: &Voice) -> Vec<Peer> {
    let introduces = |name, change: &dyn Fn(&mut Version)| {
        let voice = voice.with(change);
        Peer::new(
            name,
            Truth::OK,
            [HEAR_VERSION, Say([voice.version(), voice.verack()].concat())],
        )
    };
    let called = |name, user_agent: &[u8]| {
        let voice = voice.called(user_agent);
        Peer::new(name, Truth::OK, [HEAR_VERSION, Say(voice.flight().concat())])
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
        Peer::new(
            "verack-with-payload",
            Truth::OK,
            [HEAR_VERSION, Say([voice.version(), long_verack].concat())],
        ),
        Peer::new(
            "version-with-tail",
            Truth::OK,
            [
                HEAR_VERSION,
                Say([voice.message(Command::VERSION, &tail), voice.verack()].concat()),
            ],
        ),
    ]
}

/// Those that close or reset, early or late.
fn leaving(voice: &Voice) -> Vec<Peer> {
    let before = Truth::ends(Stage::Hello, "closed");
    let between = Truth::ends(Stage::Ack, "closed");
    let version = voice.version();
    let flight = voice.flight().concat();
    let (part_of_verack, _) = flight.split_at(flight.len() - 1);
    vec![
        Peer::new("close-at-accept", before, [Close]),
        Peer::new("close-on-version", before, [HEAR_VERSION, Close]),
        Peer::new(
            "close-inside-header",
            before,
            [HEAR_VERSION, Say(version[..10].to_vec()), Close],
        ),
        Peer::new(
            "close-inside-payload",
            before,
            [HEAR_VERSION, Say(version[..60].to_vec()), Close],
        ),
        Peer::new(
            "close-after-version",
            between,
            [HEAR_VERSION, Say(version.clone()), Close],
        ),
        Peer::new(
            "close-after-our-verack",
            between,
            [HEAR_VERSION, Say(version.clone()), HEAR_VERACK, Close],
        ),
        Peer::new(
            "close-inside-verack",
            between,
            [HEAR_VERSION, Say(part_of_verack.to_vec()), Close],
        ),
        Peer::new("reset-at-accept", before, [Reset]),
        Peer::new("reset-on-version", before, [HEAR_VERSION, Reset]),
        Peer::new(
            "reset-inside-payload",
            before,
            [HEAR_VERSION, Say(version[..60].to_vec()), Reset],
        ),
        Peer::new("reset-after-version", between, [HEAR_VERSION, Say(version), Reset]),
    ]
}

/// Those that fall silent, or might as well.
fn silent(voice: &Voice) -> Vec<Peer> {
    let before = Truth::ends(Stage::Hello, "timeout");
    let between = Truth::ends(Stage::Ack, "timeout");
    let version = voice.version();
    let mut endless_payload = voice.unknown("inv", &[]);
    endless_payload[16..20].copy_from_slice(&4_000_000_u32.to_le_bytes());
    vec![
        Peer::new("silent", before, []),
        Peer::new("deaf-and-silent", before, [Wait(Duration::from_secs(60)), Close]),
        Peer::new(
            "silent-inside-header",
            before,
            [HEAR_VERSION, Say(version[..10].to_vec())],
        ),
        Peer::new(
            "silent-inside-payload",
            before,
            [HEAR_VERSION, Say(version[..60].to_vec())],
        ),
        Peer::new("silent-after-version", between, [HEAR_VERSION, Say(version.clone())]),
        Peer::new("silent-after-long-header", before, [HEAR_VERSION, Say(endless_payload)]),
        Peer::new("verack-alone", before, [HEAR_VERSION, Say(voice.verack())]),
        Peer::new("drip", before, [HEAR_VERSION, Drip(version, Duration::from_secs(2))]),
    ]
}

/// Right messages, bent.
fn bent(voice: &Voice) -> Vec<Peer> {
    let before = |reason, blame| Truth::fault(Stage::Hello, reason, blame);
    let between = |reason| Truth::fault(Stage::Ack, reason, Blame::Peer);
    let answers = |name, truth, pieces: &[Vec<u8>]| Peer::new(name, truth, [HEAR_VERSION, Say(pieces.concat())]);
    let (version, verack) = (voice.version(), voice.verack());
    let sharp = |message: &[u8], len: u32| {
        let mut bent = message[..24].to_vec();
        bent[16..20].copy_from_slice(&len.to_le_bytes());
        bent
    };
    let other_checksum = match voice.params.checksum {
        Checksum::Sha256d => Checksum::Groestl512d,
        Checksum::Groestl512d => Checksum::Sha256d,
    };
    let feature = voice.message(Command::FEATURE, b"\x03abc\x00");
    let feature_truth = match voice.params.feature_from {
        Some(from) if voice.version.version >= from => between("bitcoin.malformed"),
        _ => Truth::OK,
    };
    let reject = |message: &[u8]| {
        voice.say(&Message::Reject(Reject {
            message: message.into(),
            code: 0x11,
            reason: (*b"Version must be \x1b[1mnewer\n").into(),
        }))
    };
    let oversized = before("bitcoin.oversized", Blame::Peer);
    vec![
        answers(
            "other-network",
            OTHER_NETWORK,
            &[with_magic(&version, other_magic(voice.params.magic)), verack.clone()],
        ),
        answers(
            "unknown-network",
            OTHER_NETWORK,
            &[with_magic(&version, Magic(voice.params.magic.0.map(|b| !b)))],
        ),
        answers(
            "checksum-wrong",
            before("bitcoin.checksum", Blame::Peer),
            &[with_checksum(version.clone(), [0xba, 0xdc, 0x0d, 0xe5]), verack.clone()],
        ),
        answers(
            "checksum-of-another-kind",
            before("bitcoin.checksum", Blame::Mismatch),
            &[
                with_checksum(version.clone(), other_checksum.of(&voice.version_payload())),
                verack.clone(),
            ],
        ),
        answers(
            "verack-checksum-wrong",
            between("bitcoin.checksum"),
            &[version.clone(), with_checksum(verack.clone(), [0; 4])],
        ),
        answers("length-of-4-gib", oversized, &[sharp(&version, u32::MAX)]),
        answers("length-of-32-mib", oversized, &[sharp(&version, 32 << 20)]),
        answers(
            "length-one-too-many",
            oversized,
            &[sharp(&voice.unknown("inv", b""), 4_000_001)],
        ),
        answers("version-too-long", oversized, &[sharp(&version, 4_000_000)]),
        answers(
            "length-of-4-gib-after-version",
            between("bitcoin.oversized"),
            &[version.clone(), sharp(&verack, u32::MAX)],
        ),
        answers(
            "out-of-sync",
            between("bitcoin.out-of-sync"),
            &[version.clone(), b"!".to_vec(), verack.clone()],
        ),
        answers(
            "feature-malformed",
            feature_truth,
            &[version.clone(), feature, verack.clone()],
        ),
        answers(
            "rejects-our-version",
            before("bitcoin.rejected", Blame::Refused),
            &[reject(b"version")],
        ),
        answers(
            "rejects-something-else",
            Truth::OK,
            &[version.clone(), reject(b"tx"), verack],
        ),
        Peer::new(
            "nonce-echoed",
            before("bitcoin.self-connect", Blame::Local),
            [HEAR_VERSION, SayNonceBack(Box::new(voice.clone()))],
        ),
        Peer::new("echo", before("bitcoin.self-connect", Blame::Local), [Echo]),
    ]
}

/// A `version` that cannot be read, or that nobody wants.
fn versions_not_taken(voice: &Voice) -> Vec<Peer> {
    let introduces = |name, truth, payload: &[u8]| {
        let version = voice.message(Command::VERSION, payload);
        Peer::new(name, truth, [HEAR_VERSION, Say([version, voice.verack()].concat())])
    };
    let obsolete = Truth::fault(Stage::Hello, "bitcoin.obsolete", Blame::Mismatch);
    let of_version = |number| voice.with(|version| version.version = number).version_payload();
    let payload = voice.version_payload();
    let mut long_agent = payload[..80].to_vec();
    long_agent.extend_from_slice(&[0xfd, 0x01, 0x01]);
    long_agent.extend_from_slice(&[b'a'; MAX_USER_AGENT_LEN + 1 + 5]);
    let mut endless_agent = payload[..80].to_vec();
    endless_agent.extend_from_slice(&[0xff; 9]);
    let mut clumsy_agent = payload[..80].to_vec();
    clumsy_agent.extend_from_slice(b"\xfd\x09\x00/agent:1/\0\0\0\0\0");
    vec![
        introduces("version-empty", MALFORMED, b""),
        introduces("version-of-20-bytes", MALFORMED, &payload[..20]),
        introduces("version-of-45-bytes", MALFORMED, &payload[..45]),
        introduces("version-of-47-bytes", MALFORMED, &payload[..47]),
        introduces("version-of-79-bytes", MALFORMED, &payload[..79]),
        introduces("version-ends-in-user-agent", MALFORMED, &payload[..90]),
        introduces("version-ends-in-height", MALFORMED, &payload[..102]),
        introduces("user-agent-too-long", MALFORMED, &long_agent),
        introduces("user-agent-endless", MALFORMED, &endless_agent),
        introduces("user-agent-not-canonical", MALFORMED, &clumsy_agent),
        introduces("obsolete", obsolete, &of_version(voice.params.min_peer_version - 1)),
        introduces("negative-version", obsolete, &of_version(-1)),
        introduces("most-negative-version", obsolete, &of_version(i32::MIN)),
    ]
}

/// Those that never stop.
fn endless(voice: &Voice) -> Vec<Peer> {
    let flood = |stage| Truth {
        outcome: Outcome::Failed,
        stage,
        reason: "flood",
        blame: Some(Blame::Peer),
    };
    let pours = |name, message: Vec<u8>| {
        // A write holds many small messages, or one large one.
        let copies = (16 * 1024 / message.len()).max(1);
        Peer::new(
            name,
            flood(Stage::Ack),
            [HEAR_VERSION, Say(voice.version()), Flood(message.repeat(copies))],
        )
    };
    let inventory = voice.unknown("inv", &[0x1f; 1_800_003]);
    vec![
        pours("endless-inv", inventory.clone()),
        pours("endless-empty", voice.say(&Message::Sendheaders)),
        pours("endless-unknown", voice.unknown("mystery", b"abc")),
        pours("endless-pings", voice.say(&Message::Ping(Some(7)))),
        pours("endless-versions", voice.version()),
        Peer::new(
            "endless-before-version",
            flood(Stage::Hello),
            [HEAR_VERSION, Flood(inventory)],
        ),
        Peer::new(
            "endless-veracks",
            flood(Stage::Hello),
            [HEAR_VERSION, Flood(voice.verack().repeat(500))],
        ),
        Peer::new("endless-noise", OTHER_NETWORK, [Flood(Random::new(1).bytes(64 * 1024))]),
    ]
}

/// Services of another kind.
fn strangers(voice: &Voice) -> Vec<Peer> {
    let answers = |name, words: &[u8]| Peer::new(name, NOT_BITCOIN, [HEAR_VERSION, Say(words.to_vec()), Close]);
    let greets = |name, words: &[u8]| Peer::new(name, NOT_BITCOIN, [Say(words.to_vec())]);
    vec![
        answers(
            "http",
            b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nConnection: close\r\n\r\n",
        ),
        answers("tls-alert", b"\x15\x03\x01\x00\x02\x02\x46"),
        answers("redis", b"-ERR unknown command\r\n"),
        answers("electrum", b"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32700}}\n"),
        greets("ssh", b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"),
        greets("mail", b"220 mail.example ESMTP\r\n"),
        // Its v2 key came in place of a version: it took our first bytes for such a key. (BIP324)
        Peer::new(
            "encrypted-only",
            OTHER_NETWORK,
            [HEAR_VERSION, Say(noise_unlike(voice.params.magic))],
        ),
    ]
}

/// Random bytes, as many as a key and some garbage have.
fn noise_unlike(magic: Magic) -> Vec<u8> {
    let mut noise = Random::new(2).bytes(64 + 100);
    noise[0] = !magic.0[0];
    noise
}

/// The magic of a large network that is not this one.
fn other_magic(ours: Magic) -> Magic {
    ["litecoin", "bitcoin"]
        .into_iter()
        .filter_map(Chain::named)
        .map(|chain| chain.params.magic)
        .find(|magic| *magic != ours)
        .expect("both are known and differ")
}

fn with_magic(message: &[u8], magic: Magic) -> Vec<u8> {
    [&magic.0[..], &message[4..]].concat()
}

fn with_checksum(mut message: Vec<u8>, checksum: [u8; 4]) -> Vec<u8> {
    message[20..24].copy_from_slice(&checksum);
    message
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use bitcoin::CHAINS;

    use super::catalogue;

    #[test]
    fn every_network_has_its_catalogue_and_every_peer_its_own_name() {
        for chain in CHAINS {
            let peers = catalogue(&chain.params);
            let names: HashSet<_> = peers.iter().map(|peer| peer.name).collect();
            assert_eq!(names.len(), peers.len(), "{}", chain.name);
        }
    }
}
