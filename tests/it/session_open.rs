//! A customer asks for an agent, and Udesk answers in one of its ways, or not at all.

use deskbridge_twins::udesk::{Fault, Received, Standing};
use futures_util::future::join_all;
use harness::{
    until,
    world::{API_KEY, Answer, World},
};
use serde_json::{Value, json};

const SESSIONS: &str = "POST /im/sessions";

/// How often Udesk was asked for a session.
fn asked(world: &World) -> usize {
    world.twin.calls_of("/im/sessions").len()
}

async fn ask(world: &World, customer: &str, assign: Value) -> Answer {
    let ask = json!({"vendor": "udesk", "customer": customer, "assign": assign});
    world.call(API_KEY, "POST", "/sessions", Some(ask)).await
}

fn last_from(world: &World, customer: &str) -> Received {
    let received = world.twin.messages_from(customer);
    received.into_iter().next_back().expect("a message")
}

/// The customer's session that is open at Udesk.
fn live(world: &World, customer: &str) -> Option<i64> {
    Some(world.twin.conversation(customer)?.live()?.id)
}

/// The sessions that deskbridge has open for the customer.
async fn open_sessions(world: &World, customer: &str) -> Vec<Value> {
    let path = format!("/sessions?customer={customer}");
    let answer = world.call(API_KEY, "GET", &path, None).await.expect(200);
    answer.body["sessions"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn assigned() {
    let world = World::start().await;

    let answer = ask(&world, "DE", json!({"to": "agent", "agent_id": 397})).await;

    let session = answer.expect(201).body;
    assert_eq!(session["vendor"], "udesk");
    assert_eq!(session["customer"], "DE");
    assert_eq!(session["state"], "active");
    assert_eq!(session["assignee"]["id"], "397");
    assert_eq!(session["assignee"]["name"], "Jerry");
    // The vendor page's `survey_options`.
    let survey = &session["survey"];
    assert_eq!(survey["title"], "How do you evaluate this service?");
    let options: Vec<_> = survey["options"]
        .as_array()
        .unwrap_or_else(|| panic!("no options in {survey}"))
        .iter()
        .map(|option| option["text"].clone())
        .collect();
    assert_eq!(options[0], "Very satisfied");
    let id = session["id"].as_str().unwrap();
    world.wait_until_told(id, "session.started").await;

    // Asked again: that one, as it stands, and Udesk is left alone.
    let again = ask(&world, "DE", json!({"to": "agent"})).await.expect(200);
    assert_eq!(again.body["id"], session["id"]);
    assert_eq!(again.body["survey"], session["survey"]);
    assert_eq!(asked(&world), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn queued_until_an_agent_is_free() {
    let world = World::start().await;
    world.twin.everyone_busy(3);

    let answer = world.ask_for_agent("DE").await.expect(201);
    assert_eq!(answer.body["state"], "queued");
    assert_eq!(answer.body["queue"]["position"], 3);
    let session = answer.text_of("id");
    world.wait_until_told(&session, "session.queued").await;

    world.say(&session, "c-1", "I am waiting").await.expect(200);
    assert_eq!(last_from(&world, "DE").im_sub_session_id, -3);

    world.twin.move_in_queue("DE", 1);
    let again = world.ask_for_agent("DE").await.expect(200);
    assert_eq!(again.text_of("id"), session);
    assert_eq!(again.body["state"], "queued");
    assert_eq!(again.body["queue"]["position"], 1);
    assert_eq!(asked(&world), 2);

    world.twin.assign("DE").await.unwrap();
    world.wait_until_told(&session, "session.started").await;
    world.say(&session, "c-2", "At last").await.expect(200);
    let live = live(&world, "DE").unwrap();
    assert_eq!(last_from(&world, "DE").im_sub_session_id, live);
    let session = world.session(&session).await;
    assert_eq!(session["state"], "active");
    assert_eq!(session["queue"], Value::Null);
    assert_eq!(session["assignee"]["name"], "Tom");
}

#[tokio::test(flavor = "multi_thread")]
async fn queued_and_assigned_on_asking_again() {
    let world = World::start().await;
    world.twin.everyone_busy(1);
    let session = world.ask_for_agent("DE").await.expect(201).text_of("id");
    world.twin.agents_online();

    let again = world.ask_for_agent("DE").await.expect(200);

    assert_eq!(again.text_of("id"), session);
    assert_eq!(again.body["state"], "active");
    world.wait_until_told(&session, "session.started").await;
    // Udesk's greeting tells of the start as well; it is told once.
    world.wait_until_told(&session, "message.received").await;
    let told = world.told(&session);
    let started = told.iter().filter(|kind| *kind == "session.started");
    assert_eq!(started.count(), 1, "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_being_found() {
    let world = World::start().await;
    world.twin.assigning();

    let answer = world.ask_for_agent("DE").await.expect(201);

    assert_eq!(answer.body["state"], "assigning");
    assert_eq!(answer.body["queue"], Value::Null);
    let session = answer.text_of("id");
    world.say(&session, "c-1", "Hello").await.expect(200);
    assert_eq!(last_from(&world, "DE").im_sub_session_id, -3);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_online() {
    let world = World::start().await;
    world.twin.nobody_online();
    let wish = json!({"to": "agent", "agent_id": 397, "group_id": 1});

    let answer = ask(&world, "DE", wish).await.expect(201);

    assert_eq!(answer.body["state"], "offline");
    let session = answer.text_of("id");
    world.say(&session, "c-1", "Call me back").await.expect(200);
    assert_eq!(last_from(&world, "DE").im_sub_session_id, -2);
    let left = world.twin.calls_of("/im/messages").pop().unwrap();
    assert_eq!(left.body_value("agent_id").as_deref(), Some("397"));
    assert_eq!(left.body_value("group_id").as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_crosses_its_assignment_reaches_the_agent() {
    let world = World::start().await;
    world.twin.everyone_busy(1);
    let session = world.ask_for_agent("DE").await.expect(201).text_of("id");
    // The customer is assigned at Udesk, and the push that tells of it is lost.
    world.twin.set_receive_url("http://127.0.0.1:9/".to_owned());
    world.twin.assign("DE").await.unwrap();

    let answer = world.say(&session, "c-1", "Hello?").await;

    assert!([200, 202].contains(&answer.status), "{answer:?}");
    world.wait_for_status(&session, "c-1", "sent").await;
    let received = last_from(&world, "DE");
    assert_eq!(received.content, "Hello?");
    assert_eq!(Some(received.im_sub_session_id), live(&world, "DE"));
    assert_eq!(world.session(&session).await["state"], "active");
    world.wait_until_told(&session, "session.started").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_twenty_times_at_once_there_is_one_session() {
    let world = World::start().await;

    let answers = join_all((0..20).map(|_| world.ask_for_agent("DE"))).await;

    let created = answers.iter().filter(|answer| answer.status == 201);
    assert_eq!(created.count(), 1, "{answers:?}");
    for answer in &answers {
        assert!([200, 201, 202].contains(&answer.status), "{answer:?}");
        assert_eq!(answer.body["id"], answers[0].body["id"]);
    }
    assert_eq!(open_sessions(&world, "DE").await.len(), 1);
    let conversation = world.twin.conversation("DE").unwrap();
    assert_eq!(conversation.sessions.len(), 1);
    assert_eq!(asked(&world), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_is_down_is_asked_until_it_answers() {
    let world = World::start().await;
    let outage = world.udesk.refuse().await;

    let answer = world.ask_for_agent("DE").await.expect(202);
    assert_eq!(answer.body["state"], "opening");
    assert!(answer.body["retry_at"].is_string(), "{answer:?}");
    let session = answer.text_of("id");
    let again = world.ask_for_agent("DE").await.expect(202);
    assert_eq!(again.text_of("id"), session);
    for (id, text) in [("c-1", "one"), ("c-2", "two"), ("c-3", "three")] {
        world.say(&session, id, text).await.expect(202);
    }
    outage.clear().await;

    world.wait_until_told(&session, "session.started").await;
    world.wait_for_status(&session, "c-3", "sent").await;
    let received = world.twin.messages_from("DE");
    let texts: Vec<_> = received.iter().map(|said| said.content.as_str()).collect();
    assert_eq!(texts, ["one", "two", "three"]);
    let live = live(&world, "DE").unwrap();
    assert!(received.iter().all(|said| said.im_sub_session_id == live));
    assert_eq!(world.session(&session).await["state"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assignment_that_hides_behind_a_time_out_is_found() {
    let world = World::start().await;
    world.twin.fault(SESSIONS, Fault::NeverAnswer, Some(1));

    let answer = world.ask_for_agent("DE").await;

    // Udesk's push may tell of the agent before the second attempt does.
    assert!([201, 202].contains(&answer.status), "{answer:?}");
    let session = answer.text_of("id");
    world.wait_until_told(&session, "session.started").await;
    until("the opening is settled", async || {
        world.session(&session).await["retry_at"].is_null()
    })
    .await;
    assert_eq!(world.session(&session).await["state"], "active");
    assert_eq!(world.twin.conversation("DE").unwrap().sessions.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_refused_and_leaves_nothing_open() {
    let world = World::with(&[("UDESK_API_TOKEN", "not-the-token")]).await;

    let answer = world.ask_for_agent("DE").await.expect(422);

    assert_eq!(answer.error_code(), "vendor_refused");
    assert_eq!(answer.body["error"]["vendor"]["name"], "udesk");
    assert_eq!(answer.body["error"]["vendor"]["code"], 2059);
    assert_eq!(open_sessions(&world, "DE").await, [Value::Null; 0]);
    assert_eq!(asked(&world), 1, "what is final is not tried again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_group_is_refused_and_the_next_wish_granted() {
    let world = World::start().await;

    let answer = ask(&world, "DE", json!({"to": "agent", "group_id": 99})).await;

    let answer = answer.expect(422);
    assert_eq!(answer.error_code(), "vendor_refused");
    assert_eq!(answer.body["error"]["vendor"]["code"], 11012);
    assert_eq!(open_sessions(&world, "DE").await, [Value::Null; 0]);
    let granted = ask(&world, "DE", json!({"to": "agent", "group_id": 1})).await;
    assert_eq!(granted.expect(201).body["state"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_token_opens_for_its_own_customer_alone() {
    let world = World::start().await;
    let wish = json!({"kind": "customer", "customer": "DE"});
    let token = world.call(API_KEY, "POST", "/tokens", Some(wish)).await;
    let token = token.expect(200).text_of("token");
    let ask = |body: Value| world.call(&token, "POST", "/sessions", Some(body));

    let other = ask(json!({"vendor": "udesk", "customer": "FR"})).await;
    assert_eq!(other.expect(403).error_code(), "role_not_allowed");
    assert_eq!(world.twin.conversation("FR"), None);

    let own = ask(json!({"vendor": "udesk"})).await.expect(201);
    assert_eq!(own.body["customer"], "DE");
    let named = ask(json!({"vendor": "udesk", "customer": "DE"})).await;
    assert_eq!(named.expect(200).body["id"], own.body["id"]);
    let standing = world.twin.conversation("DE").unwrap().standing;
    assert!(matches!(standing, Standing::Active { .. }), "{standing:?}");
}
