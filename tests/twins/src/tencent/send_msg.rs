//! `POST /v4/desk_http_svc/send_msg`: a message of the desk's to a user.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::desk::{Addressing, Desk, Received, Role, Said};
use super::element;
use super::refusal::{self, Refusal};
use super::switches::Switches;
use super::twin::Config;

/// Fields of the page's table.
pub(super) const FIELDS: &[&str] = &[
    "SessionId",
    "FromAccount",
    "ToAccount",
    "MsgRandom",
    "MsgBody",
    "CloudCustomData",
    "ExcludeFromUserRespTimeout",
];

/// "The message body should not exceed 12K."
pub(super) const MSG_BODY_LIMIT: usize = 12 * 1024;
/// The longest user id, in bytes.
const USER_LIMIT: usize = 32;

/// `MsgBody` as it was sent.
#[derive(Deserialize)]
struct AsSent<'a> {
    #[serde(rename = "MsgBody", borrow)]
    msg_body: Option<&'a RawValue>,
}

/// A message that was taken, as the event that tells of it has it.
pub(crate) struct Taken {
    pub(crate) user: String,
    pub(crate) msg_random: u32,
    pub(crate) msg_body: Value,
    pub(crate) cloud_custom_data: Option<String>,
}

/// Takes a message, or says why not. `None` where it was a repeat, and was dropped.
pub(crate) fn send(
    config: &Config,
    switches: &Switches,
    desk: &mut Desk,
    bytes: &[u8],
    now: Timestamp,
) -> Result<Option<Taken>, Refusal> {
    let body: Value = serde_json::from_slice(bytes)
        .map_err(|error| Refusal::new(refusal::JSON, format!("JSON parsing failed: {error}")))?;
    let body = body
        .as_object()
        .ok_or_else(|| Refusal::must_be(refusal::FORMAT, "the body", "an Object"))?;
    if let Some(name) = unknown_fields(body).first() {
        let wanted = "left out: the request has no such field";
        return Err(Refusal::must_be(refusal::FORMAT, name, wanted));
    }
    let msg_random = body
        .get("MsgRandom")
        .and_then(Value::as_u64)
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| Refusal::must_be(refusal::MSG_RANDOM, "MsgRandom", "a 32-bit Integer"))?;
    let sent: AsSent<'_> = serde_json::from_slice(bytes)
        .map_err(|error| Refusal::new(refusal::JSON, format!("JSON parsing failed: {error}")))?;
    let (Some(msg_body), Some(sent)) = (body.get("MsgBody"), sent.msg_body) else {
        return Err(Refusal::new(refusal::MSG_BODY, "MsgBody is missing"));
    };
    if sent.get().len() > MSG_BODY_LIMIT {
        return Err(Refusal::new(
            refusal::TOO_LONG,
            "the message body should not exceed 12K",
        ));
    }
    let elements = element::read(msg_body, switches.any_custom_data)?;
    let cloud_custom_data = text(body, "CloudCustomData")?.map(str::to_owned);
    let excluded_from_timeout = match body.get("ExcludeFromUserRespTimeout").map(Value::as_i64) {
        None | Some(Some(0)) => false,
        Some(Some(1)) => true,
        Some(_) => {
            let name = "ExcludeFromUserRespTimeout";
            return Err(Refusal::must_be(refusal::PARAMETER, name, "0 or 1"));
        }
    };
    let (addressed, from, to) = address(config, desk, body)?;
    let repeated = switches.drop_repeats
        && desk.repeats(
            &from,
            &to,
            msg_random,
            sent.get(),
            now,
            switches.repeat_window,
        );
    if repeated {
        return Ok(None);
    }
    let taken = Taken {
        user: to.clone(),
        msg_random,
        msg_body: msg_body.clone(),
        cloud_custom_data: cloud_custom_data.clone(),
    };
    desk.say(
        &to,
        Said {
            role: Role::System,
            account: from.clone(),
            msg_body: msg_body.clone(),
            at: now,
        },
    );
    desk.user(&to).messages.push(Received {
        addressed,
        from,
        msg_random,
        elements,
        cloud_custom_data,
        excluded_from_timeout,
        at: now,
    });
    Ok(Some(taken))
}

/// Names that the page's table does not have.
fn unknown_fields(body: &Map<String, Value>) -> Vec<String> {
    body.keys()
        .filter(|name| !FIELDS.contains(&name.as_str()))
        .cloned()
        .collect()
}

/// How it is addressed, from whom, and to whom.
fn address(
    config: &Config,
    desk: &Desk,
    body: &Map<String, Value>,
) -> Result<(Addressing, String, String), Refusal> {
    let invalid = |name, wanted| Refusal::must_be(refusal::PARAMETER, name, wanted);
    let session = text(body, "SessionId")?;
    let from = text(body, "FromAccount")?;
    let to = text(body, "ToAccount")?;
    match (session, from, to) {
        (Some(session), None, None) => {
            let gone = || {
                Refusal::new(
                    refusal::SESSION,
                    "the session does not exist or has stopped",
                )
            };
            let to = desk.holder(session).ok_or_else(gone)?;
            let from = config.service_accounts.first().cloned();
            Ok((
                Addressing::Session(session.to_owned()),
                from.unwrap_or_default(),
                to.to_owned(),
            ))
        }
        (None, Some(from), Some(to)) => {
            if !config.service_accounts.iter().any(|one| one == from) {
                return Err(invalid("FromAccount", "a customer service account"));
            }
            let general = !config.service_accounts.iter().any(|one| one == to)
                && !config.admins.iter().any(|one| one == to);
            if !general || to.is_empty() || to.len() > USER_LIMIT {
                return Err(invalid("ToAccount", "a general user, of at most 32 bytes"));
            }
            Ok((Addressing::Accounts, from.to_owned(), to.to_owned()))
        }
        _ => Err(Refusal::new(
            refusal::PARAMETER,
            "give SessionId, or FromAccount and ToAccount",
        )),
    }
}

/// A String that may be left out.
pub(super) fn text<'a>(
    body: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a str>, Refusal> {
    match body.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Refusal::must_be(refusal::FORMAT, name, "a String")),
    }
}
