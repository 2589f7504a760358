//! What a customer does at Udesk's own robot beside writing: a step in a flow, a click, the way to an agent.

use deskbridge::clock;
use deskbridge_twins::udesk::{Fault, Standing};
use harness::{
    BOUND, until,
    world::{API_KEY, Answer, World},
};
use serde_json::{Value, json};

async fn act(world: &World, session: &str, body: Value) -> Answer {
    let path = format!("/sessions/{session}/robot-actions");
    world.call(API_KEY, "POST", &path, Some(body)).await
}

/// A customer is with the robot; the session.
async fn with_urobot(world: &World, customer: &str) -> String {
    let assign = json!({"to": "urobot", "robot_id": 12362, "scene_id": 39});
    let ask = json!({"vendor": "udesk", "customer": customer, "assign": assign});
    let opened = world.call(API_KEY, "POST", "/sessions", Some(ask)).await;
    opened.expect(201).text_of("id")
}

/// What the robot has said, once it has said so much.
async fn said(world: &World, session: &str, so_much: usize) -> Vec<Value> {
    let robots = |conversation: Vec<Value>| {
        let all = conversation.into_iter();
        all.filter(|one| one["from"] == "robot").collect::<Vec<_>>()
    };
    until("the robot has said so much", async || {
        robots(world.conversation(session).await).len() >= so_much
    })
    .await;
    robots(world.conversation(session).await)
}

fn told(world: &World, customer: &str) -> Vec<(String, Value)> {
    let conversation = world.twin.conversation(customer).unwrap();
    let all = conversation.feedback.into_iter();
    all.map(|one| (one.api, one.fields)).collect()
}

/// Udesk's session with the robot.
fn visit(world: &World, customer: &str) -> i64 {
    match world.twin.conversation(customer).unwrap().robot {
        Some(Standing::Urobot { session, .. }) => session,
        other => panic!("{other:?}"),
    }
}

