//! What must not be seen is not seen: canaries of every kind go through every function, in good days and
//! bad ones, and none of them is in a log or in an error.
//!
//! Everything is logged that can be asked for (`RUST_LOG=trace`).

use std::{io::Write, process::Stdio};

use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use deskbridge_local::access_key;
use deskbridge_twins::udesk::Fault;
use harness::{
    BOUND,
    app::App,
    binaries::binaries,
    cards::signed,
    faults::{Calls, Fault as WireFault, Proxy},
    push, until,
    world::{
        API_KEY, EVENTS_SECRET, PATH_SECRET, SOBOT_PATH_SECRET, SOBOT_WEBHOOKS, STRUCT_MESSAGE_KEY,
        TENCENT_DOOR, TENCENT_PATH_SECRET, TOKEN_SECRET, World, hashes,
    },
};
use serde_json::{Value, json};
use tokio::process::Command;

/// What must not be seen, and what each of them is.
#[derive(Default)]
struct Canaries(Vec<Canary>);

struct Canary {
    what: String,
    text: String,
    /// Whoever sent it may read it again in the answer: it is no secret of somebody else's.
    own: bool,
}

impl Canaries {
    /// A new one: letters and digits, so that no encoding changes it but base64.
    fn sing(&mut self, what: &str) -> String {
        let text = format!("Canary{:03}oF{}", self.0.len(), "aBcDeFgH");
        self.keep(what, &text);
        text
    }

    /// A new one that its sender may be told again.
    fn sing_back(&mut self, what: &str) -> String {
        let text = self.sing(what);
        self.0.last_mut().unwrap().own = true;
        text
    }

    /// One that was there before, or was made of others.
    fn keep(&mut self, what: &str, text: &str) {
        assert!(text.len() >= 10, "{what}: {text}");
        self.0.push(Canary {
            what: what.to_owned(),
            text: text.to_owned(),
            own: false,
        });
    }

    /// Those that stand in the text, as they are or within something in base64.
    fn seen_in(&self, text: &str) -> Vec<&Canary> {
        let seen = |canary: &&Canary| {
            text.contains(&canary.text)
                || in_base64(&canary.text)
                    .iter()
                    .any(|encoded| text.contains(encoded))
        };
        self.0.iter().filter(seen).collect()
    }
}

/// How a text looks within something in base64: which of three ways depends on where it begins.
fn in_base64(text: &str) -> [String; 3] {
    [0, 1, 2].map(|before| {
        let whole = BASE64_STANDARD_NO_PAD.encode("\0".repeat(before) + text);
        // The first and the last letter may belong to what stands beside.
        let from = (before * 8).div_ceil(6);
        let to = (before + text.len()) * 8 / 6;
        whole[from..to].to_owned()
    })
}

#[test]
fn a_canary_is_heard_in_base64_too() {
    let mut canaries = Canaries::default();
    let canary = canaries.sing("a test");
    for before in ["", "a", "ab", "abc"] {
        let text = BASE64_STANDARD_NO_PAD.encode(format!("{before}{canary} and more"));
        assert_eq!(canaries.seen_in(&text).len(), 1, "{before}");
    }
    assert!(canaries.seen_in("nothing").is_empty());
}

/// Answers of the API, as far as they are errors.
#[derive(Default)]
struct Told(String);

/// A call of the API with these headers; what it answers is kept where it is an error.
async fn call(
    world: &World,
    told: &mut Told,
    bearer: &str,
    route: (&str, &str),
    headers: &[(&str, String)],
    body: impl Into<Vec<u8>>,
) -> Value {
    let mut all = vec![("authorization", format!("Bearer {bearer}"))];
    all.push(("content-type", "application/json".to_owned()));
    all.extend(headers.iter().cloned());
    let body: Vec<u8> = body.into();
    let body = (!body.is_empty()).then_some(body);
    let answer = world.send(route.0, route.1, &all, body).await;
    if answer.status >= 400 {
        told.0 += &answer.text;
        told.0 += "\n";
    }
    answer.body
}

