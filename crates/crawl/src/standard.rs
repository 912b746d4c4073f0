//! What a network's DNS seeder requires of the peers that it hands out.

use bitcoin::Chain;
use peers::Standard;

/// The requirements on this network. On an unknown one, every peer passes.
pub fn standard(network: Option<&str>) -> Standard {
    let chain = network.and_then(Chain::named);
    let (version, height) = match chain {
        // The values of Bitcoin's own seeder. (bitcoin-seeder: bitcoin.h REQUIRE_HEIGHT, db.h IsGood)
        Some(chain) if chain.name == "bitcoin" => (70_001, 350_000),
        Some(chain) => (chain.params.min_peer_version.into(), 0),
        None => (0, 0),
    };
    let port = chain.map_or(0, |chain| chain.port);
    Standard { port, version, height, routable: discover::is_globally_routable }
}

#[cfg(test)]
mod tests {
    use super::standard;

    #[test]
    fn each_network_has_its_own_port_and_version() {
        let of = |network| {
            let standard = standard(network);
            (standard.port, standard.version, standard.height)
        };
        assert_eq!(of(Some("bitcoin")), (8333, 70_001, 350_000));
        let (port, version, height) = of(Some("litecoin"));
        assert_eq!((port, height), (9333, 0));
        assert!(version > 0);
        assert_eq!(of(Some("nosuch")), of(None));
        assert_eq!(of(None), (0, 0, 0));
    }
}
