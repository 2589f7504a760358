//! What the customer is typing, as the agent sees it.

use deskbridge::clock;
use deskbridge_twins::udesk::{Fault as VendorFault, Twin};
use harness::{
    faults::{Calls, Fault},
    push,
    world::{API_KEY, Answer, SOBOT_PATH_SECRET, SOBOT_WEBHOOKS, World},
};
use serde_json::json;

const CALL: &str = "PUT /im/sessions/*";

async fn types(world: &World, session: &str, content: &str) -> Answer {
    let path = format!("/sessions/{session}/preview");
    let body = json!({ "content": content });
    world.call(API_KEY, "PUT", &path, Some(body)).await
}

fn seen(twin: &Twin) -> Option<String> {
    twin.conversation("DE").unwrap().preview
}

fn calls(world: &World) -> usize {
    let calls = world.twin.calls().into_iter();
    calls.filter(|call| call.method == "PUT").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_sees_it_until_it_is_sent_or_cleared() {
    let world = World::start().await;
    let session = world.open_session("DE").await;
    let own = World::customer_token("DE", 900, clock::now());
    let path = format!("/sessions/{session}/preview");
    let body = Some(json!({"content": "Where is my par"}));
    let shown = world.call(&own, "PUT", &path, body).await.expect(200);
    assert_eq!(shown.body, json!({"status": "shown"}));
    assert_eq!(seen(&world.twin).as_deref(), Some("Where is my par"));
    types(&world, &session, "").await.expect(200);
    assert_eq!(seen(&world.twin), None);
    types(&world, &session, "Where").await.expect(200);
    world.say(&session, "c-1", "Where?").await.expect(200);
    assert_eq!(seen(&world.twin), None);
    // What the vendor's page does not list is not sent.
    let calls = world.twin.calls().into_iter();
    let odd: Vec<_> = calls.flat_map(|call| call.unknown_fields).collect();
    assert!(odd.is_empty(), "{odd:?}");
}

/// The customer types while it is another preview's turn; `other` happens once this one has waited and is about to
/// take its own. Gives the answers to both.
async fn while_it_waits(
    world: &World,
    session: &str,
    text: &str,
    other: impl AsyncFn() -> Answer,
) -> (Answer, Answer) {
    let turn = Calls::to("UpdateItem").body("newest = :mine AND");
    let held = world.dynamodb.play(turn.times(1), Fault::Hang);
    let waits = held.hit(1);
    tokio::pin!(waits);
    loop {
        let typing = types(world, session, text);
        tokio::pin!(typing);
        tokio::select! {
            biased;
            () = &mut waits => {
                let other = other().await;
                held.release();
                return (typing.await.expect(200), other);
            }
            // It did not have to: the first, or the machine stood still for longer than a turn takes.
            shown = &mut typing => drop(shown.expect(200)),
        }
    }
}

/// The twin refuses more than Udesk takes: three a second of one session.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_udesk_gets_few_and_the_latest_is_shown() {
    let world = World::start().await;
    let session = world.open_session("DE").await;
    let all = (0..12).map(|number| {
        let (world, session) = (&world, &session);
        async move {
            let text = format!("text {number}");
            let answer = types(world, session, &text).await.expect(200);
            (answer.text_of("status"), text)
        }
    });
    let mut shown = Vec::new();
    for (status, text) in futures_util::future::join_all(all).await {
        match status.as_str() {
            "shown" => shown.push(text),
            status => assert_eq!(status, "superseded", "{text}"),
        }
    }
    let calls = world.twin.calls().into_iter();
    let calls: Vec<_> = calls.filter(|call| call.method == "PUT").collect();
    assert!(
        calls.iter().all(|call| call.code == Some(1000)),
        "{calls:?}"
    );
    assert_eq!(calls.len(), shown.len());
    assert!((2..12).contains(&shown.len()), "{shown:?}");

    // One waits; another comes meanwhile, and the first one's turn is the other's.
    let (waiting, latest) = while_it_waits(&world, &session, "two", async || {
        types(&world, &session, "three").await.expect(200)
    })
    .await;
    assert_eq!(waiting.body["status"], "superseded");
    assert_eq!(latest.body["status"], "shown");
    assert_eq!(seen(&world.twin).as_deref(), Some("three"));
}

