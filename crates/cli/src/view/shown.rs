//! Values as people read them.

use jiff::Timestamp;
use serde_json::Value;

/// Reads a moment. The seed era's runner wrote UTC without saying so.
pub(super) fn parse_moment(text: &str) -> Option<Timestamp> {
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

/// A moment as `2026-01-27 10:00:00 UTC`; as it came if it isn't one.
pub fn moment(text: &str) -> String {
    parse_moment(text).map_or_else(
        || text.to_owned(),
        |moment| moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// A moment as `2026-01-27 10:00 UTC`, for tables.
pub fn minute(text: &str) -> String {
    let moment = moment(text);
    // `…:00 UTC` without its seconds; anything else isn't a moment and stays as it is.
    match moment
        .strip_suffix(" UTC")
        .and_then(|moment| moment.rsplit_once(':'))
    {
        Some((minute, _)) => format!("{minute} UTC"),
        None => moment,
    }
}

/// A version may be a number or a digest.
pub fn number_or_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_shown_in_utc() {
        assert_eq!(
            moment("2026-01-27T13:00:00.123+03:00"),
            "2026-01-27 10:00:00 UTC"
        );
        assert_eq!(moment("2026-01-27T10:00:00.5"), "2026-01-27 10:00:00 UTC");
        assert_eq!(moment("soon"), "soon");
        assert_eq!(minute("2026-01-27T10:00:59Z"), "2026-01-27 10:00 UTC");
        assert_eq!(minute("at 5:30"), "at 5:30");
    }
}
