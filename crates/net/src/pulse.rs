//! What makes a side speak unasked: half time during a handshake; the clock, once a connection is kept.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use handshake::Handshake;
use tokio::time::{Instant, Interval, MissedTickBehavior, Sleep, interval_at, sleep_until};

/// Tells a side from time to time that it may speak.
#[derive(Debug)]
pub struct Beat<H> {
    /// The time between two beats, and before the first. More than nothing.
    pub every: Duration,
    /// Tells it; what it then has to say leaves at once.
    pub tell: fn(&mut H),
}

/// What a driver looks at while it waits.
pub(crate) trait Pulse<H> {
    /// Ready once it has told `handshake` that it may speak.
    fn poll_beat(&mut self, handshake: &mut H, cx: &mut Context<'_>) -> Poll<()>;
}

/// Half of the time until a deadline. Only a handshake that heeds it looks at the clock and pays for a timer.
#[derive(Debug)]
pub(crate) enum HalfTime {
    /// The time begins with the first poll, and this is the deadline.
    Before(Instant),
    /// It is awaited.
    Awaited(Pin<Box<Sleep>>),
    /// It is over.
    Over,
}

impl<H: Handshake> Pulse<H> for HalfTime {
    fn poll_beat(&mut self, handshake: &mut H, cx: &mut Context<'_>) -> Poll<()> {
        if !H::HEEDS_HALF_TIME {
            return Poll::Pending;
        }
        if let Self::Before(deadline) = *self {
            let now = Instant::now();
            let half = now + deadline.saturating_duration_since(now) / 2;
            *self = Self::Awaited(Box::pin(sleep_until(half)));
        }
        let Self::Awaited(sleep) = self else {
            return Poll::Pending;
        };
        ready!(sleep.as_mut().poll(cx));
        *self = Self::Over;
        handshake.half_time();
        Poll::Ready(())
    }
}

/// A beat that has begun.
#[derive(Debug)]
pub(crate) struct Beating<H> {
    interval: Interval,
    tell: fn(&mut H),
}

impl<H> Beating<H> {
    pub(crate) fn new(beat: &Beat<H>) -> Self {
        let mut interval = interval_at(Instant::now() + beat.every, beat.every);
        // Whoever does not read for long is not to find all that was missed at once.
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { interval, tell: beat.tell }
    }
}

impl<H> Pulse<H> for Beating<H> {
    fn poll_beat(&mut self, handshake: &mut H, cx: &mut Context<'_>) -> Poll<()> {
        self.interval.poll_tick(cx).map(|_| (self.tell)(handshake))
    }
}
