//! Which addresses may be dialled if the user has not named them.
//!
//! ```text
//! IPv4   all but the blocks of IANA's special-purpose registry, and multicast
//! IPv6   2000::/3 but the blocks of that registry; 64:ff9b::/96, 6to4, Teredo and ISATAP as the IPv4 address inside
//! ```

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address can be that of a node on the public Internet. Others come from peers, seeds and files by mistake
/// or malice: dialling them reaches into our own network.
#[must_use]
pub fn is_globally_routable(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => is_routable_v4(v4),
        IpAddr::V6(v6) => is_routable_v6(v6),
    }
}

/// A block of addresses that no node of the public Internet has.
struct Block<A> {
    /// Its name in the registry.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the reader and for the tests' messages"))]
    name: &'static str,
    first: A,
    /// The number of leading bits that all its addresses share.
    bits: u32,
}

const fn v4(name: &'static str, a: u8, b: u8, c: u8, bits: u32) -> Block<Ipv4Addr> {
    Block { name, first: Ipv4Addr::new(a, b, c, 0), bits }
}

const fn v6(name: &'static str, a: u16, b: u16, c: u16, d: u16, bits: u32) -> Block<Ipv6Addr> {
    Block { name, first: Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), bits }
}

/// The blocks of IANA's IPv4 Special-Purpose Address Registry, by their names there, and multicast. The globally
/// reachable ones belong to anycast services (AS112, AMT), and no node has one of their addresses.
const SPECIAL_V4: [Block<Ipv4Addr>; 18] = [
    v4("\"This network\"", 0, 0, 0, 8),
    v4("Private-Use", 10, 0, 0, 8),
    v4("Shared Address Space", 100, 64, 0, 10),
    v4("Loopback", 127, 0, 0, 8),
    v4("Link Local", 169, 254, 0, 16),
    v4("Private-Use", 172, 16, 0, 12),
    // The registry's blocks within it are two anycast addresses, and blocks for use inside a site.
    v4("IETF Protocol Assignments", 192, 0, 0, 24),
    v4("Documentation (TEST-NET-1)", 192, 0, 2, 24),
    v4("AS112-v4", 192, 31, 196, 24),
    v4("AMT", 192, 52, 193, 24),
    v4("Deprecated (6to4 Relay Anycast)", 192, 88, 99, 24),
    v4("Private-Use", 192, 168, 0, 16),
    v4("Direct Delegation AS112 Service", 192, 175, 48, 24),
    v4("Benchmarking", 198, 18, 0, 15),
    v4("Documentation (TEST-NET-2)", 198, 51, 100, 24),
    v4("Documentation (TEST-NET-3)", 203, 0, 113, 24),
    v4("Multicast (RFC 5771)", 224, 0, 0, 4),
    // Limited Broadcast is the last address of this block.
    v4("Reserved", 240, 0, 0, 4),
];

/// The same for IPv6, within 2000::/3. No address outside of it is assigned to nodes: there are the registry's other
/// blocks, such as 64:ff9b:1::/48, 100::/64, 100:0:0:1::/64, 5f00::/16, fc00::/7 and fe80::/10, and the range of
/// Yggdrasil (200::/7).
const SPECIAL_V6: [Block<Ipv6Addr>; 4] = [
    // It contains, besides Teredo: Benchmarking (2001:2::/48), AMT, AS112-v6, ORCHID, ORCHIDv2 and DRIP.
    v6("IETF Protocol Assignments", 0x2001, 0, 0, 0, 23),
    v6("Documentation", 0x2001, 0xdb8, 0, 0, 32),
    v6("Direct Delegation AS112 Service", 0x2620, 0x4f, 0x8000, 0, 48),
    v6("Documentation", 0x3fff, 0, 0, 0, 20),
];

fn is_routable_v4(ip: Ipv4Addr) -> bool {
    !SPECIAL_V4.iter().any(|block| (ip.to_bits() ^ block.first.to_bits()) >> (32 - block.bits) == 0)
}

