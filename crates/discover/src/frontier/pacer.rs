//! The state of a [`Pace`], in eight bytes.

use std::time::Duration;

use super::policy::Pace;

/// When the next event would be due if all had come evenly spread, in nanoseconds since the start. (GCRA: it may be
/// ahead of the clock by the time of a burst.)
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pacer(u64);

impl Pacer {
    /// When another event is allowed.
    pub(super) fn free_at(self, pace: Pace) -> Duration {
        let ahead = nanos(pace.every).saturating_mul(u64::from(pace.burst.saturating_sub(1)));
        Duration::from_nanos(self.0.saturating_sub(ahead))
    }

    /// Whether a whole burst is allowed, as in the initial state.
    pub(super) fn is_rested(self, now: Duration) -> bool {
        self.0 <= nanos(now)
    }

    /// Counts one event.
    pub(super) fn take(&mut self, pace: Pace, now: Duration) {
        self.take_many(1, pace, now);
    }

    /// Counts this many events.
    pub(super) fn take_many(&mut self, count: usize, pace: Pace, now: Duration) {
        let all = nanos(pace.every).saturating_mul(u64::try_from(count).unwrap_or(u64::MAX));
        self.0 = self.0.max(nanos(now)).saturating_add(all);
    }
}

/// 584 years fit.
fn nanos(time: Duration) -> u64 {
    time.as_nanos().try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Pace, Pacer};

    #[test]
    fn a_burst_passes_at_once_and_then_one_in_each_interval() {
        let pace = Pace { every: Duration::from_secs(2), burst: 3 };
        let start = Duration::from_secs(100);
        let mut pacer = Pacer::default();
        let mut now = start;
        let times: Vec<u64> = (0..6)
            .map(|_| {
                now = now.max(pacer.free_at(pace));
                pacer.take(pace, now);
                (now - start).as_secs()
            })
            .collect();
        assert_eq!(times, [0, 0, 0, 2, 4, 6]);
        assert_eq!(pacer.free_at(pace), Duration::from_secs(108));
    }
}
