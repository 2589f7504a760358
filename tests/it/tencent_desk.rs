//! What the app says as the desk reaches the customer at Tencent.

use std::{collections::BTreeSet, time::Duration};

use deskbridge::{
    change::Change,
    clock,
    ids::SessionId,
    table::{Outcome, Table},
};
use deskbridge_twins::tencent::{Addressing, Call, Fault, Received};
use futures_util::future::join_all;
use harness::{
    BOUND,
    world::{API_KEY, Answer, SHORT_WAIT, World},
};
use serde_json::{Value, json};

const SESSION: &str = include_str!("../fixtures/tencent/send_msg.session.request.json");
const ACCOUNTS: &str = include_str!("../fixtures/tencent/send_msg.accounts.request.json");
const CARD: &str = include_str!("../fixtures/tencent/send_msg.card.request.json");

const SEND_MSG: &str = "POST /v4/desk_http_svc/send_msg";

/// A customer whom the desk at Tencent may meet.
async fn open(world: &World, customer: &str) -> String {
    let ask = json!({"vendor": "tencent", "customer": customer});
    let opened = world.call(API_KEY, "POST", "/sessions", Some(ask)).await;
    let opened = opened.expect(201);
    assert_eq!(opened.body["state"], "opening", "{opened:?}");
    opened.text_of("id")
}

/// The app says something in a session.
async fn post(world: &World, bearer: &str, session: &str, message: Value) -> Answer {
    let path = format!("/sessions/{session}/messages");
    world.call(bearer, "POST", &path, Some(message)).await
}

/// The app says a text as the desk.
async fn say(world: &World, session: &str, id: &str, text: &str) -> Answer {
    let message = json!({"id": id, "as": "desk", "kind": "text", "content": text});
    post(world, API_KEY, session, message).await
}

/// What the customer's client shows.
fn texts(world: &World, customer: &str) -> Vec<String> {
    let received = world.tencent.messages_to(customer);
    let texts = received.iter().flat_map(Received::texts);
    texts.map(str::to_owned).collect()
}

/// The attempts to send what has this text.
fn attempts(world: &World, text: &str) -> Vec<Call> {
    let mut calls = world.tencent.calls_of("/v4/desk_http_svc/send_msg");
    calls.retain(|call| {
        let body = call.body.as_ref();
        body.is_some_and(|body| body["MsgBody"][0]["MsgContent"]["Text"] == text)
    });
    calls
}

