//! What Sobot's Web-JS page leads to beside the chat pages: the component's script, the page for messages left, the ticket
//! plug-in. Each shows what it was told, and takes no name that is in none of the page's tables.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::chat::{escaped, shown};
use super::twin::Twin;
use crate::server::{Incoming, status_response};

const ENTRANCE: &str = include_str!("entrance.js");
/// The page's tables, apart by tabs: table, parameter, type, required, range, description.
const TABLES: &str = include_str!("../../../fixtures/sobot/web/parameters.tsv");
/// Names of the page's examples that stand in no table.
const EXAMPLES: [&str; 14] = [
    "token",
    "sign",
    "manual",
    "custom",
    "location",
    "man_trace",
    "invite_flag",
    "pre_visit_args",
    "cur_visit_args",
    "uid",
    "templateid",
    "t",
    "sysNum",
    "deployId",
];

fn known() -> Vec<&'static str> {
    let rows = TABLES.lines().skip(1);
    let names = rows.filter_map(|row| row.split('\t').nth(1));
    names.chain(EXAMPLES).collect()
}

/// The names of a link's query that the page does not know.
pub(crate) fn unknown(query: &BTreeMap<String, String>) -> Vec<String> {
    let known = known();
    let names = query.keys().filter(|name| !known.contains(&name.as_str()));
    names.cloned().collect()
}

/// `GET` of one of its paths, or `None` where it is none of them.
pub(crate) fn get(twin: &Twin, call: &Incoming) -> Option<Response> {
    let given = |name: &str| call.query.get(name).map(String::as_str);
    let company = Some(twin.config().sysnum.as_str());
    match call.path.as_str() {
        "/chat/frame/v2/entrance.js" => Some(match given("sysnum") == company {
            true => script(&twin.config().sysnum),
            false => status_response(404, None),
        }),
        "/chat/h5/v2/leavemessage.html" => Some(match given("sysnum") == company {
            true if given("source") == Some("9") => told("Leave a message", call),
            true => refused("source is 9 here."),
            false => refused("No company has this sysnum."),
        }),
        "/ticketclient/index.html" => Some(match given("sysNum") == company {
            true if given("deployId").is_some_and(|id| !id.is_empty()) => told("Tickets", call),
            true => refused("No plug-in has this deployId."),
            false => refused("No company has this sysNum."),
        }),
        _ => None,
    }
}

fn script(sysnum: &str) -> Response {
    let text = ENTRANCE
        .replacen("/*known*/[]", &json!(known()).to_string(), 1)
        .replacen("/*sysnum*/\"\"", &json!(sysnum).to_string(), 1);
    let mut response = Response::new(Body::from(text));
    for (name, value) in [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

fn refused(sentence: &str) -> Response {
    shown(StatusCode::FORBIDDEN, "Not admitted", sentence, "")
}

/// A page that shows what it was told.
fn told(title: &str, call: &Incoming) -> Response {
    let rows: Vec<_> = call
        .query
        .iter()
        .map(|(name, value)| format!("<dt>{}</dt><dd>{}</dd>", escaped(name), escaped(value)))
        .collect();
    let list = format!("<dl>{}</dl>", rows.concat());
    shown(StatusCode::OK, title, "This is what the link says.", &list)
}
