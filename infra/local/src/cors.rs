//! Browser clients: what API Gateway does for an HTTP API by its CorsConfiguration.
//!
//! A preflight is answered here and reaches no function; a listed origin may read every answer, refusals
//! included; what functions say of it themselves is taken out. Another origin's page gets the answer without
//! a word of it, and the browser keeps it from the page.

use axum::body::Body;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;

/// The setting that stands for [`ORIGINS_PARAMETER`].
pub(crate) const CORS_ORIGINS: &str = "CORS_ORIGINS";

/// The template's parameter that holds the origins.
pub(crate) const ORIGINS_PARAMETER: &str = "CorsOrigins";

/// What pages of other origins may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    /// The origins; `https://*` stands for all of that scheme, `*` for all.
    pub origins: Vec<String>,
    /// The methods.
    pub methods: Vec<String>,
    /// The request's headers.
    pub headers: Vec<String>,
    /// The answer's headers that a page may read.
    pub exposed: Vec<String>,
    /// For how many seconds a browser may remember that.
    pub max_age: Option<u64>,
}

impl Cors {
    /// The request's origin, where it is a listed one.
    fn origin<'a>(&self, request: &'a HeaderMap) -> Option<&'a HeaderValue> {
        let origin = request.get(ORIGIN)?;
        let text = origin.to_str().ok()?;
        let mut listed = self.origins.iter();
        let is_listed = listed.any(|listed| match listed.strip_suffix('*') {
            Some(start) => text.starts_with(start),
            None => listed.trim() == text,
        });
        is_listed.then_some(origin)
    }

    /// The answer to a preflight; `None` where the request is none.
    pub(crate) fn preflight(&self, method: &Method, request: &HeaderMap) -> Option<Response> {
        if method != Method::OPTIONS || !request.contains_key(ORIGIN) {
            return None;
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        self.allow(request, &mut response);
        if self.origin(request).is_some() {
            let headers = response.headers_mut();
            insert(
                headers,
                ACCESS_CONTROL_ALLOW_METHODS,
                &self.methods.join(","),
            );
            insert(
                headers,
                ACCESS_CONTROL_ALLOW_HEADERS,
                &self.headers.join(","),
            );
            if let Some(max_age) = self.max_age {
                insert(headers, ACCESS_CONTROL_MAX_AGE, &max_age.to_string());
            }
        }
        Some(response)
    }

    /// Says in an answer whether the request's origin may read it, in place of what a function says.
    pub(crate) fn allow(&self, request: &HeaderMap, response: &mut Response) {
        let headers = response.headers_mut();
        let said = headers
            .keys()
            .filter(|name| name.as_str().starts_with("access-control-"));
        let said: Vec<HeaderName> = said.cloned().collect();
        for name in said {
            headers.remove(name);
        }
        if let Some(origin) = self.origin(request) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            insert(
                headers,
                ACCESS_CONTROL_EXPOSE_HEADERS,
                &self.exposed.join(","),
            );
        }
    }
}

/// Nothing where there is nothing to say.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let (false, Ok(value)) = (value.is_empty(), HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(origin: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static(origin))])
    }

    fn allowed(origins: &[&str], origin: &'static str) -> Option<String> {
        let cors = Cors {
            origins: origins.iter().map(|origin| (*origin).to_owned()).collect(),
            ..Cors::default()
        };
        // What a function says of it counts for nothing.
        let mut response = Response::new(Body::empty());
        response
            .headers_mut()
            .insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        cors.allow(&from(origin), &mut response);
        let said = response.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN)?;
        said.to_str().ok().map(str::to_owned)
    }

    #[test]
    fn an_origin_is_listed_whole_by_its_scheme_or_with_all() {
        for (listed, origin, is_listed) in [
            (&["https://a.example"][..], "https://a.example", true),
            (&["https://a.example"], "https://a.example.evil", false),
            (&["https://a.example"], "https://a.exampl", false),
            (
                &["https://b.example", "https://a.example"],
                "https://a.example",
                true,
            ),
            (&["https://*"], "https://a.example", true),
            (&["https://*"], "http://a.example", false),
            (&["*"], "http://a.example", true),
            (&[], "http://a.example", false),
        ] {
            let wanted = is_listed.then(|| origin.to_owned());
            assert_eq!(allowed(listed, origin), wanted, "{listed:?} {origin}");
        }
    }

    #[test]
    fn a_preflight_names_its_origin() {
        let cors = Cors::default();
        let with = |method| cors.preflight(&method, &from("https://a.example"));
        assert!(with(Method::OPTIONS).is_some());
        assert!(with(Method::POST).is_none());
        assert!(
            cors.preflight(&Method::OPTIONS, &HeaderMap::new())
                .is_none()
        );
    }
}
