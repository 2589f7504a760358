//! HTTP as Lambda's payload format 2.0, both ways.
//!
//! As API Gateway does it, where its documentation is silent as live captures show it:
//! - an HTTP API gives `rawPath` percent-decoded and cut at a decoded `?`, a function URL gives it as it came;
//! - a body is text for `text/*` and the JSON, XML and JavaScript types; every other type, form data and no type at all
//!   included, comes in Base64;
//! - an HTTP API takes cookies out of the headers, a function URL leaves them in as well.

use crate::id;
use crate::servers::ACCOUNT;
use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, SET_COOKIE, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Who asks.
pub(crate) enum Door<'a> {
    /// The HTTP API, by this route key, with these path parameters.
    Api {
        route_key: &'a str,
        parameters: &'a BTreeMap<String, String>,
    },
    /// A function URL, of this function; the path is what follows `/lambda-url/<name>`.
    Url { function: &'a str },
}

/// The event for a request.
pub(crate) fn event(
    door: &Door<'_>,
    parts: &Parts,
    path: &str,
    body: &Bytes,
    trace: &str,
    now: Timestamp,
) -> Value {
    let query = parts.uri.query().unwrap_or_default();
    let host = text(&parts.headers, &HOST);
    let (raw_path, route_key, api_id) = match door {
        Door::Api { route_key, .. } => {
            let decoded = percent_decode_str(path).decode_utf8_lossy().into_owned();
            (
                decoded.split('?').next().unwrap_or_default().to_owned(),
                *route_key,
                "local",
            )
        }
        Door::Url { function } => (path.to_owned(), "$default", *function),
    };
    // The caller's own Host, as AWS tells the domain that was asked; ours is the same for both doors.
    let domain = host.split(':').next().unwrap_or_default();
    let mut headers = headers(&parts.headers);
    let cookies: Vec<String> = parts
        .headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|value| {
            latin1(value)
                .split("; ")
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    if matches!(door, Door::Api { .. }) {
        headers.remove("cookie");
    }
    headers.insert("x-amzn-trace-id".into(), trace.into());
    headers.insert("x-forwarded-for".into(), "127.0.0.1".into());
    headers.insert("x-forwarded-proto".into(), "http".into());
    headers.insert(
        "x-forwarded-port".into(),
        host.rsplit(':').next().unwrap_or_default().into(),
    );
    headers.insert("content-length".into(), body.len().to_string().into());
    let mut event = json!({
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": raw_path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": if matches!(door, Door::Api { .. }) { ACCOUNT } else { "anonymous" },
            "apiId": api_id,
            "domainName": domain,
            "domainPrefix": domain.split('.').next().unwrap_or_default(),
            "http": {
                "method": parts.method.as_str(),
                "path": raw_path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": text(&parts.headers, &USER_AGENT),
            },
            "requestId": id::uuid(),
            "routeKey": route_key,
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.as_millisecond(),
        },
        "isBase64Encoded": false,
    });
    let mut set = |name: &str, value: Value| {
        if let Some(event) = event.as_object_mut() {
            event.insert(name.to_owned(), value);
        }
    };
    if !cookies.is_empty() {
        set("cookies", cookies.into());
    }
    if !query.is_empty() {
        set("queryStringParameters", query_parameters(query));
    }
    if let Door::Api { parameters, .. } = door
        && !parameters.is_empty()
    {
        set("pathParameters", json!(parameters));
    }
    if !body.is_empty() {
        match std::str::from_utf8(body)
            .ok()
            .filter(|_| is_text(&text(&parts.headers, &CONTENT_TYPE)))
        {
            Some(body) => set("body", body.into()),
            None => {
                set("body", STANDARD.encode(body).into());
                set("isBase64Encoded", true.into());
            }
        }
    }
    event
}

/// Whether a body of that type is handed on as text.
fn is_text(content_type: &str) -> bool {
    let kind = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    kind.starts_with("text/")
        || [
            "application/json",
            "application/xml",
            "application/javascript",
        ]
        .contains(&kind.as_str())
}

