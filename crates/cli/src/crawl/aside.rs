//! Addresses that are kept and not dialled: those of networks that need a router of their own, and of the family that
//! was not asked for.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

use discover::{Group, Key, Source};

use crate::protocol::Place;

/// All that are known, each in some ten bytes.
#[derive(Debug)]
pub struct Aside {
    key: Key,
    known: HashSet<u64>,
    introduced: HashMap<Group, u32, Key>,
}

/// Ten times as many as Bitcoin's nodes have in all overlay networks together.
pub const MAX_ASIDE: usize = 500_000;

/// New ones that the peers of one network group may introduce: what two full answers tell. Nothing tells whether they are
/// made up, since they are not dialled.
const MAX_PER_GROUP: u32 = 2_000;

impl Aside {
    pub fn new(key: Key) -> Self {
        Self { introduced: HashMap::with_hasher(key.clone()), key, known: HashSet::new() }
    }

    /// Takes note of an address. Whether it is new, and kept.
    pub fn note(&mut self, place: Place, source: Source) -> bool {
        let hash = self.key.hash_one(place);
        if self.known.len() >= MAX_ASIDE || self.known.contains(&hash) {
            return false;
        }
        if let Source::Peer(ip) = source {
            let introduced = self.introduced.entry(Group::of(ip)).or_default();
            if *introduced >= MAX_PER_GROUP {
                return false;
            }
            *introduced += 1;
        }
        self.known.insert(hash)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.known.len()
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::gossip::Address;
    use discover::{Key, Source};

    use super::{Aside, MAX_PER_GROUP};
    use crate::protocol::Place;

    fn place(n: u32) -> Place {
        let mut key = [0; 32];
        key[..4].copy_from_slice(&n.to_le_bytes());
        Place::Overlay(Address::TorV3(key), 8333)
    }

    #[test]
    fn an_address_is_news_once_and_a_network_has_its_share_of_them() {
        let mut aside = Aside::new(Key::new([1; 16]));
        let peer = |last| Source::Peer([9, 9, 0, last].into());
        assert!(aside.note(place(0), peer(1)) && !aside.note(place(0), peer(2)));
        let taken = (1..10_000).filter(|n| aside.note(place(*n), peer((n % 250).try_into().unwrap()))).count();
        assert_eq!(taken + 1, MAX_PER_GROUP as usize);
        assert!(aside.note(place(20_000), Source::Peer([9, 8, 0, 1].into())), "others have theirs");
        assert!(aside.note(place(20_001), Source::Seed));
        assert_eq!(aside.len(), MAX_PER_GROUP as usize + 2);
    }
}
