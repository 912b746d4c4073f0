//! Our own address, by the majority of what peers report.
//!
//! A peer's `version` contains the address at which the peer sees us. A single peer may err or lie, and all peers of
//! one hosting provider may belong to one operator. So each network group has one vote, and fewer than [`MIN_GROUPS`]
//! groups prove nothing.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::group::Group;
use crate::routable::is_globally_routable;

/// Network groups that must agree before the address is believed. An attacker can easily get two.
pub const MIN_GROUPS: usize = 3;

/// Groups that are counted; more are not needed.
pub const MAX_GROUPS: usize = 256;

/// Collects our address as peers report it, for one address family: an IPv4 peer sees our IPv4 address.
#[derive(Clone, Debug, Default)]
pub struct External {
    votes: BTreeMap<Group, IpAddr>,
}

/// The address that most groups report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Majority {
    /// Our address as they see it.
    pub address: IpAddr,
    /// The number of groups that report it,
    pub agreed: usize,
    /// and of those that report any address.
    pub of: usize,
    /// The groups that report another address, with that address.
    pub dissenters: Vec<(Group, IpAddr)>,
}

impl External {
    /// No peer has reported an address.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Records that `peer` sees us at `us`. Returns whether it counts: the first report of a group does, if the address
    /// could be that of a node on the Internet and is of the peer's own family. Many peers report no address; do not
    /// call this for them.
    pub fn hear(&mut self, peer: IpAddr, us: IpAddr) -> bool {
        let (peer, us) = (peer.to_canonical(), us.to_canonical());
        let group = Group::of(peer);
        let counts = is_globally_routable(us)
            && peer.is_ipv4() == us.is_ipv4()
            && self.votes.len() < MAX_GROUPS
            && !self.votes.contains_key(&group);
        if counts {
            self.votes.insert(group, us);
        }
        counts
    }

    /// The number of groups that have reported an address.
    #[must_use]
    pub fn heard(&self) -> usize {
        self.votes.len()
    }

    /// The address that more than half of the groups report, if they are at least [`MIN_GROUPS`].
    #[must_use]
    pub fn majority(&self, ipv6: bool) -> Option<Majority> {
        let votes = || self.votes.iter().filter(|(_, us)| us.is_ipv6() == ipv6);
        let mut counts = BTreeMap::<IpAddr, usize>::new();
        votes().for_each(|(_, us)| *counts.entry(*us).or_default() += 1);
        let (address, agreed) = counts.into_iter().max_by_key(|(_, agreed)| *agreed)?;
        let of = votes().count();
        (agreed >= MIN_GROUPS && agreed * 2 > of).then(|| Majority {
            address,
            agreed,
            of,
            dissenters: votes().filter(|(_, us)| **us != address).map(|(group, us)| (*group, *us)).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{External, MAX_GROUPS};
    use crate::group::Group;

    fn external(words: &[(&str, &str)]) -> External {
        let mut external = External::new();
        for (peer, us) in words {
            external.hear(peer.parse().unwrap(), us.parse().unwrap());
        }
        external
    }

    #[test]
    fn what_most_groups_say_is_believed_and_dissenters_are_named() {
        let external = external(&[
            ("1.1.0.1", "8.8.8.8"),
            ("1.2.0.1", "8.8.8.8"),
            ("1.3.0.1", "9.9.9.9"),
            ("1.4.0.1", "::ffff:8.8.8.8"),
        ]);
        let majority = external.majority(false).unwrap();
        assert_eq!((majority.address.to_string(), majority.agreed, majority.of), ("8.8.8.8".into(), 3, 4));
        assert_eq!(majority.dissenters, [(Group::V4([1, 3]), "9.9.9.9".parse().unwrap())]);
        assert_eq!(external.majority(true), None);
    }

    #[test]
    fn a_thousand_peers_of_one_group_are_one() {
        let mut external = external(&[("1.1.0.1", "8.8.8.8"), ("1.2.0.1", "8.8.8.8"), ("1.3.0.1", "8.8.8.8")]);
        for last in 0..=255 {
            for third in 0..4 {
                assert!(!external.hear([1, 2, third, last].into(), [9, 9, 9, 9].into()));
            }
        }
        assert_eq!(external.majority(false).map(|majority| (majority.agreed, majority.of)), Some((3, 3)));
    }

    #[test]
    fn too_few_or_divided_words_are_not_believed() {
        assert_eq!(external(&[("1.1.0.1", "8.8.8.8"), ("1.2.0.1", "8.8.8.8")]).majority(false), None);
        let divided = (1..=3).flat_map(|n| [(format!("1.{n}.0.1"), "8.8.8.8"), (format!("2.{n}.0.1"), "9.9.9.9")]);
        let divided: Vec<_> = divided.collect();
        let divided: Vec<_> = divided.iter().map(|(peer, us)| (peer.as_str(), *us)).collect();
        assert_eq!(external(&divided).majority(false), None);
    }

    #[test]
    fn what_cannot_be_our_address_does_not_count() {
        let mut external = External::new();
        for (peer, us) in
            [("1.1.1.1", "0.0.0.0"), ("1.1.1.1", "10.0.0.1"), ("1.1.1.1", "2a01::1"), ("2a01::1", "1.2.3.4")]
        {
            assert!(!external.hear(peer.parse().unwrap(), us.parse().unwrap()), "{peer} {us}");
        }
        assert_eq!(external.heard(), 0);
    }

    #[test]
    fn a_flood_of_groups_is_bounded() {
        let mut external = External::new();
        for a in 1..=9 {
            for b in 0..=255 {
                external.hear([a, b, 0, 1].into(), [8, 8, 8, 8].into());
            }
        }
        assert_eq!(external.heard(), MAX_GROUPS);
    }
}
