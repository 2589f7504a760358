//! Event callbacks: `{action, message}`, POSTed to a URL of their own, in the customer's line behind the pushes.
//!
//! The vendor's page names the actions, and says that `ImSubSession_close` holds a log of the session and the transcript
//! `im_log_infos`. The fields inside are as clients of Udesk's session records read them; what nobody is sure of is a
//! switch.

use jiff::{Timestamp, tz::Offset};
use serde_json::{Value, json};

use super::agent::NotPossible;
use super::desk::{Agent, Author, Conversation, Desk, Standing};
use super::open_api::Outgoing;
use super::switches::Switches;
use super::twin::{Shared, Twin};
use crate::push::PushOutcome;

/// Something that an event tells.
#[derive(Debug, Clone)]
pub(crate) enum Happened {
    /// A session has ended; by a transfer, maybe.
    SessionEnded { session: i64, by_transfer: bool },
    /// A customer who waited has gone.
    QueueLeft,
    /// A customer has rated a session.
    Voted {
        session: i64,
        option: i64,
        name: String,
        remark: String,
    },
}

impl Twin {
    /// Sets where events go; until then there are none.
    pub fn set_event_url(&self, url: String) {
        self.lock().event_url = Some(url);
    }

    /// A customer who waits gives the queue up, without a call of the API.
    pub async fn gives_up_queue(&self, customer: &str) -> Result<PushOutcome, NotPossible> {
        self.happens(customer, |desk| match desk.standing(customer) {
            Standing::Queued { .. } | Standing::Assigning => {
                desk.end(customer);
                Ok(())
            }
            _ => Err(NotPossible::of(format!("{customer} waits in no queue"))),
        })
        .await
    }

    /// A customer rates the last session, on a page of the vendor's.
    pub async fn votes(
        &self,
        customer: &str,
        option: i64,
        name: &str,
        remark: &str,
    ) -> Result<PushOutcome, NotPossible> {
        self.happens(customer, |desk| {
            let last = desk.conversation(customer).sessions.last();
            let Some(session) = last.map(|session| session.id) else {
                return Err(NotPossible::of(format!(
                    "{customer} has had no session yet"
                )));
            };
            let voted = Happened::Voted {
                session,
                option,
                name: name.to_owned(),
                remark: remark.to_owned(),
            };
            desk.happened.push((customer.to_owned(), voted));
            Ok(())
        })
        .await
    }

    async fn happens(
        &self,
        customer: &str,
        what: impl FnOnce(&mut Desk) -> Result<(), NotPossible>,
    ) -> Result<PushOutcome, NotPossible> {
        let pending = {
            let mut shared = self.lock();
            what(&mut shared.desk)?;
            let mut events = shared.events(Timestamp::now());
            self.save(&shared);
            events.pop()
        };
        match pending {
            Some(event) => Ok(self.enqueue_event(event, None).outcome().await),
            None => Err(NotPossible::of(format!("{customer}: no event URL is set"))),
        }
    }
}

impl Shared {
    /// The events that tell of what has happened since; none where there is no URL for them.
    pub(crate) fn events(&mut self, now: Timestamp) -> Vec<Outgoing> {
        let happened = std::mem::take(&mut self.desk.happened);
        if self.event_url.is_none() {
            return Vec::new();
        }
        let (desk, switches) = (&self.desk, &self.switches);
        let events = happened.into_iter().filter_map(|(customer, happened)| {
            let conversation = desk.conversations.get(&customer)?;
            let body = body(conversation, &happened, now, switches)?;
            Some(Outgoing { customer, body })
        });
        events.collect()
    }
}

fn body(
    conversation: &Conversation,
    happened: &Happened,
    now: Timestamp,
    switches: &Switches,
) -> Option<Value> {
    let (action, message) = match happened {
        Happened::SessionEnded { by_transfer, .. }
            if *by_transfer && !switches.close_event_on_transfer =>
        {
            return None;
        }
        Happened::SessionEnded { session, .. } => {
            let agent = agent_of(conversation, *session);
            let log = json!({
                "session_id": 1,
                "sub_session_id": session,
                "customer_id": conversation.id,
                "customer_token": named(conversation, switches),
                "agent_id": agent.map(|agent| agent.id),
                "agent_nick_name": agent.map(|agent| &agent.name),
                "created_at": dashed(begun(conversation, *session).unwrap_or(now)),
                "closed_at": dashed(now),
            });
            let infos = transcript(conversation, *session, switches);
            let message = json!({"im_sub_session_log": log, "im_log_infos": infos});
            ("ImSubSession_close", message)
        }
        Happened::QueueLeft => {
            let message = json!({
                "customer_id": conversation.id,
                "customer_token": named(conversation, switches),
                "channel": "api",
                "queue_start_time": now.to_string(),
                "queue_seconds": 0,
                "queue_name": "all",
            });
            ("ShutQueue_create", message)
        }
        Happened::Voted {
            session,
            option,
            name,
            remark,
        } => {
            let message = json!({
                "im_sub_session_id": session,
                "customer_id": conversation.id,
                "customer_token": named(conversation, switches),
                "option_id": option,
                "option_name": name,
                "remark": remark,
                "created_at": dashed(now),
            });
            ("ImSurveyVote_create", message)
        }
    };
    Some(json!({"action": action, "message": message}))
}

fn named<'a>(conversation: &'a Conversation, switches: &Switches) -> Option<&'a str> {
    let is_named = switches.events_name_customer;
    is_named.then_some(conversation.customer.as_str())
}

fn agent_of(conversation: &Conversation, session: i64) -> Option<&Agent> {
    let mut sessions = conversation.sessions.iter();
    let found = sessions.find(|one| one.id == session)?;
    Some(&found.agent)
}

fn begun(conversation: &Conversation, session: i64) -> Option<Timestamp> {
    let mut entries = conversation.entries.iter();
    let first = entries.find(|entry| entry.im_sub_session_id == session)?;
    Some(first.at)
}

/// What was said in a session, in order.
fn transcript(conversation: &Conversation, session: i64, switches: &Switches) -> Vec<Value> {
    let said = conversation
        .entries
        .iter()
        .filter(|entry| entry.im_sub_session_id == session);
    said.map(|entry| {
        let sender = match entry.from {
            Author::Customer => "customer",
            Author::Agent => "agent",
            Author::Robot => "robot",
            Author::Desk => "sys",
        };
        let envelope = json!({"type": entry.kind, "data": entry.data});
        json!({
            "sender": sender,
            "message_id": switches.transcript_ids.then_some(&entry.message_id),
            "content": envelope.to_string(),
            "created_at": dashed(entry.at),
        })
    })
    .collect()
}

fn dashed(at: Timestamp) -> String {
    let civil = Offset::constant(8).to_datetime(at);
    civil.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
