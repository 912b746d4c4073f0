//! All known addresses, each in 32 bytes and about 10 of a hash table.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use hashbrown::HashTable;

use crate::key::Key;

/// Addresses by number. A number stays with its address as long as that is known.
#[derive(Debug)]
pub(super) struct Book {
    key: Key,
    numbers: HashTable<u32>,
    entries: Vec<Entry>,
}

/// The data of an address.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) endpoint: Endpoint,
    pub(super) state: State,
    pub(super) standing: Standing,
    /// Failures since the last success, or since it was learned.
    pub(super) failures: u8,
    /// Successes since the last failure.
    pub(super) successes: u8,
    pub(super) note: Note,
    /// The number of its prefix.
    pub(super) prefix: u32,
    /// When it was last dialled, in seconds since the start.
    pub(super) tried: u32,
}

/// Two bytes that the caller stores with an address, for as long as the address is known. They are 0 at first, and have
/// no meaning here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Note(pub u16);

/// The state of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It may be dialled when its turn comes.
    Ready(Class),
    /// It is being dialled.
    InFlight,
    /// It becomes ready later.
    Waiting,
    /// It was reached, and is not checked again.
    Settled,
    /// It failed too often.
    GivenUp,
}

/// The priority of ready addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// It was reached in this run.
    Reached,
    /// It was reached before, or the user named it.
    Known,
    /// It has not been tried.
    Untried,
    /// It has failed.
    Failed,
}

impl Class {
    pub(super) const ALL: [Self; 4] = [Self::Reached, Self::Known, Self::Untried, Self::Failed];
}

/// Our own knowledge of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing.
    Unknown,
    /// It was reached in an earlier run, or the user named it.
    Remembered,
    /// It was reached in this run.
    Reached,
}

impl Entry {
    /// An address that was never tried.
    pub(super) fn new(endpoint: Endpoint, standing: Standing, prefix: u32) -> Self {
        Self {
            endpoint,
            state: State::Waiting,
            standing,
            failures: 0,
            successes: 0,
            note: Note::default(),
            prefix,
            tried: 0,
        }
    }

    /// Its priority.
    pub(super) fn class(&self) -> Class {
        match (self.standing, self.failures) {
            (Standing::Reached, _) => Class::Reached,
            (Standing::Remembered, 0) => Class::Known,
            (Standing::Unknown, 0) => Class::Untried,
            _ => Class::Failed,
        }
    }
}

impl Book {
    pub(super) fn new(key: Key) -> Self {
        Self { key, numbers: HashTable::new(), entries: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The number of a known address.
    pub(super) fn find(&self, endpoint: Endpoint) -> Option<u32> {
        self.find_hashed(self.hash(endpoint), endpoint)
    }

    /// The same, with its hash.
    pub(super) fn find_hashed(&self, hash: u64, endpoint: Endpoint) -> Option<u32> {
        let same = |&number: &u32| self.entry(number).endpoint == endpoint;
        self.numbers.find(hash, same).copied()
    }

    pub(super) fn hash(&self, endpoint: Endpoint) -> u64 {
        endpoint.hash(&self.key)
    }

    /// Adds an address that is not known yet. At most 2^32 fit, far more than memory allows.
    pub(super) fn add(&mut self, entry: Entry) -> u32 {
        let number = u32::try_from(self.entries.len()).expect("the policy allows no 2^32 addresses");
        self.index(entry.endpoint, number);
        self.entries.push(entry);
        number
    }

    /// Gives the number of an address to one that is not known yet.
    pub(super) fn replace(&mut self, number: u32, entry: Entry) {
        let hash = self.hash(self.entry(number).endpoint);
        if let Ok(old) = self.numbers.find_entry(hash, |&other| other == number) {
            old.remove();
        }
        self.index(entry.endpoint, number);
        *self.entry_mut(number) = entry;
    }

    pub(super) fn entry(&self, number: u32) -> &Entry {
        &self.entries[place(number)]
    }

    pub(super) fn entry_mut(&mut self, number: u32) -> &mut Entry {
        &mut self.entries[place(number)]
    }

    /// All addresses, with their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Entry)> {
        (0..).zip(&self.entries)
    }

    /// A number that orders addresses. Without the key, the order cannot be predicted.
    pub(super) fn order(&self, endpoint: Endpoint) -> u32 {
        u32::try_from(self.hash(endpoint) >> 32).expect("32 bits")
    }

    fn index(&mut self, endpoint: Endpoint, number: u32) {
        let (key, entries) = (&self.key, &self.entries);
        let rehash = |&number: &u32| entries[place(number)].endpoint.hash(key);
        self.numbers.insert_unique(endpoint.hash(key), number, rehash);
    }
}

/// Every number is one that [`Book::add`] gave out.
fn place(number: u32) -> usize {
    usize::try_from(number).expect("usize has at least 32 bits here")
}

/// A socket address in 18 bytes, IPv4 as IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    ip: [u8; 16],
    port: u16,
}

impl Endpoint {
    pub(super) fn ip(self) -> IpAddr {
        Ipv6Addr::from(self.ip).to_canonical()
    }

    pub(super) fn port(self) -> u16 {
        self.port
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        let ip = match address.ip() {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => v6,
        };
        Self { ip: ip.octets(), port: address.port() }
    }
}

impl From<Endpoint> for SocketAddr {
    fn from(endpoint: Endpoint) -> Self {
        Self::new(endpoint.ip(), endpoint.port)
    }
}

impl Endpoint {
    /// The keyed hash of address and port.
    fn hash(self, key: &Key) -> u64 {
        let mut bytes = [0; 18];
        bytes[..16].copy_from_slice(&self.ip);
        bytes[16..].copy_from_slice(&self.port.to_be_bytes());
        key.hash_bytes(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::{Book, Endpoint, Entry, Key, Note, Standing};

    #[test]
    fn an_entry_has_32_bytes() {
        assert_eq!(size_of::<Entry>(), 32);
    }

    #[test]
    fn a_number_can_be_given_to_another_address() {
        let endpoint = |port| Endpoint::from(std::net::SocketAddr::from(([1, 2, 3, 4], port)));
        let entry = |port| Entry::new(endpoint(port), Standing::Unknown, 0);
        let mut book = Book::new(Key::new([1; 16]));
        for port in 0..1000 {
            assert_eq!(book.add(entry(port)), u32::from(port));
        }
        book.entry_mut(7).note = Note(1);
        book.replace(7, entry(5000));
        assert_eq!(book.entry(7).note, Note(0), "what was noted was of the other");
        assert_eq!((book.find(endpoint(7)), book.find(endpoint(5000)), book.len()), (None, Some(7), 1000));
        assert!((8..1000).all(|port| book.find(endpoint(port)) == Some(port.into())));
    }
}
