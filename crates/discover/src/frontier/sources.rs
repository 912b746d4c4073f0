//! Limits on the addresses that the peers of each network group may introduce.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::policy::SHARE_LASTS;
use crate::group::Group;
use crate::key::Key;
use crate::routable::is_globally_routable;

/// Counts the addresses that each network group has introduced recently. An IPv6 /48 belongs to one customer, and holds
/// 65,536 networks that would otherwise have a share each; so the group is that of all other limits. Peers that are not
/// globally routable are in the user's own network, and the user has allowed or named them: each of them counts alone.
#[derive(Debug)]
pub(super) struct Sources {
    introduced: HashMap<IpAddr, u32, Key>,
    since: Duration,
}

impl Sources {
    pub(super) fn new(key: Key) -> Self {
        Self { introduced: HashMap::with_hasher(key), since: Duration::ZERO }
    }

    /// The count of the peer's group, to be incremented by the caller; `None` if the group has introduced `most`
    /// already.
    pub(super) fn share(&mut self, peer: IpAddr, most: u32, now: Duration) -> Option<&mut u32> {
        if now.saturating_sub(self.since) >= SHARE_LASTS {
            self.introduced.clear();
            self.since = now;
        }
        let introduced = self.introduced.entry(holder(peer)).or_default();
        (*introduced < most).then_some(introduced)
    }
}

/// The first address of a peer's network group, or the peer's own.
fn holder(peer: IpAddr) -> IpAddr {
    match Group::of(peer) {
        _ if !is_globally_routable(peer) => peer.to_canonical(),
        Group::V4([a, b]) => Ipv4Addr::new(a, b, 0, 0).into(),
        Group::V6(head) => Ipv6Addr::from(u128::from(u32::from_be_bytes(head)) << 96).into(),
    }
}
