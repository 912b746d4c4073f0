//! Compares the result of a crawl with the real nodes.

use std::fmt;
use std::net::SocketAddr;

use crate::topology::{Ports, Topology};

/// Collects the result of a crawl, and finds its faults.
#[derive(Clone, Debug)]
pub struct Census {
    topology: Topology,
    ports: Ports,
    epoch: u32,
    /// By node: whether it was noted.
    noted: Vec<bool>,
    faults: Faults,
}

/// The faults of a crawl's result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Nodes that are up and were not reached.
    pub missed: u32,
    /// Addresses without a node that were reported as reached.
    pub invented: u32,
    /// Addresses that nodes gossip and the crawl does not know.
    pub unheard: u32,
    /// Known addresses that were not tried.
    pub untried: u32,
    /// Unreached addresses with another reason than the true one.
    pub misjudged: u32,
    /// Addresses that are known twice, or that no node gossips.
    pub strange: u32,
    /// One example of them as text.
    pub example: Option<String>,
}

impl Census {
    /// For a topology in an epoch. Nothing is noted yet.
    #[must_use]
    pub fn new(topology: Topology, ports: Ports, epoch: u32) -> Self {
        let noted = vec![false; topology.known() as usize];
        Self { topology, ports, epoch, noted, faults: Faults::default() }
    }

    /// The number of nodes that are up.
    #[must_use]
    pub fn up(&self) -> usize {
        (0..self.topology.known()).filter(|node| self.topology.is_up(*node, self.epoch)).count()
    }

    /// Notes a known address. `reason` is the reason of the last attempt to reach it, if there was one.
    pub fn note(&mut self, address: SocketAddr, reason: Option<&str>) {
        let node = self.topology.node(address.ip());
        let Some(node) = node.filter(|node| self.topology.address(*node, &self.ports) == address) else {
            return self.fault(|faults| &mut faults.strange, || format!("{address} is the address of no node"));
        };
        if std::mem::replace(&mut self.noted[node as usize], true) {
            return self.fault(|faults| &mut faults.strange, || format!("{address} is known twice"));
        }
        let truth = self.topology.truth(node, self.epoch).reason;
        let count: fn(&mut Faults) -> &mut u32 = match reason {
            Some(reason) if reason == truth => return,
            _ if truth == "ok" => |faults| &mut faults.missed,
            Some("ok") => |faults| &mut faults.invented,
            Some(_) => |faults| &mut faults.misjudged,
            None => |faults| &mut faults.untried,
        };
        self.fault(count, || format!("{address} is {truth}, and was {}", reason.unwrap_or("never tried")));
    }

    /// Ends the collection, and returns the faults.
    #[must_use]
    pub fn conclude(mut self) -> Faults {
        for node in 0..self.topology.known() {
            if self.noted[node as usize] {
                continue;
            }
            let address = self.topology.address(node, &self.ports);
            let count: fn(&mut Faults) -> &mut u32 = match self.topology.is_up(node, self.epoch) {
                true => |faults| &mut faults.missed,
                false => |faults| &mut faults.unheard,
            };
            self.fault(count, || format!("{address} is not known"));
        }
        self.faults
    }

    fn fault(&mut self, count: fn(&mut Faults) -> &mut u32, example: impl FnOnce() -> String) {
        *count(&mut self.faults) += 1;
        self.faults.example.get_or_insert_with(example);
    }
}

impl Faults {
    /// Whether there are no faults.
    #[must_use]
    pub fn are_none(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { missed, invented, unheard, untried, misjudged, strange, example } = self;
        write!(f, "{missed} missed, {invented} invented, {unheard} unheard of, {untried} not tried, ")?;
        write!(f, "{misjudged} misjudged, {strange} strange")?;
        example.as_ref().map_or(Ok(()), |example| write!(f, " ({example})"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Census, Faults};
    use crate::topology::{Ground, Ports, Topology};

    const TOPOLOGY: Topology =
        Topology { ground: Ground::Loopback, steady: 2, fleeting: 0, refusing: 3, silent: 1, seed: 1 };
    const PORTS: Ports = Ports { steady: 1, fleeting: 2, refusing: 3, silent: 4 };

    /// The faults if the nodes ended with these reasons; `None` is an unknown node.
    fn faults(reasons: [Option<Option<&str>>; 6]) -> Faults {
        let mut census = Census::new(TOPOLOGY, PORTS, 0);
        for (node, reason) in (0..).zip(reasons) {
            if let Some(reason) = reason {
                census.note(TOPOLOGY.address(node, &PORTS), reason);
            }
        }
        census.conclude()
    }

    const RIGHT: [Option<Option<&str>>; 6] = {
        let refused = Some(Some("connect.refused"));
        [Some(Some("ok")), Some(Some("ok")), refused, refused, refused, Some(Some("connect.timeout"))]
    };

    #[test]
    fn a_map_that_is_right_has_no_faults() {
        assert!(faults(RIGHT).are_none());
        assert_eq!(Census::new(TOPOLOGY, PORTS, 0).up(), 2);
    }

    #[test]
    fn every_fault_is_counted_as_what_it_is() {
        let with = |node: usize, reason| {
            let mut reasons = RIGHT;
            reasons[node] = reason;
            let found = faults(reasons);
            assert!(found.example.is_some());
            Faults { example: None, ..found }
        };
        let none = Faults::default();
        assert_eq!(with(0, Some(Some("closed"))), Faults { missed: 1, ..none.clone() });
        assert_eq!(with(0, Some(None)), Faults { missed: 1, ..none.clone() });
        assert_eq!(with(1, None), Faults { missed: 1, ..none.clone() });
        assert_eq!(with(2, Some(Some("ok"))), Faults { invented: 1, ..none.clone() });
        assert_eq!(with(3, None), Faults { unheard: 1, ..none.clone() });
        assert_eq!(with(4, Some(None)), Faults { untried: 1, ..none.clone() });
        assert_eq!(with(5, Some(Some("connect.refused"))), Faults { misjudged: 1, ..none });
    }

    #[test]
    fn an_address_that_is_known_twice_or_of_no_node_is_strange() {
        let mut census = Census::new(TOPOLOGY, PORTS, 0);
        let address = TOPOLOGY.address(0, &PORTS);
        census.note(address, Some("ok"));
        census.note(address, Some("ok"));
        census.note((address.ip(), 9).into(), None);
        census.note("192.0.2.1:1".parse().unwrap(), Some("ok"));
        assert_eq!(census.conclude().strange, 3);
    }
}
