//! What happens while targets are probed, told as it happens.

use std::fmt;

use futures_util::future::BoxFuture;

use crate::plan::Planned;
use crate::report::{HeldReport, Report};
use crate::trace::Line;

/// Something that happened.
#[derive(Clone, Copy, Debug)]
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
