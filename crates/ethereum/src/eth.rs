//! Status: the description of a node's chain for other nodes with `eth`. (`caps/eth.md`; EIP-2124, EIP-7642)
//!
//! ```text
//! eth/64 to eth/68:  [version, network id, total difficulty, head's hash, genesis, fork id]
//! eth/69 and later:  [version, network id, genesis, fork id, earliest block, latest block, latest's hash]
//! ```

use alloc::vec::Vec;
use core::fmt;

use crate::error::Malformed;
use crate::fork_id::ForkId;
use crate::hash::Hash;
use crate::rlp::{Items, write_big_uint, write_bytes, write_list, write_uint};

/// The capability's name.
pub const NAME: &str = "eth";

/// Status is the first of its messages.
pub const STATUS: u64 = 0;

/// The first version whose Status has a fork id. No node uses older versions any more.
pub const FIRST_VERSION: u64 = 64;

/// The first version whose Status has a range of blocks in place of a difficulty. (EIP-7642)
pub const FIRST_WITH_RANGE: u64 = 69;

/// The number of message ids of a version: the ids of the next capability start after them.
#[must_use]
pub fn messages(version: u64) -> u64 {
    match version {
        ..=68 => 17,
        69 | 70 => 18,
        71 => 20,
        // Versions to come are unknown; only capabilities after `eth` in the alphabet would be moved.
        _ => 22,
    }
}

/// A node's description of its chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The agreed version of `eth`.
    pub version: u64,
    /// The network id.
    pub network_id: u64,
    /// The hash of the first block.
    pub genesis: Hash,
    /// The rules that the chain follows.
    pub fork_id: ForkId,
    /// The last block.
    pub head: Head,
}

/// The last block of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// Up to eth/68.
    Difficulty {
        /// The sum of all blocks' difficulties.
        total: Difficulty,
        /// The last block.
        hash: Hash,
    },
    /// From eth/69.
    Range {
        /// The first block that the node serves.
        earliest: u64,
        /// The last block.
        latest: u64,
        /// That block's hash.
        hash: Hash,
    },
}

impl Head {
    /// The last block.
    #[must_use]
    pub fn hash(&self) -> Hash {
        match self {
            Self::Difficulty { hash, .. } | Self::Range { hash, .. } => *hash,
        }
    }
}

/// A number of at most 256 bits, big-endian.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Difficulty(pub [u8; 32]);

impl From<u64> for Difficulty {
    fn from(value: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[24..].copy_from_slice(&value.to_be_bytes());
        Self(bytes)
    }
}

/// In hex, without leading zeros: `0x2b5e3af16b1880000`.
impl fmt::Display for Difficulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        let mut digits = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]).skip_while(|digit| *digit == 0);
        write!(f, "{:x}", digits.next().unwrap_or(0))?;
        digits.try_for_each(|digit| write!(f, "{digit:x}"))
    }
}

impl fmt::Debug for Difficulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Difficulty({self})")
    }
}

impl Status {
    /// Reads a Status of the agreed version. Bytes after its items are ignored.
    ///
    /// # Errors
    /// If an item is missing or has the wrong length.
    pub fn read(agreed: u64, payload: &[u8]) -> Result<Self, Malformed> {
        let mut items = Items::of(payload, "list")?;
        let version = items.uint("version")?;
        let network_id = items.uint("network id")?;
        let hash = |items: &mut Items<'_>, what| items.array(what).map(Hash);
        if agreed < FIRST_WITH_RANGE {
            let total = Difficulty(items.big_uint("total difficulty")?);
            let head = Head::Difficulty { total, hash: hash(&mut items, "head's hash")? };
            let genesis = hash(&mut items, "genesis")?;
            return Ok(Self { version, network_id, genesis, fork_id: ForkId::read(&mut items)?, head });
        }
        let genesis = hash(&mut items, "genesis")?;
        let fork_id = ForkId::read(&mut items)?;
        let (earliest, latest) = (items.uint("earliest block")?, items.uint("latest block")?);
        let head = Head::Range { earliest, latest, hash: hash(&mut items, "latest block's hash")? };
        Ok(Self { version, network_id, genesis, fork_id, head })
    }

