//! How a connection comes about, and how long that may take.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::ClientConfig;
use tokio::time::timeout;
use tower_service::Service;

/// After how long of silence a connection is probed, and how often, until it is given up: a peer that is gone is found
/// within half a minute, before the pool's own limit.
const KEEPALIVE: Duration = Duration::from_secs(15);
const PROBES: u32 = 3;
#[cfg(target_os = "linux")]
const UNANSWERED: Duration = Duration::from_secs(30);

type Inner = HttpsConnector<HttpConnector>;
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Opens connections to what a URL names, over TLS where it says `https`.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    https: Inner,
    limit: Duration,
}

impl Connector {
    /// TCP and TLS may take `limit` together. Nothing of a request has been sent by then.
    pub(super) fn new(tls: ClientConfig, limit: Duration) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_keepalive_interval(Some(KEEPALIVE));
        tcp.set_keepalive_retries(Some(PROBES));
        #[cfg(target_os = "linux")]
        tcp.set_tcp_user_timeout(Some(UNANSWERED));
        // Of a host with several addresses each gets a part of it.
        tcp.set_connect_timeout(Some(limit));
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1();
        Self {
            https: https.wrap_connector(tcp),
            limit,
        }
    }
}

impl Service<Uri> for Connector {
    type Response = <Inner as Service<Uri>>::Response;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Failure>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.https.poll_ready(context)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = timeout(self.limit, self.https.call(to));
        Box::pin(async { connecting.await? })
    }
}
