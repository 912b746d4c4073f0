//! Which connections may identify the node at an address, the most likely first.

use std::fmt;

use crate::protocol::{Candidate, Identity, Likelihood, Protocol, protocols};

/// Maximum connections of a run.
pub const MOST: usize = 8;

/// One connection.
#[derive(Clone, Debug)]
pub enum Try {
    /// We send nothing.
    Silence,
    /// A handshake.
    Handshake(Candidate),
}

impl fmt::Display for Try {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silence => f.write_str("silence"),
            Self::Handshake(candidate) => f.write_str(&candidate.name),
        }
    }
}

/// Every handshake that may identify the node at this port, the most likely first.
pub fn candidates(identity: &Identity, port: u16) -> Vec<Candidate> {
    match identity.protocol() {
        Some(protocol) => vec![Candidate::of(protocol, Likelihood::Suggested)],
        None => {
            let mut all: Vec<_> = protocols().flat_map(|protocol| protocol.candidates(port)).collect();
            all.sort_by_key(|candidate| candidate.likelihood);
            all
        }
    }
}

/// Every connection that may identify the node at this port, the most useful first. The run makes the first [`MOST`].
pub fn tries(identity: &Identity, port: u16) -> Vec<Try> {
    let candidates = candidates(identity, port);
    let mut likely = candidates.iter().filter(|candidate| candidate.likelihood == Likelihood::Suggested);
    // Do not waste the only connection that a node accepts on silence.
    let silence = likely.all(Candidate::may_be_asked_twice).then_some(Try::Silence);
    silence.into_iter().chain(candidates.into_iter().map(Try::Handshake)).collect()
}

/// The protocols that cannot be tried without the node's key.
pub fn needs_key(identity: &Identity, port: u16) -> Vec<&'static str> {
    let needs_key = |protocol: &&dyn Protocol| {
        *identity == Identity::Any && protocol.form_of_targets().is_some() && protocol.candidates(port).is_empty()
    };
    protocols().filter(needs_key).map(Protocol::name).collect()
}

#[cfg(test)]
mod tests {
    use super::{MOST, needs_key, tries};
    use crate::protocol::{Identity, protocol_named};

    fn first(port: u16) -> Vec<String> {
        tries(&Identity::Any, port).iter().take(MOST).map(ToString::to_string).collect()
    }

    #[test]
    fn silence_comes_first_then_what_the_port_says() {
        assert_eq!(first(18444)[..3], ["silence", "bitcoin-regtest over v2", "bitcoin-regtest over v1"]);
        assert_eq!(first(18080)[..2], ["silence", "monero"]);
        assert_eq!(first(4001)[..2], ["silence", "libp2p"]);
        assert_eq!(
            first(1),
            [
                "silence",
                "bitcoin over v2",
                "libp2p",
                "monero",
                "bitcoin over v1",
                "litecoin over v1",
                "dogecoin over v1",
                "bitcoin-cash over v1"
            ]
        );
    }

    #[test]
    fn a_node_that_takes_one_connection_is_spoken_to_on_it() {
        assert_eq!(first(8233)[0], "zcash over v1");
        let keyed = |name, key: &[u8]| {
            let identity = Identity::of(protocol_named(name).unwrap(), Some(key));
            tries(&identity, 1).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(keyed("ethereum", &[7; 64]), ["ethereum"]);
        assert_eq!(keyed("lightning", &[7; 33]), ["silence", "lightning"]);
    }

    #[test]
    fn every_network_of_monero_is_among_all_of_them() {
        let all: Vec<_> = tries(&Identity::Any, 1).iter().map(ToString::to_string).collect();
        assert!(monero::NETWORKS.iter().all(|network| all.iter().filter(|one| *one == network.name).count() == 1));
    }

    #[test]
    fn nodes_that_answer_only_to_their_key_are_named() {
        assert_eq!(needs_key(&Identity::Any, 1), ["ethereum", "lightning"]);
        assert_eq!(needs_key(&Identity::of(protocol_named("libp2p").unwrap(), None), 1), [""; 0]);
    }
}