    /// Appends the Status, before compression.
    pub fn write(&self, tx: &mut Vec<u8>) {
        write_list(tx, |tx| {
            write_uint(self.version, tx);
            write_uint(self.network_id, tx);
            match &self.head {
                Head::Difficulty { total, hash } => {
                    write_big_uint(&total.0, tx);
                    write_bytes(&hash.0, tx);
                    write_bytes(&self.genesis.0, tx);
                    self.fork_id.write(tx);
                }
                Head::Range { earliest, latest, hash } => {
                    write_bytes(&self.genesis.0, tx);
                    self.fork_id.write(tx);
                    write_uint(*earliest, tx);
                    write_uint(*latest, tx);
                    write_bytes(&hash.0, tx);
                }
            }
        });
    }
}

/// Our chain, for a Status of any version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OurChain {
    /// The network id.
    pub network_id: u64,
    /// The hash of its first block.
    pub genesis: Hash,
    /// The rules that it follows.
    pub fork_id: ForkId,
    /// The sum of all blocks' difficulties; up to eth/68.
    pub total_difficulty: Difficulty,
    /// The first block that we serve; from eth/69.
    pub earliest: u64,
    /// The last block; from eth/69.
    pub latest: u64,
    /// The last block's hash.
    pub latest_hash: Hash,
}

impl OurChain {
    /// The Status for this version.
    #[must_use]
    pub fn status(&self, version: u64) -> Status {
        let &Self { network_id, genesis, fork_id, total_difficulty: total, earliest, latest, latest_hash: hash } = self;
        let head = if version < FIRST_WITH_RANGE {
            Head::Difficulty { total, hash }
        } else {
            Head::Range { earliest, latest, hash }
        };
        Status { version, network_id, genesis, fork_id, head }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::{Difficulty, OurChain, Status};
    use crate::error::Malformed;
    use crate::fork_id::ForkId;
    use crate::hash::Hash;

    proptest! {
        #[test]
        fn a_written_status_is_read_back(
            version in 64u64..80,
            numbers in any::<[u64; 4]>(),
            hashes in any::<[[u8; 32]; 3]>(),
            hash in any::<[u8; 4]>(),
        ) {
            let [network_id, next, earliest, latest] = numbers;
            let [genesis, total, latest_hash] = hashes;
            let chain = OurChain {
                network_id,
                genesis: Hash(genesis),
                fork_id: ForkId { hash, next },
                total_difficulty: Difficulty(total),
                earliest,
                latest,
                latest_hash: Hash(latest_hash),
            };
            let status = chain.status(version);
            let mut bytes = Vec::new();
            status.write(&mut bytes);
            prop_assert_eq!(Status::read(version, &bytes), Ok(status));
            for len in 0..bytes.len() {
                prop_assert!(Status::read(version, &bytes[..len]).is_err());
            }
        }
    }

    #[test]
    fn a_difficulty_shows_without_leading_zeros() {
        let shown = [0, 1, 0x10, u64::MAX].map(|value| Difficulty::from(value).to_string());
        assert_eq!(shown, ["0x0", "0x1", "0x10", "0xffffffffffffffff"]);
    }

    #[test]
    fn a_status_of_another_form_is_malformed() {
        // A Status of eth/68 where eth/69 was agreed: the difficulty is in the place of the genesis.
        let bytes = b"\xf8\x55\x44\x01\x85\x04\0\0\0\0";
        let mut whole = Vec::from(&bytes[..]);
        whole.resize(2 + 0x55, 0xa0);
        assert_eq!(Status::read(69, &whole), Err(Malformed::Length("genesis")));
    }
}
