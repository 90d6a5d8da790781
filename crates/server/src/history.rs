//! The jobs' history behind the routes.

use std::time::Duration;

use avtomatika_engine::Engine;
use avtomatika_history::{Error, History, Pump, PumpHandle, PumpOptions};
use axum::http::StatusCode;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::http::ApiError;

/// How long a read waits until it sees what was committed before it.
const CATCH_UP: Duration = Duration::from_secs(1);

/// The history of a server's jobs. The engine must tell it: see
/// [`Settings::history`](avtomatika_engine::Settings::history).
pub struct HistoryOptions {
    /// Where it is kept.
    pub history: History,
    /// How long it is kept; for ever without it.
    pub keep: Option<Duration>,
    /// How it is filled.
    pub pump: PumpOptions,
}

impl HistoryOptions {
    /// A history that is kept for ever.
    pub fn new(history: History) -> Self {
        Self {
            history,
            keep: None,
            pump: PumpOptions::default(),
        }
    }

    /// The history behind the routes, and what keeps it.
    pub(crate) fn open(self, engine: &Engine) -> (Past, Keeper) {
        let (pump, handle) = Pump::new(engine.clone(), self.history.clone(), self.pump);
        let past = Past {
            history: self.history.clone(),
            pump: handle,
        };
        let keeper = Keeper {
            history: self.history,
            keep: self.keep,
            pump,
        };
        (past, keeper)
    }
}

/// Fills the history and deletes what is old.
pub(crate) struct Keeper {
    history: History,
    keep: Option<Duration>,
    pump: Pump<Engine>,
}

impl Keeper {
    /// Works until `done`: when nothing is told any more, so that all that was told is written.
    pub(crate) async fn run(self, done: CancellationToken) {
        let mut tasks = JoinSet::new();
        tasks.spawn(self.pump.run(done.clone()));
        if let Some(keep) = self.keep {
            let history = self.history.clone();
            tasks.spawn(async move { history.keep_for(keep, done).await });
        }
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a part of the history failed");
            }
        }
        self.history.close().await;
    }
}

/// A history, and the pump that fills it.
#[derive(Clone)]
pub(crate) struct Past {
    history: History,
    pump: PumpHandle,
}

impl Past {
    /// The history as it is now: with everything that was committed before the call, unless its
    /// database can't keep up. Answers whether it is so.
    pub(crate) async fn now(&self) -> (&History, bool) {
        let is_current = self.pump.caught_up(CATCH_UP).await;
        (&self.history, is_current)
    }

    /// Whether it is known that its database does not do as it is told.
    pub(crate) fn is_failing(&self) -> bool {
        self.pump.is_failing()
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
