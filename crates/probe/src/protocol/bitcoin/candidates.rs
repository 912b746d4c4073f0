//! Handshakes that may identify a node of Bitcoin's family.

use bitcoin::{Chain, Transport};

use super::{BitcoinProtocol, PROTOCOL, options};
use crate::protocol::{Candidate, Likelihood};

/// Networks to try in plain text on every port, those with most nodes first.
const USUAL: [&str; 5] = ["bitcoin", "litecoin", "dogecoin", "bitcoin-cash", "dash"];

/// The candidates at a port, the most likely first: one for each magic in plain text, and one key. Over v2, a node of
/// any network with v2 reveals its own network.
///
/// Some networks ban a peer that sends a key. If the port belongs to such a network, plain text comes first.
pub fn candidates(port: u16) -> Vec<Candidate> {
    let named = |name| Chain::named(name).expect("it is in the table");
    let mut tries = Tries::default();
    for chain in bitcoin::CHAINS.iter().filter(|chain| chain.port == port) {
        if chain.bip324 {
            tries.add(Likelihood::Suggested, chain, Transport::V2);
        }
        tries.add(Likelihood::Suggested, chain, Transport::V1);
    }
    tries.add(Likelihood::AnyNetwork, named("bitcoin"), Transport::V2);
    for name in USUAL {
        tries.add(Likelihood::Usual, named(name), Transport::V1);
    }
    for chain in bitcoin::CHAINS {
        tries.add(Likelihood::Rare, chain, Transport::V1);
    }
    tries.0.into_iter().map(Try::candidate).collect()
}

#[derive(Clone, Copy)]
struct Try {
    likelihood: Likelihood,
    chain: &'static Chain,
    transport: Transport,
}

impl Try {
    fn candidate(self) -> Candidate {
        let Self { likelihood, chain, transport } = self;
        let name = format!("{} over {}", chain.name, transport.name());
        let (network, values) = (Some(BitcoinProtocol::network(chain)), options::over(transport));
        Candidate { name, likelihood, protocol: &PROTOCOL, network, values }
    }

    /// Whether both connections tell the same: the same magic in plain text, or any key.
    fn is_like(&self, other: &Self) -> bool {
        let is_like = || self.transport == Transport::V2 || self.chain.params.magic == other.chain.params.magic;
        self.transport == other.transport && is_like()
    }
}

#[derive(Default)]
struct Tries(Vec<Try>);

impl Tries {
    /// Adds a connection, unless an equivalent one is in the list.
    fn add(&mut self, likelihood: Likelihood, chain: &'static Chain, transport: Transport) {
        let new = Try { likelihood, chain, transport };
        if !self.0.iter().any(|old| old.is_like(&new)) {
            self.0.push(new);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bitcoin::Chain;

    use super::candidates;
    use crate::protocol::Likelihood;

    #[test]
    fn every_magic_is_among_them_once() {
        let all = candidates(1);
        let plain = all.iter().filter(|candidate| candidate.name.ends_with(" over v1"));
        let chains = plain.map(|candidate| Chain::named(candidate.network.unwrap().name).unwrap());
        let magics: Vec<_> = chains.map(|chain| chain.params.magic.0).collect();
        let known: BTreeSet<_> = bitcoin::CHAINS.iter().map(|chain| chain.params.magic.0).collect();
        assert_eq!((magics.len(), magics.into_iter().collect::<BTreeSet<_>>()), (known.len(), known));
    }

    #[test]
    fn they_come_in_the_order_of_their_likelihood_and_can_be_configured() {
        for port in [1, 8333, 18444] {
            let all = candidates(port);
            assert!(all.is_sorted_by_key(|candidate| candidate.likelihood), "{port}");
            assert!(all.iter().all(|candidate| candidate.side().is_ok()), "{port}");
            assert_eq!(all[0].likelihood == Likelihood::Suggested, port > 1);
        }
    }
}
