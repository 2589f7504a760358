//! A customer asks a robot of Udesk's, and an agent takes over where that does not do.

use deskbridge_twins::udesk::{Fault as VendorFault, PushStart, Standing};
use futures_util::future::join_all;
use harness::{
    BOUND,
    app::Event,
    faults::{Calls, Fault},
    push,
    world::{API_KEY, Answer, PATH_SECRET, World},
};
use serde_json::{Value, json};

const QUESTION: &str = "Account appeal";
const ANSWER: &str = "Appeal process";

fn urobot() -> Value {
    json!({"to": "urobot", "robot_id": 12362, "scene_id": "39"})
}

async fn ask(world: &World, customer: &str, assign: Value) -> Answer {
    let ask = json!({"vendor": "udesk", "customer": customer, "assign": assign});
    world.call(API_KEY, "POST", "/sessions", Some(ask)).await
}

/// A customer is with Udesk's own robot, and its welcome has been told.
async fn with_urobot(world: &World, customer: &str) -> String {
    let session = ask(world, customer, urobot()).await.expect(201);
    let session = session.text_of("id");
    world.app.wait_for_events_of(&session, 2, BOUND).await;
    world.all_went_out(&session).await;
    session
}

/// How often Udesk was asked for a session.
fn asked(world: &World) -> usize {
    world.twin.calls_of("/im/sessions").len()
}

/// Where each message of the customer's went.
fn targets(world: &World, customer: &str) -> Vec<i64> {
    let received = world.twin.messages_from(customer);
    received
        .iter()
        .map(|message| message.im_sub_session_id)
        .collect()
}

/// Who said what, in the conversation's order.
async fn said(world: &World, session: &str) -> Vec<(String, String)> {
    let conversation = world.conversation(session).await;
    let text = |message: &Value, name: &str| message[name].as_str().unwrap().to_owned();
    let all = conversation.iter();
    all.map(|message| (text(message, "from"), text(message, "content")))
        .collect()
}

/// What the app was told that robots said.
fn robots_words(events: &[Event]) -> Vec<String> {
    let received = events
        .iter()
        .filter(|event| event.kind == "message.received");
    received
        .map(|event| &event.data["message"])
        .filter(|message| message["from"] == "robot")
        .map(|message| message["content"].as_str().unwrap().to_owned())
        .collect()
}

async fn wait_for_words(world: &World, session: &str, count: usize) -> Vec<String> {
    let events = world.app.wait_for(BOUND, |events| {
        let own: Vec<_> = events
            .iter()
            .filter(|event| event.session == session)
            .cloned()
            .collect();
        robots_words(&own).len() >= count
    });
    events.await;
    robots_words(&world.app.events_of(session))
}

