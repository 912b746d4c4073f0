//! Addresses of a small Internet.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::net::{Ipv6Addr, SocketAddr};

use verack_discover::Key;

pub(crate) const KEY: Key = Key::new([7; 16]);

/// A host in one of the prefixes: IPv4 if its number is even, else IPv6.
pub(crate) fn address(prefix: u8, host: u8) -> SocketAddr {
    if prefix.is_multiple_of(2) {
        SocketAddr::from(([11, prefix, 0, host], 8333))
    } else {
        SocketAddr::from((Ipv6Addr::new(0x2a01, prefix.into(), 0, 0, 0, 0, 0, host.into()), 8333))
    }
}
