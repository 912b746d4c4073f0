//! What a crawl knows: whom to dial, whom to keep only, and how everybody fared.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use discover::{Frontier, Key, Learned, Policy, Source};
use store::{Text, Time};

use super::aside::Aside;
use super::tally::{Facts, Tally};
use super::visit::Visit;
use crate::protocol::{Place, Told};
use crate::resolve::Family;

/// What a crawl knows.
#[derive(Debug)]
pub struct Map {
    /// Whom to dial.
    pub frontier: Frontier,
    /// Whom to keep only.
    pub aside: Aside,
    /// How everybody fared.
    pub tally: Tally,
    family: Family,
    /// Whether those who were reached are dialled again.
    pub watches: bool,
}

impl Map {
    /// Knows nobody yet.
    pub fn new(policy: Policy, family: Family) -> Self {
        let key = Key::new(rand::random());
        let watches = policy.recheck.is_some();
        let tally = Tally::new(watches || policy.retries > 0);
        Self { aside: Aside::new(key.clone()), frontier: Frontier::new(policy, key), tally, family, watches }
    }

    /// Learns what a peer told. What is news is returned, to be stored; the rest was known, or there is no room for it.
    pub fn learn(&mut self, told: &[Told], from: IpAddr, now: Duration) -> Vec<Told> {
        self.tally.told += told.len() as u64;
        self.tally.answers += u64::from(!told.is_empty());
        let source = Source::Peer(from);
        let mut news = Vec::new();
        // Those that are dialled are looked up together, which is much faster.
        let (mut sockets, mut whose) = (Vec::with_capacity(told.len()), Vec::with_capacity(told.len()));
        for told in told {
            match told.place {
                Place::Ip(socket) if self.family.takes(socket.ip()) => {
                    sockets.push(socket);
                    whose.push(told);
                }
                place if self.is_news(place, source, now) => news.push(*told),
                _ => {}
            }
        }
        let Self { frontier, tally, .. } = self;
        frontier.learn_all(&sockets, source, now, |nth, learned| match learned {
            Learned::New => {
                tally.know(whose[nth].place.network());
                news.push(*whose[nth]);
            }
            Learned::Revived => news.push(*whose[nth]),
            Learned::Known | Learned::Refused(_) => {}
        });
        news
    }

    /// Learns from a seed.
    pub fn plant(&mut self, mut told: Vec<Told>, source: Source, now: Duration) -> Vec<Told> {
        told.retain(|told| self.is_news(told.place, source, now));
        told
    }

    /// Learns of one address before the start.
    pub fn plant_one(&mut self, place: Place, source: Source) {
        self.is_news(place, source, Duration::ZERO);
    }

    /// Recalls what an earlier run found. Whether that counts.
    pub fn recall_one(&mut self, address: SocketAddr, reached: bool, due: Option<Duration>) -> bool {
        let counts = self.family.takes(address.ip())
            && self.frontier.recall(address, reached, due, Duration::ZERO) == Learned::New;
        if counts {
            self.tally.know(Place::Ip(address).network());
        }
        counts
    }

    fn is_news(&mut self, place: Place, source: Source, now: Duration) -> bool {
        let new = match place {
            Place::Ip(socket) if self.family.takes(socket.ip()) => match self.frontier.learn(socket, source, now) {
                Learned::New => true,
                Learned::Revived => return true,
                Learned::Known | Learned::Refused(_) => false,
            },
            Place::Ip(socket) if !net::is_globally_routable(socket.ip()) => false,
            Place::Ip(_) | Place::Overlay(..) => self.aside.note(place, source),
        };
        if new {
            self.tally.know(place.network());
        }
        new
    }

    /// A visit is over.
    pub fn conclude(&mut self, address: SocketAddr, visit: &Visit, now: Duration) {
        let outcome = visit.outcome();
        self.frontier.done(address, outcome, now);
        // What we did not dial has no result.
        if outcome != discover::Outcome::NotDialled {
            self.tally.add(address, &Facts::of(address, visit));
        }
    }

    /// All addresses that are known.
    pub fn known(&self) -> usize {
        self.frontier.counts().known + self.aside.len()
    }
}

/// What somebody told, as the database has it. `None` if it cannot have it.
pub fn learned(told: &Told, chain: &Text, source: &Text, now: Time) -> Option<store::Learned> {
    Some(store::Learned {
        chain: chain.clone(),
        address: told.place.kept()?,
        seen: believed(told.seen, now),
        services: told.services,
        source: source.clone(),
    })
}

/// When a peer was there, as far as the one who tells us is believed. (Core: net_processing.cpp ProcessMessage ADDR)
fn believed(seen: i64, Time(now): Time) -> Time {
    /// Before 1973 nobody was there.
    const LEAST: i64 = 100_000_000;
    /// So far may a clock be ahead of ours, in seconds.
    const AHEAD: i64 = 10 * 60;
    /// What is unbelievable was so long ago, in seconds.
    const INSTEAD: i64 = 5 * 24 * 60 * 60;
    let unbelievable = seen <= LEAST || seen > now + AHEAD;
    Time(if unbelievable { now - INSTEAD } else { seen.min(now) })
}

#[cfg(test)]
mod tests {
    use store::Time;

    use super::believed;

    #[test]
    fn times_of_the_future_and_of_long_ago_are_not_believed() {
        let now = 1_800_000_000;
        let five_days_ago = now - 432_000;
        for (seen, expected) in [
            (now - 1, now - 1),
            (now, now),
            (now + 600, now),
            (now + 601, five_days_ago),
            (i64::from(u32::MAX), five_days_ago),
            (100_000_000, five_days_ago),
            (0, five_days_ago),
            (100_000_001, 100_000_001),
        ] {
            assert_eq!(believed(seen, Time(now)), Time(expected), "{seen}");
        }
    }
}
