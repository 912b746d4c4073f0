//! Evaluates the fork id of a node that claims a network. (EIP-2124, "Validation rules")
//!
//! ```text
//! network's forks:    f1 ── f2 ── f3 ── (f4, which we do not know)
//!                     │     │     └ Same       └ Ahead
//!                     │     └ Same, if it names f3 as its next; else Stale
//! another network's:  └ OtherChain
//! ```
//! A peer that is ahead of our table is not at fault: the table is as old as this program.

use core::fmt;

use crate::fork_id::{Crc, ForkId, Head, is_time};
use crate::network::{Fork, Network};

/// How a node's fork id fits the network that the node claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It follows the rules that we know, up to its head; or we know no rules of this network.
    Same,
    /// It follows our rules, and one more fork that began at this time. Found by inverting its hash; the hash of a
    /// foreign chain gives a plausible time with a probability of about 1 %.
    Ahead(u64),
    /// It has followed our rules so far, and announces a next fork that we do not know.
    Announces(u64),
    /// It does not fit.
    Unfit(Unfit),
}

/// Why a node's fork id does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unfit {
    /// It does not know the fork that followed: its software is too old for the chain.
    Stale(Fork),
    /// It is the fork id of another network with the same first block.
    OtherChain(&'static str),
    /// It is unknown.
    Unknown,
}

impl Network {
    /// How the fork id of a node fits this network, whose id and first block the node has sent. `head` is the current
    /// head of the chain.
    #[must_use]
    pub fn standing(&self, theirs: ForkId, head: Head) -> Standing {
        if self.forks.is_empty() {
            return Standing::Same;
        }
        let mut crc = Crc::of(&self.genesis.0);
        // The hash is that of our rules after this many forks.
        let mut passed = (crc.hash() == theirs.hash).then_some(0);
        let mut newest = crc;
        for (nth, fork) in self.forks.iter().enumerate() {
            crc.update(&fork.at.to_be_bytes());
            if head.has_passed(fork.at) {
                newest = crc;
            }
            if crc.hash() == theirs.hash {
                passed = Some(nth + 1);
            }
        }
        match passed {
            Some(passed) => self.after(passed, theirs, head),
            None => self.elsewhere(theirs).unwrap_or_else(|| self.ahead(newest, theirs, head)),
        }
    }

    /// The node has passed this many of our forks.
    fn after(&self, passed: usize, theirs: ForkId, head: Head) -> Standing {
        match self.forks.get(passed) {
            Some(next) if next.at == theirs.next => Standing::Same,
            // It announces no next fork although that has passed.
            Some(next) if head.has_passed(next.at) => {
                self.elsewhere(theirs).unwrap_or(Standing::Unfit(Unfit::Stale(*next)))
            }
            _ if theirs.next == 0 => Standing::Same,
            _ => Standing::Announces(theirs.next),
        }
    }

    /// The node is on another network with the same first block and network id.
    fn elsewhere(&self, theirs: ForkId) -> Option<Standing> {
        let others = Self::with_genesis(self.genesis).filter(|other| other.name != self.name);
        let mut others = others.filter(|other| other.network_id == self.network_id);
        let other = others.find(|other| other.fork_named(theirs).is_some())?;
        Some(Standing::Unfit(Unfit::OtherChain(other.name)))
    }

    /// The node follows an unknown fork after the newest that has passed, or none of our rules.
    fn ahead(&self, newest: Crc, theirs: ForkId, head: Head) -> Standing {
        let fork = u64::from(newest.fork_before(theirs.hash));
        let last = self.forks.iter().map(|fork| fork.at).take_while(|fork| head.has_passed(*fork)).last();
        if is_time(fork) && head.has_passed(fork) && last.is_none_or(|last| last < fork) {
            Standing::Ahead(fork)
        } else {
            Standing::Unfit(Unfit::Unknown)
        }
    }
}

