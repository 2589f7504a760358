//! HTTP answers. The one place where error kinds become statuses.

use lambda_http::{Body, Response, http::StatusCode};
use serde::Serialize;

use crate::{
    clock::{Millis, rfc3339},
    error::{Error, Kind, VendorFault},
};

/// The HTTP status of an error kind.
#[must_use]
pub fn status_of(kind: Kind) -> StatusCode {
    match kind {
        Kind::InvalidJson | Kind::InvalidRequest => StatusCode::BAD_REQUEST,
        Kind::Unauthorized => StatusCode::UNAUTHORIZED,
        Kind::RoleNotAllowed => StatusCode::FORBIDDEN,
        Kind::NotFound | Kind::SessionNotFound => StatusCode::NOT_FOUND,
        Kind::SessionClosed | Kind::IdempotencyConflict => StatusCode::CONFLICT,
        Kind::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::VendorRefused => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::VendorNotConfigured | Kind::VendorUnavailable | Kind::StorageUnavailable => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What a function of the API may answer: a test compares it with `infra/openapi.yaml`.
#[derive(Clone, Copy, Debug)]
pub struct Answers {
    /// The statuses of success.
    pub successes: &'static [u16],
    /// The kinds of error.
    pub errors: &'static [Kind],
}

#[derive(Serialize)]
struct NotNow {
    status: &'static str,
    retry_at: String,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: ErrorView<'a>,
}

#[derive(Serialize)]
struct ErrorView<'a> {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor: Option<&'a VendorFault>,
}

fn respond(status: StatusCode, body: Body) -> Response<Body> {
    let json = matches!(body, Body::Text(_));
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if json {
        let value = http::HeaderValue::from_static("application/json");
        response
            .headers_mut()
            .insert(http::header::CONTENT_TYPE, value);
    }
    response
}

/// An answer without a body.
#[must_use]
pub fn empty(status: u16) -> Response<Body> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    respond(status, Body::Empty)
}

/// `body` as JSON.
///
/// # Errors
/// Where it cannot be written as JSON.
pub fn json(status: u16, body: &impl Serialize) -> Result<Response<Body>, Error> {
    let text = serde_json::to_string(body).map_err(|error| {
        Error::new(Kind::Internal, "something went wrong on our side").with_source(error)
    })?;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Ok(respond(status, Body::Text(text)))
}

/// 202: the vendor takes no more for now, and may be asked from then on.
///
/// # Errors
/// Where it cannot be written as JSON.
pub fn not_now(retry_at: Millis) -> Result<Response<Body>, Error> {
    let retry_at = rfc3339(retry_at);
    let status = "later";
    json(202, &NotNow { status, retry_at })
}

/// The answer that `error` gives.
#[must_use]
pub fn error(error: &Error) -> Response<Body> {
    let body = ErrorBody {
        error: ErrorView {
            code: error.kind().code(),
            message: error.to_string(),
            field: error.at_field(),
            vendor: error.vendor(),
        },
    };
    let status = status_of(error.kind());
    let text = serde_json::to_string(&body).unwrap_or_default();
    let mut response = respond(status, Body::Text(text));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let value = http::HeaderValue::from(error.retry_after().unwrap_or(1));
        response
            .headers_mut()
            .insert(http::header::RETRY_AFTER, value);
    }
    response
}
