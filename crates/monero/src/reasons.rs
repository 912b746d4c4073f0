//! The reason codes of Monero's handshake, and their meanings.

use handshake::{Blame, Reason};

/// All codes, in the order of the documentation.
pub const REASONS: &[Reason] = &[
    Reason::of("monero.not-levin", Blame::Mismatch, "its first message does not start as Levin's do: no Monero node"),
    Reason::of("monero.out-of-sync", Blame::Peer, "a later message does not start so"),
    Reason::of("monero.version", Blame::Mismatch, "its framing has another version"),
    Reason::of("monero.flags", Blame::Peer, "the flags of a message have no meaning"),
    Reason::of("monero.oversized", Blame::Peer, "a message announces more than it may have"),
    Reason::of("monero.malformed", Blame::Peer, "a message that cannot be read, or has a key twice"),
    Reason::of("monero.limit", Blame::Peer, "more sections, entries, strings or peers in a message than there may be"),
    Reason::of("monero.unexpected", Blame::Peer, "a message that has no place in the handshake"),
    Reason::of("monero.network", Blame::Mismatch, "its network id is another network's"),
    Reason::of(
        "monero.return-code",
        Blame::Refused,
        "it answered our request with an error; the sentence has its number",
    ),
    Reason::of("monero.self-connect", Blame::Local, "it has our own peer id: we reached ourselves"),
];
