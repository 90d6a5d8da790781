//! Answers of Bot API calls, and their envelope.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// A call that succeeded.
#[derive(Debug)]
pub(crate) struct Success {
    pub(crate) result: Value,
    /// Words beside the result; the webhook methods have some.
    pub(crate) description: Option<&'static str>,
}

/// A call that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) code: u16,
    pub(crate) description: String,
    pub(crate) retry_after_s: Option<u32>,
}

/// What every method returns.
pub(crate) type ApiResult = Result<Success, ApiError>;

/// Marks a response that must never be written: the connection is closed instead.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the connection was cut on demand")]
pub(crate) struct CutConnection;

/// A success without words.
pub(crate) fn ok(result: impl Into<Value>) -> ApiResult {
    Ok(Success {
        result: result.into(),
        description: None,
    })
}

impl ApiError {
    pub(crate) fn new(code: u16, description: impl Into<String>) -> Self {
        Self {
            code,
            description: description.into(),
            retry_after_s: None,
        }
    }

    pub(crate) fn bad_request(what: &str) -> Self {
        Self::new(400, format!("Bad Request: {what}"))
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized")
    }

    pub(crate) fn token_form() -> Self {
        Self::new(401, "Unauthorized: invalid token specified")
    }

    pub(crate) fn no_such_path() -> Self {
        Self::new(404, "Not Found")
    }

    pub(crate) fn no_such_method() -> Self {
        Self::new(404, "Not Found: method not found")
    }

    pub(crate) fn conflict(why: &str) -> Self {
        Self::new(409, format!("Conflict: {why}"))
    }

    pub(crate) fn too_large() -> Self {
        Self::new(413, "Request Entity Too Large")
    }

    pub(crate) fn too_many_requests(retry_after_s: u32) -> Self {
        Self {
            retry_after_s: Some(retry_after_s),
            ..Self::new(
                429,
                format!("Too Many Requests: retry after {retry_after_s}"),
            )
        }
    }

    pub(crate) fn restart() -> Self {
        Self::new(500, "Internal Server Error: restart")
    }
}

impl IntoResponse for Success {
    fn into_response(self) -> Response {
        let mut body = json!({"ok": true, "result": self.result});
        if let Some(description) = self.description {
            body["description"] = json!(description);
        }
        Json(body).into_response()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut body =
            json!({"ok": false, "error_code": self.code, "description": self.description});
        if let Some(seconds) = self.retry_after_s {
            body["parameters"] = json!({"retry_after": seconds});
        }
        let status = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after_s {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl IntoResponse for CutConnection {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
