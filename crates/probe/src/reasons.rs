//! The reason codes of events before and beside a handshake, and their meaning.

use handshake::{Blame, Reason};

use crate::protocol::protocols;

/// Each code, in the order of the documentation.
pub const REASONS: &[Reason] = &[
    Reason::of("resolve.not-found", Blame::Mismatch, "the name does not exist, or has no address"),
    Reason::of("resolve.failed", Blame::Network, "the DNS server, or the system's resolver, cannot tell"),
    Reason::of("resolve.timeout", Blame::Network, "no DNS server answered in time"),
    Reason::of("local.left-out", Blame::Local, "`-4`, `-6` or `--bind` leaves this address out"),
    Reason::of("local.excluded", Blame::Local, "`--exclude` covers this address"),
    Reason::of(
        "local.over-cap",
        Blame::Local,
        "a name led to more than is dialled for a name, a host or, in time, a network; the sentence says how many",
    ),
    Reason::of(
        "local.no-proxy",
        Blame::Local,
        "a Tor or I2P name: it is behind a proxy, see `--tor` and `--proxy`, and is not looked up",
    ),
    Reason::of("local.no-dns", Blame::Local, "`--proxy` resolves names alone, not lists of nodes in the DNS"),
    Reason::of(
        "local.no-transport",
        Blame::Local,
        "a multiaddr over another transport than TCP, which the sentence names",
    ),
    Reason::of(
        "local.address-not-routable",
        Blame::Local,
        "only a name led to this private address; see `--allow-private`",
    ),
    Reason::remark(
        "closed.in-silence",
        "closed a second connection, on which we said nothing, as well: most likely it is full, or refuses our address",
    ),
    Reason::remark("closed.on-hello", "kept a second connection, on which we said nothing: it closes on what we say"),
    Reason::remark(
        "closed.spoke-first",
        "said something on a second connection before we said anything: it is no node of this network",
    ),
];

/// Every reason code: of connections, of the steps before a handshake, and of each protocol.
pub fn all() -> impl Iterator<Item = &'static Reason> {
    let protocols = protocols().flat_map(super::protocol::Protocol::reasons);
    // The crate has those of I2P as well, over which no connection is made yet.
    let proxies = proxy::REASONS.iter().filter(|reason| !reason.code.contains("i2p"));
    net::REASONS.iter().chain(REASONS).chain(proxies).chain(protocols)
}

/// The reason with this code.
pub fn named(code: &str) -> Option<&'static Reason> {
    all().find(|reason| reason.code == code)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{all, protocols};

    #[test]
    fn each_code_stands_once_and_begins_with_its_protocol() {
        let codes: HashSet<_> = all().map(|reason| reason.code).collect();
        assert_eq!(codes.len(), all().count());
        for protocol in protocols() {
            let start = format!("{}.", protocol.name());
            assert!(!protocol.reasons().is_empty());
            for reason in protocol.reasons() {
                assert!(reason.code.starts_with(&start), "{}", reason.code);
            }
        }
    }
}
