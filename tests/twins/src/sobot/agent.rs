//! The agent's side: saying something to a customer, told by one of the three pushes.
//!
//! A method returns when the push URL has answered or failed to, but what it began goes on if its
//! caller leaves. The vendor promises no order: to have several under way at once, spawn them.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;

use super::body::{self, PushKind};
use super::desk::MsgKind;
use super::twin::Twin;
use crate::push::PushOutcome;

/// One push that was made, or was not.
#[derive(Debug, Clone)]
pub struct Push {
    /// Which of the three.
    pub kind: PushKind,
    /// When it was due.
    pub at: Timestamp,
    /// `partnerId`, or empty where the body names none.
    pub partner_id: String,
    /// The body: a JSON value, or the raw text where it was none.
    pub body: Value,
    /// What became of it. The vendor says nothing of answers; 200 is wanted.
    pub outcome: PushOutcome,
    /// From the request to the end of the answer.
    pub took: Duration,
}

impl Push {
    /// Answered with 200.
    pub fn is_good(&self) -> bool {
        self.outcome.status() == Some(200)
    }
}

/// What an agent's words led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// `msgId`
    pub msg_id: String,
    /// `cid`: the chat.
    pub cid: String,
    /// What became of each push, repeats too.
    pub outcomes: Vec<PushOutcome>,
}

impl Pushed {
    /// Every push was answered with 200.
    pub fn is_good(&self) -> bool {
        self.outcomes
            .iter()
            .all(|outcome| outcome.status() == Some(200))
    }
}

/// There is no message of that id to push again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotSaid(String);

impl fmt::Display for NotSaid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "nobody said {}", self.0)
    }
}

impl std::error::Error for NotSaid {}

impl Twin {
    /// An agent writes a text to a customer, whether or not the twin has seen that customer.
    pub async fn agent_says(&self, partner_id: &str, push: PushKind, text: &str) -> Pushed {
        self.agent_sends(partner_id, push, MsgKind::Text, text)
            .await
    }

    /// An agent sends anything; where it is no text, the content is its address. The page lists
    /// text and image for the offline push, all five for the unread one.
    pub async fn agent_sends(
        &self,
        partner_id: &str,
        push: PushKind,
        kind: MsgKind,
        content: &str,
    ) -> Pushed {
        let (said, body) = {
            let mut shared = self.lock();
            let said = shared.desk.say(partner_id, kind, content, Timestamp::now());
            let switches = shared.switches.clone();
            let visitor = shared.desk.visitor(partner_id, said.at);
            let body = body::write(push, self.config(), &switches, visitor, &said);
            self.save(&shared);
            (said, body)
        };
        Pushed {
            outcomes: self.tell(push, body.to_string()).await,
            msg_id: said.msg_id,
            cid: said.cid,
        }
    }

    /// Pushes what was said before, in the same or another of the three forms.
    pub async fn push_again(&self, msg_id: &str, push: PushKind) -> Result<Pushed, NotSaid> {
        let found = {
            let shared = self.lock();
            shared.desk.visitors.values().find_map(|visitor| {
                let said = visitor.said.iter().find(|said| said.msg_id == msg_id)?;
                let body = body::write(push, self.config(), &shared.switches, visitor, said);
                Some((said.clone(), body))
            })
        };
        let (said, body) = found.ok_or_else(|| NotSaid(msg_id.to_owned()))?;
        Ok(Pushed {
            outcomes: self.tell(push, body.to_string()).await,
            msg_id: said.msg_id,
            cid: said.cid,
        })
    }

    /// Ends the customer's chat: what is said next has another `cid`, and what the customer writes reaches
    /// nobody. No push tells of it.
    pub fn end_chat(&self, partner_id: &str) {
        let mut shared = self.lock();
        shared.desk.begin_chat(partner_id, Timestamp::now());
        self.save(&shared);
    }

    /// Pushes any body, as it is, to this push's URL.
    pub async fn push(&self, kind: PushKind, raw: &str) -> PushOutcome {
        let outcomes = self.tell(kind, raw.to_owned()).await;
        outcomes
            .into_iter()
            .next()
            .unwrap_or(PushOutcome::NoReceiveUrl)
    }

    /// Makes a push as often as the switches say.
    async fn tell(&self, kind: PushKind, body: String) -> Vec<PushOutcome> {
        let twin = self.clone();
        let calls = tokio::spawn(async move {
            let mut outcomes = Vec::new();
            let (url, switches) = {
                let shared = twin.lock();
                (
                    shared.push_urls.get(&kind).cloned(),
                    shared.switches.clone(),
                )
            };
            for _ in 0..=switches.repeat_pushes {
                let at = Timestamp::now();
                let start = Instant::now();
                let outcome = match &url {
                    None => PushOutcome::NoReceiveUrl,
                    Some(url) => {
                        let caller = twin.caller();
                        tokio::select! {
                            () = twin.life().stopped() => PushOutcome::Stopped,
                            outcome = caller.post(url, &body, switches.push_timeout) => outcome,
                        }
                    }
                };
                let value = serde_json::from_str(&body).unwrap_or(Value::String(body.clone()));
                let partner_id = value.get("partnerId").and_then(Value::as_str);
                twin.lock().pushes.push(Push {
                    kind,
                    at,
                    partner_id: partner_id.unwrap_or_default().to_owned(),
                    body: value,
                    outcome: outcome.clone(),
                    took: start.elapsed(),
                });
                outcomes.push(outcome);
            }
            outcomes
        });
        calls.await.unwrap_or_default()
    }
}
