//! The main job, as a customer and an agent live through it.

use harness::{BOUND, until, world::World};

#[tokio::test(flavor = "multi_thread")]
async fn a_first_conversation_with_an_agent() {
    let world = World::start().await;

    let session = world.open_session("DE").await;
    world
        .say(&session, "c-1", "Where is my parcel?")
        .await
        .expect(200);
    let received = world.twin.messages_from("DE");
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].content, "Where is my parcel?");

    world
        .twin
        .agent_says("DE", "Hello, what can I help you with?")
        .await
        .unwrap();
    world
        .app
        .wait_for(BOUND, |events| {
            events.iter().any(|event| {
                event.kind == "message.received"
                    && event.data["message"]["content"] == "Hello, what can I help you with?"
            })
        })
        .await;
    let lines: Vec<_> = world
        .conversation(&session)
        .await
        .iter()
        .map(|message| (message["from"].clone(), message["content"].clone()))
        .collect();
    assert!(
        lines.contains(&("customer".into(), "Where is my parcel?".into())),
        "{lines:?}"
    );
    assert!(
        lines.contains(&("agent".into(), "Hello, what can I help you with?".into())),
        "{lines:?}"
    );

    let before = world.twin.messages_from("DE")[0].im_sub_session_id;
    world.twin.agent_transfers("DE").await.unwrap();
    world
        .say(&session, "c-2", "Are you still there?")
        .await
        .expect(200);
    let last = world.twin.messages_from("DE").pop().unwrap();
    assert_eq!(last.content, "Are you still there?");
    assert_ne!(
        last.im_sub_session_id, before,
        "it goes to the new Udesk session"
    );

    world.twin.agent_closes("DE", "normal").await.unwrap();
    until("the app was told that the session is closed", async || {
        world
            .app
            .events_of(&session)
            .iter()
            .any(|event| event.kind == "session.closed")
    })
    .await;
    let events = world.app.events_of(&session);
    let closed = events.last().unwrap();
    assert_eq!(
        closed.data["survey"]["options"][0]["text"], "Very satisfied",
        "{closed:?}"
    );
    world.app.assert_in_order(&session);
    world.say(&session, "c-3", "Too late").await.expect(409);
}
