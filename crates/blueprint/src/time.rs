//! Points in time as people write them.

/// Milliseconds since the Unix epoch of a time like `2026-11-21T18:00:00Z`.
pub(crate) fn parse_ms(text: &str) -> Option<u64> {
    let time: jiff::Timestamp = text.trim().parse().ok()?;
    u64::try_from(time.as_millisecond()).ok()
}
