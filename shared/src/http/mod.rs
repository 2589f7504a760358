//! The one HTTP client of a function: for vendors, for the app and, through `aws`, for the AWS SDKs.

#[cfg(feature = "aws")]
pub mod aws;
mod connect;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use connect::Connector;
use http::{HeaderValue, header::ACCEPT};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy,
    rt::{TokioExecutor, TokioTimer},
};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use tokio::time::timeout;

use crate::config::{ConfigError, EXTRA_CA_FILE, Settings};

/// How long a function waits in its init for the connections that it opens ahead of need.
const WARM_LIMIT: Duration = Duration::from_millis(300);

/// How long a connection may take to come about.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// The largest answer that is read, in bytes. More is cut off.
const LARGEST_ANSWER: usize = 1024 * 1024;
/// A body that nobody reads is read away up to this many bytes …
const SHORT_BODY: usize = 16 * 1024;
/// … and for this long.
const BODY_LIMIT: Duration = Duration::from_millis(200);

/// The client. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Client(legacy::Client<Connector, Full<Bytes>>);

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer. Neither says the URL, which may carry a signature.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// No connection came about: the request certainly did not arrive.
    #[error("could not connect")]
    Unreachable(#[source] legacy::Error),
    /// The request may have arrived.
    #[error("no answer came")]
    Lost(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It is not a request that can be sent; it did not arrive.
    #[error("not a valid request: its URL is none of http or https")]
    Invalid,
}

impl Client {
    /// The client as the settings want it: public roots, and those of `EXTRA_CA_FILE`.
    ///
    /// # Errors
    /// Where `EXTRA_CA_FILE` cannot be read or holds no certificate.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        Self::new(settings, CONNECT_LIMIT)
    }

    fn new(settings: &Settings, connect_limit: Duration) -> Result<Self, ConfigError> {
        // Roots compiled in: reading the system's costs 9 million instructions at every cold start.
        let mut roots = rustls::RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        if let Some(path) = settings.optional(&EXTRA_CA_FILE) {
            let broken = |why: String| EXTRA_CA_FILE.malformed(&why);
            let certificates = CertificateDer::pem_file_iter(&path)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| broken(format!("{path}: {error}")))?;
            let (added, _) = roots.add_parsable_certificates(certificates);
            if added == 0 {
                return Err(broken(format!("{path} holds no certificate")));
            }
        }
        // ring, since aws-lc gathers entropy for 50 ms of CPU inside the first handshake.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| ConfigError::tls(&error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = legacy::Client::builder(TokioExecutor::new())
            // DynamoDB closes idle connections after 60 s.
            .pool_idle_timeout(Duration::from_secs(50))
            .pool_timer(TokioTimer::new())
            .build(Connector::new(tls, connect_limit));
        Ok(Self(client))
    }

    /// Sends `request` and reads the whole answer, within `limit`.
    ///
    /// # Errors
    /// Where no answer came, and whether the request may have arrived all the same.
    pub async fn call(
        &self,
        request: http::Request<Vec<u8>>,
        limit: Duration,
    ) -> Result<Answer, NoAnswer> {
        let whole = async {
            let (head, mut unread) = self.send(request).await?.into_parts();
            let mut body = Vec::new();
            while let Some(frame) = unread.frame().await {
                let frame = frame.map_err(|error| NoAnswer::Lost(error.into()))?;
                if let Some(chunk) = frame.data_ref() {
                    body.extend_from_slice(chunk);
                }
                if body.len() > LARGEST_ANSWER {
                    break;
                }
            }
            Ok(Answer {
                status: head.status.as_u16(),
                headers: head.headers,
                body,
            })
        };
        within(limit, whole).await
    }

    /// Sends `request` and reads status and headers, within `limit`. A short body is read away, so that
    /// the connection can be used again; whatever happens to it changes nothing.
    ///
    /// # Errors
    /// Where no answer came, and whether the request may have arrived all the same.
    pub async fn ask(
        &self,
        request: http::Request<Vec<u8>>,
        limit: Duration,
    ) -> Result<Answer, NoAnswer> {
        let (head, body) = within(limit, self.send(request)).await?.into_parts();
        let _ = timeout(BODY_LIMIT, read_away(body)).await;
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: Vec::new(),
        })
    }

    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Incoming>, NoAnswer> {
        let mut request = request.map(Full::from);
        let to = request.uri();
        if to.host().is_none() || !matches!(to.scheme_str(), Some("http" | "https")) {
            return Err(NoAnswer::Invalid);
        }
        let headers = request.headers_mut();
        if !headers.contains_key(ACCEPT) {
            headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        }
        self.0.request(request).await.map_err(|error| {
            if error.is_connect() {
                NoAnswer::Unreachable(error)
            } else {
                NoAnswer::Lost(error.into())
            }
        })
    }

    /// Opens connections to `urls` ahead of need. Init runs with the full CPU, so a handshake costs
    /// least there; so these are hosts that a request is sure to need. Waits at most 300 ms; what fails here is met
    /// again, and handled, at the first call.
    pub async fn warm(&self, urls: &[&str]) {
        let mut tasks = tokio::task::JoinSet::new();
        for url in urls {
            // With GET, which DynamoDB answers with its health; not every host leaves a connection open after a HEAD.
            let Ok(url) = url.parse() else { continue };
            let answered = self.0.get(url);
            tasks.spawn(async move {
                // Whether the connection came about shows at the first call.
                if let Ok(answer) = answered.await {
                    read_away(answer.into_body()).await;
                }
            });
        }
        let _ = timeout(WARM_LIMIT, async {
            while tasks.join_next().await.is_some() {}
        })
        .await;
    }
}

