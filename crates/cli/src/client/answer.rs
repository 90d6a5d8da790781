//! Reads the server's answers.

use avtomatika_protocol::ErrorBody;
use reqwest::{Response, StatusCode};
use serde::de::DeserializeOwned;

use super::tls;
use crate::error::Error;

/// Largest answer that is read: ten thousand long log lines fit.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// Reads an answer's body, up to the limit.
pub(super) async fn body(mut response: Response, url: &str) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    loop {
        let chunk = response
            .chunk()
            .await
            .map_err(|error| lost(&error, url.to_owned()))?;
        let Some(chunk) = chunk else { return Ok(body) };
        if body.len() + chunk.len() > BYTES_MAX {
            let what = format!("more than {} MB", BYTES_MAX / (1024 * 1024));
            return Err(Error::StrangeAnswer {
                url: url.to_owned(),
                what,
            });
        }
        body.extend_from_slice(&chunk);
    }
}

/// Understands an answer: the wanted shape, a refusal, or something else.
pub(super) fn read<T: DeserializeOwned>(
    status: StatusCode,
    body: &[u8],
    url: &str,
) -> Result<T, Error> {
    let strange = |what: String| Error::StrangeAnswer {
        url: url.to_owned(),
        what,
    };
    if status.is_success() {
        return serde_json::from_slice(body).map_err(|error| strange(error.to_string()));
    }
    if let Ok(body) = serde_json::from_slice::<ErrorBody>(body) {
        return Err(Error::Refused {
            status: status.as_u16(),
            body: Box::new(body),
        });
    }
    // The seed era's server answers `{"error": "…"}` without a code.
    let seed_era = serde_json::from_slice::<serde_json::Value>(body).ok();
    let message = seed_era
        .as_ref()
        .and_then(|body| body.get("error")?.as_str());
    match message {
        Some(message) => {
            let code = if status == StatusCode::UNAUTHORIZED {
                "UNAUTHORIZED"
            } else {
                "REFUSED"
            };
            let body = ErrorBody {
                error: message.to_owned(),
                code: code.to_owned(),
                hint: None,
                more: serde_json::Map::new(),
            };
            Err(Error::Refused {
                status: status.as_u16(),
                body: Box::new(body),
            })
        }
        None => Err(strange(format!("HTTP {status}"))),
    }
}

/// Why there was no answer, or no whole one.
pub(super) fn lost(error: &reqwest::Error, url: String) -> Error {
    match tls::fault(error) {
        Some(rustls::Error::InvalidCertificate(why)) => Error::NotTrusted {
            url,
            why: why.to_string(),
        },
        Some(rustls::Error::InvalidMessage(_)) => Error::NoTls { url },
        _ => Error::CannotConnect {
            url,
            why: innermost(error),
        },
    }
}

/// The innermost cause: the outer ones repeat the address and say "error sending request".
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        cause.to_string()
    }
}
