//! How reliably a peer answers, as the DNS seeders measure it. (bitcoin-seeder: db.h CAddrStat, CAddrInfo)
//!
//! Five averages forget at five speeds. Each attempt ends a span of `age` seconds since the previous attempt, and its
//! result counts for that whole span:
//!
//! ```text
//! f = exp(-age / window)
//! reliability = reliability * f + (1 - f if good)
//! weight      = weight * f + (1 - f)             what a peer would have that was always good
//! count       = count * f + 1                    how many attempts the average still remembers
//! ```

/// The windows of the averages: their names, and their lengths in seconds.
pub const WINDOWS: [(&str, f64); 5] =
    [("2h", 7_200.0), ("8h", 28_800.0), ("1d", 86_400.0), ("7d", 604_800.0), ("30d", 2_592_000.0)];

/// Seconds for which the first attempt counts: the shortest time between two attempts. (bitcoin-seeder: MIN_RETRY)
pub const MIN_RETRY_S: i64 = 1000;

/// An average that forgets. Single precision, as in the seeders, so that the same attempts give the same values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Average {
    /// From 0, never good, to 1, always good.
    pub reliability: f32,
    /// From 0 to 1: how much of the window was watched.
    pub weight: f32,
    /// Attempts in the average, each weighted by its age.
    pub count: f32,
}

impl Average {
    /// Adds an attempt that ends a span of `age` seconds.
    #[expect(clippy::cast_possible_truncation, reason = "the seeders keep single precision, too")]
    fn update(&mut self, good: bool, age: f64, window: f64) {
        let kept = (-age / window).exp();
        let gained = if good { 1.0 - kept } else { 0.0 };
        self.reliability = (f64::from(self.reliability) * kept + gained) as f32;
        self.count = (f64::from(self.count) * kept + 1.0) as f32;
        self.weight = (f64::from(self.weight) * kept + (1.0 - kept)) as f32;
    }

    /// The highest possible value, if all of the unwatched time was good.
    fn at_best(self) -> f32 {
        self.reliability - self.weight + 1.0
    }
}

/// The averages over [`WINDOWS`], in that order.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reliability(pub [Average; 5]);

impl Reliability {
    /// Adds an attempt, `since_last` seconds after the previous one; `None` for the first.
    pub fn update(&mut self, good: bool, since_last: Option<i64>) {
        // A clock that was set back gives an age of 0.
        let age = since_last.unwrap_or(MIN_RETRY_S).max(0);
        #[expect(clippy::cast_precision_loss, reason = "2^53 seconds are 285 million years")]
        let age = age as f64;
        for (average, (_, window)) in self.0.iter_mut().zip(WINDOWS) {
            average.update(good, age, window);
        }
    }

    /// Whether one of the averages is high enough, with enough attempts. (CAddrInfo::IsGood)
    #[must_use]
    pub fn is_good(&self) -> bool {
        const ENOUGH: [(f32, f32); 5] = [(0.85, 2.0), (0.70, 4.0), (0.55, 8.0), (0.45, 16.0), (0.35, 32.0)];
        let enough = |(average, (reliability, count)): (&Average, (f32, f32))| {
            average.reliability > reliability && average.count > count
        };
        self.0.iter().zip(ENOUGH).any(enough)
    }

    /// Seconds for which a peer that is not good is not tried. (CAddrInfo::GetIgnoreTime)
    #[must_use]
    pub fn ignored_for(&self) -> i64 {
        // From the longest window to the shortest: the threshold of the highest possible value, and the seconds.
        const IGNORED: [(usize, f32, i64); 4] =
            [(4, 0.20, 10 * 86_400), (3, 0.16, 3 * 86_400), (2, 0.12, 8 * 3600), (1, 0.08, 2 * 3600)];
        let hopeless = |&(window, least, _): &(usize, f32, i64)| {
            let average: Average = self.0[window];
            average.at_best() < least && average.count > 2.0
        };
        IGNORED.into_iter().find(hopeless).map_or(0, |(.., seconds)| seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::{Average, MIN_RETRY_S, Reliability, WINDOWS};

    /// The definition in closed form: the sum of the weights of all attempts.
    fn expected(attempts: &[(bool, i64)], window: f64) -> (f64, f64, f64) {
        let (mut reliability, mut weight, mut count) = (0.0, 0.0, 0.0);
        let mut since = 0.0;
        for &(good, age) in attempts.iter().rev() {
            let age = f64::from(i32::try_from(age).unwrap());
            let (before, after) = ((-since / window).exp(), (-(since + age) / window).exp());
            weight += before - after;
            reliability += if good { before - after } else { 0.0 };
            count += before;
            since += age;
        }
        (reliability, weight, count)
    }

    #[test]
    fn averages_are_what_their_definition_says() {
        let attempts = [(true, MIN_RETRY_S), (true, 3600), (false, 1000), (true, 90_000), (false, 7200), (true, 1001)];
        let mut reliability = Reliability::default();
        for (nth, &(good, age)) in attempts.iter().enumerate() {
            reliability.update(good, (nth > 0).then_some(age));
        }
        for (average, (name, window)) in reliability.0.iter().zip(WINDOWS) {
            let (reliability, weight, count) = expected(&attempts, window);
            assert!((f64::from(average.reliability) - reliability).abs() < 1e-6, "{name}");
            assert!((f64::from(average.weight) - weight).abs() < 1e-6, "{name}");
            assert!((f64::from(average.count) - count).abs() < 1e-5, "{name}");
        }
    }

    #[test]
    fn the_first_attempt_stands_for_the_least_time_between_two() {
        let mut reliability = Reliability::default();
        reliability.update(true, None);
        let Average { reliability, weight, count } = reliability.0[0];
        assert!((reliability - 0.129_675_2).abs() < 1e-6); // 1 - exp(-1000/7200)
        assert_eq!((weight, count), (reliability, 1.0));
    }

    #[test]
    fn a_peer_that_always_answers_becomes_good_and_one_that_never_does_is_left_alone() {
        let (mut always, mut never) = (Reliability::default(), Reliability::default());
        for nth in 0..30 {
            assert!(!never.is_good());
            always.update(true, (nth > 0).then_some(3600));
            never.update(false, (nth > 0).then_some(3600));
        }
        assert!(always.is_good() && always.ignored_for() == 0);
        // At best 0.28 over a day and 0.02 over eight hours.
        assert_eq!(never.ignored_for(), 2 * 3600);
    }

    #[test]
    fn a_clock_that_was_set_back_spoils_nothing() {
        let mut reliability = Reliability::default();
        reliability.update(true, Some(i64::MIN));
        reliability.update(true, Some(-5));
        assert!(reliability.0.iter().all(|average| (0.0..=1.0).contains(&average.reliability)));
    }
}
