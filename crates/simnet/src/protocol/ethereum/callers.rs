//! One of each kind of Ethereum node that calls us, and the expected verdict.

use ethereum::auth::Auth;
use ethereum::{Local, Rlpx};
use handshake::{Blame, Role, Stage};

use super::catalogue::in_both_roles;
use super::script::Act::{Answer, Introduce, Keys, KeysWith, Tell};
use super::script::peer;
use super::wire::{STATUS, called_key, chain, fresh, hello, key, node, status};
use crate::peer::Peer;
use crate::recording::record;
use crate::script::Plain::Say;
use crate::truth::Truth;

/// One of each kind of node that calls us with our key, [`CALLED_KEY`](crate::CALLED_KEY); [`Peer::call`] starts the
/// call.
#[must_use]
pub fn callers() -> Vec<Peer> {
    [in_both_roles(Role::Initiator), only_callers()].concat()
}

/// Nodes that only exist as callers.
fn only_callers() -> Vec<Peer> {
    let transport = |reason, blame| Truth::fault(Stage::Transport, reason, blame);
    let mac = Truth::fault(Stage::Hello, "ethereum.mac", Blame::Peer);
    let says_all = |name, truth, change: fn(&mut Auth)| {
        peer(name, truth, [KeysWith(change), Introduce(hello()), Tell(STATUS, status(&chain())), Answer])
    };
    let called = called_key(true);
    let recording = record(
        Rlpx::initiator(node(&[69]), fresh(usize::MAX), called.public()),
        Rlpx::responder(Local::new(called), fresh(usize::MAX - 1)),
    );
    vec![
        peer("ethereum-wrong-key", transport("ethereum.wrong-key", Blame::Mismatch), [Keys]).misnamed(),
        peer("ethereum-replay", mac, [Say(recording)]),
        // Any version in an auth is accepted. (EIP-8)
        says_all("ethereum-auth-of-version-77", Truth::OK, |auth| auth.version = 77),
        says_all("ethereum-signed-by-no-key", transport("ethereum.signature", Blame::Peer), |auth| {
            auth.signature = [0xff; 65];
        }),
        // Then the recovered ephemeral key is wrong.
        says_all("ethereum-nonce-changed", mac, |auth| auth.nonce[0] ^= 1),
        // It cannot decrypt the ack, which is for the holder of the stolen key.
        says_all("ethereum-stolen-key", Truth::ends(Stage::Hello, "timeout"), |auth| {
            auth.key = key(false).public();
        }),
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
