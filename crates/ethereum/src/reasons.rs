//! The reason codes of Ethereum's handshake, and their meanings.

use handshake::{Blame, Reason};

/// All codes, in the order of the documentation.
pub const REASONS: &[Reason] = &[
    Reason::of("ethereum.not-rlpx", Blame::Mismatch, "its first bytes are no auth or ack"),
    Reason::of("ethereum.wrong-key", Blame::Mismatch, "it dialled us, and its auth is for another key than ours"),
    Reason::of("ethereum.mac", Blame::Peer, "a MAC is wrong: something was changed, or it does not know the secrets"),
    Reason::of("ethereum.point", Blame::Peer, "what should be a public key is none"),
    Reason::of("ethereum.signature", Blame::Peer, "the signature in its auth is by no key"),
    Reason::of("ethereum.malformed", Blame::Peer, "a message that cannot be read"),
    Reason::of("ethereum.snappy", Blame::Peer, "a message that cannot be decompressed, or would be too long"),
    Reason::of("ethereum.oversized", Blame::Peer, "a frame announces more than its Hello may have"),
    Reason::of("ethereum.unexpected", Blame::Peer, "another message before its Hello"),
    Reason::of("ethereum.identity", Blame::Peer, "the node id in its Hello is not the key that it shook hands with"),
    Reason::of("ethereum.self-connect", Blame::Local, "it has our own key: we reached ourselves"),
    Reason::of("ethereum.no-shared-eth", Blame::Mismatch, "no version of `eth` that both speak"),
    Reason::of("ethereum.eth-version", Blame::Peer, "its Status is of another version than was agreed"),
    Reason::of("ethereum.network-id", Blame::Mismatch, "its network id is not the one we asked for"),
    Reason::of("ethereum.genesis", Blame::Mismatch, "its first block is not the one we asked for"),
    Reason::of(
        "ethereum.fork-id",
        Blame::Mismatch,
        "its fork id does not fit the network we asked for: another chain, or software that is too old",
    ),
    Reason::of("ethereum.disconnect.requested", Blame::Refused, "it disconnected, and says that it was asked to"),
    Reason::of("ethereum.disconnect.tcp-error", Blame::Network, "it says that the connection broke"),
    Reason::of("ethereum.disconnect.breach-of-protocol", Blame::Refused, "it says that we broke the protocol"),
    Reason::of("ethereum.disconnect.useless-peer", Blame::Mismatch, "it has nothing in common with us"),
    Reason::of("ethereum.disconnect.too-many-peers", Blame::Refused, "it is up, and full"),
    Reason::of("ethereum.disconnect.already-connected", Blame::Refused, "our node id is connected to it already"),
    Reason::of(
        "ethereum.disconnect.incompatible-version",
        Blame::Mismatch,
        "it does not speak our version of the base protocol",
    ),
    Reason::of("ethereum.disconnect.null-identity", Blame::Refused, "it says that our node id is no key"),
    Reason::of("ethereum.disconnect.quitting", Blame::Refused, "it is about to stop"),
    Reason::of("ethereum.disconnect.unexpected-identity", Blame::Mismatch, "it looked for another node than us"),
    Reason::of("ethereum.disconnect.self", Blame::Local, "our node id is its own"),
    Reason::of("ethereum.disconnect.ping-timeout", Blame::Network, "it says that we did not answer its ping"),
    Reason::of(
        "ethereum.disconnect.subprotocol",
        Blame::Mismatch,
        "our Status does not suit it: as a rule another network or fork",
    ),
    Reason::of(
        "ethereum.disconnect.other",
        Blame::Refused,
        "a reason that has no name; the sentence and `reason_number` have its number",
    ),
    Reason::remark(
        "ethereum.fork-ahead",
        "follows or awaits a fork of the network we asked for that this program does not know",
    ),
];
