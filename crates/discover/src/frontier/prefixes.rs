//! Prefixes: how much is known in each, and when its next dial may be.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::time::Duration;

use super::book::Class;
use super::pacer::Pacer;
use super::policy::Pace;
use crate::group::Group;
use crate::key::Key;

/// All prefixes, each with its number; and those of them that have their turn.
///
/// A prefix with addresses that are ready stands in a line for each class of them, or it sleeps until its pace allows
/// the next dial. Lines may also hold prefixes that fell asleep after they were put there; they are dropped when their
/// turn comes.
#[derive(Debug)]
pub(super) struct Prefixes {
    pace: Option<Pace>,
    numbers: HashMap<Group, u32, Key>,
    all: Vec<Prefix>,
    lines: [VecDeque<u32>; Class::ALL.len()],
    asleep: BinaryHeap<Reverse<(Duration, u32)>>,
    /// Prefixes in which nothing may be known any more, each once, the oldest first.
    vacant: VecDeque<u32>,
}

#[derive(Debug)]
struct Prefix {
    group: Group,
    /// Addresses known in it.
    known: u32,
    /// Of these, addresses of each class that are ready.
    ready: [u32; Class::ALL.len()],
    /// In which lines it stands.
    in_line: [bool; Class::ALL.len()],
    asleep: bool,
    /// Whether it is among the vacant ones.
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

    /// How many have a number: as many as addresses were known at once, and a few that are still paced.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The number of a prefix that has one.
    pub(super) fn find(&self, group: Group) -> Option<u32> {
        self.numbers.get(&group).copied()
    }

    /// The number of a prefix, which has one from now on.
    pub(super) fn number(&mut self, group: Group, now: Duration) -> u32 {
        if let Some(number) = self.find(group) {
            return number;
        }
        let number = match self.take_vacant(now) {
            // Nothing in it is ready, so it does not sleep; where it still stands in line, it may stay.
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

    /// A prefix in which nothing is known, and whose pace has nothing to remember.
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

    /// When an address of it may be dialled if so many others come before it. `None` for at once, without a pace.
    pub(super) fn free_at(&self, number: u32, before: usize, now: Duration) -> Option<Duration> {
        let pace = self.pace?;
        let mut pacer = self.all[place(number)].pacer;
        pacer.take_many(before, pace, now);
        Some(pacer.free_at(pace))
    }

    /// How many addresses are known in it.
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

    /// The prefix whose turn it is among those with addresses of a class that are ready.
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

    /// The prefix whose turn it was, as [`Prefixes::first`] said, had an address of this class dialled.
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

    /// A connection was opened into a prefix beside the dial that had its turn: it counts against its pace.
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

    /// Lets those line up again that have slept long enough.
    pub(super) fn wake(&mut self, now: Duration) {
        while let Some(&Reverse((at, number))) = self.asleep.peek()
            && at <= now
        {
            self.asleep.pop();
            self.at(number).asleep = false;
            self.line_up(number, now);
        }
    }

    /// When the first one wakes.
    pub(super) fn wakes_at(&self) -> Option<Duration> {
        self.asleep.peek().map(|Reverse((at, _))| *at)
    }

    /// Puts a prefix where it belongs, unless it is there.
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
