//! The port that callers use: the HTTP API at `/`, the function URLs at `/lambda-url/<name>/`.

use crate::cors::Cors;
use crate::error::InvokeError;
use crate::event::{self, Door};
use crate::id;
use crate::log::Log;
use crate::runtime::{Pool, Runtime};
use crate::template::{Route, Template};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// API Gateway's limit for a body.
const API_BODY: usize = 10 * 1024 * 1024;
/// A function URL's.
const URL_BODY: usize = 6 * 1024 * 1024;
/// How much of a body that is too long is read and dropped, so that the caller gets to read the refusal.
const DRAINED: usize = 64 * 1024 * 1024;

pub(crate) struct Front {
    runtime: Arc<Runtime>,
    routes: Vec<(Route, String)>,
    urls: BTreeSet<String>,
    cors: Option<Cors>,
    log: Arc<Log>,
}

impl Front {
    pub(crate) fn router(
        template: &Template,
        cors: Option<Cors>,
        runtime: Arc<Runtime>,
        log: Arc<Log>,
    ) -> Router {
        let functions = template.functions().values();
        let routes = functions
            .clone()
            .flat_map(|function| {
                function
                    .routes
                    .iter()
                    .map(|route| (route.clone(), function.name.clone()))
            })
            .collect();
        let urls = functions
            .filter(|function| function.url)
            .map(|function| function.name.clone())
            .collect();
        Router::new().fallback(answer).with_state(Arc::new(Front {
            runtime,
            routes,
            urls,
            cors,
            log,
        }))
    }

    /// The HTTP API, with its word on browser clients.
    async fn open_api(&self, parts: &Parts, body: Body) -> Response {
        let Some(cors) = &self.cors else {
            return self.api(parts, body).await;
        };
        if let Some(answer) = cors.preflight(&parts.method, &parts.headers) {
            return answer;
        }
        let mut response = self.api(parts, body).await;
        cors.allow(&parts.headers, &mut response);
        response
    }

