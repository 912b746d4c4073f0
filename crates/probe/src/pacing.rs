//! The rate limits of dials, in every command that takes targets.

use std::net::IpAddr;
use std::time::Duration;

use discover::{Key, Pace, Paced};
use tokio::time::{Instant, sleep_until};

/// The rate limits of dials.
#[derive(Clone, Copy, Debug)]
pub struct Pacing {
    /// For all addresses together.
    pub rate: Option<Pace>,
    /// For the addresses of one network.
    pub prefix: Option<Pace>,
    /// Whether the limit of each network applies also to addresses that the user named.
    pub named: bool,
}

impl Default for Pacing {
    /// 20 a second for the addresses of one network, since a hoster takes a burst of dials for a port scan; no limit for
    /// addresses that the user named.
    fn default() -> Self {
        const PER_SECOND: u32 = 20;
        let prefix = Pace { every: Duration::from_secs(1) / PER_SECOND, burst: PER_SECOND };
        Self { rate: None, prefix: Some(prefix), named: false }
    }
}

/// The origin of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Led {
    /// The user named the address itself.
    ByUser,
    /// The user named a name, and DNS or a peer supplied the address.
    ByName,
}

impl Pacing {
    /// A queue with these limits.
    pub fn queue<T>(&self) -> Paced<T> {
        Paced::new(self.rate, self.prefix, Key::new(rand::random()))
    }

    /// Whether a queue would delay addresses that the user named.
    pub fn holds_back_named(&self) -> bool {
        self.rate.is_some() || (self.prefix.is_some() && self.named)
    }

    /// Adds an address's item to such a queue, at the time `now` since its start.
    pub fn push<T>(&self, queue: &mut Paced<T>, led: Led, ip: IpAddr, item: T, now: Duration) {
        match led {
            Led::ByUser if !self.named => queue.push_free(item),
            Led::ByUser | Led::ByName => queue.push(ip, item, now),
        }
    }
}

/// Completes at this time; never if there is none.
pub async fn moment(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
