//! Compares the table of networks with published fork hashes.

mod common;

use std::collections::HashSet;

use common::hash;
use verack_ethereum::fork_id::{Head, is_time};
use verack_ethereum::network::{END, NETWORKS, Network, name_of};
use verack_ethereum::{Error, ForkId};

/// Published fork hashes: of mainnet, Sepolia, Holesky and Hoodi from EIP-2124 and `@ethereumjs/common` 10
/// (src/chains.ts), Sepolia's last from geth 1.17.10, of Classic from core-geth (core/forkid/forkid_test.go).
const PUBLISHED: &[(&str, &str, u32)] = &[
    ("ethereum", "frontier", 0xfc64_ec04),
    ("ethereum", "homestead", 0x97c2_c34c),
    ("ethereum", "dao", 0x91d1_f948),
    ("ethereum", "tangerine-whistle", 0x7a64_da13),
    ("ethereum", "spurious-dragon", 0x3edd_5b10),
    ("ethereum", "byzantium", 0xa00b_c324),
    ("ethereum", "petersburg", 0x668d_b0af),
    ("ethereum", "istanbul", 0x879d_6e30),
    ("ethereum", "muir-glacier", 0xe029_e991),
    ("ethereum", "berlin", 0x0eb4_40f6),
    ("ethereum", "london", 0xb715_077d),
    ("ethereum", "arrow-glacier", 0x20c3_27fc),
    ("ethereum", "gray-glacier", 0xf0af_d0e3),
    ("ethereum", "shanghai", 0xdce9_6c2d),
    ("ethereum", "cancun", 0x9f3d_2254),
    ("ethereum", "prague", 0xc376_cf8b),
    ("ethereum", "osaka", 0x5167_e2a6),
    ("ethereum", "bpo1", 0xcba2_a1c0),
    ("ethereum", "bpo2", 0x07c9_462e),
    ("ethereum-classic", "thanos", 0xdb63_a1ca),
    ("ethereum-classic", "magneto", 0x0f6b_f187),
    ("ethereum-classic", "mystique", 0x7fd1_bb25),
    ("ethereum-classic", "spiral", 0xbe46_d57c),
    ("sepolia", "frontier", 0xfe33_66e7),
    ("sepolia", "merge-netsplit", 0xb96c_bd13),
    ("sepolia", "shanghai", 0xf7f9_bc08),
    ("sepolia", "cancun", 0x88cf_81d9),
    ("sepolia", "prague", 0xed88_b5fd),
    ("sepolia", "bpo2", 0x2689_56b6),
    ("sepolia", "amsterdam", 0x6c1d_9423),
    ("holesky", "frontier", 0xc61a_6098),
    ("holesky", "shanghai", 0xfd4f_016b),
    ("holesky", "cancun", 0x9b19_2ad0),
    ("holesky", "prague", 0xdfbd_9bed),
    ("hoodi", "frontier", 0xbef7_1d30),
    ("hoodi", "prague", 0x0929_e24e),
    ("hoodi", "bpo2", 0x23aa_1351),
    ("gnosis", "frontier", 0xf649_09b1),
];

#[test]
fn every_published_fork_hash_is_named() {
    for (network, fork, published) in PUBLISHED {
        let network = Network::named(network).unwrap();
        let passed = network.forks.iter().position(|known| known.name == *fork).map_or(0, |at| at + 1);
        let next = network.forks.get(passed).map_or(0, |fork| fork.at);
        let fork_id = ForkId { hash: published.to_be_bytes(), next };
        assert_eq!(network.fork_named(fork_id), Some(*fork), "{}", network.name);
        assert_eq!(Network::of(network.network_id, network.genesis, fork_id), Some(network), "{fork}");
    }
}

#[test]
fn a_chain_shared_by_two_networks_is_told_apart_by_its_forks() {
    let [mainnet, classic] = ["ethereum", "ethereum-classic"].map(|name| Network::named(name).unwrap());
    let of = |hash: u32, next| {
        let fork_id = ForkId { hash: hash.to_be_bytes(), next };
        Network::of(1, mainnet.genesis, fork_id).unwrap().name
    };
    assert_eq!(of(0xbe46_d57c, 0), "ethereum-classic");
    assert_eq!(of(0x97c2_c34c, 1_920_000), "ethereum");
    assert_eq!(of(0x97c2_c34c, 2_500_000), "ethereum-classic");
    assert_eq!(of(0x1234_5678, 0), "ethereum", "a fork that is not known yet");
    assert_eq!(Network::of(56, mainnet.genesis, classic.fork_id(END)), None, "another number is another network");
    assert_eq!(mainnet.fork_named(classic.fork_id(END)), None);
}

#[test]
fn forks_ascend_and_names_are_unique() {
    let names: HashSet<_> = NETWORKS.iter().map(|network| network.name).collect();
    assert_eq!(names.len(), NETWORKS.len());
    for network in NETWORKS {
        assert!(network.forks.is_sorted_by(|a, b| a.at < b.at), "{}", network.name);
        assert_eq!(name_of(network.network_id).and_then(Network::named).unwrap().network_id, network.network_id);
    }
}

#[test]
fn forks_by_time_pass_by_time() {
    let mainnet = Network::named("ethereum").unwrap();
    let at = |block, time| mainnet.fork_named(mainnet.fork_id(Head { block, time })).unwrap();
    assert_eq!(at(15_050_000, 1_681_338_454), "gray-glacier");
    assert_eq!(at(17_034_870, 1_681_338_455), "shanghai");
    assert!(is_time(1_681_338_455) && !is_time(15_050_000));
}

#[test]
fn what_differs_is_named_where_it_has_a_name() {
    let genesis = |name| Network::named(name).unwrap().genesis;
    let error = Error::Genesis { theirs: genesis("sepolia"), ours: hash(common::GENESIS) };
    assert!(error.to_string().contains("(sepolia), ours d4e5") && error.to_string().ends_with("(ethereum)"), "{error}");
}
