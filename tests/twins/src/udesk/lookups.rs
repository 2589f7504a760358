//! What a server asks of the whole desk: `GET /im/im_sensitive_words`, `/im/messages/agent_unread_messages`,
//! `/im/urobots`, `/im/im_queues`.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp, tz::Offset};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::desk::{Author, Desk};
use super::input::invalid;
use super::open_api::{Done, Request};
use super::refusal::{self, Refusal};

/// How many agents may be asked about at once.
const MOST_AGENTS: usize = 30;
/// For how long a message that was left counts as not handled yet.
const LEFT_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The zone of times that are written without one.
const ZONE: Offset = Offset::constant(8);

/// The words that the company minds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SensitiveWords {
    /// `customer_words_string`
    pub words: String,
    /// `customer_is_open`: 1, or 0 or nothing.
    pub open: Option<i64>,
}

impl Default for SensitiveWords {
    /// The words of the page's table.
    fn default() -> Self {
        Self {
            words: "a,b,c,d".to_owned(),
            open: Some(1),
        }
    }
}

/// Who waits, and who left before an agent came.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Queues {
    waiting: BTreeMap<String, i64>,
    shut: Vec<ShutQueue>,
}

/// Somebody who left a queue.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct ShutQueue {
    id: i64,
    customer: String,
    queue: String,
    /// Unix seconds.
    since: i64,
    seconds: i64,
}

impl Queues {
    /// The customer waits; who does already began earlier.
    pub(crate) fn enter(&mut self, customer: &str, now: Timestamp) {
        let began = self.waiting.entry(customer.to_owned());
        began.or_insert_with(|| now.as_second());
    }

    /// An agent came.
    pub(crate) fn served(&mut self, customer: &str) {
        self.waiting.remove(customer);
    }

    /// No agent came.
    pub(crate) fn left(&mut self, customer: &str, queue: &str, now: Timestamp) {
        let since = self.waiting.remove(customer).unwrap_or(now.as_second());
        let before = i64::try_from(self.shut.len()).unwrap_or(0);
        self.shut.push(ShutQueue {
            id: 123 + before,
            customer: customer.to_owned(),
            queue: queue.to_owned(),
            since,
            seconds: now.as_second() - since,
        });
    }
}

pub(crate) fn sensitive_words(request: &Request<'_>) -> Done {
    let SensitiveWords { words, open } = &request.desk.sensitive_words;
    Done::answer(json!({
        "code": refusal::OK,
        "customer_words_string": words,
        "customer_is_open": open,
    }))
}

pub(crate) fn agent_unread(request: &Request<'_>) -> Result<Done, Refusal> {
    const NAME: &str = "agent_ids[]";
    let given = request.pairs.iter().filter(|(name, _)| name == NAME);
    let ids: Vec<i64> = given
        .map(|(_, id)| id.parse().map_err(|_| invalid("agent_ids", "Array of Int")))
        .collect::<Result<_, _>>()?;
    if ids.is_empty() {
        let message = "Missing parameters: agent_ids";
        return Err(Refusal::new(refusal::MISSING, message));
    }
    if ids.len() > MOST_AGENTS {
        return Err(invalid("agent_ids", "limited to 30"));
    }
    let known = |id: &&i64| request.config.agents.iter().any(|agent| agent.id == **id);
    let results: Vec<_> = ids
        .iter()
        .filter(known)
        .map(|id| {
            json!({
                "agent_id": id,
                "unread_session_message_num": unread(request.desk, *id),
                "unsolved_leave_message_num": left(request.desk, *id, request.now),
            })
        })
        .collect();
    Ok(Done::answer(
        json!({"code": refusal::OK, "results": results}),
    ))
}

/// Messages in the agent's sessions that the agent has not read.
fn unread(desk: &Desk, agent: i64) -> usize {
    let conversations = desk.conversations.values();
    let each = conversations.map(|conversation| {
        let own = |session: i64| {
            let mut sessions = conversation.sessions.iter();
            sessions.any(|one| one.id == session && one.agent.id == agent)
        };
        let entries = conversation.entries.iter();
        entries
            .filter(|entry| entry.from == Author::Customer && !entry.read)
            .filter(|entry| own(entry.im_sub_session_id))
            .count()
    });
    each.sum()
}

/// Messages left for the agent that nobody has read.
fn left(desk: &Desk, agent: i64, now: Timestamp) -> usize {
    let entries = desk.conversations.values().flat_map(|one| &one.entries);
    entries
        .filter(|entry| entry.left_for == Some(agent) && !entry.read)
        .filter(|entry| now.duration_since(entry.at) <= LEFT_FOR)
        .count()
}

