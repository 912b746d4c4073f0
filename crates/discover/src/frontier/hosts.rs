//! The number of known ports of each host, in about fifteen bytes per host.

use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::book::Endpoint;
use crate::key::Key;

/// Counts ports by host. A host is identified by 56 bits of its keyed hash: among a million hosts, two share a count
/// with probability 2^-17, and then share one limit.
#[derive(Debug)]
pub(super) struct Hosts {
    key: Key,
    /// The hash in the upper bits, the count in the lower [`COUNT`].
    counts: HashTable<u64>,
}

/// The bits of a count.
const COUNT: u64 = 0xff;

impl Hosts {
    pub(super) fn new(key: Key) -> Self {
        Self { key, counts: HashTable::new() }
    }

    /// The number of known ports of this endpoint's host; 255 if there are more.
    pub(super) fn ports(&self, endpoint: Endpoint) -> u8 {
        let host = self.host(endpoint);
        let count = self.counts.find(spread(host), |entry| entry & !COUNT == host).map_or(0, |entry| entry & COUNT);
        u8::try_from(count).expect("it has eight bits")
    }

    pub(super) fn add(&mut self, endpoint: Endpoint) {
        let host = self.host(endpoint);
        let entry = self.counts.entry(spread(host), |entry| entry & !COUNT == host, |entry| spread(entry & !COUNT));
        let mut count = entry.or_insert(host);
        let count = count.get_mut();
        if *count & COUNT < COUNT {
            *count += 1;
        }
    }

    /// Counts one port less. A count of 255 stays 255.
    pub(super) fn remove(&mut self, endpoint: Endpoint) {
        let host = self.host(endpoint);
        let Ok(mut entry) = self.counts.find_entry(spread(host), |entry| entry & !COUNT == host) else { return };
        match *entry.get() & COUNT {
            COUNT => {}
            0 | 1 => {
                entry.remove();
            }
            _ => *entry.get_mut() -= 1,
        }
    }

    fn host(&self, endpoint: Endpoint) -> u64 {
        self.key.hash_one(endpoint.ip()) & !COUNT
    }
}

/// Spreads the hash: a table uses its uppermost and its lowest bits.
fn spread(host: u64) -> u64 {
    (host >> 8).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::{Hosts, Key};

    #[test]
    fn ports_are_counted_by_host_and_forgotten_again() {
        let mut hosts = Hosts::new(Key::new([1; 16]));
        let endpoint =
            |host: u16, port| SocketAddr::from(([1, 2, host.to_be_bytes()[0], host.to_be_bytes()[1]], port)).into();
        for host in 0..1000 {
            (0..=host % 3).for_each(|port| hosts.add(endpoint(host, port)));
        }
        for host in 0..1000 {
            assert_eq!(u16::from(hosts.ports(endpoint(host, 9))), host % 3 + 1);
            (0..=host % 3).for_each(|port| hosts.remove(endpoint(host, port)));
        }
        assert_eq!(hosts.counts.len(), 0);
        (0..300).for_each(|port| hosts.add(endpoint(1, port)));
        (0..300).for_each(|port| hosts.remove(endpoint(1, port)));
        assert_eq!(hosts.ports(endpoint(1, 1)), 255, "what cannot be counted is not let in");
    }
}
