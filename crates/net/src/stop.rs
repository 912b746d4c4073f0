//! Ends every wait of a run before its deadline.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// Tells all waits of a run to end, after Ctrl-C. Clones share one state, which changes once.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<State>);

#[derive(Debug, Default)]
struct State {
    stopped: AtomicBool,
    changed: Arc<Notify>,
}

impl Stop {
    /// A `Stop` in its initial state: not told yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends every wait, also those that begin later.
    pub fn stop(&self) {
        let Self(state) = self;
        state.stopped.store(true, Ordering::Release);
        state.changed.notify_waiters();
    }

    /// Whether [`Stop::stop`] was called.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::Acquire)
    }

    /// Completes once [`Stop::stop`] was called.
    pub async fn stopped(&self) {
        let Self(state) = self;
        // Created before the state is read, so that no change in between is missed.
        let changed = state.changed.notified();
        if !self.is_stopped() {
            changed.await;
        }
    }

    /// The same for many waits, one after the other.
    pub(crate) fn watch(&self) -> Watch {
        Watch { changed: Box::pin(self.0.changed.clone().notified_owned()), wakes: None, stop: self.clone() }
    }
}

/// Completes once [`Stop::stop`] was called, and remains complete. All waiting tasks are in one list: to stay in it for
/// many waits is cheaper than to enter and leave it for each.
#[derive(Debug)]
pub(crate) struct Watch {
    /// Created before every read of `stop`, so that no change is missed.
    changed: Pin<Box<OwnedNotified>>,
    /// The task that `changed` wakes, so that a poll from the same task does not lock the list again.
    wakes: Option<Waker>,
    stop: Stop,
}

impl Watch {
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.is_stopped()
    }
}

impl Future for Watch {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_stopped() {
            return Poll::Ready(());
        }
        if self.wakes.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            return Poll::Pending;
        }
        self.wakes = Some(cx.waker().clone());
        self.changed.as_mut().poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::yield_now;

    use super::Stop;

    #[tokio::test]
    async fn waits_that_began_before_it_and_after_it_end() {
        let stop = Stop::new();
        let waiting = tokio::spawn({
            let stop = stop.clone();
            async move { stop.stopped().await }
        });
        yield_now().await;
        assert!(!stop.is_stopped() && !waiting.is_finished());
        stop.stop();
        waiting.await.unwrap();
        stop.stopped().await;
        assert!(stop.is_stopped());
    }
}
