//! The page that shows the description: of this server, from this server, and from nowhere else.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::IntoResponse;

/// Nothing but the page's own script and looks is run, loaded or asked.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");

fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let name = |name| HeaderName::from_static(name);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (
            name("content-security-policy"),
            HeaderValue::from_static(POLICY),
        ),
        (
            name("x-content-type-options"),
            HeaderValue::from_static("nosniff"),
        ),
        (
            name("referrer-policy"),
            HeaderValue::from_static("no-referrer"),
        ),
    ];
    (headers, text)
}

/// `GET /_public/docs`.
pub(crate) async fn page() -> impl IntoResponse {
    file("text/html; charset=utf-8", PAGE)
}

/// `GET /_public/docs/page.js`.
pub(crate) async fn script() -> impl IntoResponse {
    file("text/javascript; charset=utf-8", SCRIPT)
}

/// `GET /_public/docs/page.css`.
pub(crate) async fn style() -> impl IntoResponse {
    file("text/css; charset=utf-8", STYLE)
}
