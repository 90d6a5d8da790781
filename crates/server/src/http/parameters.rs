//! Parameters in paths and queries, refused as JSON like everything else.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequestParts, Path as AxumPath, Query as AxumQuery};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::ApiError;

/// A parameter of the path.
pub struct Path<T>(pub T);

/// The parameters of the query.
pub struct Query<T>(pub T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read: Result<AxumPath<T>, PathRejection> =
            AxumPath::from_request_parts(parts, state).await;
        // The only way to fail is a segment that is no UTF-8: it names nothing that exists.
        read.map(|AxumPath(value)| Self(value))
            .map_err(|_| ApiError::not_found("NOT_FOUND", "the path is not valid UTF-8"))
    }
}

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read: Result<AxumQuery<T>, QueryRejection> =
            AxumQuery::from_request_parts(parts, state).await;
        read.map(|AxumQuery(value)| Self(value))
            .map_err(|rejection| {
                ApiError::bad_request("INVALID_QUERY", rejection.body_text())
                    .hint("each parameter at most once, and of the right kind")
            })
    }
}
