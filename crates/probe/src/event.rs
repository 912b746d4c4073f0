//! What happens while targets are probed, told as it happens.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::plan::Planned;
use crate::report::{HeldReport, Report};
use crate::trace::Line;

/// Something that happened.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'e> {
    /// There will be so many more reports of attempts.
    Expected(usize),
    /// A message passed on a connection.
    Message(&'e Line<'e>),
    /// An address would be dialled, in a run that dials nothing.
    Planned(&'e Planned<'e>),
    /// An attempt is over.
    Attempted(&'e Report<'e>),
    /// A connection that was kept after its handshake is over.
    Held(&'e HeldReport<'e>),
    /// So many names or addresses were not tried: the run was told to end.
    NotTried(usize),
    /// A seed of a crawl has answered, or will not.
    Seed(&'e SeedAnswer<'e>),
    /// How far a crawl has come. It is told a few times in a second.
    Progress(&'e Progress),
}

/// What came of asking a seed.
#[derive(Clone, Copy, Debug)]
pub struct SeedAnswer<'e> {
    /// The seed, as the database names it.
    pub seed: &'e str,
    /// The addresses that it told, or a sentence on why there are none.
    pub outcome: Result<Gain, &'e str>,
}

/// Addresses that a seed told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gain {
    /// How many.
    pub addresses: usize,
    /// How many of them were not known.
    pub new: usize,
    /// How many are not to be dialled: not globally routable, excluded, or over a limit.
    pub refused: u64,
}

/// How far a crawl has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Since its start.
    pub elapsed: Duration,
    /// Addresses known.
    pub known: usize,
    /// Of those, how many were tried.
    pub tried: u64,
    /// Peers with which there was a handshake.
    pub reached: usize,
    /// Visits under way.
    pub in_flight: usize,
    /// Addresses that are dialled later.
    pub waiting: usize,
    /// Addresses that are dialled as soon as there is room.
    pub ready: usize,
    /// Dials begun.
    pub dials: u64,
}

/// Is told what happens.
pub trait Observer: fmt::Debug + Send + Sync {
    /// Something happened. This must not block.
    fn on(&self, event: Event<'_>);

    /// Completes when there is room for another report; `None` if there is. Attempts that have one wait before they go on.
    fn room(&self) -> Option<BoxFuture<'_, ()>> {
        None
    }
}

/// Is told everything, and cares for nothing.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl Observer for Nobody {
    fn on(&self, _: Event<'_>) {}
}
