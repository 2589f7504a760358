//! The app's end of event delivery (design.md, section 6): verifies, records, and answers as a
//! test commands.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request};
use serde::Deserialize;
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::sync::watch;

use crate::random_between;
use crate::rule::{Count, End, Rule, Rules};
use crate::signature::Signed;
use crate::wire::{self, Cut, Refusal, Reply, Server};

/// An event as the app reads it.
#[derive(Clone, Debug, Deserialize)]
pub struct Event {
    /// `evt_…`
    pub id: String,
    /// Such as `message.received`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `ses_…`
    pub session: String,
    /// The app's end user.
    pub customer: String,
    /// udesk, sobot, tencent.
    pub vendor: String,
    /// The session's own numbering.
    pub seq: u64,
    /// The vendor's time.
    pub occurred_at: String,
    /// Told out of its place.
    #[serde(default)]
    pub late: bool,
    /// What the kind is about.
    pub data: Value,
}

/// One attempt to deliver, as it came, and what became of it.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// When it had arrived.
    pub at: Instant,
    /// `webhook-id`, empty where absent.
    pub id: String,
    /// `webhook-timestamp`, empty where absent.
    pub timestamp: String,
    /// `webhook-signature`, empty where absent.
    pub signature: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The event in it, where it can be read.
    pub event: Option<Event>,
    /// Whether a secret of ours made the signature.
    pub verified: bool,
    /// Why the app refused it by itself: a bad signature (401), a body that is no event, an event
    /// under another id (400), a wrong method or path (404).
    pub problem: Option<String>,
    /// What was answered. `None`: the client still waits, has gone away, or was cut off.
    pub answer: Option<u16>,
    /// When it was answered.
    pub answered_at: Option<Instant>,
}

impl Delivery {
    /// Whether the app has taken it: 2xx.
    pub fn accepted(&self) -> bool {
        self.answer
            .is_some_and(|status| (200..300).contains(&status))
    }

    /// What the official packages want to see.
    ///
    /// # Panics
    /// Where the body is not UTF-8.
    pub fn signed(&self) -> Signed {
        Signed {
            id: self.id.clone(),
            timestamp: self.timestamp.clone(),
            signature: self.signature.clone(),
            body: String::from_utf8(self.body.to_vec()).expect("UTF-8"),
        }
    }
}

/// Which deliveries a rule is for. All that is said must hold.
#[derive(Clone, Debug, Default)]
pub struct Deliveries {
    session: Option<String>,
    kind: Option<String>,
    count: Count,
}

impl Deliveries {
    /// Every delivery.
    pub fn any() -> Self {
        Self::default()
    }

    /// Only those of this session.
    pub fn of(mut self, session: &str) -> Self {
        self.session = Some(session.to_owned());
        self
    }

    /// Only those of this type, such as `message.received`.
    pub fn kind(mut self, kind: &str) -> Self {
        self.kind = Some(kind.to_owned());
        self
    }

    /// Only after `n` of them have gone by, counted from when the rule is made.
    pub fn after(mut self, n: usize) -> Self {
        self.count.after = n;
        self
    }

    /// Only `n` of them. Without this: until the rule is cleared.
    pub fn times(mut self, n: usize) -> Self {
        self.count.times = Some(n);
        self
    }

    fn include(&self, event: &Event) -> bool {
        self.session
            .as_ref()
            .is_none_or(|said| event.session == *said)
            && self.kind.as_ref().is_none_or(|said| event.kind == *said)
    }
}

/// What the app answers, in place of 200.
#[derive(Clone, Debug)]
pub enum Answer {
    /// This status: 410 gives the event up, others are tried again.
    Status(u16),
    /// This status, 429 or 503, with `Retry-After` in seconds.
    RetryAfter(u16, u64),
    /// None until [`Rule::release`], then 200. With [`Rule::cut`]: none at all.
    Hang,
}

/// A running app. Dropping it ends it.
#[derive(Debug)]
pub struct App {
    server: Server,
    state: Arc<State>,
}

struct State {
    secrets: Mutex<Vec<Webhook>>,
    rules: Rules<Event, Answer>,
    delay: Mutex<Option<(Duration, Duration)>>,
    deliveries: Mutex<Vec<Delivery>>,
    /// Goes up with every arrival and every answer.
    changed: watch::Sender<u64>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("app")
    }
}

