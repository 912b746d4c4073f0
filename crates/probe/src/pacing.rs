//! How fast addresses are dialled, in every command that takes targets.

use std::net::IpAddr;
use std::time::Duration;

use discover::{Key, Pace, Paced};
use tokio::time::{Instant, sleep_until};

/// How fast addresses are dialled.
#[derive(Clone, Copy, Debug)]
pub struct Pacing {
    /// All together.
    pub rate: Option<Pace>,
    /// Those of one network.
    pub prefix: Option<Pace>,
    /// Whether the pace of networks holds for addresses that the user named, too.
    pub named: bool,
}

/// What led to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Led {
    /// The user named the address itself.
    ByUser,
    /// The user named a name, and others said where that leads.
    ByName,
}

impl Pacing {
    /// A queue whose items go out so fast.
    pub fn queue<T>(&self) -> Paced<T> {
        Paced::new(self.rate, self.prefix, Key::new(rand::random()))
    }

    /// Whether a queue would hold back what the user named.
    pub fn holds_back_named(&self) -> bool {
        self.rate.is_some() || (self.prefix.is_some() && self.named)
    }

    /// Puts what is to be dialled at an address into such a queue, so long after its start.
    pub fn push<T>(&self, queue: &mut Paced<T>, led: Led, ip: IpAddr, item: T, now: Duration) {
        match led {
            Led::ByUser if !self.named => queue.push_free(item),
            Led::ByUser | Led::ByName => queue.push(ip, item, now),
        }
    }
}

/// Completes at this moment; never if there is none.
pub async fn moment(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