/// Header names come in lower case from the `http` crate; values of the same name are joined.
fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut joined: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, value) in headers {
        joined.entry(name.as_str()).or_default().push(latin1(value));
    }
    joined
        .into_iter()
        .map(|(name, values)| (name.to_owned(), values.join(",").into()))
        .collect()
}

fn text(headers: &HeaderMap, name: &HeaderName) -> String {
    headers.get(name).map(latin1).unwrap_or_default()
}

fn latin1(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// Decoded; values of the same name are joined.
fn query_parameters(query: &str) -> Value {
    let decode = |text: &str| {
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        parameters
            .entry(decode(name))
            .or_default()
            .push(decode(value));
    }
    parameters
        .into_iter()
        .map(|(name, values)| (name, Value::from(values.join(","))))
        .collect::<Map<_, _>>()
        .into()
}

/// A function's result as the HTTP response; `None` when it can't be one.
///
/// Without a `statusCode` the whole result is the body, with status 200.
pub(crate) fn response(result: &[u8]) -> Option<Response> {
    let result: Value = serde_json::from_slice(result).ok()?;
    let Some(status) = result.get("statusCode") else {
        let body = match result {
            Value::String(text) => text,
            other => other.to_string(),
        };
        return Response::builder()
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(body))
            .ok();
    };
    let status = status.as_u64().or_else(|| status.as_str()?.parse().ok())?;
    let status = StatusCode::from_u16(u16::try_from(status).ok()?).ok()?;
    let body = match result.get("body") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(body)) if result.get("isBase64Encoded") == Some(&Value::Bool(true)) => {
            STANDARD.decode(body).ok()?
        }
        Some(Value::String(body)) => body.clone().into_bytes(),
        Some(_) => return None,
    };
    let mut response = Response::builder()
        .status(status)
        .body(Body::from(body))
        .ok()?;
    for (name, value) in result
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let name: HeaderName = name.parse().ok()?;
        // These are the connection's own.
        if name == "content-length" || name == "transfer-encoding" || name == "connection" {
            continue;
        }
        let value = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        response
            .headers_mut()
            .insert(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    for cookie in result
        .get("cookies")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        response
            .headers_mut()
            .append(SET_COOKIE, HeaderValue::from_bytes(cookie.as_bytes()).ok()?);
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use axum::http::Request;

    fn parts(request: axum::http::request::Builder) -> Parts {
        request.body(()).unwrap().into_parts().0
    }

    fn now() -> Timestamp {
        "2020-03-12T19:03:58.390Z".parse().unwrap()
    }

    // The values of the example in "Create AWS Lambda proxy integrations for HTTP APIs in API Gateway", format 2.0.
    #[test]
    fn an_api_event_has_the_shape_of_the_documentation() {
        let parts = parts(
            Request::post("/my/path?parameter1=value1&parameter1=value2&parameter2=value")
                .header("Host", "id.execute-api.us-east-1.amazonaws.com")
                .header("User-Agent", "agent")
                .header("Content-Type", "text/plain")
                .header("Header1", "value1")
                .header("Header1", "value2")
                .header("Cookie", "cookie1=value1; cookie2=value2"),
        );
        let parameters = BTreeMap::from([("parameter1".to_owned(), "value1".to_owned())]);
        let door = Door::Api {
            route_key: "POST /my/{parameter1}",
            parameters: &parameters,
        };
        let event = event(
            &door,
            &parts,
            "/my/path",
            &Bytes::from("Hello from client"),
            "Root=1",
            now(),
        );
        let mut expected = json!({
            "version": "2.0",
            "routeKey": "POST /my/{parameter1}",
            "rawPath": "/my/path",
            "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value",
            "cookies": ["cookie1=value1", "cookie2=value2"],
            "headers": {
                "header1": "value1,value2",
                "host": "id.execute-api.us-east-1.amazonaws.com",
                "user-agent": "agent",
                "content-type": "text/plain",
                "content-length": "17",
                "x-amzn-trace-id": "Root=1",
                "x-forwarded-for": "127.0.0.1",
                "x-forwarded-port": "id.execute-api.us-east-1.amazonaws.com",
                "x-forwarded-proto": "http"
            },
            "queryStringParameters": {"parameter1": "value1,value2", "parameter2": "value"},
            "requestContext": {
                "accountId": ACCOUNT,
                "apiId": "local",
                "domainName": "id.execute-api.us-east-1.amazonaws.com",
                "domainPrefix": "id",
                "http": {"method": "POST", "path": "/my/path", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "agent"},
                "requestId": null,
                "routeKey": "POST /my/{parameter1}",
                "stage": "$default",
                "time": "12/Mar/2020:19:03:58 +0000",
                "timeEpoch": 1_584_039_838_390_i64
            },
            "body": "Hello from client",
            "pathParameters": {"parameter1": "value1"},
            "isBase64Encoded": false
        });
        expected["requestContext"]["requestId"] = event["requestContext"]["requestId"].clone();
        assert_eq!(event, expected);
    }

    #[test]
    fn what_is_absent_is_left_out() {
        let parameters = BTreeMap::new();
        let door = Door::Api {
            route_key: "GET /",
            parameters: &parameters,
        };
        let event = event(
            &door,
            &parts(Request::get("/")),
            "/",
            &Bytes::new(),
            "t",
            now(),
        );
        for name in ["body", "cookies", "queryStringParameters", "pathParameters"] {
            assert_eq!(event.get(name), None, "{name}");
        }
    }

    #[test]
    fn paths_are_decoded_by_the_api_alone() {
        let parameters = BTreeMap::new();
        let api = Door::Api {
            route_key: "GET /{x}",
            parameters: &parameters,
        };
        let parts = parts(Request::get("/a"));
        assert_eq!(
            event(&api, &parts, "/a%20b%2Fc", &Bytes::new(), "t", now())["rawPath"],
            "/a b/c"
        );
        assert_eq!(
            event(&api, &parts, "/a%3Fb", &Bytes::new(), "t", now())["rawPath"],
            "/a"
        );
        let url = Door::Url { function: "f" };
        assert_eq!(
            event(&url, &parts, "/a%20b%2Fc", &Bytes::new(), "t", now())["rawPath"],
            "/a%20b%2Fc"
        );
    }

    #[test]
    fn other_bodies_come_in_base64() {
        let url = Door::Url { function: "f" };
        for (content_type, body, encoded) in [
            ("application/json; charset=utf-8", "{}", false),
            ("application/x-www-form-urlencoded", "a=b", true),
            ("", "a", true),
            ("application/octet-stream", "a", true),
        ] {
            let parts = parts(Request::post("/").header("content-type", content_type));
            let event = event(&url, &parts, "/", &Bytes::from(body), "t", now());
            assert_eq!(event["isBase64Encoded"], encoded, "{content_type}");
        }
        let parts = parts(Request::post("/").header("content-type", "application/json"));
        let event = event(&url, &parts, "/", &Bytes::from_static(&[0xff]), "t", now());
        assert_eq!(
            (&event["body"], &event["isBase64Encoded"]),
            (&json!("/w=="), &json!(true))
        );
    }

    #[test]
    fn results_become_responses() {
        let full = response(br#"{"statusCode":201,"headers":{"X-A":"1","n":2},"cookies":["a=b","c=d"],"body":"aGk=","isBase64Encoded":true}"#).unwrap();
        assert_eq!(
            (
                full.status().as_u16(),
                &full.headers()["x-a"],
                &full.headers()["n"]
            ),
            (201, &"1".parse().unwrap(), &"2".parse().unwrap())
        );
        assert_eq!(full.headers().get_all(SET_COOKIE).iter().count(), 2);
        let inferred = response(br#"{"message":"hi"}"#).unwrap();
        assert_eq!(
            (
                inferred.status().as_u16(),
                &inferred.headers()[CONTENT_TYPE]
            ),
            (200, &"application/json".parse().unwrap())
        );
        for wrong in [
            &b"not json"[..],
            br#"{"statusCode":"x"}"#,
            br#"{"statusCode":200,"body":{}}"#,
        ] {
            assert!(response(wrong).is_none());
        }
    }
}
