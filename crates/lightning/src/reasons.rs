//! The reason codes of Lightning's handshake, and their meanings.

use handshake::{Blame, Reason};

/// All codes, in the order of the documentation.
pub const REASONS: &[Reason] = &[
    Reason::of(
        "lightning.version",
        Blame::Mismatch,
        "an act starts with another version: no Lightning node, or a much newer one",
    ),
    Reason::of("lightning.point", Blame::Peer, "the key in an act is none"),
    Reason::of(
        "lightning.mac",
        Blame::Peer,
        "a tag is wrong; in act two: it does not have the key that we dialled (mismatch, if it dialled us and means another key)",
    ),
    Reason::of("lightning.malformed", Blame::Peer, "a message that cannot be read"),
    Reason::of("lightning.unexpected", Blame::Peer, "another message before its `init`"),
    Reason::of("lightning.feature", Blame::Mismatch, "it requires a feature that we do not know"),
    Reason::of("lightning.network", Blame::Mismatch, "it is on other chains than the one we asked for"),
    Reason::of(
        "lightning.error",
        Blame::Refused,
        "it sent an `error`, before its `init` or behind ours; the sentence has its words",
    ),
    Reason::of("lightning.warning", Blame::Refused, "it sent a `warning` and closed the connection"),
    Reason::of("lightning.self-connect", Blame::Local, "it has our own key: we reached ourselves"),
    Reason::of("lightning.ping-flood", Blame::Peer, "it asks for more pongs than anybody needs"),
    Reason::remark("lightning.network-unknown", "named no chain, although we asked for one"),
];
