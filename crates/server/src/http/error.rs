//! Every way a request can be refused, as a status and a JSON body. The one place where engine
//! errors meet status codes.

use avtomatika_engine::machine::Ignored;
use avtomatika_engine::service::EngineError;
use avtomatika_engine::storage::StoreError;
use avtomatika_protocol::{ErrorBody, Failure};
use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A refusal: a status for machines, a code for programs, a message and a hint for people.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    failure: Box<Failure>,
    retry_after_s: Option<u32>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl ApiError {
    /// A refusal.
    pub fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            failure: Box::new(Failure::new(code, message)),
            retry_after_s: None,
            headers: Vec::new(),
        }
    }

    /// 400.
    pub fn bad_request(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 401.
    pub fn unauthorized(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, message)
    }

    /// 404.
    pub fn not_found(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Its code.
    pub fn code(&self) -> Option<&str> {
        self.failure.code.as_deref()
    }

    /// Its message.
    pub fn message(&self) -> &str {
        &self.failure.message
    }

    /// Whether the same request may be answered otherwise later.
    pub fn is_passing(&self) -> bool {
        self.retry_after_s.is_some() || self.status.is_server_error()
    }

    /// The same, saying what to do.
    #[must_use]
    pub fn hint(mut self, hint: &str) -> Self {
        self.failure.hint = Some(hint.to_owned());
        self
    }

    /// The same, with one more key in its body.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<serde_json::Value>) -> Self {
        self.failure.more.insert(key.to_owned(), value.into());
        self
    }

    /// The same, saying when to try again, seconds.
    #[must_use]
    pub fn retry_after_s(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The same, with one more header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// Codes of refusals at the door that aren't the input's fault.
fn status_of_refusal(failure: &Failure) -> StatusCode {
    match failure.code.as_deref() {
        Some("FOREIGN_USER_ID") => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        let text = error.to_string();
        match error {
            EngineError::JobNotFound => Self::not_found("JOB_NOT_FOUND", text),
            EngineError::UnknownWorker => Self::not_found("WORKER_NOT_FOUND", text)
                .hint("register first: POST /_worker/workers/register"),
            EngineError::UnknownBlueprint(_) => Self::not_found("BLUEPRINT_NOT_FOUND", text),
            EngineError::Refused(failure) => Self {
                status: status_of_refusal(&failure),
                failure,
                retry_after_s: None,
                headers: Vec::new(),
            },
            EngineError::TooManyJobs { .. } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_JOBS", text).retry_after_s(5)
            }
            EngineError::Overloaded { .. } => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "OVERLOADED", text).retry_after_s(5)
            }
            EngineError::Ignored(Ignored::JobEnded) => Self::new(
                StatusCode::CONFLICT,
                "JOB_ENDED",
                "the job has already ended",
            ),
            EngineError::Ignored(Ignored::NoApproval) => Self::new(
                StatusCode::CONFLICT,
                "NO_APPROVAL",
                "Job is not in a state that can be approved",
            ),
            EngineError::Ignored(Ignored::UnknownDecision) => {
                Self::bad_request("UNKNOWN_DECISION", "the job does not ask for this decision")
            }
            EngineError::Ignored(Ignored::MailboxFull) => Self::new(
                StatusCode::CONFLICT,
                "MAILBOX_FULL",
                "the job keeps as many events as it can for later",
            ),
            EngineError::Ignored(Ignored::NotQuarantined) => Self::new(
                StatusCode::CONFLICT,
                "NOT_QUARANTINED",
                "the job is not quarantined",
            ),
            EngineError::QuotaExhausted { .. } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "MONTHLY_QUOTA", text)
            }
            EngineError::WrongToken => Self::new(StatusCode::UNAUTHORIZED, "WRONG_TOKEN", text),
            EngineError::NotEnded => Self::new(StatusCode::CONFLICT, "NOT_ENDED", text),
            EngineError::UnknownState(_) => Self::bad_request("UNKNOWN_STATE", text),
            EngineError::Ignored(_) => Self::new(StatusCode::CONFLICT, "NOTHING_CHANGED", text),
            EngineError::Draining => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "SHUTTING_DOWN", text).retry_after_s(2)
            }
            EngineError::Contended => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "CONTENDED", text).retry_after_s(1)
            }
            EngineError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "STORAGE_FULL",
                "the server's disk is full, it only reads",
            )
            .hint("free disk space, or delete old jobs: POST /api/admin/purge")
            .retry_after_s(10),
            StoreError::Closed => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "SHUTTING_DOWN",
                error.to_string(),
            )
            .retry_after_s(2),
            StoreError::Conflict { .. }
            | StoreError::Duplicate(_)
            | StoreError::Exhausted { .. } => {
                Self::new(StatusCode::CONFLICT, "CONFLICT", error.to_string()).retry_after_s(1)
            }
            // What broke is for the log; outside it is only known that it did.
            StoreError::Broken { .. } => {
                tracing::error!(%error, "storage failed");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "STORAGE_FAILED",
                    "the server could not read or write its data",
                )
                .hint("the server's log says why")
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = Json(ErrorBody::from(*self.failure));
        let mut response = (self.status, body).into_response();
        response.headers_mut().extend(self.headers);
        if let Some(seconds) = self.retry_after_s {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
