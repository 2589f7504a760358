//! Everything at once: the real functions behind API Gateway's port, DynamoDB, SQS, Udesk's twin and
//! the app, with a proxy on each of the four ways out of the functions.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use deskbridge_local::{Bundle, Options, Servers, Template};
use deskbridge_twins::udesk::{Options as TwinOptions, PushStart, Twin};
use serde_json::{Value, json};

use crate::{
    BOUND,
    app::App,
    aws,
    binaries::{binaries, root},
    faults::Proxy,
    http_client, until,
};

/// The key of the app's servers.
pub const API_KEY: &str = "test-server-key-0001";
/// The path secret of Udesk's webhook.
pub const PATH_SECRET: &str = "test-udesk-path-secret";
/// The secret that signs events.
pub const EVENTS_SECRET: &str = "whsec_dGVzdC1ldmVudHMtc2VjcmV0LW9ubHktZm9yLXRlc3Rz";
/// The secret that signs customer tokens.
pub const TOKEN_SECRET: &str = "test-customer-token-secret-0123456789";

/// A deskbridge of one test's own.
pub struct World {
    /// The functions.
    pub bundle: Bundle,
    /// DynamoDB and SQS.
    pub servers: Servers,
    /// Udesk.
    pub twin: Twin,
    /// The app's end of event delivery.
    pub app: App,
    /// Between the functions and DynamoDB.
    pub dynamodb: Proxy,
    /// Between the functions and SQS.
    pub sqs: Proxy,
    /// Between the functions and Udesk.
    pub udesk: Proxy,
    /// Between the functions and the app.
    pub events: Proxy,
    /// What the functions logged.
    pub log: Arc<Mutex<Vec<String>>>,
    http: reqwest::Client,
    machine: Machine,
    _shown: ShownOnFailure,
}

/// How the machine with deskbridge on it differs from those of other tests.
#[derive(Clone)]
struct Machine {
    template: Template,
    /// Where the table is kept, if not in memory.
    folder: Option<PathBuf>,
    /// The settings that are others.
    changed: Vec<(String, String)>,
    /// Processes of one function at most.
    most: Option<usize>,
    /// How long a caller of the API waits for an answer.
    patience: Duration,
}

impl Machine {
    fn new(changed: &[(&str, &str)]) -> Self {
        Self::of(&template(), changed)
    }

    fn of(template: &str, changed: &[(&str, &str)]) -> Self {
        let changed = changed
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self {
            template: Template::parse(template, &BTreeMap::new())
                .expect("the template is understood"),
            folder: None,
            changed: changed.collect(),
            most: None,
            patience: BOUND,
        }
    }
}

/// What goes on while the machine restarts.
struct Outside {
    twin: Twin,
    app: App,
    udesk: Proxy,
    events: Proxy,
}

/// The template as it is deployed.
fn template() -> String {
    std::fs::read_to_string(root().join("infra/template.yaml")).expect("the template")
}

/// An answer of the API.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The JSON body; null where there is none.
    pub body: Value,
    /// The body as it came.
    pub text: String,
}

impl Answer {
    /// The string at a field.
    pub fn text_of(&self, field: &str) -> String {
        self.body[field]
            .as_str()
            .unwrap_or_else(|| panic!("no text at `{field}` in {self:?}"))
            .to_owned()
    }

    /// The stable code of an error.
    pub fn error_code(&self) -> &str {
        self.body["error"]["code"]
            .as_str()
            .unwrap_or_else(|| panic!("no error in {self:?}"))
    }

    /// The answer, if it has this status.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

impl World {
    /// A deskbridge with the settings that tests share: short waits, no rate limit at Udesk.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// The same, with some settings changed.
    pub async fn with(changed: &[(&str, &str)]) -> Self {
        Self::begin(Machine::new(changed)).await
    }

    /// The same, with at most so many processes of a function, and with callers who wait so long:
    /// under load, a small machine gets further with few, and what is too much waits before the
    /// functions and not in them.
    pub async fn with_processes(most: usize, patience: Duration, changed: &[(&str, &str)]) -> Self {
        Self::begin(Machine {
            most: Some(most),
            patience,
            ..Machine::new(changed)
        })
        .await
    }

    /// The same, with the table in this folder, so that [`World::restart`] finds it again.
    pub async fn kept_in(folder: &Path, changed: &[(&str, &str)]) -> Self {
        Self::begin(Machine {
            folder: Some(folder.to_owned()),
            ..Machine::new(changed)
        })
        .await
    }

    /// The same, with one text of the template replaced by another: what takes minutes for good
    /// reasons must not take them in a test.
    ///
    /// # Panics
    /// Where the template has no such text.
    pub async fn with_template(from: &str, to: &str) -> Self {
        let text = template();
        assert!(text.contains(from), "no `{from}` in the template");
        Self::begin(Machine::of(&text.replace(from, to), &[])).await
    }

