//! Which addresses may be dialled without the user having named them. (Core: netaddress.cpp CNetAddr::IsRoutable)

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address can be that of a node on the public Internet. Others come from peers and seeds by mistake or
/// by malice: dialled, they reach into our own network.
#[must_use]
pub fn is_globally_routable(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => is_routable_v4(v4),
        IpAddr::V6(v6) => is_routable_v6(v6),
    }
}

fn is_routable_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && b & 0xc0 == 64; // 100.64.0.0/10, RFC 6598
    let benchmarks = a == 198 && b & 0xfe == 18; // 198.18.0.0/15, RFC 2544
    let assignments = (a, b, c) == (192, 0, 0); // RFC 6890
    let reserved = a >= 240; // RFC 1112
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || ip.is_multicast()
        || ip.is_broadcast()
        || a == 0
        || shared
        || benchmarks
        || assignments
        || reserved)
}

fn is_routable_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    let documentation = (a, b) == (0x2001, 0xdb8) || (a == 0x3fff && b & 0xf000 == 0); // RFC 3849, RFC 9637
    let orchid = a == 0x2001 && (b & 0xfff0 == 0x10 || b & 0xfff0 == 0x20); // RFC 4843, RFC 7343
    let unique_local = a & 0xfe00 == 0xfc00; // RFC 4193; CJDNS lies in it, and needs a router of its own
    let link_local = a & 0xffc0 == 0xfe80; // RFC 4291
    let site_local = a & 0xffc0 == 0xfec0; // RFC 3879
    let discard = ip.segments().starts_with(&[0x100, 0, 0, 0]); // 100::/64, RFC 6666
    let local_translation = ip.segments().starts_with(&[0x64, 0xff9b, 1]); // 64:ff9b:1::/48, RFC 8215
    let compatible = ip.segments().starts_with(&[0; 6]); // ::/96, RFC 4291: deprecated, and :: and ::1 are in it
    // What stands for an IPv4 address is as routable as that: 64:ff9b::/96 (RFC 6052) and 2002::/16 (RFC 3056).
    match ip.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            return is_routable_v4(Ipv4Addr::new(a, b, c, d));
        }
        _ => {}
    }
    !(ip.is_multicast()
        || documentation
        || orchid
        || unique_local
        || link_local
        || site_local
        || discard
        || local_translation
        || compatible)
}

#[cfg(test)]
mod tests {
    use super::is_globally_routable;

    #[test]
    fn what_reaches_into_private_networks_is_not_routable() {
        for ip in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.1.1",
            "172.16.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd00::1",
            "2001:db8::1",
            "2001:10::1",
            "2001:20::1",
            "ff02::1",
            "64:ff9b::a00:1",
            "64:ff9b:1::808:808",
            "2002:a00:1::1",
            "2002:7f00:1::1",
            "fec0::1",
            "::8.8.8.8",
            "100::1",
            "3fff::1",
        ] {
            assert!(!is_globally_routable(ip.parse().unwrap()), "{ip}");
        }
        for ip in [
            "1.2.3.4",
            "100.128.0.1",
            "172.32.0.1",
            "198.20.0.1",
            "2a00::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert!(is_globally_routable(ip.parse().unwrap()), "{ip}");
        }
    }
}
