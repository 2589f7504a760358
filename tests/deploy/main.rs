//! What is deployed is what was tested: infra/template.yaml and the bootstraps of `cargo lambda build`,
//! deployed by SAM's tools to an emulator of AWS, driven over the stack's own URLs, and removed.
//!
//! `tests/deploy/run` builds, installs and runs; `README.md` beside this says what differs from AWS.
//! [`emulator`] is AWS, [`stack`] what is deployed there, [`smoke`] the script that whoever deploys
//! runs too, [`tools`] the programs for all that.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "test code: a panic is how a test fails"
)]

mod emulator;
mod smoke;
mod stack;
mod tools;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use deskbridge_local::Template;
use deskbridge_twins::{
    sobot::{self, PushKind},
    tencent,
    udesk::{Fault, Options, Twin},
};
use emulator::Emulator;
use harness::{
    BOUND,
    app::{App, Event},
    binaries::root,
    http_client, until, until_within,
    world::{
        API_KEY, EVENTS_SECRET, PATH_SECRET, SOBOT_PATH_SECRET, TENCENT_PATH_SECRET, TOKEN_SECRET,
        hashes,
    },
};
use http::Method;
use serde_json::{Value, json};
use stack::Stack;

/// A body of the inbox, as a webhook leaves it there: what agent Tom said to customer FR.
const INBOX_EVENT: &str = include_str!("../fixtures/events/ingest-inbox.json");
/// The token of Tencent's callback authentication.
const TENCENT_CALLBACK_TOKEN: &str = "test-tencent-callback-token";
/// Two turns of the schedule: the first may come before what it is to find.
const SCHEDULE: Duration = Duration::from_secs(130);
/// No session has this id: the nudge fails whenever it is taken up.
const BAD_NUDGE: &str = r#"{"nudge_v1":{"session":"not-a-session"}}"#;

#[tokio::main]
async fn main() {
    let started = Instant::now();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("deploy");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    every_function_has_its_bootstrap();

    let deployed = Deployed::start(&folder).await;
    let conversation = Instant::now();
    deployed.a_conversation_at_udesk().await;
    deployed.a_conversation_at_sobot().await;
    deployed.a_conversation_at_tencent().await;
    deployed.all_else_at_udesk().await;
    deployed.a_message_waits_for_a_busy_desk().await;
    deployed.a_body_of_the_inbox_is_taken_up().await;
    said(
        "the conversations were had over the stack's URLs",
        conversation,
    );
    deployed.a_lost_nudge_a_failing_nudge_and_a_good_one().await;
    deployed.a_path_secret_rotates().await;
    deployed.every_event_was_signed().await;
    deployed.remove().await;
    // A failed test leaves it, with the log.
    std::fs::remove_dir_all(&folder).expect("the folder is removed");
    said("deployment test passed", started);
}

/// A line of the log, with the time since then.
fn said(what: &str, since: Instant) {
    println!("{what}, {:.1} s", since.elapsed().as_secs_f64());
}

fn template() -> Template {
    let path = root().join("infra/template.yaml");
    Template::read(&path, &Default::default()).expect("the template is understood")
}

fn every_function_has_its_bootstrap() {
    for function in template().functions().keys() {
        let bootstrap = root().join(format!("target/lambda/{function}/bootstrap"));
        assert!(
            bootstrap.exists(),
            "{} is missing: tests/deploy/run builds it",
            bootstrap.display()
        );
    }
}

/// The stack, with the vendors and the app around it.
struct Deployed {
    emulator: Emulator,
    stack: Stack,
    /// Where the API answers.
    api: String,
    udesk: Twin,
    sobot: sobot::Twin,
    tencent: tencent::Twin,
    app: App,
}

