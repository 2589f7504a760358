//! The console's page at `/console`: an agent's conversation with a guest, and beside it the list of cards in an
//! iframe, opened as Udesk's console does.
//!
//! | call | does |
//! |---|---|
//! | `GET /console/api/guests` | every guest with what they were sent, and a link of now to the list of cards |

use axum::Router;
use axum::extract::State;
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};

use super::guests::Guest;
use super::twin::Twin;
use crate::pages::{self, ok, own_page_only};

const PAGE: &str = include_str!("console.html");

pub(crate) fn routes() -> Router<Twin> {
    Router::new()
        .route("/console", get(page))
        .route("/console/api/guests", get(guests))
        .layer(middleware::from_fn(own_page_only))
}

async fn page() -> Response {
    pages::html_with_frames(PAGE)
}

async fn guests(State(twin): State<Twin>) -> Response {
    let list: Vec<Value> = twin
        .guests()
        .iter()
        .map(|guest| shown(&twin, guest))
        .collect();
    ok(&json!({ "guests": list }))
}

fn shown(twin: &Twin, guest: &Guest) -> Value {
    json!({
        "customer_id": guest.customer_id,
        "name": guest.name,
        "session": guest.session,
        "agent": guest.agent,
        "open": guest.open,
        "cards": guest.cards,
        "link": twin.card_link(guest.customer_id),
    })
}
