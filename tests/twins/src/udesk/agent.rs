//! The agent's side: answering, transferring, closing, reading, and who is there at all.
//!
//! What changes the conversation is pushed, and the method returns when the receive URL has
//! answered or failed to. To have several under way at once, spawn them.

use std::fmt;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::desk::{Agent, Author, GREETING, Mode, Session, Standing, reply};
use super::open_api::Outgoing;
use super::push::Pending;
use super::robots;
use super::sessions::close_data;
use super::switches::TransferPush;
use super::twin::{Shared, Twin};
use crate::push::PushOutcome;

/// Why the agent can't do that now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotPossible(String);

impl NotPossible {
    pub(crate) fn of(why: String) -> Self {
        Self(why)
    }
}

impl fmt::Display for NotPossible {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for NotPossible {}

/// What an agent's action pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// `im_sub_session_id`: for a transfer, the new one; of a robot, 0 or -1.
    pub im_sub_session_id: i64,
    /// `message_id` of every event and message, in the order of the bodies.
    pub message_ids: Vec<String>,
    /// What became of each push.
    pub outcomes: Vec<PushOutcome>,
}

impl Pushed {
    /// Every push was answered 200 with nothing in the body.
    pub fn is_good(&self) -> bool {
        self.outcomes.iter().all(PushOutcome::is_good)
    }
}

impl Twin {
    /// The agent writes a text.
    pub async fn agent_says(&self, customer: &str, text: &str) -> Result<Pushed, NotPossible> {
        self.agent_sends(customer, "message", json!({ "content": text }))
            .await
    }

    /// The agent sends anything: a `type` and its `data`.
    pub async fn agent_sends(
        &self,
        customer: &str,
        kind: &str,
        data: Value,
    ) -> Result<Pushed, NotPossible> {
        let under_way = self.act(customer, |act| {
            let session = act.live()?;
            let item = act.say(&session, kind, data);
            act.push(vec![item]);
            Ok(session.id)
        })?;
        Ok(under_way.pushed().await)
    }

    /// The robot that the customer is with, or was last, says something.
    pub async fn robot_says(&self, customer: &str, text: &str) -> Result<Pushed, NotPossible> {
        let under_way = self.act(customer, |act| {
            let conversation = act.shared.desk.conversation(act.customer);
            let Some(robot) = conversation.robot.clone() else {
                return Err(NotPossible(format!(
                    "{} has met no robot yet",
                    act.customer
                )));
            };
            let (words, shared) = (robots::words(text), &mut act.shared);
            let (desk, switches) = (&mut shared.desk, &shared.switches);
            let (id, body) = robots::say(desk, act.customer, &robot, &words, act.now, switches);
            act.message_ids.push(id);
            act.bodies.push(body);
            Ok(match robot {
                Standing::Urobot { .. } => -1,
                _ => 0,
            })
        })?;
        Ok(under_way.pushed().await)
    }

    /// Transfers the customer to the next agent, under a new `im_sub_session_id`.
    pub async fn agent_transfers(&self, customer: &str) -> Result<Pushed, NotPossible> {
        let agents = &self.config().agents;
        let under_way = self.act(customer, |act| {
            let old = act.live()?;
            let after = agents.iter().skip_while(|one| one.id != old.agent.id);
            let next = after.skip(1).chain(agents).next().cloned();
            let session = act.begin(next.unwrap_or(old.agent));
            let notice = format!(
                "Session transfer successful, customer service {} is serving you",
                session.agent.name
            );
            let event = json!({"content": "Session transfer"});
            let notice = json!({ "content": notice });
            match act.shared.switches.transfer_push {
                TransferPush::Together => {
                    let event = act.say(&session, "transfer", event);
                    let notice = act.say(&session, "message", notice);
                    act.push(vec![event, notice]);
                }
                TransferPush::Split => {
                    let event = act.say(&session, "transfer", event);
                    act.push(vec![event]);
                    let notice = act.say(&session, "message", notice);
                    act.push(vec![notice]);
                }
                TransferPush::Late => {
                    let notice = act.say(&session, "message", notice);
                    act.push(vec![notice]);
                    let event = act.say(&session, "transfer", event);
                    act.push(vec![event]);
                }
            }
            Ok(session.id)
        })?;
        Ok(under_way.pushed().await)
    }

    /// Closes the session. `close_type` is normal, redirect or force.
    pub async fn agent_closes(
        &self,
        customer: &str,
        close_type: &str,
    ) -> Result<Pushed, NotPossible> {
        let under_way = self.act(customer, |act| {
            let session = act.live()?;
            let event = act.say(&session, "close", close_data(close_type));
            act.push(vec![event]);
            act.shared.desk.end(act.customer);
            Ok(session.id)
        })?;
        Ok(under_way.pushed().await)
    }

    /// The agent has read these messages of the customer's: the read-status push, which names no
    /// customer. The session is the live one, or the last one.
    pub async fn agent_reads(
        &self,
        customer: &str,
        message_ids: &[String],
    ) -> Result<Pushed, NotPossible> {
        let under_way = self.act(customer, |act| {
            let conversation = act.shared.desk.conversation(act.customer);
            let Some(session) = conversation.sessions.last().cloned() else {
                return Err(NotPossible(format!(
                    "{} has had no session yet, and a read status needs one",
                    act.customer
                )));
            };
            for entry in &mut conversation.entries {
                entry.read |=
                    entry.from == Author::Customer && message_ids.contains(&entry.message_id);
            }
            act.bodies
                .push(json!({"session_id": session.id, "message_ids": message_ids}));
            Ok(session.id)
        })?;
        Ok(under_way.pushed().await)
    }

