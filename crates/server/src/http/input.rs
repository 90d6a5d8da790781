//! Reading bodies and parameters.

use std::error::Error;
use std::time::Duration;

use avtomatika_engine::names;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use super::{ApiError, BodyRefused};

/// The longest wait a read may ask for.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// Reads a body.
///
/// # Errors
/// 413 for one that is too large, 408 for one that came too slowly, 400 for one that broke off.
pub fn whole(body: Result<Bytes, BytesRejection>) -> Result<Bytes, ApiError> {
    body.map_err(|rejection| {
        let why = refused(&rejection);
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE || why == Some(BodyRefused::TooLarge)
        {
            metrics::counter!(names::LIMIT_HIT, "limit" => "body_bytes").increment(1);
            ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "BODY_TOO_LARGE",
                "the body is too large",
            )
        } else if why == Some(BodyRefused::TooSlow) {
            metrics::counter!(names::LIMIT_HIT, "limit" => "body_time").increment(1);
            ApiError::new(
                StatusCode::REQUEST_TIMEOUT,
                "BODY_TIMEOUT",
                "the body came too slowly",
            )
        } else {
            ApiError::bad_request("BODY_UNREADABLE", "the body could not be read")
        }
    })
}

/// Why we ourselves refused to read on, if we did.
fn refused(rejection: &BytesRejection) -> Option<BodyRefused> {
    let mut error: Option<&(dyn Error + 'static)> = Some(rejection);
    while let Some(this) = error {
        if let Some(refused) = this.downcast_ref() {
            return Some(*refused);
        }
        // What an IO error was made of is no source of it.
        let inside = this.downcast_ref::<std::io::Error>();
        let inside = inside.and_then(std::io::Error::get_ref);
        error = match inside {
            Some(inside) => Some(inside),
            None => this.source(),
        };
    }
    None
}

/// Reads a JSON body.
///
/// # Errors
/// 413 for one that is too large, 400 for one that isn't JSON or not of the wanted shape.
pub fn json<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Result<T, ApiError> {
    serde_json::from_slice(&whole(body)?).map_err(|error| {
        let text = match error.classify() {
            serde_json::error::Category::Data => format!("Invalid JSON body: {error}"),
            _ => "Invalid JSON body".to_owned(),
        };
        ApiError::bad_request("INVALID_JSON", text)
    })
}

/// Reads a wait such as `30s`, `500ms` or `30` (seconds).
///
/// # Errors
/// 400 for anything else.
pub fn parse_wait(text: &str) -> Result<Duration, ApiError> {
    let (number, unit_ms) = match text.strip_suffix("ms") {
        Some(number) => (number, 1.0),
        None => (text.strip_suffix('s').unwrap_or(text), 1_000.0),
    };
    number
        .parse::<f64>()
        .ok()
        .filter(|value| value.is_finite() && *value >= 0.0)
        .and_then(|value| Duration::try_from_secs_f64(value * unit_ms / 1_000.0).ok())
        .map(|wait| wait.min(WAIT_MAX))
        .ok_or_else(|| {
            ApiError::bad_request("INVALID_WAIT", format!("'{text}' is not a time to wait"))
                .hint("write it like 30s or 500ms, 60s at the most")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_have_units_and_a_bound() {
        assert_eq!(parse_wait("30s").unwrap(), Duration::from_secs(30));
        assert_eq!(parse_wait("250ms").unwrap(), Duration::from_millis(250));
        assert_eq!(parse_wait("2").unwrap(), Duration::from_secs(2));
        assert_eq!(parse_wait("9999s").unwrap(), WAIT_MAX);
        for bad in ["", "s", "-1s", "NaN", "1m", "inf", "1e400s"] {
            assert!(parse_wait(bad).is_err(), "{bad}");
        }
    }
}