impl Deployed {
    async fn start(folder: &Path) -> Self {
        let udesk = Twin::start(Options::default()).await.expect("Udesk's twin");
        let sobot = sobot::Twin::start(sobot::Options::default()).await;
        let sobot = sobot.expect("Sobot's twin");
        let tencent = tencent::Twin::start(tencent::Options::default()).await;
        let tencent = tencent.expect("Tencent's twin");
        let app = App::start(EVENTS_SECRET).await;

        let began = Instant::now();
        let emulator = Emulator::start(folder).await;
        said("ministack runs", began);
        let began = Instant::now();
        let template = Stack::package(folder, &emulator).await;
        said("template and bootstraps packaged", began);
        let parameters = [
            ("ApiKeyHashes", hashes(API_KEY)),
            ("AppEventsUrl", app.url()),
            ("AppEventsAllowedHosts", "127.0.0.1".to_owned()),
            ("RetryScheduleSeconds", "1,1,1,1,1,1,1,1,1,1".to_owned()),
            ("NudgeGraceSeconds", "1".to_owned()),
            ("HealScheduleSeconds", "2,5,10,20,40,60".to_owned()),
            ("UdeskBaseUrl", udesk.url()),
            ("UdeskEmail", "admin@udesk.cn".to_owned()),
            ("SobotBaseUrl", sobot.url()),
            ("SobotSysnum", "ABC".to_owned()),
            ("TencentBaseUrl", tencent.url()),
            ("TencentSdkAppId", "1400000000".to_owned()),
            ("TencentAdmin", "administrator".to_owned()),
            (
                "TencentServiceAccount",
                "@customer_service_account".to_owned(),
            ),
            (
                "TencentEvents",
                deskbridge_twins::tencent::EventNames::default().setting(),
            ),
        ];
        let began = Instant::now();
        let stack = Stack::create(
            folder,
            &emulator,
            template,
            &secrets(PATH_SECRET),
            &parameters,
        )
        .await;
        said("stack created", began);

        let deployed = Self {
            api: emulator.api_url(stack.output("ApiUrl")),
            emulator,
            stack,
            udesk,
            sobot,
            tencent,
            app,
        };
        // As the vendors' consoles are told.
        let udesk = deployed.webhook("WebhookUdeskUrl", PATH_SECRET);
        deployed.udesk.set_receive_url(udesk);
        let events = deployed.webhook("WebhookUdeskEventUrl", PATH_SECRET);
        deployed.udesk.set_event_url(events);
        for (kind, output) in [
            (PushKind::Offline, "WebhookSobotOfflineMessageUrl"),
            (PushKind::Unread, "WebhookSobotUnreadMessageUrl"),
            (PushKind::ChatList, "WebhookSobotChatListUrl"),
        ] {
            let url = deployed.webhook(output, SOBOT_PATH_SECRET);
            deployed.sobot.set_push_url(kind, url);
        }
        let callbacks = deployed.webhook("WebhookTencentUrl", TENCENT_PATH_SECRET);
        deployed.tencent.set_callback_url(callbacks);
        deployed
            .tencent
            .switch(|switches| switches.callback_token = Some(TENCENT_CALLBACK_TOKEN.to_owned()));
        deployed
    }

    /// A function URL, as a vendor's console has it.
    fn webhook(&self, output: &str, secret: &str) -> String {
        let url = self.emulator.function_url(self.stack.output(output));
        format!("{url}/{secret}")
    }

    /// Token, session, the customer writes, an agent answers, the session is closed.
    async fn a_conversation_at_udesk(&self) {
        smoke::run(&self.api, "udesk", "DE", async || {
            let came = self.udesk.messages_from("DE");
            assert_eq!(came.len(), 1, "what the customer wrote: {came:?}");
            let pushed = self.udesk.agent_says("DE", "What can I do for you?").await;
            let pushed = pushed.expect("an agent is there");
            assert!(pushed.is_good(), "{pushed:?}");
        })
        .await;
        let events = self.told_until_closed("DE").await;
        assert_eq!(events[0].kind, "session.started", "{events:?}");
        assert!(received(&events).contains(&"What can I do for you?".to_owned()));
    }