    async fn begin(machine: Machine) -> Self {
        let twin = Twin::start(TwinOptions::default())
            .await
            .expect("the twin starts");
        twin.switch(|switches| switches.rate_limit = None);
        let app = App::start(EVENTS_SECRET).await;
        let udesk = Proxy::to(&twin.url()).await;
        let events = Proxy::to(&app.url()).await;
        let outside = Outside {
            twin,
            app,
            udesk,
            events,
        };
        Self::around(outside, machine, Arc::default()).await
    }

    /// Ends the functions, DynamoDB and SQS at once, as switching the machine off does, and starts
    /// them again on the table's folder. Udesk and the app, with the proxies before them, have seen
    /// nothing of it. What SQS held is gone.
    ///
    /// # Panics
    /// Where the table is in memory.
    pub async fn restart(self) -> Self {
        assert!(self.machine.folder.is_some(), "World::kept_in");
        self.bundle.stop().await;
        drop((self.servers, self.dynamodb, self.sqs));
        let outside = Outside {
            twin: self.twin,
            app: self.app,
            udesk: self.udesk,
            events: self.events,
        };
        Self::around(outside, self.machine, self.log).await
    }

    async fn around(outside: Outside, machine: Machine, log: Arc<Mutex<Vec<String>>>) -> Self {
        let Outside {
            twin,
            app,
            udesk,
            events,
        } = outside;
        let servers = Servers::start(machine.folder.as_deref())
            .await
            .expect("the embedded servers start");
        let dynamodb = Proxy::to(&servers.dynamodb_url()).await;
        let sqs = Proxy::to(&servers.sqs_url()).await;
        let mut options = Options::new(machine.template.clone(), binaries());
        options.schedules = false;
        options.max_instances = machine.most.unwrap_or(options.max_instances);
        let sink = Arc::clone(&log);
        options.log = Some(Arc::new(move |line| {
            sink.lock()
                .unwrap()
                .push(format!("{}: {}", line.function, line.text));
        }));
        let shared = [
            ("API_KEYS", API_KEY),
            ("CUSTOMER_TOKEN_SECRETS", TOKEN_SECRET),
            ("APP_EVENTS_SECRETS", EVENTS_SECRET),
            ("APP_EVENTS_ALLOWED_HOSTS", "127.0.0.1"),
            ("APP_EVENTS_URL", &events.url()),
            ("APP_TIMEOUT_MS", "2000"),
            ("UDESK_BASE_URL", &udesk.url()),
            ("UDESK_EMAIL", "admin@udesk.cn"),
            ("UDESK_API_TOKEN", "0f6c9d2e-5b3a-4c1d-8e7f-112233445566"),
            ("UDESK_WEBHOOK_SECRETS", PATH_SECRET),
            ("VENDOR_TIMEOUT_MS", "1000"),
            ("NUDGE_GRACE_SECONDS", "1"),
            ("RETRY_SCHEDULE_SECONDS", "1,1,1,1,1,1,1,1,1,1"),
            ("AWS_ENDPOINT_URL_DYNAMODB", &dynamodb.url()),
            ("AWS_ENDPOINT_URL_SQS", &sqs.url()),
            ("RUST_LOG", "info"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        options.settings = shared
            .into_iter()
            .chain(machine.changed.iter().cloned())
            .collect();
        let bundle = Bundle::start(&servers, options)
            .await
            .expect("the bundle starts");
        twin.set_receive_url(format!(
            "{}/{PATH_SECRET}",
            bundle.function_url("webhook-udesk")
        ));
        Self {
            bundle,
            servers,
            twin,
            app,
            dynamodb,
            sqs,
            udesk,
            events,
            log: Arc::clone(&log),
            http: http_client(),
            machine,
            _shown: ShownOnFailure(log),
        }
    }

    /// One call of the API, with this bearer.
    pub async fn call(
        &self,
        bearer: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let body = body.map(|body| body.to_string());
        self.call_raw(Some(bearer), method, path, body).await
    }

    /// One call of the API, with whatever headers and body.
    pub async fn call_raw(
        &self,
        bearer: Option<&str>,
        method: &str,
        path: &str,
        body: Option<String>,
    ) -> Answer {
        let method = method.parse().expect("a method");
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.bundle.url()))
            .timeout(self.machine.patience);
        if let Some(bearer) = bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        answer(request).await
    }

    /// A customer asks for an agent.
    pub async fn ask_for_agent(&self, customer: &str) -> Answer {
        let ask = json!({"vendor": "udesk", "customer": customer, "assign": {"to": "agent"}});
        self.call(API_KEY, "POST", "/sessions", Some(ask)).await
    }

    /// A customer has a conversation with an agent; gives our session's id.
    pub async fn open_session(&self, customer: &str) -> String {
        let answer = self.ask_for_agent(customer).await.expect(201);
        assert_eq!(answer.body["state"], "active", "{answer:?}");
        answer.text_of("id")
    }