/// A preview that waits for its turn must not come back behind the message.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_meanwhile_is_not_shown_as_being_typed() {
    let world = World::start().await;
    let session = world.open_session("DE").await;
    let (answer, _) = while_it_waits(&world, &session, "Where?", async || {
        world.say(&session, "c-1", "Where?").await.expect(200)
    })
    .await;
    assert_eq!(answer.body["status"], "superseded");
    assert_eq!(seen(&world.twin), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_agent_nothing_is_shown() {
    let world = World::start().await;
    world.twin.everyone_busy(2);
    let waiting = world.ask_for_agent("DE").await.expect(201).text_of("id");
    let answer = types(&world, &waiting, "Hello").await.expect(200);
    assert_eq!(answer.body, json!({"status": "no_agent"}));
    assert_eq!(calls(&world), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn contradiction_34_what_is_not_activated_is_remembered() {
    let world = World::start().await;
    let session = world.open_session("DE").await;
    world
        .twin
        .switch(|switches| switches.preview_activated = false);
    for _ in 0..2 {
        let refused = types(&world, &session, "Hello").await.expect(422);
        assert_eq!(refused.error_code(), "vendor_refused");
        assert_eq!(refused.body["error"]["vendor"]["code"], 2065);
    }
    // Of any customer, and for an hour.
    let other = world.open_session("AT").await;
    types(&world, &other, "Hello").await.expect(422);
    assert_eq!(calls(&world), 1);
    let items = world.items().await;
    let note = items
        .iter()
        .find(|item| item["pk"] == "NOTE#udesk#message_preview:off")
        .unwrap();
    let left = note["until"].as_i64().unwrap() - clock::now();
    assert!((3_500_000..=3_600_000).contains(&left), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_budget_it_is_not_shown_and_says_when() {
    let rate = "60000,PUT /im/sessions/:session_id/message_preview=10/3600";
    let world = World::with(&[("UDESK_RATE_LIMIT", rate)]).await;
    let session = world.open_session("DE").await;
    types(&world, &session, "Hello").await.expect(200);
    let later = types(&world, &session, "Hello there").await.expect(202);
    assert_eq!(later.body["status"], "later");
    let at = clock::of_rfc3339(later.body["retry_at"].as_str().unwrap()).unwrap();
    assert!(at > clock::now(), "{later:?}");
    assert_eq!(calls(&world), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn udesk_busy_unreachable_or_done_with_the_session() {
    let world = World::start().await;
    let session = world.open_session("DE").await;
    world.twin.fault(CALL, VendorFault::Status(503), Some(1));
    let busy = types(&world, &session, "Hello").await.expect(503);
    assert_eq!(busy.error_code(), "vendor_unavailable");
    let down = world.udesk.refuse().await;
    let gone = types(&world, &session, "Hello").await.expect(503);
    assert_eq!(gone.error_code(), "vendor_unavailable");
    down.clear().await;
    // "Session not found or closed."
    world
        .twin
        .fault(CALL, VendorFault::code(2062, "gone"), Some(1));
    let refused = types(&world, &session, "Hello").await.expect(422);
    assert_eq!(refused.body["error"]["vendor"]["code"], 2062);
    // The answer is lost: nobody knows, and the next one tells.
    world.twin.fault(CALL, VendorFault::NeverAnswer, Some(1));
    types(&world, &session, "Hello").await.expect(503);
    types(&world, &session, "Hello").await.expect(200);
    assert_eq!(seen(&world.twin).as_deref(), Some("Hello"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_and_what_is_wrong() {
    let world = World::start().await;
    let session = world.open_session("DE").await;
    let path = format!("/sessions/{session}/preview");
    let stranger = World::customer_token("FR", 900, clock::now());
    let body = || Some(json!({"content": "x"}));
    let hidden = world
        .call(&stranger, "PUT", &path, body())
        .await
        .expect(404);
    assert_eq!(hidden.error_code(), "session_not_found");
    for (body, field) in [
        (json!({}), "content"),
        (json!({"content": null}), "content"),
        (json!({"content": 1}), "content"),
        (json!({"content": "x", "colour": "red"}), "colour"),
        (json!({"content": "x".repeat(102_401)}), "content"),
    ] {
        let refused = world.call(API_KEY, "PUT", &path, Some(body)).await;
        assert_eq!(refused.expect(400).body["error"]["field"], field);
    }
    world.close(&session).await.expect(200);
    let closed = types(&world, &session, "x").await.expect(409);
    assert_eq!(closed.error_code(), "session_closed");
    // Another vendor's.
    let text = push::sobot_text("SO", "m1", "cid1", "Hello");
    world
        .push_to(SOBOT_WEBHOOKS[0], SOBOT_PATH_SECRET, text)
        .await
        .expect(200);
    let sobot = world.open_session_of("SO").await.unwrap();
    let refused = types(&world, sobot["id"].as_str().unwrap(), "x").await;
    let refused = refused.expect(400);
    assert_eq!(refused.error_code(), "invalid_request");
    assert!(refused.text.contains("only Udesk"), "{refused:?}");
}