fn is_routable_v6(ip: Ipv6Addr) -> bool {
    let inside = |high: u16, low: u16| is_routable_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match ip.segments() {
        // A gateway translates it to the IPv4 address at its end. (RFC 6052)
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => return inside(high, low),
        // A tunnel to the IPv4 address inside, with any prefix.
        [_, _, _, _, 0 | 0x200, 0x5efe, high, low] if !inside(high, low) => return false, // ISATAP, RFC 5214
        [0x2002, high, low, ..] => return inside(high, low),                              // 6to4, RFC 3056
        // The server's address, and the client's with all bits inverted. (RFC 4380)
        [0x2001, 0, high, low, _, _, client_high, client_low] => {
            return inside(high, low) && inside(!client_high, !client_low);
        }
        _ => {}
    }
    let is_global_unicast = ip.to_bits() >> 125 == 1; // 2000::/3, RFC 4291
    is_global_unicast
        && !SPECIAL_V6.iter().any(|block| (ip.to_bits() ^ block.first.to_bits()) >> (128 - block.bits) == 0)
}

/// Whether a port belongs to a well-known service of another kind. An attacker that can make us dial such ports uses us
/// for a scan, or to speak to a mail server. (Core: netbase.cpp IsBadPort, doc/p2p-bad-ports.md)
#[must_use]
pub fn is_bad_port(port: u16) -> bool {
    BAD_PORTS.binary_search(&port).is_ok()
}

