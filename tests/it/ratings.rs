//! A customer rates an agent, a robot, and what a robot said.

use deskbridge::clock;
use deskbridge_twins::udesk::{Fault, Feedback};
use harness::{
    BOUND, push, until,
    world::{API_KEY, Answer, SOBOT_PATH_SECRET, SOBOT_WEBHOOKS, World},
};
use serde_json::{Value, json};

async fn post(world: &World, path: &str, body: Value) -> Answer {
    world.call(API_KEY, "POST", path, Some(body)).await
}

async fn rate(world: &World, session: &str, body: Value) -> Answer {
    post(world, &format!("/sessions/{session}/survey"), body).await
}

/// What Udesk was told of the customer's ratings.
fn told(world: &World, customer: &str) -> Vec<Feedback> {
    let conversation = world.twin.conversation(customer);
    conversation.map_or_else(Vec::new, |one| one.feedback)
}

fn last(world: &World, customer: &str) -> (String, Value) {
    let last = told(world, customer).pop().unwrap();
    (last.api, last.fields)
}

/// Udesk's id of the session that the customer has.
fn live(world: &World, customer: &str) -> i64 {
    let conversation = world.twin.conversation(customer).unwrap();
    conversation.sessions.last().unwrap().id
}

/// A customer is with a robot; the session, and the robot's welcome.
async fn with_robot(world: &World, customer: &str, assign: Value) -> (String, String) {
    let ask = json!({"vendor": "udesk", "customer": customer, "assign": assign});
    let opened = post(world, "/sessions", ask).await.expect(201);
    let session = opened.text_of("id");
    let welcome = world.conversation(&session).await[0]["id"].clone();
    (session, welcome.as_str().unwrap().to_owned())
}

fn urobot() -> Value {
    json!({"to": "urobot", "robot_id": 12362, "scene_id": 39})
}

fn field(answer: &Answer) -> &str {
    answer.body["error"]["field"].as_str().unwrap_or_default()
}

