//! `GET /im/queue_status`, `GET /im/customer_status`, `GET /im/agent_status`.
//!
//! The status texts are those of the English page; what the Chinese platform writes is not known.

use serde_json::{Value, json};

use super::desk::{Mode, Standing};
use super::open_api::{Done, Request};
use super::refusal::{self, Refusal};

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
    Ok(Done::answer(
        json!({"code": refusal::OK, "status": status, "count": count}),
    ))
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
        // No web or SDK customer ever comes to this desk.
        Some(_) => (3, "Invalid customer"),
    };
    Ok(Done::answer(
        json!({"code": refusal::OK, "status_code": status_code, "status": status}),
    ))
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