impl App {
    /// Starts on 127.0.0.1, with a secret of the form `whsec_…`.
    ///
    /// # Panics
    /// Where the secret is none.
    pub async fn start(secret: &str) -> Self {
        let state = Arc::new(State {
            secrets: Mutex::default(),
            rules: Rules::new(),
            delay: Mutex::default(),
            deliveries: Mutex::default(),
            changed: watch::Sender::new(0),
        });
        let handler = Arc::clone(&state);
        let server = Server::start(move |request| Arc::clone(&handler).answer(request)).await;
        let app = Self { server, state };
        app.set_secrets(&[secret]);
        app
    }

    /// Where events are taken: `http://127.0.0.1:<port>/events`.
    pub fn url(&self) -> String {
        format!("http://{}/events", self.server.address())
    }

    /// From now on a signature by any one of these is good, and by no other.
    ///
    /// # Panics
    /// Where one is no secret.
    pub fn set_secrets(&self, secrets: &[&str]) {
        let secrets = secrets.iter().map(|secret| Webhook::new(secret).unwrap());
        *self.state.secrets.lock().unwrap() = secrets.collect();
    }

    /// Makes a rule. Where several match, the newest decides. What the app refuses by itself is
    /// not asked.
    pub fn answer(&self, which: Deliveries, answer: Answer) -> Rule {
        let name = format!("{answer:?} for {which:?}");
        let count = which.count;
        self.state
            .rules
            .add(name, move |event| which.include(event), count, answer)
    }

    /// From now on every answer is this much late, some time between the two.
    pub fn delay_between(&self, least: Duration, most: Duration) {
        *self.state.delay.lock().unwrap() = Some((least, most));
    }

    /// Refuses connections: the app is down. [`Refusal::clear`] starts it again at the same URL,
    /// with what it had recorded.
    pub async fn refuse(&self) -> Refusal {
        self.server.refuse().await
    }

    /// Every attempt, in order of arrival.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.state.deliveries.lock().unwrap().clone()
    }

    /// The accepted deliveries' events, in order of arrival. An event that was accepted twice is
    /// here twice.
    pub fn accepted(&self) -> Vec<Event> {
        self.state.accepted()
    }

    /// The accepted events, each once, in order of arrival.
    pub fn events(&self) -> Vec<Event> {
        self.state.events()
    }

    /// The accepted events of one session, each once, in order of arrival.
    pub fn events_of(&self, session: &str) -> Vec<Event> {
        let mut events = self.events();
        events.retain(|event| event.session == session);
        events
    }

    /// Checks that this session's events have come as 1, 2, 3 …, each accepted once.
    ///
    /// # Panics
    /// Where they have not.
    pub fn assert_in_order(&self, session: &str) {
        let accepted = self.accepted();
        let of_session = accepted.iter().filter(|event| event.session == session);
        let came: Vec<u64> = of_session.map(|event| event.seq).collect();
        let wanted: Vec<u64> = (1..).take(came.len()).collect();
        assert_eq!(came, wanted, "order of the events of {session}");
    }

    /// Waits until this holds for the accepted events (each once) and returns them.
    ///
    /// # Panics
    /// After `bound`, saying what has arrived.
    pub async fn wait_for(&self, bound: Duration, holds: impl Fn(&[Event]) -> bool) -> Vec<Event> {
        self.wait(bound, "what the test asks of the events", |state| {
            holds(&state.events())
        })
        .await;
        self.events()
    }

    /// Waits until `n` events are accepted and returns all there are then.
    ///
    /// # Panics
    /// After `bound`, saying what has arrived.
    pub async fn wait_for_events(&self, n: usize, bound: Duration) -> Vec<Event> {
        self.wait(bound, &format!("{n} events"), |state| {
            state.events().len() >= n
        })
        .await;
        self.events()
    }

    /// Waits until `n` events of this session are accepted and returns all of it there are then.
    ///
    /// # Panics
    /// After `bound`, saying what has arrived.
    pub async fn wait_for_events_of(&self, session: &str, n: usize, bound: Duration) -> Vec<Event> {
        self.wait(bound, &format!("{n} events of {session}"), |state| {
            let events = state.events();
            events
                .iter()
                .filter(|event| event.session == session)
                .count()
                >= n
        })
        .await;
        self.events_of(session)
    }

    /// Waits until this holds for the attempts, answered or not, and returns them.
    ///
    /// # Panics
    /// After `bound`, saying what has arrived.
    pub async fn wait_for_deliveries(
        &self,
        bound: Duration,
        holds: impl Fn(&[Delivery]) -> bool,
    ) -> Vec<Delivery> {
        self.wait(bound, "what the test asks of the deliveries", |state| {
            holds(&state.deliveries.lock().unwrap())
        })
        .await;
        self.deliveries()
    }

    async fn wait(&self, bound: Duration, what: &str, holds: impl Fn(&State) -> bool) {
        let mut changed = self.state.changed.subscribe();
        let reached = changed.wait_for(|_| holds(&self.state));
        if tokio::time::timeout(bound, reached).await.is_err() {
            panic!(
                "the app waited {bound:?} for {what}; what came:\n{}",
                self.state.account()
            );
        }
    }
}

