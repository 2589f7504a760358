//! The callback `Desk.SessionEventNotify`: POST to the URL that the console was given, with the application, the
//! command, a name of its own and, where a token is set, `Sign` and `RequestTime` in the query.
//!
//! <https://www.tencentcloud.com/document/product/1229/68989>, <https://cloud.tencent.com/document/product/269/32431>

use std::time::Instant;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::desk::{Desk, Phase, Role};
use super::send_msg::Taken;
use super::switches::Switches;
use super::twin::{Config, Twin};
use crate::ids;
use crate::push::{PushOutcome, PushRecord};

/// The callback's own name.
const COMMAND: &str = "Desk.SessionEventNotify";

/// One event, ready to be told.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    user: String,
    body: Value,
    request_id: String,
}

/// Something that is said.
pub(crate) struct Spoken {
    pub(crate) role: Role,
    /// `MsgRandom`, where the sender gave one.
    pub(crate) msg_random: Option<u32>,
    pub(crate) msg_body: Value,
    pub(crate) cloud_custom_data: Option<String>,
}

impl Event {
    /// An event of the user's session; `None` where none is open.
    pub(crate) fn about(
        desk: &mut Desk,
        config: &Config,
        user: &str,
        name: &str,
        now: Timestamp,
    ) -> Option<Self> {
        Self::with(desk, config, user, name, now, &[])
    }

    /// The same, with further fields.
    pub(crate) fn with(
        desk: &mut Desk,
        config: &Config,
        user: &str,
        name: &str,
        now: Timestamp,
        more: &[(&str, Value)],
    ) -> Option<Self> {
        let live = desk.user(user).live()?.clone();
        let agent = match &live.phase {
            Phase::Robot | Phase::Queuing => "",
            Phase::Waiting(agent) | Phase::Agent(agent) => agent,
        };
        let mut body = Map::from_iter(
            [
                ("CallbackCommand", json!(COMMAND)),
                ("SessionId", json!(live.id)),
                ("Event", json!(name)),
                ("EventTime", json!(now.as_millisecond())),
                ("ChannelType", json!("SDK")),
                ("ClientUserId", json!(user)),
                ("CustomerServiceId", json!(config.service_accounts.first())),
                ("AgentId", json!(agent)),
                ("IsContactUser", json!(false)),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        for (name, value) in more {
            body.insert((*name).to_owned(), value.clone());
        }
        let number = desk.next_number();
        Some(Self {
            user: user.to_owned(),
            body: Value::Object(body),
            request_id: ids::dashed(&format!("{}/{number}", live.id)),
        })
    }

    /// The event that tells of something that is said in the user's session.
    pub(crate) fn saying(
        desk: &mut Desk,
        config: &Config,
        switches: &Switches,
        user: &str,
        spoken: Spoken,
        now: Timestamp,
    ) -> Option<Self> {
        let is_robots = desk.user(user).live()?.phase == Phase::Robot;
        let names = &switches.event_names;
        let name = match (spoken.role, is_robots) {
            (Role::User, true) => "ChatBot.UserSendMsg",
            (Role::Agent | Role::System, true) => "ChatBot.RobotSendMsg",
            (Role::User, false) => &names.user_message,
            (Role::Agent | Role::System, false) => &names.agent_message,
        };
        let number = desk.next_number();
        let random = spoken.msg_random.unwrap_or_else(|| {
            let digest = Sha256::digest(format!("{user}/{number}"));
            digest
                .iter()
                .take(4)
                .fold(0, |all, byte| all << 8 | u32::from(*byte))
        });
        let key = format!("{number}_{random}_{}", now.as_second());
        let mut more = vec![("MsgKey", json!(key)), ("MsgBody", spoken.msg_body)];
        if let Some(custom) = spoken.cloud_custom_data {
            more.push(("CloudCustomData", json!(custom)));
        }
        Self::with(desk, config, user, name, now, &more)
    }

    /// The event that tells of a message that came through the API; `None` where the user has no session.
    pub(crate) fn of_taken(
        desk: &mut Desk,
        config: &Config,
        switches: &Switches,
        taken: &Taken,
        now: Timestamp,
    ) -> Option<Self> {
        let spoken = Spoken {
            role: Role::System,
            msg_random: Some(taken.msg_random),
            msg_body: taken.msg_body.clone(),
            cloud_custom_data: taken.cloud_custom_data.clone(),
        };
        Self::saying(desk, config, switches, &taken.user, spoken, now)
    }
}

/// The query of a callback.
fn query(switches: &Switches, config: &Config, event: &Event) -> String {
    let mut query = format!(
        "SdkAppid={}&CallbackCommand={COMMAND}&contenttype=json&ClientIP=127.0.0.1&OptPlatform=RESTAPI",
        config.sdk_app_id
    );
    if switches.request_id {
        query += &format!("&RequestID={}", event.request_id);
    }
    if let Some(token) = &switches.callback_token {
        let time = switches.now().as_second() - switches.request_time_lag;
        let sign = ids::digits(&Sha256::digest(format!("{token}{time}")));
        query += &format!("&Sign={sign}&RequestTime={time}");
    }
    query
}

/// Whether it is the answer that Tencent wants: 200, and success in words.
fn is_fixed_answer(body: Option<&[u8]>) -> bool {
    let body: Option<Value> = body.and_then(|body| serde_json::from_slice(body).ok());
    body == Some(json!({"ActionStatus": "OK", "ErrorInfo": "", "ErrorCode": 0}))
}

impl Twin {
    /// Tells of these events, one after the other, without waiting for it.
    pub(crate) fn call_back_later(&self, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        let twin = self.clone();
        tokio::spawn(async move {
            for event in &events {
                twin.call_back(event).await;
            }
        });
    }

    /// Tells of an event, and again where that fails and the switches say so. Gives what came of the last call.
    pub(crate) async fn call_back(&self, event: &Event) -> PushOutcome {
        let (switches, url) = {
            let shared = self.lock();
            (shared.switches.clone(), shared.callback_url.clone())
        };
        let mut outcome = PushOutcome::Lost;
        for _ in 0..=switches.callback_retries {
            let at = Timestamp::now();
            let started = Instant::now();
            let (came, good) = match &url {
                _ if switches.lose_callbacks => (PushOutcome::Lost, false),
                None => (PushOutcome::NoReceiveUrl, false),
                Some(url) => {
                    let url = format!("{url}?{}", query(&switches, self.config(), event));
                    let body = event.body.to_string();
                    let limit = switches.callback_timeout;
                    let (came, answer) = self.caller().exchange(&url, &body, limit).await;
                    let good = came.status() == Some(200) && is_fixed_answer(answer.as_deref());
                    (came, good)
                }
            };
            outcome = came;
            self.lock().callbacks.push(Callback {
                push: PushRecord {
                    at,
                    customer: event.user.clone(),
                    body: event.body.clone(),
                    outcome: outcome.clone(),
                    took: started.elapsed(),
                },
                good,
            });
            if good {
                break;
            }
        }
        outcome
    }
}

/// A callback that was made, or was not.
#[derive(Debug, Clone)]
pub struct Callback {
    /// What was told, to whom it belongs, and what became of it.
    pub push: PushRecord,
    /// Whether it was answered with the fixed answer.
    pub good: bool,
}
