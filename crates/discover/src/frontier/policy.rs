//! The limits of a crawl.

use std::sync::Arc;
use std::time::Duration;

use crate::exclusions::Exclusions;

/// The limits of a [`Frontier`](super::Frontier): its dials and the addresses that it stores.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Dials in all. `None`: as fast as the caller requests them.
    pub rate: Option<Pace>,
    /// Dials into one prefix: a hosting provider treats a burst of them as a port scan.
    pub prefix_pace: Option<Pace>,
    /// Addresses known at once. (See [`Policy::MAX_KNOWN`].)
    pub max_known: usize,
    /// Addresses known at once in one prefix.
    pub max_per_prefix: u32,
    /// New addresses that the peers of one network group may introduce within a [`SHARE_LASTS`].
    pub max_per_source: u32,
    /// Ports of one host known at once: more than a host has nodes, and too few for a port scan.
    pub max_per_host: u8,
    /// Once this many peers were reached, no others are dialled; and no more are dialled at once than are missing.
    pub max_peers: Option<usize>,
    /// Retries after the first failed dial, before an address is given up. Counted anew after a success.
    pub retries: u8,
    /// The time before a retry: longer after each failure.
    pub backoff: Growing,
    /// The time before a reached peer is dialled again: longer with each success in a row. `None`: no re-check.
    pub recheck: Option<Growing>,
    /// A given-up address is tried again if a source still names it this long after its last dial.
    pub revive_after: Duration,
    /// Also dial addresses that are not globally routable.
    pub allow_private: bool,
    /// Networks that are never dialled, whatever the source.
    pub excluded: Arc<Exclusions>,
}

/// The count of addresses that peers introduce starts anew after this time, so that a watch of weeks continues to
/// learn.
pub const SHARE_LASTS: Duration = Duration::from_secs(24 * 60 * 60);

impl Policy {
    /// Twice the addresses that Bitcoin's peers were seen to gossip (544 000), in about 60 MB.
    pub const MAX_KNOWN: usize = 1_000_000;
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            rate: None,
            prefix_pace: Some(Pace { every: Duration::from_millis(50), burst: 20 }),
            max_known: Self::MAX_KNOWN,
            // A fourth of what an IPv4 prefix can hold on one port.
            max_per_prefix: 16_384,
            // A peer answers once, with at most 1000 (BIP155): four full answers of new addresses.
            max_per_source: 4_096,
            max_per_host: 8,
            max_peers: None,
            retries: 1,
            backoff: Growing { first: Duration::from_secs(10), most: Duration::from_secs(60 * 60) },
            recheck: None,
            revive_after: Duration::from_secs(24 * 60 * 60),
            allow_private: false,
            excluded: Arc::default(),
        }
    }
}

/// The allowed rate of an event: `burst` times at once, and then once in each `every`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The time after which one more event is allowed.
    pub every: Duration,
    /// At least 1; 0 counts as 1.
    pub burst: u32,
}

impl Pace {
    /// This many per second, spread evenly. At least 1; 0 counts as 1.
    #[must_use]
    pub fn per_second(rate: u32) -> Self {
        Self { every: Duration::from_secs(1) / rate.max(1), burst: 1 }
    }
}

/// A time that doubles from `first` to `most`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growing {
    /// The first time.
    pub first: Duration,
    /// The limit.
    pub most: Duration,
}

impl Growing {
    /// The `n`th time, counted from 1.
    #[must_use]
    pub fn nth(self, n: u8) -> Duration {
        let doublings = u32::from(n.saturating_sub(1)).min(31);
        self.first.saturating_mul(1 << doublings).min(self.most)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Growing;

    #[test]
    fn a_growing_time_doubles_up_to_its_most() {
        let growing = Growing { first: Duration::from_secs(10), most: Duration::from_secs(60) };
        let seconds = [1, 2, 3, 4, 255].map(|n| growing.nth(n).as_secs());
        assert_eq!(seconds, [10, 20, 40, 60, 60]);
    }
}
