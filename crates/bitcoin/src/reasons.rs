//! The reason codes of Bitcoin's handshake, and their meanings.

use handshake::{Blame, Reason};

/// All codes, in the order of the documentation.
pub const REASONS: &[Reason] = &[
    Reason::of("bitcoin.magic", Blame::Mismatch, "its messages start with another network's magic"),
    Reason::of("bitcoin.not-bitcoin", Blame::Mismatch, "its first bytes are HTTP, TLS, SSH, ..."),
    Reason::of(
        "bitcoin.no-message",
        Blame::Mismatch,
        "over v1: its first bytes are no message and none of those: most likely it speaks BIP324 and took us for a node that does",
    ),
    Reason::of("bitcoin.out-of-sync", Blame::Peer, "a later message does not start with the magic"),
    Reason::of(
        "bitcoin.oversized",
        Blame::Peer,
        "a header announces more than the protocol allows, or a `version` or `verack` is longer than we read",
    ),
    Reason::of(
        "bitcoin.checksum",
        Blame::Peer,
        "a payload does not match its checksum (mismatch, if it is right by another network's kind)",
    ),
    Reason::of("bitcoin.malformed", Blame::Peer, "a `version` or `feature` that cannot be read"),
    Reason::of("bitcoin.unexpected", Blame::Peer, "a `feature` that the lower of the two versions does not know"),
    Reason::of(
        "bitcoin.obsolete",
        Blame::Mismatch,
        "its protocol version is below the network's minimum, or that of `--min-version`",
    ),
    Reason::of("bitcoin.services", Blame::Mismatch, "it lacks services that `--require-services` asks for"),
    Reason::of("bitcoin.self-connect", Blame::Local, "it sent our own nonce: we reached ourselves"),
    Reason::of("bitcoin.rejected", Blame::Refused, "it turned our version away and said why (BIP61)"),
    Reason::of(
        "bitcoin.v1-only",
        Blame::Mismatch,
        "over v2: it answered our key with a plaintext message; or it closed without a byte, and its network's nodes speak only v1, or over v1 it does not offer v2",
    ),
    Reason::of(
        "bitcoin.v2.closed",
        Blame::Network,
        "it closed on our key without a byte, and nothing else is known: it speaks only v1, limits keys, is full, or has banned us",
    ),
    Reason::of(
        "bitcoin.v2.refused",
        Blame::Refused,
        "it closed on our key without a byte although it offers v2, or did so before: it limits keys, or is full",
    ),
    Reason::of("bitcoin.v2.echo", Blame::Mismatch, "it sent our own key back"),
    Reason::of(
        "bitcoin.v2.no-terminator",
        Blame::Mismatch,
        "the garbage behind its key has no end that our keys know: other keys, another network",
    ),
    Reason::of("bitcoin.v2.tag", Blame::Peer, "a packet is not authentic: it was changed on the way"),
    Reason::of("bitcoin.v2.too-long", Blame::Peer, "a packet claims more bytes than any message has"),
    Reason::of("bitcoin.v2.decoys", Blame::Peer, "more than 128 KiB of decoys before the handshake was over"),
    Reason::remark(
        "bitcoin.trailing-bytes",
        "sent bytes behind the last field of its `version`, beyond those that its network adds",
    ),
    Reason::remark("bitcoin.version-again", "introduced itself more than once"),
    Reason::remark("bitcoin.early-verack", "sent `verack` before its `version`"),
    Reason::remark("bitcoin.payload", "sent bytes in a message that has no fields"),
    Reason::remark(
        "bitcoin.late-extension",
        "announced an extension after its `verack`, as far as that had arrived with it, in plain text",
    ),
    Reason::remark("bitcoin.unreadable", "sent a message that cannot be read, and that the handshake can do without"),
    Reason::remark("bitcoin.clock", "has a clock that is more than 70 minutes from ours"),
];
