//! What a new job costs its client, and what is left afterwards.

use avtomatika_engine::service::{Allowance, EngineError};
use axum::http::HeaderMap;

use super::{Party, Quota};
use crate::http::ApiError;
use crate::server::AppState;

/// What a client may spend on new jobs, now.
pub(crate) struct Purse {
    quota: Option<Quota>,
    jobs_live_max: Option<u64>,
    now_ms: u64,
}

impl Purse {
    pub(crate) fn of(party: &Party, state: &AppState) -> Self {
        let now_ms = state.engine.now_ms();
        Self {
            quota: Quota::of(&party.account, now_ms),
            jobs_live_max: party.account.jobs_live_max,
            now_ms,
        }
    }

    /// The same as the engine wants it.
    pub(crate) fn allowance(&self) -> Allowance {
        Allowance {
            spend: self.quota.as_ref().map(Quota::spend),
            jobs_live_max: self.jobs_live_max,
        }
    }

    /// What the client is told when the job was not made.
    pub(crate) fn refusal(&self, error: EngineError) -> ApiError {
        match (error, &self.quota) {
            (EngineError::QuotaExhausted { .. }, Some(quota)) => quota.exceeded(self.now_ms),
            (error, _) => error.into(),
        }
    }

    /// Headers that tell what is left. The job is made by then: not knowing is no reason to say
    /// otherwise.
    pub(crate) async fn left(&self, state: &AppState) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(quota) = &self.quota
            && let Ok(used) = state.engine.spent(&quota.counter).await
        {
            quota.tell(&mut headers, used);
        }
        headers
    }
}
