//! A queue that limits the rate of its items: in all, and into one network.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use super::book::Class;
use super::pacer::Pacer;
use super::policy::Pace;
use super::prefixes::Prefixes;
use crate::group::Group;
use crate::key::Key;

/// Items that wait to be dialled. As in a [`Frontier`](super::Frontier), networks take turns, each as often as its pace
/// allows; within a network, items are in order of arrival. Every `now` is the time since a fixed start.
#[derive(Debug)]
pub struct Paced<T> {
    rate: Option<Pace>,
    pacer: Pacer,
    prefix_pace: Option<Pace>,
    prefixes: Prefixes,
    /// The waiting items of each network, by the network's number.
    waiting: HashMap<u32, VecDeque<T>>,
    /// Items that no network's pace holds back.
    free: VecDeque<T>,
    len: usize,
}

/// The next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn<T> {
    /// Dial this.
    Go(T),
    /// Nothing may be dialled before this moment.
    Wait(Duration),
    /// Nothing waits.
    Empty,
}

impl<T> Paced<T> {
    /// An empty queue, with one pace for all items and one for each network; `None` for no limit.
    #[must_use]
    pub fn new(rate: Option<Pace>, prefix_pace: Option<Pace>, key: Key) -> Self {
        Self {
            rate,
            pacer: Pacer::default(),
            prefix_pace,
            prefixes: Prefixes::new(key, prefix_pace),
            waiting: HashMap::new(),
            free: VecDeque::new(),
            len: 0,
        }
    }

    /// The number of waiting items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no item waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds an item that only the overall pace holds back.
    pub fn push_free(&mut self, item: T) {
        self.free.push_back(item);
        self.len += 1;
    }

    /// Adds an item for this address.
    pub fn push(&mut self, ip: IpAddr, item: T, now: Duration) {
        let prefix = self.prefixes.number(Group::of(ip), now);
        self.waiting.entry(prefix).or_default().push_back(item);
        self.len += 1;
        self.prefixes.add_known(prefix);
        self.prefixes.add_ready(prefix, Class::Known, now);
    }

    /// When an item for this address would have its turn if it were added now and only the pace of its network held it
    /// back.
    #[must_use]
    pub fn turn_of(&self, ip: IpAddr, now: Duration) -> Duration {
        if self.prefix_pace.is_none() {
            return now;
        }
        let Some(prefix) = self.prefixes.find(Group::of(ip)) else { return now };
        let before = self.waiting.get(&prefix).map_or(0, VecDeque::len);
        self.prefixes.free_at(prefix, before, now).unwrap_or(now).max(now)
    }

    /// Records another connection to an address after its turn, such as one over another transport. It counts against
    /// every pace, as a dial does.
    pub fn dialled_again(&mut self, ip: IpAddr, now: Duration) {
        if let Some(rate) = self.rate {
            self.pacer.take(rate, now);
        }
        // A network that is not found has rested as long as its pace requires.
        if let Some(prefix) = self.prefixes.find(Group::of(ip)) {
            self.prefixes.charge(prefix, now);
        }
    }

    /// The next step.
    pub fn next(&mut self, now: Duration) -> Turn<T> {
        if self.is_empty() {
            return Turn::Empty;
        }
        self.prefixes.wake(now);
        let free_at = self.rate.map_or(Duration::ZERO, |rate| self.pacer.free_at(rate));
        let prefix = if self.free.is_empty() { self.prefixes.first(Class::Known) } else { None };
        if self.free.is_empty() && prefix.is_none() {
            // All networks with waiting items are held back by their pace.
            return Turn::Wait(self.prefixes.wakes_at().map_or(free_at, |at| at.max(free_at)));
        }
        if free_at > now {
            return Turn::Wait(free_at);
        }
        if let Some(rate) = self.rate {
            self.pacer.take(rate, now);
        }
        self.len -= 1;
        match prefix {
            None => Turn::Go(self.free.pop_front().expect("it is not empty")),
            Some(prefix) => Turn::Go(self.take(prefix, now)),
        }
    }

