//! The twin's routes.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{any, get};

use super::console;
use super::open_api;
use super::page;
use super::twin::Twin;
use crate::server::Incoming;

pub(crate) fn routes(twin: Twin) -> Router {
    Router::new()
        // What warms a connection up is no call.
        .route("/", get(|| async { "Udesk twin\n" }))
        .route("/open_api_v1/{*path}", any(open_api))
        .merge(page::routes())
        .merge(console::routes())
        .with_state(twin)
}

async fn open_api(State(twin): State<Twin>, request: Request) -> Response {
    let mut call = Incoming::read(request).await;
    if let Some(path) = call.path.strip_prefix("/open_api_v1") {
        call.path = path.to_owned();
    }
    let life = twin.life().clone();
    life.detached(open_api::serve(twin, call)).await
}