    /// Three pushes, each to its own function URL, become events of one session.
    async fn a_conversation_at_sobot(&self) {
        smoke::run(&self.api, "sobot", "SO", async || {
            for push in [PushKind::Offline, PushKind::Unread, PushKind::ChatList] {
                let text = format!("{push:?}: your parcel is on its way");
                let pushed = self.sobot.agent_says("SO", push, &text).await;
                assert!(pushed.is_good(), "{pushed:?}");
            }
        })
        .await;
        let events = self.told_until_closed("SO").await;
        let received = received(&events);
        assert!(received.len() >= 2, "{events:?}");
        let unread = events.iter().any(|event| event.kind == "customer.unread");
        assert!(unread, "{events:?}");
    }

    async fn a_conversation_at_tencent(&self) {
        smoke::run(&self.api, "tencent", "user45", async || {}).await;
        let came = self.tencent.messages_to("user45");
        assert_eq!(came.len(), 1, "{came:?}");
        self.told_until_closed("user45").await;
        // Another comes by Tencent's own client; each callback is signed.
        self.tencent.user_comes("user46").await;
        self.tencent.agent_takes("user46", "test@qq.com").await;
        let told = self.tencent.agent_says("user46", "It leaves today").await;
        assert_eq!(told.and_then(|told| told.status()), Some(200));
        self.tencent.agent_closes("user46", None).await;
        let events = self.told_until_closed("user46").await;
        assert!(received(&events).contains(&"It leaves today".to_owned()));
    }

    /// The customer's events, when the last of them has said that the session is closed.
    async fn told_until_closed(&self, customer: &str) -> Vec<Event> {
        let of = |events: &[Event]| -> Vec<Event> {
            let of_customer = events.iter().filter(|event| event.customer == customer);
            of_customer.cloned().collect()
        };
        let closed = |events: &[Event]| {
            let last = of(events).pop();
            last.is_some_and(|event| event.kind == "session.closed")
        };
        let events = of(&self.app.wait_for(BOUND, closed).await);
        self.app.assert_in_order(&events[0].session);
        println!("  the app was told: {}", kinds(&events).join(", "));
        events
    }

