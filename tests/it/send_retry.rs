//! What becomes of a message that Udesk can't take now, may have taken, or never takes.

use std::{collections::BTreeSet, time::Duration};

use deskbridge::ids::SessionId;
use deskbridge_twins::udesk::{Call, Fault, OverLimit, sign_v2};
use harness::{
    BOUND,
    app::Event,
    faults,
    world::{Answer, SHORT_WAIT, World},
};

const MESSAGES: &str = "POST /im/messages";

/// The attempts to send what has this text.
fn attempts(world: &World, text: &str) -> Vec<Call> {
    let mut calls = world.twin.calls_of("/im/messages");
    calls.retain(|call| call.body.as_ref().unwrap()["data"]["content"] == text);
    calls
}

/// One message id, and each attempt signed anew.
fn assert_one_message_signed_anew(attempts: &[Call], answer: &Answer) {
    let id = answer.text_of("id");
    let mut nonces = BTreeSet::new();
    for call in attempts {
        assert_eq!(call.body_value("message_id").as_ref(), Some(&id));
        let nonce = call.query_value("nonce");
        assert!(nonces.insert(nonce.to_owned()), "{nonce} came twice");
        let options = deskbridge_twins::udesk::Options::default();
        let timestamp = call.query_value("timestamp");
        let sign = sign_v2(&options.email, &options.api_token, timestamp, nonce);
        assert_eq!(call.query_value("sign"), sign);
    }
}

/// What the customer wrote, as it arrived.
fn arrived(world: &World, customer: &str) -> Vec<String> {
    let received = world.twin.messages_from(customer);
    received
        .into_iter()
        .map(|message| message.content)
        .collect()
}

