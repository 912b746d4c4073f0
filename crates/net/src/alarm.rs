//! The clock of a conversation: wakes the conversation at the time that it names.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use handshake::Conversation;
use tokio::time::{Instant, Sleep, sleep_until};

/// Checks when a conversation wants to be woken. A conversation that is never woken costs no timer.
#[derive(Debug)]
pub(crate) struct Alarm {
    started: Instant,
    deadline: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    /// For a conversation that starts now and must be over at the deadline.
    pub(crate) fn new(started: Instant, deadline: Instant) -> Self {
        Self { started, deadline, sleep: None }
    }

    /// Ready once the alarm has woken the conversation.
    pub(crate) fn poll(&mut self, conversation: &mut impl Conversation, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = conversation.wake_at(self.deadline.saturating_duration_since(self.started)) else {
            return Poll::Pending;
        };
        // A time that the clock cannot represent never comes.
        let Some(at) = self.started.checked_add(at) else { return Poll::Pending };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if sleep.deadline() != at {
            sleep.as_mut().reset(at);
        }
        ready!(sleep.as_mut().poll(cx));
        conversation.wake(self.started.elapsed());
        Poll::Ready(())
    }
}