/// `the software is too old: it does not know osaka (at 1764798551)`
impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale(Fork { at, name }) => write!(f, "its software is too old: it does not know {name} (at {at})"),
            Self::OtherChain(name) => write!(f, "it is on {name}"),
            Self::Unknown => f.write_str("it follows another chain, or several forks that this program does not know"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Standing, Unfit};
    use crate::fork_id::{ForkId, Head};
    use crate::network::Network;

    /// 2026-11-29.
    const NOW: Head = Head { block: u64::MAX, time: 1_795_910_400 };

    fn standing(network: &str, hash: u32, next: u64) -> Standing {
        Network::named(network).unwrap().standing(ForkId { hash: hash.to_be_bytes(), next }, NOW)
    }

    #[test]
    fn a_node_on_the_chain_fits_wherever_it_is_on_it() {
        assert_eq!(standing("ethereum", 0x07c9_462e, 0), Standing::Same);
        // The node still syncs, and knows the next fork.
        assert_eq!(standing("ethereum", 0xfc64_ec04, 1_150_000), Standing::Same);
        assert_eq!(standing("ethereum", 0xc376_cf8b, 1_764_798_551), Standing::Same);
        assert_eq!(standing("sepolia", 0x6c1d_9423, 0), Standing::Same);
    }

    #[test]
    fn a_node_that_does_not_know_a_fork_that_has_passed_is_stale() {
        let Standing::Unfit(Unfit::Stale(fork)) = standing("ethereum", 0xc376_cf8b, 0) else { unreachable!() };
        assert_eq!(fork.name, "osaka");
        assert!(matches!(standing("sepolia", 0x2689_56b6, 0), Standing::Unfit(Unfit::Stale(_))));
        // Before a fork has passed, a node need not know it.
        let sepolia = Network::named("sepolia").unwrap();
        let before = Head { time: 1_791_294_815, ..NOW };
        let bpo2 = ForkId { hash: 0x2689_56b6_u32.to_be_bytes(), next: 0 };
        assert_eq!(sepolia.standing(bpo2, before), Standing::Same);
    }

    #[test]
    fn a_node_of_classic_is_on_another_chain_and_the_other_way_round() {
        let other = |name| Standing::Unfit(Unfit::OtherChain(name));
        assert_eq!(standing("ethereum", 0xbe46_d57c, 0), other("ethereum-classic"));
        assert_eq!(standing("ethereum", 0x97c2_c34c, 2_500_000), other("ethereum-classic"));
        assert_eq!(standing("ethereum-classic", 0x07c9_462e, 0), other("ethereum"));
        assert_eq!(standing("ethereum-classic", 0xbe46_d57c, 0), Standing::Same);
    }

    #[test]
    fn a_node_with_newer_software_than_ours_is_ahead_and_not_unknown() {
        let sepolia = Network::named("sepolia").unwrap();
        let old = Network { forks: &sepolia.forks[..sepolia.forks.len() - 1], ..*sepolia };
        let amsterdam = ForkId { hash: 0x6c1d_9423_u32.to_be_bytes(), next: 0 };
        assert_eq!(old.standing(amsterdam, NOW), Standing::Ahead(1_791_294_816));
        // No node can have passed a fork that has not begun.
        assert_eq!(old.standing(amsterdam, Head { time: 1_791_294_815, ..NOW }), Standing::Unfit(Unfit::Unknown));
        let announced = ForkId { hash: 0x2689_56b6_u32.to_be_bytes(), next: 1_791_294_816 };
        assert_eq!(old.standing(announced, NOW), Standing::Announces(1_791_294_816));
        assert_eq!(old.standing(announced, Head { time: 1_791_294_815, ..NOW }), Standing::Announces(1_791_294_816));
    }

    #[test]
    fn a_fork_id_of_no_chain_is_unknown() {
        assert_eq!(standing("ethereum", 0xdead_beef, 0), Standing::Unfit(Unfit::Unknown));
        assert_eq!(standing("gnosis", 0xdead_beef, 0), Standing::Same, "its forks are not in our table");
    }
}
