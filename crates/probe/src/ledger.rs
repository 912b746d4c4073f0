//! Which target led to which node. A node at an address is dialled once; its report names all targets that led to it,
//! and each name counts the results of its addresses.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;
use indexmap::map::Entry;
use net::{Outcome, Verdict};
use serde::Serialize;

use crate::destination::Destination;
use crate::protocol::Identity;

/// The targets of a run, and the places that they led to. All tasks of a run share it.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    /// Each node at each address, with its best result. A node's number is its index.
    places: IndexMap<(Destination, Identity), End>,
    /// The further targets that led to a node.
    others: HashMap<NodeNumber, BTreeSet<Arc<str>>>,
    /// The names that led to a node.
    namers: HashMap<NodeNumber, BTreeSet<Name>>,
    tallies: Vec<Tally>,
}

/// The number of a node at an address. It is small, since a list of a million targets has a million of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NodeNumber(NonZeroU32);

/// The number of a looked-up name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(usize);

/// A name, and the results of the nodes behind it.
#[derive(Clone, Debug, Serialize)]
pub struct Tally {
    /// As the user wrote it.
    pub target: Arc<str>,
    /// How many addresses it led to, including those that another target had led to before.
    pub addresses: u64,
    /// How many of them ended OK in at least one attempt.
    pub ok: u64,
    /// How many of the others ended partially OK.
    pub partial: u64,
    /// How many of the others failed.
    pub failed: u64,
    /// How many were begun, but not finished when the run was interrupted.
    pub unfinished: u64,
    /// How many were not tried.
    pub not_tried: u64,
}

/// The result of a node, from the worst to the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    NotTried,
    Unfinished,
    Failed,
    Partial,
    Ok,
}

impl Ledger {
    /// Reserves space for this many places.
    pub fn reserve(&self, count: usize) {
        self.entries().places.reserve(count);
    }

    /// Adds a name that will be looked up.
    pub fn enter(&self, target: Arc<str>) -> Name {
        let mut entries = self.entries();
        let tally = Tally { target, addresses: 0, ok: 0, partial: 0, failed: 0, unfinished: 0, not_tried: 0 };
        entries.tallies.push(tally);
        Name(entries.tallies.len() - 1)
    }

    /// Records that a target led to a node at an address. Returns the node if it is new: then the caller dials it.
    pub fn lead(
        &self,
        target: &Arc<str>,
        name: Option<Name>,
        destination: &Destination,
        identity: &Identity,
    ) -> Option<NodeNumber> {
        let mut entries = self.entries();
        let Entries { places, others, namers, tallies } = &mut *entries;
        let entry = places.entry((destination.clone(), identity.clone()));
        let is_new = matches!(entry, Entry::Vacant(_));
        let node = NodeNumber::at(entry.index());
        let end = *entry.or_insert(End::NotTried);
        if !is_new {
            others.entry(node).or_default().insert(target.clone());
        }
        if let Some(name) = name {
            // A lookup reports its findings in parts, and may report a node twice.
            if namers.entry(node).or_default().insert(name) {
                let tally = &mut tallies[name.0];
                tally.addresses += 1;
                *tally.count(end) += 1;
            }
        }
        is_new.then_some(node)
    }

    /// The other targets that have led to a node so far.
    pub fn others(&self, node: NodeNumber, first: &str) -> Vec<Arc<str>> {
        let entries = self.entries();
        let others = entries.others.get(&node).into_iter().flatten();
        others.filter(|target| ***target != *first).cloned().collect()
    }

    /// Records the result of an attempt at a node.
    pub fn conclude(&self, node: NodeNumber, verdict: &Verdict) {
        let mut entries = self.entries();
        let Entries { places, namers, tallies, .. } = &mut *entries;
        let Some((_, kept)) = places.get_index_mut(node.index()) else { return };
        let (before, end) = (*kept, End::of(verdict));
        if end <= before {
            return;
        }
        *kept = end;
        for name in namers.get(&node).into_iter().flatten() {
            let tally = &mut tallies[name.0];
            *tally.count(before) -= 1;
            *tally.count(end) += 1;
        }
    }

    /// The results of each name that led to an address, in the order of the lookups.
    pub fn tallies(&self) -> Vec<Tally> {
        self.entries().tallies.iter().filter(|tally| tally.addresses > 0).cloned().collect()
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl NodeNumber {
    fn at(index: usize) -> Self {
        let number = u32::try_from(index).ok().and_then(|index| NonZeroU32::MIN.checked_add(index));
        Self(number.expect("four billion targets do not fit into memory"))
    }

    fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl End {
    fn of(verdict: &Verdict) -> Self {
        match verdict.outcome() {
            _ if verdict.is_unfinished() => Self::Unfinished,
            Outcome::Ok => Self::Ok,
            Outcome::Partial => Self::Partial,
            Outcome::Failed => Self::Failed,
        }
    }
}

impl Tally {
    fn count(&mut self, end: End) -> &mut u64 {
        match end {
            End::NotTried => &mut self.not_tried,
            End::Unfinished => &mut self.unfinished,
            End::Failed => &mut self.failed,
            End::Partial => &mut self.partial,
            End::Ok => &mut self.ok,
        }
    }
}
