//! The machine is switched off and on again: what was acknowledged goes out, and conversations go on.

use std::path::{Path, PathBuf};

use harness::{BOUND, world::World};

fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_goes_on_after_a_restart() {
    let world = World::kept_in(&folder("restart"), &[]).await;
    let session = world.open_quietly("DE").await;
    world.say(&session, "c-1", "c-1").await.expect(200);
    world.all_went_out(&session).await;
    let other = world.open_quietly("FR").await;

    // Both ways are cut, and what is said meanwhile is acknowledged.
    let app_is_down = world.events.refuse().await;
    let udesk_is_down = world.udesk.refuse().await;
    world.agent_says("DE", "a-1").await;
    world.agent_says("DE", "a-2").await;
    // Nothing but an event is left to be done here.
    world.agent_says("FR", "a-1").await;
    for id in ["c-2", "c-3"] {
        let answer = world.say(&session, id, id).await.expect(202);
        assert_eq!(answer.body["status"], "queued", "{answer:?}");
    }

    let world = world.restart().await;
    app_is_down.clear().await;
    udesk_is_down.clear().await;
    assert_eq!(
        (
            world.twin.messages_from("DE").len(),
            world.app.events().len()
        ),
        (1, 3),
        "SQS forgot, and nobody was woken yet"
    );
    // Started, c-1 sent, a-1, a-2, c-2 sent, c-3 sent.
    world
        .sweep_until("all of it has gone out", async || {
            world.app.events_of(&session).len() == 6 && world.app.events_of(&other).len() == 2
        })
        .await;
    world.app.assert_in_order(&session);
    world.app.assert_in_order(&other);
    let arrived = || -> Vec<String> {
        let arrived = world.twin.messages_from("DE");
        arrived.into_iter().map(|said| said.content).collect()
    };
    assert_eq!(arrived(), ["c-1", "c-2", "c-3"]);

    let again = world.ask_for_agent("DE").await.expect(200);
    assert_eq!(again.text_of("id"), session, "the same conversation");
    world.say(&session, "c-4", "c-4").await.expect(200);
    world.agent_says("DE", "a-3").await;
    world.app.wait_for_events_of(&session, 8, BOUND).await;
    world.app.assert_in_order(&session);
    assert_eq!(arrived(), ["c-1", "c-2", "c-3", "c-4"]);
    let conversation = world.conversation(&session).await;
    let said: Vec<_> = conversation
        .iter()
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    assert_eq!(said, ["c-1", "a-1", "a-2", "c-2", "c-3", "c-4", "a-3"]);
}
