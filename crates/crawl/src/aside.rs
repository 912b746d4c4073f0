//! Addresses that are stored but not dialled: those in networks that need their own router, and those of a family that
//! was not requested.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::BuildHasher;

use address::Endpoint;
use discover::{Group, Key, Learned, Note, Refusal, Source};

/// All known ones, some twenty bytes each.
#[derive(Debug)]
pub struct Aside {
    key: Key,
    known: HashMap<u64, Note>,
    introduced: HashMap<Group, u32, Key>,
}

/// Ten times the number of Bitcoin nodes in all overlay networks together.
pub const MAX_ASIDE: usize = 500_000;

/// New addresses that the peers of one network group may add: as many as two full answers contain. Invented ones are
/// not detected, since we do not dial them.
const MAX_PER_GROUP: u32 = 2_000;

impl Aside {
    pub fn new(key: Key) -> Self {
        Self { introduced: HashMap::with_hasher(key.clone()), key, known: HashMap::new() }
    }

    /// Adds an address. Returns the result and, unless the address was refused, its note.
    pub fn learn(&mut self, endpoint: Endpoint, source: Source) -> (Learned, Option<&mut Note>) {
        let is_full = self.known.len() >= MAX_ASIDE;
        let room = match self.known.entry(self.key.hash_one(endpoint)) {
            Entry::Occupied(known) => return (Learned::Known, Some(known.into_mut())),
            Entry::Vacant(_) if is_full => return (Learned::Refused(Refusal::Total), None),
            Entry::Vacant(room) => room,
        };
        if let Source::Peer(ip) = source {
            let introduced = self.introduced.entry(Group::of(ip)).or_default();
            if *introduced >= MAX_PER_GROUP {
                return (Learned::Refused(Refusal::Source), None);
            }
            *introduced += 1;
        }
        (Learned::New, Some(room.insert(Note::default())))
    }

    /// The number of addresses.
    pub fn len(&self) -> usize {
        self.known.len()
    }
}

#[cfg(test)]
mod tests {
    use address::{Address, Endpoint};
    use discover::{Key, Learned, Source};

    use super::{Aside, MAX_PER_GROUP};

    fn endpoint(n: u32) -> Endpoint {
        let mut key = [0; 32];
        key[..4].copy_from_slice(&n.to_le_bytes());
        Endpoint { address: Address::Onion(key), port: 8333 }
    }

    #[test]
    fn an_address_is_news_once_and_a_network_has_its_share_of_them() {
        let mut aside = Aside::new(Key::new([1; 16]));
        let peer = |last| Source::Peer([9, 9, 0, last].into());
        let mut is_new = |n, source| aside.learn(endpoint(n), source).0 == Learned::New;
        assert!(is_new(0, peer(1)) && !is_new(0, peer(2)));
        let taken = (1..10_000).filter(|n| is_new(*n, peer((n % 250).try_into().unwrap()))).count();
        assert_eq!(taken + 1, MAX_PER_GROUP as usize);
        assert!(is_new(20_000, Source::Peer([9, 8, 0, 1].into())), "others have theirs");
        assert!(is_new(20_001, Source::Seed));
        assert_eq!(aside.len(), MAX_PER_GROUP as usize + 2);
    }
}
