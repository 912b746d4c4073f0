//! The nodes and their gossip: a network of any size, determined by its seed.
//!
//! ```text
//!   node      0 ──────────▶ steady ────▶ fleeting ────▶ refusing ────▶ silent
//!             always up     up at times  nothing there  no answer      (how many of each)
//!
//!   list      0 ─────▶ 1 ─────▶ 2 ─────▶ ... ─────▶ 0    node n gossips list n modulo their number
//!             each has a node that gossips the next list, its share of all nodes, and random ones
//! ```
//!
//! Nothing is stored: an address is computed from its node, and a node from its address. So every program with the same
//! parameters knows the whole network.

mod ground;

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};

pub use ground::Ground;
use handshake::Stage;

use crate::random::Random;
use crate::truth::Truth;

/// Addresses that one answer has, at most: what every protocol of a population allows.
pub(crate) const MOST_TOLD: u32 = 1000;

/// Percent of all addresses in one node's answer, at most: what every protocol of a population allows.
pub(crate) const PERCENT_TOLD: u32 = 23;

/// Different lists of steady nodes, at most; several nodes share one. As messages all of them take about 60 MB.
const MOST_LISTS: u32 = 4096;

/// The parameters of a network. Its nodes are numbered from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topology {
    /// The range of its addresses.
    pub ground: Ground,
    /// Nodes that are always up.
    pub steady: u32,
    /// Nodes that are up at times.
    pub fleeting: u32,
    /// Gossiped addresses where nothing listens.
    pub refusing: u32,
    /// Gossiped addresses that do not answer.
    pub silent: u32,
    /// Determines all pseudo-random values.
    pub seed: u64,
}

/// The kind of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A node that is always up.
    Steady,
    /// A node that is up at times.
    Fleeting,
    /// Nothing listens.
    Refusing,
    /// A host that does not answer.
    Silent,
}

/// The TCP port of each kind: all of its nodes are behind one socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// Of nodes that are always up.
    pub steady: u16,
    /// Of nodes that are up at times.
    pub fleeting: u16,
    /// Of addresses where nothing listens.
    pub refusing: u16,
    /// Of addresses that do not answer.
    pub silent: u16,
}

impl Topology {
    /// Only steady nodes, this many.
    #[must_use]
    pub fn of(ground: Ground, steady: u32) -> Self {
        Self { ground, steady, fleeting: 0, refusing: 0, silent: 0, seed: 1 }
    }

    /// The number of addresses. All lists together contain all of them.
    #[must_use]
    pub fn known(&self) -> u32 {
        [self.fleeting, self.refusing, self.silent].into_iter().fold(self.steady, u32::saturating_add)
    }

