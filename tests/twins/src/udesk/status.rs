//! `GET /im/queue_status`, `GET /im/customer_status`, `GET /im/agent_status`.
//!
//! The status texts are those of the English page, or by a switch what the Chinese platform may write.

use serde_json::{Value, json};

use super::desk::{Mode, Standing};
use super::open_api::{Done, Request};
use super::refusal::{self, Refusal};
use super::switches::StatusTexts;

pub(crate) fn queue(request: &Request<'_>) -> Result<Done, Refusal> {
    let customer = request.query("customer_token")?;
    let (status, count) = match request.desk.standing(customer) {
        Standing::Queued { place, .. } => ("In queue", place),
        Standing::Assigning => ("Assigning", 0),
        Standing::Active { .. } => ("In session", 0),
        Standing::Idle | Standing::Offline | Standing::Robot | Standing::Urobot { .. } => {
            ("Not in queue", 0)
        }
    };
    let status = written(status, request.switches.statuses);
    Ok(Done::answer(
        json!({"code": refusal::OK, "status": status, "count": count}),
    ))
}

fn written(status: &'static str, texts: StatusTexts) -> &'static str {
    match (texts, status) {
        (StatusTexts::English, english) => english,
        (StatusTexts::Unheard, "In queue") => "等待接入",
        (StatusTexts::Unheard, "Not in queue") => "空闲",
        (StatusTexts::Unheard, "In session") => "接待中",
        (StatusTexts::Unheard, "Assigning") => "等待分配",
        (StatusTexts::Unheard, _) => "其他",
        (StatusTexts::Chinese, "In queue") => "排队中",
        (StatusTexts::Chinese, "Not in queue") => "不在排队中",
        (StatusTexts::Chinese, "In session") => "会话中",
        (StatusTexts::Chinese, "No session") => "无会话",
        (StatusTexts::Chinese, "Assigning") => "分配中",
        (StatusTexts::Chinese, "Invalid customer") => "无效客户",
        (StatusTexts::Chinese, other) => other,
    }
}

pub(crate) fn customer(request: &Request<'_>) -> Result<Done, Refusal> {
    let given = ["customer_token", "web_token", "sdk_token"]
        .into_iter()
        .find(|name| request.query(name).is_ok());
    let (status_code, status) = match given {
        None => {
            return Err(Refusal::new(
                refusal::MISSING,
                "Missing parameters: one of customer_token, web_token, sdk_token",
            ));
        }
        Some("customer_token") => {
            let customer = request.query("customer_token")?;
            match request.desk.conversations.get(customer) {
                None => (3, "Invalid customer"),
                Some(conversation) => match conversation.standing {
                    Standing::Idle
                    | Standing::Offline
                    | Standing::Robot
                    | Standing::Urobot { .. } => (0, "No session"),
                    Standing::Active { .. } => (1, "In session"),
                    Standing::Queued { .. } | Standing::Assigning => (2, "In queue"),
                },
            }
        }
        Some("web_token") => {
            let visitor = request.desk.visitors.web.get(request.query("web_token")?);
            named(visitor.map(|visitor| match request.query("session_key") {
                Ok(key) => visitor.by_session_key.get(key).copied().unwrap_or(0),
                Err(_) => visitor.status,
            }))
        }
        Some(_) => {
            let user = request.desk.visitors.sdk.get(request.query("sdk_token")?);
            named(user.map(|user| user.status))
        }
    };
    let status = written(status, request.switches.statuses);
    Ok(Done::answer(
        json!({"code": refusal::OK, "status_code": status_code, "status": status}),
    ))
}

/// A status with its name; `None` is nobody's.
fn named(status: Option<i64>) -> (i64, &'static str) {
    match status {
        Some(0) => (0, "No session"),
        Some(1) => (1, "In session"),
        Some(2) => (2, "In queue"),
        _ => (3, "Invalid customer"),
    }
}

pub(crate) fn agents(request: &Request<'_>) -> Result<Done, Refusal> {
    if let Ok(group) = request.query("group_id")
        && !request
            .config
            .groups
            .iter()
            .any(|known| known.to_string() == group)
    {
        return Err(Refusal::new(
            refusal::GROUP_ABSENT,
            "The agent group does not exist",
        ));
    }
    let im_status = match request.desk.mode {
        Mode::Online | Mode::Assigning => "online",
        Mode::Busy { .. } => "busy",
        Mode::Offline => "offline",
    };
    let agents: Vec<Value> = request
        .config
        .agents
        .iter()
        .map(|agent| {
            let sessions = request.desk.conversations.values();
            let number = sessions
                .filter(|one| one.live().is_some_and(|live| live.agent.id == agent.id))
                .count();
            json!({
                "id": agent.id,
                "name": agent.name,
                "im_nick": agent.name,
                "avatar": agent.avatar,
                "profile": "all",
                "im_status": im_status,
                "im_custom_status": "",
                "im_session_num": number,
                "im_max_join_num": 10,
            })
        })
        .collect();
    Ok(Done::answer(json!({"code": refusal::OK, "agents": agents})))
}
