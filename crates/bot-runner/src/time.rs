//! Points in time as the engine and our answers write them.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::Offset;

/// Now, in nanoseconds since the Unix epoch.
pub(crate) fn now_ns() -> i128 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i128::try_from(since.as_nanos()).unwrap_or(i128::MAX)
        })
}

/// Now, as RFC 3339 in UTC with milliseconds.
pub(crate) fn now_rfc3339() -> String {
    rfc3339(now_ns() / 1_000_000 * 1_000_000)
}

/// This moment as RFC 3339 in UTC.
pub(crate) fn rfc3339(ns: i128) -> String {
    Timestamp::from_nanosecond(ns)
        .map(|at| at.to_string())
        .unwrap_or_default()
}

/// The moment an engine wrote down; `None` for its zero time (year 1) and for anything else that
/// is not a time.
pub(crate) fn parse_ns(text: &str) -> Option<i128> {
    let at: Timestamp = text.parse().ok()?;
    (Offset::UTC.to_datetime(at).year() > 1).then(|| at.as_nanosecond())
}

/// Whole milliseconds of a duration.
pub(crate) fn ms(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engine_times_are_read_to_the_nanosecond() {
        let ns = parse_ns("2026-03-04T05:06:07.123456789Z").unwrap();
        assert_eq!(ns % 1_000_000_000, 123_456_789);
        assert_eq!(rfc3339(ns), "2026-03-04T05:06:07.123456789Z");
        assert_eq!(
            rfc3339(1_772_600_000_120_000_000),
            "2026-03-04T04:53:20.12Z"
        );
        assert_eq!(
            parse_ns("2026-03-04T08:06:07+03:00"),
            parse_ns("2026-03-04T05:06:07Z")
        );
        assert_eq!(parse_ns("0001-01-01T00:00:00Z"), None);
        assert_eq!(parse_ns("yesterday"), None);
    }
}