fn field(answer: &Answer) -> &str {
    answer.body["error"]["field"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_goes_through_a_flow_clicks_and_goes_on_to_an_agent() {
    let world = World::start().await;
    let session = with_urobot(&world, "DE").await;
    let visit = visit(&world, "DE");
    world.say(&session, "c-1", "Flow A").await.expect(200);
    let shown = said(&world, &session, 2).await;
    let (welcome, step) = (&shown[0], &shown[1]);
    let choice = |message: &Value, place: usize| {
        let chosen = &message["suggestions"][place];
        json!({"kind": chosen["action"], "message_id": message["id"], "id": chosen["id"]})
    };

    // The page's own step, 81: the robot goes on, and the app is told.
    let taken = act(&world, &session, choice(step, 0)).await.expect(200);
    assert_eq!(taken.body, json!({"status": "done"}));
    let robot = |more: Value| {
        let mut fields = json!({
            "customer_token": "DE", "im_sub_session_id": visit, "robot_id": 12362, "scene_id": 39,
        });
        let more = more.as_object().unwrap().clone();
        fields.as_object_mut().unwrap().extend(more);
        fields
    };
    let api = "POST /im/messages/flow".to_owned();
    assert_eq!(
        told(&world, "DE").pop(),
        Some((api, robot(json!({"flow_id": 81}))))
    );
    let next = said(&world, &session, 3).await.pop().unwrap();
    assert_eq!(next["text"], "This is subitem -1");
    world
        .app
        .wait_for(BOUND, |events| {
            let mut told = events.iter();
            told.any(|event| event.data["message"]["id"] == next["id"])
        })
        .await;

    // A click on a question of the flow, and one on a frequent question.
    let logs: Vec<i64> = {
        let entries = world.twin.conversation("DE").unwrap().entries;
        let robots = entries
            .into_iter()
            .filter_map(|one| one.message_id.parse().ok());
        robots.collect()
    };
    for (message, place, log, question, number, kind) in [
        (step, 1, logs[1], "Classification question A", 307, 7),
        (welcome, 0, logs[0], "Account appeal", 12, 6),
    ] {
        act(&world, &session, choice(message, place))
            .await
            .expect(200);
        let wanted = robot(json!({
            "message_id": log, "question": question, "question_id": number, "query_type": kind,
        }));
        let api = "POST /im/messages/hit".to_owned();
        assert_eq!(told(&world, "DE").pop(), Some((api, wanted)));
    }

    // An agent takes over. The robot's steps are over; the way there is counted.
    world.twin.assign("DE").await.unwrap();
    let over = act(&world, &session, choice(step, 0)).await.expect(400);
    assert_eq!(field(&over), "kind");
    act(&world, &session, json!({"kind": "transfer"}))
        .await
        .expect(200);
    let api = "POST /im/sessions/transfer_survey".to_owned();
    let counted = json!({"im_sub_session_id": visit, "robot_id": 12362, "scene_id": 39});
    assert_eq!(told(&world, "DE").pop(), Some((api, counted)));

    // After the end there is nothing to click on.
    world.close(&session).await.expect(200);
    let late = act(&world, &session, choice(step, 1)).await.expect(409);
    assert_eq!(late.error_code(), "session_closed");
    for call in world.twin.calls() {
        assert_eq!(call.unknown_fields, [] as [&str; 0], "{call:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_proposed_is_refused_by_field() {
    let world = World::start().await;
    let session = with_urobot(&world, "DE").await;
    let welcome = said(&world, &session, 1).await.remove(0)["id"].clone();
    let absent = "msg_01ARZ3NDEKTSV4RRFFQ69G5FAV";
    for (body, wanted) in [
        (json!({}), "kind"),
        (json!({"kind": "jump"}), "kind"),
        (json!({"kind": "click"}), "message_id"),
        (
            json!({"kind": "click", "message_id": "x", "id": "12"}),
            "message_id",
        ),
        (
            json!({"kind": "click", "message_id": absent, "id": "12"}),
            "message_id",
        ),
        (json!({"kind": "click", "message_id": welcome}), "id"),
        (
            json!({"kind": "click", "message_id": welcome, "id": 99}),
            "id",
        ),
        (
            json!({"kind": "click", "message_id": welcome, "id": [1]}),
            "id",
        ),
        // It is a question, and no step.
        (
            json!({"kind": "flow", "message_id": welcome, "id": "12"}),
            "id",
        ),
        (json!({"kind": "transfer", "id": "12"}), "id"),
        (
            json!({"kind": "transfer", "message_id": welcome}),
            "message_id",
        ),
        (json!({"kind": "transfer", "agent": 3}), "agent"),
    ] {
        let refused = act(&world, &session, body.clone()).await.expect(400);
        assert_eq!(field(&refused), wanted, "{body}: {refused:?}");
    }
    assert!(told(&world, "DE").is_empty());

    // With an agent alone, no robot was met.
    let other = world.open_session("FR").await;
    let refused = act(&world, &other, json!({"kind": "transfer"})).await;
    assert_eq!(field(&refused.expect(400)), "kind");
    let stranger = World::customer_token("FR", 900, clock::now());
    let path = format!("/sessions/{session}/robot-actions");
    let transfer = Some(json!({"kind": "transfer"}));
    let foreign = world.call(&stranger, "POST", &path, transfer).await;
    assert_eq!(foreign.expect(404).error_code(), "session_not_found");
    let own = World::customer_token("DE", 900, clock::now());
    let click = Some(json!({"kind": "click", "message_id": welcome, "id": 12}));
    world.call(&own, "POST", &path, click).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_robot_is_told_later_and_its_no_is_the_answer() {
    let world = World::start().await;
    let session = with_urobot(&world, "DE").await;
    world.say(&session, "c-1", "Flow A").await.expect(200);
    let step = said(&world, &session, 2).await.remove(1)["id"].clone();
    let take = || json!({"kind": "flow", "message_id": step, "id": "81"});

    world
        .twin
        .fault("POST /im/messages/flow", Fault::Limited, Some(1));
    let queued = act(&world, &session, take()).await.expect(202);
    assert_eq!(queued.body["status"], "queued");
    // A question that is asked meanwhile comes behind the step.
    world.say(&session, "c-2", "Account appeal").await;
    let all = said(&world, &session, 4).await;
    let words: Vec<_> = all
        .iter()
        .map(|one| one["text"].as_str().unwrap())
        .collect();
    assert_eq!(words[2..], ["This is subitem -1", "Appeal process"]);
    world.settled().await;

    for code in [2015, 9200] {
        let no = Fault::code(code, "no");
        world.twin.fault("POST /im/messages/flow", no, Some(1));
        let refused = act(&world, &session, take()).await.expect(422);
        assert_eq!(refused.body["error"]["vendor"]["code"], code);
    }
    assert_eq!(world.session(&session).await["state"], "urobot");
    assert_eq!(told(&world, "DE").len(), 1);
}
