//! The addresses of a simulated network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A range of addresses that belong to this machine, or can be routed to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// 127.64/10 and 127.128/10, which every machine has: 128 networks of 65 536 addresses.
    Loopback,
    /// 80/4 and 2a00::/16, as spread as a real network: 3584 networks /16, 512 networks /32 of IPv6, 2048 addresses
    /// each. They belong to this machine only with [`Ground::ROUTES`], in a network namespace without a way out;
    /// elsewhere they belong to other hosts.
    Internet,
}

impl Ground {
    /// The number of addresses. A power of two.
    pub const PLACES: u32 = 1 << 23;

    /// Arguments of `ip`, as root in a separate network namespace, that route [`Ground::Internet`] to this machine.
    pub const ROUTES: [&str; 3] =
        ["link set lo up", "-4 route add local 80.0.0.0/4 dev lo", "-6 route add local 2a00::/16 dev lo"];

    /// The address of a place below [`Ground::PLACES`].
    pub(crate) fn ip(self, place: u32) -> IpAddr {
        match self {
            Self::Loopback => {
                let [_, network, c, d] = place.to_be_bytes();
                Ipv4Addr::new(127, FIRST_LOOPBACK + network, c, d).into()
            }
            Self::Internet => {
                let [_, _, a, b] = (place >> HOST_BITS).to_be_bytes();
                let [_, _, c, d] = (place & HOST_MASK).to_be_bytes();
                // One network in eight is IPv6, as among the addresses that nodes gossip.
                if b.is_multiple_of(8) {
                    Ipv6Addr::from([0x2a, 0, a, b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, c, d]).into()
                } else {
                    Ipv4Addr::new(FIRST_INTERNET + a, b, c, d).into()
                }
            }
        }
    }

    /// The place of an address.
    pub(crate) fn place(self, ip: IpAddr) -> Option<u32> {
        let place = match (self, ip.to_canonical()) {
            (Self::Loopback, IpAddr::V4(ip)) => {
                let [127, network, c, d] = ip.octets() else { return None };
                u32::from_be_bytes([0, network.checked_sub(FIRST_LOOPBACK)?, c, d])
            }
            (Self::Internet, IpAddr::V4(ip)) => {
                let [a, b, c, d] = ip.octets();
                internet(a.checked_sub(FIRST_INTERNET)?, b, c, d)
            }
            (Self::Internet, IpAddr::V6(ip)) => {
                let [0x2a, 0, a, b, .., c, d] = ip.octets() else { return None };
                internet(a, b, c, d)
            }
            (Self::Loopback, IpAddr::V6(_)) => return None,
        };
        // Similar addresses have no place.
        (place < Self::PLACES && self.ip(place) == ip.to_canonical()).then_some(place)
    }
}

fn internet(a: u8, b: u8, c: u8, d: u8) -> u32 {
    u32::from_be_bytes([0, 0, a, b]) << HOST_BITS | u32::from_be_bytes([0, 0, c, d])
}

/// 127.64.0.0.
const FIRST_LOOPBACK: u8 = 64;

/// 80.0.0.0.
const FIRST_INTERNET: u8 = 80;

/// The bits of a place, of its 23, that give its number within its network.
const HOST_BITS: u32 = 11;
const HOST_MASK: u32 = (1 << HOST_BITS) - 1;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::net::IpAddr;

    use super::Ground;

    #[test]
    fn every_place_has_an_address_of_its_own() {
        for ground in [Ground::Loopback, Ground::Internet] {
            for place in (0..Ground::PLACES).step_by(97) {
                assert_eq!(ground.place(ground.ip(place)), Some(place));
            }
        }
    }

    #[test]
    fn an_address_that_only_resembles_one_has_no_place() {
        let loopback = ["127.0.0.1", "127.63.255.255", "127.192.0.0", "128.64.0.0", "::1", "2a00::1"];
        let internet = ["79.1.0.0", "96.1.0.0", "80.0.0.1", "80.1.8.0", "2a00:1::1", "2a00::1:1", "127.64.0.1"];
        assert!(loopback.iter().all(|ip| Ground::Loopback.place(ip.parse().unwrap()).is_none()));
        assert!(internet.iter().all(|ip| Ground::Internet.place(ip.parse().unwrap()).is_none()));
    }

    #[test]
    fn the_internet_is_routable_and_has_as_many_networks_as_it_says() {
        let places = || (0..Ground::PLACES).step_by(2048).map(|place| Ground::Internet.ip(place));
        assert!(places().all(discover::is_globally_routable));
        assert_eq!(places().collect::<HashSet<_>>().len(), 4096);
        assert_eq!(places().filter(IpAddr::is_ipv6).count(), 512);
    }
}