/// A push with canaries in all its texts, of each kind that a vendor has.
fn pushes(
    canaries: &mut Canaries,
    customer: &str,
    udesk: i64,
    round: usize,
) -> Vec<(&'static str, String)> {
    let id = |name: &str| format!("{name}_{round}");
    let mut sing = |what: &str| canaries.sing(what);
    let url = |canary: String| format!("https://files.example.com/1.png?sign={canary}");
    let mut pushes = vec![
        (
            "webhook-udesk",
            push::reply(
                customer,
                &[
                    push::text(&id("udesk"), udesk, &sing("an agent's text")),
                    push::message(
                        "image",
                        &id("udesk_image"),
                        udesk,
                        json!({"content": url(sing("a file's URL from Udesk")), "filename": sing("a file's name"), "filesize": "1k"}),
                    ),
                    // Of no kind that is known, and of one with a wrong field.
                    push::message(&sing("a kind"), &id("udesk_3"), udesk, json!({"content": sing("an unknown kind's text")})),
                    push::message("message", &id("udesk_4"), udesk, json!({"content": [sing("a text that is a list")]})),
                    json!({"type": "message", "message_id": {"x": sing("an id that is an object")}, "im_sub_session_id": sing("a session's id that is a text")}),
                ],
            ),
        ),
        ("webhook-udesk", push::read(udesk, &[&sing("a message's id")])),
        ("webhook-udesk", json!({"customer_token": sing("a customer whom we do not know"), "assign_type": sing("who serves"), "messages": sing("messages that are a text")}).to_string()),
        ("webhook-udesk", json!({sing("a field's name"): sing("a field's value")}).to_string()),
        ("webhook-udesk", format!("{{\"customer_token\":\"{}", sing("JSON that breaks off"))),
        ("webhook-udesk", format!("<xml>{}</xml>", sing("what is no JSON"))),
        ("webhook-udesk", push::reply(&format!("{}\n", sing("a customer who can't be one")), &[push::text(&id("udesk_5"), udesk, &sing("a text to them"))])),
        (
            SOBOT_WEBHOOKS[0],
            json!({"type": 202, "partnerId": customer, "msgId": id("sobot"), "content": sing("an agent's text at Sobot"),
                "msgType": "text", "aname": sing("an agent's name"), "aface": url(sing("an agent's picture")), "params": sing("Sobot's params")})
            .to_string(),
        ),
        (SOBOT_WEBHOOKS[1], push::sobot_text(customer, &id("sobot_1"), "cid_1", &sing("an unread text"))),
        (SOBOT_WEBHOOKS[2], push::sobot_chat_list(customer, "cid_1", 3, &sing("the last text of a chat"))),
    ];
    let event = |name: &str, key: &str, more: Value| {
        let mut event = json!({"CallbackCommand": "Desk.SessionEventNotify", "SessionId": "session_1", "Event": name,
            "EventTime": 1_725_540_020_017_i64, "ClientUserId": customer, "MsgKey": key});
        for (name, value) in more.as_object().unwrap() {
            event[name] = value.clone();
        }
        ("webhook-tencent", event.to_string())
    };
    let words = |text: String| json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]);
    pushes.extend([
        event(
            "ChatBot.UserSendMsg",
            &id("1_2"),
            json!({"MsgBody": words(sing("a customer's text at Tencent")), "CloudCustomData": sing("Tencent's custom data"), "AgentId": sing("an agent's account")}),
        ),
        event(
            "ChatBot.RobotSendMsg",
            &id("1_3"),
            json!({"MsgBody": [{"MsgType": sing("an element's type"), "MsgContent": {"Data": sing("an element's data")}}]}),
        ),
        event(&sing("an event's name"), &id("1_4"), json!({"MsgBody": words(sing("a text of an event without a name"))})),
        ("webhook-tencent", sing("a callback that is no JSON")),
    ]);
    for webhook in SOBOT_WEBHOOKS {
        let odd = json!({"type": 202, "partnerId": sing("Sobot's customer"), "msgType": sing("Sobot's kind"), "content": {"x": sing("Sobot's content")}, "sysNum": sing("another company's number")});
        pushes.push((webhook, odd.to_string()));
        pushes.push((webhook, sing("a push that is no JSON")));
    }
    pushes
}

