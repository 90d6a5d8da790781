//! Bodies and queries whose mistakes are answered in JSON, like everything else here.

use axum::{
    extract::{FromRequest, FromRequestParts, Query, Request},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use crate::control::ControlError;

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

/// The arguments in the query.
pub(super) struct Arguments<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ControlError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ControlError> {
        let read = axum::Json::from_request(request, state).await;
        let axum::Json(value) =
            read.map_err(|error| ControlError::unreadable(error.status(), error.body_text()))?;
        Ok(Self(value))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Arguments<T> {
    type Rejection = ControlError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ControlError> {
        let read = Query::from_request_parts(parts, state).await;
        let Query(value) =
            read.map_err(|error| ControlError::unreadable(error.status(), error.body_text()))?;
        Ok(Self(value))
    }
}
