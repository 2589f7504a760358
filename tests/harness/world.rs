//! Everything at once: the real functions behind API Gateway's port, DynamoDB, SQS, the vendors'
//! twins and the app, with a proxy on each way out of the functions.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use deskbridge::{
    auth::Guard,
    config::{ConfigError, Settings},
    http::Client,
    ids::{CustomerId, SessionId},
    table::Table,
};
use deskbridge_local::{Bundle, Options, Servers, Template};
use deskbridge_twins::{
    sobot::{self, PushKind},
    tencent,
    udesk::{EXAMPLE_CARDS, Options as TwinOptions, PushStart, Twin},
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    BOUND,
    app::App,
    aws,
    binaries::{binaries, root},
    contract::{Contract, Operation},
    faults::Proxy,
    http_client,
    permissions::Witness,
    until,
};

/// The key of the app's servers.
pub const API_KEY: &str = "test-server-key-0001";
/// The path secret of Udesk's webhook.
pub const PATH_SECRET: &str = "test-udesk-path-secret";
/// The "Structured Message KEY" that Udesk's page prints.
pub const STRUCT_MESSAGE_KEY: &str = "708ff6dc-41d5-4med-9ebc-0388zz9d76f1";
/// The cards that agents may send.
pub const CARDS: &str = EXAMPLE_CARDS;
/// The path secret of Sobot's three webhooks.
pub const SOBOT_PATH_SECRET: &str = "test-sobot-path-secret";
/// The key of the application through which Sobot's Live Chat API is called.
pub const SOBOT_APP_KEY: &str = "5d1f3c7e9a2b4d6f8091a2b3c4d5e6f7";
/// The settings that turn that API on; without them customers write on Sobot's own page.
pub const SOBOT_CHAT: [(&str, &str); 2] = [("SOBOT_APP_ID", "1"), ("SOBOT_APP_KEY", SOBOT_APP_KEY)];
/// The functions whose URLs Sobot is given.
pub const SOBOT_WEBHOOKS: [&str; 3] = [
    "webhook-sobot-offline-message",
    "webhook-sobot-unread-message",
    "webhook-sobot-chat-list",
];
/// The path secret of Tencent's webhook.
pub const TENCENT_PATH_SECRET: &str = "test-tencent-path-secret";
/// The same, with the query in which Tencent says whose application it is.
pub const TENCENT_DOOR: &str =
    "test-tencent-path-secret?SdkAppid=1400000000&CallbackCommand=Desk.SessionEventNotify";
/// The secret that signs events.
pub const EVENTS_SECRET: &str = "whsec_dGVzdC1ldmVudHMtc2VjcmV0LW9ubHktZm9yLXRlc3Rz";
/// The secret that signs customer tokens.
pub const TOKEN_SECRET: &str = "test-customer-token-secret-0123456789";

/// AWS is waited for no longer than where deskbridge is deployed: for stories of a table and of queues that hang.
pub const AS_IN_AWS: (&str, &str) = ("AWS_ENDPOINT_PATIENCE", "1");
/// A vendor is not waited for long: for stories of one that gives no answer.
pub const SHORT_WAIT: (&str, &str) = ("VENDOR_TIMEOUT_MS", "2000");

