//! Addresses by prefix, sorted within each.

use std::collections::BTreeSet;

/// A set of addresses, each with its prefix and its position in the order there. All are numbers.
#[derive(Debug, Default)]
pub(super) struct Shelf(BTreeSet<(u32, u32, u32)>);

impl Shelf {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn put(&mut self, prefix: u32, order: u32, address: u32) {
        self.0.insert((prefix, order, address));
    }

    pub(super) fn remove(&mut self, prefix: u32, order: u32, address: u32) {
        self.0.remove(&(prefix, order, address));
    }

    /// The first address of a prefix, without removing it.
    pub(super) fn first_of(&self, prefix: u32) -> Option<u32> {
        let (_, _, address) = self.0.range((prefix, 0, 0)..=(prefix, u32::MAX, u32::MAX)).next()?;
        Some(*address)
    }

    /// The first address of a prefix, or of the next one that has any, or else of the very first; it is not removed.
    pub(super) fn first_from(&self, prefix: u32) -> Option<u32> {
        let (_, _, address) = self.0.range((prefix, 0, 0)..).next().or_else(|| self.0.first())?;
        Some(*address)
    }
}
