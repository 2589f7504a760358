//! What one function is measured in: a DynamoDB, an SQS, all vendors and an app of its own, each behind
//! TLS, and the other functions to bring about what it needs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::post;
use deskbridge_local::{Bundle, Options, Servers, Template};
use deskbridge_twins::{
    sobot, tencent,
    udesk::{self, PushStart},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::Problem;
use crate::event;
use crate::front::{Authority, Calls, Front};

/// Calls at once while a world is prepared.
const AT_ONCE: usize = 4;
/// How many nudges may fail while a world is prepared.
const PATIENCE: usize = 20;
/// How long nudges may take to be seen.
const NUDGES: Duration = Duration::from_secs(20);

/// A world. Dropped, it ends.
pub(crate) struct World {
    /// Udesk.
    pub(crate) udesk: udesk::Twin,
    _sobot: sobot::Twin,
    _tencent: tencent::Twin,
    bundle: Bundle,
    fronts: Vec<(String, Front)>,
    root: PathBuf,
    authority: PathBuf,
    number: AtomicU64,
    _servers: Servers,
    _app: JoinSet<()>,
}

/// A customer's session.
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) customer: String,
}

impl World {
    /// `authority_file` holds the certificate of `authority`.
    pub(crate) async fn start(
        root: &Path,
        template: &Template,
        binaries: &Path,
        authority: &Authority,
        authority_file: &Path,
    ) -> Result<World, Problem> {
        let problem = |error: &dyn std::fmt::Display| format!("the world: {error}");
        let servers = Servers::start(None)
            .await
            .map_err(|error| problem(&error))?;
        let udesk = udesk::Twin::start(udesk::Options::default())
            .await
            .map_err(|error| problem(&error))?;
        let sobot = sobot::Twin::start(sobot::Options::default())
            .await
            .map_err(|error| problem(&error))?;
        let tencent = tencent::Twin::start(tencent::Options::default())
            .await
            .map_err(|error| problem(&error))?;
        udesk.switch(|switches| {
            switches.rate_limit = None;
            switches.push_start = PushStart::Off;
            switches.push_close_after_delete = false;
        });
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .map_err(|error| problem(&error))?;
        let app = listener.local_addr().map_err(|error| problem(&error))?;
        let app = format!("http://{app}");
        let mut tasks = JoinSet::new();
        tasks.spawn(async {
            let router = Router::new()
                .route("/events", post(async || ""))
                .route("/", post(async || ""));
            let _ = axum::serve(listener, router).await;
        });
        let mut fronts = Vec::new();
        for (name, url) in [
            ("DynamoDB", servers.dynamodb_url()),
            ("SQS", servers.sqs_url()),
            ("Udesk", udesk.url()),
            ("Sobot", sobot.url()),
            ("Tencent", tencent.url()),
            ("the app", app.clone()),
        ] {
            let front = Front::before(authority, name, &url)?;
            fronts.push((url, front));
        }
        let mut options = Options::new(template.clone(), binaries);
        options.schedules = false;
        options.queues = false;
        options.max_instances = AT_ONCE;
        options.settings = settings(&udesk.url(), &sobot.url(), &tencent.url(), &app);
        let bundle = Bundle::start(&servers, options)
            .await
            .map_err(|error| problem(&error))?;
        Ok(World {
            udesk,
            _sobot: sobot,
            _tencent: tencent,
            bundle,
            fronts,
            root: root.to_owned(),
            authority: authority_file.to_owned(),
            number: AtomicU64::new(0),
            _servers: servers,
            _app: tasks,
        })
    }

    /// What a measured process of `function` sees: as the bundle's own, but with everything behind TLS.
    pub(crate) fn environment(&self, function: &str) -> BTreeMap<String, String> {
        let environment = self.bundle.environment(function);
        let mut environment = environment.cloned().unwrap_or_default();
        for value in environment.values_mut() {
            for (plain, front) in &self.fronts {
                *value = value.replace(plain, &front.url());
            }
        }
        let authority = self.authority.display().to_string();
        environment.insert("EXTRA_CA_FILE".to_owned(), authority);
        environment
    }

    /// Lets measured processes connect to anything, or refuses each of them.
    pub(crate) fn open(&self, open: bool) {
        self.fronts.iter().for_each(|(_, front)| front.open(open));
    }

    /// The calls of measured processes so far.
    pub(crate) fn calls(&self) -> Calls {
        self.fronts
            .iter()
            .flat_map(|(_, front)| front.calls())
            .collect()
    }

    /// A function's event as it stands in the fixtures.
    pub(crate) fn fixture(&self, function: &str) -> Result<Value, Problem> {
        event::fixture(&self.root, function)
    }

    /// An id that there was not before.
    pub(crate) fn fresh(&self, what: &str) -> String {
        format!("{what}-{}", self.number.fetch_add(1, Ordering::Relaxed))
    }

