//! How the control side refuses a request.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// A refusal: a stable code, and a text for people.
#[derive(Debug)]
pub(crate) struct ControlError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl ControlError {
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "BAD_REQUEST",
            message: message.into(),
        }
    }

    pub(crate) fn unauthorized() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            code: "UNAUTHORIZED",
            message: "the control side needs its bearer token".to_owned(),
        }
    }

    pub(crate) fn elsewhere() -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            code: "NOT_FROM_HERE",
            message: "only this machine may control the simulator, unless it has a control token"
                .to_owned(),
        }
    }

    pub(crate) fn unknown_bot() -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            code: "UNKNOWN_BOT",
            message: "no such bot: it has not called yet and was not registered".to_owned(),
        }
    }

    pub(crate) fn not_found() -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            code: "NOT_FOUND",
            message: "no such path on the control side".to_owned(),
        }
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            code: "METHOD_NOT_ALLOWED",
            message: "this path does not take this HTTP method".to_owned(),
        }
    }

    /// A request that the framework could not read; its text names the field.
    pub(crate) fn unreadable(status: StatusCode, message: String) -> Self {
        Self {
            status,
            code: "BAD_REQUEST",
            message,
        }
    }

    pub(crate) fn full(what: &str, limit: usize) -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            code: "LIMIT_REACHED",
            message: format!("too many {what}: the limit is {limit}"),
        }
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let body = json!({"error": {"code": self.code, "message": self.message}});
        (self.status, Json(body)).into_response()
    }
}