/// A deskbridge of one test's own.
pub struct World {
    /// The functions.
    pub bundle: Bundle,
    /// DynamoDB and SQS.
    pub servers: Servers,
    /// Udesk.
    pub twin: Twin,
    /// Sobot.
    pub sobot: sobot::Twin,
    /// Tencent.
    pub tencent: tencent::Twin,
    /// The app's end of event delivery.
    pub app: App,
    /// Between the functions and DynamoDB.
    pub dynamodb: Proxy,
    /// Between the functions and SQS.
    pub sqs: Proxy,
    /// Between the functions and Udesk.
    pub udesk: Proxy,
    /// Between the functions, and customers with a page's link, and Sobot.
    pub sobot_wire: Proxy,
    /// Between the functions and Tencent.
    pub tencent_wire: Proxy,
    /// Between the functions and the app.
    pub events: Proxy,
    /// Every answer of the API and the webhook so far, and which operation of the contract gave it.
    pub answers: Mutex<Vec<(&'static Operation, Answer)>>,
    /// What the functions logged.
    pub log: Arc<Mutex<Vec<String>>>,
    killed: AtomicBool,
    http: reqwest::Client,
    machine: Machine,
    /// What the functions do in AWS, held to the template.
    pub witness: Witness,
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
    sobot: sobot::Twin,
    tencent: tencent::Twin,
    app: App,
    udesk: Proxy,
    sobot_wire: Proxy,
    tencent_wire: Proxy,
    events: Proxy,
}

/// Which function takes which of Sobot's pushes.
const SOBOT_PUSHES: [(PushKind, &str); 3] = [
    (PushKind::Offline, SOBOT_WEBHOOKS[0]),
    (PushKind::Unread, SOBOT_WEBHOOKS[1]),
    (PushKind::ChatList, SOBOT_WEBHOOKS[2]),
];

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

    /// The same; `None` where it is no error.
    pub fn error_code_or_none(&self) -> Option<&str> {
        self.body["error"]["code"].as_str()
    }

    /// The answer, if it has this status.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

impl World {
    /// A deskbridge with the settings that tests share: soon again where an attempt failed, no rate limit at Udesk.
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
        twin.switch(|switches| {
            switches.rate_limit = None;
            switches.push_timeout = BOUND;
        });
        let sobot = sobot::Twin::start(sobot::Options::default())
            .await
            .expect("Sobot's twin starts");
        sobot.switch(|switches| switches.push_timeout = BOUND);
        let tencent = tencent::Twin::start(tencent::Options::default())
            .await
            .expect("Tencent's twin starts");
        let app = App::start(EVENTS_SECRET).await;
        let outside = Outside {
            udesk: Proxy::to(&twin.url()).await,
            sobot_wire: Proxy::to(&sobot.url()).await,
            tencent_wire: Proxy::to(&tencent.url()).await,
            events: Proxy::to(&app.url()).await,
            twin,
            sobot,
            tencent,
            app,
        };
        Self::around(outside, machine, Arc::default()).await
    }

    /// Ends the functions, DynamoDB and SQS at once, as switching the machine off does, and starts
    /// them again on the table's folder. The vendors and the app, with the proxies before them, have
    /// seen nothing of it. What SQS held is gone.
    ///
    /// # Panics
    /// Where the table is in memory.
    pub async fn restart(self) -> Self {
        assert!(self.machine.folder.is_some(), "World::kept_in");
        self.bundle.stop().await;
        drop((self.servers, self.dynamodb, self.sqs));
        let outside = Outside {
            twin: self.twin,
            sobot: self.sobot,
            tencent: self.tencent,
            app: self.app,
            udesk: self.udesk,
            sobot_wire: self.sobot_wire,
            tencent_wire: self.tencent_wire,
            events: self.events,
        };
        Self::around(outside, self.machine, self.log).await
    }

