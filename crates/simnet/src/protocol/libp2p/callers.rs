//! One of each kind of libp2p node that calls us, and the expected verdict.

use handshake::{Blame, Role, Stage};
use libp2p::multistream::HEADER;

use super::catalogue::{Cast, on_contact};
use super::wire::names;
use crate::peer::Peer;
use crate::script::Plain::{Close, Say};
use crate::truth::Truth;

/// One of each kind of node that calls us; [`Peer::call`] starts the call.
#[must_use]
pub fn callers() -> Vec<Peer> {
    let cast = Cast { role: Role::Initiator };
    [cast.in_both_roles(), only_callers()].concat()
}

/// Nodes that only exist as callers.
fn only_callers() -> Vec<Peer> {
    let fault = |reason| Truth::fault(Stage::Transport, reason, Blame::Mismatch);
    let proposes = names(&[HEADER, "/tls/1.0.0", "/plaintext/2.0.0"]);
    let endless = names(&[&[HEADER][..], &["/x"; 2000]].concat());
    vec![
        on_contact("tls-only", fault("libp2p.no-noise"), [Say(proposes), Close]),
        on_contact("proposes-without-end", fault("libp2p.proposals"), [Say(endless)]),
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
