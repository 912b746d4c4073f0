//! The reason codes of libp2p's handshake, and their meanings.

use handshake::{Blame, Reason};

/// All codes, in the order of the documentation.
pub const REASONS: &[Reason] = &[
    Reason::of(
        "libp2p.not-libp2p",
        Blame::Mismatch,
        "its first bytes are not multistream-select's; those of a private network's node are not, either",
    ),
    Reason::of(
        "libp2p.no-noise",
        Blame::Mismatch,
        "it turned Noise down, as a node does that speaks TLS alone; the sentence says what it speaks instead, if it told",
    ),
    Reason::of("libp2p.proposals", Blame::Mismatch, "it dialled us and proposed 16 protocols, none of which we speak"),
    Reason::of("libp2p.unexpected", Blame::Peer, "it named another protocol than belongs there"),
    Reason::of(
        "libp2p.malformed",
        Blame::Peer,
        "a name, payload or introduction that cannot be read, or is not written in the one way that there is",
    ),
    Reason::of(
        "libp2p.oversized",
        Blame::Local,
        "a message, frame or introduction is longer than we read, though the protocol allows it (peer, if a message of Noise's handshake is too short for its keys)",
    ),
    Reason::of(
        "libp2p.weak-key",
        Blame::Peer,
        "its key for the connection is of small order: anybody would know the secret",
    ),
    Reason::of("libp2p.mac", Blame::Peer, "a tag is wrong: something was changed on the way"),
    Reason::of("libp2p.key-type", Blame::Mismatch, "its identity is a key of a kind that we do not know"),
    Reason::of("libp2p.key", Blame::Peer, "its identity is no key, or one that anybody can sign for"),
    Reason::of("libp2p.signature", Blame::Peer, "it cannot prove its identity"),
    Reason::of("libp2p.peer-id", Blame::Mismatch, "it is another than the one that the target names"),
    Reason::of("libp2p.self-connect", Blame::Local, "it has our own identity: we reached ourselves"),
    Reason::of(
        "libp2p.no-muxer",
        Blame::Mismatch,
        "it does not speak yamux; the sentence says what it speaks instead, if it told",
    ),
    Reason::of("libp2p.yamux", Blame::Peer, "a frame breaks the rules of yamux"),
    Reason::of(
        "libp2p.stream-flood",
        Blame::Peer,
        "it went on opening streams, 128 times beyond the 32 that it may have open",
    ),
    Reason::of("libp2p.go-away", Blame::Refused, "it said goodbye before it introduced itself"),
    Reason::of(
        "libp2p.no-identify",
        Blame::Mismatch,
        "it does not introduce itself (refused, if it closed the stream on which we asked)",
    ),
    Reason::of(
        "libp2p.identity",
        Blame::Peer,
        "it introduces itself with another identity than the one that it proved",
    ),
    Reason::remark(
        "libp2p.long-identify",
        "its introduction is longer than the 16 KiB that are read, so its lists may be longer than told",
    ),
    Reason::remark(
        "libp2p.open-identify",
        "did not close the stream of its introduction, so more may have been to come",
    ),
];