    /// The event with which a customer asks for a session.
    pub(crate) fn ask(&self, customer: &str, vendor: &str, fixture: &Value) -> Value {
        let mut ask = json!({"vendor": vendor, "customer": customer});
        if let (Some(ask), "udesk") = (ask.as_object_mut(), vendor) {
            ask.insert("assign".to_owned(), json!({"to": "agent"}));
        }
        event::with_body(fixture.clone(), &ask)
    }

    /// A session that is open, with nothing left to be delivered.
    pub(crate) async fn session(&self, vendor: &str) -> Result<Session, Problem> {
        let session = self.sessions(vendor, 1).await?.pop();
        session.ok_or_else(|| "no session".to_owned())
    }

    /// So many of them, of different customers.
    pub(crate) async fn sessions(
        &self,
        vendor: &str,
        number: usize,
    ) -> Result<Vec<Session>, Problem> {
        let fixture = self.fixture("create-session")?;
        let customers: Vec<String> = (0..number).map(|_| self.fresh("customer")).collect();
        let asks = customers
            .iter()
            .map(|customer| self.ask(customer, vendor, &fixture));
        let opened = self.call_all("create-session", asks.collect(), 201).await?;
        self.settle().await?;
        let sessions = opened.iter().zip(customers).map(|(opened, customer)| {
            let opened = event::body(opened)?;
            let id = opened.get("id").and_then(Value::as_str);
            let id = id.ok_or("a session has no id")?.to_owned();
            Ok(Session { id, customer })
        });
        sessions.collect()
    }

    /// The event with which a customer says something new.
    pub(crate) fn message(&self, session: &str) -> Result<Value, Problem> {
        let event = event::of_session(&self.fixture("send-message")?, session)?;
        let said = json!({"id": self.fresh("c"), "kind": "text", "content": "Where is my parcel?"});
        Ok(event::with_body(event, &said))
    }

    /// An event about the welcome of a robot, with whom a fresh customer is.
    pub(crate) async fn to_robot(&self, fixture: &Value) -> Result<Value, Problem> {
        let urobot = json!({"to": "urobot", "robot_id": 12_362, "scene_id": 39});
        let ask = json!({"vendor": "udesk", "customer": self.fresh("customer"), "assign": urobot});
        let open = event::with_body(self.fixture("create-session")?, &ask);
        let opened = event::body(&self.call("create-session", open, 201).await?)?;
        let session = opened.get("id").and_then(Value::as_str);
        let session = session.ok_or("a session has no id")?;
        self.settle().await?;
        let list = event::of_session(&self.fixture("list-messages")?, session)?;
        let listed = event::body(&self.call("list-messages", list, 200).await?)?;
        let welcome = listed.pointer("/messages/0/id").and_then(Value::as_str);
        let event = event::of_session(fixture, session)?;
        event::of_message(&event, welcome.ok_or("a robot said nothing")?)
    }

    /// A customer says something.
    pub(crate) async fn say(&self, session: &str) -> Result<(), Problem> {
        self.call("send-message", self.message(session)?, 200)
            .await
            .map(drop)
    }

    /// What Udesk pushes when the agent says something new.
    pub(crate) fn udesk_push(&self, session: &Session) -> Result<Value, Problem> {
        let mut push = event::body(&self.fixture("webhook-udesk")?)?;
        let conversation = self.udesk.conversation(&session.customer);
        let live = conversation
            .as_ref()
            .and_then(|conversation| conversation.live());
        let live = live.ok_or("a session is not open at Udesk")?.id;
        for (place, value) in [
            ("/customer_token", json!(session.customer)),
            ("/messages/0/message_id", json!(self.fresh("5f0c7a1e-2b34"))),
            ("/messages/0/im_sub_session_id", json!(live)),
        ] {
            *push
                .pointer_mut(place)
                .ok_or("webhook-udesk's event is another")? = value;
        }
        Ok(push)
    }

    /// What Udesk calls with when a customer has rated. Without the session's number, each is another one.
    pub(crate) fn udesk_vote(&self, session: &Session) -> Result<Value, Problem> {
        let mut event = event::body(&self.fixture("webhook-udesk-event")?)?;
        for (place, value) in [
            ("/message/customer_token", json!(session.customer)),
            ("/message/remark", json!(self.fresh("remark"))),
            ("/message/im_sub_session_id", Value::Null),
        ] {
            *event
                .pointer_mut(place)
                .ok_or("webhook-udesk-event's event is another")? = value;
        }
        Ok(event)
    }

