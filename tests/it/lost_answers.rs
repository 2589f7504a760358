//! A write that took effect and whose answer was lost: the SDK makes it again, and it is recognised.

use deskbridge_local::access_key;
use harness::{
    faults::{Calls, Fault},
    world::World,
};

#[tokio::test(flavor = "multi_thread")]
async fn no_event_is_passed_over_when_the_tables_answer_is_lost() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    // Nobody is woken, so that one drainer finds all three.
    let nudges = Calls::to("SendMessage").signed_by(&access_key("webhook-udesk"));
    world.sqs.play(nudges, Fault::CutBefore);
    for text in ["a-1", "a-2", "a-3"] {
        world.agent_says("DE", text).await;
    }
    // Its first write takes the lease, its second goes on from the first event to the next.
    let puts = Calls::to("PutItem").signed_by(&access_key("drain-deliveries"));
    let lost = world.dynamodb.play(puts.after(1).times(1), Fault::CutAfter);
    world
        .sweep_until("all of it was told", async || {
            world.app.events_of(&session).len() == 4
        })
        .await;
    world.app.assert_in_order(&session);
    assert_eq!(lost.hits(), 1, "an answer was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_message_is_passed_over_when_the_tables_answer_is_lost() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    let udesk_is_down = world.udesk.refuse().await;
    for id in ["c-1", "c-2", "c-3"] {
        world.say(&session, id, id).await.expect(202);
    }
    let lose = |operation: &str| {
        let writes = Calls::to(operation).signed_by(&access_key("drain-sends"));
        world.dynamodb.play(writes.times(1), Fault::CutAfter)
    };
    let (taken, recorded) = (lose("PutItem"), lose("TransactWriteItems"));
    udesk_is_down.clear().await;
    let arrived = || -> Vec<String> {
        let arrived = world.twin.messages_from("DE");
        arrived.into_iter().map(|said| said.content).collect()
    };
    world
        .sweep_until("all of it has arrived", async || arrived().len() == 3)
        .await;
    assert_eq!(arrived(), ["c-1", "c-2", "c-3"]);
    assert_eq!((taken.hits(), recorded.hits()), (1, 1), "answers were lost");
}
