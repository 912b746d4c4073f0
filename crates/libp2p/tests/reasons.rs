//! The stable reason codes, with blame and an example of the sentence that goes with each.

use testing::{assert_explained, reasons};
use verack_libp2p::error::Malformed;
use verack_libp2p::yamux::{Reason, StreamError};
use verack_libp2p::{Error, Identity, KeyType};

#[test]
fn every_reason_has_a_code_a_blame_and_a_sentence() {
    insta::assert_snapshot!(reasons(&every_error()));
}

#[test]
fn every_reason_is_explained_and_none_is_invented() {
    assert_explained(&every_error(), verack_libp2p::REASONS);
}

fn every_error() -> Vec<Error> {
    let malformed = |message, what| Error::Malformed { message, what };
    let [theirs, dialled] = [1, 2].map(|byte| Identity::new([byte; 32]).peer_id());
    vec![
        Error::NotLibp2p,
        Error::NoNoise { theirs: [].into() },
        Error::NoNoise { theirs: ["/tls/1.0.0".into()].into() },
        Error::Proposals(16),
        Error::Answer { expected: "/noise", found: "\x1b[2J".into() },
        Error::NoiseLength { message: 2, len: 95, least: 96, most: 4096 },
        Error::NoiseLength { message: 2, len: 65_535, least: 96, most: 4096 },
        Error::Oversized { message: "identify", len: 65_537, most: 65_536 },
        Error::Mac(Some(2)),
        Error::Mac(None),
        Error::WeakKey(2),
        malformed("protocol name", Malformed::NoNewline),
        malformed("protocol name", Malformed::TooLong("length")),
        malformed("Noise payload", Malformed::EndsIn("field")),
        malformed("Noise payload", Malformed::NotMinimal("length of a field")),
        malformed("Noise payload", Malformed::Missing("signature")),
        malformed("identity", Malformed::NotCanonical("key")),
        malformed("Noise payload", Malformed::Twice("identity")),
        malformed("identify", Malformed::Type("agent")),
        Error::KeyType(4),
        Error::Key(KeyType::Rsa),
        Error::Signature(KeyType::Ed25519),
        Error::PeerId { theirs, dialled },
        Error::SelfConnect,
        Error::NoMuxer { theirs: ["/mplex/6.7.0", "/a", "/b", "/c"].map(Into::into).into() },
        Error::Yamux("a frame is not of version 0"),
        Error::StreamFlood(32),
        Error::GoAway(Reason(0)),
        Error::GoAway(Reason(1)),
        Error::GoAway(Reason(2)),
        Error::GoAway(Reason(9)),
        Error::GoAway(Reason(0x1005)),
        Error::NoIdentify { closed: false, why: None },
        Error::NoIdentify { closed: true, why: None },
        Error::NoIdentify { closed: true, why: Some(StreamError(0x1002)) },
        Error::Identity,
    ]
}
