//! Durations and times as people write them: `500ms`, `30s`, `5m`, `2h`, `1d`, `1h30m`,
//! `2026-11-21T18:00:00Z`.

/// The longest duration, milliseconds: a hundred years.
pub const MS_MAX: u64 = 100 * 365 * 86_400_000;
/// What durations look like, for messages.
pub const EXAMPLE: &str = "durations look like 500ms, 30s, 5m, 2h, 1d or 1h30m";
/// What a setting that is a duration can be, for messages.
pub const SETTING: &str = "durations look like 500ms, 30s, 5m, 2h, 1d or 1h30m; an expression, \
    \"${…}\", may also give a number of seconds";

/// Why a text is not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It has no number, no unit, or something else.
    #[error("not a duration")]
    Malformed,
    /// It is longer than [`MS_MAX`].
    #[error("longer than a hundred years")]
    TooLong,
}

/// The milliseconds of a duration.
///
/// # Errors
/// When the text is not one.
pub fn parse_ms(text: &str) -> Result<u64, DurationError> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(DurationError::Malformed);
    }
    let mut total = 0.0_f64;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or(DurationError::Malformed)?;
        let (number, after) = rest.split_at(digits);
        let letters = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let number: f64 = number.parse().map_err(|_| DurationError::Malformed)?;
        let unit_ms = match unit {
            "ms" => 1.0,
            "s" => 1_000.0,
            "m" => 60_000.0,
            "h" => 3_600_000.0,
            "d" => 86_400_000.0,
            _ => return Err(DurationError::Malformed),
        };
        total += number * unit_ms;
        rest = after.trim_start();
    }
    from_ms(total)
}

/// A duration as one would write it: `1h 30m`.
pub fn shown(ms: u64) -> String {
    let mut rest = ms;
    let mut parts = Vec::new();
    for (unit, unit_ms) in [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
        ("ms", 1),
    ] {
        let number = rest / unit_ms;
        rest %= unit_ms;
        if number > 0 {
            parts.push(format!("{number}{unit}"));
        }
    }
    if parts.is_empty() {
        return "0s".to_owned();
    }
    parts.join(" ")
}

/// Milliseconds from a number of seconds.
///
/// # Errors
/// When it is negative or too long.
pub fn from_seconds(seconds: f64) -> Result<u64, DurationError> {
    from_ms(seconds * 1_000.0)
}

/// Milliseconds since the Unix epoch of a time like `2026-11-21T18:00:00Z`.
pub fn time_ms(text: &str) -> Option<u64> {
    let time: jiff::Timestamp = text.trim().parse().ok()?;
    u64::try_from(time.as_millisecond()).ok()
}

fn from_ms(ms: f64) -> Result<u64, DurationError> {
    if !ms.is_finite() || ms < 0.0 {
        return Err(DurationError::Malformed);
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "a hundred years of milliseconds are below 2^52"
    )]
    if ms > MS_MAX as f64 {
        return Err(DurationError::TooLong);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be between 0 and 2^52"
    )]
    Ok(ms.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_written() {
        for (text, expected) in [
            ("500ms", Ok(500)),
            ("30s", Ok(30_000)),
            ("1.5h", Ok(5_400_000)),
            ("1h30m", Ok(5_400_000)),
            ("1h 30m", Ok(5_400_000)),
            ("2d", Ok(172_800_000)),
            ("0s", Ok(0)),
            ("", Err(DurationError::Malformed)),
            ("30", Err(DurationError::Malformed)),
            ("s", Err(DurationError::Malformed)),
            ("1.2.3s", Err(DurationError::Malformed)),
            ("30 sec", Err(DurationError::Malformed)),
            ("-5s", Err(DurationError::Malformed)),
            ("99999999d", Err(DurationError::TooLong)),
        ] {
            assert_eq!(parse_ms(text), expected, "{text}");
        }
        assert_eq!(shown(5_400_500), "1h 30m 500ms");
        assert_eq!(shown(0), "0s");
        assert_eq!(from_seconds(1.25), Ok(1_250));
        assert_eq!(from_seconds(-1.0), Err(DurationError::Malformed));
    }
}