    /// Every function that Udesk alone has, once, over the stack's URLs.
    async fn all_else_at_udesk(&self) {
        let ok = async |method: Method, path: &str, body: Option<Value>| {
            let (status, answer) = self.call(method.clone(), path, body).await;
            assert_eq!(status, 200, "{method} {path}: {answer}");
            answer
        };
        let urobot = json!({"vendor": "udesk", "customer": "all", "assign": {"to": "urobot", "robot_id": 12362, "scene_id": 39}});
        let (status, session) = self.call(Method::POST, "/sessions", Some(urobot)).await;
        assert_eq!(status, 201, "{session}");
        let id = session["id"].as_str().expect("an id").to_owned();
        let of = |what: &str| format!("/sessions/{id}/{what}");
        let welcome = ok(Method::GET, &of("messages"), None).await["messages"][0]["id"].clone();
        let welcome = welcome.as_str().expect("a welcome");
        let rating = of(&format!("messages/{welcome}/rating"));
        ok(Method::POST, &rating, Some(json!({"useful": true}))).await;
        let transfer = Some(json!({"kind": "transfer"}));
        let agent = Some(json!({"vendor": "udesk", "customer": "all", "assign": {"to": "agent"}}));
        ok(Method::POST, "/sessions", agent).await;
        ok(Method::POST, &of("robot-actions"), transfer).await;
        let typed = Some(json!({"content": "Where is my par"}));
        let preview = ok(Method::PUT, &of("preview"), typed).await;
        assert_eq!(preview["status"], "shown");
        let online = Some(json!({"online": true}));
        ok(Method::PUT, "/customers/all/presence", online).await;
        self.agent_says("all", "Everything works").await;
        self.until_told(&id, "Everything works", BOUND).await;
        self.what_no_push_brought_is_looked_for(&id, "all").await;
        let standing = ok(Method::GET, "/customers/all", None).await;
        assert_eq!(standing["status"], "in_session", "{standing}");
        let said = ok(Method::GET, &of("messages"), None).await;
        let last = said["messages"].as_array().and_then(|all| all.last());
        let last = last.expect("a message")["id"].clone();
        ok(Method::POST, &of("reads"), Some(json!({"through": last}))).await;
        ok(Method::POST, &of("survey"), Some(json!({"option": "36"}))).await;
        ok(Method::GET, "/desk/agents", None).await;
        let page = json!({"mode": "token", "customer": "all", "parameters": {"color": "04babc"}});
        let made = ok(Method::POST, "/sobot/web-access", Some(page)).await;
        let link = made["pc_link"].as_str().expect("a link");
        assert!(
            link.contains("&token=") && link.ends_with("&color=04babc"),
            "{link}"
        );
        let card = json!({"session": 9001, "customer": 7001, "agent": 3, "card": {"title": "Free returns",
            "description": "Send it back within 30 days.", "image": "https://shop.example.com/returns.png"}});
        let sent = ok(Method::POST, "/desk/cards", Some(card)).await;
        assert_eq!(sent["status"], "sent");
        let guests = self.udesk.guests();
        let came = guests.iter().find(|guest| guest.customer_id == 7001);
        assert_eq!(came.expect("a guest").cards.len(), 1);

        // The close is told by event alone: it comes through the other webhook, or is looked for.
        self.udesk.switch(|switches| switches.lose_pushes = true);
        let closed = self.udesk.agent_closes("all", "normal").await;
        closed.expect("an agent is there");
        self.udesk.switch(|switches| switches.lose_pushes = false);
        self.told_until_closed("all").await;
        let range = "from=2020-01-01T00:00:00Z&to=2099-01-01T00:00:00Z&customer=all";
        until("all has been told, and is erased", async || {
            let path = format!("/sessions?{range}");
            ok(Method::DELETE, &path, None).await["erased"] == 1
        })
        .await;
        let (status, gone) = self
            .call(Method::GET, &format!("/sessions/{id}"), None)
            .await;
        assert_eq!(status, 404, "{gone}");

        // An agent opens the list of cards; without Udesk's signature nobody does.
        let page = self.emulator.function_url(self.stack.output("CardPageUrl"));
        let now = deskbridge::clock::now() / 1_000;
        let signed = harness::cards::signed(1, 1, 1, now);
        for (query, wanted) in [(signed.as_str(), 200), ("im_sub_session_id=1", 403)] {
            let answer = http_client().get(format!("{page}?{query}")).send().await;
            assert_eq!(
                answer.expect("the page answers").status(),
                wanted,
                "{query}"
            );
        }
        println!("every function of Udesk's was called once");
    }

    /// Through the queue `heals` and its mapping: while the conversation goes on, nobody else asks Udesk what was missed.
    async fn what_no_push_brought_is_looked_for(&self, session: &str, customer: &str) {
        let began = Instant::now();
        self.udesk.switch(|switches| switches.lose_pushes = true);
        let unheard = "Nobody is told of this";
        let said_unheard = self.udesk.agent_says(customer, unheard).await;
        said_unheard.expect("an agent is there");
        self.udesk.switch(|switches| switches.lose_pushes = false);
        let late = |event: &Event| {
            let message = &event.data["message"];
            event.session == session && message["content"] == unheard && message["late"] == true
        };
        let events = self
            .app
            .wait_for(SCHEDULE, |events| events.iter().any(late));
        events.await;
        said("a message without a push was found by heal-session", began);
    }