/// Sorted.
const BAD_PORTS: [u16; 85] = [
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
    111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
    540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3306, 3389, 3659, 4045, 5060,
    5061, 5432, 5900, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6697, 10080, 27017,
];

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use super::{BAD_PORTS, SPECIAL_V4, SPECIAL_V6, is_bad_port, is_globally_routable};

    #[test]
    fn no_address_of_a_special_block_is_routable_and_its_neighbours_are_unless_they_are_special() {
        for block in &SPECIAL_V4 {
            let first = block.first.to_bits();
            let last = first | u32::MAX >> block.bits;
            for ip in [first, first + 1, last] {
                assert!(!is_globally_routable(Ipv4Addr::from_bits(ip).into()), "{} {}", block.name, block.first);
            }
        }
        for block in &SPECIAL_V6 {
            let first = block.first.to_bits();
            let last = first | u128::MAX >> block.bits;
            for ip in [first, first + 1, last] {
                assert!(!is_globally_routable(Ipv6Addr::from_bits(ip).into()), "{} {}", block.name, block.first);
            }
        }
    }

    #[test]
    fn every_entry_of_the_registries_is_refused() {
        // IANA: iana-ipv4-special-registry, iana-ipv6-special-registry; and blocks that are deprecated or used without
        // registration.
        for (name, ip) in [
            ("This host on this network", "0.0.0.0"),
            ("This network", "0.1.2.3"),
            ("Private-Use", "10.0.0.1"),
            ("Shared Address Space", "100.64.0.1"),
            ("Loopback", "127.0.0.1"),
            ("Link Local", "169.254.1.1"),
            ("Private-Use", "172.16.0.1"),
            ("IPv4 Service Continuity Prefix", "192.0.0.7"),
            ("IPv4 dummy address", "192.0.0.8"),
            ("Port Control Protocol Anycast", "192.0.0.9"),
            ("Traversal Using Relays around NAT Anycast", "192.0.0.10"),
            ("NAT64/DNS64 Discovery", "192.0.0.170"),
            ("Documentation (TEST-NET-1)", "192.0.2.1"),
            ("AS112-v4", "192.31.196.1"),
            ("AMT", "192.52.193.1"),
            ("Deprecated (6to4 Relay Anycast)", "192.88.99.1"),
            ("Private-Use", "192.168.1.1"),
            ("Direct Delegation AS112 Service", "192.175.48.1"),
            ("Benchmarking", "198.18.0.1"),
            ("Documentation (TEST-NET-2)", "198.51.100.1"),
            ("Documentation (TEST-NET-3)", "203.0.113.1"),
            ("Multicast", "224.0.0.1"),
            ("Reserved", "240.0.0.1"),
            ("Limited Broadcast", "255.255.255.255"),
            ("Loopback Address", "::1"),
            ("Unspecified Address", "::"),
            ("IPv4-mapped Address", "::ffff:10.0.0.1"),
            ("IPv4-compatible", "::8.8.8.8"),
            ("IPv4-translated", "::ffff:0:10.0.0.1"),
            ("IPv4-translated", "::ffff:0:8.8.8.8"),
            ("IPv4-IPv6 Translat.", "64:ff9b::10.0.0.1"),
            ("IPv4-IPv6 Translat. (local)", "64:ff9b:1::808:808"),
            ("Discard-Only Address Block", "100::1"),
            ("Dummy IPv6 Prefix", "100:0:0:1::1"),
            ("Yggdrasil", "200::1"),
            ("Yggdrasil", "3ff::1"),
            ("IETF Protocol Assignments", "2001:1ff::1"),
            ("TEREDO, client 10.0.0.1", "2001:0:808:808:0:0:f5ff:fffe"),
            ("TEREDO, server 10.0.0.1", "2001:0:a00:1:0:0:f7f7:f7f7"),
            ("Port Control Protocol Anycast", "2001:1::1"),
            ("Benchmarking", "2001:2::1"),
            ("AMT", "2001:3::1"),
            ("AS112-v6", "2001:4:112::1"),
            ("Deprecated (previously ORCHID)", "2001:10::1"),
            ("ORCHIDv2", "2001:20::1"),
            ("Drone Remote ID Protocol Entity Tags Prefix", "2001:30::1"),
            ("Documentation", "2001:db8::1"),
            ("6to4 around Private-Use", "2002:a00:1::1"),
            ("6to4 around Loopback", "2002:7f00:1::1"),
            ("Direct Delegation AS112 Service", "2620:4f:8000::1"),
            ("Documentation", "3fff::1"),
            ("ISATAP around Private-Use", "2a00::5efe:10.0.0.1"),
            ("ISATAP around Private-Use, global", "2a00::200:5efe:192.168.0.1"),
            ("unassigned", "4000::1"),
            ("Segment Routing (SRv6) SIDs", "5f00::1"),
            ("unassigned", "e000::1"),
            ("Unique-Local", "fc00::1"),
            ("Unique-Local", "fd00::1"),
            ("Link-Local Unicast", "fe80::1"),
            ("Site-Local (RFC 3879)", "fec0::1"),
            ("Multicast", "ff02::1"),
        ] {
            assert!(!is_globally_routable(ip.parse().unwrap()), "{name}: {ip}");
        }
    }

    #[test]
    fn addresses_of_nodes_are_routable() {
        for ip in [
            "1.2.3.4",
            "9.255.255.255",
            "100.63.255.255",
            "100.128.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.255",
            "2000::1",
            "2001:200::1",
            "2001:db9::1",
            "2a00::1",
            "3ffe:ffff::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2001:0:808:808:0:0:f7f7:f7f7",
            "2002:808:808::1",
            "2a00::5efe:8.8.8.8",
        ] {
            assert!(is_globally_routable(ip.parse::<IpAddr>().unwrap()), "{ip}");
        }
    }

    #[test]
    fn bad_ports_are_those_of_other_services_and_no_networks() {
        assert!(BAD_PORTS.is_sorted());
        assert!([22, 25, 53, 5432, 27017].into_iter().all(is_bad_port));
        assert!([0, 80, 443, 8333, 9735, 18080, 30303].into_iter().all(|port| !is_bad_port(port)));
    }
}
