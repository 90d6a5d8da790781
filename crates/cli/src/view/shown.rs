//! Values as people read them.

use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

/// Reads a moment. The seed era's runner wrote UTC without saying so.
pub(super) fn parse_moment(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339))
        .ok()
}

/// A moment as `2026-01-27 10:00:00 UTC`; as it came if it isn't one.
pub fn moment(text: &str) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    parse_moment(text)
        .and_then(|moment| moment.to_offset(UtcOffset::UTC).format(format).ok())
        .unwrap_or_else(|| text.to_owned())
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
