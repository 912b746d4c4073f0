//! Fork ids: the rules that a chain has followed so far, in four bytes, and the start of the next ones. (EIP-2124,
//! EIP-6122)

use alloc::vec::Vec;
use core::fmt;

use crate::error::Malformed;
use crate::hash::Hash;
use crate::rlp::{Items, write_bytes, write_list, write_uint};

/// The rules that a node's chain has followed up to its head, and the next fork that the node knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ForkId {
    /// CRC-32 of the first block's hash and of every passed fork.
    pub hash: [u8; 4],
    /// The block or time of the next fork; 0 if none is known.
    pub next: u64,
}

impl ForkId {
    /// The id of a chain at a head. `forks` are those of [`Network::forks`](crate::Network::forks), in ascending order.
    #[must_use]
    pub fn at(genesis: Hash, forks: impl IntoIterator<Item = u64>, head: Head) -> Self {
        let mut crc = Crc::of(&genesis.0);
        for fork in forks {
            if !head.has_passed(fork) {
                return Self { hash: crc.hash(), next: fork };
            }
            crc.update(&fork.to_be_bytes());
        }
        Self { hash: crc.hash(), next: 0 }
    }

    /// Reads the list of hash and next fork.
    ///
    /// # Errors
    /// If one is missing or has the wrong length.
    pub fn read(items: &mut Items<'_>) -> Result<Self, Malformed> {
        let mut both = items.items("fork id")?;
        Ok(Self { hash: both.array("fork hash")?, next: both.uint("next fork")? })
    }

    /// Appends the list of hash and next fork.
    pub fn write(self, tx: &mut Vec<u8>) {
        write_list(tx, |tx| {
            write_bytes(&self.hash, tx);
            write_uint(self.next, tx);
        });
    }

    /// Whether a node with this id is compatible with our chain, which is at `head`. (EIP-2124, "Validation rules")
    ///
    /// # Errors
    /// Why it is incompatible.
    pub fn validate(self, genesis: Hash, forks: &[u64], head: Head) -> Result<(), Incompatible> {
        let mut crc = Crc::of(&genesis.0);
        // The hash after each fork, and the next fork.
        let mut stages = Vec::with_capacity(forks.len() + 1);
        for &fork in forks {
            stages.push((crc.hash(), fork));
            crc.update(&fork.to_be_bytes());
        }
        stages.push((crc.hash(), 0));
        let ours = forks.iter().take_while(|fork| head.has_passed(**fork)).count();
        let theirs = stages.iter().position(|(hash, _)| *hash == self.hash).ok_or(Incompatible::Local)?;
        if theirs == ours {
            let passed_here = self.next > 0 && head.has_passed(self.next);
            return if passed_here { Err(Incompatible::Local) } else { Ok(()) };
        }
        // The peer is behind but knows the next fork, or it is ahead.
        if theirs > ours || stages[theirs].1 == self.next { Ok(()) } else { Err(Incompatible::Remote) }
    }
}

/// `07c9462e, next at 0`.
impl fmt::Display for ForkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = u32::from_be_bytes(self.hash);
        match self.next {
            0 => write!(f, "{hash:08x}"),
            next => write!(f, "{hash:08x}, next at {next}"),
        }
    }
}

/// Why two nodes are incompatible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Incompatible {
    /// The other node follows other rules, or newer ones than we know. (ErrLocalIncompatibleOrStale)
    #[error("its chain has followed other rules, or newer ones than ours")]
    Local,
    /// The other node does not know a fork that has passed. (ErrRemoteStale)
    #[error("it does not know the rules that followed: its software is old")]
    Remote,
}

/// The head of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of its last block.
    pub block: u64,
    /// That block's time, in seconds since 1970.
    pub time: u64,
}

impl Head {
    pub(crate) fn has_passed(self, fork: u64) -> bool {
        fork <= if is_time(fork) { self.time } else { self.block }
    }
}

/// Whether a fork is given as a time. Forks after the merge are; earlier ones are blocks. (EIP-6122)
#[must_use]
pub fn is_time(fork: u64) -> bool {
    /// The time of the genesis. No chain has as many blocks. (geth, core/forkid/forkid.go: timestampThreshold)
    const FIRST_TIME: u64 = 1_438_269_973;
    fork >= FIRST_TIME
}

/// The running state of CRC-32 with the polynomial of Ethernet.
#[derive(Clone, Copy)]
pub(crate) struct Crc(u32);

/// The polynomial, lowest bit first.
const POLYNOMIAL: u32 = 0xedb8_8320;

impl Crc {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut crc = Self(!0);
        crc.update(bytes);
        crc
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 ^= u32::from(*byte);
            for _ in 0..8 {
                let reduced = if self.0 & 1 == 1 { POLYNOMIAL } else { 0 };
                self.0 = self.0 >> 1 ^ reduced;
            }
        }
    }

    /// The one fork below 2^32 that gives this next hash. A CRC of four bytes can be inverted for four bytes.
    pub(crate) fn fork_before(mut self, hash: [u8; 4]) -> u32 {
        // A fork of that size has four zero bytes before the four unknown ones.
        self.update(&[0; 4]);
        let mut state = !u32::from_be_bytes(hash);
        for _ in 0..32 {
            // The polynomial's highest bit is set, so the highest bit of the state shows whether it was added.
            state = if state >> 31 == 1 { (state ^ POLYNOMIAL) << 1 | 1 } else { state << 1 };
        }
        u32::from_be_bytes((state ^ self.0).to_le_bytes())
    }

    pub(crate) fn hash(self) -> [u8; 4] {
        (!self.0).to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::Crc;

    proptest! {
        #[test]
        fn the_fork_before_a_hash_is_found(before in any::<[u8; 32]>(), fork in any::<u32>()) {
            let mut crc = Crc::of(&before);
            crc.update(&u64::from(fork).to_be_bytes());
            prop_assert_eq!(Crc::of(&before).fork_before(crc.hash()), fork);
        }
    }
}
