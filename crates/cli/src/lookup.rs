//! From a target to addresses: where a name may lead.

use std::net::SocketAddr;

/// Whether an address is dialled that only a name led to: one must not be able to point us into our own network.
pub fn may_lead_to(name: &str, address: SocketAddr) -> bool {
    is_localhost(name) || net::is_globally_routable(address.ip())
}

/// Whether a name can mean nothing but this machine itself. (RFC 6761)
pub fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}
