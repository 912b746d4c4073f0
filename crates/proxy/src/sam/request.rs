//! What is asked of a router, as lines.

use alloc::vec::Vec;

use super::Event;
use super::error::Error;

/// A request to a router: [`CreateSession`](super::CreateSession), [`Lookup`](super::Lookup),
/// [`Connect`](super::Connect) or [`Accept`](super::Accept).
pub trait Request: Dialogue {}

impl<D: Dialogue> Request for D {}

/// Lines of ours and of the router, which follow each other until there is an output.
pub trait Dialogue {
    /// What the router gives.
    type Output;

    /// The words by which the line that is due starts.
    fn name(&self) -> &'static str;

    /// Writes the line that is due.
    fn write(&self, tx: &mut Vec<u8>);

    /// The line that is due from the router.
    fn awaiting(&self) -> &'static str;

    /// Processes a line of the router, which may be changed in place.
    ///
    /// # Errors
    /// If it is malformed, or reports a failure.
    fn hear(&mut self, line: &mut [u8]) -> Result<(Event, Next<Self::Output>), Error>;

    /// What it means that the router has not answered before our deadline, if that is a failure.
    fn late(&self) -> Option<Error>;
}

/// What follows a line of the router.
#[derive(Debug)]
pub enum Next<T> {
    /// Another line of ours.
    Say,
    /// Another line of the router.
    Wait,
    /// Nothing: the request is over.
    Done(T),
}