pub(crate) fn urobots(request: &Request<'_>) -> Done {
    let robots: Vec<_> = request
        .config
        .urobots
        .iter()
        .map(|robot| {
            let scenes = robot.scenes.iter();
            let scenes: Vec<_> = scenes
                .map(|id| json!({"id": id, "name": "Default Scene"}))
                .collect();
            json!({
                "id": robot.id,
                "name": robot.name,
                "logo": robot.avatar.as_deref().unwrap_or_default(),
                "scene_list": scenes,
                "created_at": "2018-01-23T10:55:20.000+08:00",
            })
        })
        .collect();
    Done::answer(json!({
        "code": refusal::OK,
        "message": "Request successful",
        "urobot_list": robots,
    }))
}

pub(crate) fn im_queues(request: &Request<'_>) -> Result<Done, Refusal> {
    // "do not set the Content-Type header to application/json, otherwise an error will occur"
    if request.says_json {
        let message = "Unknown error: Content-Type";
        return Err(Refusal::new(refusal::MISSING, message));
    }
    let start = time("start_time", request.query("start_time")?)?;
    let end = time("end_time", request.query("end_time")?)?;
    let page = number(request, "page", 1, usize::MAX)?;
    let per_page = number(request, "per_page", 30, 100)?;
    let Queues { shut, .. } = &request.desk.queues;
    let found: Vec<_> = shut
        .iter()
        .filter(|one| (start.as_second()..=end.as_second()).contains(&one.since))
        .collect();
    let shown: Vec<_> = found
        .iter()
        .skip((page - 1).saturating_mul(per_page))
        .take(per_page)
        .map(|one| shut_queue(one, request))
        .collect();
    Ok(Done::answer(json!({
        "code": refusal::OK,
        "shut_queues": shown,
        "meta": {
            "current_page": page,
            "total_pages": found.len().div_ceil(per_page),
            "count": shown.len(),
        },
    })))
}

/// As the page's table has it, or its sample, in which the name is the whole customer.
fn shut_queue(one: &ShutQueue, request: &Request<'_>) -> Value {
    let conversation = request.desk.conversations.get(&one.customer);
    let id = conversation.map(|one| one.id);
    let name = format!("API Anonymous User ({})", one.customer);
    let (name, seconds) = match request.switches.queue_customers {
        QueueCustomers::Named => (json!(name), json!(one.seconds.to_string())),
        QueueCustomers::Whole => (
            json!({
                "id": id,
                "nick_name": name,
                "email": null,
                "cellphone": null,
                "open_api_token": one.customer,
                "web_token": null,
                "sdk_token": null,
                "level": "normal",
            }),
            json!(one.seconds),
        ),
    };
    json!({
        "id": one.id,
        "customer_id": id,
        "channel": "api",
        "queue_start_time": printed(one.since),
        "queue_seconds": seconds,
        "queue_name": one.queue,
        "customer_name": name,
        "im_web_plugin_id": null,
        "menu_names": null,
    })
}

/// What an abandoned queue says of its customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueCustomers {
    /// A name and a text of seconds, as the page's table has it.
    Named,
    /// The whole customer and a number, as the page's sample has it.
    Whole,
}

/// A time without a zone: a day, or a day and its time.
pub(crate) fn time(name: &str, text: &str) -> Result<Timestamp, Refusal> {
    let civil = DateTime::strptime("%Y-%m-%d %H:%M:%S", text).or_else(|_| {
        let day = Date::strptime("%Y-%m-%d", text);
        day.map(|day| day.at(0, 0, 0, 0))
    });
    civil
        .and_then(|civil| ZONE.to_timestamp(civil))
        .map_err(|_| invalid(name, "a time such as 2022-05-19 19:50:33"))
}

/// `2022-03-25T15:55:20.000+08:00`
fn printed(seconds: i64) -> String {
    let at = Timestamp::from_second(seconds).unwrap_or_default();
    let civil = ZONE.to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S.000+08:00");
    civil.to_string()
}

fn number(
    request: &Request<'_>,
    name: &str,
    default: usize,
    most: usize,
) -> Result<usize, Refusal> {
    let Ok(given) = request.query(name) else {
        return Ok(default);
    };
    let number = given.parse().ok();
    number
        .filter(|number| (1..=most).contains(number))
        .ok_or_else(|| invalid(name, "Integer from 1, per_page at most 100"))
}
