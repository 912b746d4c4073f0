//! The networks with names.

use handshake::from_hex;

use crate::fork_id::{ForkId, Head};
use crate::hash::Hash;

/// A network: a chain, and the id by which its nodes recognise each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its name.
    pub name: &'static str,
    /// The id that its nodes announce in Status.
    pub network_id: u64,
    /// The hash of its first block.
    pub genesis: Hash,
    /// Its forks in ascending order, each with its name; empty if unknown.
    pub forks: &'static [Fork],
}

/// A change of a chain's rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fork {
    /// Its block, or its time in seconds since 1970.
    pub at: u64,
    /// Its name.
    pub name: &'static str,
}

const fn fork(at: u64, name: &'static str) -> Fork {
    Fork { at, name }
}

/// The name of the rules before the first fork.
pub const FRONTIER: &str = "frontier";

const MAINNET_GENESIS: Hash = Hash(from_hex("d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"));

/// All known networks. Sources: geth (params/config.go), core-geth (params/config_classic.go), and erigon
/// (params/config.go) for those without forks; `tests/networks.rs` has the published fork hashes.
pub const NETWORKS: &[Network] = &[
    Network {
        name: "ethereum",
        network_id: 1,
        genesis: MAINNET_GENESIS,
        forks: &[
            fork(1_150_000, "homestead"),
            fork(1_920_000, "dao"),
            fork(2_463_000, "tangerine-whistle"),
            fork(2_675_000, "spurious-dragon"),
            fork(4_370_000, "byzantium"),
            fork(7_280_000, "petersburg"),
            fork(9_069_000, "istanbul"),
            fork(9_200_000, "muir-glacier"),
            fork(12_244_000, "berlin"),
            fork(12_965_000, "london"),
            fork(13_773_000, "arrow-glacier"),
            fork(15_050_000, "gray-glacier"),
            fork(1_681_338_455, "shanghai"),
            fork(1_710_338_135, "cancun"),
            fork(1_746_612_311, "prague"),
            fork(1_764_798_551, "osaka"),
            fork(1_765_290_071, "bpo1"),
            fork(1_767_747_671, "bpo2"),
        ],
    },
    Network {
        // It has mainnet's first block and network id; only its forks differ.
        name: "ethereum-classic",
        network_id: 1,
        genesis: MAINNET_GENESIS,
        forks: &[
            fork(1_150_000, "homestead"),
            fork(2_500_000, "eip150"),
            fork(3_000_000, "die-hard"),
            fork(5_000_000, "gotham"),
            fork(5_900_000, "defuse-difficulty-bomb"),
            fork(8_772_000, "atlantis"),
            fork(9_573_000, "agharta"),
            fork(10_500_839, "phoenix"),
            fork(11_700_000, "thanos"),
            fork(13_189_133, "magneto"),
            fork(14_525_000, "mystique"),
            fork(19_250_000, "spiral"),
        ],
    },
    Network {
        name: "sepolia",
        network_id: 11_155_111,
        genesis: Hash(from_hex("25a5cc106eea7138acab33231d7160d69cb777ee0c2c553fcddf5138993e6dd9")),
        forks: &[
            fork(1_735_371, "merge-netsplit"),
            fork(1_677_557_088, "shanghai"),
            fork(1_706_655_072, "cancun"),
            fork(1_741_159_776, "prague"),
            fork(1_760_427_360, "osaka"),
            fork(1_761_017_184, "bpo1"),
            fork(1_761_607_008, "bpo2"),
            fork(1_791_294_816, "amsterdam"),
        ],
    },
    Network {
        name: "hoodi",
        network_id: 560_048,
        genesis: Hash(from_hex("bbe312868b376a3001692a646dd2d7d1e4406380dfd86b98aa8a34d1557c971b")),
        forks: &[
            fork(1_742_999_832, "prague"),
            fork(1_761_677_592, "osaka"),
            fork(1_762_365_720, "bpo1"),
            fork(1_762_955_544, "bpo2"),
        ],
    },
    Network {
        name: "holesky",
        network_id: 17_000,
        genesis: Hash(from_hex("b5f7f912443c940f21fd611f12828d75b534364ed9e95ca4e307729a4661bde4")),
        forks: &[
            fork(1_696_000_704, "shanghai"),
            fork(1_707_305_664, "cancun"),
            fork(1_740_434_112, "prague"),
            fork(1_759_308_480, "osaka"),
            fork(1_759_800_000, "bpo1"),
            fork(1_760_389_824, "bpo2"),
        ],
    },
    Network {
        name: "gnosis",
        network_id: 100,
        genesis: Hash(from_hex("4f1dd23188aab3a76b463e4af801b52b1248ef073c648cbdc4c9333d3da79756")),
        forks: &[],
    },
    Network {
        name: "bsc",
        network_id: 56,
        genesis: Hash(from_hex("0d21840abff46b96c84b2ac9e10e4f5cdaeb5693cb665db62a2f3b02d2d57b5b")),
        forks: &[],
    },
    Network {
        name: "polygon",
        network_id: 137,
        genesis: Hash(from_hex("a9c28ce2141b56c474f1dc504bee9b01eb1bd7d1a507580d5519d4437a97de1b")),
        forks: &[],
    },
];

impl Network {
    /// The network of this name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        NETWORKS.iter().find(|network| network.name.eq_ignore_ascii_case(name))
    }

    /// The networks whose first block has this hash.
    pub fn with_genesis(genesis: Hash) -> impl Iterator<Item = &'static Self> {
        NETWORKS.iter().filter(move |network| network.genesis == genesis)
    }

    /// The network that a node claims. If several have the same first block, the one that has such a fork id, or else
    /// the first.
    #[must_use]
    pub fn of(network_id: u64, genesis: Hash, fork_id: ForkId) -> Option<&'static Self> {
        let mut fitting = Self::with_genesis(genesis).filter(move |network| network.network_id == network_id);
        let first = fitting.next()?;
        let with_fork = core::iter::once(first).chain(fitting).find(|network| network.fork_named(fork_id).is_some());
        Some(with_fork.unwrap_or(first))
    }

    /// The last fork that a chain with this fork id has passed; `None` if this network has no such id.
    #[must_use]
    pub fn fork_named(&self, fork_id: ForkId) -> Option<&'static str> {
        let passed = (0..=self.forks.len()).find(|passed| {
            // As if exactly this many forks had passed.
            let forks = self.forks[..*passed].iter().map(|fork| fork.at);
            ForkId::at(self.genesis, forks, END).hash == fork_id.hash
        })?;
        // Mainnet and Classic are the same up to Homestead; the next fork distinguishes them.
        let next = self.forks.get(passed).map_or(0, |fork| fork.at);
        let is_ours = passed > 1 || fork_id.next == next || Self::with_genesis(self.genesis).count() == 1;
        let name = passed.checked_sub(1).map_or(FRONTIER, |last| self.forks[last].name);
        is_ours.then_some(name)
    }

    /// The fork id of its nodes at this head.
    #[must_use]
    pub fn fork_id(&self, head: Head) -> ForkId {
        ForkId::at(self.genesis, self.forks.iter().map(|fork| fork.at), head)
    }
}

/// After all forks.
pub const END: Head = Head { block: u64::MAX, time: u64::MAX };

/// The name of the first network with this id.
#[must_use]
pub fn name_of(network_id: u64) -> Option<&'static str> {
    NETWORKS.iter().find(|network| network.network_id == network_id).map(|network| network.name)
}