/// Posts them all.
async fn push_all(world: &World, pushes: &[(&'static str, String)]) {
    for (function, body) in pushes {
        let secret = match *function {
            "webhook-udesk" => PATH_SECRET,
            "webhook-tencent" => TENCENT_DOOR,
            _ => SOBOT_PATH_SECRET,
        };
        let answer = world.push_to(function, secret, body.clone()).await;
        assert!(
            [200, 503].contains(&answer.status),
            "{function}: {answer:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_canary_is_in_a_log_or_in_an_error() {
    let mut canaries = Canaries::default();
    // Each list of secrets has an older one beside the one that is used.
    let whsec = "whsec_Q2FuYXJ5T2ZFdmVudHNTZWNyZXRPbGRlcg==";
    let mut list = |what: &str, current: &str| {
        canaries.keep(what, current);
        let older = canaries.sing(&format!("{what}, the older one"));
        // Some must be long.
        format!("{current},{older}{older}")
    };
    let keys = list("an API key", API_KEY);
    let token_secrets = list("a secret of customer tokens", TOKEN_SECRET);
    let udesk_paths = list("a path secret", PATH_SECRET);
    let sobot_paths = list("a path secret of Sobot's", SOBOT_PATH_SECRET);
    let tencent_paths = list("a path secret of Tencent's", TENCENT_PATH_SECRET);
    canaries.keep("a secret of events", EVENTS_SECRET);
    canaries.keep("a secret of events, the older one", whsec);
    canaries.keep("Udesk's token", "0f6c9d2e-5b3a-4c1d-8e7f-112233445566");
    canaries.keep("the key of cards", STRUCT_MESSAGE_KEY);
    canaries.keep("Sobot's key", "258eec3118705112b2c53dc8043d4d34");
    let tencent = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e";
    canaries.keep("Tencent's key", tencent);
    canaries.keep("Udesk's user", "admin@udesk.cn");
    let app = App::start(EVENTS_SECRET).await;
    let events = Proxy::to(&app.url()).await;
    let in_url = canaries.sing("a secret in the app's URL");
    let world = World::with(&[
        ("RUST_LOG", "trace"),
        ("API_KEY_HASHES", &hashes(&keys)),
        ("CUSTOMER_TOKEN_SECRETS", &token_secrets),
        ("UDESK_WEBHOOK_SECRETS", &udesk_paths),
        ("SOBOT_WEBHOOK_SECRETS", &sobot_paths),
        ("TENCENT_WEBHOOK_SECRETS", &tencent_paths),
        ("APP_EVENTS_SECRETS", &format!("{EVENTS_SECRET},{whsec}")),
        (
            "APP_EVENTS_URL",
            &format!("{}?token={in_url}", events.url()),
        ),
        ("RETRY_SCHEDULE_SECONDS", "1,1"),
    ])
    .await;
    let told = &mut Told::default();

    // Tokens, and what is made of secrets.
    let customer = canaries.sing_back("a customer");
    for body in [
        json!({"kind": "customer", "customer": customer}),
        json!({"kind": "tencent_usersig", "customer": "user45"}),
        json!({"kind": "sobot_page", "customer": "DE", "customized_fields": {"uname": canaries.sing("a customer's own field")}}),
        json!({"kind": "sobot_page", "customer": "DE", "channel": "h5"}),
    ] {
        let given = call(
            &world,
            told,
            API_KEY,
            ("POST", "/tokens"),
            &[],
            body.to_string(),
        )
        .await;
        canaries.keep("a token", given["token"].as_str().expect("a token"));
        if let Some(link) = given["link"].as_str() {
            canaries.keep("a page's link", link);
        }
    }
    for mode in ["token", "sign"] {
        let body = json!({"mode": mode, "customer": "DE", "leave_message": {"templateid": canaries.sing("a template")},
            "parameters": {"uname": canaries.sing("a name on Sobot's page"), "params": {"a": canaries.sing("a field on Sobot's page")}},
            "calls": [{"call": "receive_message", "handler": canaries.sing("a function of the app's page")}]});
        let body = body.to_string();
        let route = ("POST", "/sobot/web-access");
        let given = call(&world, told, API_KEY, route, &[], body).await;
        canaries.keep("a page's link", given["pc_link"].as_str().expect("a link"));
        let opens = given["config"][mode].as_str().expect("what opens the page");
        canaries.keep("what opens Sobot's page", opens);
    }
    for wrong in [
        json!({"time": canaries.sing_back("a time that is none")}),
        json!({"goods": [{"name": {"x": canaries.sing_back("a name that is an object")}}]}),
        json!({canaries.sing_back("a parameter that is none"): "on"}),
    ] {
        let body = json!({"mode": "open", "parameters": wrong}).to_string();
        let route = ("POST", "/sobot/web-access");
        call(&world, told, API_KEY, route, &[], body).await;
    }
    let token = canaries.0.iter().find(|canary| canary.what == "a token");
    let token = token.unwrap().text.clone();

    // A conversation at each desk.
    let mut sessions = Vec::new();
    for ask in [
        json!({"vendor": "udesk", "customer": customer, "assign": {"to": "agent", "channel": canaries.sing("a channel")}}),
        json!({"vendor": "sobot", "customer": customer}),
        json!({"vendor": "tencent", "customer": "user45"}),
    ] {
        let opened = call(
            &world,
            told,
            API_KEY,
            ("POST", "/sessions"),
            &[],
            ask.to_string(),
        )
        .await;
        sessions.push(opened["id"].as_str().expect("a session").to_owned());
    }
    let url = |canary: String| format!("https://files.example.com/1.png?sign={canary}");
    let mut said = Vec::new();
    let at = |session: usize| format!("/sessions/{}/messages", sessions[session]);
    for body in [
        json!({"id": canaries.sing_back("a client's id"), "kind": "text", "content": canaries.sing("a customer's text")}),
        json!({"kind": "image", "content": url(canaries.sing("a file's URL")), "file": {"name": canaries.sing("a file's name")}}),
        json!({"kind": "rich", "content": format!("<p>{}</p>", canaries.sing("a rich text"))}),
    ] {
        said.push((0, body));
    }
    for body in [
        json!({"as": "desk", "kind": "text", "content": canaries.sing("the desk's text"), "custom": canaries.sing("custom data")}),
        json!({"as": "desk", "kind": "card", "card": {"title": canaries.sing("a card's title"), "description": canaries.sing("a card's text"),
            "image": url(canaries.sing("a card's image")), "url": url(canaries.sing("a card's URL"))}}),
        json!({"as": "desk", "kind": "custom", "content": json!({"x": canaries.sing("a custom element")}).to_string()}),
    ] {
        said.push((2, body));
    }
    for (session, body) in &said {
        let key = canaries.sing_back("an idempotency key");
        let headers = [("idempotency-key", key)];
        // Where an id is in the body, that is the key.
        let headers = if body["id"].is_null() {
            &headers[..]
        } else {
            &[]
        };
        call(
            &world,
            told,
            API_KEY,
            ("POST", &at(*session)),
            headers,
            body.to_string(),
        )
        .await;
    }
    let udesk = world
        .twin
        .conversation(&customer)
        .unwrap()
        .sessions
        .last()
        .unwrap()
        .id;
    let first = pushes(&mut canaries, &customer, udesk, 1);
    push_all(&world, &first).await;
    world.settled().await;

    // What is typed and read, and who is there: in good days, and where Udesk has ended the session or is busy.
    let conversation = world.conversation(&sessions[0]).await;
    let last = conversation.last().unwrap()["id"].clone();
    let preview = format!("/sessions/{}/preview", sessions[0]);
    let presence = format!("/customers/{customer}/presence");
    let visitor = canaries.sing_back("a web token");
    let key = canaries.sing("a session key");
    let visitor = format!("/customers/{visitor}?by=web_token&session_key={key}");
    for fault in [None, Some(Fault::code(2062, "gone")), Some(Fault::Limited)] {
        for (call_of, method, path, body) in [
            (
                "PUT /im/sessions/*",
                "PUT",
                preview.clone(),
                Some(json!({"content": canaries.sing("a preview")})),
            ),
            (
                "POST /im/messages/read_messages",
                "POST",
                format!("/sessions/{}/reads", sessions[0]),
                Some(json!({"messages": [last]})),
            ),
            (
                "POST /im/customer_online_state",
                "PUT",
                presence.clone(),
                Some(json!({"online": false})),
            ),
            (
                "GET /im/customer_status",
                "GET",
                format!("/customers/{customer}"),
                None,
            ),
            ("GET /im/customer_status", "GET", visitor.clone(), None),
        ] {
            if let Some(fault) = fault.clone() {
                world.twin.fault(call_of, fault, Some(1));
            }
            let body = body.map(|body: Value| body.to_string()).unwrap_or_default();
            call(&world, told, API_KEY, (method, &path), &[], body).await;
        }
    }
    world.settled().await;

    // Whoever calls in a wrong way.
    let stranger = canaries.sing("a stranger's key");
    call(
        &world,
        told,
        &stranger,
        ("GET", "/sessions?customer=DE"),
        &[],
        "",
    )
    .await;
    call(
        &world,
        told,
        &format!("{token}x"),
        ("GET", "/sessions?customer=DE"),
        &[],
        "",
    )
    .await;
    call(
        &world,
        told,
        &token,
        ("POST", &at(1)),
        &[],
        json!({"kind": "text", "content": canaries.sing("a text to nobody's session")}).to_string(),
    )
    .await;
    let path = canaries.sing("a wrong path secret");
    for function in ["webhook-udesk"].into_iter().chain(SOBOT_WEBHOOKS) {
        world
            .push_to(
                function,
                &path,
                canaries.sing("a push under a wrong path secret"),
            )
            .await
            .expect(404);
    }
    let in_query = canaries.sing_back("a cursor");
    call(
        &world,
        told,
        API_KEY,
        (
            "GET",
            &format!("{}?after={in_query}&limit={in_query}", at(0)),
        ),
        &[],
        "",
    )
    .await;
    let in_path = canaries.sing_back("a session's id");
    for (method, path) in [
        ("GET", format!("/sessions/{in_path}")),
        ("DELETE", format!("/sessions/{in_path}")),
        ("GET", format!("/sessions/{in_path}/messages")),
        ("GET", format!("/sessions?customer={in_path}%20{in_path}")),
    ] {
        call(
            &world,
            told,
            API_KEY,
            (method, &path),
            &[("traceparent", canaries.sing("a header"))],
            "",
        )
        .await;
    }
    for path in [
        "/tokens".to_owned(),
        "/sobot/web-access".to_owned(),
        "/sessions".to_owned(),
        at(0),
    ] {
        let mut sing = |what: &str| canaries.sing_back(what);
        for body in [
            json!({sing("an unknown field"): 1}).to_string(),
            json!({"kind": sing("a kind that is none"), "vendor": sing("a vendor that is none")}).to_string(),
            json!({"kind": "text", "vendor": "udesk", "content": {"x": sing("a content that is an object")}, "customer": [sing("a customer that is a list")]}).to_string(),
            format!("{{\"kind\":\"{}", sing("a body that breaks off")),
            sing("a body that is no JSON"),
        ] {
            call(&world, told, API_KEY, ("POST", &path), &[], body).await;
        }
    }

    // A vendor that is down, that is busy, that refuses and says why at length, that says nothing one can read.
    let text = |canaries: &mut Canaries, what: &str| {
        json!({"kind": "text", "content": canaries.sing(what)}).to_string()
    };
    let quoted = canaries.sing_back("the vendor's words, which its caller may read");
    world.twin.fault(
        "POST /im/messages",
        Fault::code(2005, format!("bad content: {quoted}")),
        Some(1),
    );
    let body = text(&mut canaries, "a text that is refused");
    call(&world, told, API_KEY, ("POST", &at(0)), &[], body).await;
    for (status, body) in [
        (
            500,
            json!({"trace": canaries.sing("a vendor's failure")}).to_string(),
        ),
        (200, canaries.sing("an answer that is no JSON")),
        (
            200,
            json!({"code": canaries.sing("a code that is none")}).to_string(),
        ),
    ] {
        for wire in [&world.udesk, &world.tencent_wire, &world.sobot_wire] {
            let body = body.clone();
            wire.play(
                Calls::any().method("POST").times(2),
                WireFault::Error { status, body },
            );
        }
        let body = text(&mut canaries, "a text that is sent twice");
        call(&world, told, API_KEY, ("POST", &at(0)), &[], body).await;
        let body = json!({"as": "desk", "kind": "text", "content": canaries.sing("the desk's text that is sent twice")});
        call(
            &world,
            told,
            API_KEY,
            ("POST", &at(2)),
            &[],
            body.to_string(),
        )
        .await;
        for _ in 0..2 {
            let body = json!({"kind": "sobot_page", "customer": "DE", "customized_fields": {"uname": canaries.sing("a field that is refused")}});
            call(
                &world,
                told,
                API_KEY,
                ("POST", "/tokens"),
                &[],
                body.to_string(),
            )
            .await;
        }
        world.settled().await;
    }
    let down = [
        world.udesk.refuse().await,
        world.tencent_wire.refuse().await,
        world.sobot_wire.refuse().await,
    ];
    for (session, voice) in [(0, json!({})), (2, json!({"as": "desk"}))] {
        let mut body = voice;
        body["kind"] = json!("text");
        body["content"] = json!(canaries.sing("a text to a vendor that is down"));
        call(
            &world,
            told,
            API_KEY,
            ("POST", &at(session)),
            &[],
            body.to_string(),
        )
        .await;
    }
    call(
        &world,
        told,
        API_KEY,
        ("POST", "/tokens"),
        &[],
        json!({"kind": "sobot_page", "customer": "DE"}).to_string(),
    )
    .await;
    world.settled().await;
    for refusal in down {
        refusal.clear().await;
    }

    // An app that fails, and says why at length; one that is down; one that wants no more.
    let body = json!({"trace": canaries.sing("the app's failure")}).to_string();
    events.play(
        Calls::any().times(2),
        WireFault::Error { status: 500, body },
    );
    world
        .agent_says(&customer, &canaries.sing("a text that the app fails over"))
        .await;
    world.settled().await;
    let refusal = events.refuse().await;
    world
        .agent_says(&customer, &canaries.sing("a text while the app is down"))
        .await;
    world.settled().await;
    refusal.clear().await;
    let body = canaries.sing("the app's last words");
    events.play(
        Calls::any().times(1),
        WireFault::Error { status: 410, body },
    );
    world
        .agent_says(
            &customer,
            &canaries.sing("a text that the app does not want"),
        )
        .await;
    world.settled().await;

    // What is dead by now is listed, and taken up again.
    for log in ["deliveries", "sends"] {
        let path = format!("/deliveries?log={log}&status=dead");
        let dead = call(&world, told, API_KEY, ("GET", &path), &[], "").await;
        assert!(dead.to_string().contains("dead"), "{dead}");
        let body = json!({"log": log, "session": sessions[0]}).to_string();
        let again = call(
            &world,
            told,
            API_KEY,
            ("POST", "/deliveries/redrive"),
            &[],
            body,
        )
        .await;
        assert!(
            again["count"].as_i64().is_some_and(|count| count > 0),
            "{again}"
        );
    }
    world.settled().await;
    let in_filter = canaries.sing_back("a filter");
    for name in ["log", "status", "session", "since", "after", "limit"] {
        let path = format!("/deliveries?{name}={in_filter}");
        call(&world, told, API_KEY, ("GET", &path), &[], "").await;
        let body = json!({name: in_filter}).to_string();
        call(
            &world,
            told,
            API_KEY,
            ("POST", "/deliveries/redrive"),
            &[],
            body,
        )
        .await;
    }
    let path = format!("/deliveries/{in_filter}/redrive");
    call(&world, told, API_KEY, ("POST", &path), &[], "").await;
    call(&world, told, &token, ("GET", "/deliveries"), &[], "").await;

    // A table that refuses at length, then SQS as well.
    let sore = |canaries: &mut Canaries, what: &str| {
        WireFault::Error {
        status: 400,
        body: json!({"__type": "com.amazonaws.dynamodb.v20120810#ValidationException", "message": canaries.sing(what)}).to_string(),
    }
    };
    let table = world
        .dynamodb
        .play(Calls::any(), sore(&mut canaries, "the table's words"));
    let second = pushes(&mut canaries, &customer, udesk, 2);
    push_all(&world, &second).await;
    let body = text(&mut canaries, "a text while the table is down");
    call(&world, told, API_KEY, ("POST", &at(0)), &[], body).await;
    for route in [
        ("GET", at(0)),
        ("GET", "/deliveries".to_owned()),
        ("GET", format!("/sessions/{}", sessions[0])),
        ("DELETE", format!("/sessions/{}", sessions[0])),
    ] {
        call(&world, told, API_KEY, (route.0, &route.1), &[], "").await;
    }
    let ask =
        json!({"vendor": "udesk", "customer": canaries.sing("a customer while the table is down")});
    call(
        &world,
        told,
        API_KEY,
        ("POST", "/sessions"),
        &[],
        ask.to_string(),
    )
    .await;
    assert!(world.bundle.invoke("sweep", json!({})).await.is_err());
    let queues = world
        .sqs
        .play(Calls::any(), sore(&mut canaries, "the queue's words"));
    let third = pushes(&mut canaries, &customer, udesk, 3);
    push_all(&world, &third).await;
    queues.clear();
    // What is no task of ours, in each queue.
    for (queue, function) in [
        ("DeliveriesQueue", "drain-deliveries"),
        ("SendsQueue", "drain-sends"),
        ("HealsQueue", "heal-session"),
        ("InboxQueue", "ingest-inbox"),
    ] {
        for body in [
            json!({canaries.sing("a task that is none"): {"session": canaries.sing("a session of such a task")}}).to_string(),
            json!({"nudge_v1": {"session": canaries.sing("a session that is none"), "correlation": canaries.sing("a correlation that is none")}}).to_string(),
            json!({"webhook_v1": {"vendor": canaries.sing("a vendor in a queue"), "body": canaries.sing("a body that is no base64")}}).to_string(),
            canaries.sing("a message that is no JSON"),
        ] {
            world.queue(queue, "SendMessage", json!({"MessageBody": body})).await;
        }
        until("they are left in the queue", async || {
            let failed = world.handled(function).into_iter();
            failed.filter(|line| line["outcome"] == "failed").count() >= 4
        })
        .await;
    }
    table.clear();
    // What waits in the inbox by now waits for minutes. What comes there while webhooks alone are refused is
    // taken up at once.
    let by = |function: &str| Calls::any().signed_by(&access_key(function));
    let refused = ["webhook-udesk", "webhook-tencent"]
        .into_iter()
        .chain(SOBOT_WEBHOOKS);
    let refused: Vec<_> = refused
        .map(|function| {
            world.dynamodb.play(
                by(function),
                sore(&mut canaries, "the table's words to a webhook"),
            )
        })
        .collect();
    let fourth = pushes(&mut canaries, &customer, udesk, 4);
    push_all(&world, &fourth).await;
    until("they are taken up", async || {
        let done = world.handled("ingest-inbox").into_iter();
        done.filter(|line| line["outcome"] == "done").count() >= fourth.len()
    })
    .await;
    for refusing in refused {
        refusing.clear();
    }
    world.settled().await;

    // What customers say of agents and robots.
    for session in &sessions {
        let rating = "messages/msg_01ARZ3NDEKTSV4RRFFQ69G5FAV/rating";
        for (route, body) in [
            (
                "survey",
                json!({"option": "36", "remark": canaries.sing("a remark")}),
            ),
            (rating, json!({"useful": true})),
            ("robot-actions", json!({"kind": "transfer"})),
        ] {
            let route = format!("/sessions/{session}/{route}");
            let body = body.to_string();
            call(&world, told, API_KEY, ("POST", &route), &[], body).await;
        }
    }

    // What servers ask of the whole desk, cards, and what Udesk tells by events.
    let look = format!(
        "/desk/agents?group={}",
        canaries.sing("a group that is none")
    );
    call(&world, told, API_KEY, ("GET", &look), &[], "").await;
    let card = json!({"session": 9002, "customer": 7002, "agent": 397, "card": {"title": canaries.sing("a card's title"),
        "description": canaries.sing("a card's text"), "image": "https://shop.example.com/returns.png"}});
    call(
        &world,
        told,
        API_KEY,
        ("POST", "/desk/cards"),
        &[],
        card.to_string(),
    )
    .await;
    list_of_cards(&world, &mut canaries, told).await;
    let event = json!({"action": "ImSubSession_close", "message": {"customer_token": canaries.sing("a customer in an event"),
        "im_log_infos": [{"content": canaries.sing("a line of a transcript")}]}});
    let event = world
        .push_to("webhook-udesk-event", PATH_SECRET, event.to_string())
        .await;
    event.expect(200);

    // Everything ends.
    for session in &sessions {
        call(
            &world,
            told,
            API_KEY,
            ("DELETE", &format!("/sessions/{session}")),
            &[],
            "",
        )
        .await;
    }
    world.settled().await;
    let whose = canaries.sing("a customer who is erased");
    let erase =
        format!("/sessions?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z&customer={whose}");
    call(&world, told, API_KEY, ("DELETE", &erase), &[], "").await;

    // What was signed on the way.
    let signs = world
        .twin
        .calls()
        .iter()
        .map(|call| call.query_value("sign").to_owned())
        .collect::<Vec<_>>();
    for sign in signs.iter().filter(|sign| sign.len() >= 10) {
        canaries.keep("a signature at Udesk", sign);
    }
    let calls = world.tencent_wire.calls_of(&Calls::path("usersig="));
    for call in &calls {
        let sign = call.path.split("usersig=").nth(1).unwrap();
        canaries.keep(
            "the administrator's UserSig",
            sign.split('&').next().unwrap(),
        );
    }
    assert!(!calls.is_empty() && !signs.is_empty() && !app.deliveries().is_empty());
    for delivery in app.deliveries() {
        canaries.keep("a signature of an event", &delivery.signature);
    }

    let functions: std::collections::BTreeSet<_> = world
        .lines()
        .into_iter()
        .map(|(function, _)| function)
        .collect();
    assert_eq!(
        functions.len(),
        crate::template().functions().len(),
        "{functions:?}"
    );
    let log = world.log.lock().unwrap().clone();
    let mut seen = Vec::new();
    for line in &log {
        let in_line = canaries.seen_in(line).into_iter();
        seen.extend(in_line.map(|canary| format!("{}, {}: {line}", canary.what, canary.text)));
    }
    for line in told.0.lines() {
        let others = canaries
            .seen_in(line)
            .into_iter()
            .filter(|canary| !canary.own);
        seen.extend(
            others.map(|canary| format!("{}, {}, in an answer: {line}", canary.what, canary.text)),
        );
    }
    assert!(told.0.lines().count() > 30, "{}", told.0);
    let sung = canaries
        .0
        .iter()
        .filter(|canary| canary.text.starts_with("Canary"))
        .count();
    assert!(sung >= 100, "{sung}");
    writeln!(
        std::io::stderr(),
        "{sung} canaries and {} other secrets, {} lines of logs, {} errors: {} found",
        canaries.0.len() - sung,
        log.len(),
        told.0.lines().count(),
        seen.len()
    )
    .unwrap();
    assert!(seen.is_empty(), "\n{}", seen.join("\n"));
}

/// The list of cards: its key, Udesk's signed links, good and forged, and the token that the page holds.
async fn list_of_cards(world: &World, canaries: &mut Canaries, told: &mut Told) {
    const API: &str = "POST /im/sessions/struct_messages";
    world.twin.switch(|switches| switches.card_limit = None);
    let link = signed(9001, 7001, 3, deskbridge::clock::now() / 1_000);
    let (values, sign) = link.split_once("&sign=").unwrap();
    canaries.keep("a signed link", &link);
    canaries.keep("the sign of a link", sign);
    let place = canaries.sing("where a customer's client is");
    let list = world
        .open_cards(&format!("{link}&jid_resource={place}"))
        .await
        .expect(200);
    canaries.keep("the token of a list of cards", list.token());
    let (unsigned, signature) = list.token().rsplit_once('.').unwrap();
    canaries.keep("a token without its signature", unsigned);
    canaries.keep("the signature of a token", signature);

    let forged = canaries.sing("a forged sign");
    let other = values.replace("agent_id=3", "agent_id=397");
    for query in [
        format!("{values}&sign={forged}"),
        format!("{other}&sign={sign}"),
        format!("{link}&jid_resource={place}%00"),
        format!("{link}&{}=1", canaries.sing("a name in a link")),
        format!("{link}&sign={sign}"),
    ] {
        let page = world.open_cards(&query).await;
        if page.status == 403 {
            told.0 += &page.html;
            told.0 += "\n";
        }
    }
    let card = json!({"card": list.cards()[0]}).to_string();
    let quoted = canaries.sing_back("Udesk's words about a card, which the agent may read");
    let mut posted = Vec::new();
    for (token, body) in [
        (canaries.sing("a forged token"), card.clone()),
        (format!("{}x", list.token()), card.clone()),
        (link.clone(), card.clone()),
        (
            list.token().to_owned(),
            json!({"card": canaries.sing("a card that is none")}).to_string(),
        ),
        (
            list.token().to_owned(),
            json!({canaries.sing_back("a field of none"): 1}).to_string(),
        ),
        (
            list.token().to_owned(),
            canaries.sing("a card that is no JSON"),
        ),
    ] {
        posted.push(world.post_card(&token, body).await);
    }
    let body = json!({"trace": canaries.sing("Udesk's failure over a card")}).to_string();
    let failure = WireFault::Error { status: 500, body };
    world
        .udesk
        .play(Calls::any().method("POST").times(1), failure);
    posted.push(world.post_card(list.token(), card.clone()).await);
    let refusal = Fault::code(2005, format!("no cards: {quoted}"));
    world.twin.fault(API, refusal, Some(1));
    posted.push(world.post_card(list.token(), card.clone()).await);
    posted.push(world.post_card(list.token(), card.clone()).await);
    let unreachable = world.udesk.refuse().await;
    posted.push(world.post_card(list.token(), card).await);
    unreachable.clear().await;
    let statuses: Vec<_> = posted.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [401, 401, 401, 404, 400, 400, 202, 422, 200, 503]);
    for answer in posted.iter().filter(|answer| answer.status >= 400) {
        told.0 += &answer.text;
        told.0 += "\n";
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_cannot_start_keeps_its_secrets_to_itself() {
    let mut canaries = Canaries::default();
    let short = canaries.sing("a secret that is too short")[..9].to_owned();
    canaries.keep("the same, short", &format!("{short}-"));
    let short = format!("{short}-");
    let in_url = canaries.sing("a secret in the app's URL");
    let no_base64 = format!("whsec_{}!", canaries.sing("a secret that is no base64"));
    let user = canaries.sing("a password in a URL");
    let bad = [
        ("API_KEY_HASHES", short.clone()),
        ("CUSTOMER_TOKEN_SECRETS", short.clone()),
        ("UDESK_WEBHOOK_SECRETS", short.clone()),
        ("SOBOT_WEBHOOK_SECRETS", short.clone()),
        ("TENCENT_WEBHOOK_SECRETS", short.clone()),
        // Of these it takes but eight.
        ("TENCENT_CALLBACK_TOKEN", short[..7].to_owned()),
        ("APP_EVENTS_SECRETS", no_base64),
        (
            "APP_EVENTS_URL",
            format!("http://app.example.com/events?token={in_url}"),
        ),
        (
            "APP_EVENTS_URL",
            format!("https://app.example.com/ev ents?token={in_url}"),
        ),
        (
            "UDESK_BASE_URL",
            format!("http://admin:{user}@demo.udesk.cn"),
        ),
        (
            "UDESK_BASE_URL",
            format!("https://admin:{user}@demo.ude sk.cn"),
        ),
        ("SOBOT_BASE_URL", format!("http://admin:{user}@sobot.io")),
        (
            "TENCENT_BASE_URL",
            format!("http://admin:{user}@example.com"),
        ),
    ];
    let template = crate::template();
    let mut started = 0;
    for (setting, value) in &bad {
        for function in template.functions().values() {
            if !function.settings.contains(*setting) {
                continue;
            }
            let mut process = Command::new(binaries().join(&function.name));
            process.env_clear().env("RUST_LOG", "trace");
            for name in &function.settings {
                if let Some(good) = crate::settings::good(name) {
                    process.env(name, good);
                }
            }
            process
                .env("AWS_REGION", "eu-west-1")
                .env("AWS_ACCESS_KEY_ID", "x")
                .env("AWS_SECRET_ACCESS_KEY", "x");
            if *setting == "SOBOT_BASE_URL" {
                process.env_remove("SOBOT_REGION");
            }
            process
                .env(setting, value)
                .kill_on_drop(true)
                .stdin(Stdio::null());
            let ended = tokio::time::timeout(BOUND, process.output()).await;
            let ended =
                ended.unwrap_or_else(|_| panic!("{} goes on with a bad {setting}", function.name));
            let ended = ended.unwrap();
            assert!(
                !ended.status.success(),
                "{} with a bad {setting}",
                function.name
            );
            let text =
                String::from_utf8_lossy(&ended.stdout) + String::from_utf8_lossy(&ended.stderr);
            assert!(text.contains(&format!("{setting} is malformed")), "{text}");
            let seen: Vec<_> = canaries
                .seen_in(&text)
                .iter()
                .map(|canary| canary.what.clone())
                .collect();
            assert!(seen.is_empty(), "{seen:?}: {text}");
            started += 1;
        }
    }
    assert!(started > 20, "{started}");
}