    /// Through the queue `sends` and its mapping.
    async fn a_message_waits_for_a_busy_desk(&self) {
        let session = self.open("busy").await;
        let fault = Fault::Status(503);
        self.udesk.fault("POST /im/messages", fault, Some(1));
        let message = json!({"id": "c-1", "kind": "text", "content": "Where is my parcel?"});
        let path = format!("/sessions/{session}/messages");
        let (status, answer) = self.call(Method::POST, &path, Some(message)).await;
        assert_eq!((status, &answer["status"]), (202, &"queued".into()));
        until("the message is at the desk", async || {
            !self.udesk.messages_from("busy").is_empty()
        })
        .await;
        println!("a message for a busy desk was sent by drain-sends");
    }

    /// Through the queue `inbox` and its mapping.
    async fn a_body_of_the_inbox_is_taken_up(&self) {
        let event: Value = serde_json::from_str(INBOX_EVENT).expect("JSON");
        let body = event["Records"][0]["body"].as_str().expect("a body");
        self.send_to("InboxQueueUrl", body).await;
        let of_fr = |event: &Event| event.kind == "message.received" && event.customer == "FR";
        let events = self.app.wait_for(BOUND, |events| events.iter().any(of_fr));
        let event = events.await.into_iter().find(of_fr).expect("it came");
        assert_eq!(
            event.data["message"]["content"],
            "Hello, what can I help you with?"
        );
        println!("a webhook's body was taken from the inbox by ingest-inbox");
    }

    /// In one batch: a nudge that fails, which comes back until it is a dead letter, and one that is
    /// good, which does not. Meanwhile the schedule finds an event whose nudge was lost.
    async fn a_lost_nudge_a_failing_nudge_and_a_good_one(&self) {
        let lost = self.open("lost").await;
        let good = self.open("good").await;
        self.until_empty("DeliveriesQueueUrl").await;

        let mapping = self.mapping_of("DeliveriesQueueUrl").await;
        self.enable(&mapping, false).await;
        self.agent_says("lost", "Nobody is nudged for this").await;
        let purge = json!({"QueueUrl": self.stack.output("DeliveriesQueueUrl")});
        self.sqs("PurgeQueue", purge).await;
        let began = Instant::now();
        self.agent_says("good", "Is this in the batch?").await;
        self.send_to("DeliveriesQueueUrl", BAD_NUDGE).await;
        assert!(self.depth("DeliveriesQueueUrl").await >= 2, "both wait");
        self.enable(&mapping, true).await;

        self.until_told(&good, "Is this in the batch?", BOUND).await;
        until("the batch has failed in part", async || {
            let log = self.emulator.log();
            let mut of_queue = log.lines().filter(|line| line.contains("DeliveriesQueue"));
            of_queue.any(|line| line.contains("(1 partial failures)"))
        })
        .await;
        said(
            "of a batch, the good nudge was done and one came back",
            began,
        );

        let dead = "DeliveriesDeadLettersUrl";
        until_within(Duration::from_secs(60), "a dead letter", async || {
            self.depth(dead).await > 0
        })
        .await;
        let receive = json!({"QueueUrl": self.stack.output(dead), "MaxNumberOfMessages": 10});
        let letters = self.sqs("ReceiveMessage", receive).await;
        let letters = letters["Messages"].as_array().cloned().unwrap_or_default();
        let bodies: Vec<_> = letters.iter().map(|letter| &letter["Body"]).collect();
        assert_eq!(bodies, [BAD_NUDGE], "the failing nudge and no other");
        said("the failing nudge is a dead letter", began);

        self.until_told(&lost, "Nobody is nudged for this", SCHEDULE)
            .await;
        said("an event without a nudge was found by the schedule", began);
        self.app.assert_in_order(&good);
        self.app.assert_in_order(&lost);
        self.until_empty("DeliveriesQueueUrl").await;
    }

