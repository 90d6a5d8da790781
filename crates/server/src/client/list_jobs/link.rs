//! Where the next page is.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The cursor alone, for programs that put their next request together themselves.
const NEXT_CURSOR: HeaderName = HeaderName::from_static("x-next-cursor");

/// A page as a JSON array, with the next one in `Link` and `X-Next-Cursor`.
pub(crate) fn paged(uri: &Uri, page: &[impl Serialize], next: Option<&str>) -> Response {
    let mut response = Json(page).into_response();
    let Some(cursor) = next else {
        return response;
    };
    let mut query = form_urlencoded::Serializer::new(String::new());
    let old = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    // A cursor stands behind whatever an offset passed over.
    query.extend_pairs(old.filter(|(key, _)| key != "cursor" && key != "offset"));
    query.append_pair("cursor", cursor);
    let link = format!("<{}?{}>; rel=\"next\"", uri.path(), query.finish());
    let headers = response.headers_mut();
    if let (Ok(link), Ok(cursor)) = (HeaderValue::try_from(link), HeaderValue::try_from(cursor)) {
        headers.insert(header::LINK, link);
        headers.insert(NEXT_CURSOR, cursor);
    }
    response
}