/// Nothing that the page does not list was sent to any of the endpoints.
fn assert_as_listed(world: &World) {
    for call in world.twin.calls() {
        assert_eq!(call.unknown_fields, [] as [&str; 0], "{call:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_rates_the_agent_now_or_after_the_end() {
    let world = World::start().await;
    let session = world.open_session("DE").await;
    let at_udesk = live(&world, "DE");

    let rated = rate(
        &world,
        &session,
        json!({"option": "39", "remark": "Slow", "resolved": 1}),
    );
    assert_eq!(rated.await.expect(200).body, json!({"status": "done"}));
    assert_eq!(
        last(&world, "DE"),
        (
            "POST /im/sessions/survey".to_owned(),
            json!({"im_sub_session_id": at_udesk, "option_id": 39, "remark": "Slow", "resolved_state_v2": 1}),
        )
    );

    // A repeat under the same key is no second vote; another vote under it is refused.
    let path = format!("/sessions/{session}/survey");
    let under_key = async |body: Value| {
        let headers = [
            ("authorization", format!("Bearer {API_KEY}")),
            ("content-type", "application/json".to_owned()),
            ("idempotency-key", "vote-1".to_owned()),
        ];
        let body = body.to_string().into_bytes();
        world.send("POST", &path, &headers, Some(body)).await
    };
    for _ in 0..2 {
        under_key(json!({"option": "36"})).await.expect(200);
    }
    let other = under_key(json!({"option": "37"})).await.expect(409);
    assert_eq!(other.error_code(), "idempotency_conflict");
    assert_eq!(told(&world, "DE").len(), 2);

    // What the survey does not offer never reaches Udesk.
    for (body, wanted) in [
        (json!({}), "option"),
        (json!({"option": "41"}), "option"),
        (json!({"option": true}), "option"),
        (json!({"option": "39"}), "remark"),
        (json!({"option": "40", "remark": "No"}), "remark"),
        (json!({"option": "36", "resolved": 2}), "resolved"),
        (json!({"option": "2", "about": "robot"}), "about"),
        (json!({"option": "36", "about": "desk"}), "about"),
        (json!({"option": "36", "stars": 5}), "stars"),
    ] {
        let refused = rate(&world, &session, body.clone()).await.expect(400);
        assert_eq!(field(&refused), wanted, "{body}: {refused:?}");
    }
    assert_eq!(told(&world, "DE").len(), 2);

    // Somebody else's session is not there; one's own is, after the end too.
    world.twin.agent_closes("DE", "normal").await.unwrap();
    world.wait_until_told(&session, "session.closed").await;
    let (own, stranger) = ("DE", "FR");
    let stranger = World::customer_token(stranger, 900, clock::now());
    let vote = || Some(json!({"option": 37}));
    let foreign = world.call(&stranger, "POST", &path, vote()).await;
    assert_eq!(foreign.expect(404).error_code(), "session_not_found");
    let own = World::customer_token(own, 900, clock::now());
    world.call(&own, "POST", &path, vote()).await.expect(200);
    assert_eq!(
        last(&world, "DE").1,
        json!({"im_sub_session_id": at_udesk, "option_id": 37})
    );
    let nobody = rate(
        &world,
        "ses_01ARZ3NDEKTSV4RRFFQ69G5FAV",
        json!({"option": 36}),
    );
    assert_eq!(nobody.await.expect(404).error_code(), "session_not_found");
    assert_as_listed(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rating_that_has_to_wait_holds_up_no_message_and_comes_once() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    let call = "POST /im/sessions/survey";
    world.twin.fault(call, Fault::Limited, Some(2));

    let queued = rate(&world, &session, json!({"option": "36"})).await;
    assert_eq!(queued.expect(202).body["status"], "queued");
    // The message goes first, though it was written later.
    world.say(&session, "c-1", "Hello").await.expect(200);
    until("Udesk was told", async || told(&world, "DE").len() == 1).await;
    world.settled().await;

    // An outage: the same, once it is over; also where the session has ended meanwhile.
    world.twin.fault(call, Fault::Status(503), Some(1));
    rate(&world, &session, json!({"option": "37"}))
        .await
        .expect(202);
    world.close(&session).await;
    until("Udesk was told again", async || {
        told(&world, "DE").len() == 2
    })
    .await;
    world.settled().await;

    // A final no.
    let no = Fault::code(2005, "invalid parameter");
    world.twin.fault(call, no, Some(1));
    let refused = rate(&world, &session, json!({"option": "36"})).await;
    assert_eq!(refused.expect(422).error_code(), "vendor_refused");
    // That the session is closed at Udesk is a no to the rating, and no more.
    let other = world.open_quietly("FR").await;
    let gone = Fault::code(9200, "Session not found or closed");
    world.twin.fault(call, gone, Some(1));
    let refused = rate(&world, &other, json!({"option": "36"})).await;
    let refused = refused.expect(422);
    assert_eq!(refused.body["error"]["vendor"]["code"], 9200);
    assert_eq!(world.session(&other).await["state"], "active");
    assert_eq!((told(&world, "DE").len(), told(&world, "FR").len()), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_rates_udesks_own_robot_and_what_it_said() {
    let world = World::start().await;
    let (session, welcome) = with_robot(&world, "DE", urobot()).await;
    let visit: i64 = {
        let said = world.twin.conversation("DE").unwrap().standing;
        serde_json::to_value(said).unwrap()["session"]
            .as_i64()
            .unwrap()
    };

    rate(&world, &session, json!({"option": 3}))
        .await
        .expect(200);
    let robot = |more: Value| {
        let mut fields = json!({
            "customer_token": "DE", "im_sub_session_id": visit, "robot_id": 12362, "scene_id": 39,
        });
        let more = more.as_object().unwrap().clone();
        fields.as_object_mut().unwrap().extend(more);
        fields
    };
    let api = "POST /im/sessions/robot_survey".to_owned();
    assert_eq!(last(&world, "DE"), (api, robot(json!({"option_id": 3}))));
    for (body, wanted) in [
        (json!({"option": 1}), "option"),
        (json!({"option": 2, "resolved": 0}), "resolved"),
        (json!({"option": "36", "about": "agent"}), "about"),
    ] {
        let refused = rate(&world, &session, body.clone()).await.expect(400);
        assert_eq!(field(&refused), wanted, "{body}");
    }

    // One answer, and the welcome.
    world
        .say(&session, "c-1", "Account appeal")
        .await
        .expect(200);
    let answers = async || {
        let conversation = world.conversation(&session).await;
        let robots = conversation.into_iter();
        robots
            .filter(|one| one["from"] == "robot")
            .collect::<Vec<_>>()
    };
    until("the robot has answered", async || {
        answers().await.len() == 2
    })
    .await;
    let answer = answers().await[1]["id"].as_str().unwrap().to_owned();
    let entries = world.twin.conversation("DE").unwrap().entries;
    let log: i64 = entries.last().unwrap().message_id.parse().unwrap();
    let rating = |message: &str| format!("/sessions/{session}/messages/{message}/rating");
    post(&world, &rating(&answer), json!({"useful": false}))
        .await
        .expect(200);
    let api = "POST /im/messages/answer_survey".to_owned();
    let wanted = robot(json!({"message_id": log, "option_id": 2}));
    assert_eq!(last(&world, "DE"), (api, wanted));
    post(&world, &rating(&welcome), json!({"useful": true}))
        .await
        .expect(200);
    assert_eq!(last(&world, "DE").1["option_id"], 1);

    // Busy, then told; refused.
    let call = "POST /im/messages/answer_survey";
    world.twin.fault(call, Fault::Limited, Some(1));
    post(&world, &rating(&answer), json!({"useful": true}))
        .await
        .expect(202);
    until("Udesk was told", async || told(&world, "DE").len() == 4).await;
    let no = Fault::code(2015, "no such message");
    world.twin.fault(call, no, Some(1));
    post(&world, &rating(&answer), json!({"useful": true}))
        .await
        .expect(422);

    // What is no robot's, or is not there.
    let conversation = world.conversation(&session).await;
    let own = conversation.iter().find(|one| one["from"] == "customer");
    let own = own.unwrap()["id"].as_str().unwrap().to_owned();
    post(&world, &rating(&own), json!({"useful": true}))
        .await
        .expect(400);
    for absent in ["msg_01ARZ3NDEKTSV4RRFFQ69G5FAV", "x"] {
        let none = post(&world, &rating(absent), json!({"useful": true})).await;
        assert_eq!(none.expect(404).error_code(), "not_found");
    }
    let odd = post(&world, &rating(&answer), json!({"useful": 1})).await;
    assert_eq!(field(&odd.expect(400)), "useful");
    let stranger = World::customer_token("FR", 900, clock::now());
    let useful = Some(json!({"useful": true}));
    let foreign = world
        .call(&stranger, "POST", &rating(&answer), useful)
        .await;
    assert_eq!(foreign.expect(404).error_code(), "session_not_found");

    // An agent takes over: both can be rated.
    world.twin.assign("DE").await.unwrap();
    let with = |about: &str, option: i64| json!({"about": about, "option": option});
    rate(&world, &session, with("robot", 4)).await.expect(200);
    assert_eq!(last(&world, "DE").1["im_sub_session_id"], visit);
    rate(&world, &session, json!({"option": 36}))
        .await
        .expect(200);
    assert_eq!(
        last(&world, "DE").1["im_sub_session_id"],
        live(&world, "DE")
    );
    assert_as_listed(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_makers_answer_is_rated_where_the_path_is_known() {
    const PATH: &str = "/im/messages/evaluation";
    let useful = || json!({"useful": true});
    for known in [false, true] {
        let settings = [("UDESK_ROBOT_EVALUATION_PATH", PATH)];
        let world = World::with(if known { &settings } else { &[] }).await;
        world
            .twin
            .switch(|switches| switches.robot_evaluation_path = Some(PATH.to_owned()));
        let (session, welcome) = with_robot(&world, "DE", json!({"to": "robot"})).await;
        let question = "What is the company's business?";
        world.say(&session, "c-1", question).await.expect(200);
        world
            .app
            .wait_for(BOUND, |events| {
                events
                    .iter()
                    .any(|event| event.data["message"]["answer"]["question_id"] == "210530")
            })
            .await;
        let conversation = world.conversation(&session).await;
        let answer = conversation.last().unwrap()["id"].as_str().unwrap();
        let rating = |message: &str| format!("/sessions/{session}/messages/{message}/rating");

        let rated = post(&world, &rating(answer), useful()).await;
        if known {
            rated.expect(200);
            let entries = world.twin.conversation("DE").unwrap().entries;
            assert_eq!(
                last(&world, "DE").1,
                json!({
                    "customer_token": "DE", "message_id": entries.last().unwrap().message_id,
                    "question_id": 210_530, "useful": true,
                })
            );
            assert_as_listed(&world);
        } else {
            let rated = rated.expect(503);
            assert_eq!(rated.error_code(), "vendor_not_configured");
            let says = rated.body["error"]["message"].as_str().unwrap();
            assert!(says.contains("UDESK_ROBOT_EVALUATION_PATH"), "{says}");
            assert!(told(&world, "DE").is_empty());
        }
        // A greeting answers nothing.
        post(&world, &rating(&welcome), useful()).await.expect(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_vendor_knows_nothing_of_is_said_so() {
    let world = World::start().await;
    let text = push::sobot_text("DE", "m1", "cid-1", "Hello");
    world
        .push_to(SOBOT_WEBHOOKS[0], SOBOT_PATH_SECRET, text)
        .await
        .expect(200);
    let session = world.open_session_of("DE").await.unwrap()["id"].clone();
    let session = session.as_str().unwrap();
    let said = world.conversation(session).await[0]["id"].clone();
    let said = said.as_str().unwrap();
    for (path, body) in [
        ("survey".to_owned(), json!({"option": "1"})),
        (format!("messages/{said}/rating"), json!({"useful": true})),
        ("robot-actions".to_owned(), json!({"kind": "transfer"})),
    ] {
        let path = format!("/sessions/{session}/{path}");
        let refused = post(&world, &path, body).await.expect(400);
        assert_eq!(refused.error_code(), "invalid_request");
        let says = refused.body["error"]["message"].as_str().unwrap();
        assert!(says.contains("udesk") && says.contains("sobot"), "{says}");
    }
}
