//! Udesk's own examples of what it pushes, through the real webhook.

use deskbridge_twins::udesk::PushStart;
use harness::{
    BOUND,
    app::Event,
    push,
    world::{PATH_SECRET, World},
};
use serde_json::{Value, json};

const AGENT: &str = include_str!("../fixtures/udesk/push.agent.json");
const READ: &str = include_str!("../fixtures/udesk/push.read.json");
const ROBOT: &str = include_str!("../fixtures/udesk/push.robot.json");
const UROBOT: &str = include_str!("../fixtures/udesk/push.urobot.json");

/// Posts a body to the webhook, which takes it.
async fn take(world: &World, body: &str) {
    let answer = world.push(PATH_SECRET, body.to_owned()).await.expect(200);
    assert_eq!(answer.text, "");
}

fn occurred(events: &[Event]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event.occurred_at.as_str())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_conversation_becomes_four_events_in_order() {
    let world = World::start().await;
    take(&world, AGENT).await;
    let events = world.app.wait_for_events(4, BOUND).await;
    // The same body again: Udesk promises no redelivery, and excludes none.
    take(&world, AGENT).await;
    world.settled().await;
    assert_eq!(world.app.accepted().len(), 4);

    let told: Vec<_> = events
        .iter()
        .map(|event| (event.seq, event.kind.as_str(), event.customer.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (1, "session.started", "axb"),
            (2, "message.received", "axb"),
            (3, "message.received", "axb"),
            (4, "session.closed", "axb"),
        ]
    );
    // The page's times are Udesk's, eight hours ahead of UTC, in two formats.
    assert_eq!(
        occurred(&events),
        [
            "2017-07-11T01:52:11.000Z",
            "2017-07-11T01:52:12.000Z",
            "2017-07-11T01:52:13.000Z",
            "2017-12-31T16:00:00.000Z",
        ]
    );
    let agent = json!({"id": "1", "name": "TOM", "avatar": "https://123.com/1.png"});
    assert_eq!(events[0].data["session"]["assignee"], agent);
    let hello = &events[1].data["message"];
    assert_eq!(hello["kind"], "text");
    assert_eq!(hello["from"], "agent");
    assert_eq!(hello["content"], "Hello, what can I help you with?");
    assert_eq!(hello["agent"], agent);
    let rich = &events[2].data["message"];
    assert_eq!(
        (&rich["kind"], &rich["format"]),
        (&"rich".into(), &"html".into())
    );
    assert_eq!(
        rich["content"],
        "Our company's promotional products are hot-selling. Don't miss it. \
         <a href=\"https://xxx.com/1.png\">Hot sale.com</a>"
    );
    assert_eq!(
        rich["text"],
        "Our company's promotional products are hot-selling. Don't miss it. Hot sale.com"
    );
    assert_eq!(events[3].data["session"]["state"], "closed");

    let listed = world.conversation(&events[0].session).await;
    let listed: Vec<_> = listed.iter().map(|message| &message["id"]).collect();
    assert_eq!(listed, [&hello["id"], &rich["id"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_messages_reach_a_session_that_is_open() {
    let world = World::start().await;
    world
        .twin
        .switch(|switches| switches.push_start = PushStart::Off);
    let session = world.open_session("axb").await;
    take(&world, AGENT).await;
    let events = world.app.wait_for_events(4, BOUND).await;
    assert!(
        events.iter().all(|event| event.session == session),
        "{events:?}"
    );
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    let told = [
        "session.started",
        "message.received",
        "message.received",
        "session.closed",
    ];
    assert_eq!(kinds, told);
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_are_read_as_numbers_and_as_texts() {
    let world = World::start().await;
    world
        .twin
        .switch(|switches| switches.push_start = PushStart::Off);
    let session = world.open_session("DE").await;
    let udesk = world.twin.conversation("DE").unwrap().sessions[0].id;

    let mut as_text = push::text("17", udesk, "ids as texts");
    as_text["agent_id"] = json!("3");
    as_text["im_sub_session_id"] = json!(udesk.to_string());
    take(&world, &push::reply("DE", &[as_text.clone()])).await;
    // The same message with its id as a number is the same message.
    let mut as_number = as_text.clone();
    as_number["message_id"] = json!(17);
    take(&world, &push::reply("DE", &[as_number])).await;
    let mut other = push::text("x", udesk, "ids as numbers");
    other["message_id"] = json!(18);
    take(&world, &push::reply("DE", &[other])).await;

    let events = world.app.wait_for_events_of(&session, 3, BOUND).await;
    world.settled().await;
    let received = |event: &Event| {
        let message = &event.data["message"];
        (message["content"].clone(), message["agent"]["id"].clone())
    };
    assert_eq!(
        events[1..].iter().map(received).collect::<Vec<_>>(),
        [
            ("ids as texts".into(), Value::from("3")),
            ("ids as numbers".into(), Value::from("3")),
        ]
    );
    assert_eq!(world.app.events().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn dates_are_read_at_the_offset_that_is_set() {
    let world = World::with(&[("UDESK_UTC_OFFSET", "-03:30")]).await;
    let mut dashed = push::text("udesk_2", 3, "dashed");
    dashed["message_created_at"] = json!("2018-01-01 00:00:00");
    let mut zoned = push::text("udesk_3", 3, "with a zone of its own");
    zoned["message_created_at"] = json!("2018-01-23T10:55:20.000+08:00");
    let messages = [push::text("udesk_1", 3, "compact"), dashed, zoned];
    take(&world, &push::reply("DE", &messages)).await;
    let events = world.app.wait_for_events(4, BOUND).await;
    assert_eq!(
        occurred(&events[1..]),
        [
            "2017-07-11T13:22:12.000Z",
            "2018-01-01T03:30:00.000Z",
            "2018-01-23T02:55:20.000Z",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_without_a_date_happened_when_it_came() {
    let world = World::start().await;
    let mut message = push::text("udesk_1", 3, "now");
    message["message_created_at"] = json!("some day");
    take(&world, &push::reply("DE", &[message])).await;
    let events = world.app.wait_for_events(2, BOUND).await;
    let received = &events[1];
    assert_eq!(received.occurred_at, received.data["message"]["created_at"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_that_an_agent_can_send_is_told_as_its_kind() {
    let world = World::start().await;
    let media = json!({
        "content": "https://f.example/1", "filename": "football.mp4", "filesize": "4.3M", "duration": "200",
    });
    let kinds = ["image", "audio", "video", "file"];
    let messages: Vec<_> = kinds
        .iter()
        .map(|kind| push::message(kind, &format!("udesk_{kind}"), 3, media.clone()))
        .collect();
    take(&world, &push::reply("DE", &messages)).await;
    let events = world.app.wait_for_events(5, BOUND).await;
    for (kind, event) in kinds.iter().zip(&events[1..]) {
        let message = &event.data["message"];
        assert_eq!(message["kind"], *kind);
        assert_eq!(message["content"], "https://f.example/1");
        let file = json!({"name": "football.mp4", "size": "4.3M", "duration": 200});
        assert_eq!(message["file"], file);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_messages_in_one_push_come_in_their_order() {
    let world = World::start().await;
    let messages: Vec<_> = (1..=100)
        .map(|number| push::text(&format!("udesk_{number}"), 3, &number.to_string()))
        .collect();
    take(&world, &push::reply("DE", &messages)).await;
    // Where a busy machine takes longer over it than the webhook waits, the sweep sees to it.
    world
        .sweep_until("the app was told of all", async || {
            world.app.events().len() == 101
        })
        .await;
    let events = world.app.events();
    let said = events[1..]
        .iter()
        .map(|event| event.data["message"]["content"].clone());
    let wanted: Vec<Value> = (1..=100)
        .map(|number: u32| number.to_string().into())
        .collect();
    assert_eq!(said.collect::<Vec<_>>(), wanted);
    world.app.assert_in_order(&events[0].session);
}

#[tokio::test(flavor = "multi_thread")]
async fn robots_and_read_status_of_nobody_we_know_are_recorded_as_they_came() {
    let world = World::start().await;
    for body in [ROBOT, UROBOT, READ] {
        take(&world, body).await;
        let raw = world.raw_items().await;
        let recorded = raw.iter().any(|item| item["body"] == body);
        assert!(recorded, "{body}: {raw:?}");
    }
    assert_eq!(world.items().await.len(), 3, "and nothing else");
    assert_eq!(world.app.deliveries().len(), 0);
}
