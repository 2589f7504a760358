//! Udesk's webhook: who may call it, what it makes of whatever it is sent, and how little it does.

use std::collections::BTreeMap;

use deskbridge_local::access_key;
use deskbridge_twins::udesk::PushStart;
use futures_util::future::join_all;
use harness::{
    BOUND,
    faults::{Call, Calls},
    http_client, push, until,
    world::{Answer, PATH_SECRET, World},
};
use serde_json::{Value, json};

/// A customer in a conversation with an agent who has said nothing yet; our session and Udesk's.
async fn in_conversation(world: &World, customer: &str) -> (String, i64) {
    world
        .twin
        .switch(|switches| switches.push_start = PushStart::Off);
    let session = world.open_session(customer).await;
    world.app.wait_for_events_of(&session, 1, BOUND).await;
    let sessions = world.twin.conversation(customer).unwrap().sessions;
    (session, sessions.last().unwrap().id)
}

fn is_empty_200(answer: &Answer) -> bool {
    (answer.status, answer.text.as_str()) == (200, "")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_comes_fifty_times_at_once_is_one_message_one_event_one_delivery() {
    let world = World::start().await;
    let (session, udesk) = in_conversation(&world, "DE").await;

    let body = push::reply("DE", &[push::text("udesk_1", udesk, "Hello")]);
    world.warm_webhook().await;
    let answers = join_all((0..50).map(|_| world.push(PATH_SECRET, body.clone()))).await;
    assert!(answers.iter().all(is_empty_200), "{answers:?}");

    world.app.wait_for_events_of(&session, 2, BOUND).await;
    world.settled().await;
    let contents: Vec<_> = world
        .conversation(&session)
        .await
        .into_iter()
        .map(|message| message["content"].clone())
        .collect();
    assert_eq!(contents, ["Hello"]);
    let attempts: Vec<_> = world
        .app
        .deliveries()
        .into_iter()
        .filter_map(|delivery| delivery.event)
        .map(|event| (event.seq, event.kind))
        .collect();
    let told = [(1, "session.started"), (2, "message.received")];
    assert_eq!(attempts, told.map(|(seq, kind)| (seq, kind.to_owned())));
    assert_eq!(world.raw_items().await, [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_comes_fifty_times_at_once_opens_one_session_for_an_unknown_customer() {
    let world = World::start().await;

    let body = push::reply("NEW", &[push::text("udesk_1", 77, "Hello")]);
    world.warm_webhook().await;
    let answers = join_all((0..50).map(|_| world.push(PATH_SECRET, body.clone()))).await;
    assert!(answers.iter().all(is_empty_200), "{answers:?}");

    world.app.wait_for_events(2, BOUND).await;
    world.settled().await;
    let kinds: Vec<_> = world
        .app
        .accepted()
        .into_iter()
        .map(|event| event.kind)
        .collect();
    assert_eq!(kinds, ["session.started", "message.received"]);
    let items = world.items().await;
    let sessions = items.iter().filter(|item| item["sk"] == "@session").count();
    assert_eq!(sessions, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_path_secret_is_404_and_stores_nothing() {
    let world = World::start().await;
    let (_, udesk) = in_conversation(&world, "DE").await;
    world.settled().await;
    let before = world.items().await;
    let sent = world.sqs.count(&Calls::to("SendMessage"));

    let body = push::reply("DE", &[push::text("udesk_1", udesk, "Forged")]);
    let shorter = PATH_SECRET.strip_suffix(char::is_alphanumeric).unwrap();
    let longer = format!("{PATH_SECRET}x");
    let upper = PATH_SECRET.to_uppercase();
    let below = format!("{PATH_SECRET}/more");
    let wrong = [
        "",
        "wrong-secret-0123456789",
        shorter,
        &longer,
        &upper,
        &below,
    ];
    for secret in wrong {
        for body in [body.as_str(), "", "not JSON"] {
            let answer = world.push(secret, body.to_owned()).await;
            assert_eq!(answer.status, 404, "{secret:?}: {answer:?}");
        }
    }
    assert_eq!(world.items().await, before);
    assert_eq!(world.sqs.count(&Calls::to("SendMessage")), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_live_path_secret_works_and_without_one_there_is_no_webhook() {
    const OLD: &str = "the-secret-before-this-one";
    let world = World::with(&[("UDESK_WEBHOOK_SECRETS", &format!("{PATH_SECRET},{OLD}"))]).await;
    for (secret, id) in [(PATH_SECRET, "udesk_1"), (OLD, "udesk_2")] {
        let body = push::reply("DE", &[push::text(id, 3, id)]);
        assert!(is_empty_200(&world.push(secret, body).await), "{secret}");
    }
    let events = world.app.wait_for_events(3, BOUND).await;
    let contents = events.iter().map(|event| &event.data["message"]["content"]);
    assert_eq!(contents.collect::<Vec<_>>()[1..], ["udesk_1", "udesk_2"]);

    let off = World::with(&[("UDESK_WEBHOOK_SECRETS", "")]).await;
    for secret in ["", PATH_SECRET] {
        let answer = off.push(secret, push::reply("DE", &[])).await;
        assert_eq!(answer.status, 404, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_right_secret_nothing_is_refused_for_its_content() {
    let world = World::start().await;
    let unreadable: [&[u8]; 12] = [
        b"",
        b"not JSON",
        b"\xff\xfe\x00",
        b"null",
        b"7",
        b"[]",
        b"{}",
        br#"{"action":"ImSubSession_close","message":{"id":1}}"#,
        br#"{"assign_type":"oracle","customer_token":"DE","messages":[]}"#,
        br#"{"assign_type":"agent","customer_token":"DE","messages":"none"}"#,
        br#"{"assign_type":"agent","messages":[{"type":"message","data":{"content":"for nobody"}}]}"#,
        br#"{"assign_type":"agent","customer_token":"no spaces","messages":[]}"#,
    ];
    // Twice: a repeat changes nothing.
    for _ in 0..2 {
        for body in unreadable {
            let answer = world.push(PATH_SECRET, body.to_vec()).await;
            assert!(is_empty_200(&answer), "{}: {answer:?}", body.escape_ascii());
        }
    }
    let items = world.items().await;
    assert_eq!(
        items.len(),
        unreadable.len(),
        "raw records and nothing else"
    );
    for body in unreadable {
        let recorded = items
            .iter()
            .find(|item| item["body"] == *String::from_utf8_lossy(body));
        let recorded = recorded.unwrap_or_else(|| panic!("not recorded: {}", body.escape_ascii()));
        assert!(
            recorded["sk"].as_str().unwrap().starts_with("RAW#")
                && recorded["vendor"] == "udesk"
                && recorded["because"]
                    .as_str()
                    .is_some_and(|because| !because.is_empty()),
            "{recorded}"
        );
    }
    assert_eq!(world.app.deliveries().len(), 0);

    // And it lives: what can be read is.
    let body = push::reply("DE", &[push::text("udesk_1", 3, "Hello")]);
    assert!(is_empty_200(&world.push(PATH_SECRET, body).await));
    world.app.wait_for_events(2, BOUND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_shown_in_a_good_push_is_recorded_raw_and_takes_no_seq() {
    let world = World::start().await;
    let (session, udesk) = in_conversation(&world, "DE").await;
    let unknown = push::message("hologram", "udesk_2", udesk, json!({"content": ["?"]}));
    // The page: of the agents' workbench, not for the customer.
    let internal = push::message("survey", "udesk_3", udesk, json!({"content": "Rate us"}));
    let broken = push::message(
        "message",
        "udesk_4",
        udesk,
        json!({"content": {"no": "text"}}),
    );
    let messages = [
        push::text("udesk_1", udesk, "one"),
        unknown.clone(),
        internal.clone(),
        broken.clone(),
        json!(7),
        push::text("udesk_5", udesk, "two"),
    ];
    let body = push::reply("DE", &messages);
    assert!(is_empty_200(&world.push(PATH_SECRET, body.clone()).await));
    assert!(is_empty_200(&world.push(PATH_SECRET, body).await));

    let events = world.app.wait_for_events_of(&session, 3, BOUND).await;
    world.settled().await;
    let told: Vec<_> = events
        .iter()
        .map(|event| (event.seq, event.data["message"]["content"].clone()))
        .collect();
    assert_eq!(
        told,
        [(1, Value::Null), (2, "one".into()), (3, "two".into())],
        "session.started, then what was said"
    );
    let raw = world.raw_items().await;
    let bodies: Vec<Value> = raw
        .iter()
        .map(|item| serde_json::from_str(item["body"].as_str().unwrap()).unwrap())
        .collect();
    assert_eq!(bodies.len(), 4, "{raw:?}");
    for message in [unknown, internal, broken, json!(7)] {
        assert!(bodies.contains(&message), "not recorded: {message}");
    }
    assert_eq!(world.app.events_of(&session).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_of_any_size_is_recorded() {
    // DynamoDB takes items of 400 KB, and transactions of 4 MB.
    const MESSAGE: usize = 50 * 1024;
    let world = World::start().await;
    let (session, udesk) = in_conversation(&world, "DE").await;
    let said: Vec<_> = (0..22)
        .map(|number| format!("{number} {}", "x".repeat(MESSAGE)))
        .collect();
    let texts = (0..).zip(&said);
    let messages: Vec<_> = texts
        .map(|(number, text)| push::text(&format!("udesk_{number}"), udesk, text))
        .collect();

    let body = push::reply("DE", &messages);
    assert!(body.len() > 1024 * 1024);
    assert!(is_empty_200(&world.push(PATH_SECRET, body).await));

    // Where a busy machine takes longer over it than the webhook waits, the inbox sees to it.
    until("all of it is in the conversation", async || {
        let conversation = world.conversation(&session).await;
        let contents = conversation.iter().map(|message| &message["content"]);
        contents.eq(&said)
    })
    .await;
    assert_eq!(world.raw_items().await, [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_item_holds_is_kept_as_far_as_one_does() {
    let world = World::start().await;
    let (session, udesk) = in_conversation(&world, "DE").await;
    let endless = push::text("udesk_1", udesk, &"ü".repeat(300 * 1024));
    let body = push::reply(
        "DE",
        &[endless.clone(), push::text("udesk_2", udesk, "two")],
    );
    let nonsense = "?".repeat(1024 * 1024);
    for _ in 0..2 {
        for body in [&body, &nonsense] {
            assert!(is_empty_200(&world.push(PATH_SECRET, body.clone()).await));
        }
    }

    until("what can be shown is", async || {
        let conversation = world.conversation(&session).await;
        conversation
            .iter()
            .map(|message| &message["content"])
            .eq(["two"])
    })
    .await;
    for whole in [endless.to_string(), nonsense] {
        let raw = world.raw_items().await;
        let kept = |item: &&Value| item["cut_from"] == whole.len();
        let kept = raw.iter().find(kept).expect("the beginning of it, marked");
        let body = kept["body"].as_str().unwrap();
        assert!(body.len() > 290 * 1024 && whole.starts_with(body));
        assert_eq!(raw.len(), 2, "each once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_post_brings_anything() {
    let world = World::start().await;
    let url = format!(
        "{}/{PATH_SECRET}",
        world.bundle.function_url("webhook-udesk")
    );
    for method in ["GET", "HEAD", "PUT", "DELETE"] {
        let request = http_client().request(method.parse().unwrap(), &url);
        let status = request.send().await.unwrap().status();
        assert_eq!(status, 405, "{method}");
    }
    assert_eq!(world.items().await, [] as [Value; 0]);
}

/// What the function called, by operation.
fn counted(calls: &[Call]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for operation in calls.iter().filter_map(|call| call.operation.as_deref()) {
        *counts.entry(operation).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_does_nothing_but_record_and_nudge() {
    let world = World::start().await;
    let (session, udesk) = in_conversation(&world, "DE").await;
    world.settled().await;
    let by_webhook = Calls::any().signed_by(&access_key("webhook-udesk"));
    assert_eq!(
        world.dynamodb.count(&by_webhook),
        0,
        "it was not called yet"
    );

    let body = push::reply("DE", &[push::text("udesk_1", udesk, "Hello")]);
    assert!(is_empty_200(&world.push(PATH_SECRET, body.clone()).await));
    world.app.wait_for_events_of(&session, 2, BOUND).await;
    let table = world.dynamodb.calls_of(&by_webhook);
    assert_eq!(
        counted(&table),
        BTreeMap::from([
            ("BatchGetItem", 1),
            ("GetItem", 1),
            ("TransactWriteItems", 1)
        ])
    );
    let queues = world.sqs.calls_of(&by_webhook);
    assert_eq!(counted(&queues), BTreeMap::from([("SendMessage", 1)]));
    assert_eq!(
        world.twin.calls().len(),
        1,
        "POST /im/sessions, of create-session"
    );

    // The next message of a conversation that the process knows costs one read less.
    world.settled().await;
    let next = push::reply("DE", &[push::text("udesk_2", udesk, "Still there?")]);
    assert!(is_empty_200(&world.push(PATH_SECRET, next).await));
    let second = &world.dynamodb.calls_of(&by_webhook)[table.len()..];
    assert_eq!(
        counted(second),
        BTreeMap::from([("BatchGetItem", 1), ("TransactWriteItems", 1)])
    );
    let (table, queues) = (
        world.dynamodb.calls_of(&by_webhook),
        world.sqs.calls_of(&by_webhook),
    );

    // A repeat costs one look.
    world.settled().await;
    assert!(is_empty_200(&world.push(PATH_SECRET, body).await));
    let again = &world.dynamodb.calls_of(&by_webhook)[table.len()..];
    assert_eq!(counted(again), BTreeMap::from([("BatchGetItem", 1)]));
    assert_eq!(world.sqs.count(&by_webhook), queues.len());
}
