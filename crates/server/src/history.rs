//! The jobs' history behind the routes.

use std::time::Duration;

use avtomatika_history::{Error, History, PumpHandle};
use axum::http::StatusCode;

use crate::http::ApiError;

/// How long a read waits until it sees what was committed before it.
const CATCH_UP: Duration = Duration::from_secs(1);

/// A history, and the pump that fills it.
#[derive(Clone)]
pub(crate) struct Past {
    pub(crate) history: History,
    pub(crate) pump: Option<PumpHandle>,
}

impl Past {
    /// The history as it is now: with everything that was committed before the call, unless its
    /// database can't keep up. Answers whether it is so.
    pub(crate) async fn now(&self) -> (&History, bool) {
        let is_current = match &self.pump {
            Some(pump) => pump.caught_up(CATCH_UP).await,
            None => true,
        };
        (&self.history, is_current)
    }
}

/// The refusal where there is no history.
pub(crate) fn off() -> ApiError {
    ApiError::not_found("HISTORY_OFF", "this server keeps no history of jobs")
        .hint("the operator has set --history off; without filters, lists show the jobs still kept")
}

/// The refusal while the history can't be read.
pub(crate) fn unavailable() -> ApiError {
    ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "HISTORY_UNAVAILABLE",
        "the history of jobs can't be read now",
    )
    .hint("jobs go on; the server's log says why")
    .retry_after_s(5)
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::InvalidCursor => Self::bad_request("INVALID_CURSOR", error.to_string())
                .hint("take it from X-Next-Cursor of the same list, with the same filters"),
            // What broke is for the log; outside it is only known that it did.
            _ => {
                tracing::warn!(%error, "the history can't be read");
                unavailable()
            }
        }
    }
}
