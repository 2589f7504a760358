//! `get_session_state`, `end_session`, `transfer_to_human` and `describe_chat_messages` of `/v4/desk_http_svc/`.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::api::Done;
use super::callback::Event;
use super::desk::{Desk, Phase, Session};
use super::refusal::{self, Refusal};
use super::send_msg::text;
use super::switches::Switches;
use super::twin::Config;

/// Fields of <https://www.tencentcloud.com/document/product/1229/68825>.
pub(super) const STATE_FIELDS: &[&str] = &["SessionId", "ClientUserId", "CustomerServiceId"];
/// Fields of <https://www.tencentcloud.com/document/product/1229/68948>.
pub(super) const END_FIELDS: &[&str] = &["SessionId"];
/// Fields of <https://www.tencentcloud.com/document/product/1229/68820>.
pub(super) const TRANSFER_FIELDS: &[&str] = &[
    "SessionId",
    "AgentIdList",
    "AgentGroupId",
    "SendTipIfNoAgentOnline",
];
/// Fields of <https://www.tencentcloud.com/document/product/1229/68824>.
pub(super) const DESCRIBE_FIELDS: &[&str] = &["SessionId", "Limit", "Offset", "Order"];

/// A body with these fields and no others.
pub(super) fn read(bytes: &[u8], fields: &[&str]) -> Result<Map<String, Value>, Refusal> {
    let body: Value = serde_json::from_slice(bytes)
        .map_err(|error| Refusal::new(refusal::JSON, format!("JSON parsing failed: {error}")))?;
    let Value::Object(body) = body else {
        return Err(Refusal::must_be(refusal::FORMAT, "the body", "an Object"));
    };
    if let Some(name) = body.keys().find(|name| !fields.contains(&name.as_str())) {
        let wanted = "left out: the request has no such field";
        return Err(Refusal::must_be(refusal::FORMAT, name, wanted));
    }
    Ok(body)
}

fn gone() -> Refusal {
    Refusal::new(
        refusal::SESSION,
        "the session does not exist or has stopped",
    )
}

fn session_id(body: &Map<String, Value>) -> Result<&str, Refusal> {
    text(body, "SessionId")?
        .filter(|id| !id.is_empty())
        .ok_or_else(|| Refusal::must_be(refusal::PARAMETER, "SessionId", "given"))
}

/// Where a session stands.
pub(super) fn state(
    config: &Config,
    switches: &Switches,
    desk: &Desk,
    bytes: &[u8],
) -> Result<Done, Refusal> {
    let body = read(bytes, STATE_FIELDS)?;
    let user = text(&body, "ClientUserId")?;
    let service = text(&body, "CustomerServiceId")?;
    let live: Option<&Session> = match (text(&body, "SessionId")?, user, service) {
        (Some(id), None, None) => Some(desk.session(id).filter(|one| one.open).ok_or_else(gone)?),
        (None, Some(user), Some(service)) => {
            if !config.service_accounts.iter().any(|one| one == service) {
                let wanted = "a customer service account";
                return Err(Refusal::must_be(
                    refusal::PARAMETER,
                    "CustomerServiceId",
                    wanted,
                ));
            }
            desk.users.get(user).and_then(|user| user.live())
        }
        _ => {
            let why = "give SessionId, or ClientUserId and CustomerServiceId";
            return Err(Refusal::new(refusal::PARAMETER, why));
        }
    };
    let (word, agent) = match live.map(|session| &session.phase) {
        None => (switches.no_session_word.as_str(), ""),
        Some(Phase::Robot) => ("Chatbot", ""),
        Some(Phase::Queuing) => ("Queuing", ""),
        Some(Phase::Waiting(agent)) => ("WaitingForAgentAnswering", agent.as_str()),
        Some(Phase::Agent(agent)) => ("Agent", agent.as_str()),
    };
    let answer = [
        ("SessionId", json!(live.map_or("", |live| &live.id))),
        ("CurrentState", json!(word)),
        ("AgentId", json!(agent)),
    ];
    Ok(Done {
        answer: answer
            .map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .collect(),
        events: Vec::new(),
    })
}

/// Ends a session that a person has, or is to have.
pub(super) fn end(
    config: &Config,
    switches: &Switches,
    desk: &mut Desk,
    bytes: &[u8],
    now: Timestamp,
) -> Result<Done, Refusal> {
    let body = read(bytes, END_FIELDS)?;
    let id = session_id(&body)?;
    let user = desk.holder(id).ok_or_else(gone)?.to_owned();
    let is_robots = desk
        .session(id)
        .is_some_and(|one| one.phase == Phase::Robot);
    if is_robots {
        let why = "the session has not been transferred to a human";
        return Err(Refusal::new(refusal::PARAMETER, why));
    }
    let event = Event::about(desk, config, &user, &switches.event_names.closed, now);
    desk.end_session(&user);
    Ok(Done::with(event.into_iter().collect()))
}

