//! A conversation ends: by the customer's wish, or because Udesk has ended it.

use deskbridge_twins::udesk::{Fault as VendorFault, Standing};
use harness::{
    BOUND,
    app::Event,
    faults::{Calls, Fault},
    until,
    world::World,
};

/// The `session.closed` events of a session.
fn closed(world: &World, session: &str) -> Vec<Event> {
    let mut events = world.app.events_of(session);
    events.retain(|event| event.kind == "session.closed");
    events
}

/// Methods and paths of what Udesk was told about messages and endings, in order.
fn calls(world: &World) -> Vec<String> {
    let calls = world.twin.calls().into_iter();
    calls
        .filter(|call| call.path != "/im/sessions")
        .map(|call| format!("{} {}", call.method, call.path))
        .collect()
}

async fn is_refused_as_closed(world: &World, session: &str) {
    let late = world.say(session, "late", "Too late").await.expect(409);
    assert_eq!(late.error_code(), "session_closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_customer_ends_a_conversation() {
    let world = World::start().await;
    world
        .twin
        .switch(|switches| switches.push_close_after_delete = false);
    let session = world.open_session("DE").await;
    let live = world.twin.conversation("DE").unwrap().live().unwrap().id;

    let answer = world.close(&session).await.expect(200);

    assert_eq!(answer.body["state"], "closed");
    assert_eq!(world.twin.conversation("DE").unwrap().live(), None);
    world.wait_until_told(&session, "session.closed").await;
    let told = closed(&world, &session);
    assert_eq!(told[0].data["reason"], "customer");
    assert_eq!(told[0].data["session"]["state"], "closed");
    assert_eq!(
        told[0].data["survey"]["options"][0]["text"], "Very satisfied",
        "the app may ask what the agent's desk offered: {:?}",
        told[0]
    );

    // Once more: nothing more.
    let again = world.close(&session).await.expect(200);
    assert_eq!(again.body["state"], "closed");
    is_refused_as_closed(&world, &session).await;
    assert_eq!(calls(&world), [format!("DELETE /im/sessions/{live}")]);

    // The customer is free for another one.
    let next = world.open_session("DE").await;
    assert_ne!(next, session);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ending_that_udesk_also_pushes_is_told_once() {
    let world = World::start().await;
    let session = world.open_session("DE").await;

    world.close(&session).await.expect(200);

    until("Udesk has pushed the ending", async || {
        let pushes = world.twin.pushes();
        pushes
            .iter()
            .any(|push| push.body.to_string().contains("close_type"))
    })
    .await;
    world.wait_until_told(&session, "session.closed").await;
    let next = world.open_session("DE").await;
    world.wait_until_told(&next, "session.started").await;
    assert_eq!(closed(&world, &session).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_leaves_the_queue() {
    let world = World::start().await;
    world.twin.everyone_busy(2);
    let session = world.ask_for_agent("DE").await.expect(201).text_of("id");

    let answer = world.close(&session).await.expect(200);

    assert_eq!(answer.body["state"], "closed");
    let standing = world.twin.conversation("DE").unwrap().standing;
    assert_eq!(standing, Standing::Idle);
    world.wait_until_told(&session, "session.closed").await;
    let leaving = world.udesk.calls_of(&Calls::path("/close_queue"));
    assert_eq!(leaving.len(), 1);
    // The queue's name as the vendor gave it, its colons encoded.
    assert!(
        leaving[0].path.contains("queue=queue%3Acompany%3A1%3Aall"),
        "{}",
        leaving[0].path
    );
    is_refused_as_closed(&world, &session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_told_that_nobody_is_online_just_goes() {
    let world = World::start().await;
    world.twin.nobody_online();
    let session = world.ask_for_agent("DE").await.expect(201).text_of("id");

    let answer = world.close(&session).await.expect(200);

    assert_eq!(answer.body["state"], "closed");
    world.wait_until_told(&session, "session.closed").await;
    assert_eq!(calls(&world), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_before_goes_out_before_the_ending() {
    let world = World::start().await;
    world
        .twin
        .switch(|switches| switches.push_close_after_delete = false);
    let session = world.open_session("DE").await;
    let busy = VendorFault::Status(503);
    world.twin.fault("POST /im/messages", busy, None);
    world.say(&session, "c-1", "one").await.expect(202);
    world.say(&session, "c-2", "two").await.expect(202);

    let answer = world.close(&session).await.expect(202);
    assert_eq!(answer.body["state"], "active");
    assert!(answer.body["retry_at"].is_string(), "{answer:?}");
    world.close(&session).await.expect(202);
    is_refused_as_closed(&world, &session).await;
    world.twin.clear_faults();

    world.wait_until_told(&session, "session.closed").await;
    assert_eq!(world.status(&session, "c-1").await, "sent");
    assert_eq!(world.status(&session, "c-2").await, "sent");
    let calls = calls(&world);
    let (ending, before) = calls.split_last().unwrap();
    assert!(ending.starts_with("DELETE /im/sessions/"), "{calls:?}");
    assert!(before.iter().all(|call| call == "POST /im/messages"));
    let told = world.told(&session);
    let ends = ["message.sent", "message.sent", "session.closed"];
    assert!(told.ends_with(&ends.map(str::to_owned)), "{told:?}");
    world.app.assert_in_order(&session);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ending_outlives_a_vendor_that_is_unreachable() {
    let world = World::start().await;
    let session = world.open_session("DE").await;
    let outage = world.udesk.refuse().await;

    world.close(&session).await.expect(202);
    outage.clear().await;

    world.wait_until_told(&session, "session.closed").await;
    assert_eq!(world.twin.conversation("DE").unwrap().live(), None);
    let session = world.session(&session).await;
    assert_eq!(session["state"], "closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_udesk_has_ended_unnoticed_ends_with_the_next_message() {
    let world = World::start().await;
    let session = world.open_session("DE").await;
    world.wait_until_told(&session, "message.received").await;
    // The push that would tell of it is lost.
    world.twin.set_receive_url("http://127.0.0.1:9/".to_owned());
    world.twin.agent_closes("DE", "normal").await.unwrap();

    let late = world.say(&session, "c-1", "Hello?").await.expect(409);

    assert_eq!(late.error_code(), "session_closed");
    let again = world.say(&session, "c-1", "Hello?").await.expect(409);
    assert_eq!(again.error_code(), "session_closed");
    assert_eq!(world.session(&session).await["state"], "closed");
    world.wait_until_told(&session, "session.closed").await;
    assert_eq!(closed(&world, &session)[0].data["reason"], "vendor");
    world.wait_until_told(&session, "message.failed").await;
    assert_eq!(world.twin.messages_from("DE").len(), 0);
    assert_eq!(calls(&world), ["POST /im/messages"]);
    world.app.assert_in_order(&session);
    let next = world.open_session("DE").await;
    assert_ne!(next, session);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_behind_an_ended_session_fails() {
    let world = World::start().await;
    let session = world.open_session("DE").await;
    let busy = VendorFault::Status(503);
    world.twin.fault("POST /im/messages", busy, None);
    world.say(&session, "c-1", "one").await.expect(202);
    world.say(&session, "c-2", "two").await.expect(202);
    world.twin.agent_closes("DE", "normal").await.unwrap();
    world.wait_until_told(&session, "session.closed").await;
    world.twin.clear_faults();

    world.wait_for_status(&session, "c-1", "failed").await;
    world.wait_for_status(&session, "c-2", "failed").await;
    assert_eq!(world.twin.messages_from("DE").len(), 0);
    let failed = |events: &[Event]| {
        let of_kind = events.iter().filter(|event| event.kind == "message.failed");
        of_kind.count()
    };
    world
        .app
        .wait_for(BOUND, |events| failed(events) == 2)
        .await;
    world.wait_until_quiet(&session).await;
    assert_eq!(failed(&world.app.events_of(&session)), 2);
    let again = world.say(&session, "c-1", "one").await.expect(409);
    assert_eq!(again.error_code(), "session_closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_crosses_a_transfer_reaches_the_new_agent() {
    let world = World::with(&[("VENDOR_TIMEOUT_MS", "15000")]).await;
    let session = world.open_session("DE").await;
    let old = world.twin.conversation("DE").unwrap().live().unwrap().id;
    let on_its_way = world
        .udesk
        .play(Calls::path("/im/messages").times(1), Fault::Hang);

    let transfer = async {
        on_its_way.hit(1).await;
        world.twin.agent_transfers("DE").await.unwrap();
        on_its_way.release();
    };
    let (answer, ()) = tokio::join!(world.say(&session, "c-1", "Hello?"), transfer);

    assert!([200, 202].contains(&answer.status), "{answer:?}");
    world.wait_for_status(&session, "c-1", "sent").await;
    let received = world.twin.messages_from("DE");
    let live = world.twin.conversation("DE").unwrap().live().unwrap().id;
    assert_ne!(live, old);
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].im_sub_session_id, live);
    assert_eq!(received[0].message_id, answer.text_of("id"));
    let attempts = world.twin.calls_of("/im/messages");
    assert_eq!(attempts[0].code, Some(9200), "the old session is gone");
    assert_eq!(world.session(&session).await["state"], "active");
    world.wait_until_told(&session, "message.sent").await;
    assert!(closed(&world, &session).is_empty());
}
