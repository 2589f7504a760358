//! What a push becomes while the table or SQS refuses, and when processes die over it.

use std::time::{Duration, Instant};

use deskbridge_local::access_key;
use deskbridge_twins::udesk::PushStart;
use futures_util::future::join_all;
use harness::{
    BOUND,
    app::Event,
    faults::{Calls, Fault},
    push,
    rule::Rule,
    until,
    world::{AS_IN_AWS, Answer, PATH_SECRET, World},
};
use serde_json::Value;

/// Udesk counts an answer that takes longer as a time-out.
const UDESK_WAITS: Duration = Duration::from_secs(5);

/// A customer in a conversation with an agent who has said nothing yet; our session and Udesk's. The
/// webhook has been called before, so that no call below waits for a process to start.
async fn in_conversation(world: &World, customer: &str) -> (String, i64) {
    world
        .twin
        .switch(|switches| switches.push_start = PushStart::Off);
    let failed = world.bundle.warm_up().await;
    assert!(failed.is_empty(), "{failed:?}");
    let session = world.open_session(customer).await;
    world.app.wait_for_events_of(&session, 1, BOUND).await;
    world.settled().await;
    let sessions = world.twin.conversation(customer).unwrap().sessions;
    (session, sessions.last().unwrap().id)
}

/// Calls of webhook-udesk.
fn by_webhook(calls: Calls) -> Calls {
    calls.signed_by(&access_key("webhook-udesk"))
}

/// Kills a function while a call of its is held, which then never arrives.
fn kill(world: &World, function: &str, held: &Rule) {
    world.kill(function);
    held.cut();
    held.clear();
}

/// Posts the body as Udesk does, which waits 5 s.
async fn push_in_time(world: &World, body: &str) -> Answer {
    let start = Instant::now();
    let answer = world.push(PATH_SECRET, body.to_owned()).await;
    assert!(
        start.elapsed() < UDESK_WAITS,
        "took {:?}: {answer:?}",
        start.elapsed()
    );
    answer
}

fn is_empty_200(answer: &Answer) -> bool {
    (answer.status, answer.text.as_str()) == (200, "")
}

/// What the agent said, as the app was told: each accepted delivery.
fn told(world: &World) -> Vec<Value> {
    let accepted = world.app.accepted().into_iter();
    let received = accepted.filter(|event| event.kind == "message.received");
    received
        .map(|event| event.data["message"]["content"].clone())
        .collect()
}

async fn lines(world: &World, session: &str) -> Vec<Value> {
    let conversation = world.conversation(session).await.into_iter();
    conversation
        .map(|message| message["content"].clone())
        .collect()
}

