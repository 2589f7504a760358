//! What users and agents do, for tests and pages: each thing that happens is told by a callback.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::callback::{Event, Spoken};
use super::desk::{Desk, Phase, Role, Said};
use super::switches::Switches;
use super::twin::{Config, Twin};
use crate::push::PushOutcome;

/// A text as `MsgBody`.
pub fn text(text: &str) -> Value {
    json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}])
}

/// One of Desk's own elements as `MsgBody`.
pub fn desk_element(data: &Value) -> Value {
    json!([{"MsgType": "TIMCustomElem", "MsgContent": {"Data": data.to_string()}}])
}

impl Twin {
    /// Changes the desk, and tells of what that brings about. Gives what came of the last callback.
    async fn happens(
        &self,
        change: impl FnOnce(&mut Desk, &Config, &Switches, Timestamp) -> Vec<Event>,
    ) -> Option<PushOutcome> {
        let events = {
            let mut shared = self.lock();
            let switches = shared.switches.clone();
            let now = switches.now();
            let events = change(&mut shared.desk, self.config(), &switches, now);
            self.save(&shared);
            events
        };
        let mut outcome = None;
        for event in &events {
            outcome = Some(self.call_back(event).await);
        }
        outcome
    }

    /// The user opens the conversation in Tencent's client: a session begins, unless one is open. Gives its
    /// `SessionId`.
    pub async fn user_comes(&self, user: &str) -> String {
        self.happens(|desk, config, _, now| {
            if desk.user(user).live().is_some() {
                return Vec::new();
            }
            desk.begin_session(user);
            Event::about(desk, config, user, "SessionBegin", now)
                .into_iter()
                .collect()
        })
        .await;
        let user = self.user(user);
        let live = user.as_ref().and_then(|user| user.live());
        live.map(|live| live.id.clone()).unwrap_or_default()
    }

    /// The user says a text.
    pub async fn user_says(&self, user: &str, words: &str) -> Option<PushOutcome> {
        self.says(user, Role::User, text(words)).await
    }

    /// The robot does.
    pub async fn robot_says(&self, user: &str, words: &str) -> Option<PushOutcome> {
        self.says(user, Role::System, text(words)).await
    }

    /// The agent does.
    pub async fn agent_says(&self, user: &str, words: &str) -> Option<PushOutcome> {
        self.says(user, Role::Agent, text(words)).await
    }

    /// Somebody says this `MsgBody` in the user's session. `None` where there is none.
    pub async fn says(&self, user: &str, role: Role, msg_body: Value) -> Option<PushOutcome> {
        self.happens(|desk, config, switches, now| {
            let service = config.service_accounts.first().cloned();
            let account = match role {
                Role::User => user.to_owned(),
                Role::Agent | Role::System => service.unwrap_or_default(),
            };
            let said = Said {
                role,
                account,
                msg_body: msg_body.clone(),
                at: now,
            };
            desk.say(user, said);
            let spoken = Spoken {
                role,
                msg_random: None,
                msg_body,
                cloud_custom_data: None,
            };
            Event::saying(desk, config, switches, user, spoken, now)
                .into_iter()
                .collect()
        })
        .await
    }

    /// The user is put into the queue.
    pub async fn user_waits(&self, user: &str) -> Option<PushOutcome> {
        self.happens(|desk, config, switches, now| {
            if let Some(live) = desk.user(user).live_mut() {
                live.phase = Phase::Queuing;
            }
            let name = &switches.event_names.queued;
            Event::about(desk, config, user, name, now)
                .into_iter()
                .collect()
        })
        .await
    }

    /// This agent takes the user.
    pub async fn agent_takes(&self, user: &str, agent: &str) -> Option<PushOutcome> {
        self.happens(|desk, config, switches, now| {
            let mut before = Phase::Robot;
            if let Some(live) = desk.user(user).live_mut() {
                before = std::mem::replace(&mut live.phase, Phase::Agent(agent.to_owned()));
            }
            let names = &switches.event_names;
            let event = match before {
                Phase::Agent(from) => {
                    let from = [("ForwardFromAgentId", json!(from))];
                    Event::with(desk, config, user, &names.transferred, now, &from)
                }
                Phase::Robot | Phase::Queuing | Phase::Waiting(_) => {
                    Event::about(desk, config, user, &names.started, now)
                }
            };
            event.into_iter().collect()
        })
        .await
    }

    /// Nobody is there to take the user, who stays with the robot.
    pub async fn nobody_takes(&self, user: &str) -> Option<PushOutcome> {
        self.happens(|desk, config, switches, now| {
            if let Some(live) = desk.user(user).live_mut() {
                live.phase = Phase::Robot;
            }
            let name = &switches.event_names.nobody_online;
            Event::about(desk, config, user, name, now)
                .into_iter()
                .collect()
        })
        .await
    }

    /// The user gives so many stars of five.
    pub async fn user_rates(&self, user: &str, stars: u8) -> Option<PushOutcome> {
        self.happens(|desk, config, switches, now| {
            let name = &switches.event_names.rated;
            let stars = [("SatisfactionSelected", json!(stars))];
            Event::with(desk, config, user, name, now, &stars)
                .into_iter()
                .collect()
        })
        .await
    }

    /// The agent ends the session; `stars` where the user has rated it by then.
    pub async fn agent_closes(&self, user: &str, stars: Option<u8>) -> Option<PushOutcome> {
        self.happens(|desk, config, switches, now| {
            let name = &switches.event_names.closed;
            let stars = stars.map(|stars| ("SatisfactionSelected", json!(stars)));
            let event = Event::with(desk, config, user, name, now, stars.as_slice());
            desk.end_session(user);
            event.into_iter().collect()
        })
        .await
    }

    /// The user has not answered for too long.
    pub async fn user_times_out(&self, user: &str) -> Option<PushOutcome> {
        self.happens(|desk, config, switches, now| {
            let name = &switches.event_names.timed_out;
            Event::about(desk, config, user, name, now)
                .into_iter()
                .collect()
        })
        .await
    }

    /// An event with this name, of which Desk has no page.
    pub async fn event(&self, user: &str, name: &str) -> Option<PushOutcome> {
        self.happens(|desk, config, _, now| {
            Event::about(desk, config, user, name, now)
                .into_iter()
                .collect()
        })
        .await
    }
}
