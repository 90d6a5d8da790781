//! Reads arguments from the query and from any of the three kinds of body.

use axum::{
    body::{Body, to_bytes},
    extract::{FromRequest as _, Multipart, Request, multipart::MultipartError},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
};
use serde_json::Value;

use super::{
    answer::ApiError,
    args::{Args, Upload},
};

/// Reads all arguments of a request. Those of the body win over those of the query.
pub(crate) async fn read_args(request: Request, body_bytes_max: usize) -> Result<Args, ApiError> {
    let mut args = Args::default();
    add_pairs(
        &mut args,
        request.uri().query().unwrap_or_default().as_bytes(),
    );
    match content_type(request.headers()).as_str() {
        "multipart/form-data" => {
            // Read to the very end first: the parser stops at the last boundary, and hyper closes
            // a connection whose body was not read up, just when the bot's next call comes.
            let (parts, body) = request.into_parts();
            let body = whole(body, body_bytes_max).await?;
            let request = Request::from_parts(parts, Body::from(body));
            add_multipart(&mut args, request).await?;
        }
        "application/json" => {
            let body = whole(request.into_body(), body_bytes_max).await?;
            add_json(&mut args, &body)?;
        }
        "application/x-www-form-urlencoded" => {
            let body = whole(request.into_body(), body_bytes_max).await?;
            add_pairs(&mut args, &body);
        }
        // Other bodies mean nothing to the public server either, but must be read off the wire.
        _ => drop(whole(request.into_body(), body_bytes_max).await?),
    }
    Ok(args)
}

fn content_type(headers: &HeaderMap) -> String {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

async fn whole(body: Body, bytes_max: usize) -> Result<bytes::Bytes, ApiError> {
    to_bytes(body, bytes_max)
        .await
        .map_err(|_| ApiError::too_large())
}

fn add_pairs(args: &mut Args, encoded: &[u8]) {
    for (name, value) in form_urlencoded::parse(encoded) {
        args.values.insert(name.into_owned(), value.into_owned());
    }
}

fn add_json(args: &mut Args, body: &[u8]) -> Result<(), ApiError> {
    if body.is_empty() {
        return Ok(());
    }
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
        return Err(ApiError::bad_request(
            "can't parse request body: expected a JSON object",
        ));
    };
    for (name, value) in fields {
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text,
            other => other.to_string(),
        };
        args.values.insert(name, text);
    }
    Ok(())
}

async fn add_multipart(args: &mut Args, request: Request) -> Result<(), ApiError> {
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|_| ApiError::bad_request("can't parse multipart body: no boundary"))?;
    while let Some(field) = form.next_field().await.map_err(|e| multipart_error(&e))? {
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.file_name().map(ToOwned::to_owned);
        let content = field.bytes().await.map_err(|e| multipart_error(&e))?;
        if let Some(file_name) = file_name {
            args.files.insert(name, Upload { file_name, content });
        } else {
            args.values
                .insert(name, String::from_utf8_lossy(&content).into_owned());
        }
    }
    Ok(())
}

fn multipart_error(error: &MultipartError) -> ApiError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::too_large()
    } else {
        ApiError::bad_request("can't parse multipart body")
    }
}