fn randoms(calls: &[Call]) -> BTreeSet<u64> {
    let randoms = calls.iter().map(|call| {
        let body = call.body.as_ref().unwrap();
        body["MsgRandom"].as_u64().unwrap()
    });
    randoms.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn text_card_and_custom_element_reach_the_customer() {
    let world = World::start().await;
    let session = open(&world, "user45").await;

    say(&world, &session, "d-1", "Welcome to xx mall.")
        .await
        .expect(200);
    let card = json!({"id": "d-2", "as": "desk", "kind": "card", "custom": "campaign 7",
        "card": {"title": "card title", "description": "description",
            "image": "https://static.example.com/presale.jpeg", "url": "https://www.example.com/"}});
    post(&world, API_KEY, &session, card).await.expect(200);
    let custom = json!({"customerServicePlugin": 0, "src": "29", "content": {"x": "{\"y\":1}"}});
    let message =
        json!({"id": "d-3", "as": "desk", "kind": "custom", "content": custom.to_string()});
    post(&world, API_KEY, &session, message).await.expect(200);

    let received = world.tencent.messages_to("user45");
    assert_eq!(received.len(), 3, "{received:?}");
    assert!(
        received
            .iter()
            .all(|message| message.from == "@customer_service_account"
                && message.addressed == Addressing::Accounts),
        "{received:?}"
    );
    assert_eq!(received[0].texts(), ["Welcome to xx mall."]);
    // The page's card, field by field.
    assert_eq!(
        received[1].custom(),
        Some(
            json!({"src": "22", "customerServicePlugin": 0, "content": {"header": "card title",
            "desc": "description", "pic": "https://static.example.com/presale.jpeg",
            "url": "https://www.example.com/"}})
        )
    );
    assert_eq!(received[1].cloud_custom_data.as_deref(), Some("campaign 7"));
    assert_eq!(received[2].custom(), Some(custom));

    let conversation = world.conversation(&session).await;
    let shown: Vec<_> = conversation
        .iter()
        .map(|message| {
            let field = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
            (field("from"), field("kind"), field("status"))
        })
        .collect();
    let wanted = ["text", "card", "custom"]
        .map(|kind| ("desk".to_owned(), kind.to_owned(), "sent".to_owned()));
    assert_eq!(shown, wanted);
    assert_eq!(conversation[1]["content"], "card title");
    assert_eq!(conversation[1]["card"]["url"], "https://www.example.com/");
    assert_eq!(conversation[1]["custom"], "campaign 7");
    let sent = |world: &World| {
        let told = world.told(&session);
        told.iter().filter(|kind| *kind == "message.sent").count()
    };
    world.app.wait_for(BOUND, |_| sent(&world) == 3).await;
    world.app.assert_in_order(&session);
}

/// The page's three requests, asked for through the API: Tencent is sent what the page prints, but for
/// `MsgRandom` and the id of a session.
#[tokio::test(flavor = "multi_thread")]
async fn each_example_of_the_page_goes_out_as_it_stands() {
    let world = World::start().await;
    let session = open(&world, "user45").await;
    let by_accounts: Value = serde_json::from_str(ACCOUNTS).unwrap();
    let card: Value = serde_json::from_str(CARD).unwrap();
    let by_session: Value = serde_json::from_str(SESSION).unwrap();
    let custom = by_accounts["CloudCustomData"].as_str().unwrap();
    let text = |example: &Value| {
        let text = &example["MsgBody"][0]["MsgContent"]["Text"];
        json!({"as": "desk", "kind": "text", "content": text, "custom": custom})
    };
    let shown = &inner(&card)["content"];
    let as_card = json!({"as": "desk", "kind": "card", "custom": custom, "card": {
        "title": shown["header"], "description": shown["desc"], "image": shown["pic"], "url": shown["url"]}});

    for message in [text(&by_accounts), as_card] {
        post(&world, API_KEY, &session, message).await.expect(200);
    }
    let theirs = world.tencent.begin_session("user45");
    bind(&world.writing_table(), &session, &theirs).await;
    post(&world, API_KEY, &session, text(&by_session))
        .await
        .expect(200);

    let calls = world.tencent.calls();
    assert_eq!(calls.len(), 3, "{calls:?}");
    for (call, mut example) in calls.into_iter().zip([by_accounts, card, by_session]) {
        let mut sent = call.body.unwrap();
        for message in [&mut sent, &mut example] {
            message["MsgRandom"] = Value::Null;
            if message.get("SessionId").is_some() {
                message["SessionId"] = Value::Null;
            }
            if message["MsgBody"][0]["MsgType"] == "TIMCustomElem" {
                message["MsgBody"][0]["MsgContent"]["Data"] = inner(message);
            }
        }
        assert_eq!(sent, example);
    }
}

/// The JSON in the `Data` of a message's element.
fn inner(message: &Value) -> Value {
    let data = message["MsgBody"][0]["MsgContent"]["Data"].as_str();
    serde_json::from_str(data.unwrap()).unwrap()
}

/// Every code of the page; the error says Tencent's own.
#[tokio::test(flavor = "multi_thread")]
async fn each_code_of_the_page_has_its_fate() {
    let world = World::start().await;
    let session = open(&world, "user45").await;
    for code in [
        90001, 90002, 90005, 90007, 90009, 90010, 93000, 141_000, 141_004,
    ] {
        let fault = Fault::code(code, "as the page says");
        world.tencent.fault(SEND_MSG, fault, Some(1));
        let id = format!("d-{code}");
        let refused = say(&world, &session, &id, &id).await.expect(422);
        assert_eq!(refused.error_code(), "vendor_refused");
        let vendor = &refused.body["error"]["vendor"];
        assert_eq!(
            (&vendor["name"], &vendor["code"]),
            (&json!("tencent"), &json!(code))
        );
        assert_eq!(attempts(&world, &id).len(), 1, "{code} is final");
    }

    // "Internal error, retry"; too many calls; a time-out.
    let retried = [141_002, 60_007, 60_008, 60_011, 60_014, 60_018, 60_019];
    let ids = retried.map(|code| format!("again-{code}"));
    for (code, id) in retried.into_iter().zip(&ids) {
        let fault = Fault::code(code, "as the page says");
        world.tencent.fault(SEND_MSG, fault, Some(1));
        say(&world, &session, id, id).await.expect(202);
        world.wait_for_status(&session, id, "sent").await;
        let tried = attempts(&world, id);
        assert_eq!((tried.len(), randoms(&tried).len()), (2, 1), "{code}");
    }
    assert_eq!(texts(&world, "user45"), ids);

    // "The session does not exist or has stopped."
    world
        .tencent
        .fault(SEND_MSG, Fault::code(141_005, "stopped"), Some(1));
    let gone = say(&world, &session, "gone", "gone").await.expect(409);
    assert_eq!(gone.error_code(), "session_closed");
    world.wait_until_told(&session, "session.closed").await;
    assert_eq!(world.session(&session).await["state"], "closed");
    say(&world, &session, "later", "later").await.expect(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_outlive_a_tencent_that_is_down_slow_or_limits() {
    let world = World::with(&[SHORT_WAIT]).await;
    let faults = [
        ("500", Fault::Status(500)),
        ("limited", Fault::Limited),
        ("never", Fault::NeverAnswer),
        ("late", Fault::AnswerLate(Duration::from_secs(6))),
        ("cut", Fault::CutAfter),
    ];
    for (customer, fault) in faults {
        let session = open(&world, customer).await;
        world.tencent.fault(SEND_MSG, fault, Some(1));
        let before = attempts(&world, "one").len();

        say(&world, &session, "d-1", "one").await.expect(202);
        say(&world, &session, "d-2", "two").await;
        world.wait_for_status(&session, "d-2", "sent").await;

        assert_eq!(texts(&world, customer), ["one", "two"], "{customer}");
        let tried = attempts(&world, "one").split_off(before);
        assert_eq!((tried.len(), randoms(&tried).len()), (2, 1), "{customer}");
    }
}

/// Tencent drops a repeat for 120 s; the next attempt is later than that.
#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_arrived_is_not_repeated_once_tencent_would_take_it_for_another() {
    let world = World::with(&[("RETRY_SCHEDULE_SECONDS", "1,150,150")]).await;
    let session = open(&world, "user45").await;
    world.tencent.fault(SEND_MSG, Fault::CutAfter, Some(1));
    world.tencent.fault(SEND_MSG, Fault::Limited, Some(1));

    // The first attempt may have arrived, the second certainly did not, the third would be too late.
    say(&world, &session, "d-1", "one").await.expect(202);
    world.wait_for_status(&session, "d-1", "unknown").await;
    world.wait_until_told(&session, "message.unknown").await;
    assert_eq!(texts(&world, "user45"), ["one"]);
    say(&world, &session, "d-2", "two").await.expect(200);

    // One that certainly did not arrive can wait as long as it takes.
    world.tencent.fault(SEND_MSG, Fault::Limited, Some(2));
    let waiting = say(&world, &session, "d-3", "three").await.expect(202);
    assert_eq!(waiting.text_of("status"), "queued");
    harness::until("the long wait has begun", async || {
        attempts(&world, "three").len() == 2
    })
    .await;
    world.wait_for_status(&session, "d-3", "queued").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_arrived_is_held_where_the_setting_says_so() {
    let world = World::with(&[("TENCENT_ON_UNKNOWN", "hold")]).await;
    world
        .tencent
        .switch(|switches| switches.drop_repeats = false);
    let session = open(&world, "user45").await;
    world.tencent.fault(SEND_MSG, Fault::NeverAnswer, Some(1));

    let first = say(&world, &session, "d-1", "one").await.expect(202);
    assert_eq!(first.text_of("status"), "unknown");
    say(&world, &session, "d-2", "two").await.expect(200);
    world.wait_until_told(&session, "message.unknown").await;
    assert_eq!(texts(&world, "user45"), ["one", "two"]);
    assert_eq!(attempts(&world, "one").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_at_once_arrive_once_each_in_the_order_of_the_conversation() {
    // Few processes: a small machine gets further with them.
    let world = World::with_processes(4, 3 * BOUND, &[]).await;
    let session = open(&world, "user45").await;
    let ids: Vec<_> = (0..20).map(|number| format!("d-{number}")).collect();
    // Each twice.
    let answers = join_all(
        ids.iter()
            .chain(&ids)
            .map(|id| say(&world, &session, id, id)),
    )
    .await;
    assert!(
        answers
            .iter()
            .all(|answer| [200, 202].contains(&answer.status)),
        "{answers:?}"
    );
    for id in &ids {
        world.wait_for_status(&session, id, "sent").await;
    }
    let conversation = world.conversation(&session).await;
    let said: Vec<_> = conversation
        .iter()
        .map(|message| message["content"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(texts(&world, "user45"), said);
    assert_eq!(said.len(), 20);
    let received = world.tencent.messages_to("user45");
    let randoms: BTreeSet<_> = received.iter().map(|message| message.msg_random).collect();
    assert_eq!(randoms.len(), 20);
}

/// design.md 4: only the app's servers speak as the desk.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_apps_servers_speaks_as_the_desk() {
    let world = World::start().await;
    let session = open(&world, "user45").await;
    let token = World::customer_token("user45", 900, clock::now());
    let as_desk = json!({"as": "desk", "kind": "text", "content": "I am the desk"});

    let refused = post(&world, &token, &session, as_desk.clone())
        .await
        .expect(403);
    assert_eq!(refused.error_code(), "role_not_allowed");
    // The customer's own words go through Tencent's client.
    let own = json!({"kind": "text", "content": "hello"});
    for bearer in [&token, API_KEY] {
        let refused = post(&world, bearer, &session, own.clone())
            .await
            .expect(400);
        assert_eq!(refused.body["error"]["field"], "as", "{refused:?}");
    }
    // Nobody speaks as Udesk's desk, nor as Sobot's; Sobot's customers write on Sobot's page.
    let at_udesk = world.open_session("DE").await;
    let ask = json!({"vendor": "sobot", "customer": "DE"});
    let at_sobot = world.call(API_KEY, "POST", "/sessions", Some(ask)).await;
    let at_sobot = at_sobot.expect(201).text_of("id");
    for (session, message) in [
        (&at_udesk, &as_desk),
        (&at_sobot, &as_desk),
        (&at_sobot, &own),
    ] {
        let refused = post(&world, API_KEY, session, message.clone()).await;
        assert_eq!(refused.expect(400).body["error"]["field"], "as");
    }
    assert!(world.tencent.calls().is_empty());
    assert!(world.conversation(&session).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_tencent_would_refuse_is_named_before_anything_is_kept() {
    let world = World::start().await;
    let session = open(&world, "user45").await;
    let frame = r#"[{"MsgType":"TIMTextElem","MsgContent":{"Text":""}}]"#.len();
    let longest = "x".repeat(12_288 - frame);
    let card = |card: Value| json!({"as": "desk", "kind": "card", "card": card});
    let text = |text: &str| json!({"as": "desk", "kind": "text", "content": text});
    let long = "x".repeat(13_000);
    for (message, field) in [
        (text(&format!("{longest}x")), "content"),
        (text(""), "content"),
        (card(json!({"title": "t", "description": long})), "card"),
        (card(json!({"title": ""})), "card.title"),
        (card(json!({"description": "no title"})), "card"),
        (card(json!({"title": "t", "color": "red"})), "card.color"),
        (json!({"as": "desk", "kind": "card"}), "card"),
        (
            json!({"as": "desk", "kind": "card", "card": {"title": "t"}, "content": "t"}),
            "content",
        ),
        (
            json!({"as": "desk", "kind": "text", "content": "t", "card": {"title": "t"}}),
            "card",
        ),
        (
            json!({"as": "desk", "kind": "rich", "content": "<b>hello</b>"}),
            "kind",
        ),
        (json!({"as": "agent", "kind": "text", "content": "t"}), "as"),
    ] {
        let refused = post(&world, API_KEY, &session, message.clone())
            .await
            .expect(400);
        let named = refused.body["error"]["field"].as_str().unwrap_or_default();
        assert!(named.starts_with(field), "{field}: {refused:?}");
    }
    for (ask, field) in [
        (
            json!({"vendor": "tencent", "customer": "x".repeat(33)}),
            "customer",
        ),
        (
            json!({"vendor": "tencent", "customer": "u", "assign": {"to": "agent"}}),
            "assign",
        ),
        (
            json!({"vendor": "sobot", "customer": "u", "assign": {"to": "agent"}}),
            "assign",
        ),
    ] {
        let refused = world.call(API_KEY, "POST", "/sessions", Some(ask)).await;
        assert_eq!(refused.expect(400).body["error"]["field"], field);
    }
    assert!(world.tencent.calls().is_empty());
    assert!(world.conversation(&session).await.is_empty());
    post(&world, API_KEY, &session, text(&longest))
        .await
        .expect(200);
    assert_eq!(texts(&world, "user45"), [longest]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_tencent_began_is_addressed_by_its_own_id() {
    let world = World::start().await;
    let session = open(&world, "user45").await;
    let theirs = world.tencent.begin_session("user45");
    bind(&world.writing_table(), &session, &theirs).await;

    say(&world, &session, "d-1", "one").await.expect(200);

    let received = world.tencent.messages_to("user45");
    assert_eq!(received[0].addressed, Addressing::Session(theirs));
    // It ends at Tencent's, of which nobody tells: the next message finds out.
    world.tencent.end_session("user45");
    say(&world, &session, "d-2", "two").await.expect(409);
    assert_eq!(world.session(&session).await["state"], "closed");
    assert_eq!(texts(&world, "user45"), ["one"]);
}

/// What Tencent's first push will do.
async fn bind(table: &Table, session: &str, theirs: &str) {
    let id = SessionId::parse(session).unwrap();
    // A drainer may come in between.
    harness::until("the session is bound", async || {
        let session = table.session(&id).await.unwrap().unwrap();
        let mut change = Change::to(session, clock::now());
        change.bind(theirs);
        table.commit(&change).await.unwrap() == Outcome::Written
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_again_gives_the_session_that_is_open_and_closing_it_makes_room() {
    let world = World::start().await;
    let first = open(&world, "user45").await;
    let ask = json!({"vendor": "tencent", "customer": "user45"});
    let again = world.call(API_KEY, "POST", "/sessions", Some(ask)).await;
    assert_eq!(again.expect(200).text_of("id"), first);

    world.close(&first).await.expect(200);
    let second = open(&world, "user45").await;
    assert_ne!(second, first);
    assert!(
        world.tencent.calls().is_empty(),
        "Tencent is asked for neither"
    );
}

/// The UserSig stands in every call's address, and the key behind it nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn neither_the_key_nor_a_user_sig_is_logged() {
    let world = World::start().await;
    let session = open(&world, "user45").await;
    say(&world, &session, "d-1", "one").await.expect(200);
    world.tencent.fault(SEND_MSG, Fault::NeverAnswer, Some(1));
    say(&world, &session, "d-2", "two").await.expect(202);
    world.wait_for_status(&session, "d-2", "sent").await;

    let calls = world.tencent.calls();
    assert!(calls.len() >= 3);
    for call in calls {
        let user_sig = call.query_value("usersig").to_owned();
        assert!(user_sig.len() > 100 && !world.logged(&user_sig));
    }
    let key = deskbridge_twins::tencent::Options::default().secret_key;
    assert!(!world.logged(&key) && !world.logged("usersig="));
}
