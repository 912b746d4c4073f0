//! How much each peer may tell.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use super::policy::SHARE_LASTS;
use crate::key::Key;

/// Counts the addresses that each peer has introduced of late.
#[derive(Debug)]
pub(super) struct Sources {
    introduced: HashMap<IpAddr, u32, Key>,
    since: Duration,
}

impl Sources {
    pub(super) fn new(key: Key) -> Self {
        Self { introduced: HashMap::with_hasher(key), since: Duration::ZERO }
    }

    /// Whether a peer may introduce another address; if so, it is counted once the caller says so.
    pub(super) fn share(&mut self, peer: IpAddr, most: u32, now: Duration) -> Option<&mut u32> {
        if now.saturating_sub(self.since) >= SHARE_LASTS {
            self.introduced.clear();
            self.since = now;
        }
        let introduced = self.introduced.entry(holder(peer)).or_default();
        (*introduced < most).then_some(introduced)
    }
}

/// Whoever holds an IPv6 address holds its /64.
fn holder(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}