    fn take(&mut self, prefix: u32, now: Duration) -> T {
        let waiting = self.waiting.get_mut(&prefix).expect("a prefix in line has an item");
        let item = waiting.pop_front().expect("a prefix in line has an item");
        if waiting.is_empty() {
            self.waiting.remove(&prefix);
        }
        self.prefixes.dialled(prefix, Class::Known, now);
        self.prefixes.remove_known(prefix);
        item
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::time::Duration;

    use super::{Pace, Paced, Turn};
    use crate::key::Key;

    const TENTH: Duration = Duration::from_millis(100);

    /// Takes all items, with the times of their turns.
    fn all<T>(paced: &mut Paced<T>, mut now: Duration) -> Vec<(T, u128)> {
        let mut gone = Vec::new();
        loop {
            match paced.next(now) {
                Turn::Go(item) => gone.push((item, now.as_millis())),
                Turn::Wait(until) => {
                    assert!(until > now);
                    now = until;
                }
                Turn::Empty => return gone,
            }
        }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_has_its_pace_and_holds_up_no_other() {
        let pace = Pace { every: TENTH, burst: 2 };
        let mut paced = Paced::new(None, Some(pace), Key::new([1; 16]));
        for (n, address) in
            ["1.2.0.1", "1.2.0.2", "1.2.3.4", "1.2.0.1", "1.3.0.1", "2001:db8::1"].into_iter().enumerate()
        {
            paced.push(ip(address), n, Duration::ZERO);
        }
        paced.push_free(9);
        assert_eq!(paced.turn_of(ip("1.2.9.9"), Duration::ZERO), 3 * TENTH);
        assert_eq!(paced.turn_of(ip("1.4.9.9"), Duration::ZERO), Duration::ZERO);
        let mut gone = all(&mut paced, Duration::ZERO);
        assert_eq!(gone[0], (9, 0));
        gone.sort_unstable();
        assert_eq!(gone, [(0, 0), (1, 0), (2, 100), (3, 200), (4, 0), (5, 0), (9, 0)]);
        assert!(paced.is_empty());
        assert_eq!(paced.turn_of(ip("1.2.9.9"), 2 * TENTH), 3 * TENTH, "the last two count yet");
        assert_eq!(paced.turn_of(ip("1.2.9.9"), 9 * TENTH), 9 * TENTH);
    }

    #[test]
    fn a_second_connection_counts_as_a_dial() {
        let mut paced = Paced::new(None, Some(Pace { every: TENTH, burst: 1 }), Key::new([1; 16]));
        for n in 0..3 {
            paced.push(ip("1.2.3.4"), n, Duration::ZERO);
        }
        assert_eq!(paced.next(Duration::ZERO), Turn::Go(0));
        paced.dialled_again(ip("1.2.3.4"), Duration::ZERO);
        paced.dialled_again(ip("1.3.3.4"), Duration::ZERO);
        assert_eq!(all(&mut paced, Duration::ZERO), [(1, 200), (2, 300)]);

        let mut paced = Paced::new(Some(Pace { every: TENTH, burst: 1 }), None, Key::new([1; 16]));
        paced.push_free(0);
        paced.dialled_again(ip("1.2.3.4"), Duration::ZERO);
        assert_eq!(all(&mut paced, Duration::ZERO), [(0, 100)]);
    }

    #[test]
    fn a_rate_holds_back_everything() {
        let mut paced = Paced::new(Some(Pace { every: TENTH, burst: 1 }), None, Key::new([1; 16]));
        paced.push_free(0);
        paced.push(ip("1.2.3.4"), 1, Duration::ZERO);
        paced.push(ip("1.2.3.5"), 2, Duration::ZERO);
        assert_eq!(all(&mut paced, Duration::ZERO), [(0, 0), (1, 100), (2, 200)]);
    }

    #[test]
    fn networks_are_forgotten_once_nothing_waits_in_them() {
        let mut paced = Paced::new(None, Some(Pace { every: TENTH, burst: 1 }), Key::new([1; 16]));
        for n in 0..10_000_u32 {
            let now = TENTH * (2 * n);
            paced.push(std::net::Ipv4Addr::from_bits(n << 16).into(), n, now);
            assert_eq!(paced.next(now), Turn::Go(n));
        }
        assert!(paced.prefixes.len() < 10, "{}", paced.prefixes.len());
    }
}
