//! Compares the chains with their own programs; hashes are written as usual, the last byte first.

use testing::hex;
use verack_lightning::{CHAINS, ChainHash};

/// Bitcoin Core and Litecoin Core: chainparams.cpp, `hashGenesisBlock`. Ports: BOLT 1.
const OF_BITCOIN: [(&str, &str, u16); 6] = [
    ("bitcoin", "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f", 9735),
    ("bitcoin-testnet3", "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943", 19735),
    ("bitcoin-testnet4", "00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043", 49735),
    ("bitcoin-signet", "00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6", 39735),
    ("bitcoin-regtest", "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206", 9735),
    ("litecoin", "12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2", 9735),
];

/// Elements: chainparams.cpp, CLiquidV1Params; and Liquid's testnet from its wallets (lwk:
/// `ElementsNetwork::genesis_block_hash`).
const OF_ELEMENTS: [(&str, &str, u16); 2] = [
    ("liquid", "1466275836220db2944ca059a3a10ef6fd2ea684b0688d2c379296888a206003", 9735),
    ("liquid-testnet", "a771da8e52ee6ad581ed1e9a99825e5b3b7992225534eaa2ae23244fe26ab1c1", 9735),
];

#[test]
fn each_chain_has_the_first_block_and_the_port_of_its_nodes() {
    for (name, first_block, port) in OF_BITCOIN.into_iter().chain(OF_ELEMENTS) {
        let mut hash: [u8; 32] = hex(first_block).try_into().expect("32 bytes");
        hash.reverse();
        let chain = ChainHash(hash).chain().unwrap_or_else(|| panic!("the first block of {name} has no name"));
        assert_eq!((chain.name, chain.port), (name, port));
    }
    assert_eq!(CHAINS.len(), OF_BITCOIN.len() + OF_ELEMENTS.len(), "a chain that no table here has");
}
