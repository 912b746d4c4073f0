//! Events that occur while targets are probed.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::ask::Answer;
use crate::plan::Planned;
use crate::report::{HeldReport, Report};
use crate::trace::Line;

/// An event.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'e> {
    /// This many more reports of attempts will come.
    Expected(usize),
    /// A message passed on a connection.
    Message(&'e Line<'e>),
    /// An address would be dialled, in a run that dials nothing.
    Planned(&'e Planned<'e>),
    /// An attempt is over.
    Attempted(&'e Report<'e>),
    /// A node has answered the question for addresses, or failed to.
    Answered(&'e Answer<'e>),
    /// A kept connection is over.
    Held(&'e HeldReport<'e>),
    /// A listener accepts no more connections.
    ListenerFailed(&'e ListenerFailed<'e>),
    /// This many names or addresses were not tried: the run was interrupted.
    NotTried(usize),
    /// A crawl's seed has answered, or its lookup failed.
    Seed(&'e SeedAnswer<'e>),
    /// The progress of a crawl, a few times a second.
    Progress(&'e Progress),
}

/// A listener that accepts no more connections.
#[derive(Clone, Copy, Debug)]
pub struct ListenerFailed<'e> {
    /// Our listening address.
    pub address: SocketAddr,
    /// The system's error.
    pub error: &'e io::Error,
}

/// The result of a seed's lookup.
#[derive(Clone, Copy, Debug)]
pub struct SeedAnswer<'e> {
    /// The seed's name in the database.
    pub seed: &'e str,
    /// The addresses that it returned, or a sentence that says why there are none.
    pub outcome: Result<Gain, &'e str>,
}

/// Addresses from a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gain {
    /// How many.
    pub addresses: usize,
    /// How many of them were new.
    pub new: usize,
    /// How many must not be dialled: not globally routable, excluded, or over a limit.
    pub refused: u64,
}

/// The progress of a crawl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Time since its start.
    pub elapsed: Duration,
    /// Addresses known.
    pub known: usize,
    /// How many of them were tried.
    pub tried: u64,
    /// Peers with a successful handshake.
    pub reached: usize,
    /// Visits under way.
    pub in_flight: usize,
    /// Addresses to dial later.
    pub waiting: usize,
    /// Addresses to dial as soon as there is room.
    pub ready: usize,
    /// Dials begun.
    pub dials: u64,
}

/// Receives the events.
pub trait Observer: fmt::Debug + Send + Sync {
    /// Handles an event. This must not block.
    fn on(&self, event: Event<'_>);

    /// Completes when there is room for another report; `None` if there is room now. Attempts with a report wait for
    /// it.
    fn room(&self) -> Option<BoxFuture<'_, ()>> {
        None
    }
}

/// Ignores all events.
#[derive(Clone, Copy, Debug)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn on(&self, _: Event<'_>) {}
}
