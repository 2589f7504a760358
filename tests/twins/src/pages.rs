//! What the twins' pages share: who may open one, and how its JSON is answered.

use axum::body::Bytes;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::server::json_response;

/// The page asks only its own server; texts are inserted as text.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Lets only this machine's own pages, and programs, in.
pub(crate) async fn own_page_only(request: Request, next: Next) -> Response {
    if is_own(request.headers()) {
        next.run(request).await
    } else {
        fail(
            StatusCode::FORBIDDEN,
            "open the page at http://127.0.0.1 itself",
        )
    }
}

fn is_own(headers: &HeaderMap) -> bool {
    let text = |name| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or("unreadable"))
    };
    let host = text(header::HOST).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let local = name == "127.0.0.1" || name == "localhost";
    let origin = text(header::ORIGIN);
    local && origin.is_none_or(|origin| origin.strip_prefix("http://") == Some(host))
}

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// A page of ours: style and script that all share are put where it says `/*style*/`, `/*script*/`.
pub(crate) fn html(page: &str) -> Response {
    with_policy(page, HeaderValue::from_static(POLICY))
}

/// The same for a page that shows pictures from elsewhere.
pub(crate) fn html_with_pictures(page: &str) -> Response {
    let policy = HeaderValue::try_from(format!("{POLICY}; img-src https: http:"));
    with_policy(page, policy.unwrap_or(HeaderValue::from_static(POLICY)))
}

/// The same for a page with pages from elsewhere in it.
pub(crate) fn html_with_frames(page: &str) -> Response {
    let policy = HeaderValue::try_from(format!("{POLICY}; frame-src https: http:"));
    with_policy(page, policy.unwrap_or(HeaderValue::from_static(POLICY)))
}

fn with_policy(page: &str, policy: HeaderValue) -> Response {
    let page = page
        .replacen("/*style*/", STYLE, 1)
        .replacen("/*script*/", SCRIPT, 1);
    let mut response = page.into_response();
    let headers = response.headers_mut();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, html);
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A JSON object, or an empty one for an empty body.
pub(crate) fn object(body: &Bytes) -> Option<Value> {
    if body.is_empty() {
        return Some(json!({}));
    }
    serde_json::from_slice(body).ok().filter(Value::is_object)
}

pub(crate) fn ok(value: &Value) -> Response {
    json_response(StatusCode::OK, value)
}

pub(crate) fn fail(status: StatusCode, message: &str) -> Response {
    json_response(status, &json!({ "error": message }))
}