    /// Whether there are enough addresses for all nodes, and the lists are long enough. All other functions rely on it.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        let known = self.known();
        known <= Ground::PLACES && self.steady > 0 && known.div_ceil(self.lists()) < MOST_TOLD
    }

    /// The kind of a node.
    #[must_use]
    pub fn kind(&self, node: u32) -> Kind {
        let mut kinds = [(Kind::Steady, self.steady), (Kind::Fleeting, self.fleeting), (Kind::Refusing, self.refusing)]
            .into_iter()
            .scan(0u32, |sum, (kind, count)| {
                *sum = sum.saturating_add(count);
                Some((kind, *sum))
            });
        kinds.find(|(_, end)| node < *end).map_or(Kind::Silent, |(kind, _)| kind)
    }

    /// The nodes of one kind, in order.
    pub fn nodes(&self, kind: Kind) -> impl Iterator<Item = u32> + use<> {
        let topology = *self;
        (0..self.known()).filter(move |node| topology.kind(*node) == kind)
    }

    /// A node's address. Consecutive nodes are far apart.
    #[must_use]
    pub fn ip(&self, node: u32) -> IpAddr {
        self.ground.ip(node.wrapping_mul(STRIDE).wrapping_add(self.start()) % Ground::PLACES)
    }

    /// The socket address of a node.
    #[must_use]
    pub fn address(&self, node: u32, ports: &Ports) -> SocketAddr {
        let port = match self.kind(node) {
            Kind::Steady => ports.steady,
            Kind::Fleeting => ports.fleeting,
            Kind::Refusing => ports.refusing,
            Kind::Silent => ports.silent,
        };
        SocketAddr::new(self.ip(node), port)
    }

    /// The node at an address.
    #[must_use]
    pub fn node(&self, ip: IpAddr) -> Option<u32> {
        let place = self.ground.place(ip)?;
        let node = place.wrapping_sub(self.start()).wrapping_mul(INVERSE) % Ground::PLACES;
        (node < self.known()).then_some(node)
    }

    /// Whether a node is up in an epoch. Fleeting nodes stay for one to four epochs, and are away for one or two.
    #[must_use]
    pub fn is_up(&self, node: u32, epoch: u32) -> bool {
        match self.kind(node) {
            Kind::Steady => true,
            Kind::Refusing | Kind::Silent => false,
            Kind::Fleeting => {
                let mut random = Random::new(self.seed.wrapping_add(node.into()));
                let (stays, away) = (random.choose(&[1, 2, 3, 4]), random.choose(&[1, 2]));
                let phase = random.below(stays + away);
                epoch.wrapping_add(phase) % (stays + away) < stays
            }
        }
    }

    /// The expected verdict on a node in an epoch.
    #[must_use]
    pub fn truth(&self, node: u32, epoch: u32) -> Truth {
        match self.kind(node) {
            _ if self.is_up(node, epoch) => Truth::OK,
            Kind::Silent => Truth::ends(Stage::Connect, "connect.timeout"),
            Kind::Steady | Kind::Fleeting | Kind::Refusing => Truth::ends(Stage::Connect, "connect.refused"),
        }
    }

    /// The number of different lists.
    #[must_use]
    pub fn lists(&self) -> u32 {
        self.steady.min(MOST_LISTS)
    }

    /// The list in a node's answer.
    #[must_use]
    pub fn list_of(&self, node: u32) -> u32 {
        node % self.lists()
    }

    /// The nodes in a list: one that answers with the next list, so that every list leads to all others; every node
    /// whose number modulo the number of lists is the list's, so that every node is in a list; and random ones.
    #[must_use]
    pub fn list(&self, list: u32) -> Vec<u32> {
        let (known, lists) = (self.known(), self.lists());
        let next = (list + 1) % lists;
        let mut told = HashSet::from([next]);
        let mut nodes = vec![next];
        nodes.extend((list..known).step_by(lists as usize).filter(|node| told.insert(*node)));
        let mut random = Random::new(self.seed ^ u64::from(list).wrapping_mul(0xd6e8_feb8_6659_fd93));
        let share = u64::from(known) * u64::from(PERCENT_TOLD) / 100;
        let most = usize::try_from(share.min(MOST_TOLD.into())).expect("at most 1000");
        while nodes.len() < most {
            let node = random.below(known);
            if told.insert(node) {
                nodes.push(node);
            }
        }
        nodes
    }

    /// The place of node 0.
    fn start(&self) -> u32 {
        Random::new(self.seed).below(Ground::PLACES)
    }
}

/// The distance from one node's place to the next one's: odd, so that no place repeats, and the golden section of all
/// places, so that consecutive nodes are far apart.
const STRIDE: u32 = 5_184_445;

