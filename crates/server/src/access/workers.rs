//! Worker tokens: one for all, or one for each.

use axum::http::HeaderMap;
use subtle::ConstantTimeEq as _;

use super::{Access, fingerprint};
use crate::http::ApiError;

/// The header a worker's token comes in.
const HEADER: &str = "x-worker-token";

impl Access {
    /// The same, with the token every worker without one of its own may use.
    #[must_use]
    pub fn worker_token(mut self, token: &str) -> Self {
        self.worker_global = Some(fingerprint(token));
        self
    }

    /// The same, with the token of one worker. The common token then no longer serves it.
    #[must_use]
    pub fn worker(mut self, id: &str, token: &str) -> Self {
        self.workers.insert(id.to_owned(), fingerprint(token));
        self
    }

    /// Checks the token of a request that speaks for `worker`.
    pub(crate) fn check_worker(&self, headers: &HeaderMap, worker: &str) -> Result<(), ApiError> {
        let token = headers.get(HEADER).ok_or_else(|| {
            ApiError::unauthorized("MISSING_TOKEN", "Missing X-Worker-Token header")
        })?;
        let given = fingerprint(token.to_str().unwrap_or_default());
        if let Some(own) = self.workers.get(worker) {
            return if bool::from(own.ct_eq(&given)) {
                Ok(())
            } else {
                Err(ApiError::unauthorized(
                    "INVALID_TOKEN",
                    "Unauthorized: Invalid individual worker token",
                ))
            };
        }
        match &self.worker_global {
            Some(global) if bool::from(global.ct_eq(&given)) => Ok(()),
            _ => Err(ApiError::unauthorized(
                "INVALID_TOKEN",
                "Unauthorized: No valid token found",
            )),
        }
    }
}