/// Hands a user on to a person.
pub(super) fn transfer(
    config: &Config,
    switches: &Switches,
    desk: &mut Desk,
    bytes: &[u8],
    now: Timestamp,
) -> Result<Done, Refusal> {
    let invalid = |name: &str, wanted| Refusal::must_be(refusal::PARAMETER, name, wanted);
    let body = read(bytes, TRANSFER_FIELDS)?;
    let id = session_id(&body)?;
    let wanted: Vec<&str> = match body.get("AgentIdList") {
        None => Vec::new(),
        Some(Value::Array(list)) => {
            let each = list.iter().map(Value::as_str);
            let each: Option<Vec<_>> = each.collect();
            each.ok_or_else(|| invalid("AgentIdList", "an Array of Strings"))?
        }
        Some(_) => return Err(invalid("AgentIdList", "an Array")),
    };
    if body.get("AgentGroupId").is_some_and(|id| !id.is_i64()) {
        return Err(invalid("AgentGroupId", "an Integer"));
    }
    let tip = body.get("SendTipIfNoAgentOnline").map(Value::as_i64);
    if !matches!(tip, None | Some(Some(0 | 1))) {
        return Err(invalid("SendTipIfNoAgentOnline", "0 or 1"));
    }
    let user = desk.holder(id).ok_or_else(gone)?.to_owned();
    let phase = desk.session(id).map(|session| session.phase.clone());
    if !matches!(phase, Some(Phase::Robot)) {
        let why = "this session cannot be transferred to a live agent";
        return Err(Refusal::new(refusal::NOT_TRANSFERABLE, why));
    }
    let online = |agent: &&str| switches.agents.iter().any(|one| one == agent);
    let agent = match wanted.as_slice() {
        [] => switches.agents.first().map(String::as_str),
        wanted => match wanted.iter().find(|agent| online(agent)) {
            Some(agent) => Some(*agent),
            None => {
                let why = "the agent is offline";
                return Err(Refusal::new(refusal::AGENT_OFFLINE, why));
            }
        },
    };
    let Some(agent) = agent else {
        let why = "no agents are online";
        return Err(Refusal::new(refusal::NOBODY_ONLINE, why));
    };
    let (phase, event) = match switches.accept_at_once {
        true => (
            Phase::Agent(agent.to_owned()),
            Some(&switches.event_names.started),
        ),
        false => (Phase::Waiting(agent.to_owned()), None),
    };
    if let Some(live) = desk.user(&user).live_mut() {
        live.phase = phase;
    }
    let event = event.and_then(|name| Event::about(desk, config, &user, name, now));
    Ok(Done {
        answer: Map::from_iter([("AgentId".to_owned(), json!(agent))]),
        events: event.into_iter().collect(),
    })
}

/// What was said in a session, whether it has ended or not.
pub(super) fn describe(desk: &Desk, bytes: &[u8]) -> Result<Done, Refusal> {
    let invalid = |name: &str, wanted| Refusal::must_be(refusal::PARAMETER, name, wanted);
    let body = read(bytes, DESCRIBE_FIELDS)?;
    let session = desk.session(session_id(&body)?).ok_or_else(gone)?;
    let number = |name: &str, usual: u64| match body.get(name) {
        None => Ok(usual),
        Some(given) => given.as_u64().ok_or_else(|| invalid(name, "an Integer")),
    };
    let (limit, offset, order) = (
        number("Limit", 20)?,
        number("Offset", 0)?,
        number("Order", 2)?,
    );
    if !(1..=100).contains(&limit) {
        return Err(invalid("Limit", "100 at most"));
    }
    let mut all: Vec<_> = session.said.iter().collect();
    match order {
        1 => {}
        2 => all.reverse(),
        _ => return Err(invalid("Order", "1 or 2")),
    }
    let (limit, offset) = (
        usize::try_from(limit).unwrap_or(usize::MAX),
        usize::try_from(offset).unwrap_or(usize::MAX),
    );
    let page = all.iter().skip(offset).take(limit).map(|said| {
        json!({
            "FromAccount": said.account,
            "FromAccountRole": u8::from(said.role),
            "MsgBody": said.msg_body,
            "Timestamp": said.at.as_millisecond(),
        })
    });
    let answer = [
        ("Messages", Value::Array(page.collect())),
        ("TotalCount", json!(session.said.len())),
    ];
    Ok(Done {
        answer: answer
            .map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .collect(),
        events: Vec::new(),
    })
}