    /// As README.md says: the new one beside the old one, a stack update, the vendor's console, the old
    /// one away.
    async fn a_path_secret_rotates(&self) {
        let began = Instant::now();
        let new = "rotated-udesk-path-secret";
        let session = self.open("rotation").await;
        let both = format!("{new},{PATH_SECRET}");
        self.update(&both, "info,deskbridge=info").await;
        self.agent_says("rotation", "Still under the old one").await;
        let url = self.webhook("WebhookUdeskUrl", new);
        self.udesk.set_receive_url(url);
        self.agent_says("rotation", "Under the new one").await;
        self.update(new, "info").await;
        self.agent_says("rotation", "Under the new one alone").await;
        self.until_told(&session, "Under the new one alone", BOUND)
            .await;
        self.app.assert_in_order(&session);
        let old = self.webhook("WebhookUdeskUrl", PATH_SECRET);
        let refused = http_client().post(old).body("{}").send().await;
        let status = refused.expect("the webhook answers").status();
        assert!(status.is_client_error(), "{status}");
        said("a path secret was rotated by two stack updates", began);
    }

    async fn update(&self, udesk_webhook: &str, log: &str) {
        let secrets = secrets(udesk_webhook);
        self.stack.update(&self.emulator, &secrets, log).await;
    }

    /// The official package says so too.
    async fn every_event_was_signed(&self) {
        let deliveries = self.app.deliveries();
        let problems: Vec<_> = deliveries
            .iter()
            .filter_map(|delivery| delivery.problem.clone())
            .collect();
        assert!(problems.is_empty(), "{problems:?}");
        let signed: Vec<_> = deliveries
            .iter()
            .map(|delivery| delivery.signed())
            .collect();
        let verdicts = harness::signature::verify_with_python(EVENTS_SECRET, &signed).await;
        for (verdict, delivery) in verdicts.iter().zip(&deliveries) {
            assert_eq!(verdict.expected, delivery.signature, "{}", delivery.id);
        }
        println!("{} deliveries, all signed", deliveries.len());
    }

    /// Nothing is left but the table, which outlives its stack.
    async fn remove(self) {
        let began = Instant::now();
        let webhook = self.webhook("WebhookUdeskUrl", PATH_SECRET);
        let table = self.stack.output("TableName").to_owned();
        self.stack.remove().await;
        let functions = self.emulator.lambda(Method::GET, "functions/", "").await;
        assert_eq!(functions["Functions"], json!([]));
        let list = "AmazonSQS.ListQueues";
        let queues = self.emulator.json("sqs", list, json!({})).await;
        assert_eq!(queues["QueueUrls"].as_array().map_or(0, Vec::len), 0);
        for url in [webhook, self.api] {
            let answer = http_client().post(&url).send().await;
            let status = answer.expect("the emulator answers").status();
            assert!(status.is_client_error(), "{url}: {status}");
        }
        let list = "DynamoDB_20120810.ListTables";
        let tables = self.emulator.json("dynamodb", list, json!({})).await;
        assert_eq!(tables["TableNames"], json!([table]));
        said("stack removed, its table kept", began);
        self.emulator.stop().await;
    }

    /// Our session's id; the app has been told that it has started.
    async fn open(&self, customer: &str) -> String {
        let ask = json!({"vendor": "udesk", "customer": customer, "assign": {"to": "agent"}});
        let (status, session) = self.call(Method::POST, "/sessions", Some(ask)).await;
        assert_eq!(status, 201, "{session}");
        let id = session["id"].as_str().expect("an id").to_owned();
        let told = self.app.wait_for_events_of(&id, 1, BOUND).await;
        assert_eq!(told[0].kind, "session.started");
        id
    }

    async fn agent_says(&self, customer: &str, text: &str) {
        let pushed = self.udesk.agent_says(customer, text).await;
        let pushed = pushed.expect("an agent is there");
        assert!(pushed.is_good(), "{pushed:?}");
    }

