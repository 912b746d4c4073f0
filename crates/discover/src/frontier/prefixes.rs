//! Prefixes: the number of known addresses in each, and the time of its next dial.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::time::Duration;

use super::book::Class;
use super::pacer::Pacer;
use super::policy::Pace;
use crate::group::Group;
use crate::key::Key;

/// All prefixes, each with its number; and the queues of those that may be dialled.
///
/// A prefix with ready addresses is in a queue for each class of them, or it sleeps until its pace allows the next
/// dial. Queues may also hold prefixes that fell asleep after they were added; these are dropped at their turn.
#[derive(Debug)]
pub(super) struct Prefixes {
    pace: Option<Pace>,
    numbers: HashMap<Group, u32, Key>,
    all: Vec<Prefix>,
    lines: [VecDeque<u32>; Class::ALL.len()],
    asleep: BinaryHeap<Reverse<(Duration, u32)>>,
    /// Prefixes that may have no known address any more, each once, the oldest first.
    vacant: VecDeque<u32>,
}

#[derive(Debug)]
struct Prefix {
    group: Group,
    /// Addresses known in it.
    known: u32,
    /// Ready addresses of each class in it.
    ready: [u32; Class::ALL.len()],
    /// The queues that hold it.
    in_line: [bool; Class::ALL.len()],
    asleep: bool,
    /// Whether it is in the list of vacant prefixes.
    vacant: bool,
    pacer: Pacer,
}

impl Prefixes {
    pub(super) fn new(key: Key, pace: Option<Pace>) -> Self {
        Self {
            pace,
            numbers: HashMap::with_hasher(key),
            all: Vec::new(),
            lines: Default::default(),
            asleep: BinaryHeap::new(),
            vacant: VecDeque::new(),
        }
    }

    /// The number of prefixes: one for each address known at once, at most, and a few that are still paced.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The number of a prefix that has one.
    pub(super) fn find(&self, group: Group) -> Option<u32> {
        self.numbers.get(&group).copied()
    }

    /// The number of a prefix; assigns one if needed.
    pub(super) fn number(&mut self, group: Group, now: Duration) -> u32 {
        if let Some(number) = self.find(group) {
            return number;
        }
        let number = match self.take_vacant(now) {
            // No address in it is ready, so it does not sleep; it may remain in a queue.
            Some(number) => {
                let before = std::mem::replace(&mut self.at(number).group, group);
                self.numbers.remove(&before);
                number
            }
            None => {
                let next = u32::try_from(self.all.len()).expect("there are no more prefixes than addresses");
                self.all.push(Prefix::new(group));
                next
            }
        };
        self.numbers.insert(group, number);
        number
    }

    /// A prefix without known addresses, whose pace has rested.
    fn take_vacant(&mut self, now: Duration) -> Option<u32> {
        while let Some(&number) = self.vacant.front() {
            let prefix = self.at(number);
            if prefix.known == 0 && !prefix.pacer.is_rested(now) {
                return None;
            }
            prefix.vacant = false;
            self.vacant.pop_front();
            if self.known(number) == 0 {
                return Some(number);
            }
        }
        None
    }

    /// When an address of it may be dialled if `before` others come first. `None` for at once, without a pace.
    pub(super) fn free_at(&self, number: u32, before: usize, now: Duration) -> Option<Duration> {
        let pace = self.pace?;
        let mut pacer = self.all[place(number)].pacer;
        pacer.take_many(before, pace, now);
        Some(pacer.free_at(pace))
    }

    /// The number of known addresses in it.
    pub(super) fn known(&self, number: u32) -> u32 {
        self.all[place(number)].known
    }

    pub(super) fn add_known(&mut self, number: u32) {
        self.at(number).known += 1;
    }

    pub(super) fn remove_known(&mut self, number: u32) {
        let prefix = self.at(number);
        prefix.known -= 1;
        if prefix.known == 0 && !prefix.vacant {
            prefix.vacant = true;
            self.vacant.push_back(number);
        }
    }

    /// Another address of a prefix is ready.
    pub(super) fn add_ready(&mut self, number: u32, class: Class, now: Duration) {
        self.at(number).ready[class as usize] += 1;
        self.line_up(number, now);
    }

    /// The prefix whose turn it is among those with ready addresses of a class.
    pub(super) fn first(&mut self, class: Class) -> Option<u32> {
        let line = &mut self.lines[class as usize];
        while let Some(&number) = line.front() {
            let prefix = &mut self.all[place(number)];
            if !prefix.asleep && prefix.ready[class as usize] > 0 {
                return Some(number);
            }
            prefix.in_line[class as usize] = false;
            line.pop_front();
        }
        None
    }

    /// Records a dial of this class into the prefix that [`Prefixes::first`] returned.
    pub(super) fn dialled(&mut self, number: u32, class: Class, now: Duration) {
        self.lines[class as usize].pop_front();
        let pace = self.pace;
        let prefix = self.at(number);
        prefix.in_line[class as usize] = false;
        prefix.ready[class as usize] -= 1;
        if let Some(pace) = pace {
            prefix.pacer.take(pace, now);
        }
        self.line_up(number, now);
    }

    /// Records a connection into a prefix besides the dial at its turn: it counts against its pace.
    pub(super) fn charge(&mut self, number: u32, now: Duration) {
        let Some(pace) = self.pace else { return };
        let prefix = &mut self.all[place(number)];
        prefix.pacer.take(pace, now);
        let free_at = prefix.pacer.free_at(pace);
        if !prefix.asleep && prefix.is_ready() && free_at > now {
            prefix.asleep = true;
            self.asleep.push(Reverse((free_at, number)));
        }
    }

    /// Queues the prefixes whose sleep is over.
    pub(super) fn wake(&mut self, now: Duration) {
        while let Some(&Reverse((at, number))) = self.asleep.peek()
            && at <= now
        {
            self.asleep.pop();
            self.at(number).asleep = false;
            self.line_up(number, now);
        }
    }

    /// When the first prefix wakes.
    pub(super) fn wakes_at(&self) -> Option<Duration> {
        self.asleep.peek().map(|Reverse((at, _))| *at)
    }

    /// Puts a prefix into its queues or to sleep, unless it is there already.
    fn line_up(&mut self, number: u32, now: Duration) {
        let prefix = &mut self.all[place(number)];
        if prefix.asleep || !prefix.is_ready() {
            return;
        }
        if let Some(free_at) = self.pace.map(|pace| prefix.pacer.free_at(pace))
            && free_at > now
        {
            prefix.asleep = true;
            self.asleep.push(Reverse((free_at, number)));
            return;
        }
        for class in Class::ALL.map(|class| class as usize) {
            if prefix.ready[class] > 0 && !prefix.in_line[class] {
                prefix.in_line[class] = true;
                self.lines[class].push_back(number);
            }
        }
    }

    fn at(&mut self, number: u32) -> &mut Prefix {
        &mut self.all[place(number)]
    }
}

impl Prefix {
    fn new(group: Group) -> Self {
        Self {
            group,
            known: 0,
            ready: Default::default(),
            in_line: Default::default(),
            asleep: false,
            vacant: false,
            pacer: Pacer::default(),
        }
    }

    /// Whether any address in it is ready.
    fn is_ready(&self) -> bool {
        self.ready.iter().any(|ready| *ready > 0)
    }
}

/// Every number is one that [`Prefixes::number`] gave out.
fn place(number: u32) -> usize {
    usize::try_from(number).expect("usize has at least 32 bits here")
}
