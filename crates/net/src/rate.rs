//! How often each address may begin a handshake that costs us work: one token bucket for each address.
//!
//! A handshake costs the peer nothing, since it can replay bytes, but costs us a key exchange or a signature. The rate
//! bounds the processor time that one address can use.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::listen::source;

/// Handshakes that one address may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// At once, after a time without any.
    pub burst: u32,
    /// Per second, in the long run. At least 1.
    pub per_second: u32,
}

/// Addresses remembered, at most: 64 bytes each make 4 MiB. If all of them are busy, all are forgotten, so that each
/// has its burst again.
const MAX_SOURCES: usize = 64 * 1024;

/// The addresses that began handshakes recently.
#[derive(Debug)]
pub struct Rate {
    pace: Pace,
    /// When the bucket of each address is full again. (The generic cell rate algorithm: ITU-T I.371)
    full_at: HashMap<IpAddr, Instant>,
}

impl Rate {
    /// No handshake has begun yet.
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        Self { pace, full_at: HashMap::new() }
    }

    /// Whether this address may begin a handshake now; if so, counts it. An IPv4 address or an IPv6 /64 counts as one
    /// source. Loopback is our own machine and always passes.
    pub fn admits(&mut self, ip: IpAddr, now: Instant) -> bool {
        if ip.to_canonical().is_loopback() {
            return true;
        }
        self.make_room(now);
        let each = Duration::from_secs(1) / self.pace.per_second.max(1);
        let full_at = self.full_at.entry(source(ip)).or_insert(now);
        let next = (*full_at).max(now) + each;
        let is_within = next <= now + each * self.pace.burst.max(1);
        if is_within {
            *full_at = next;
        }
        is_within
    }

    fn make_room(&mut self, now: Instant) {
        if self.full_at.len() < MAX_SOURCES {
            return;
        }
        self.full_at.retain(|_, full_at| *full_at > now);
        if self.full_at.len() >= MAX_SOURCES / 2 {
            self.full_at.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv6Addr};
    use std::time::{Duration, Instant};

    use super::{MAX_SOURCES, Pace, Rate};

    const PACE: Pace = Pace { burst: 3, per_second: 2 };

    fn admitted(rate: &mut Rate, ip: &str, now: Instant, times: usize) -> usize {
        (0..times).filter(|_| rate.admits(ip.parse().unwrap(), now)).count()
    }

    #[test]
    fn an_address_has_a_burst_and_then_its_rate() {
        let (mut rate, start) = (Rate::new(PACE), Instant::now());
        assert_eq!(admitted(&mut rate, "192.0.2.1", start, 9), 3);
        assert_eq!(admitted(&mut rate, "192.0.2.1", start + Duration::from_millis(499), 9), 0);
        assert_eq!(admitted(&mut rate, "192.0.2.1", start + Duration::from_millis(500), 9), 1);
        assert_eq!(admitted(&mut rate, "192.0.2.1", start + Duration::from_secs(60), 9), 3, "no more than the burst");
    }

    #[test]
    fn addresses_do_not_share_but_those_of_one_ipv6_network_do() {
        let (mut rate, now) = (Rate::new(PACE), Instant::now());
        assert_eq!(admitted(&mut rate, "192.0.2.1", now, 9), 3);
        assert_eq!(admitted(&mut rate, "192.0.2.2", now, 9), 3);
        assert_eq!(admitted(&mut rate, "::ffff:192.0.2.2", now, 9), 0);
        assert_eq!(admitted(&mut rate, "2001:db8::1", now, 9), 3);
        assert_eq!(admitted(&mut rate, "2001:db8::2", now, 9), 0);
        assert_eq!(admitted(&mut rate, "2001:db8:0:1::1", now, 9), 3);
    }

    #[test]
    fn we_ourselves_are_not_limited() {
        let (mut rate, now) = (Rate::new(PACE), Instant::now());
        for ip in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(admitted(&mut rate, ip, now, 1000), 1000, "{ip}");
        }
        assert!(rate.full_at.is_empty());
    }

    #[test]
    fn however_many_addresses_come_their_memory_is_bounded() {
        let (mut rate, now) = (Rate::new(PACE), Instant::now());
        for network in 0..3 * MAX_SOURCES as u128 {
            assert!(rate.admits(IpAddr::V6(Ipv6Addr::from((0x2001 << 112) | (network << 64))), now));
            assert!(rate.full_at.len() <= MAX_SOURCES);
        }
    }
}