    async fn until_told(&self, session: &str, text: &str, bound: Duration) {
        let wanted = |event: &Event| {
            event.session == session && event.data["message"]["content"].as_str() == Some(text)
        };
        self.app
            .wait_for(bound, |events| events.iter().any(wanted))
            .await;
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = http_client()
            .request(method, format!("{}{path}", self.api))
            .header("authorization", format!("Bearer {API_KEY}"))
            .header("content-type", "application/json")
            .body(body.map(|body| body.to_string()).unwrap_or_default());
        let answer = request.send().await.expect("the API answers");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("text");
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    async fn sqs(&self, operation: &str, input: Value) -> Value {
        let operation = format!("AmazonSQS.{operation}");
        self.emulator.json("sqs", &operation, input).await
    }

    async fn send_to(&self, output: &str, body: &str) {
        let message = json!({"QueueUrl": self.stack.output(output), "MessageBody": body});
        self.sqs("SendMessage", message).await;
    }

    /// How many messages a queue holds, under way or not.
    async fn depth(&self, output: &str) -> u64 {
        let names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ];
        let ask = json!({"QueueUrl": self.stack.output(output), "AttributeNames": names});
        let got = self.sqs("GetQueueAttributes", ask).await;
        let count = |name: &str| got["Attributes"][name].as_str()?.parse::<u64>().ok();
        names.into_iter().filter_map(count).sum()
    }

    async fn until_empty(&self, output: &str) {
        until("the queue is empty", async || self.depth(output).await == 0).await;
    }

    /// The event source mapping of a queue.
    async fn mapping_of(&self, output: &str) -> String {
        let url = self.stack.output(output);
        let (_, queue) = url.rsplit_once('/').expect("a queue's URL");
        let path = "event-source-mappings/";
        let mappings = self.emulator.lambda(Method::GET, path, "").await;
        let mappings = mappings["EventSourceMappings"].as_array().cloned();
        let of_queue = mappings.unwrap_or_default().into_iter().find(|mapping| {
            let arn = mapping["EventSourceArn"].as_str();
            arn.is_some_and(|arn| arn.ends_with(queue))
        });
        let mapping = of_queue.expect("the queue has a mapping");
        mapping["UUID"].as_str().expect("an id").to_owned()
    }

    async fn enable(&self, mapping: &str, enabled: bool) {
        let path = format!("event-source-mappings/{mapping}");
        let change = json!({"Enabled": enabled}).to_string();
        self.emulator.lambda(Method::PUT, &path, &change).await;
    }
}

/// The stack's secret, with these path secrets for Udesk; the rest is what the twins expect.
fn secrets(udesk_webhook: &str) -> [(&str, &str); 11] {
    [
        ("CUSTOMER_TOKEN_SECRETS", TOKEN_SECRET),
        ("APP_EVENTS_SECRETS", EVENTS_SECRET),
        ("UDESK_API_TOKEN", "0f6c9d2e-5b3a-4c1d-8e7f-112233445566"),
        (
            "UDESK_STRUCT_MESSAGE_KEY",
            "708ff6dc-41d5-4med-9ebc-0388zz9d76f1",
        ),
        ("UDESK_WEBHOOK_SECRETS", udesk_webhook),
        ("SOBOT_KEY", "258eec3118705112b2c53dc8043d4d34"),
        ("SOBOT_APP_KEY", ""),
        ("SOBOT_WEBHOOK_SECRETS", SOBOT_PATH_SECRET),
        (
            "TENCENT_SECRET_KEY",
            "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e",
        ),
        ("TENCENT_WEBHOOK_SECRETS", TENCENT_PATH_SECRET),
        ("TENCENT_CALLBACK_TOKEN", TENCENT_CALLBACK_TOKEN),
    ]
}

fn kinds(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.kind.as_str()).collect()
}

/// What the desk said.
fn received(events: &[Event]) -> Vec<String> {
    let received = events
        .iter()
        .filter(|event| event.kind == "message.received");
    let contents = received.filter_map(|event| event.data["message"]["content"].as_str());
    contents.map(str::to_owned).collect()
}
