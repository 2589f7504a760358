//! The server on 127.0.0.1. It runs its own accept loop because a test must be able to cut a
//! connection, which a router alone can't.

use std::fmt;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{any, get};
use http::header;
use http_body_util::{BodyExt, Limited};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::open_api::{self, Incoming};
use super::page;
use super::twin::Twin;

/// In a response's extensions: cut the connection instead of answering.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("cut on command")
    }
}

impl std::error::Error for Cut {}

/// The largest body that a call may have.
const BODY_LIMIT: usize = 1024 * 1024;

/// Serves until the twin is stopped; then the port is free and every connection is cut.
pub(crate) async fn run(twin: Twin, listener: TcpListener) {
    let router = Router::new()
        // What warms a connection up is no call.
        .route("/", get(|| async { "Udesk twin\n" }))
        .route("/open_api_v1/{*path}", any(open_api))
        .merge(page::routes())
        .with_state(twin.clone());
    let service = TowerToHyperService::new(router);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = twin.stopped() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                connections.spawn(connection(service.clone(), stream));
            }
        }
    }
    connections.shutdown().await;
}

async fn connection(service: TowerToHyperService<Router>, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let answer = service.call(request);
        async move {
            let response = match answer.await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            match response.extensions().get::<Cut>() {
                Some(cut) => Err(*cut),
                None => Ok(response),
            }
        }
    });
    // An error here is the client's leaving, or a cut.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn open_api(State(twin): State<Twin>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => Bytes::new(),
    };
    let path = parts.uri.path();
    let call = Incoming {
        path: path.strip_prefix("/open_api_v1").unwrap_or(path).to_owned(),
        method: parts.method,
        query: decoded(parts.uri.query().unwrap_or_default()),
        content_type: parts
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned),
        bytes,
    };
    // In a task of its own: a server goes on with a call whose client has left, and a client that
    // gave up too early has to live with the effect.
    let task = tokio::spawn({
        let twin = twin.clone();
        async move {
            tokio::select! {
                response = open_api::serve(twin.clone(), call) => response,
                () = twin.stopped() => cut(),
            }
        }
    });
    task.await.unwrap_or_else(|_| cut())
}

fn cut() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Cut);
    response
}

/// A query's names and values, decoded; of a repeated name the last counts.
fn decoded(query: &str) -> std::collections::BTreeMap<String, String> {
    let plain = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced)
            .decode_utf8_lossy()
            .into_owned()
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (plain(name), plain(value))
        })
        .collect()
}
