//! Udesk's read status: what the agent has read becomes `read`, and the app is told once.

use deskbridge_twins::udesk::{Fault, PushStart};
use futures_util::future::join_all;
use harness::{
    BOUND,
    faults::{Calls, Fault as WireFault},
    push,
    world::{PATH_SECRET, World},
};
use serde_json::{Value, json};

/// A customer in a conversation with an agent who has said nothing yet; our session and Udesk's.
async fn in_conversation(world: &World, customer: &str) -> (String, i64) {
    world
        .twin
        .switch(|switches| switches.push_start = PushStart::Off);
    let session = world.open_session(customer).await;
    let sessions = world.twin.conversation(customer).unwrap().sessions;
    (session, sessions.last().unwrap().id)
}

/// The statuses of what the customer wrote, in order.
async fn statuses(world: &World, session: &str) -> Vec<Value> {
    let conversation = world.conversation(session).await.into_iter();
    conversation
        .map(|message| message["status"].clone())
        .collect()
}

/// What the app was told to have been read, event by event.
fn told_read(world: &World) -> Vec<Value> {
    let accepted = world.app.accepted().into_iter();
    let read = accepted.filter(|event| event.kind == "messages.read");
    read.map(|event| event.data["message_ids"].clone())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_agent_has_read_is_read_and_told_once() {
    let world = World::start().await;
    let (session, udesk) = in_conversation(&world, "DE").await;
    let mut ids = Vec::new();
    for text in ["one", "two", "three"] {
        ids.push(
            world
                .say(&session, text, text)
                .await
                .expect(200)
                .text_of("id"),
        );
    }
    let pushed = world.twin.agent_reads("DE", &ids[..2]).await.unwrap();
    assert!(pushed.is_good(), "{pushed:?}");
    assert_eq!(statuses(&world, &session).await, ["read", "read", "sent"]);
    world.app.wait_for_events_of(&session, 5, BOUND).await;
    assert_eq!(told_read(&world), [json!(ids[..2])]);

    // The same again, many times at once, and with ids that are nobody's: nothing new.
    let again = push::read(udesk, &[&ids[0], &ids[1], "123", "123456"]);
    world.warm_webhook().await;
    let answers = join_all((0..10).map(|_| world.push(PATH_SECRET, again.clone()))).await;
    assert!(
        answers.iter().all(|answer| answer.status == 200),
        "{answers:?}"
    );
    world.settled().await;
    assert_eq!(statuses(&world, &session).await, ["read", "read", "sent"]);
    assert_eq!(told_read(&world).len(), 1);

    // The third, together with those before it: only the third is news.
    world.twin.agent_reads("DE", &ids).await.unwrap();
    world.app.wait_for_events_of(&session, 6, BOUND).await;
    assert_eq!(told_read(&world)[1..], [json!(ids[2..])]);
    assert_eq!(statuses(&world, &session).await, ["read", "read", "read"]);
    world.app.assert_in_order(&session);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_status_that_comes_ten_times_at_once_is_told_once() {
    let world = World::start().await;
    let (session, udesk) = in_conversation(&world, "DE").await;
    let id = world
        .say(&session, "c-1", "one")
        .await
        .expect(200)
        .text_of("id");
    let body = push::read(udesk, &[&id]);
    world.warm_webhook().await;
    let answers = join_all((0..10).map(|_| world.push(PATH_SECRET, body.clone()))).await;
    assert!(
        answers.iter().all(|answer| answer.status == 200),
        "{answers:?}"
    );
    world.app.wait_for_events_of(&session, 3, BOUND).await;
    world.settled().await;
    assert_eq!(told_read(&world), [json!([id])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn read_overrules_failed() {
    let world = World::start().await;
    let (session, _) = in_conversation(&world, "DE").await;
    // "Invalid parameter": no code that is worth another try.
    let refusal = Fault::code(2005, "Invalid parameter");
    world.twin.fault("POST /im/messages", refusal, Some(1));
    world.say(&session, "c-1", "one").await.expect(422);
    let message = world.conversation(&session).await.remove(0);
    assert_eq!(message["status"], "failed", "{message}");

    let id = message["id"].as_str().unwrap().to_owned();
    world.twin.agent_reads("DE", &[id]).await.unwrap();
    let message = world.conversation(&session).await.remove(0);
    assert_eq!(message["status"], "read");
    assert!(message["error"].is_null(), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn read_overrules_unknown() {
    let world = World::with(&[("UDESK_ON_UNKNOWN", "hold")]).await;
    let (session, _) = in_conversation(&world, "DE").await;
    world
        .twin
        .fault("POST /im/messages", Fault::NeverAnswer, Some(1));
    let said = world.say(&session, "c-1", "one").await.expect(202);
    assert_eq!(said.body["status"], "unknown");

    world
        .twin
        .agent_reads("DE", &[said.text_of("id")])
        .await
        .unwrap();
    assert_eq!(statuses(&world, &session).await, ["read"]);
    world.settled().await;
    let told: Vec<_> = world
        .app
        .events()
        .into_iter()
        .map(|event| event.kind)
        .collect();
    assert_eq!(
        told,
        ["session.started", "message.unknown", "messages.read"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_status_that_overtakes_the_answer_to_the_message_stays() {
    let world = World::with(&[("VENDOR_TIMEOUT_MS", "15000")]).await;
    let (session, _) = in_conversation(&world, "DE").await;
    let failed = world.bundle.warm_up().await;
    assert!(failed.is_empty(), "{failed:?}");
    // Udesk has the message, the agent reads it at once, and only then comes the answer.
    let answer = Calls::path("/im/messages");
    let answer = world.udesk.play(answer.times(1), WireFault::HoldAfter);
    let reading = async {
        answer.hit(1).await;
        let id = world.twin.messages_from("DE")[0].message_id.clone();
        world.twin.agent_reads("DE", &[id]).await.unwrap();
        answer.release();
    };
    let (said, ()) = tokio::join!(world.say(&session, "c-1", "one"), reading);
    assert_eq!(said.expect(200).body["status"], "read");
    assert_eq!(statuses(&world, &session).await, ["read"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_status_of_messages_that_are_not_ours_is_recorded_raw() {
    let world = World::start().await;
    let (session, udesk) = in_conversation(&world, "DE").await;
    let (_, other) = in_conversation(&world, "FR").await;
    let id = world
        .say(&session, "c-1", "one")
        .await
        .expect(200)
        .text_of("id");
    world.settled().await;
    let bodies = [
        push::read(udesk, &["123", "123456"]),
        push::read(udesk, &["msg_01ARZ3NDEKTSV4RRFFQ69G5FAV"]),
        push::read(udesk, &[]),
        // Of the session of somebody else.
        push::read(other, &[&id]),
        push::read(999_999, &[&id]),
    ];
    for body in &bodies {
        world.push(PATH_SECRET, body.clone()).await.expect(200);
    }
    let raw = world.raw_items().await;
    let recorded: Vec<_> = raw
        .iter()
        .filter_map(|item| item["body"].as_str())
        .collect();
    assert_eq!(recorded.len(), bodies.len());
    assert!(
        bodies.iter().all(|body| recorded.contains(&body.as_str())),
        "{raw:?}"
    );
    world.settled().await;
    assert_eq!(statuses(&world, &session).await, ["sent"]);
    assert_eq!(told_read(&world), [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_status_of_more_messages_than_one_transaction_takes_leaves_none_out() {
    let world = World::start().await;
    let (session, _) = in_conversation(&world, "DE").await;
    let mut ids = Vec::new();
    for number in 0..110 {
        let said = world
            .say(&session, &format!("c-{number}"), "x")
            .await
            .expect(200);
        ids.push(said.text_of("id"));
    }
    assert!(world.twin.agent_reads("DE", &ids).await.unwrap().is_good());
    let statuses = statuses(&world, &session).await;
    assert_eq!(
        statuses.iter().filter(|status| *status == "read").count(),
        110
    );
    world.settled().await;
    let told: Vec<Value> = told_read(&world)
        .into_iter()
        .flat_map(|ids| ids.as_array().unwrap().clone())
        .collect();
    assert_eq!(json!(told), json!(ids), "each once");
}
