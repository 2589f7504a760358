//! What the customer has read, as the desk hears of it.

use std::time::Duration;

use deskbridge::clock;
use deskbridge_twins::udesk::{Author, Fault as VendorFault, ReadMessagesIn};
use harness::{
    push, until,
    world::{API_KEY, Answer, SOBOT_PATH_SECRET, SOBOT_WEBHOOKS, World},
};
use serde_json::{Value, json};

const CALL: &str = "POST /im/messages/read_messages";

async fn read(world: &World, session: &str, body: Value) -> Answer {
    let path = format!("/sessions/{session}/reads");
    world.call(API_KEY, "POST", &path, Some(body)).await
}

/// What agents wrote and the customer has read, as the desk knows it.
fn known(world: &World) -> Vec<String> {
    let entries = world.twin.conversation("DE").unwrap().entries.into_iter();
    entries
        .filter(|entry| entry.from == Author::Agent && entry.read)
        .map(|entry| entry.content)
        .collect()
}

/// The bodies of what the desk was told.
fn told(world: &World) -> Vec<Value> {
    let calls = world.twin.calls_of("/im/messages/read_messages");
    calls.into_iter().filter_map(|call| call.body).collect()
}

/// Our ids of what was said, in order, where an agent says these.
async fn said(world: &World, session: &str, texts: &[&str]) -> Vec<String> {
    for text in texts {
        world.agent_says("DE", text).await;
    }
    let conversation = world.conversation(session).await;
    let of = |text: &&str| {
        let message = conversation.iter().find(|one| one["content"] == **text);
        message.unwrap()["id"].as_str().unwrap().to_owned()
    };
    texts.iter().map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_by_name_and_all_up_to_one() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    let ids = said(&world, &session, &["one", "two", "three", "four"]).await;
    let own = World::customer_token("DE", 900, clock::now());
    let path = format!("/sessions/{session}/reads");
    let body = json!({"messages": [ids[1], ids[1]]});
    let done = world
        .call(&own, "POST", &path, Some(body))
        .await
        .expect(200);
    assert_eq!(done.body, json!({"status": "done"}));
    assert_eq!(known(&world), ["two"]);
    // By Udesk's own ids, and as numbers where the table says Int.
    let live = world.twin.conversation("DE").unwrap();
    let first = &told(&world)[0];
    assert_eq!(first["session_id"], live.live().unwrap().id);
    assert_eq!(first["message_ids"][0], live.entries[1].message_id);

    read(&world, &session, json!({"through": ids[2]}))
        .await
        .expect(200);
    assert_eq!(known(&world), ["one", "two", "three"]);
    // What is known is not told again.
    read(&world, &session, json!({"through": ids[1]}))
        .await
        .expect(200);
    read(&world, &session, json!({"through": ids[2]}))
        .await
        .expect(200);
    assert_eq!(told(&world).len(), 2);
    read(&world, &session, json!({"through": ids[3]}))
        .await
        .expect(200);
    let third = &told(&world)[2];
    assert_eq!(third["message_ids"].as_array().unwrap().len(), 1);
    assert_eq!(known(&world).len(), 4);
    // The customer's own are no news, and are passed over on the way.
    world.say(&session, "c-1", "Thanks").await.expect(200);
    let own = world.conversation(&session).await;
    let own = own.last().unwrap()["id"].clone();
    read(&world, &session, json!({"through": own}))
        .await
        .expect(200);
    assert_eq!(told(&world).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn across_a_transfer_each_session_hears_of_its_own() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    said(&world, &session, &["one"]).await;
    world.twin.agent_transfers("DE").await.unwrap();
    let ids = said(&world, &session, &["two"]).await;
    read(&world, &session, json!({"through": ids[0]}))
        .await
        .expect(200);
    let known = known(&world);
    assert!(known.contains(&"one".to_owned()) && known.contains(&"two".to_owned()));
    let sessions = world.twin.conversation("DE").unwrap().sessions;
    let named: Vec<_> = told(&world)
        .iter()
        .map(|body| body["session_id"].as_i64().unwrap())
        .collect();
    assert_eq!(named, [sessions[0].id, sessions[1].id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_desk_keeps_the_caller_as_long_for_many_sessions_as_for_one() {
    // An attempt may take 20 s, so the last one of a request begins within its first 4 s.
    let world = World::with(&[("VENDOR_TIMEOUT_MS", "20000")]).await;
    let session = world.open_quietly("DE").await;
    said(&world, &session, &["one"]).await;
    world.twin.agent_transfers("DE").await.unwrap();
    let ids = said(&world, &session, &["two"]).await;
    let slow = VendorFault::Slow(Duration::from_millis(4_500));
    world.twin.fault(CALL, slow, Some(1));

    let waits = read(&world, &session, json!({"through": ids[0]})).await;

    assert_eq!(waits.expect(202).body["status"], "queued");
    // The other is woken for, and told once.
    until("the desk has heard of both", async || {
        let known = known(&world);
        ["one", "two"]
            .iter()
            .all(|text| known.contains(&(*text).to_owned()))
    })
    .await;
    world.all_went_out(&session).await;
    assert_eq!(told(&world).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_end_too() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    let ids = said(&world, &session, &["one"]).await;
    world.close(&session).await.expect(200);
    read(&world, &session, json!({"messages": ids}))
        .await
        .expect(200);
    assert_eq!(known(&world), ["one"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn contradiction_19_in_the_query_where_the_setting_says_so() {
    let world = World::with(&[("UDESK_READ_MESSAGES_IN", "query")]).await;
    world
        .twin
        .switch(|switches| switches.read_messages_in = ReadMessagesIn::Query);
    let session = world.open_quietly("DE").await;
    let ids = said(&world, &session, &["one", "two"]).await;
    read(&world, &session, json!({"messages": ids}))
        .await
        .expect(200);
    assert_eq!(known(&world), ["one", "two"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_udesk_cannot_take_now_is_told_later_and_messages_go_first() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    let ids = said(&world, &session, &["one"]).await;
    world.twin.fault(CALL, VendorFault::Limited, Some(2));
    let waits = read(&world, &session, json!({"messages": ids}))
        .await
        .expect(202);
    assert_eq!(waits.body["status"], "queued");
    assert!(waits.body["retry_at"].is_string(), "{waits:?}");
    world.say(&session, "c-1", "Thanks").await.expect(200);
    until("the desk has heard of it", async || {
        known(&world) == ["one"]
    })
    .await;
    world.all_went_out(&session).await;
    // Down, not only busy.
    let ids = said(&world, &session, &["two"]).await;
    let down = world.udesk.refuse().await;
    read(&world, &session, json!({"through": ids[0]}))
        .await
        .expect(202);
    down.clear().await;
    until("the desk has heard of both", async || {
        known(&world) == ["one", "two"]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_budget_it_waits_for_its_place() {
    let rate = "60000,POST /im/messages/read_messages=10/3600";
    let world = World::with(&[("UDESK_RATE_LIMIT", rate)]).await;
    let session = world.open_quietly("DE").await;
    let ids = said(&world, &session, &["one", "two"]).await;
    read(&world, &session, json!({"messages": [ids[0]]}))
        .await
        .expect(200);
    let waits = read(&world, &session, json!({"messages": [ids[1]]}))
        .await
        .expect(202);
    let at = clock::of_rfc3339(waits.body["retry_at"].as_str().unwrap()).unwrap();
    assert!(at > clock::now(), "{waits:?}");
    world.say(&session, "c-1", "Thanks").await.expect(200);
    assert_eq!(told(&world).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_the_callers_to_know() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    let ids = said(&world, &session, &["one"]).await;
    for code in [
        2000, 2001, 2002, 2005, 2015, 2058, 2059, 2062, 2065, 9200, 11012, 20621, 20624, 4711,
    ] {
        world
            .twin
            .fault(CALL, VendorFault::code(code, "no"), Some(1));
        let refused = read(&world, &session, json!({"messages": ids}))
            .await
            .expect(422);
        assert_eq!(refused.body["error"]["vendor"]["code"], code);
    }
    // It is no news of the conversation: that goes on.
    assert_eq!(world.session(&session).await["state"], "active");
    read(&world, &session, json!({"messages": ids}))
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_under_the_same_key_tells_nothing_new() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    let ids = said(&world, &session, &["one", "two"]).await;
    let path = format!("/sessions/{session}/reads");
    let headers = [
        ("authorization", format!("Bearer {API_KEY}")),
        ("content-type", "application/json".to_owned()),
        ("idempotency-key", "k-1".to_owned()),
    ];
    let under_key = async |body: Value| {
        let body = Some(body.to_string().into_bytes());
        world.send("POST", &path, &headers, body).await
    };
    for _ in 0..2 {
        under_key(json!({"messages": [ids[0]]})).await.expect(200);
    }
    assert_eq!(told(&world).len(), 1);
    let conflict = under_key(json!({"messages": [ids[1]]})).await.expect(409);
    assert_eq!(conflict.error_code(), "idempotency_conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_and_what_is_wrong() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    let ids = said(&world, &session, &["one"]).await;
    world.say(&session, "c-1", "Hello").await.expect(200);
    let own = world.conversation(&session).await;
    let own = own.last().unwrap()["id"].clone();
    let absent = "msg_01KAJ3W9C8E7F6G5H4J3K2M1N0";
    for (body, field) in [
        (json!({}), "messages"),
        (json!({"messages": []}), "messages"),
        (json!({"messages": vec![absent; 101]}), "messages"),
        (json!({"messages": [ids[0]], "through": ids[0]}), "through"),
        (json!({"messages": [ids[0], "7"]}), "messages[1]"),
        (json!({"messages": [ids[0], absent]}), "messages[1]"),
        (json!({"messages": [own, ids[0]]}), "messages[0]"),
        (json!({"messages": "all"}), "messages"),
        (json!({"through": "last"}), "through"),
        (json!({"through": absent}), "through"),
        (json!({"through": 7}), "through"),
        (json!({"until": ids[0]}), "until"),
    ] {
        let refused = read(&world, &session, body.clone()).await.expect(400);
        assert_eq!(refused.body["error"]["field"], field, "{body}");
    }
    let stranger = World::customer_token("FR", 900, clock::now());
    let path = format!("/sessions/{session}/reads");
    let body = Some(json!({"messages": ids}));
    world.call(&stranger, "POST", &path, body).await.expect(404);
    assert!(told(&world).is_empty());
    // Another vendor's.
    let text = push::sobot_text("SO", "m1", "cid1", "Hello");
    world
        .push_to(SOBOT_WEBHOOKS[0], SOBOT_PATH_SECRET, text)
        .await
        .expect(200);
    let sobot = world.open_session_of("SO").await.unwrap();
    let refused = read(
        &world,
        sobot["id"].as_str().unwrap(),
        json!({"through": absent}),
    )
    .await;
    assert!(refused.expect(400).text.contains("only Udesk"));
}
