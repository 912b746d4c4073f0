//! Limits on the addresses from one name.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use crate::key::Key;

/// Addresses dialled for one name, at most. A DNS seed returns about 25 to 40; an answer over TCP can hold 4000.
pub const MAX_PER_NAME: usize = 256;

/// Ports of one host dialled because other peers named them, at most: more than a host has nodes, too few for a port
/// scan.
pub const MAX_PORTS_PER_HOST: usize = 8;

/// The ports of hosts that other peers named.
#[derive(Debug)]
pub struct HostPorts(HashMap<IpAddr, Vec<u16>, Key>);

impl HostPorts {
    /// No ports yet.
    #[must_use]
    pub fn new(key: Key) -> Self {
        Self(HashMap::with_hasher(key))
    }

    /// Whether this port of its host may be dialled: it is one of the first [`MAX_PORTS_PER_HOST`] that were requested.
    pub fn admit(&mut self, address: SocketAddr) -> bool {
        let ports = self.0.entry(address.ip().to_canonical()).or_default();
        let is_known = ports.contains(&address.port());
        if !is_known && ports.len() < MAX_PORTS_PER_HOST {
            ports.push(address.port());
            return true;
        }
        is_known
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::{HostPorts, Key, MAX_PORTS_PER_HOST};

    #[test]
    fn a_host_has_few_ports_that_others_may_name() {
        let mut ports = HostPorts::new(Key::new([1; 16]));
        let mut admitted =
            |ip: &str| (1..=100).filter(|port| ports.admit(SocketAddr::new(ip.parse().unwrap(), *port))).count();
        let admitted = [admitted("1.2.3.4"), admitted("::ffff:1.2.3.4"), admitted("1.2.3.5"), admitted("2a00::1")];
        assert_eq!(admitted, [MAX_PORTS_PER_HOST; 4]);
        assert!(!ports.admit("1.2.3.4:9".parse().unwrap()) && ports.admit("1.2.3.4:8".parse().unwrap()));
    }
}
