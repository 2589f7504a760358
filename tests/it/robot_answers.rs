//! What a robot's answer offers beside its words: buttons that lead on, and what kind of answer it is.

use harness::{
    BOUND,
    world::{API_KEY, World},
};
use serde_json::{Value, json};

/// A customer is with the robot that this asks for; its welcome has been told.
async fn with_robot(world: &World, assign: Value) -> String {
    let ask = json!({"vendor": "udesk", "customer": "DE", "assign": assign});
    let opened = world.call(API_KEY, "POST", "/sessions", Some(ask)).await;
    let session = opened.expect(201).text_of("id");
    world.app.wait_for_events_of(&session, 2, BOUND).await;
    session
}

/// What the robot says to this, once the app was told of so many of its messages.
async fn answer(world: &World, session: &str, question: &str, so_many: usize) -> Value {
    let id = format!("c-{so_many}");
    world.say(session, &id, question).await.expect(200);
    let robots = |events: &[harness::app::Event]| {
        let mut said: Vec<_> = events
            .iter()
            .filter(|event| event.data["message"]["from"] == "robot")
            .map(|event| event.data["message"].clone())
            .collect();
        (said.len() >= so_many).then(|| said.pop().unwrap())
    };
    world
        .app
        .wait_for(BOUND, |events| robots(events).is_some())
        .await;
    robots(&world.app.events_of(session)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flows_buttons_are_actions() {
    let world = World::start().await;
    let urobot = json!({"to": "urobot", "robot_id": 12362, "scene_id": 39});
    let session = with_robot(&world, urobot).await;

    let welcome = &world.conversation(&session).await[0];
    assert_eq!(
        welcome["suggestions"][0],
        json!({"text": "Account appeal", "id": "12", "action": "click", "frequent": true})
    );

    let shown = answer(&world, &session, "Flow A", 2).await;
    // The page's own example of a flow.
    assert_eq!(
        shown["suggestions"],
        json!([
            {"text": "Flow subitem A jumps to subitem -1", "id": "81", "action": "flow"},
            {"text": "Classification question A", "id": "307", "action": "click"},
        ])
    );
    let page = include_str!("../fixtures/udesk/flow_content.html");
    assert_eq!(shown["content"], page);
    assert_eq!(shown["format"], "html");
    assert_eq!(
        shown["answer"],
        json!({"kind": "answer", "question": "Flow A"})
    );
    let conversation = world.conversation(&session).await;
    assert_eq!(conversation.last(), Some(&shown));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_can_tell_that_a_robot_does_not_know() {
    let world = World::start().await;
    let urobot = json!({"to": "urobot", "robot_id": 12362, "scene_id": 39});
    let session = with_robot(&world, urobot).await;
    let shown = answer(&world, &session, "Eh?", 2).await;
    assert_eq!(
        shown["answer"],
        json!({"kind": "unknown", "question": "Eh?"})
    );
    assert_eq!(shown["suggestions"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_makers_answer_names_the_question_that_it_answers() {
    let world = World::start().await;
    let session = with_robot(&world, json!({"to": "robot"})).await;
    let shown = answer(&world, &session, "what is the company's business?", 2).await;
    assert_eq!(
        shown["answer"],
        json!({
            "kind": "answer", "question": "What is the company's business?", "question_id": "210530",
        })
    );
    // To that robot nobody has to be told of a click.
    assert_eq!(
        shown["suggestions"][0],
        json!({"text": "Where is the company located"})
    );
}
