//! What the customer does without saying anything: types (`PUT /im/sessions/:session_id/message_preview`),
//! reads (`POST /im/messages/read_messages`), comes and goes (`POST /im/customer_online_state`).

use serde_json::{Value, json};

use super::desk::Author;
use super::input::invalid;
use super::open_api::{Done, Request};
use super::refusal::{self, Refusal};
use super::switches::ReadMessagesIn;

/// Fields of `PUT /im/sessions/:session_id/message_preview`.
pub(crate) const PREVIEW_FIELDS: &[&str] = &["content"];
/// Fields of `POST /im/customer_online_state`.
pub(crate) const ONLINE_FIELDS: &[&str] = &["customer_token", "state"];
/// Fields of `POST /im/messages/read_messages`.
pub(crate) const READ_FIELDS: &[&str] = &["session_id", "message_ids"];

pub(crate) fn preview(request: &mut Request<'_>, id: &str) -> Result<Done, Refusal> {
    if !request.switches.preview_activated {
        return Err(Refusal::new(
            refusal::NOT_ACTIVATED,
            "Interface not activated.",
        ));
    }
    let session: i64 = id.parse().map_err(|_| invalid("session_id", "Integer"))?;
    let body = request.json(refusal::MISSING)?;
    let content = body
        .text("content")?
        .ok_or_else(|| body.missing("content"))?;
    let Some(customer) = request.desk.holder(session) else {
        return Err(Refusal::new(
            refusal::PREVIEW_GONE,
            "Session not found or closed.",
        ));
    };
    let preview = (!content.is_empty()).then(|| content.to_owned());
    request.desk.conversation(&customer).preview = preview;
    Ok(done())
}

pub(crate) fn online(request: &mut Request<'_>) -> Result<Done, Refusal> {
    let body = request.json(refusal::MISSING)?;
    let customer = body.required_text("customer_token")?;
    let online = match body.number("state")? {
        None => return Err(body.missing("state")),
        Some(0.0) => false,
        Some(1.0) => true,
        Some(_) => return Err(invalid("state", "0 or 1")),
    };
    match request.desk.conversations.get_mut(customer) {
        Some(conversation) => conversation.online = online,
        None => {
            return Err(Refusal::new(refusal::ABSENT, "The customer does not exist"));
        }
    }
    Ok(done())
}

pub(crate) fn read(request: &mut Request<'_>) -> Result<Done, Refusal> {
    let (session, ids) = match request.switches.read_messages_in {
        ReadMessagesIn::Body => {
            let body = request.json(refusal::MISSING)?;
            let session = body
                .id("session_id")?
                .ok_or_else(|| body.missing("session_id"))?;
            let ids = match body.raw().get("message_ids") {
                None | Some(Value::Null) => return Err(body.missing("message_ids")),
                Some(Value::Array(ids)) => ids.iter().map(id_of).collect::<Option<Vec<_>>>(),
                Some(_) => None,
            };
            (session, ids)
        }
        ReadMessagesIn::Query => {
            let session = request.query("session_id")?;
            let session = session
                .parse()
                .map_err(|_| invalid("session_id", "Integer"))?;
            (session, quoted(request.query("message_ids")?))
        }
    };
    let ids = ids.ok_or_else(|| invalid("message_ids", "an Array of message ids"))?;
    let conversation = request
        .desk
        .with_session(session)
        .ok_or_else(Refusal::session_gone)?;
    for entry in &mut conversation.entries {
        let is_agents = entry.from != Author::Customer && entry.im_sub_session_id == session;
        entry.read |= is_agents && ids.contains(&entry.message_id);
    }
    Ok(done())
}

fn id_of(id: &Value) -> Option<String> {
    match id {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// The ids of `['123','123456']`.
fn quoted(list: &str) -> Option<Vec<String>> {
    let list = list.strip_prefix('[')?.strip_suffix(']')?;
    let each = list.split(',').filter(|id| !id.trim().is_empty());
    each.map(|id| {
        let id = id.trim().strip_prefix('\'')?.strip_suffix('\'')?;
        Some(id.to_owned())
    })
    .collect()
}

fn done() -> Done {
    Done::answer(json!({"code": refusal::OK}))
}
