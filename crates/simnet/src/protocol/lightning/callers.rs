//! One of each kind of Lightning node that calls us, and the expected verdict.

use handshake::{Blame, Role, Stage};
use lightning::{Hello, Local};

use super::catalogue::in_both_roles;
use super::script::Act::{BentActThree, Keys, Knock, Seal};
use super::script::peer;
use super::wire::{USUAL, called_key, init, introduction, node};
use crate::peer::Peer;
use crate::recording::record;
use crate::script::Plain::{Close, Flood, Say};
use crate::script::acts;
use crate::truth::Truth;

/// One of each kind of node that calls us with our key, [`CALLED_KEY`](crate::CALLED_KEY); [`Peer::call`] starts the
/// call.
#[must_use]
pub fn callers() -> Vec<Peer> {
    [in_both_roles(Role::Initiator), only_callers()].concat()
}

/// Nodes that only exist as callers.
fn only_callers() -> Vec<Peer> {
    let ends = |reason| Truth::ends(Stage::Transport, reason);
    let fault = |reason, blame| Truth::fault(Stage::Transport, reason, blame);
    let mac = fault("lightning.mac", Blame::Peer);
    let called = called_key(true);
    let recording = record(
        Hello::initiator(node(&introduction(USUAL), usize::MAX), called.node_id()),
        Hello::responder(Local { static_key: called, ..node(&introduction(USUAL), usize::MAX - 1) }),
    );
    vec![
        peer("lightning-wrong-key", fault("lightning.mac", Blame::Mismatch), [Keys]).misnamed(),
        peer("lightning-replay", mac, [Say(recording)]),
        peer("lightning-close-after-act-two", ends("closed"), acts![Knock, Close]),
        peer("lightning-silent-after-act-two", ends("timeout"), [Knock]),
        peer("lightning-close-inside-act-three", ends("closed"), acts![Knock, Say(vec![0; 65]), Close]),
        peer("lightning-zeros-for-act-three", mac, acts![Knock, Flood(vec![0; 10_000])]),
        peer(
            "lightning-act-three-of-version-1",
            fault("lightning.version", Blame::Mismatch),
            [BentActThree(0), Seal(init(introduction(USUAL)))],
        ),
        peer("lightning-key-in-act-three", mac, [BentActThree(10), Seal(init(introduction(USUAL)))]),
        peer("lightning-tag-of-act-three", mac, [BentActThree(65), Seal(init(introduction(USUAL)))]),
    ]
}

#[cfg(test)]
mod tests {
    use super::callers;
    use crate::peer::tests::assert_named_apart;

    #[test]
    fn every_caller_has_its_own_name() {
        assert_named_apart(&callers());
    }
}