    async fn around(outside: Outside, machine: Machine, log: Arc<Mutex<Vec<String>>>) -> Self {
        let Outside {
            twin,
            sobot,
            tencent,
            app,
            udesk,
            sobot_wire,
            tencent_wire,
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
            ("API_KEY_HASHES", hashes(API_KEY).as_str()),
            ("CUSTOMER_TOKEN_SECRETS", TOKEN_SECRET),
            ("APP_EVENTS_SECRETS", EVENTS_SECRET),
            ("APP_EVENTS_ALLOWED_HOSTS", "127.0.0.1"),
            ("APP_EVENTS_URL", &events.url()),
            ("UDESK_BASE_URL", &udesk.url()),
            ("UDESK_EMAIL", "admin@udesk.cn"),
            ("UDESK_API_TOKEN", "0f6c9d2e-5b3a-4c1d-8e7f-112233445566"),
            ("UDESK_STRUCT_MESSAGE_KEY", STRUCT_MESSAGE_KEY),
            ("UDESK_CARDS", CARDS),
            ("UDESK_WEBHOOK_SECRETS", PATH_SECRET),
            // The stories of the budget set their own.
            (
                "UDESK_RATE_LIMIT",
                "60000,POST /im/sessions/struct_messages=60000",
            ),
            ("SOBOT_BASE_URL", &sobot_wire.url()),
            ("SOBOT_SYSNUM", "ABC"),
            ("SOBOT_KEY", "258eec3118705112b2c53dc8043d4d34"),
            ("SOBOT_WEBHOOK_SECRETS", SOBOT_PATH_SECRET),
            ("TENCENT_BASE_URL", &tencent_wire.url()),
            ("TENCENT_SDK_APP_ID", "1400000000"),
            (
                "TENCENT_SECRET_KEY",
                "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e",
            ),
            ("TENCENT_ADMIN", "administrator"),
            ("TENCENT_SERVICE_ACCOUNT", "@customer_service_account"),
            ("TENCENT_RATE_LIMIT", "60000"),
            ("TENCENT_WEBHOOK_SECRETS", TENCENT_PATH_SECRET),
            ("TENCENT_REQUIRE_SIGN", "off"),
            ("TENCENT_EVENTS", &tencent::EventNames::default().setting()),
            ("NUDGE_GRACE_SECONDS", "1"),
            ("RETRY_SCHEDULE_SECONDS", "1,1,1,1,1,1,1,1,1,1"),
            ("AWS_ENDPOINT_URL_DYNAMODB", &dynamodb.url()),
            ("AWS_ENDPOINT_URL_SQS", &sqs.url()),
            // On a busy machine a process may stand still for seconds.
            ("AWS_ENDPOINT_PATIENCE", "10"),
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
        twin.set_embedded_link(format!("{}/", bundle.function_url("card-page")));
        for (kind, function) in SOBOT_PUSHES {
            let url = bundle.function_url(function);
            sobot.set_push_url(kind, format!("{url}/{SOBOT_PATH_SECRET}"));
        }
        let url = bundle.function_url("webhook-tencent");
        tencent.set_callback_url(format!("{url}/{TENCENT_PATH_SECRET}"));
        Self {
            witness: Witness::new(&bundle, dynamodb.record(), sqs.record()),
            bundle,
            servers,
            twin,
            sobot,
            tencent,
            app,
            dynamodb,
            sqs,
            udesk,
            sobot_wire,
            tencent_wire,
            events,
            answers: Mutex::default(),
            killed: AtomicBool::new(false),
            log: Arc::clone(&log),
            http: http_client(),
            machine,
            _shown: ShownOnFailure(log),
        }
    }

    /// From now on Udesk calls with its events, too.
    pub fn subscribe_to_events(&self) {
        let url = self.bundle.function_url("webhook-udesk-event");
        self.twin.set_event_url(format!("{url}/{PATH_SECRET}"));
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
        let mut headers = Vec::new();
        if let Some(bearer) = bearer {
            headers.push(("authorization", format!("Bearer {bearer}")));
        }
        let body = body.map(|body| {
            headers.push(("content-type", "application/json".to_owned()));
            body.into_bytes()
        });
        self.send(method, path, &headers, body).await
    }

    /// One call of the API, with these headers and bytes, whatever they are. The answer is one that
    /// the contract lists.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: Option<Vec<u8>>,
    ) -> Answer {
        let url = format!("{}{path}", self.bundle.url());
        let request = self.http.request(method.parse().expect("a method"), url);
        let mut request = request.timeout(self.machine.patience);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let answer = answer(request.body(body.unwrap_or_default())).await;
        if let Some(operation) = Contract::read().operation(method, path) {
            self.take_down(operation, &answer);
        }
        answer
    }

