//! A timer that one task uses for all of its waits.

use std::pin::Pin;

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer for many waits, one after the other: to move one costs next to nothing, to make and drop one costs as much
/// as reading a message. It is made when first needed.
#[derive(Debug, Default)]
pub struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    /// A timer that has not been needed yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits for `work`, but no longer than until `deadline`; `None` if it was not over by then. The work stays where it is:
    /// taken in here, it would have its place twice.
    pub async fn wait<F: Future>(&mut self, deadline: Instant, work: Pin<&mut F>) -> Option<F::Output> {
        let Self(sleep) = self;
        let sleep = match sleep {
            None => sleep.insert(Box::pin(sleep_until(deadline))),
            Some(sleep) => {
                sleep.as_mut().reset(deadline);
                sleep
            }
        };
        tokio::select! {
            biased;
            output = work => Some(output),
            () = sleep => None,
        }
    }
}
