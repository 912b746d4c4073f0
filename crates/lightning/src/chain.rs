//! The chains that nodes open channels on, by the hash of their first block.

use core::fmt;

use handshake::{Hex, from_hex};

/// The hash that identifies a chain, in the byte order of a block. (BOLT 0: `chain_hash`)
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainHash(pub [u8; 32]);

impl ChainHash {
    /// The chain with this hash, if it is known.
    #[must_use]
    pub fn chain(self) -> Option<&'static Chain> {
        CHAINS.iter().find(|chain| chain.hash == self)
    }
}

/// The chain's name, or the hash in hexadecimal digits.
impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.chain() {
            Some(chain) => f.write_str(chain.name),
            None => Hex(&self.0).fmt(f),
        }
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChainHash({self})")
    }
}

/// A chain that Lightning runs on.
#[derive(Debug, PartialEq, Eq)]
pub struct Chain {
    /// The chain's own name in this project, if it has one: `bitcoin-signet`.
    pub name: &'static str,
    /// The hash of its first block.
    pub hash: ChainHash,
    /// The port of its nodes by default. Most implementations use one port for all chains. (BOLT 1)
    pub port: u16,
}

impl Chain {
    /// The chain of this name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        CHAINS.iter().find(|chain| chain.name.eq_ignore_ascii_case(name))
    }
}

/// All known chains.
pub const CHAINS: &[Chain] = &[
    chain("bitcoin", "6fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000", 9735),
    chain("bitcoin-testnet3", "43497fd7f826957108f4a30fd9cec3aeba79972084e90ead01ea330900000000", 19735),
    chain("bitcoin-testnet4", "43f08bdab050e35b567c864b91f47f50ae725ae2de53bcfbbaf284da00000000", 49735),
    chain("bitcoin-signet", "f61eee3b63a380a477a063af32b2bbc97c9ff9f01f2c4225e973988108000000", 39735),
    chain("bitcoin-regtest", "06226e46111a0b59caaf126043eb5bbf28c34f3a5e332a1fc7b2b73cf188910f", 9735),
    chain("litecoin", "e2bf047e7e5a191aa4ef34d314979dc9986e0f19251edaba5940fd1fe365a712", 9735),
    // From Core Lightning, whose nodes may be on it. (Elements, chainparams.cpp)
    chain("liquid", "0360208a889692372c8d68b084a62efdf60ea1a359a04c94b20d223658276614", 9735),
    chain("liquid-testnet", "c1b16ae24f2423aea2ea34552292793b5b5e82999a1eed81d56aee528eda71a7", 9735),
];

const fn chain(name: &'static str, hash: &str, port: u16) -> Chain {
    Chain { name, hash: ChainHash(from_hex(hash)), port }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::{CHAINS, Chain, ChainHash};

    #[test]
    fn each_name_and_each_hash_is_one_chain() {
        for chain in CHAINS {
            assert_eq!(Chain::named(chain.name), Some(chain));
            assert_eq!(Chain::named(&chain.name.to_uppercase()), Some(chain));
            assert_eq!(chain.hash.chain(), Some(chain));
        }
    }

    #[test]
    fn a_chain_is_shown_by_name_or_by_hash() {
        assert_eq!(CHAINS[0].hash.to_string(), "bitcoin");
        assert_eq!(ChainHash([0xab; 32]).to_string(), "ab".repeat(32));
        assert_eq!(CHAINS[0].hash.0[..4], [0x6f, 0xe2, 0x8c, 0x0a]);
    }
}