    /// A token for this customer, made as issue-token makes it, for so many seconds from `now` on (Unix
    /// milliseconds).
    pub fn customer_token(customer: &str, expires_in: i64, now: i64) -> String {
        token_signed_with(TOKEN_SECRET, customer, expires_in, now)
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

    /// The customer says something, under an id of the client's in the header.
    pub async fn say_under_key(&self, session: &str, key: &str, text: &str) -> Answer {
        let message = json!({"kind": "text", "content": text});
        let url = format!("{}/sessions/{session}/messages", self.bundle.url());
        let request = self
            .http
            .post(url)
            .bearer_auth(API_KEY)
            .header("content-type", "application/json")
            .header("idempotency-key", key);
        answer(request.body(message.to_string())).await
    }

    /// The app ends the conversation for the customer.
    pub async fn close(&self, session: &str) -> Answer {
        self.call(API_KEY, "DELETE", &format!("/sessions/{session}"), None)
            .await
    }

    /// How far the message with this id of the client's has come, as the conversation shows it.
    pub async fn status(&self, session: &str, client_id: &str) -> String {
        let conversation = self.conversation(session).await;
        let message = conversation
            .iter()
            .find(|message| message["client_id"] == client_id)
            .unwrap_or_else(|| panic!("no {client_id} in {conversation:?}"));
        message["status"].as_str().expect("a status").to_owned()
    }

    /// Waits until that message has come so far.
    pub async fn wait_for_status(&self, session: &str, client_id: &str, status: &str) {
        until(&format!("{client_id} is {status}"), async || {
            self.status(session, client_id).await == status
        })
        .await;
    }

    /// Waits until nobody is at work on the session, who could come in between a test's steps.
    pub async fn wait_until_quiet(&self, session: &str) {
        let (id, table) = (SessionId::parse(session).expect("an id"), self.table());
        until("the session is quiet", async || {
            let session = table.session(&id).await.expect("the table");
            let session = session.expect("a session");
            [&session.deliveries, &session.sends]
                .iter()
                .all(|log| !log.is_pending() && log.lease.is_none())
        })
        .await;
    }

    /// The types of what the app was told of a session, in order.
    pub fn told(&self, session: &str) -> Vec<String> {
        let events = self.app.events_of(session);
        events.into_iter().map(|event| event.kind).collect()
    }

    /// Waits until the app was told of something of this type.
    pub async fn wait_until_told(&self, session: &str, kind: &str) {
        self.app
            .wait_for(BOUND, |events| {
                events
                    .iter()
                    .any(|event| event.session == session && event.kind == kind)
            })
            .await;
    }

    /// The table, as the functions read it.
    pub fn table(&self) -> Table {
        self.table_made(Table::for_reading)
    }

    /// The table, as the functions write it: for what no twin can bring about yet.
    pub fn writing_table(&self) -> Table {
        self.table_made(Table::for_writing)
    }

    fn table_made(&self, make: fn(&Settings, &Client) -> Result<Table, ConfigError>) -> Table {
        let name = self.bundle.table_name("Table").expect("the table");
        let endpoint = self.servers.dynamodb_url();
        let settings = Settings::new(move |setting| {
            let value = match setting {
                "TABLE_NAME" => &name,
                "AWS_ENDPOINT_URL_DYNAMODB" => &endpoint,
                "AWS_REGION" => "us-east-1",
                "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "test",
                _ => return None,
            };
            Some(value.to_owned())
        });
        let http = Client::from_settings(&settings).expect("a client");
        make(&settings, &http).expect("the table")
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
        self.push_to("webhook-udesk", secret, body).await
    }

    /// Posts a body to a webhook's function URL, under this path secret.
    pub async fn push_to(
        &self,
        function: &str,
        secret: &str,
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let url = format!("{}/{secret}", self.bundle.function_url(function));
        let request = self.http.post(url).body(body);
        let answer = answer(request.header("content-type", "application/json")).await;
        for operation in Contract::read().of(function) {
            self.take_down(operation, &answer);
        }
        answer
    }

    /// Kills every process of a function, as a crash does. API Gateway answers for it from then on, in
    /// words that are not the contract's.
    pub fn kill(&self, function: &str) {
        self.killed.store(true, Ordering::Relaxed);
        self.bundle.kill(function);
    }

    /// The client that calls.
    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Every answer is one that the contract lists, but for those of a function that a test killed.
    pub(crate) fn take_down(&self, operation: &'static Operation, answer: &Answer) {
        let by_gateway = matches!(answer.status, 500 | 502) && answer.body["error"].is_null();
        if by_gateway && self.killed.load(Ordering::Relaxed) {
            return;
        }
        operation.must_list(answer);
        let mut answers = self.answers.lock().unwrap();
        answers.push((operation, answer.clone()));
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

    /// What the functions logged, each line as JSON, with the function that wrote it. What Lambda's own
    /// platform says of them is none.
    pub fn lines(&self) -> Vec<(String, Value)> {
        let log = self.log.lock().unwrap();
        let lines = log.iter().filter_map(|line| {
            let (function, text) = line.split_once(": ")?;
            Some((function.to_owned(), serde_json::from_str(text).ok()?))
        });
        lines.collect()
    }

    /// The lines that a function wrote of its requests, messages and runs so far.
    pub fn handled(&self, function: &str) -> Vec<Value> {
        let mut lines = self.lines();
        lines.retain(|(of, line)| of == function && line["message"] == "handled");
        lines.into_iter().map(|(_, line)| line).collect()
    }

    /// The session that the customer has open, if any.
    pub async fn open_session_of(&self, customer: &str) -> Option<Value> {
        let path = format!("/sessions?customer={customer}");
        let answer = self.call(API_KEY, "GET", &path, None).await.expect(200);
        answer.body["sessions"]
            .as_array()
            .expect("a list")
            .first()
            .cloned()
    }

    /// Everything that the table holds.
    pub async fn items(&self) -> Vec<Value> {
        let table = self.bundle.table_name("Table").expect("a table");
        let mut items = Vec::new();
        let mut after = Value::Null;
        loop {
            let mut scan = json!({"TableName": table, "ConsistentRead": true});
            if !after.is_null() {
                scan["ExclusiveStartKey"] = after;
            }
            let mut page = aws::dynamodb(&self.servers.dynamodb_url(), "Scan", scan).await;
            let found: Vec<serde_dynamo::Item> =
                serde_json::from_value(page["Items"].take()).expect("items");
            let read = found.into_iter().map(serde_dynamo::from_item);
            items.extend(read.map(|item| item.expect("an item as JSON")));
            after = page["LastEvaluatedKey"].take();
            if after.is_null() {
                return items;
            }
        }
    }

    /// What was recorded without being shown to anybody.
    pub async fn raw_items(&self) -> Vec<Value> {
        let mut items = self.items().await;
        items.retain(|item| item["sk"].as_str().is_some_and(|sk| sk.starts_with("RAW#")));
        items
    }

    /// Waits until nothing is left to be delivered or sent in any session, and no drainer is at work.
    pub async fn settled(&self) {
        until("nothing is left to go out", async || {
            let items = self.items().await;
            let mut sessions = items.iter().filter(|item| item["sk"] == "@session");
            !sessions.any(|session| session.get("due_at").is_some())
        })
        .await;
    }

    /// Has many processes of Udesk's webhook wait, so that none must be started, on a machine that is
    /// busy already, when many pushes come at once.
    pub async fn warm_webhook(&self) {
        self.warm("webhook-udesk", 20).await;
    }

    /// The same, so many of any webhook.
    pub async fn warm(&self, function: &str, processes: usize) {
        let knock = || self.push_to(function, "nobodys-path-secret", "");
        join_all((0..processes).map(|_| knock())).await;
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

/// What a list of API keys hashes to, as the functions are given it.
pub fn hashes(keys: &str) -> String {
    let hashes = keys.split(',').map(|key| hex::encode(Sha256::digest(key)));
    hashes.collect::<Vec<_>>().join(",")
}

/// A customer token that this secret signed.
pub fn token_signed_with(secret: &str, customer: &str, expires_in: i64, now: i64) -> String {
    let secret = secret.to_owned();
    let settings = Settings::new(move |name| match name {
        "API_KEY_HASHES" => Some(hashes(API_KEY)),
        "CUSTOMER_TOKEN_SECRETS" => Some(secret.clone()),
        _ => None,
    });
    let guard = Guard::from_settings(&settings).expect("a guard");
    let customer = CustomerId::parse(customer).expect("a customer");
    guard.issue(&customer, expires_in, now).expect("a token").0
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