/// `STRIDE * INVERSE` is 1 modulo any power of two.
const INVERSE: u32 = {
    // Newton's method: each round doubles the number of correct bits. An odd number is its own inverse in three bits.
    let mut inverse = STRIDE;
    let mut round = 0;
    while round < 4 {
        inverse = inverse.wrapping_mul(2u32.wrapping_sub(STRIDE.wrapping_mul(inverse)));
        round += 1;
    }
    inverse
};

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Ground, Kind, Topology};

    const SMALL: Topology =
        Topology { ground: Ground::Loopback, steady: 150, fleeting: 20, refusing: 300, silent: 530, seed: 7 };

    /// The nodes that are found from one node by asking every steady node found, and the number of rounds.
    fn found_from(topology: &Topology, seed: u32) -> (HashSet<u32>, u32) {
        let mut found = HashSet::from([seed]);
        let (mut asked, mut rounds, mut lists) = (vec![seed], 0, HashSet::new());
        while !asked.is_empty() {
            let mut next = Vec::new();
            for list in asked.into_iter().map(|node| topology.list_of(node)) {
                if lists.insert(list) {
                    next.extend(topology.list(list).into_iter().filter(|node| found.insert(*node)));
                }
            }
            asked = next.into_iter().filter(|node| topology.kind(*node) == Kind::Steady).collect();
            rounds += 1;
        }
        (found, rounds)
    }

    #[test]
    fn everybody_is_found_from_any_steady_node() {
        for topology in
            [SMALL, Topology { seed: 8, ..SMALL }, Topology::of(Ground::Internet, 1), Topology::of(Ground::Internet, 9)]
        {
            assert!(topology.is_possible());
            for seed in topology.nodes(Kind::Steady).step_by(13) {
                let (found, _) = found_from(&topology, seed);
                assert_eq!(found.len(), topology.known() as usize);
            }
        }
    }

    #[test]
    fn a_large_network_is_found_in_few_rounds_though_no_node_knows_much_of_it() {
        let large = Topology { steady: 6_000, fleeting: 0, refusing: 10_000, silent: 100_000, ..SMALL };
        let (found, rounds) = found_from(&large, 3);
        assert_eq!(found.len(), 116_000);
        assert!((3..=8).contains(&rounds), "{rounds}");
    }

    #[test]
    fn a_list_has_no_node_twice_and_no_more_than_a_node_tells() {
        let large = Topology { steady: 6_000, ..SMALL };
        for (topology, most) in [(SMALL, 230), (large, 1000)] {
            for list in (0..topology.lists()).step_by(31) {
                let nodes = topology.list(list);
                assert_eq!(nodes.len(), most);
                assert_eq!(nodes.iter().collect::<HashSet<_>>().len(), nodes.len());
                assert_eq!(nodes, topology.list(list), "it is the same each time");
            }
        }
    }

    #[test]
    fn an_address_and_its_node_are_computed_from_each_other() {
        for ground in [Ground::Loopback, Ground::Internet] {
            let topology = Topology { ground, ..SMALL };
            let addresses: HashSet<_> = (0..topology.known()).map(|node| topology.ip(node)).collect();
            assert_eq!(addresses.len(), topology.known() as usize);
            for node in 0..topology.known() {
                assert_eq!(topology.node(topology.ip(node)), Some(node));
            }
            assert_eq!(topology.node(topology.ip(topology.known())), None, "no node is there");
            assert_eq!(topology.node("192.0.2.1".parse().unwrap()), None);
        }
    }

    #[test]
    fn as_many_are_of_each_kind_as_was_asked_for() {
        let count = |kind| SMALL.nodes(kind).count();
        let counts = [Kind::Steady, Kind::Fleeting, Kind::Refusing, Kind::Silent].map(count);
        assert_eq!(counts, [150, 20, 300, 530]);
    }

    #[test]
    fn what_comes_and_goes_is_there_at_times_and_the_others_always_or_never() {
        let epochs = |node| (0..30).filter(|epoch| SMALL.is_up(node, *epoch)).count();
        for node in 0..SMALL.known() {
            match (SMALL.kind(node), epochs(node)) {
                (Kind::Steady, up) => assert_eq!(up, 30),
                (Kind::Fleeting, up) => assert!((10..=24).contains(&up), "{up} of 30"),
                (Kind::Refusing | Kind::Silent, up) => assert_eq!(up, 0),
            }
        }
        let up = |epoch| SMALL.nodes(Kind::Fleeting).filter(|node| SMALL.is_up(*node, epoch)).collect::<Vec<_>>();
        assert_ne!(up(0), up(1));
    }

    #[test]
    fn too_many_for_those_who_tell_are_refused() {
        assert!(!Topology { steady: 0, ..SMALL }.is_possible());
        assert!(!Topology { steady: 1, silent: 1000, ..SMALL }.is_possible());
        assert!(Topology { steady: 2, silent: 1000, ..SMALL }.is_possible());
        assert!(!Topology { silent: Ground::PLACES, ..SMALL }.is_possible());
    }
}
