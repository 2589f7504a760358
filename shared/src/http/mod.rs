//! The one HTTP client of a function: for vendors, for the app and, through `aws`, for the AWS SDKs.

#[cfg(feature = "aws")]
pub mod aws;

use std::{sync::Arc, time::Duration};

use rustls::pki_types::{CertificateDer, pem::PemObject};

use crate::config::{ConfigError, EXTRA_CA_FILE, Settings};

/// How long a function waits in its init for the connections that it opens ahead of need.
const WARM_LIMIT: Duration = Duration::from_millis(300);

/// The largest answer that is read, in bytes. More is cut off.
const LARGEST_ANSWER: usize = 1024 * 1024;
/// A body that nobody reads is read away up to this many bytes …
const SHORT_BODY: usize = 16 * 1024;
/// … and for this long.
const BODY_LIMIT: Duration = Duration::from_millis(200);

/// The client. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Client(reqwest::Client);

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
    Unreachable(#[source] reqwest::Error),
    /// The request may have arrived.
    #[error("no answer came")]
    Lost(#[source] reqwest::Error),
    /// It is not a request that can be sent; it did not arrive.
    #[error("not a valid request")]
    Invalid(#[source] reqwest::Error),
}

impl Client {
    /// The client as the settings want it: public roots, and those of `EXTRA_CA_FILE`.
    ///
    /// # Errors
    /// Where `EXTRA_CA_FILE` cannot be read or holds no certificate.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
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
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(3))
            // DynamoDB closes idle connections after 60 s.
            .pool_idle_timeout(Duration::from_secs(50))
            .build()
            .map(Self)
            .map_err(|error| ConfigError::tls(&error))
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
        let mut response = self.send(request, limit).await?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST_ANSWER {
                break;
            }
        }
        Ok(Answer {
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            body,
        })
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
        let mut response = self.send(request, limit).await?;
        let answer = Answer {
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            body: Vec::new(),
        };
        let _ = tokio::time::timeout(BODY_LIMIT, read_away(response)).await;
        Ok(answer)
    }

    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
        limit: Duration,
    ) -> Result<reqwest::Response, NoAnswer> {
        let mut request = reqwest::Request::try_from(request)
            .map_err(|error| NoAnswer::Invalid(error.without_url()))?;
        *request.timeout_mut() = Some(limit);
        self.0.execute(request).await.map_err(no_answer)
    }

    /// Opens connections to `urls` ahead of need. Init runs with the full CPU, so a handshake costs
    /// least there; so these are hosts that a request is sure to need. Waits at most 300 ms; what fails here is met
    /// again, and handled, at the first call.
    pub async fn warm(&self, urls: &[&str]) {
        let mut tasks = tokio::task::JoinSet::new();
        for url in urls {
            // With GET, which DynamoDB answers with its health; not every host leaves a connection open after a HEAD.
            let request = self.0.get(*url).timeout(WARM_LIMIT).send();
            tasks.spawn(async move {
                // Whether the connection came about shows at the first call.
                if let Ok(answer) = request.await {
                    read_away(answer).await;
                }
            });
        }
        let _ = tokio::time::timeout(WARM_LIMIT, async {
            while tasks.join_next().await.is_some() {}
        })
        .await;
    }
}

/// Reads a short body to its end, so that the connection can be used again.
async fn read_away(mut answer: reqwest::Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = answer.chunk().await {
        read += chunk.len();
        if read > SHORT_BODY {
            break;
        }
    }
}

fn no_answer(error: reqwest::Error) -> NoAnswer {
    if error.is_connect() {
        NoAnswer::Unreachable(error.without_url())
    } else if error.is_builder() {
        NoAnswer::Invalid(error.without_url())
    } else {
        NoAnswer::Lost(error.without_url())
    }
}
