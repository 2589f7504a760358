//! Which of our sessions a push belongs to, whatever comes first.

use deskbridge_twins::udesk::{PushStart, TransferPush};
use harness::{
    BOUND,
    app::Event,
    push, until,
    world::{PATH_SECRET, World},
};
use serde_json::{Value, json};

/// A customer in a conversation with an agent who has said nothing yet; our session and Udesk's.
async fn in_conversation(world: &World, customer: &str) -> (String, i64) {
    world
        .twin
        .switch(|switches| switches.push_start = PushStart::Off);
    let session = world.open_session(customer).await;
    world.app.wait_for_events_of(&session, 1, BOUND).await;
    (session, udesk_session(world, customer))
}

/// Udesk's id of the customer's latest session.
fn udesk_session(world: &World, customer: &str) -> i64 {
    let sessions = world.twin.conversation(customer).unwrap().sessions;
    sessions.last().unwrap().id
}

fn kinds(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.kind.as_str()).collect()
}

/// Posts a body to the webhook, which takes it.
async fn take(world: &World, body: String) {
    let answer = world.push(PATH_SECRET, body).await.expect(200);
    assert_eq!(answer.text, "");
}

async fn state(world: &World, session: &str) -> Value {
    world.session(session).await["state"].clone()
}

/// What the customer writes goes to this session of Udesk's.
async fn assert_reaches(world: &World, session: &str, customer: &str, udesk: i64) {
    let count = world.twin.messages_from(customer).len();
    let client_id = format!("reaches-{count}");
    world
        .say(session, &client_id, "Is anybody there?")
        .await
        .expect(200);
    let received = world.twin.messages_from(customer);
    assert_eq!(received.len(), count + 1);
    assert_eq!(received[count].im_sub_session_id, udesk);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_overtakes_the_answer_to_create_session_is_in_that_session() {
    // The answer waits for the webhook, whose first call starts a process.
    let world = World::with(&[("VENDOR_TIMEOUT_MS", "15000")]).await;
    world
        .twin
        .switch(|switches| switches.push_start = PushStart::BeforeAnswer);

    let session = world.open_session("DE").await;
    let events = world.app.wait_for_events_of(&session, 2, BOUND).await;
    world.settled().await;
    assert_eq!(kinds(&events), ["session.started", "message.received"]);
    assert_eq!(
        kinds(&world.app.events()),
        kinds(&events),
        "no other session"
    );
    assert_eq!(
        world.open_session_of("DE").await.unwrap()["id"],
        session.as_str()
    );
    assert_eq!(world.session(&session).await["assignee"]["name"], "Tom");
    assert_reaches(&world, &session, "DE", udesk_session(&world, "DE")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_for_an_unknown_customer_opens_a_session_of_its_own() {
    let world = World::start().await;
    assert_eq!(world.open_session_of("NEW").await, None);

    // The agent begins: start_session and a welcome.
    world.twin.assign("NEW").await.unwrap();
    let events = world.app.wait_for_events(2, BOUND).await;
    assert_eq!(kinds(&events), ["session.started", "message.received"]);
    let open = world.open_session_of("NEW").await.unwrap();
    assert_eq!(open["id"], events[0].session.as_str());
    assert_eq!(
        (&open["state"], &open["customer"]),
        (&"active".into(), &"NEW".into())
    );

    // It is a session like any other: asking for one gives it, and what the customer says arrives.
    let asked = world.ask_for_agent("NEW").await.expect(200);
    assert_eq!(asked.body["id"], open["id"]);
    let session = asked.text_of("id");
    assert_reaches(&world, &session, "NEW", udesk_session(&world, "NEW")).await;
    assert_eq!(world.open_session_of("DE").await, None, "nobody else's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_conversation_of_an_unknown_customer_in_one_push_is_one_closed_session() {
    let world = World::start().await;
    let start = push::message("start_session", "udesk_1", 3, json!({"content": "Started"}));
    let close = push::message(
        "close",
        "udesk_3",
        3,
        json!({"close_type": "force", "content": ""}),
    );
    let body = push::reply(
        "NEW",
        &[start, push::text("udesk_2", 3, "Hello and goodbye"), close],
    );
    take(&world, body).await;

    let events = world.app.wait_for_events(3, BOUND).await;
    assert_eq!(
        kinds(&events),
        ["session.started", "message.received", "session.closed"]
    );
    assert_eq!(events[2].data["reason"], "force");
    assert_eq!(world.open_session_of("NEW").await, None);
    assert_eq!(state(&world, &events[0].session).await, "closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_alone_for_an_unknown_customer_begins_nothing() {
    let world = World::start().await;
    let close = push::message("close", "udesk_1", 3, json!({"close_type": "normal"}));
    take(&world, push::reply("NEW", &[close])).await;
    assert_eq!(world.raw_items().await.len(), 1, "recorded, and not shown");
    assert_eq!(world.open_session_of("NEW").await, None);
    assert!(world.app.events().is_empty());
}

async fn follows_a_transfer(how: TransferPush, told: [&str; 2]) {
    let world = World::start().await;
    let (session, before) = in_conversation(&world, "DE").await;
    world.twin.switch(|switches| switches.transfer_push = how);

    let transferred = world.twin.agent_transfers("DE").await.unwrap();
    assert!(transferred.is_good(), "{transferred:?}");
    let after = transferred.im_sub_session_id;
    assert_ne!(after, before);
    let events = world.app.wait_for_events_of(&session, 3, BOUND).await;
    assert_eq!(kinds(&events)[1..], told);
    assert_eq!(
        kinds(&world.app.events()),
        kinds(&events),
        "no other session"
    );
    assert_eq!(
        world.open_session_of("DE").await.unwrap()["id"],
        session.as_str()
    );
    assert_eq!(world.session(&session).await["assignee"]["name"], "Jerry");
    assert_reaches(&world, &session, "DE", after).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_under_a_new_id_before_its_transfer_is_in_the_customers_open_session() {
    follows_a_transfer(
        TransferPush::Late,
        ["message.received", "session.transferred"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_comes_before_its_notice_keeps_our_session() {
    follows_a_transfer(
        TransferPush::Split,
        ["session.transferred", "message.received"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_under_a_new_id_is_followed_before_any_transfer_comes() {
    let world = World::start().await;
    let (session, before) = in_conversation(&world, "DE").await;
    take(
        &world,
        push::reply("DE", &[push::text("udesk_1", before + 500, "It is me now")]),
    )
    .await;
    let events = world.app.wait_for_events_of(&session, 2, BOUND).await;
    assert_eq!(kinds(&events)[1..], ["message.received"]);

    // The twin knows no such session: only where the message is sent counts here.
    world.say(&session, "c-1", "Who is that?").await;
    let target = world.twin.calls_of("/im/messages")[0].body_value("im_sub_session_id");
    assert_eq!(target, Some((before + 500).to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_late_from_an_earlier_sub_session_does_not_lead_back() {
    let world = World::start().await;
    let (session, before) = in_conversation(&world, "DE").await;
    let after = world
        .twin
        .agent_transfers("DE")
        .await
        .unwrap()
        .im_sub_session_id;
    world.app.wait_for_events_of(&session, 3, BOUND).await;

    // As the inbox does it, when the table refused a while.
    let start = push::message(
        "start_session",
        "udesk_late_1",
        before,
        json!({"content": "Started"}),
    );
    let said = push::text("udesk_late_2", before, "Hello, what can I help you with?");
    take(&world, push::reply("DE", &[start, said])).await;
    let events = world.app.wait_for_events_of(&session, 4, BOUND).await;
    assert_eq!(kinds(&events)[3..], ["message.received"]);
    assert_reaches(&world, &session, "DE", after).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_an_earlier_sub_session_is_not_the_end_of_the_conversation() {
    let world = World::start().await;
    let (session, before) = in_conversation(&world, "DE").await;
    let after = world
        .twin
        .agent_transfers("DE")
        .await
        .unwrap()
        .im_sub_session_id;
    world.app.wait_for_events_of(&session, 3, BOUND).await;

    let close = |id: &str, udesk: i64, close_type: &str| {
        let data = json!({"close_type": close_type, "content": "Close the session"});
        push::reply("DE", &[push::message("close", id, udesk, data)])
    };
    take(&world, close("udesk_close_1", before, "normal")).await;
    assert_eq!(state(&world, &session).await, "active");
    take(&world, close("udesk_close_2", after, "redirect")).await;
    assert_eq!(state(&world, &session).await, "active");
    assert_eq!(world.raw_items().await.len(), 2, "both are recorded");
    assert_reaches(&world, &session, "DE", after).await;

    take(&world, close("udesk_close_3", after, "normal")).await;
    assert_eq!(state(&world, &session).await, "closed");
    until("the app was told", async || {
        kinds(&world.app.events_of(&session)).contains(&"session.closed")
    })
    .await;
    world.settled().await;
    let events = world.app.events_of(&session);
    let closed = events.iter().filter(|event| event.kind == "session.closed");
    assert_eq!(closed.count(), 1, "{events:?}");
    world.app.assert_in_order(&session);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_pairs_a_known_session_with_another_customer_is_in_nobodys_conversation() {
    let world = World::start().await;
    let (session, udesk) = in_conversation(&world, "DE").await;
    let (other, _) = in_conversation(&world, "FR").await;
    world.settled().await;

    for customer in ["FR", "NOBODY"] {
        let id = format!("udesk_{customer}");
        let stray = push::text(&id, udesk, "To whom?");
        take(&world, push::reply(customer, &[stray])).await;
        let raw = world.raw_items().await;
        let recorded = raw
            .iter()
            .any(|item| item["body"].as_str().is_some_and(|body| body.contains(&id)));
        assert!(recorded, "{customer}: {raw:?}");
    }
    world.settled().await;
    assert_eq!(world.conversation(&session).await, [] as [Value; 0]);
    assert_eq!(world.conversation(&other).await, [] as [Value; 0]);
    assert_eq!(world.open_session_of("NOBODY").await, None);
    let events = world.app.events();
    assert_eq!(kinds(&events), ["session.started", "session.started"]);

    // What follows in the same push is not lost with it.
    let messages = [
        push::text("udesk_stray", udesk, "To whom?"),
        push::text("udesk_mine", udesk_session(&world, "FR"), "Bonjour"),
    ];
    take(&world, push::reply("FR", &messages)).await;
    let events = world.app.wait_for_events_of(&other, 2, BOUND).await;
    assert_eq!(events[1].data["message"]["content"], "Bonjour");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_customer_is_started_by_the_agents_push() {
    let world = World::start().await;
    world.twin.everyone_busy(3);
    let queued = world.ask_for_agent("DE").await.expect(201);
    let session = queued.text_of("id");
    assert_eq!(queued.body["state"], "queued");
    assert_eq!(queued.body["queue"]["position"], 3);

    world.twin.assign("DE").await.unwrap();
    let events = world.app.wait_for_events_of(&session, 3, BOUND).await;
    assert_eq!(
        kinds(&events),
        ["session.queued", "session.started", "message.received"]
    );
    assert_eq!(events[1].data["session"]["assignee"]["name"], "Tom");
    let session_now = world.session(&session).await;
    assert_eq!(session_now["state"], "active");
    assert!(session_now["queue"].is_null(), "{session_now}");
    assert_reaches(&world, &session, "DE", udesk_session(&world, "DE")).await;
    world.settled().await;
    assert_eq!(world.app.events_of(&session).len(), 4, "and message.sent");
    world.app.assert_in_order(&session);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_alone_is_enough_to_start_a_queued_session() {
    let world = World::start().await;
    world.twin.everyone_busy(1);
    let session = world.ask_for_agent("DE").await.expect(201).text_of("id");
    let started = json!({"content": "Dialogue started"});
    let start = push::message("start_session", "udesk_1", 77, started);
    take(&world, push::reply("DE", &[start])).await;
    assert_eq!(state(&world, &session).await, "active");
    let events = world.app.wait_for_events_of(&session, 2, BOUND).await;
    assert_eq!(kinds(&events), ["session.queued", "session.started"]);
    assert_eq!(events[1].occurred_at, "2017-07-11T01:52:12.000Z");
}
