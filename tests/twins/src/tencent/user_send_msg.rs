//! `POST /v4/openim/sendmsg`, as far as a user says something to a customer-service account by it. Whether that reaches
//! Desk, no page says: a switch.

use jiff::Timestamp;
use serde_json::Value;

use super::api::Done;
use super::callback::{Event, Spoken};
use super::desk::{Desk, Role, Said};
use super::element;
use super::refusal::{self, Refusal};
use super::send_msg::{MSG_BODY_LIMIT, text};
use super::sessions::read;
use super::switches::Switches;
use super::twin::Config;

/// Fields that the page's table has, of those that make sense here.
pub(super) const FIELDS: &[&str] = &[
    "SyncOtherMachine",
    "From_Account",
    "To_Account",
    "MsgSeq",
    "MsgRandom",
    "OnlineOnlyFlag",
    "MsgBody",
    "CloudCustomData",
];

/// Takes a message, or says why not.
pub(super) fn send(
    config: &Config,
    switches: &Switches,
    desk: &mut Desk,
    bytes: &[u8],
    now: Timestamp,
) -> Result<Done, Refusal> {
    let invalid = |name: &str, wanted| Refusal::must_be(refusal::FORMAT, name, wanted);
    let body = read(bytes, FIELDS)?;
    let from = text(&body, "From_Account")?.filter(|from| !from.is_empty());
    let from = from.ok_or_else(|| invalid("From_Account", "given"))?;
    let to = text(&body, "To_Account")?.ok_or_else(|| invalid("To_Account", "given"))?;
    let msg_random = body
        .get("MsgRandom")
        .and_then(Value::as_u64)
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| Refusal::must_be(refusal::MSG_RANDOM, "MsgRandom", "a 32-bit Integer"))?;
    let msg_body = body
        .get("MsgBody")
        .ok_or_else(|| Refusal::new(refusal::MSG_BODY, "MsgBody is missing"))?;
    if msg_body.to_string().len() > MSG_BODY_LIMIT {
        let why = "the message body should not exceed 12K";
        return Err(Refusal::new(refusal::TOO_LONG, why));
    }
    element::read(msg_body, switches.any_custom_data)?;
    for (name, allowed) in [("SyncOtherMachine", [1, 2]), ("OnlineOnlyFlag", [0, 1])] {
        let given = body.get(name).map(Value::as_i64);
        if !given.is_none_or(|given| given.is_some_and(|given| allowed.contains(&given))) {
            return Err(invalid(name, "one of two numbers"));
        }
    }
    if !config.service_accounts.iter().any(|one| one == to) {
        return Err(invalid("To_Account", "a customer service account"));
    }
    let content = msg_body.to_string();
    let repeated = switches.drop_repeats
        && desk.repeats(from, to, msg_random, &content, now, switches.repeat_window);
    if repeated || !switches.user_messages_arrive {
        return Ok(Done::with(Vec::new()));
    }
    let starts = is_start(msg_body);
    let mut events = Vec::new();
    if desk.user(from).live().is_none() {
        if switches.user_must_start && !starts {
            return Ok(Done::with(Vec::new()));
        }
        desk.begin_session(from);
        events.extend(Event::about(desk, config, from, "SessionBegin", now));
    }
    if !starts {
        let said = Said {
            role: Role::User,
            account: from.to_owned(),
            msg_body: msg_body.clone(),
            at: now,
        };
        desk.say(from, said);
    }
    let spoken = Spoken {
        role: Role::User,
        msg_random: Some(msg_random),
        msg_body: msg_body.clone(),
        cloud_custom_data: text(&body, "CloudCustomData")?.map(str::to_owned),
    };
    events.extend(Event::saying(desk, config, switches, from, spoken, now));
    Ok(Done::with(events))
}

/// Whether it is what a client sends when its user comes: `src` 7.
fn is_start(msg_body: &Value) -> bool {
    let data = msg_body
        .pointer("/0/MsgContent/Data")
        .and_then(Value::as_str);
    let data: Option<Value> = data.and_then(|data| serde_json::from_str(data).ok());
    data.is_some_and(|data| data.get("src").and_then(Value::as_str) == Some("7"))
}
