//! Spaces the keys of Bitcoin's encrypted transport that one host receives. Nodes limit them, and close the connection
//! on an excess key as a v1 node does: btcd takes four at once from a /24 or /64, then two a second. (btcd 0.26.2,
//! `--v2transport`)

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use address::Address;
use tokio::time::Instant;

use crate::destination::Destination;

/// The minimum time between two keys for one host, over all of its ports.
const INTERVAL: Duration = Duration::from_millis(500);

/// The first free turn of each host.
#[derive(Debug, Default)]
pub struct Keys(Mutex<HashMap<Host, Instant>>);

/// A host, whatever its port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Host {
    Ip(IpAddr),
    Overlay(Address),
    Name(Arc<str>),
}

impl From<&Destination> for Host {
    fn from(destination: &Destination) -> Self {
        match destination {
            Destination::Socket(address) => Self::Ip(address.ip().to_canonical()),
            Destination::Overlay(endpoint) => Self::Overlay(endpoint.address),
            Destination::Name(name, _) => Self::Name(name.clone()),
        }
    }
}

impl Keys {
    /// Reserves and returns the first free turn of a host at or after `since`. Loopback is not limited.
    pub fn turn(&self, destination: &Destination, since: Instant) -> Instant {
        /// A smaller table (56 bytes an entry) is not pruned.
        const FEW: usize = 4096;
        let host = Host::from(destination);
        if matches!(host, Host::Ip(ip) if ip.is_loopback()) {
            return since;
        }
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Only a full table is pruned, so that a turn stays cheap.
        if hosts.len() == hosts.capacity() && hosts.len() >= FEW {
            let now = Instant::now();
            hosts.retain(|_, next| *next > now);
            let room = hosts.len().max(FEW);
            hosts.shrink_to(room);
        }
        let next = hosts.entry(host).or_insert(since);
        let turn = since.max(*next);
        *next = turn + INTERVAL;
        turn
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{INTERVAL, Keys};
    use crate::destination::Destination;

    fn ip(text: &str) -> &'static Destination {
        let ip: IpAddr = text.parse().unwrap();
        Box::leak(Box::new(Destination::Socket((ip, 8333).into())))
    }

    #[test]
    fn a_host_gets_two_keys_in_a_second_and_no_other_waits_for_it() {
        let (keys, start) = (Keys::default(), Instant::now());
        let turns: Vec<_> = (0..5).map(|_| keys.turn(ip("192.0.2.1"), start) - start).collect();
        assert_eq!(turns, [0, 500, 1000, 1500, 2000].map(Duration::from_millis));
        assert_eq!(keys.turn(ip("192.0.2.2"), start), start);
        assert_eq!(keys.turn(ip("::ffff:192.0.2.2"), start), start + INTERVAL, "it is the same host");
        let later = start + Duration::from_secs(60);
        assert_eq!(keys.turn(ip("192.0.2.1"), later), later);
        assert_eq!(keys.turn(ip("192.0.2.1"), start), later + INTERVAL, "that turn is taken");
    }

    #[test]
    fn this_machine_is_not_limited() {
        let (keys, now) = (Keys::default(), Instant::now());
        for text in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!((0..10).all(|_| keys.turn(ip(text), now) == now), "{text}");
        }
    }

    #[test]
    fn hosts_that_rest_are_forgotten() {
        let (keys, past) = (Keys::default(), Instant::now() - 2 * INTERVAL);
        for host in 0..100_000 {
            keys.turn(&Destination::Socket((Ipv4Addr::from_bits(0x0800_0000 + host), 8333).into()), past);
        }
        let hosts = keys.0.lock().unwrap();
        assert!(hosts.len() < 10_000 && hosts.capacity() < 20_000, "{} of {}", hosts.len(), hosts.capacity());
    }
}
