//! Times in reports, in UTC, and durations in sentences.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};
use tokio::time::Instant;

/// `2026-11-21T12:00:00.250Z` (RFC 3339), in UTC, to the millisecond. A clock outside the years 1970 to 9999 shows the
/// nearest moment within them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(SystemTime);

impl Stamp {
    /// The last millisecond with a four-digit year, since 1970.
    const LAST: Duration = Duration::from_millis(253_402_300_799_999);

    /// This moment by the present setting of the system's clock.
    pub fn of(moment: Instant) -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self::since_1970(since.saturating_sub(moment.elapsed()))
    }

    /// The present time of the system's clock.
    pub fn now() -> Self {
        Self::of(Instant::now())
    }

    fn since_1970(time: Duration) -> Self {
        Self(SystemTime::UNIX_EPOCH + time.min(Self::LAST))
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_rfc3339_millis(self.0).fmt(f)
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// `1h 2m`: a duration in its two largest units.
#[derive(Clone, Copy, Debug)]
pub struct Rounded(pub Duration);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = humantime::format_duration(self.0).to_string();
        let units: Vec<_> = text.split(' ').take(2).collect();
        f.write_str(&units.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Stamp;

    #[test]
    fn a_stamp_has_milliseconds_and_never_leaves_the_calendar() {
        for (milliseconds, shown) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_700_000_000_250, "2023-11-14T22:13:20.250Z"),
            (u64::MAX, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Stamp::since_1970(Duration::from_millis(milliseconds)).to_string(), shown);
        }
        let now = Stamp::of(Instant::now()).to_string();
        let read = humantime::parse_rfc3339(&now).unwrap();
        assert!(read.elapsed().unwrap_or_default() < Duration::from_secs(60), "{now}");
    }
}