/// The table refuses the webhook in this way, and nobody else: the body waits in the inbox until it can
/// be recorded, and the app is told once.
async fn goes_through_the_inbox(fault: Fault) {
    let world = World::with(&[AS_IN_AWS]).await;
    let (session, udesk) = in_conversation(&world, "DE").await;
    let refusing = world.dynamodb.play(by_webhook(Calls::any()), fault);
    let body = push::reply("DE", &[push::text("udesk_1", udesk, "Hello")]);

    let answer = push_in_time(&world, &body).await;
    assert!(is_empty_200(&answer), "{answer:?}");
    assert!(
        refusing.hits() > 0 || refusing.holds() > 0,
        "the table was asked first"
    );
    let put_aside = world
        .sqs
        .calls_of(&by_webhook(Calls::to("SendMessage").body("webhook_v1")));
    assert_eq!(put_aside.len(), 1, "the raw body, into the inbox");

    world.app.wait_for_events_of(&session, 2, BOUND).await;
    refusing.clear();
    // Once is enough: the table has recovered, and Udesk repeats itself.
    let answer = push_in_time(&world, &body).await;
    assert!(is_empty_200(&answer), "{answer:?}");
    world.settled().await;
    assert_eq!(told(&world), ["Hello"]);
    assert_eq!(lines(&world, &session).await, ["Hello"]);
    world.app.assert_in_order(&session);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_throttles_sends_the_body_through_the_inbox() {
    goes_through_the_inbox(Fault::throttle()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_fails_sends_the_body_through_the_inbox() {
    goes_through_the_inbox(Fault::InternalError).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_cuts_the_connection_sends_the_body_through_the_inbox() {
    goes_through_the_inbox(Fault::CutBefore).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_hangs_sends_the_body_through_the_inbox() {
    goes_through_the_inbox(Fault::Hang).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_took_effect_and_lost_its_answer_is_one_message() {
    let world = World::start().await;
    let (session, udesk) = in_conversation(&world, "DE").await;
    // It is written, and the function never learns of it.
    let writes = by_webhook(Calls::to("TransactWriteItems"));
    let lost = world.dynamodb.play(writes, Fault::CutAfter);
    let body = push::reply("DE", &[push::text("udesk_1", udesk, "Hello")]);
    assert!(is_empty_200(&push_in_time(&world, &body).await));
    assert!(lost.hits() > 0);
    lost.clear();

    world
        .sweep_until("the app was told", async || !told(&world).is_empty())
        .await;
    world.settled().await;
    assert_eq!(told(&world), ["Hello"]);
    assert_eq!(lines(&world, &session).await, ["Hello"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_down_for_all_is_answered_200_and_made_good_when_it_is_back() {
    let world = World::start().await;
    let (session, udesk) = in_conversation(&world, "DE").await;
    // The inbox is held until the table is back, so that ingest-inbox need not wait for a body that
    // SQS has handed out before to be handed out again.
    let inbox = by_webhook(Calls::to("SendMessage").body("webhook_v1"));
    let inbox = world.sqs.play(inbox, Fault::Hang);
    let down = world.dynamodb.refuse().await;
    let body = push::reply("DE", &[push::text("udesk_1", udesk, "Hello")]);
    let recovery = async {
        inbox.hit(1).await;
        down.clear().await;
        inbox.clear();
    };
    let (answer, ()) = tokio::join!(push_in_time(&world, &body), recovery);
    assert!(is_empty_200(&answer), "{answer:?}");

    world.app.wait_for_events_of(&session, 2, BOUND).await;
    world.settled().await;
    assert_eq!(told(&world), ["Hello"]);
    assert_eq!(lines(&world, &session).await, ["Hello"]);
}

/// SQS refuses the webhook in this way: the message is recorded and answered, and nobody is woken until
/// the sweep comes.
async fn waits_for_the_sweep(fault: Fault) {
    let world = World::with(&[AS_IN_AWS]).await;
    let (session, udesk) = in_conversation(&world, "DE").await;
    let refusing = world.sqs.play(by_webhook(Calls::any()), fault);
    let body = push::reply("DE", &[push::text("udesk_1", udesk, "Hello")]);
    assert!(is_empty_200(&push_in_time(&world, &body).await));
    assert!(refusing.hits() > 0, "it tried to nudge");
    assert_eq!(lines(&world, &session).await, ["Hello"], "recorded");
    assert_eq!(told(&world), [] as [Value; 0], "and nobody was woken");

    world
        .sweep_until("the app was told", async || !told(&world).is_empty())
        .await;
    world.settled().await;
    assert_eq!(told(&world), ["Hello"]);
    world.app.assert_in_order(&session);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_sqs_that_throttles_leaves_it_to_the_sweep() {
    waits_for_the_sweep(Fault::throttle()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_sqs_that_hangs_leaves_it_to_the_sweep() {
    waits_for_the_sweep(Fault::Hang).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_table_and_an_sqs_that_hangs_are_still_answered_in_time() {
    let world = World::with(&[AS_IN_AWS]).await;
    let (session, udesk) = in_conversation(&world, "DE").await;
    // Three calls of half a second each: slow, and every one of them succeeds.
    let slow = by_webhook(Calls::any());
    world
        .dynamodb
        .play(slow, Fault::Delay(Duration::from_millis(550)));
    let hanging = world.sqs.play(by_webhook(Calls::any()), Fault::Hang);
    let body = push::reply("DE", &[push::text("udesk_1", udesk, "Hello")]);
    let mut answer = push_in_time(&world, &body).await;
    // A busy machine may add more than the half second that is left for the table: 503, in time, and sent again.
    for _ in 0..2 {
        if answer.status == 503 {
            answer = push_in_time(&world, &body).await;
        }
    }
    assert!(is_empty_200(&answer), "{answer:?}");
    assert!(hanging.hits() > 0);
    world
        .sweep_until("the app was told", async || !told(&world).is_empty())
        .await;
    assert_eq!(lines(&world, &session).await, ["Hello"]);
}

/// Table and SQS refuse the webhook in this way: 503, nothing of it anywhere, and the same push works
/// once they are back.
async fn is_refused_and_works_later(fault: Fault) {
    let world = World::with(&[AS_IN_AWS]).await;
    let (session, udesk) = in_conversation(&world, "DE").await;
    let before = world.items().await;
    let table = world.dynamodb.play(by_webhook(Calls::any()), fault.clone());
    let queues = world.sqs.play(by_webhook(Calls::any()), fault);
    let body = push::reply("DE", &[push::text("udesk_1", udesk, "Hello")]);

    let answer = push_in_time(&world, &body).await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.error_code(), "storage_unavailable");
    assert_eq!(world.items().await, before, "nothing half-done");

    table.clear();
    queues.clear();
    let answer = push_in_time(&world, &body).await;
    assert!(is_empty_200(&answer), "{answer:?}");
    world.app.wait_for_events_of(&session, 2, BOUND).await;
    world.settled().await;
    assert_eq!(told(&world), ["Hello"]);
    assert_eq!(lines(&world, &session).await, ["Hello"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn table_and_sqs_that_throttle_are_503_and_the_same_push_works_later() {
    is_refused_and_works_later(Fault::throttle()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn table_and_sqs_that_cut_connections_are_503_and_the_same_push_works_later() {
    is_refused_and_works_later(Fault::CutBefore).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn table_and_sqs_that_hang_are_503_in_time_and_the_same_push_works_later() {
    is_refused_and_works_later(Fault::Hang).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_killed_between_recording_and_nudging_loses_nothing() {
    let world = World::start().await;
    let (session, udesk) = in_conversation(&world, "DE").await;
    let nudge = world
        .sqs
        .play(by_webhook(Calls::to("SendMessage")), Fault::Hang);
    let body = push::reply("DE", &[push::text("udesk_1", udesk, "Hello")]);
    let killing = async {
        nudge.hit(1).await;
        kill(&world, "webhook-udesk", &nudge);
    };
    let (answer, ()) = tokio::join!(world.push(PATH_SECRET, body.clone()), killing);
    assert_eq!(answer.status, 502, "it died: {answer:?}");
    assert_eq!(lines(&world, &session).await, ["Hello"], "recorded");
    assert_eq!(told(&world), [] as [Value; 0], "and nobody was woken");

    // Udesk may try again, or not: it changes nothing.
    assert!(is_empty_200(&push_in_time(&world, &body).await));
    world
        .sweep_until("the app was told", async || !told(&world).is_empty())
        .await;
    world.settled().await;
    assert_eq!(told(&world), ["Hello"]);
    assert_eq!(lines(&world, &session).await, ["Hello"]);
    world.app.assert_in_order(&session);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drainer_killed_between_the_apps_answer_and_recording_it_delivers_again_under_one_id() {
    let world = World::start().await;
    let (_, udesk) = in_conversation(&world, "DE").await;
    // A drainer writes twice for an event: that it begins, and what came of it.
    let outcome = Calls::to("PutItem").signed_by(&access_key("drain-deliveries"));
    let outcome = world.dynamodb.play(outcome.after(1), Fault::Hang);
    let body = push::reply("DE", &[push::text("udesk_1", udesk, "one")]);
    assert!(is_empty_200(&push_in_time(&world, &body).await));
    outcome.hit(1).await;
    assert_eq!(told(&world), ["one"], "the app has answered");
    kill(&world, "drain-deliveries", &outcome);
    let next = push::reply("DE", &[push::text("udesk_2", udesk, "two")]);
    assert!(is_empty_200(&push_in_time(&world, &next).await));

    world
        .sweep_until("the app was told of both", async || {
            told(&world).contains(&"two".into())
        })
        .await;
    world.settled().await;
    assert_eq!(told(&world), ["one", "one", "two"]);
    let accepted: Vec<Event> = world.app.accepted();
    let seqs: Vec<_> = accepted.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, [1, 2, 2, 3]);
    let attempts = world.app.deliveries().into_iter();
    let attempts: Vec<_> = attempts.filter(|attempt| attempt.event.is_some()).collect();
    assert_eq!(attempts[1].id, attempts[2].id, "one webhook-id");
    assert_eq!(attempts[1].body, attempts[2].body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ingest_inbox_killed_between_recording_and_nudging_loses_nothing() {
    let world = World::start().await;
    let (session, udesk) = in_conversation(&world, "DE").await;
    let refusing = world
        .dynamodb
        .play(by_webhook(Calls::any()), Fault::throttle());
    let nudge = Calls::to("SendMessage").signed_by(&access_key("ingest-inbox"));
    let nudge = world.sqs.play(nudge, Fault::Hang);
    let body = push::reply("DE", &[push::text("udesk_1", udesk, "Hello")]);
    assert!(is_empty_200(&push_in_time(&world, &body).await));
    nudge.hit(1).await;
    kill(&world, "ingest-inbox", &nudge);
    refusing.clear();
    assert_eq!(lines(&world, &session).await, ["Hello"], "recorded");
    assert_eq!(told(&world), [] as [Value; 0], "and nobody was woken");

    world
        .sweep_until("the app was told", async || !told(&world).is_empty())
        .await;
    world.settled().await;
    assert_eq!(told(&world), ["Hello"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_sqs_refuses_is_made_good_by_a_later_one_and_many_at_once_do_no_harm() {
    let world = World::start().await;
    let (session, udesk) = in_conversation(&world, "DE").await;
    let refusing = world.sqs.play(Calls::to("SendMessage"), Fault::throttle());
    let body = push::reply("DE", &[push::text("udesk_1", udesk, "Hello")]);
    assert!(is_empty_200(&push_in_time(&world, &body).await));
    let by_sweep = Calls::to("SendMessage").signed_by(&access_key("sweep"));
    world
        .sweep_until("it has found what is due", async || {
            world.sqs.count(&by_sweep) > 0
        })
        .await;
    assert_eq!(told(&world), [] as [Value; 0], "nobody was woken");
    refusing.clear();

    world
        .sweep_until("the app was told", async || {
            join_all((0..5).map(|_| world.sweep())).await;
            !told(&world).is_empty()
        })
        .await;
    world.settled().await;
    assert_eq!(told(&world), ["Hello"]);
    assert_eq!(lines(&world, &session).await, ["Hello"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_push_fits_the_inbox() {
    let world = World::start().await;
    let (session, udesk) = in_conversation(&world, "DE").await;
    let frame = push::reply("DE", &[push::text("udesk_1", udesk, "")]).len();
    let content = "x".repeat(128 * 1024 - frame);
    let body = push::reply("DE", &[push::text("udesk_1", udesk, &content)]);
    let refusing = world
        .dynamodb
        .play(by_webhook(Calls::any()), Fault::throttle());
    assert!(is_empty_200(&push_in_time(&world, &body).await));
    refusing.clear();
    world.app.wait_for_events_of(&session, 2, BOUND).await;
    assert_eq!(told(&world), [Value::from(content)]);
}

/// What no message of SQS holds.
fn large(udesk: i64) -> (String, Vec<Value>) {
    let texts: Vec<_> = (0..10)
        .map(|number| format!("{number} {}", "x".repeat(60_000)))
        .collect();
    let messages = (0..).zip(&texts);
    let messages: Vec<_> = messages
        .map(|(number, text)| push::text(&format!("udesk_{number}"), udesk, text))
        .collect();
    let body = push::reply("DE", &messages);
    assert!(body.len() > 512 * 1024);
    (body, texts.into_iter().map(Value::from).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_no_queue_holds_waits_in_the_table() {
    let world = World::start().await;
    let (session, udesk) = in_conversation(&world, "DE").await;
    let (body, texts) = large(udesk);
    // The table is too busy to record what was said, and takes the body as it is.
    let writes = by_webhook(Calls::to("TransactWriteItems"));
    let refusing = world.dynamodb.play(writes, Fault::throttle());

    assert!(is_empty_200(&push_in_time(&world, &body).await));

    let put_aside = Calls::to("SendMessage").body("kept_webhook_v1");
    assert_eq!(world.sqs.count(&by_webhook(put_aside)), 1);
    refusing.clear();
    world.app.wait_for_events_of(&session, 11, BOUND).await;
    assert_eq!(told(&world), texts);
    assert_eq!(lines(&world, &session).await, texts);
    until("nothing of the body is left", async || {
        let items = world.items().await;
        let mut keys = items.iter().filter_map(|item| item["pk"].as_str());
        !keys.any(|key| key.starts_with("BODY#"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_neither_table_nor_queue_holds_is_503_and_works_later() {
    let world = World::start().await;
    let (session, udesk) = in_conversation(&world, "DE").await;
    let (body, texts) = large(udesk);
    let refusing = world
        .dynamodb
        .play(by_webhook(Calls::any()), Fault::throttle());

    let answer = push_in_time(&world, &body).await;

    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.error_code(), "storage_unavailable");
    refusing.clear();
    assert!(is_empty_200(&push_in_time(&world, &body).await));
    world.app.wait_for_events_of(&session, 11, BOUND).await;
    assert_eq!(told(&world), texts);
}
