//! What a worker shows: whose word it is. The texts and their order are the first generation's.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};

use super::known::Verdict;
use super::registry::Access;
use crate::http::{ApiError, Peer};
use crate::tls::Certificate;

/// The header a worker's token comes in.
const HEADER: &str = "x-worker-token";

/// What a worker showed with a request. Taking it from the request checks nothing.
#[derive(Clone)]
pub struct Credential {
    /// A copy: a header shares the buffer its request was read into, and a poll that is parked
    /// would keep that for as long as it waits.
    token: Option<Box<str>>,
    peer: Option<Peer>,
}

impl<S: Sync> FromRequestParts<S> for Credential {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self {
            token: parts.headers.get(HEADER).map(shown),
            peer: Peer::of(parts).cloned(),
        })
    }
}

/// What a worker may show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WorkerAuth {
    /// A certificate, or else a token.
    #[default]
    Mixed,
    /// A certificate only; a token still counts on the address for the same machine.
    MtlsOnly,
    /// A token only; certificates say nothing about a worker.
    TokenOnly,
}

impl Credential {
    fn certificate(&self, auth: WorkerAuth) -> Option<&Certificate> {
        let peer = self.peer.as_ref()?;
        peer.certificate().filter(|_| auth != WorkerAuth::TokenOnly)
    }

    fn token(&self, auth: WorkerAuth) -> Result<&str, ApiError> {
        let is_local = self.peer.as_ref().is_some_and(Peer::is_local_only);
        if auth == WorkerAuth::MtlsOnly && !is_local {
            return Err(ApiError::unauthorized(
                "MISSING_CERTIFICATE",
                "Unauthorized: Missing client certificate.",
            )
            .hint("this server lets workers in by certificates only"));
        }
        self.token
            .as_deref()
            .ok_or_else(|| ApiError::unauthorized("MISSING_TOKEN", "Missing X-Worker-Token header"))
    }
}

impl Access {
    /// Checks that something was shown at all: before bodies are read.
    ///
    /// # Errors
    /// 401 if nothing was.
    pub(crate) fn shown(&self, credential: &Credential) -> Result<(), ApiError> {
        match credential.certificate(self.worker_auth) {
            Some(_) => Ok(()),
            None => credential.token(self.worker_auth).map(|_| ()),
        }
    }

    /// Checks a request that names no worker: only the common token will do, or a certificate.
    ///
    /// # Errors
    /// 401 for anything else.
    pub(crate) fn nameless(&self, credential: &Credential) -> Result<(), ApiError> {
        if credential.certificate(self.worker_auth).is_some()
            || self.now().is_common(credential.token(self.worker_auth)?)
        {
            return Ok(());
        }
        Err(self.wrong_token(
            credential.peer.as_ref(),
            invalid("Unauthorized: Invalid token or missing worker_id"),
        ))
    }

    /// Lets a request in that speaks for `worker`, counting it.
    ///
    /// # Errors
    /// 401 for the wrong token, 403 for a disabled worker, 429 when it comes too early.
    pub(crate) fn admit(&self, credential: &Credential, worker: &str) -> Result<(), ApiError> {
        self.speaks_for(credential, worker).map_err(|refusal| {
            if refusal.status() == StatusCode::UNAUTHORIZED && credential.token.is_some() {
                self.wrong_token(credential.peer.as_ref(), refusal)
            } else {
                refusal
            }
        })?;
        self.count_worker(&self.now(), worker)
    }

    /// Checks whether what was shown speaks for `worker`, now.
    ///
    /// # Errors
    /// 401 for the wrong token or certificate, 403 for a disabled worker.
    pub(crate) fn speaks_for(&self, credential: &Credential, worker: &str) -> Result<(), ApiError> {
        if let Some(certificate) = credential.certificate(self.worker_auth) {
            return self.certified(certificate, worker);
        }
        let token = credential.token(self.worker_auth)?;
        match self.now().judge(worker, token) {
            Verdict::Fits => Ok(()),
            Verdict::Disabled => Err(disabled(worker)),
            Verdict::NotItsOwn => Err(invalid("Unauthorized: Invalid individual worker token")),
            Verdict::Unknown => Err(invalid("Unauthorized: No valid token found")),
        }
    }

    fn certified(&self, certificate: &Certificate, worker: &str) -> Result<(), ApiError> {
        if !certificate.names(worker) {
            let text = format!(
                "Unauthorized: Certificate CN '{}' does not match worker_id '{worker}'",
                certificate.name()
            );
            return Err(ApiError::unauthorized("CERTIFICATE_MISMATCH", text)
                .hint("a worker's certificate has its worker_id as common name, DNS name or URI"));
        }
        if self.now().is_disabled(worker) {
            return Err(disabled(worker));
        }
        Ok(())
    }
}

/// The text of a header; one that isn't text is nobody's token.
pub(super) fn shown(token: &HeaderValue) -> Box<str> {
    token.to_str().unwrap_or_default().into()
}

fn invalid(text: &str) -> ApiError {
    ApiError::unauthorized("INVALID_TOKEN", text)
}

fn disabled(worker: &str) -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "WORKER_DISABLED",
        format!("the worker '{worker}' is disabled"),
    )
    .hint("the operator has set disabled = true for it in workers.toml")
}
