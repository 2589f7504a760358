//! What each function is measured at. A function that is added to the template is added here.

use std::time::Duration;

use deskbridge_twins::udesk::Fault;
use serde_json::{Value, json};

use crate::Problem;
use crate::event::{batch, body, in_inbox, of_customer, of_session, with_body};
use crate::limits::Kind;
use crate::world::World;

/// Where a job is added.
pub(crate) const FILE: &str = "tests/bench/src/job.rs";

/// A function's job.
pub(crate) struct Job {
    pub(crate) function: &'static str,
    /// What one call does, for the table.
    pub(crate) does: &'static str,
    pub(crate) kind: Kind,
    pub(crate) answers: Answers,
    work: Work,
}

/// What a good answer is.
#[derive(Clone, Copy)]
pub(crate) enum Answers {
    /// This HTTP status.
    Status(u64),
    /// A batch of which nothing failed.
    Batch,
    /// Anything but an error.
    Nothing,
}

impl Answers {
    pub(crate) fn check(self, answer: &[u8]) -> Result<(), Problem> {
        let read: Value = serde_json::from_slice(answer).unwrap_or_default();
        let good = match self {
            Self::Status(status) => read.get("statusCode").and_then(Value::as_u64) == Some(status),
            Self::Batch => read.get("batchItemFailures") == Some(&json!([])),
            Self::Nothing => true,
        };
        match good {
            true => Ok(()),
            false => Err(format!("it answered {}", String::from_utf8_lossy(answer))),
        }
    }
}

#[derive(Clone, Copy)]
enum Work {
    Token,
    Open,
    Read,
    Each,
    Marked,
    Customer,
    Say,
    Robot,
    UdeskPush,
    UdeskEvent,
    SobotPush,
    TencentEvent,
    Deliver,
    Send,
    Heal,
    Ingest,
    Sweep,
    Cards,
    Card,
}

const fn job(
    function: &'static str,
    does: &'static str,
    kind: Kind,
    answers: Answers,
    work: Work,
) -> Job {
    Job {
        function,
        does,
        kind,
        answers,
        work,
    }
}

/// How many conversations a webhook has to do with. Its warm calls are for one that it knows; the first
/// one is not.
const CONVERSATIONS: usize = 10;

const OK: Answers = Answers::Status(200);

/// The jobs.
#[rustfmt::skip]
pub(crate) const JOBS: &[Job] = &[
    job("issue-token", "a token for Sobot's page", Kind::Vendor, OK, Work::Token),
    job("create-session", "a session with an agent at Udesk", Kind::Vendor, Answers::Status(201), Work::Open),
    job("get-session", "one session", Kind::Api, OK, Work::Read),
    job("list-messages", "a conversation of ten messages", Kind::Api, OK, Work::Read),
    job("send-message", "a text to Udesk", Kind::Vendor, OK, Work::Say),
    job("preview-message", "a text to Udesk", Kind::Vendor, OK, Work::Each),
    job("mark-read", "a message of an agent's", Kind::Vendor, OK, Work::Marked),
    job("set-presence", "a customer at Udesk", Kind::Vendor, OK, Work::Customer),
    job("get-customer", "status, place and unread messages at Udesk", Kind::Vendor, OK, Work::Customer),
    job("close-session", "an open session at Udesk", Kind::Vendor, OK, Work::Each),
    job("erase-sessions", "of a customer who had none", Kind::Vendor, OK, Work::Sweep),
    job("rate-session", "an agent, in the survey", Kind::Vendor, OK, Work::Each),
    job("rate-answer", "a robot's welcome", Kind::Vendor, OK, Work::Robot),
    job("robot-action", "a click", Kind::Vendor, OK, Work::Robot),
    job("send-card", "a card to a customer at Udesk", Kind::Vendor, OK, Work::Card),
    job("list-deliveries", "nothing is dead", Kind::Api, OK, Work::Sweep),
    job("query-desk", "Udesk's own robots", Kind::Vendor, OK, Work::Sweep),
    job("web-access", "code, config and links in sign mode", Kind::Api, OK, Work::Sweep),
    job("redrive-delivery", "a session in which nothing is dead", Kind::Api, OK, Work::Read),
    job("card-page", "the list of three cards", Kind::Api, OK, Work::Cards),
    job("webhook-udesk", "an agent's message", Kind::Webhook, OK, Work::UdeskPush),
    job("webhook-udesk-event", "a rating", Kind::Webhook, OK, Work::UdeskEvent),
    job("webhook-sobot-offline-message", "an agent's message", Kind::Webhook, OK, Work::SobotPush),
    job("webhook-sobot-unread-message", "an agent's message", Kind::Webhook, OK, Work::SobotPush),
    job("webhook-sobot-chat-list", "a count of unread messages", Kind::Webhook, OK, Work::SobotPush),
    job("webhook-tencent", "an agent's message", Kind::Webhook, OK, Work::TencentEvent),
    job("drain-deliveries", "a nudge, one event", Kind::Queue, Answers::Batch, Work::Deliver),
    job("drain-sends", "a nudge, one text to Udesk", Kind::Queue, Answers::Batch, Work::Send),
    job("heal-session", "a nudge, a session that is well", Kind::Queue, Answers::Batch, Work::Heal),
    job("ingest-inbox", "an agent's message", Kind::Queue, Answers::Batch, Work::Ingest),
    job("sweep", "nothing is due", Kind::Schedule, Answers::Nothing, Work::Sweep),
];

