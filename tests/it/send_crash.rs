//! `kill -9` at the worst moments: nothing is lost, and nothing happens twice where Udesk drops repeats.

use deskbridge_twins::udesk::{PushStart, Twin};
use harness::{
    BOUND,
    faults::{Calls, Fault},
    rule::Rule,
    world::World,
};

/// Longer than it takes from a hit to a kill.
const PATIENT: (&str, &str) = ("VENDOR_TIMEOUT_MS", "3000");

fn arrived(twin: &Twin) -> Vec<String> {
    let received = twin.messages_from("DE");
    received
        .into_iter()
        .map(|message| message.content)
        .collect()
}

fn attempts(twin: &Twin) -> usize {
    twin.calls_of("/im/messages").len()
}

/// An open session that nobody is at work on: each write of send-message is one of those named here.
async fn open_quiet_session(world: &World) -> String {
    world
        .twin
        .switch(|switches| switches.push_start = PushStart::Off);
    let session = world.open_session("DE").await;
    world.wait_until_quiet(&session).await;
    session
}

fn writes_of_send_message() -> Calls {
    Calls::to("TransactWriteItems").signed_by("local-send-message")
}

/// The customer says something, and the process that is at it is killed when the rule has struck.
async fn say_and_kill(world: &World, session: &str, when: &Rule) {
    let kill = async {
        when.hit(1).await;
        world.kill("send-message");
    };
    let (answer, ()) = tokio::join!(world.say(session, "c-1", "one"), kill);
    assert!(answer.status >= 500, "{answer:?}");
    when.cut();
    when.clear();
}

async fn sweep_until_sent(world: &World, session: &str) {
    world
        .sweep_until("the message is sent", async || {
            world.status(session, "c-1").await == "sent"
        })
        .await;
    world.wait_until_told(session, "message.sent").await;
    world.say(session, "c-2", "two").await.expect(200);
    assert_eq!(arrived(&world.twin), ["one", "two"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_the_vendors_answer_and_its_arrival() {
    let world = World::with(&[PATIENT]).await;
    let session = open_quiet_session(&world).await;
    let answer = world
        .udesk
        .play(Calls::path("/im/messages").times(1), Fault::HoldAfter);

    say_and_kill(&world, &session, &answer).await;

    assert_eq!(arrived(&world.twin), ["one"], "it has taken effect");
    sweep_until_sent(&world, &session).await;
    // The second attempt of the first message, which Udesk dropped, and the second message.
    assert_eq!(attempts(&world.twin), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_the_vendors_answer_and_its_recording() {
    let world = World::start().await;
    let session = open_quiet_session(&world).await;
    let recording = world
        .dynamodb
        .play(writes_of_send_message().after(1), Fault::Hang);

    say_and_kill(&world, &session, &recording).await;

    assert_eq!(arrived(&world.twin), ["one"], "it has taken effect");
    assert_ne!(world.status(&session, "c-1").await, "sent");
    sweep_until_sent(&world, &session).await;
    assert_eq!(attempts(&world.twin), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_recording_and_before_the_nudge() {
    let world = World::start().await;
    let session = open_quiet_session(&world).await;
    let recorded = world
        .dynamodb
        .play(writes_of_send_message().after(1), Fault::HoldAfter);

    say_and_kill(&world, &session, &recorded).await;

    assert_eq!(world.status(&session, "c-1").await, "sent");
    world
        .sweep_until("the app was told", async || {
            world.told(&session).contains(&"message.sent".to_owned())
        })
        .await;
    world.app.assert_in_order(&session);
    assert_eq!(attempts(&world.twin), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_where_repeats_are_not_dropped() {
    let world = World::with(&[PATIENT, ("UDESK_ON_UNKNOWN", "hold")]).await;
    world.twin.switch(|switches| switches.drop_repeats = false);
    let session = open_quiet_session(&world).await;
    let answer = world
        .udesk
        .play(Calls::path("/im/messages").times(1), Fault::HoldAfter);

    say_and_kill(&world, &session, &answer).await;

    world
        .sweep_until("it is known to be unknown", async || {
            world.status(&session, "c-1").await == "unknown"
        })
        .await;
    world.wait_until_told(&session, "message.unknown").await;
    world.say(&session, "c-2", "two").await.expect(200);
    assert_eq!(arrived(&world.twin), ["one", "two"]);
    assert_eq!(attempts(&world.twin), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_append_and_before_the_attempt() {
    let world = World::start().await;
    let session = open_quiet_session(&world).await;
    let append = world
        .dynamodb
        .play(writes_of_send_message(), Fault::HoldAfter);

    say_and_kill(&world, &session, &append).await;

    assert_eq!(arrived(&world.twin), [""; 0]);
    sweep_until_sent(&world, &session).await;
    assert_eq!(attempts(&world.twin), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_draining_what_had_to_wait() {
    let world = World::with(&[PATIENT]).await;
    let session = open_quiet_session(&world).await;
    let outage = world.udesk.refuse().await;
    world.say(&session, "c-1", "one").await.expect(202);
    world.say(&session, "c-2", "two").await.expect(202);
    let answer = world
        .udesk
        .play(Calls::path("/im/messages").times(1), Fault::HoldAfter);
    outage.clear().await;

    answer.hit_within(1, BOUND).await;
    world.kill("drain-sends");
    answer.cut();

    for id in ["c-1", "c-2"] {
        world
            .sweep_until("both are sent", async || {
                world.status(&session, id).await == "sent"
            })
            .await;
    }
    assert_eq!(arrived(&world.twin), ["one", "two"]);
    assert_eq!(attempts(&world.twin), 3);
}