    async fn api(&self, parts: &Parts, body: Body) -> Response {
        let Some((route, function, parameters)) =
            find(&self.routes, parts.method.as_str(), parts.uri.path())
        else {
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        let route_key = if route.path == "$default" {
            route.path.clone()
        } else {
            format!("{} {}", route.method, route.path)
        };
        let Some(body) = read(body, API_BODY).await else {
            return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long");
        };
        let Some(pool) = self.runtime.pools.get(function) else {
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        let door = Door::Api {
            route_key: &route_key,
            parameters: &parameters,
        };
        match self.call(pool, &door, parts, parts.uri.path(), &body).await {
            Ok(response) => response,
            Err(InvokeError::Timeout(_) | InvokeError::Stopped) => {
                message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
            }
            Err(_) => message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
        }
    }

    async fn url(&self, rest: &str, parts: &Parts, body: Body) -> Response {
        let (name, path) = rest
            .find('/')
            .map_or((rest, "/"), |slash| rest.split_at(slash));
        let pool = self
            .runtime
            .pools
            .get(name)
            .filter(|_| self.urls.contains(name));
        let Some(pool) = pool else {
            return (
                StatusCode::FORBIDDEN,
                axum::Json(json!({"Message": "Forbidden: no function URL of that name"})),
            )
                .into_response();
        };
        let Some(body) = read(body, URL_BODY).await else {
            return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long");
        };
        let door = Door::Url { function: name };
        match self.call(pool, &door, parts, path, &body).await {
            Ok(response) => response,
            Err(InvokeError::Stopped) => {
                message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
            }
            Err(_) => (StatusCode::BAD_GATEWAY, "Internal Server Error").into_response(),
        }
    }

    async fn call(
        &self,
        pool: &Arc<Pool>,
        door: &Door<'_>,
        parts: &Parts,
        path: &str,
        body: &Bytes,
    ) -> Result<Response, InvokeError> {
        let trace = id::trace();
        let event = event::event(door, parts, path, body, &trace, Timestamp::now());
        let request_id = event
            .pointer("/requestContext/requestId")
            .and_then(|id| HeaderValue::from_str(id.as_str()?).ok());
        let result = pool
            .invoke(Bytes::from(event.to_string()), Some(trace))
            .await?;
        let Some(mut response) = event::response(&result) else {
            let error = InvokeError::Response(
                "it should be an object with statusCode, headers and a body that is a text"
                    .to_owned(),
            );
            self.log.platform(&pool.name, error.to_string());
            return Err(error);
        };
        if let Some(request_id) = request_id {
            let name = if matches!(door, Door::Api { .. }) {
                "apigw-requestid"
            } else {
                "x-amzn-requestid"
            };
            response.headers_mut().insert(name, request_id);
        }
        Ok(response)
    }
}

async fn answer(State(front): State<Arc<Front>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match parts.uri.path().strip_prefix("/lambda-url/") {
        Some(rest) => front.url(rest, &parts, body).await,
        None => front.open_api(&parts, body).await,
    }
}

/// The body, unless it is too long.
async fn read(body: Body, limit: usize) -> Option<Bytes> {
    // A body that is too long is read to its end: an answer before that would be lost with the connection.
    let body = axum::body::to_bytes(body, DRAINED).await.ok()?;
    (body.len() <= limit).then_some(body)
}

fn message(status: StatusCode, text: &str) -> Response {
    (status, axum::Json(json!({"message": text}))).into_response()
}

/// The route for a request, its function, and the path parameters: the most specific path, then the method by name.
fn find<'a>(
    routes: &'a [(Route, String)],
    method: &str,
    path: &str,
) -> Option<(&'a Route, &'a str, BTreeMap<String, String>)> {
    let fitting = routes
        .iter()
        .filter(|(route, _)| route.method == "ANY" || route.method == method);
    let matching = fitting.filter_map(|(route, function)| {
        Some((matched(&route.path, path)?, route, function.as_str()))
    });
    let ((_, parameters), route, function) =
        matching.max_by_key(|((rank, _), route, _)| (rank.clone(), route.method != "ANY"))?;
    Some((route, function, parameters))
}

/// How well a route's path takes a request's (2 for a literal segment, 1 for a parameter, 0 for the rest), and the parameters.
fn matched(route: &str, path: &str) -> Option<(Vec<u8>, BTreeMap<String, String>)> {
    let mut parameters = BTreeMap::new();
    let mut rank = Vec::new();
    if route == "$default" {
        return Some((rank, parameters));
    }
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut segments = path.split('/');
    for part in route.split('/') {
        let name = part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'));
        if let Some(greedy) = name.and_then(|name| name.strip_suffix('+')) {
            let rest: Vec<&str> = segments.collect();
            if rest.is_empty() {
                return None;
            }
            parameters.insert(greedy.to_owned(), decode(&rest.join("/")));
            rank.push(0);
            return Some((rank, parameters));
        }
        let segment = segments.next()?;
        match name {
            Some(name) if !segment.is_empty() => {
                parameters.insert(name.to_owned(), decode(segment));
                rank.push(1);
            }
            None if part == segment => rank.push(2),
            _ => return None,
        }
    }
    segments.next().is_none().then_some((rank, parameters))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_most_specific_route_wins() {
        let routes: Vec<(Route, String)> = [
            ("GET", "/sessions"),
            ("GET", "/sessions/{id}"),
            ("DELETE", "/sessions/{id}"),
            ("GET", "/sessions/latest"),
            ("POST", "/sessions/{id}/messages"),
            ("ANY", "/files/{rest+}"),
            ("GET", "/files/{rest+}"),
        ]
        .map(|(method, path)| {
            (
                Route {
                    method: method.into(),
                    path: path.into(),
                },
                format!("{method} {path}"),
            )
        })
        .to_vec();
        let found = |method: &str, path: &str| {
            find(&routes, method, path)
                .map(|(_, function, parameters)| (function.to_owned(), parameters))
        };
        let of = |function: &str, parameters: &[(&str, &str)]| {
            Some((
                function.to_owned(),
                parameters
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
            ))
        };
        assert_eq!(found("GET", "/sessions"), of("GET /sessions", &[]));
        assert_eq!(
            found("GET", "/sessions/ses_1"),
            of("GET /sessions/{id}", &[("id", "ses_1")])
        );
        assert_eq!(
            found("DELETE", "/sessions/a%2Fb"),
            of("DELETE /sessions/{id}", &[("id", "a/b")])
        );
        assert_eq!(
            found("GET", "/sessions/latest"),
            of("GET /sessions/latest", &[])
        );
        assert_eq!(
            found("GET", "/files/a/b"),
            of("GET /files/{rest+}", &[("rest", "a/b")])
        );
        assert_eq!(
            found("PUT", "/files/a"),
            of("ANY /files/{rest+}", &[("rest", "a")])
        );
        for (method, path) in [
            ("POST", "/sessions"),
            ("GET", "/sessions/"),
            ("GET", "/sessions/1/2"),
            ("GET", "/"),
            ("GET", "/files"),
        ] {
            assert_eq!(found(method, path), None, "{method} {path}");
        }
    }
}
