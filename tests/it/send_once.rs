//! A client that repeats a message, because it heard no answer or by mistake, has said it once.

use std::collections::BTreeSet;

use deskbridge_twins::udesk::Fault;
use futures_util::future::join_all;
use harness::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_message_fifty_times_at_once_is_sent_once() {
    let world = World::start().await;
    let session = world.open_session("DE").await;

    let says = (0..50).map(|_| world.say(&session, "c-1", "Where is my parcel?"));
    let answers = join_all(says).await;

    for answer in &answers {
        let status = answer.text_of("status");
        match answer.status {
            200 => assert_eq!(status, "sent", "{answer:?}"),
            202 => assert!(["queued", "sending"].contains(&&*status), "{answer:?}"),
            _ => panic!("{answer:?}"),
        }
    }
    let ids: BTreeSet<_> = answers.iter().map(|answer| answer.text_of("id")).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    world.wait_for_status(&session, "c-1", "sent").await;
    assert_eq!(world.twin.messages_from("DE").len(), 1);
    assert_eq!(world.twin.calls_of("/im/messages").len(), 1);
    let conversation = world.conversation(&session).await;
    let said = conversation
        .iter()
        .filter(|said| said["from"] == "customer");
    assert_eq!(said.count(), 1, "{conversation:?}");
    world.wait_until_told(&session, "message.sent").await;
    let told = world.told(&session);
    let sent = told.iter().filter(|kind| *kind == "message.sent");
    assert_eq!(sent.count(), 1, "{told:?}");

    let first = ids.first().unwrap();
    let late = world.say(&session, "c-1", "Where is my parcel?").await;
    assert_eq!(late.expect(200).text_of("id"), *first);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_stands_for_one_message_alone() {
    let world = World::start().await;
    let session = world.open_session("DE").await;

    world.say(&session, "c-1", "Hello").await.expect(200);
    let other = world.say(&session, "c-1", "Goodbye").await.expect(409);
    assert_eq!(other.error_code(), "idempotency_conflict");
    assert_eq!(world.twin.messages_from("DE").len(), 1);

    // Another session's ids are its own.
    let neighbour = world.open_session("FR").await;
    world.say(&neighbour, "c-1", "Goodbye").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_header_stands_for_the_id() {
    let world = World::start().await;
    let session = world.open_session("DE").await;

    let first = world.say_under_key(&session, "c-1", "Hello").await;
    let again = world.say_under_key(&session, "c-1", "Hello").await;
    let by_body = world.say(&session, "c-1", "Hello").await;

    let id = first.expect(200).text_of("id");
    assert_eq!(again.expect(200).text_of("id"), id);
    assert_eq!(by_body.expect(200).text_of("id"), id);
    let other = world.say_under_key(&session, "c-1", "Goodbye").await;
    assert_eq!(other.expect(409).error_code(), "idempotency_conflict");
    assert_eq!(world.twin.messages_from("DE").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_vendor_refused_stays_refused() {
    let world = World::start().await;
    let session = world.open_session("DE").await;
    let refusal = Fault::code(2005, "Invalid parameter");
    world.twin.fault("POST /im/messages", refusal, Some(1));

    let first = world.say(&session, "c-1", "Hello").await.expect(422);
    let again = world.say(&session, "c-1", "Hello").await.expect(422);

    for answer in [first, again] {
        assert_eq!(answer.error_code(), "vendor_refused");
        assert_eq!(answer.body["error"]["vendor"]["name"], "udesk");
        assert_eq!(answer.body["error"]["vendor"]["code"], 2005);
    }
    assert_eq!(world.twin.calls_of("/im/messages").len(), 1);
    assert_eq!(world.status(&session, "c-1").await, "failed");
    world.wait_until_told(&session, "message.failed").await;

    world.say(&session, "c-2", "Hello again").await.expect(200);
    world.close(&session).await.expect(200);
    // A repeat gets the first answer, also when the session has ended meanwhile.
    let late = world.say(&session, "c-1", "Hello").await.expect(422);
    assert_eq!(late.error_code(), "vendor_refused");
    world.say(&session, "c-2", "Hello again").await.expect(200);
    let new = world.say(&session, "c-3", "Anybody?").await.expect(409);
    assert_eq!(new.error_code(), "session_closed");
}