impl State {
    fn accepted(&self) -> Vec<Event> {
        let deliveries = self.deliveries.lock().unwrap();
        let accepted = deliveries.iter().filter(|delivery| delivery.accepted());
        accepted
            .filter_map(|delivery| delivery.event.clone())
            .collect()
    }

    fn events(&self) -> Vec<Event> {
        let mut known = std::collections::HashSet::new();
        let mut events = self.accepted();
        events.retain(|event| known.insert(event.id.clone()));
        events
    }

    /// What has come, a line for each attempt.
    fn account(&self) -> String {
        let mut lines = String::new();
        for delivery in self.deliveries.lock().unwrap().iter() {
            let event = delivery.event.as_ref();
            let line = format!(
                "  {} {} seq {:?} answered {:?} {}\n",
                delivery.id,
                event.map_or("?", |event| &event.kind),
                event.map(|event| event.seq),
                delivery.answer,
                delivery.problem.as_deref().unwrap_or_default(),
            );
            lines.push_str(&line);
        }
        lines
    }

    fn change(&self) {
        self.changed.send_modify(|changes| *changes += 1);
    }

    async fn answer(self: Arc<Self>, request: Request<Bytes>) -> Result<Reply, Cut> {
        let (delivery, refusal) = self.read(request);
        let event = delivery.event.clone();
        let number = {
            let mut deliveries = self.deliveries.lock().unwrap();
            deliveries.push(delivery);
            deliveries.len() - 1
        };
        // Asked before the delays, so that "the third" is the third to arrive.
        let rule = match (&refusal, &event) {
            (None, Some(event)) => self.rules.take(event),
            _ => None,
        };
        self.change();

        let delay = *self.delay.lock().unwrap();
        if let Some((least, most)) = delay {
            tokio::time::sleep(random_between(least, most)).await;
        }
        let reply = match (refusal, rule) {
            (Some(status), _) => answer_with(status),
            (None, None) => answer_with(200),
            (None, Some((answer, rule))) => answer.give(&rule).await?,
        };
        {
            let mut deliveries = self.deliveries.lock().unwrap();
            deliveries[number].answer = Some(reply.status().as_u16());
            deliveries[number].answered_at = Some(Instant::now());
        }
        self.change();
        Ok(reply)
    }

    /// The delivery, and the status where the app refuses it by itself.
    fn read(&self, request: Request<Bytes>) -> (Delivery, Option<u16>) {
        let (head, body) = request.into_parts();
        let header = |name: &str| {
            let value = head.headers.get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let id = header("webhook-id");
        let verified = {
            let secrets = self.secrets.lock().unwrap();
            secrets
                .iter()
                .any(|secret| secret.verify(&body, &head.headers).is_ok())
        };
        let event = serde_json::from_slice::<Event>(&body);
        let refusal = if head.method != Method::POST || head.uri.path() != "/events" {
            Some((404, format!("{} {}", head.method, head.uri)))
        } else if !verified {
            Some((401, "bad signature".to_owned()))
        } else {
            match &event {
                Err(error) => Some((400, format!("not an event: {error}"))),
                Ok(event) if event.id != id => {
                    Some((400, format!("the event {} as {id}", event.id)))
                }
                Ok(_) => None,
            }
        };
        let (status, problem) = refusal.unzip();
        let delivery = Delivery {
            at: Instant::now(),
            id,
            timestamp: header("webhook-timestamp"),
            signature: header("webhook-signature"),
            headers: head.headers,
            body,
            event: event.ok(),
            verified,
            problem,
            answer: None,
            answered_at: None,
        };
        (delivery, status)
    }
}

impl Answer {
    async fn give(self, rule: &Rule) -> Result<Reply, Cut> {
        match self {
            Self::Status(status) => {
                rule.strike();
                Ok(answer_with(status))
            }
            Self::RetryAfter(status, seconds) => {
                rule.strike();
                let mut reply = answer_with(status);
                reply
                    .headers_mut()
                    .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                Ok(reply)
            }
            Self::Hang => match rule.hold().await {
                End::Released => Ok(answer_with(200)),
                End::Cut => Err(Cut),
            },
        }
    }
}

fn answer_with(status: u16) -> Reply {
    wire::reply(status, "text/plain", "")
}
