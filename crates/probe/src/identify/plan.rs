//! Which connections may identify the node at an address, the most likely first.

use std::fmt;

use crate::protocol::{Identity, Protocol, TransportChoice, at_port, may_be_asked_twice};

/// Maximum connections of a run.
pub const MOST: usize = 8;

/// One connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Try {
    /// We send nothing.
    Silence,
    /// A handshake as a node of this network. Over v2, a node of any network with v2 reveals its own network.
    Bitcoin(&'static bitcoin::Chain, TransportChoice),
    /// multistream-select: every libp2p node accepts it, on any network.
    Libp2p,
    /// A request; a Monero node of any network answers it with its own network id, or closes.
    Monero(&'static monero::Network),
    /// A handshake with the key in the target.
    Keyed(&'static dyn Protocol),
}

impl fmt::Display for Try {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silence => f.write_str("silence"),
            Self::Bitcoin(chain, TransportChoice::V2) => write!(f, "{} over v2", chain.name),
            Self::Bitcoin(chain, _) => write!(f, "{} over v1", chain.name),
            Self::Libp2p => f.write_str("libp2p"),
            Self::Monero(network) => f.write_str(network.name),
            Self::Keyed(protocol) => f.write_str(protocol.name()),
        }
    }
}

/// Networks to try in plain text on every port, those with most nodes first.
const USUAL: [&str; 5] = ["bitcoin", "litecoin", "dogecoin", "bitcoin-cash", "dash"];

/// Every connection that may identify the node at this port, the most useful first. The run makes the first [`MOST`];
/// the full list covers each magic and each other protocol.
pub fn tries(identity: &Identity, port: u16) -> Vec<Try> {
    let mut tries = vec![Try::Silence];
    if let Some(protocol) = identity.protocol() {
        // geth accepts one connection from an address in 30 s, so do not waste it on silence. (p2p/server.go
        // inboundThrottleTime)
        if protocol.name() == "ethereum" {
            tries.clear();
        }
        tries.push(Try::Keyed(protocol));
        return tries;
    }
    let bitcoin = |name| bitcoin::Chain::named(name).expect("it is in the table");
    let chains_at_port = || bitcoin::CHAINS.iter().filter(|chain| chain.port == port);
    if !chains_at_port().all(|chain| may_be_asked_twice(chain.name)) {
        tries.clear();
    }
    for chain in chains_at_port() {
        if chain.bip324 {
            add(&mut tries, Try::Bitcoin(chain, TransportChoice::V2));
        }
        add(&mut tries, Try::Bitcoin(chain, TransportChoice::V1));
    }
    monero::NETWORKS
        .iter()
        .filter(|network| network.port == port)
        .for_each(|network| add(&mut tries, Try::Monero(network)));
    if at_port(port).contains(&"IPFS") {
        add(&mut tries, Try::Libp2p);
    }
    // Some networks ban a peer that sends a key. If the port belongs to such a network, plain text was tried first.
    add(&mut tries, Try::Bitcoin(bitcoin("bitcoin"), TransportChoice::V2));
    add(&mut tries, Try::Libp2p);
    monero::NETWORKS.first().into_iter().for_each(|network| add(&mut tries, Try::Monero(network)));
    for name in USUAL {
        add(&mut tries, Try::Bitcoin(bitcoin(name), TransportChoice::V1));
    }
    for chain in bitcoin::CHAINS {
        add(&mut tries, Try::Bitcoin(chain, TransportChoice::V1));
    }
    monero::NETWORKS.iter().for_each(|network| add(&mut tries, Try::Monero(network)));
    tries
}

/// Adds a connection, unless an equivalent one is in the list: the same magic in plain text, or any key.
fn add(tries: &mut Vec<Try>, new: Try) {
    let tells_the_same = |old: &Try| match (*old, new) {
        (Try::Bitcoin(old, old_transport), Try::Bitcoin(new, new_transport)) => {
            old_transport == new_transport
                && (new_transport == TransportChoice::V2 || old.params.magic == new.params.magic)
        }
        (old, new) => old == new,
    };
    if !tries.iter().any(tells_the_same) {
        tries.push(new);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{MOST, Try, tries};
    use crate::protocol::{Identity, protocol_named};

    fn first(port: u16) -> Vec<String> {
        tries(&Identity::Any, port).iter().take(MOST).map(ToString::to_string).collect()
    }

    #[test]
    fn silence_comes_first_then_what_the_port_says() {
        assert_eq!(first(18444)[..3], ["silence", "bitcoin-regtest over v2", "bitcoin-regtest over v1"]);
        assert_eq!(first(18080)[..2], ["silence", "monero"]);
        assert_eq!(first(4001)[..2], ["silence", "libp2p"]);
        assert_eq!(first(1)[..4], ["silence", "bitcoin over v2", "libp2p", "monero"]);
    }

    #[test]
    fn a_node_that_takes_one_connection_is_spoken_to_on_it() {
        assert_eq!(first(8233)[0], "zcash over v1");
        let ethereum = protocol_named("ethereum").unwrap();
        assert_eq!(tries(&Identity::of(ethereum, Some(&[7; 64])), 30303), [Try::Keyed(ethereum)]);
    }

    #[test]
    fn every_magic_and_every_network_of_monero_is_among_all_of_them() {
        let all = tries(&Identity::Any, 1);
        let magics: BTreeSet<_> = all
            .iter()
            .filter_map(|one| match one {
                Try::Bitcoin(chain, _) => Some(chain.params.magic.0),
                _ => None,
            })
            .collect();
        assert!(bitcoin::CHAINS.iter().all(|chain| magics.contains(&chain.params.magic.0)));
        assert!(monero::NETWORKS.iter().all(|network| all.contains(&Try::Monero(network))));
    }
}
