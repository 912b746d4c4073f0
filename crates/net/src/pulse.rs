//! What makes a side speak unasked: nothing during a handshake; the clock, once a connection is kept.

use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

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

/// Nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Still;

impl<H> Pulse<H> for Still {
    fn poll_beat(&mut self, _: &mut H, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
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
