//! A timer that one task uses for all of its waits.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::stop::{Stop, Watch};

/// A timer for many waits, one after the other. To move a timer costs almost nothing; to create and drop one costs as
/// much as reading a message. It is created at its first use.
#[derive(Debug, Default)]
pub struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    stop: Option<Watch>,
}

impl Timer {
    /// A timer that is not created yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A timer whose waits also end when `stop` is told.
    #[must_use]
    pub fn until(stop: &Stop) -> Self {
        Self { sleep: None, stop: Some(stop.watch()) }
    }

    /// Whether the timer's `stop` was told.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(Watch::is_stopped)
    }

    /// Waits for `work` until `deadline` at most; `None` if it was not over by then. `work` is pinned by the caller:
    /// passed by value, it would take its space twice.
    pub async fn wait<F: Future>(&mut self, deadline: Instant, mut work: Pin<&mut F>) -> Option<F::Output> {
        let Self { sleep, stop } = self;
        let sleep = match sleep {
            None => sleep.insert(Box::pin(sleep_until(deadline))),
            Some(sleep) => {
                sleep.as_mut().reset(deadline);
                sleep
            }
        };
        poll_fn(|cx| {
            if let Poll::Ready(output) = work.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
            let is_late = sleep.as_mut().poll(cx).is_ready();
            let is_stopped = stop.as_mut().is_some_and(|stop| Pin::new(stop).poll(cx).is_ready());
            if is_late || is_stopped { Poll::Ready(None) } else { Poll::Pending }
        })
        .await
    }
}