impl Job {
    /// The job of a function.
    pub(crate) fn of(function: &str) -> Result<&'static Job, Problem> {
        let job = JOBS.iter().find(|job| job.function == function);
        job.ok_or_else(|| {
            format!("{function} is in the template, and has no job here: add one to {FILE}")
        })
    }

    /// So many events, each of which does the job anew, with all that they need in the world.
    pub(crate) async fn events(&self, world: &World, number: usize) -> Result<Vec<Value>, Problem> {
        let fixture = world.fixture(self.function)?;
        let same = |event: &Value| vec![event.clone(); number];
        match self.work {
            Work::Token => {
                let asks = (0..number).map(|_| {
                    let ask = json!({"kind": "sobot_page", "customer": world.fresh("customer")});
                    with_body(fixture.clone(), &ask)
                });
                Ok(asks.collect())
            }
            Work::Open => Ok((0..number)
                .map(|_| world.ask(&world.fresh("customer"), "udesk", &fixture))
                .collect()),
            Work::Read => {
                let session = world.session("udesk").await?;
                for _ in 0..10 {
                    world.say(&session.id).await?;
                }
                world.settle().await?;
                Ok(same(&of_session(&fixture, &session.id)?))
            }
            Work::Each => {
                let sessions = world.sessions("udesk", number).await?;
                sessions
                    .iter()
                    .map(|session| of_session(&fixture, &session.id))
                    .collect()
            }
            Work::Marked => {
                let sessions = world.sessions("udesk", number).await?;
                let webhook = world.fixture("webhook-udesk")?;
                let pushes = sessions.iter().map(|session| world.udesk_push(session));
                let pushes: Result<Vec<Value>, Problem> = pushes
                    .map(|push| Ok(with_body(webhook.clone(), &push?)))
                    .collect();
                world.call_all("webhook-udesk", pushes?, 200).await?;
                world.settle().await?;
                let list = world.fixture("list-messages")?;
                let lists = sessions
                    .iter()
                    .map(|session| of_session(&list, &session.id));
                let lists = lists.collect::<Result<Vec<_>, _>>()?;
                let said = world.call_all("list-messages", lists, 200).await?;
                let marks = sessions.iter().zip(said).map(|(session, said)| {
                    let said = body(&said)?;
                    let id = said.pointer("/messages/0/id").cloned();
                    let id = id.ok_or("a conversation without a message")?;
                    let event = of_session(&fixture, &session.id)?;
                    Ok(with_body(event, &json!({ "messages": [id] })))
                });
                marks.collect()
            }
            Work::Customer => {
                let session = world.session("udesk").await?;
                Ok(same(&of_customer(&fixture, &session.customer)?))
            }
            Work::Say => {
                let sessions = world.sessions("udesk", number).await?;
                sessions
                    .iter()
                    .map(|session| world.message(&session.id))
                    .collect()
            }
            Work::Robot => {
                let mut events = Vec::with_capacity(number);
                for _ in 0..number {
                    events.push(world.to_robot(&fixture).await?);
                }
                Ok(events)
            }
            Work::UdeskPush => {
                let sessions = world.sessions("udesk", CONVERSATIONS).await?;
                let turns = sessions.iter().cycle().take(number);
                let pushes = turns.map(|session| world.udesk_push(session));
                pushes
                    .map(|push| Ok(with_body(fixture.clone(), &push?)))
                    .collect()
            }
            Work::UdeskEvent => {
                let sessions = world.sessions("udesk", CONVERSATIONS).await?;
                let turns = sessions.iter().cycle().take(number);
                let events = turns.map(|session| world.udesk_vote(session));
                events
                    .map(|event| Ok(with_body(fixture.clone(), &event?)))
                    .collect()
            }
            Work::SobotPush => {
                let sessions = world.sessions("sobot", CONVERSATIONS).await?;
                // The first push binds the session to Sobot's: what is measured is a later one.
                let push = |number| {
                    let turns = sessions.iter().cycle().take(number);
                    let pushes = turns.map(|session| {
                        sobot_push(body(&fixture)?, &session.customer, &world.fresh("m"))
                    });
                    let events = pushes.map(|push| Ok(with_body(fixture.clone(), &push?)));
                    events.collect::<Result<Vec<Value>, Problem>>()
                };
                world
                    .call_all(self.function, push(CONVERSATIONS)?, 200)
                    .await?;
                world.settle().await?;
                push(number)
            }
            Work::TencentEvent => {
                let sessions = world.sessions("tencent", CONVERSATIONS).await?;
                // The first event binds the session to Tencent's: what is measured is a later one.
                let tell = |number| {
                    let turns = sessions.iter().cycle().take(number);
                    let events = turns.map(|session| {
                        tencent_event(body(&fixture)?, &session.customer, &world.fresh("m"))
                    });
                    let events = events.map(|event| Ok(with_body(fixture.clone(), &event?)));
                    events.collect::<Result<Vec<Value>, Problem>>()
                };
                world
                    .call_all(self.function, tell(CONVERSATIONS)?, 200)
                    .await?;
                world.settle().await?;
                tell(number)
            }
            Work::Deliver => {
                let sessions = world.sessions("udesk", number).await?;
                let webhook = world.fixture("webhook-udesk")?;
                let pushes = sessions.iter().map(|session| world.udesk_push(session));
                let pushes: Result<Vec<Value>, Problem> = pushes
                    .map(|push| Ok(with_body(webhook.clone(), &push?)))
                    .collect();
                world.call_all("webhook-udesk", pushes?, 200).await?;
                let nudges = world.nudges(self.function, number).await?;
                Ok(nudges.into_iter().map(|nudge| batch(vec![nudge])).collect())
            }
            Work::Send => {
                let sessions = world.sessions("udesk", number).await?;
                world.udesk.fault("POST /im/messages", Fault::Limited, None);
                let messages: Result<Vec<Value>, Problem> = sessions
                    .iter()
                    .map(|session| world.message(&session.id))
                    .collect();
                world.call_all("send-message", messages?, 202).await?;
                world.udesk.clear_faults();
                let nudges = world.nudges(self.function, number).await?;
                // A nudge may be seen a moment before its message is due.
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ok(nudges.into_iter().map(|nudge| batch(vec![nudge])).collect())
            }
            Work::Heal => {
                let sessions = world.sessions("udesk", number).await?;
                let nudges = sessions.iter();
                nudges
                    .map(|session| of_session(&fixture, &session.id))
                    .collect()
            }
            Work::Ingest => {
                let sessions = world.sessions("udesk", number).await?;
                let pushes = sessions.iter().map(|session| world.udesk_push(session));
                pushes.map(|push| in_inbox(&fixture, &push?)).collect()
            }
            Work::Card => {
                world.udesk.switch(|switches| switches.card_limit = None);
                Ok(same(&fixture))
            }
            Work::Cards => {
                world.udesk.set_embedded_link(String::new());
                let link = world.udesk.card_link(7001).unwrap_or_default();
                let mut event = fixture;
                set(
                    &mut event,
                    "rawQueryString",
                    link.trim_start_matches('?').into(),
                );
                Ok(same(&event))
            }
            Work::Sweep => {
                world.sessions("udesk", 10).await?;
                Ok(same(&fixture))
            }
        }
    }
}

/// One of Sobot's three pushes, to another customer: a new message, in the customer's own chat.
fn sobot_push(mut push: Value, customer: &str, message: &str) -> Result<Value, Problem> {
    set(&mut push, "partnerId", customer.into());
    for (name, value) in [
        ("msgId", message.to_owned()),
        ("cid", format!("chat-{customer}")),
        ("lastCid", format!("chat-{customer}")),
        (
            "lastMsgContent",
            format!("Your parcel leaves today ({message})."),
        ),
    ] {
        if push.get(name).is_some() {
            set(&mut push, name, value.into());
        }
    }
    Ok(push)
}

/// An event of Tencent's, of another user: a new message, in the user's own session.
fn tencent_event(mut event: Value, customer: &str, message: &str) -> Result<Value, Problem> {
    for (name, value) in [
        ("ClientUserId", customer.to_owned()),
        ("SessionId", format!("session-{customer}")),
        ("MsgKey", message.to_owned()),
    ] {
        set(&mut event, name, value.into());
    }
    Ok(event)
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}
