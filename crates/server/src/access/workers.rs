//! Worker tokens: one for all, or one for each.

use axum::http::HeaderMap;
use subtle::ConstantTimeEq as _;

use super::{Access, Fingerprint, fingerprint};
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

    /// Reads a worker's token, without asking whose it is.
    pub(crate) fn worker_token_in(headers: &HeaderMap) -> Result<&str, ApiError> {
        headers
            .get(HEADER)
            .map(|token| token.to_str().unwrap_or_default())
            .ok_or_else(|| ApiError::unauthorized("MISSING_TOKEN", "Missing X-Worker-Token header"))
    }

    /// Checks the token of a request that names no worker: only the common one will do.
    pub(crate) fn check_nameless(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let given = fingerprint(Self::worker_token_in(headers)?);
        if self.is_common(&given) {
            return Ok(());
        }
        Err(ApiError::unauthorized(
            "INVALID_TOKEN",
            "Unauthorized: Invalid token or missing worker_id",
        ))
    }

    /// Checks the token of a request that speaks for `worker`.
    pub(crate) fn check_worker(&self, headers: &HeaderMap, worker: &str) -> Result<(), ApiError> {
        let given = fingerprint(Self::worker_token_in(headers)?);
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
        if self.is_common(&given) {
            return Ok(());
        }
        Err(ApiError::unauthorized(
            "INVALID_TOKEN",
            "Unauthorized: No valid token found",
        ))
    }

    fn is_common(&self, given: &Fingerprint) -> bool {
        self.worker_global
            .as_ref()
            .is_some_and(|common| bool::from(common.ct_eq(given)))
    }
}
