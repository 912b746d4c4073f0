//! One of each kind of Monero node that calls us, and the expected verdict.

use handshake::Role;
use monero::Network;

use super::catalogue::Cast;
use crate::peer::Peer;

/// One of each kind of node that calls us, on this network; [`Peer::call`] starts the call.
#[must_use]
pub fn callers(network: &'static Network) -> Vec<Peer> {
    Cast::of(Role::Initiator, network).all()
}

#[cfg(test)]
mod tests {
    use monero::NETWORKS;

    use super::callers;
    use crate::peer::tests::assert_named_apart;

    #[test]
    fn every_caller_has_its_own_name() {
        for network in NETWORKS {
            assert_named_apart(&callers(network));
        }
    }
}
