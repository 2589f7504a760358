//! SQS only wakes drainers: nudges that are lost, doubled or nonsense do no harm.

use futures_util::future::join_all;
use harness::{
    BOUND,
    app::{Answer, Deliveries, Delivery},
    faults::{Calls, Fault},
    rule::Rule,
    until,
    world::World,
};
use serde_json::{Value, json};

/// What is in the queue when a log is to be drained.
fn nudge(session: &str) -> String {
    json!({"nudge_v1": {"session": session}}).to_string()
}

/// An event of SQS's as Lambda passes it on; the messages' ids are their places.
fn batch(bodies: &[String]) -> Value {
    let records = bodies.iter().enumerate().map(|(place, body)| {
        json!({
            "messageId": place.to_string(),
            "receiptHandle": "r",
            "body": body,
            "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
        })
    });
    json!({"Records": records.collect::<Vec<_>>()})
}

async fn drain(world: &World, bodies: &[String]) -> Value {
    let answer = world.bundle.invoke("drain-deliveries", batch(bodies)).await;
    answer.expect("drain-deliveries answers")
}

/// What was delivered, without the calls that open a connection ahead of need.
fn attempts(world: &World) -> Vec<Delivery> {
    let mut attempts = world.app.deliveries();
    attempts.retain(|attempt| attempt.event.is_some());
    attempts
}

/// From now on no nudge for events reaches SQS.
fn lose_nudges(world: &World) -> Rule {
    let queue = world.bundle.queue_url("DeliveriesQueue").unwrap();
    let (_, name) = queue.rsplit_once('/').unwrap();
    world.sqs.play(
        Calls::to("SendMessage").body(&format!("/{name}\"")),
        Fault::CutBefore,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_nudge_is_made_up_for_by_the_sweep() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;

    let lost = lose_nudges(&world);
    world.agent_says("DE", "one").await;
    world.agent_says("DE", "two").await;
    lost.hit(2).await;
    lost.clear();
    assert_eq!(attempts(&world).len(), 1, "nobody was woken");

    world
        .sweep_until("both have arrived", async || {
            world.app.events_of(&session).len() == 3
        })
        .await;
    world.app.assert_in_order(&session);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_nudges_at_once_make_one_drainer() {
    const EVENTS: usize = 6;
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    let lost = lose_nudges(&world);
    for number in 1..EVENTS {
        world.agent_says("DE", &format!("a-{number}")).await;
    }
    lost.clear();
    // Slow enough for two drainers to meet.
    let (least, most) = (
        std::time::Duration::from_millis(100),
        std::time::Duration::from_millis(200),
    );
    world.app.delay_between(least, most);

    let body = nudge(&session);
    let by_queue = (0..20).map(async |_| {
        let input = json!({"MessageBody": body});
        world.queue("DeliveriesQueue", "SendMessage", input).await;
    });
    let equal = vec![body.clone(); 20];
    let by_hand = (0..4).map(async |_| {
        let answer = drain(&world, &equal).await;
        assert_eq!(answer, json!({"batchItemFailures": []}));
    });
    tokio::join!(join_all(by_queue), join_all(by_hand));
    world.app.wait_for_events_of(&session, EVENTS, BOUND).await;
    until("all nudges are used up", async || {
        let names = json!([
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible"
        ]);
        let input = json!({"AttributeNames": names});
        let got = world
            .queue("DeliveriesQueue", "GetQueueAttributes", input)
            .await;
        let counts = got["Attributes"].as_object().unwrap();
        counts.values().all(|count| count == "0")
    })
    .await;

    let attempts = attempts(&world);
    let seqs: Vec<_> = attempts
        .iter()
        .map(|attempt| attempt.event.as_ref().unwrap().seq)
        .collect();
    let wanted: Vec<_> = (1..).take(EVENTS).collect();
    assert_eq!(seqs, wanted, "each was tried once, in order");
    for pair in attempts.windows(2) {
        let answered = pair[0].answered_at.expect("an answer");
        assert!(answered <= pair[1].at, "two deliveries at once: {pair:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_hangs_holds_up_no_other_session_of_its_batch() {
    // Nothing here gives up by itself while the test waits.
    let world = World::with(&[("APP_TIMEOUT_MS", "40000")]).await;
    let stuck = world.open_quietly("STUCK").await;
    let other = world.open_quietly("OTHER").await;
    let lost = lose_nudges(&world);
    world.agent_says("STUCK", "a-1").await;
    world.agent_says("OTHER", "a-1").await;
    lost.clear();

    let hangs = world.app.answer(Deliveries::any().of(&stuck), Answer::Hang);
    let bodies = [nudge(&stuck), nudge(&other)];
    let one_batch = async {
        assert_eq!(
            drain(&world, &bodies).await,
            json!({"batchItemFailures": []})
        );
    };
    let meanwhile = async {
        hangs.hit(1).await;
        world.app.wait_for_events_of(&other, 2, BOUND).await;
        assert_eq!((hangs.hits(), hangs.holds()), (1, 1), "it still hangs");
        hangs.clear();
    };
    tokio::join!(one_batch, meanwhile);
    world.app.wait_for_events_of(&stuck, 2, BOUND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_no_task_of_ours_ends_in_the_dead_letter_queue_alone() {
    // Patience of a second in place of minutes.
    let world = World::with_template("VisibilityTimeout: 360", "VisibilityTimeout: 1").await;
    let session = world.open_quietly("DE").await;
    let lost = lose_nudges(&world);
    world.agent_says("DE", "one").await;
    lost.clear();

    let poison = [
        "not json".to_owned(),
        String::new(),
        json!({"nudge_v9": {"session": session}}).to_string(),
        json!({"nudge_v1": {"session": "DE"}}).to_string(),
        json!({"webhook_v1": {"vendor": "udesk", "body": "e30="}}).to_string(),
    ];
    // A session that is gone is nothing to be kept for.
    let gone = nudge("ses_00000000000000000000000000");
    let mut bodies = poison.to_vec();
    bodies.extend([nudge(&session), gone]);
    let answer = drain(&world, &bodies).await;
    let failed: Vec<_> = answer["batchItemFailures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failure| failure["itemIdentifier"].as_str().unwrap())
        .collect();
    assert_eq!(failed, ["0", "1", "2", "3", "4"]);
    world.app.wait_for_events_of(&session, 2, BOUND).await;

    // And through the queue itself.
    for body in [&poison[0], &poison[2]] {
        let input = json!({"MessageBody": body});
        world.queue("DeliveriesQueue", "SendMessage", input).await;
    }
    world.agent_says("DE", "two").await;
    world.app.wait_for_events_of(&session, 3, BOUND).await;
    until("both are dead letters", async || {
        let names = json!(["ApproximateNumberOfMessages"]);
        let got = world
            .queue(
                "DeliveriesDeadLetters",
                "GetQueueAttributes",
                json!({"AttributeNames": names}),
            )
            .await;
        got["Attributes"]["ApproximateNumberOfMessages"] == "2"
    })
    .await;
    let input = json!({"MaxNumberOfMessages": 10});
    let dead = world
        .queue("DeliveriesDeadLetters", "ReceiveMessage", input)
        .await;
    let mut dead: Vec<_> = dead["Messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["Body"].as_str().unwrap())
        .collect();
    dead.sort_unstable();
    let mut wanted = [poison[0].as_str(), poison[2].as_str()];
    wanted.sort_unstable();
    assert_eq!(dead, wanted);
}
