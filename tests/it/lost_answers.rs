//! A write that took effect and whose answer was lost: the SDK makes it again, and it is recognised.

use deskbridge_local::access_key;
use harness::{
    faults::{Calls, Fault},
    rule::Rule,
    world::World,
};

/// The answers to the function's first three writes of a session alone are lost, each once: what the
/// SDK then makes again is every second call.
fn lose_answers(world: &World, function: &str) -> [Rule; 3] {
    [0, 2, 4].map(|earlier| {
        let puts = Calls::to("PutItem").signed_by(&access_key(function));
        world
            .dynamodb
            .play(puts.after(earlier).times(1), Fault::CutAfter)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_is_passed_over_when_the_tables_answer_is_lost() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    let app_is_down = world.events.refuse().await;
    for text in ["a-1", "a-2", "a-3"] {
        world.agent_says("DE", text).await;
    }
    let [first, ..] = lose_answers(&world, "drain-deliveries");
    app_is_down.clear().await;
    world
        .sweep_until("all of it was told", async || {
            world.app.events_of(&session).len() == 4
        })
        .await;
    world.app.assert_in_order(&session);
    assert_eq!(first.hits(), 1, "an answer was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_message_is_passed_over_when_the_tables_answer_is_lost() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    let udesk_is_down = world.udesk.refuse().await;
    for id in ["c-1", "c-2", "c-3"] {
        world.say(&session, id, id).await.expect(202);
    }
    let [first, ..] = lose_answers(&world, "drain-sends");
    udesk_is_down.clear().await;
    let arrived = || -> Vec<String> {
        let arrived = world.twin.messages_from("DE");
        arrived.into_iter().map(|said| said.content).collect()
    };
    world
        .sweep_until("all of it has arrived", async || arrived().len() == 3)
        .await;
    assert_eq!(arrived(), ["c-1", "c-2", "c-3"]);
    assert_eq!(first.hits(), 1, "an answer was lost");
}