/// The customer writes three messages while the outage lasts, and it ends.
async fn outlives(world: &World, session: &str, end: impl AsyncFnOnce()) -> Answer {
    let first = world.say(session, "c-1", "one").await.expect(202);
    assert_eq!(first.text_of("status"), "queued");
    assert!(first.body["retry_at"].is_string(), "{first:?}");
    world.say(session, "c-2", "two").await.expect(202);
    world.say(session, "c-3", "three").await.expect(202);
    end().await;
    for id in ["c-1", "c-2", "c-3"] {
        world.wait_for_status(session, id, "sent").await;
    }
    first
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_outlive_a_vendor_that_fails_or_limits() {
    let world = World::start().await;
    let outages = [
        ("500", Fault::Status(500), None),
        ("503", Fault::Status(503), None),
        ("429", Fault::Limited, None),
        ("20699", Fault::Limited, Some(OverLimit::unlisted_code())),
    ];
    for (customer, fault, shape) in outages {
        let session = world.open_session(customer).await;
        let shape = shape.unwrap_or(OverLimit::Status429 { retry_after: None });
        world.twin.switch(|switches| switches.over_limit = shape);
        world.twin.fault(MESSAGES, fault, None);
        let before = attempts(&world, "one").len();

        let first = outlives(&world, &session, async || world.twin.clear_faults()).await;

        assert_eq!(arrived(&world, customer), ["one", "two", "three"]);
        let tried = attempts(&world, "one").split_off(before);
        assert!(tried.len() > 1, "{customer}: {tried:?}");
        assert_one_message_signed_anew(&tried, &first);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_outlive_a_vendor_that_is_unreachable() {
    let world = World::start().await;
    let session = world.open_session("DE").await;
    let outage = world.udesk.refuse().await;

    outlives(&world, &session, async || outage.clear().await).await;

    assert_eq!(arrived(&world, "DE"), ["one", "two", "three"]);
    assert_eq!(world.twin.calls_of("/im/messages").len(), 3);
    let sent = |events: &[Event]| {
        let of_kind = events.iter().filter(|event| event.kind == "message.sent");
        of_kind.count()
    };
    world.app.wait_for(BOUND, |events| sent(events) == 3).await;
    world.wait_until_quiet(&session).await;
    assert_eq!(sent(&world.app.events_of(&session)), 3);
    world.app.assert_in_order(&session);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wait_that_the_vendor_asks_for_is_kept() {
    let world = World::start().await;
    let session = world.open_session("DE").await;
    world.twin.switch(|switches| {
        switches.over_limit = OverLimit::Status429 {
            retry_after: Some(6),
        };
    });
    world.twin.fault(MESSAGES, Fault::Limited, Some(1));

    world.say(&session, "c-1", "one").await.expect(202);
    world.wait_for_status(&session, "c-1", "sent").await;

    let calls = attempts(&world, "one");
    assert_eq!(calls.len(), 2);
    let waited = calls[1].at.duration_since(calls[0].at);
    assert!(waited.as_millis() >= 6_000, "{waited}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_that_hides_behind_a_time_out_happens_once_where_repeats_are_dropped() {
    let world = World::with(&[SHORT_WAIT]).await;
    let hidden = [
        ("late", Fault::AnswerLate(Duration::from_secs(6))),
        ("never", Fault::NeverAnswer),
        ("cut", Fault::CutAfter),
    ];
    for (customer, fault) in hidden {
        let session = world.open_session(customer).await;
        world.twin.fault(MESSAGES, fault, Some(1));
        let before = attempts(&world, "one").len();

        let first = world.say(&session, "c-1", "one").await.expect(202);
        world.wait_for_status(&session, "c-1", "sent").await;

        assert_eq!(arrived(&world, customer), ["one"]);
        let tried = attempts(&world, "one").split_off(before);
        assert_eq!(tried.len(), 2, "{customer}");
        assert_one_message_signed_anew(&tried, &first);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_arrived_is_held_where_repeats_are_not_dropped() {
    let world = World::with(&[("UDESK_ON_UNKNOWN", "hold")]).await;
    world.twin.switch(|switches| switches.drop_repeats = false);
    let session = world.open_session("DE").await;
    world.twin.fault(MESSAGES, Fault::NeverAnswer, Some(1));

    let first = world.say(&session, "c-1", "one").await.expect(202);
    assert_eq!(first.text_of("status"), "unknown");
    let again = world.say(&session, "c-1", "one").await.expect(202);
    assert_eq!(again.text_of("status"), "unknown");
    world.say(&session, "c-2", "two").await.expect(200);
    world.wait_until_told(&session, "message.unknown").await;
    world.sweep().await;
    assert_eq!(arrived(&world, "DE"), ["one", "two"]);
    assert_eq!(attempts(&world, "one").len(), 1);

    // The agent has read it, so it did arrive.
    let id = first.text_of("id");
    world
        .twin
        .agent_reads("DE", std::slice::from_ref(&id))
        .await
        .unwrap();
    world.wait_for_status(&session, "c-1", "read").await;
    world.wait_until_told(&session, "messages.read").await;
    let events = world.app.events_of(&session);
    let read = events.iter().find(|event| event.kind == "messages.read");
    assert_eq!(read.unwrap().data["message_ids"], serde_json::json!([id]));
    world.say(&session, "c-1", "one").await.expect(200);
    assert_eq!(attempts(&world, "one").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_on_the_way_is_held_as_well() {
    let world = World::with(&[("UDESK_ON_UNKNOWN", "hold")]).await;
    world.twin.switch(|switches| switches.drop_repeats = false);
    let session = world.open_session("DE").await;
    let messages = faults::Calls::path("/im/messages").times(1);
    let cut = world.udesk.play(messages, faults::Fault::CutAfter);

    let first = world.say(&session, "c-1", "one").await.expect(202);

    assert_eq!(first.text_of("status"), "unknown");
    cut.hit(1).await;
    world.say(&session, "c-2", "two").await.expect(200);
    assert_eq!(arrived(&world, "DE"), ["one", "two"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_certainly_did_not_arrive_is_sent_later_also_under_hold() {
    let world = World::with(&[("UDESK_ON_UNKNOWN", "hold")]).await;
    world.twin.switch(|switches| switches.drop_repeats = false);
    let session = world.open_session("DE").await;
    world.twin.fault(MESSAGES, Fault::Status(503), Some(1));

    let first = world.say(&session, "c-1", "one").await.expect(202);
    assert_eq!(first.text_of("status"), "queued");
    world.wait_for_status(&session, "c-1", "sent").await;
    assert_eq!(arrived(&world, "DE"), ["one"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_end_and_the_session_goes_on() {
    let world = World::with(&[("RETRY_SCHEDULE_SECONDS", "1,1")]).await;
    let session = world.open_session("DE").await;
    // The first attempt and two more.
    world.twin.fault(MESSAGES, Fault::Status(503), Some(3));

    let first = world.say(&session, "c-1", "one").await.expect(202);
    let second = world.say(&session, "c-2", "two").await;
    assert!([200, 202].contains(&second.status), "{second:?}");

    world.wait_until_told(&session, "message.failed").await;
    assert_eq!(world.status(&session, "c-1").await, "failed");
    world.wait_for_status(&session, "c-2", "sent").await;
    assert_eq!(arrived(&world, "DE"), ["two"]);
    let tried = attempts(&world, "one");
    assert_eq!(tried.len(), 3);
    assert_one_message_signed_anew(&tried, &first);
    let events = world.app.events_of(&session);
    let failed = events.iter().find(|event| event.kind == "message.failed");
    assert_eq!(failed.unwrap().data["message"]["client_id"], "c-1");
    // Entry 1 opened the session.
    let id = SessionId::parse(&session).unwrap();
    let dead = world.table().send(&id, 2).await.unwrap().unwrap();
    assert!(dead.dead_at.is_some() && dead.dead_because.is_some());
    let live = world.table().send(&id, 3).await.unwrap().unwrap();
    assert_eq!(live.dead_at, None);
    let again = world.say(&session, "c-1", "one").await.expect(422);
    assert_eq!(again.error_code(), "vendor_refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_calls_hang_holds_up_no_other() {
    let world = World::with(&[("VENDOR_TIMEOUT_MS", "15000")]).await;
    let stuck = world.open_session("DE").await;
    let free = world.open_session("FR").await;
    let hang = world.udesk.play(
        faults::Calls::path("/im/messages").body("\"DE\""),
        faults::Fault::Hang,
    );
    let waiting = world.say(&stuck, "c-1", "one");
    let others = async {
        hang.hit(1).await;
        for number in 0..5 {
            let id = format!("c-{number}");
            world.say(&free, &id, "hello").await.expect(200);
        }
        assert_eq!(hang.holds(), 1, "the other session's call still hangs");
        // Behind it in its own session: recorded, and the caller does not wait.
        world.say(&stuck, "c-2", "two").await.expect(202);
        hang.clear();
    };
    let (first, ()) = tokio::join!(waiting, others);
    first.expect(200);
    world.wait_for_status(&stuck, "c-2", "sent").await;
    assert_eq!(arrived(&world, "DE"), ["one", "two"]);
}