    /// Assigns whoever waits (or anybody) to the first agent: start_session and the welcome.
    pub async fn assign(&self, customer: &str) -> Result<Pushed, NotPossible> {
        let agent = self.config().agents.first().cloned();
        let under_way = self.act(customer, |act| {
            let agent = agent.ok_or_else(|| NotPossible("there is no agent".to_owned()))?;
            if let Some(session) = act.shared.desk.live(act.customer) {
                return Err(NotPossible(format!(
                    "{} is in session {} already",
                    act.customer, session.id
                )));
            }
            let session = act.begin(agent);
            let greeting = GREETING
                .map(|(kind, content)| act.say(&session, kind, json!({ "content": content })));
            act.push(greeting.to_vec());
            Ok(session.id)
        })?;
        Ok(under_way.pushed().await)
    }

    /// Pushes any body as it is, in the line of the customer it names, if it names one.
    pub async fn push(&self, raw: &str) -> PushOutcome {
        let body = serde_json::from_str::<Value>(raw).ok();
        let customer = body
            .as_ref()
            .and_then(|body| body.get("customer_token"))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let push = Outgoing {
            customer,
            body: Value::String(raw.to_owned()),
        };
        self.enqueue(push, None).outcome().await
    }

    /// A customer has waited for any agent, and leaves the queue.
    pub fn abandons(&self, customer: &str) {
        let mut shared = self.lock();
        let now = Timestamp::now();
        shared.desk.conversation(customer);
        shared.desk.queues.enter(customer, now);
        shared
            .desk
            .queues
            .left(customer, "queue:company:1:all", now);
        self.save(&shared);
    }

    /// From now on who asks for an agent is queued at this place.
    pub fn everyone_busy(&self, place: u32) {
        self.set_mode(Mode::Busy { place });
    }

    /// From now on who asks for an agent is being assigned.
    pub fn assigning(&self) {
        self.set_mode(Mode::Assigning);
    }

    /// From now on who asks for an agent hears that nobody is online.
    pub fn nobody_online(&self) {
        self.set_mode(Mode::Offline);
    }

    /// From now on who asks for an agent gets one. Who waits already is assigned on asking again,
    /// or by [`Twin::assign`].
    pub fn agents_online(&self) {
        self.set_mode(Mode::Online);
    }

    /// Who asks for an agent now meets this.
    pub fn mode(&self) -> Mode {
        self.lock().desk.mode
    }

    /// Moves a queued customer to another place.
    pub fn move_in_queue(&self, customer: &str, to: u32) {
        let mut shared = self.lock();
        if let Standing::Queued { place, .. } = &mut shared.desk.conversation(customer).standing {
            *place = to;
        }
        self.save(&shared);
    }

    pub(crate) fn set_mode(&self, mode: Mode) {
        let mut shared = self.lock();
        shared.desk.mode = mode;
        self.save(&shared);
    }

    /// Does something to a conversation and puts what it pushes into the customer's line, all
    /// under one lock.
    fn act(
        &self,
        customer: &str,
        action: impl FnOnce(&mut Act<'_>) -> Result<i64, NotPossible>,
    ) -> Result<UnderWay, NotPossible> {
        let mut shared = self.lock();
        let mut act = Act {
            shared: &mut shared,
            customer,
            now: Timestamp::now(),
            message_ids: Vec::new(),
            bodies: Vec::new(),
        };
        let session = action(&mut act)?;
        let message_ids = act.message_ids;
        let pushes = act
            .bodies
            .into_iter()
            .map(|body| {
                let customer = customer.to_owned();
                self.enqueue(Outgoing { customer, body }, None)
            })
            .collect();
        for event in shared.events(Timestamp::now()) {
            drop(self.enqueue_event(event, None));
        }
        self.save(&shared);
        Ok(UnderWay {
            session,
            message_ids,
            pushes,
        })
    }
}

/// Pushes of an action, in their line.
struct UnderWay {
    session: i64,
    message_ids: Vec<String>,
    pushes: Vec<Pending>,
}

impl UnderWay {
    async fn pushed(self) -> Pushed {
        let mut outcomes = Vec::with_capacity(self.pushes.len());
        for push in self.pushes {
            outcomes.push(push.outcome().await);
        }
        Pushed {
            im_sub_session_id: self.session,
            message_ids: self.message_ids,
            outcomes,
        }
    }
}

/// An agent's action under way.
struct Act<'a> {
    shared: &'a mut Shared,
    customer: &'a str,
    now: Timestamp,
    message_ids: Vec<String>,
    bodies: Vec<Value>,
}

impl Act<'_> {
    fn live(&self) -> Result<Session, NotPossible> {
        self.shared
            .desk
            .live(self.customer)
            .ok_or_else(|| NotPossible(format!("{} is in no session with an agent", self.customer)))
    }

    fn begin(&mut self, agent: Agent) -> Session {
        self.shared.desk.begin(self.customer, agent)
    }

    fn say(&mut self, session: &Session, kind: &str, data: Value) -> Value {
        let dates = self.shared.switches.dates;
        let desk = &mut self.shared.desk;
        let item = desk.said(self.customer, session, kind, data, self.now, dates);
        let id = item.get("message_id").and_then(Value::as_str);
        self.message_ids.extend(id.map(str::to_owned));
        item
    }

    fn push(&mut self, items: Vec<Value>) {
        self.bodies.push(reply(self.customer, items));
    }
}