async fn state(world: &World, session: &str) -> Value {
    world.session(session).await["state"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_to_the_robot_is_answered() {
    let world = World::start().await;

    let opened = ask(&world, "DE", json!({"to": "robot"})).await.expect(201);

    // The page's example of a robot.
    assert_eq!(opened.body["state"], "robot");
    assert_eq!(
        opened.body["assignee"]["name"],
        "Udesk Customer Service Robot"
    );
    assert_eq!(opened.body["assignee"]["id"], Value::Null);
    let session = opened.text_of("id");
    let events = world.app.wait_for_events_of(&session, 2, BOUND).await;
    assert_eq!(events[0].kind, "session.started");
    assert_eq!(events[0].data["session"]["state"], "robot");
    assert_eq!(events[1].kind, "message.received");
    let welcome = &events[1].data["message"];
    assert_eq!(
        (&welcome["from"], &welcome["format"]),
        (&json!("robot"), &json!("html"))
    );
    assert!(
        welcome["text"]
            .as_str()
            .unwrap()
            .starts_with("Hello, I am the intelligent")
    );

    world
        .say(&session, "c-1", "What is the company's business?")
        .await
        .expect(200);

    let words = wait_for_words(&world, &session, 2).await;
    assert!(words[1].starts_with("Hi, we are a company"), "{words:?}");
    assert_eq!(targets(&world, "DE"), [0]);
    world.all_went_out(&session).await;
    let authors: Vec<_> = said(&world, &session).await;
    let authors: Vec<_> = authors.iter().map(|(author, _)| author.as_str()).collect();
    assert_eq!(authors, ["robot", "customer", "robot"]);
    let conversation = world.conversation(&session).await;
    let proposed = conversation[2]["suggestions"].as_array().unwrap();
    assert_eq!(proposed[0]["text"], "Where is the company located");
    assert_eq!(proposed[2]["url"], "https://www.udesk.cn");
    world.app.assert_in_order(&session);
    assert_eq!(state(&world, &session).await, "robot");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_to_the_urobot_is_answered_in_every_wrapping() {
    let world = World::start().await;
    let session = with_urobot(&world, "DE").await;
    assert_eq!(state(&world, &session).await, "urobot");
    let conversation = world.conversation(&session).await;
    assert_eq!(
        conversation[0]["content"],
        "Hello, it's my pleasure to serve you!"
    );
    assert_eq!(conversation[0]["suggestions"][0]["text"], QUESTION);

    // With its envelope and without, as an object and as a list: the page knows them all.
    for (number, (envelope, list)) in [(true, false), (true, true), (false, false)]
        .into_iter()
        .enumerate()
    {
        world.twin.switch(|switches| {
            switches.urobot_envelope = envelope;
            switches.urobot_list = list;
        });
        let id = format!("c-{number}");
        world.say(&session, &id, QUESTION).await.expect(200);
        let words = wait_for_words(&world, &session, number + 2).await;
        assert_eq!(words[number + 1], ANSWER, "{envelope} {list}");
    }

    let calls = world.twin.calls_of("/im/messages");
    let robot_session = calls[0].body_value("urobot_session_id");
    assert!(robot_session.is_some());
    for call in &calls {
        assert_eq!(call.body_value("im_sub_session_id").unwrap(), "-1");
        assert_eq!(call.body_value("robot_id").unwrap(), "12362");
        assert_eq!(call.body_value("scene_id").unwrap(), "39");
        assert_eq!(call.body_value("urobot_session_id"), robot_session);
        assert_eq!(call.unknown_fields, [] as [&str; 0]);
    }
    world.all_went_out(&session).await;
    world.app.assert_in_order(&session);
    assert_eq!(world.raw_items().await.len(), 0);
    assert_eq!(said(&world, &session).await.len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_again_and_again_is_told_once() {
    let world = World::start().await;
    for (customer, wish, envelope) in [
        ("DE", json!({"to": "robot"}), true),
        ("FR", urobot(), true),
        ("IT", urobot(), false),
    ] {
        world.twin.switch(|switches| {
            switches.repeat_pushes = 3;
            switches.urobot_envelope = envelope;
        });
        let session = ask(&world, customer, wish).await.expect(201).text_of("id");
        world.say(&session, "c-1", QUESTION).await.expect(200);
        let pushes = || {
            let pushes = world.twin.pushes();
            let of_customer = pushes.iter().filter(|push| push.customer == customer);
            of_customer.count()
        };
        assert!(world.twin.wait_until(BOUND, |_| pushes() == 4).await);
        assert!(
            world
                .twin
                .pushes()
                .iter()
                .all(|push| push.outcome.is_good())
        );
        world.all_went_out(&session).await;
        assert_eq!(robots_words(&world.app.events_of(&session)).len(), 2);
        assert_eq!(said(&world, &session).await.len(), 3);
    }
    // The same words twice are two answers.
    let session = world.open_session_of("FR").await.unwrap()["id"].clone();
    let session = session.as_str().unwrap();
    world.say(session, "c-2", QUESTION).await.expect(200);
    let words = wait_for_words(&world, session, 3).await;
    assert_eq!(words[2], words[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_for_a_robot_again_changes_nothing() {
    let world = World::start().await;
    let session = with_urobot(&world, "DE").await;
    let again = ask(&world, "DE", urobot()).await.expect(200);
    assert_eq!(again.text_of("id"), session);
    assert_eq!(again.body["state"], "urobot");
    assert_eq!(asked(&world), 1);
    assert_eq!(said(&world, &session).await.len(), 1, "one welcome");

    // Another robot is another matter: it is met in the same session, once.
    for _ in 0..2 {
        let other = ask(&world, "DE", json!({"to": "robot"})).await.expect(200);
        assert_eq!(other.text_of("id"), session);
        assert_eq!(other.body["state"], "robot");
    }
    assert_eq!(asked(&world), 2);
    assert_eq!(said(&world, &session).await.len(), 2, "its own welcome");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_robot_hands_over_to_an_agent_who_is_asked_for() {
    // Few processes: a small machine gets further with them.
    let world = World::with_processes(4, 3 * BOUND, &[]).await;
    world
        .twin
        .switch(|switches| switches.push_start = PushStart::Off);
    let session = with_urobot(&world, "DE").await;
    world.say(&session, "c-1", QUESTION).await.expect(200);
    wait_for_words(&world, &session, 2).await;

    // Twenty times, as an impatient customer would.
    let answers = join_all((0..20).map(|_| world.ask_for_agent("DE"))).await;

    for answer in &answers {
        assert!([200, 202].contains(&answer.status), "{answer:?}");
        assert_eq!(answer.body["id"], session.as_str());
    }
    world.all_went_out(&session).await;
    assert_eq!(asked(&world), 2, "once for the robot, once for the agent");
    let now = world.session(&session).await;
    assert_eq!(
        (&now["state"], &now["assignee"]["name"]),
        (&json!("active"), &json!("Tom"))
    );
    let events = world.app.events_of(&session);
    let started: Vec<_> = events
        .iter()
        .filter(|event| event.kind == "session.started")
        .map(|event| event.data["session"]["state"].clone())
        .collect();
    assert_eq!(started, ["urobot", "active"]);

    world
        .say(&session, "c-2", "A human, please")
        .await
        .expect(200);
    let live = world.twin.conversation("DE").unwrap();
    let live = live.live().unwrap().id;
    assert_eq!(targets(&world, "DE"), [-1, live]);

    // What the robot says late is told, and leads nobody back.
    let late = world.twin.robot_says("DE", "Anything else?").await.unwrap();
    assert!(late.is_good(), "{late:?}");
    let words = wait_for_words(&world, &session, 3).await;
    assert_eq!(words[2], "Anything else?");
    assert_eq!(state(&world, &session).await, "active");
    world
        .say(&session, "c-3", "Who was that?")
        .await
        .expect(200);
    assert_eq!(targets(&world, "DE")[2], live);
    world.agent_says("DE", "The robot").await;
    world.all_went_out(&session).await;
    world.app.assert_in_order(&session);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_the_robot_for_a_queue_waits_there_and_may_go_back() {
    let world = World::start().await;
    world.twin.everyone_busy(3);
    let session = with_urobot(&world, "DE").await;

    let queued = world.ask_for_agent("DE").await.expect(200);
    assert_eq!(queued.body["state"], "queued");
    assert_eq!(queued.body["assignee"], Value::Null);
    world.wait_until_told(&session, "session.queued").await;
    world.say(&session, "c-1", "I am waiting").await.expect(200);
    let back = ask(&world, "DE", urobot()).await.expect(200);
    assert_eq!(
        (back.text_of("id"), &back.body["state"]),
        (session.clone(), &json!("urobot"))
    );
    assert_eq!(back.body["queue"], Value::Null);
    world.say(&session, "c-2", QUESTION).await.expect(200);
    assert_eq!(targets(&world, "DE"), [-3, -1]);
    let words = wait_for_words(&world, &session, 3).await;
    assert_eq!(words[2], ANSWER, "after the second welcome");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_takes_over_from_the_robot_by_a_push() {
    let world = World::start().await;
    for (customer, wish) in [("DE", json!({"to": "robot"})), ("FR", urobot())] {
        let session = ask(&world, customer, wish).await.expect(201).text_of("id");
        world.app.wait_for_events_of(&session, 2, BOUND).await;

        let pushed = world.twin.assign(customer).await.unwrap();

        assert!(pushed.is_good());
        let now = world.session(&session).await;
        assert_eq!(
            (&now["state"], &now["assignee"]["name"]),
            (&json!("active"), &json!("Tom"))
        );
        world.say(&session, "c-1", "Hello").await.expect(200);
        assert_eq!(targets(&world, customer), [pushed.im_sub_session_id]);
        world.all_went_out(&session).await;
        let told = world.told(&session);
        let [.., started, greeting, sent] = told.as_slice() else {
            panic!("{told:?}")
        };
        assert_eq!(
            [started, greeting, sent],
            ["session.started", "message.received", "message.sent"]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_crosses_the_agents_takeover_reaches_the_agent() {
    let world = World::start().await;
    let session = with_urobot(&world, "DE").await;
    // The agent has the customer, and the push that tells of it is lost.
    world.twin.set_receive_url("http://127.0.0.1:9/".to_owned());
    let live = world.twin.assign("DE").await.unwrap().im_sub_session_id;

    let answer = world.say(&session, "c-1", "Hello?").await;

    assert!([200, 202].contains(&answer.status), "{answer:?}");
    world.wait_for_status(&session, "c-1", "sent").await;
    assert_eq!(targets(&world, "DE"), [live]);
    assert_eq!(state(&world, &session).await, "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_robot_that_forgot_the_customer_is_met_again_and_not_for_ever() {
    let world = World::start().await;
    let session = with_urobot(&world, "DE").await;
    let forgot = VendorFault::code(9200, "Session not found or closed");
    world
        .twin
        .fault("POST /im/messages", forgot.clone(), Some(1));
    world.say(&session, "c-1", QUESTION).await;
    world.wait_for_status(&session, "c-1", "sent").await;
    let words = wait_for_words(&world, &session, 2).await;
    assert_eq!(words[1], ANSWER, "no second welcome");

    // Where it goes on refusing, the conversation is over, as with an agent.
    world.twin.fault("POST /im/messages", forgot, None);
    world.say(&session, "c-2", QUESTION).await;
    world.wait_for_status(&session, "c-2", "failed").await;
    world.wait_until_told(&session, "session.closed").await;
    assert_eq!(state(&world, &session).await, "closed");
    assert!(asked(&world) <= 4, "asked {} times", asked(&world));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_scene_is_refused_and_leaves_nothing_open() {
    let world = World::start().await;
    let wrong = json!({"to": "urobot", "robot_id": 12362, "scene_id": 40});
    let refused = ask(&world, "DE", wrong).await.expect(422);
    assert_eq!(refused.error_code(), "vendor_refused");
    assert_eq!(refused.body["error"]["vendor"]["code"], 2015);
    assert_eq!(world.open_session_of("DE").await, None);
    with_urobot(&world, "DE").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_that_is_refused_leaves_the_customer_with_the_robot() {
    let world = World::start().await;
    let session = with_urobot(&world, "DE").await;
    let wrong = json!({"to": "agent", "group_id": 99});
    let refused = ask(&world, "DE", wrong).await.expect(422);
    assert_eq!(refused.body["error"]["vendor"]["code"], 11012);

    assert_eq!(state(&world, &session).await, "urobot");
    world.say(&session, "c-1", QUESTION).await.expect(200);
    let words = wait_for_words(&world, &session, 2).await;
    assert_eq!(words[1], ANSWER);
    let call = world.twin.calls_of("/im/messages").pop().unwrap();
    assert_eq!(call.body_value("robot_id").as_deref(), Some("12362"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_for_an_agent_waits_behind_the_words_to_the_robot() {
    let world = World::start().await;
    let session = with_urobot(&world, "DE").await;
    let outage = world.udesk.refuse().await;
    world.say(&session, "c-1", QUESTION).await.expect(202);

    for _ in 0..2 {
        let busy = world.ask_for_agent("DE").await.expect(202);
        assert_eq!(
            (busy.text_of("id"), &busy.body["state"]),
            (session.clone(), &json!("urobot"))
        );
    }
    outage.clear().await;

    world.wait_for_status(&session, "c-1", "sent").await;
    world.all_went_out(&session).await;
    assert_eq!(targets(&world, "DE"), [-1], "said to the robot");
    assert_eq!(state(&world, &session).await, "active");
    assert_eq!(asked(&world), 2, "once for each");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_robot_takes_text_alone() {
    let world = World::start().await;
    let session = with_urobot(&world, "DE").await;
    let path = format!("/sessions/{session}/messages");
    for kind in ["image", "audio", "video", "file", "rich"] {
        let message = json!({"id": kind, "kind": kind, "content": "https://files.example/1"});
        let refused = world
            .call(API_KEY, "POST", &path, Some(message.clone()))
            .await;
        let refused = refused.expect(400);
        assert_eq!(refused.error_code(), "invalid_request", "{kind}");
        assert_eq!(refused.body["error"]["field"], "kind", "{kind}");
    }
    assert_eq!(world.twin.messages_from("DE").len(), 0);
    // With an agent it is taken, under the same id.
    world.ask_for_agent("DE").await.expect(200);
    let image = json!({"id": "image", "kind": "image", "content": "https://files.example/1"});
    world
        .call(API_KEY, "POST", &path, Some(image))
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_robot_is_left_without_a_word_to_udesk() {
    let world = World::start().await;
    for (customer, wish) in [("DE", json!({"to": "robot"})), ("FR", urobot())] {
        let session = ask(&world, customer, wish).await.expect(201).text_of("id");
        let calls = world.twin.calls().len();
        let closed = world.close(&session).await.expect(200);
        assert_eq!(closed.body["state"], "closed");
        assert_eq!(world.twin.calls().len(), calls);
        world.wait_until_told(&session, "session.closed").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_nobody_we_know_is_recorded_raw() {
    let world = World::start().await;
    let session = with_urobot(&world, "DE").await;
    let robot = json!({"message_id": "r-1", "type": "message", "data": {"answer": "Yes"}});
    let inner = json!({"sessionId": 1, "logId": 1, "ansType": 1, "ansContent": "Yes"});
    let other = json!({"sessionId": 1, "logId": 2, "ansType": 1, "ansContent": "Yes"});
    let other_kind = json!({"message_id": "r-2", "type": "transfer", "data": {"content": "x"}});
    let bodies = [
        // Nobody's, as the page prints it; a stranger's; a customer's who is elsewhere; none at all.
        inner.clone(),
        json!({"customer_token": "NOBODY", "assign_type": "urobot", "messages": other}),
        json!({"customer_token": "NOBODY", "assign_type": "robot", "messages": [robot]}),
        json!({"customer_token": "a b", "assign_type": "robot", "messages": [robot]}),
        json!({"assign_type": "robot", "messages": [robot]}),
        json!({"customer_token": "DE", "assign_type": "robot", "messages": [other_kind]}),
        json!({"customer_token": "DE", "assign_type": "urobot", "messages": {"sessionId": 1, "logId": 3, "ansType": 5}}),
        json!({"customer_token": "DE", "assign_type": "robot", "messages": [{"message_id": "r-3", "data": 7}]}),
        json!({"customer_token": "DE", "assign_type": "robot", "messages": "x"}),
    ];
    for body in &bodies {
        let answer = world.push(PATH_SECRET, body.to_string()).await.expect(200);
        assert_eq!(answer.text, "", "{body}");
    }
    let raw = world.raw_items().await;
    let holds = |part: &str| {
        let bodies = raw.iter().filter_map(|item| item["body"].as_str());
        bodies.filter(|body| body.contains(part)).count()
    };
    assert_eq!(holds("ansType"), 3, "{raw:?}");
    assert_eq!(holds("answer"), 3, "{raw:?}");
    assert_eq!(holds("transfer"), 1, "{raw:?}");
    assert_eq!(holds("r-3"), 1, "{raw:?}");
    assert_eq!(raw.len(), 9, "{raw:?}");
    world.all_went_out(&session).await;
    assert_eq!(said(&world, &session).await.len(), 1, "the welcome");
    assert_eq!(world.open_session_of("NOBODY").await, None);
    assert_eq!(world.told(&session).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_robots_session_and_an_agents_may_have_the_same_number() {
    let world = World::start().await;
    let of_robot = with_urobot(&world, "DE").await;
    let standing = world.twin.conversation("DE").unwrap().standing;
    let Standing::Urobot { session, .. } = standing else {
        panic!("{standing:?}")
    };
    // Udesk counts them apart, for all we know.
    let body = push::reply("FR", &[push::text("udesk_1", session, "Bonjour")]);
    world.push(PATH_SECRET, body).await.expect(200);
    assert_eq!(world.raw_items().await.len(), 0);
    let of_agent = world.open_session_of("FR").await.unwrap();
    assert_eq!(of_agent["state"], "active");
    let late = world.twin.robot_says("DE", "Hello?").await.unwrap();
    assert!(late.is_good());
    assert_eq!(wait_for_words(&world, &of_robot, 2).await[1], "Hello?");
}

#[tokio::test(flavor = "multi_thread")]
async fn create_session_that_dies_before_the_robots_answer_arrives_asks_again() {
    let world = World::with(&[("VENDOR_TIMEOUT_MS", "3000")]).await;
    let answer = world
        .udesk
        .play(Calls::path("/im/sessions").times(1), Fault::HoldAfter);
    let kill = async {
        answer.hit(1).await;
        world.kill("create-session");
    };
    let (gateway, ()) = tokio::join!(ask(&world, "DE", urobot()), kill);
    assert!(gateway.status >= 500, "{gateway:?}");
    answer.cut();
    answer.clear();
    let open = world.open_session_of("DE").await.unwrap();
    assert_eq!(open["state"], "opening");
    let session = open["id"].as_str().unwrap();

    world
        .sweep_until("the robot has the customer", async || {
            state(&world, session).await == "urobot"
        })
        .await;

    assert_eq!(asked(&world), 2);
    world.say(session, "c-1", QUESTION).await.expect(200);
    let words = wait_for_words(&world, session, 2).await;
    assert_eq!(words.len(), 2, "one welcome, one answer: {words:?}");
    world.all_went_out(session).await;
    world.app.assert_in_order(session);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_of_udesk_is_asked_for_again() {
    let world = World::start().await;
    let lost = world
        .udesk
        .play(Calls::path("/im/sessions").times(1), Fault::CutAfter);
    let asked_once = ask(&world, "DE", json!({"to": "robot"})).await;
    assert!([201, 202].contains(&asked_once.status), "{asked_once:?}");
    assert_eq!(lost.hits(), 1);
    let session = asked_once.text_of("id");
    let events = world.app.wait_for_events_of(&session, 2, BOUND).await;
    assert_eq!(events[0].data["session"]["state"], "robot");
    world.all_went_out(&session).await;
    assert_eq!(
        world.told(&session),
        ["session.started", "message.received"]
    );
}
