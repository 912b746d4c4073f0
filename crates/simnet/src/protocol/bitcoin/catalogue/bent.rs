//! Peers that send invalid or misplaced messages.

use bitcoin::chain::{Checksum, Magic};
use bitcoin::message::Reject;
use bitcoin::version::MAX_USER_AGENT_LEN;
use bitcoin::{Command, Message};
use handshake::{Blame, Stage};

use super::super::script::Act::SayNonceBack;
use super::super::script::peer;
use super::super::wire::Voice;
use super::{MALFORMED, on_version, other_magic, with_checksum};
use crate::peer::Peer;
use crate::random::Random;
use crate::script::Plain::{Close, Echo, Flood, HearAnything, Say, SayCut};
use crate::truth::{Truth, Truths};

const OTHER_NETWORK: Truth = Truth::fault(Stage::Hello, "bitcoin.magic", Blame::Mismatch);
const NOT_BITCOIN: Truth = Truth::fault(Stage::Hello, "bitcoin.not-bitcoin", Blame::Mismatch);

/// Valid messages, modified.
pub(super) fn bent(voice: &Voice) -> Vec<Peer> {
    let before = |reason, blame| Truth::fault(Stage::Hello, reason, blame);
    let between = |reason| Truth::fault(Stage::Ack, reason, Blame::Peer);
    let answers = |name, truth, pieces: &[Vec<u8>]| on_version(name, truth, [Say(pieces.concat())]);
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
    let echoes = Truths::heedless(
        before("bitcoin.self-connect", Blame::Local),
        Truth::fault(Stage::Transport, "bitcoin.v2.echo", Blame::Mismatch),
    );
    vec![
        answers(
            "other-network",
            OTHER_NETWORK,
            &[with_magic(&version, other_magic(voice.params.magic)), verack.clone()],
        ),
        answers("unknown-network", OTHER_NETWORK, &[with_magic(&version, Magic(voice.params.magic.0.map(|b| !b)))]),
        answers(
            "checksum-wrong",
            before("bitcoin.checksum", Blame::Peer),
            &[with_checksum(version.clone(), [0xba, 0xdc, 0x0d, 0xe5]), verack.clone()],
        ),
        answers(
            "checksum-of-another-kind",
            before("bitcoin.checksum", Blame::Mismatch),
            &[with_checksum(version.clone(), other_checksum.of(&voice.version_payload())), verack.clone()],
        ),
        answers(
            "verack-checksum-wrong",
            between("bitcoin.checksum"),
            &[version.clone(), with_checksum(verack.clone(), [0; 4])],
        ),
        answers("length-of-4-gib", oversized, &[sharp(&version, u32::MAX)]),
        answers("length-of-32-mib", oversized, &[sharp(&version, 32 << 20)]),
        answers("length-one-too-many", oversized, &[sharp(&voice.unknown("inv", b""), 4_000_001)]),
        answers("version-too-long", oversized, &[sharp(&version, 4_000_000)]),
        answers(
            "length-of-4-gib-after-version",
            between("bitcoin.oversized"),
            &[version.clone(), sharp(&verack, u32::MAX)],
        ),
        answers("out-of-sync", between("bitcoin.out-of-sync"), &[version.clone(), b"!".to_vec(), verack.clone()]),
        answers("feature-malformed", feature_truth, &[version.clone(), feature, verack.clone()]),
        answers(
            "feature-too-long",
            feature_truth,
            &[version.clone(), voice.message(Command::FEATURE, &[0; 3000]), verack.clone()],
        ),
        answers("rejects-our-version", before("bitcoin.rejected", Blame::Refused), &[reject(b"version")]),
        answers("rejects-something-else", Truth::OK, &[version.clone(), reject(b"tx"), verack]),
        on_version(
            "nonce-echoed",
            before("bitcoin.self-connect", Blame::Local),
            [SayNonceBack(Box::new(voice.clone()))],
        ),
        peer("echo", echoes, [Echo]),
    ]
}

/// A malformed or unacceptable `version`.
pub(super) fn versions_not_taken(voice: &Voice) -> Vec<Peer> {
    let introduces = |name, truth, payload: &[u8]| {
        let version = voice.message(Command::VERSION, payload);
        on_version(name, truth, [Say([version, voice.verack()].concat())])
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

/// Services of another kind. They answer to any bytes, or greet first.
pub(super) fn strangers() -> Vec<Peer> {
    const IN_PLACE_OF_A_KEY: Truth = Truth::fault(Stage::Transport, "bitcoin.not-bitcoin", Blame::Mismatch);
    let not_bitcoin = Truths::heedless(NOT_BITCOIN, IN_PLACE_OF_A_KEY);
    let answers = |name, words: &[u8]| peer(name, not_bitcoin, [HearAnything, Say(words.to_vec()), Close]);
    let greets = |name, words: &[u8]| peer(name, not_bitcoin, [Say(words.to_vec())]);
    // Any bytes are a key, and those after them garbage.
    let noise = Truths::v2(Truth::fault(Stage::Transport, "bitcoin.v2.no-terminator", Blame::Mismatch));
    vec![
        answers("http", b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nConnection: close\r\n\r\n"),
        answers("tls-alert", b"\x15\x03\x01\x00\x02\x02\x46"),
        answers("redis", b"-ERR unknown command\r\n"),
        answers("electrum", b"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32700}}\n"),
        greets("ssh", b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"),
        greets("mail", b"220 mail.example ESMTP\r\n"),
        peer("noise", noise, [Flood(Random::new(1).bytes(64 * 1024))]),
        peer("noise-like-json", noise, [SayCut([b"{\"", &Random::new(5).bytes(64 * 1024)[..]].concat())]),
    ]
}

fn with_magic(message: &[u8], magic: Magic) -> Vec<u8> {
    [&magic.0[..], &message[4..]].concat()
}
