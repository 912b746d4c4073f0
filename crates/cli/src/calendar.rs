//! Formats and parses times for people, in UTC.

use std::fmt;
use std::time::{Duration, SystemTime};

use peers::Time;

use probe::stamp::Rounded;

/// Parses a past time: a duration ago, a day, a time, or Unix seconds.
pub fn moment(text: &str) -> Result<Time, String> {
    const EXPECTED: &str = "expected how long ago (90m, 7d), a day or a time in UTC (2026-11-21, 2026-11-21T12:00:00Z), \
                            or Unix seconds (@1700000000)";
    if let Some(seconds) = text.strip_prefix('@') {
        return seconds.parse().map(Time).map_err(|_| EXPECTED.into());
    }
    if let Ok(ago) = humantime::parse_duration(text) {
        let ago = i64::try_from(ago.as_secs()).unwrap_or(i64::MAX);
        return Ok(Time(Time::now().0.saturating_sub(ago)));
    }
    let time =
        humantime::parse_rfc3339_weak(text).or_else(|_| humantime::parse_rfc3339_weak(&format!("{text} 00:00:00")));
    time.map(Time::from).map_err(|_| EXPECTED.into())
}

/// `2026-11-21 12:00:00`; seconds since 1970 for times outside the calendar.
#[derive(Clone, Copy, Debug)]
pub struct Utc(pub Time);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The last second with a four-digit year.
        const LAST: u64 = 253_402_300_799;
        let Self(Time(seconds)) = *self;
        match u64::try_from(seconds) {
            Ok(since @ ..=LAST) => {
                let time = SystemTime::UNIX_EPOCH + Duration::from_secs(since);
                let text = humantime::format_rfc3339_seconds(time).to_string();
                f.pad(&text.trim_end_matches('Z').replace('T', " "))
            }
            _ => f.pad(&seconds.to_string()),
        }
    }
}

/// `2h ago`, in its two largest units.
#[derive(Clone, Copy, Debug)]
pub struct Ago {
    /// The past time.
    pub then: Time,
    /// The present time.
    pub now: Time,
}

impl fmt::Display for Ago {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.now.0.saturating_sub(self.then.0);
        let Some(seconds) = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0) else {
            return f.write_str("now");
        };
        write!(f, "{} ago", Rounded(Duration::from_secs(seconds)))
    }
}

#[cfg(test)]
mod tests {
    use peers::Time;

    use super::{Ago, Utc, moment};

    #[test]
    fn a_moment_is_read_however_it_is_written() {
        for (text, seconds) in [
            ("@0", 0),
            ("@1700000000", 1_700_000_000),
            ("2023-11-14", 1_699_920_000),
            ("2023-11-14 22:13:20", 1_700_000_000),
            ("2023-11-14T22:13:20Z", 1_700_000_000),
        ] {
            assert_eq!(moment(text), Ok(Time(seconds)), "{text}");
        }
        let ago = |text| Time::now().0 - moment(text).map_or(0, |time| time.0);
        assert!((5400..5402).contains(&ago("90m")) && (604_800..604_802).contains(&ago("7d")));
        for text in ["", "7", "yesterday", "@", "2023-13-01", "2023-11-14T25:00:00Z"] {
            assert!(moment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_time_can_be_shown() {
        for (seconds, shown) in [
            (0, "1970-01-01 00:00:00"),
            (1_700_000_000, "2023-11-14 22:13:20"),
            (253_402_300_799, "9999-12-31 23:59:59"),
            (253_402_300_800, "253402300800"),
            (i64::MAX, "9223372036854775807"),
            (-1, "-1"),
            (i64::MIN, "-9223372036854775808"),
        ] {
            assert_eq!(Utc(Time(seconds)).to_string(), shown);
        }
    }

    #[test]
    fn what_is_past_is_told_in_two_units() {
        let ago = |then| Ago { then: Time(then), now: Time(1_000_000) }.to_string();
        assert_eq!(ago(1_000_000 - 3_723), "1h 2m ago");
        assert_eq!(ago(1_000_000), "now");
        assert_eq!(ago(1_000_009), "now");
        assert!(ago(i64::MIN).ends_with(" ago"));
    }
}