    /// Delivers whatever there is to be delivered.
    pub(crate) async fn settle(&self) -> Result<(), Problem> {
        // What fails because the machine is busy is seen to again, as SQS would.
        let (mut left, mut failures) = (Vec::new(), 0);
        loop {
            left.extend(self.take("drain-deliveries").await?);
            if left.is_empty() {
                return Ok(());
            }
            let event = event::batch(left.clone());
            let answer = self.invoke("drain-deliveries", event).await?;
            let failed = answer.get("batchItemFailures").and_then(Value::as_array);
            let failed = failed.ok_or_else(|| format!("drain-deliveries answered {answer}"))?;
            left.retain(|nudge| {
                let id = nudge.get("messageId");
                failed
                    .iter()
                    .any(|failed| failed.get("itemIdentifier") == id)
            });
            failures += left.len();
            if failures > PATIENCE {
                return Err(format!("drain-deliveries fails again and again: {answer}"));
            }
        }
    }

    /// So many messages of the queue that calls `function`.
    pub(crate) async fn nudges(
        &self,
        function: &str,
        number: usize,
    ) -> Result<Vec<Value>, Problem> {
        let (mut nudges, started) = (Vec::new(), Instant::now());
        while nudges.len() < number {
            let more = self.take(function).await?;
            if more.is_empty() && started.elapsed() > NUDGES {
                return Err(format!(
                    "{} of {number} nudges for {function}",
                    nudges.len()
                ));
            }
            if more.is_empty() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            nudges.extend(more);
        }
        Ok(nudges)
    }

    async fn take(&self, function: &str) -> Result<Vec<Value>, Problem> {
        let function = self.bundle.template().functions().get(function);
        let source = function.and_then(|function| function.queues.first());
        let source = source.ok_or("the template has no such queue")?;
        self.bundle
            .take(&source.queue)
            .await
            .map_err(|error| error.to_string())
    }

    /// Calls a function with all these events, a few at once.
    pub(crate) async fn call_all(
        &self,
        function: &str,
        events: Vec<Value>,
        status: u64,
    ) -> Result<Vec<Value>, Problem> {
        let calls = events
            .into_iter()
            .map(|event| self.call(function, event, status));
        stream::iter(calls).buffered(AT_ONCE).try_collect().await
    }

    async fn call(&self, function: &str, event: Value, status: u64) -> Result<Value, Problem> {
        let answer = self.invoke(function, event).await?;
        match answer.get("statusCode").and_then(Value::as_u64) == Some(status) {
            true => Ok(answer),
            false => Err(format!("{function} answered {answer}")),
        }
    }

    async fn invoke(&self, function: &str, event: Value) -> Result<Value, Problem> {
        let answer = self.bundle.invoke(function, event).await;
        answer.map_err(|error| format!("{function}: {error}"))
    }
}

/// The settings, as `cargo local` and the twins have them.
fn settings(udesk: &str, sobot: &str, tencent: &str, app: &str) -> BTreeMap<String, String> {
    let events = format!("{app}/events");
    let account = udesk::Options::default();
    let company = sobot::Options::default();
    let application = tencent::Options::default();
    [
        (
            "API_KEY_HASHES",
            // Of local-server-key.
            "f2a28aee9f261ed9c0c5e136320faaf703b5da393d1f4872373a0b03600d1df5",
        ),
        (
            "CUSTOMER_TOKEN_SECRETS",
            "local-only-customer-token-secret-0123456789",
        ),
        ("APP_EVENTS_URL", &events),
        (
            "APP_EVENTS_SECRETS",
            "whsec_bG9jYWwtb25seS1hcHAtZXZlbnRzLXNlY3JldC0tLS0=",
        ),
        ("APP_EVENTS_ALLOWED_HOSTS", "127.0.0.1"),
        ("UDESK_BASE_URL", udesk),
        ("UDESK_EMAIL", &account.email),
        ("UDESK_API_TOKEN", &account.api_token),
        (
            "UDESK_RATE_LIMIT",
            "600000,POST /im/sessions/struct_messages=600000",
        ),
        ("UDESK_STRUCT_MESSAGE_KEY", &account.struct_message_key),
        ("UDESK_CARDS", udesk::EXAMPLE_CARDS),
        ("UDESK_WEBHOOK_SECRETS", "local-udesk-secret"),
        ("SOBOT_BASE_URL", sobot),
        ("SOBOT_SYSNUM", &company.sysnum),
        ("SOBOT_KEY", &company.key),
        ("SOBOT_WEBHOOK_SECRETS", "local-sobot-secret"),
        ("TENCENT_BASE_URL", tencent),
        ("TENCENT_SDK_APP_ID", &application.sdk_app_id.to_string()),
        ("TENCENT_SECRET_KEY", &application.secret_key),
        ("TENCENT_ADMIN", &application.admins.join(",")),
        (
            "TENCENT_SERVICE_ACCOUNT",
            &application.service_accounts.join(","),
        ),
        ("TENCENT_WEBHOOK_SECRETS", "local-tencent-secret"),
        ("TENCENT_REQUIRE_SIGN", "off"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}