/// Reads a short body to its end, so that the connection can be used again.
async fn read_away(mut body: Incoming) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > SHORT_BODY {
            break;
        }
    }
}

/// What came in time; who did not answer by then may have done all the same what was asked.
async fn within<T>(
    limit: Duration,
    answered: impl Future<Output = Result<T, NoAnswer>>,
) -> Result<T, NoAnswer> {
    let in_time = timeout(limit, answered).await;
    in_time.unwrap_or_else(|late| Err(NoAnswer::Lost(late.into())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::net::TcpListener;

    use super::*;

    const SHORT: Duration = Duration::from_millis(200);
    const LONG: Duration = Duration::from_secs(60);

    /// What comes of a call that may take so long to connect, and so long in all.
    async fn call(url: String, connect: Duration, whole: Duration) -> NoAnswer {
        let client = Client::new(&Settings::new(|_| None), connect).unwrap();
        let request = http::Request::get(url).body(Vec::new()).unwrap();
        client.call(request, whole).await.unwrap_err()
    }

    /// Takes connections, and never says anything.
    fn silent() -> TcpListener {
        TcpListener::bind("127.0.0.1:0").unwrap()
    }

    #[tokio::test]
    async fn who_does_not_finish_the_handshake_was_sent_nothing() {
        let silent = silent();
        let url = format!("https://{}/", silent.local_addr().unwrap());
        let none = call(url, SHORT, LONG).await;
        assert!(matches!(none, NoAnswer::Unreachable(_)), "{none:?}");
    }

    #[tokio::test]
    async fn who_took_the_request_may_have_done_it() {
        let silent = silent();
        let url = format!("http://{}/", silent.local_addr().unwrap());
        let none = call(url, LONG, SHORT).await;
        assert!(matches!(none, NoAnswer::Lost(_)), "{none:?}");
    }

    #[tokio::test]
    async fn who_takes_no_connection_was_sent_nothing() {
        let gone = silent().local_addr().unwrap();
        let none = call(format!("http://{gone}/"), LONG, LONG).await;
        assert!(matches!(none, NoAnswer::Unreachable(_)), "{none:?}");
    }

    #[tokio::test]
    async fn what_is_no_url_of_http_is_not_sent() {
        for url in ["/nowhere", "127.0.0.1:80", "ftp://127.0.0.1/"] {
            let none = call(url.to_owned(), LONG, LONG).await;
            assert!(matches!(none, NoAnswer::Invalid), "{url}: {none:?}");
        }
    }
}