    /// A customer has a conversation with an agent who does not greet: the app is told that the
    /// session has started, and of nothing else.
    pub async fn open_quietly(&self, customer: &str) -> String {
        self.twin
            .switch(|switches| switches.push_start = PushStart::Off);
        let session = self.open_session(customer).await;
        let events = self.app.wait_for_events_of(&session, 1, BOUND).await;
        assert_eq!(events[0].kind, "session.started", "{events:?}");
        self.all_went_out(&session).await;
        session
    }

    /// The agent says something, and Udesk hears that it arrived.
    pub async fn agent_says(&self, customer: &str, text: &str) {
        let pushed = self.twin.agent_says(customer, text).await;
        let pushed = pushed.expect("the agent has a conversation with the customer");
        assert!(pushed.is_good(), "{pushed:?}");
    }

    /// The customer says something, under an id of the client's.
    pub async fn say(&self, session: &str, client_id: &str, text: &str) -> Answer {
        let message = json!({"id": client_id, "kind": "text", "content": text});
        self.call(
            API_KEY,
            "POST",
            &format!("/sessions/{session}/messages"),
            Some(message),
        )
        .await
    }

    /// Where the session stands.
    pub async fn session(&self, session: &str) -> Value {
        self.call(API_KEY, "GET", &format!("/sessions/{session}"), None)
            .await
            .expect(200)
            .body
    }

    /// The whole conversation, page by page.
    pub async fn conversation(&self, session: &str) -> Vec<Value> {
        let mut all = Vec::new();
        let mut after = String::new();
        loop {
            let path = format!("/sessions/{session}/messages?limit=100{after}");
            let page = self
                .call(API_KEY, "GET", &path, None)
                .await
                .expect(200)
                .body;
            all.extend(
                page["messages"]
                    .as_array()
                    .expect("messages")
                    .iter()
                    .cloned(),
            );
            if page["more"] != true {
                return all;
            }
            after = format!("&after={}", page["next"].as_str().expect("a cursor"));
        }
    }

    /// Posts a body to Udesk's webhook, under this path secret.
    pub async fn push(&self, secret: &str, body: impl Into<reqwest::Body>) -> Answer {
        let url = format!("{}/{secret}", self.bundle.function_url("webhook-udesk"));
        answer(
            self.http
                .post(url)
                .header("content-type", "application/json")
                .body(body),
        )
        .await
    }

    /// A call of SQS behind the proxy's back, with the queue's name in the template.
    pub async fn queue(&self, queue: &str, operation: &str, mut input: Value) -> Value {
        input["QueueUrl"] = json!(self.bundle.queue_url(queue).expect("a queue"));
        aws::sqs(&self.servers.sqs_url(), operation, input).await
    }

    /// An item of a session's in the table, in DynamoDB's own JSON; null where there is none.
    pub async fn item(&self, session: &str, sort_key: &str) -> Value {
        let table = self.bundle.table_name("Table").expect("the table");
        let key = json!({"pk": {"S": session}, "sk": {"S": sort_key}});
        let input = json!({"TableName": table, "Key": key, "ConsistentRead": true});
        let mut got = aws::dynamodb(&self.servers.dynamodb_url(), "GetItem", input).await;
        got["Item"].take()
    }

    /// Waits until nothing of the session's is on its way, and that is recorded.
    pub async fn all_went_out(&self, session: &str) {
        until("both logs of the session are empty", async || {
            let item = self.item(session, "@session").await;
            ["deliveries", "sends"].iter().all(|log| {
                let log = &item[*log]["M"];
                log["head"] == log["tail"]
            })
        })
        .await;
    }

    /// The session's event with this number as the table holds it, in DynamoDB's own JSON.
    pub async fn event_item(&self, session: &str, seq: u64) -> Value {
        self.item(session, &format!("EVT#{seq:020}")).await
    }

    /// Whether any function logged a line with this text.
    pub fn logged(&self, text: &str) -> bool {
        let log = self.log.lock().unwrap();
        log.iter().any(|line| line.contains(text))
    }

    /// What the schedule does every minute.
    pub async fn sweep(&self) {
        self.bundle
            .invoke("sweep", json!({}))
            .await
            .expect("sweep runs");
    }

    /// Sweeps until this holds: what nobody was woken for is found, once its grace is over.
    pub async fn sweep_until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let sweeping = async {
            while !holds().await {
                self.sweep().await;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        if tokio::time::timeout(BOUND, sweeping).await.is_err() {
            panic!("swept for {BOUND:?} until {what}");
        }
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("the API answers");
    let status = response.status().as_u16();
    let text = response.text().await.expect("the API's body is text");
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer { status, body, text }
}

/// A test that fails shows what the functions said.
struct ShownOnFailure(Arc<Mutex<Vec<String>>>);

impl Drop for ShownOnFailure {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for line in self.0.lock().unwrap().iter() {
                println!("{line}");
            }
        }
    }
}
