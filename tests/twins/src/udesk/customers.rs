//! `GET /customers/get_customer`, `GET /im/messages/unread_customer_offline`.
//!
//! The customer's object is the one that the page prints within `im_queues`.

use serde_json::{Value, json};

use super::desk::{Conversation, told};
use super::input::invalid;
use super::open_api::{Done, Request};
use super::refusal::{self, Refusal};

pub(crate) fn get(request: &Request<'_>) -> Result<Done, Refusal> {
    let kind = request.query("type")?;
    let content = request.query("content")?;
    let desk = &request.desk;
    let found = if kind == request.switches.customer_type {
        desk.conversations.get(content)
    } else if kind == "id" {
        let id = number("content", content)?;
        desk.conversations.values().find(|one| one.id == id)
    } else if matches!(kind, "email" | "cellphone") {
        // Nobody here has either.
        None
    } else {
        return Err(invalid("type", "a kind of name that customers have"));
    };
    match found {
        Some(conversation) => Ok(Done::answer(
            json!({"code": refusal::OK, "customer": customer(conversation)}),
        )),
        None => Err(absent()),
    }
}

fn customer(conversation: &Conversation) -> Value {
    json!({
        "id": conversation.id,
        "nick_name": format!("API Anonymous User ({})", conversation.customer),
        "email": null,
        "cellphone": null,
        "custom_fields": {},
        "web_token": null,
        "sdk_token": null,
        "is_blocked": false,
        "level": "normal",
        "source_channel": "api",
        "open_api_token": conversation.customer,
    })
}

pub(crate) fn unread(request: &Request<'_>) -> Result<Done, Refusal> {
    let session = number("im_sub_session_id", request.query("im_sub_session_id")?)?;
    let id = number("customer_id", request.query("customer_id")?)?;
    let (desk, switches) = (&request.desk, request.switches);
    if let Some(visitor) = desk.visitors.by_id(id) {
        if visitor.app_id.is_some()
            && request.query("app_id")? != visitor.app_id.as_deref().unwrap_or_default()
        {
            return Err(invalid("app_id", "the app of the session"));
        }
        let unread = visitor
            .unread
            .get(&session)
            .ok_or_else(Refusal::session_gone)?;
        return Ok(listed(unread.clone(), switches.unread_at_most));
    }
    let conversation = desk
        .conversations
        .values()
        .find(|one| one.id == id)
        .ok_or_else(absent)?;
    let session = conversation
        .sessions
        .iter()
        .find(|one| one.id == session)
        .ok_or_else(Refusal::session_gone)?;
    let unread = conversation.unread(session, switches.unread_only_offline);
    let unread = unread.into_iter();
    let unread = unread.map(|entry| told(entry, session, switches.dates));
    Ok(listed(unread.collect(), switches.unread_at_most))
}

fn listed(mut unread: Vec<Value>, at_most: Option<usize>) -> Done {
    let count = unread.len();
    unread.truncate(at_most.unwrap_or(count));
    Done::answer(json!({"code": refusal::OK, "count": count, "unread_messages": unread}))
}

fn absent() -> Refusal {
    Refusal::new(refusal::ABSENT, "The customer does not exist")
}

/// A number of the query.
fn number(name: &str, text: &str) -> Result<i64, Refusal> {
    text.parse().map_err(|_| invalid(name, "Integer"))
}
