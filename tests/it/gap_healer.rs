//! What pushes did not bring is looked for: in silences, behind them, and at the end. Silences last a second here where
//! they last most of a minute elsewhere, and a sweep comes as often.

use std::time::Duration;

use deskbridge_twins::udesk::{Fault, PushStart, RateLimit};
use harness::{until_within, world::World};
use serde_json::Value;

/// Far more than anything takes here on a busy machine.
const LONG: Duration = Duration::from_secs(180);

async fn world(changed: &[(&str, &str)]) -> World {
    let mut all = vec![("HEAL_SCHEDULE_SECONDS", "1,2,4")];
    all.extend(changed);
    let world = World::with(&all).await;
    world
        .twin
        .switch(|switches| switches.push_start = PushStart::Off);
    world
}

fn lose_pushes(world: &World, lose: bool) {
    world.twin.switch(|switches| switches.lose_pushes = lose);
}

async fn agent_says_unheard(world: &World, customer: &str, texts: &[&str]) {
    lose_pushes(world, true);
    for text in texts {
        world.twin.agent_says(customer, text).await.unwrap();
    }
    lose_pushes(world, false);
}

/// What agents said in the conversation, in order, and what of it is late.
async fn said(world: &World, session: &str) -> (Vec<String>, Vec<String>) {
    let conversation = world.conversation(session).await;
    let by_agents = conversation
        .iter()
        .filter(|message| message["from"] == "agent");
    let content = |message: &&Value| message["content"].as_str().unwrap().to_owned();
    let late = by_agents.clone().filter(|message| message["late"] == true);
    (
        by_agents.clone().map(|message| content(&message)).collect(),
        late.map(|message| content(&message)).collect(),
    )
}

/// Sweeps as the schedule does until this holds.
async fn swept_until(world: &World, what: &str, holds: impl AsyncFn() -> bool) {
    until_within(LONG, what, async || {
        if holds().await {
            return true;
        }
        world.sweep().await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        false
    })
    .await;
}

async fn swept_until_told(world: &World, session: &str, kind: &str) {
    let told = async || world.told(session).iter().any(|told| told == kind);
    swept_until(world, &format!("{kind} is told"), told).await;
}

async fn settled(world: &World) {
    until_within(LONG, "all has gone out", async || {
        let items = world.items().await;
        let mut sessions = items.iter().filter(|item| item["sk"] == "@session");
        !sessions.any(|session| session.get("due_at").is_some())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_is_looked_into_and_what_lies_in_it_is_told_once_in_order() {
    let world = world(&[]).await;
    let session = world.open_quietly("DE").await;
    world.agent_says("DE", "one").await;
    agent_says_unheard(&world, "DE", &["two", "three", "two"]).await;

    swept_until(&world, "all is there", async || {
        said(&world, &session).await.0.len() == 4
    })
    .await;
    // Looked at again and again, they come no second time.
    let asked = || {
        world
            .twin
            .calls_of("/im/messages/unread_customer_offline")
            .len()
    };
    let so_far = asked();
    swept_until(&world, "it was asked again", async || asked() > so_far + 1).await;
    settled(&world).await;

    let (all, late) = said(&world, &session).await;
    assert_eq!(all, ["one", "two", "three", "two"]);
    assert_eq!(late, ["two", "three", "two"]);
    world.app.assert_in_order(&session);
    let events = world.app.events_of(&session);
    let told: Vec<_> = events
        .iter()
        .filter(|event| event.kind == "message.received")
        .collect();
    assert_eq!(told.len(), 4);
    assert_eq!(told.iter().filter(|event| event.late).count(), 3);
    assert_eq!(world.session(&session).await["state"], "active");
    // Its number was asked for once.
    assert_eq!(world.twin.calls_of("/customers/get_customer").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_behind_a_silence_has_it_looked_into_at_once() {
    let world = world(&[]).await;
    let session = world.open_quietly("DE").await;
    world.agent_says("DE", "one").await;
    agent_says_unheard(&world, "DE", &["two", "three"]).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;

    world.agent_says("DE", "four").await;

    // Nobody sweeps.
    until_within(LONG, "all is there", async || {
        said(&world, &session).await.0.len() == 4
    })
    .await;
    let (all, late) = said(&world, &session).await;
    assert_eq!(all, ["one", "four", "two", "three"]);
    assert_eq!(late, ["two", "three"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_and_a_start_that_nobody_told_are_made_good() {
    let world = world(&[]).await;
    let ends = world.open_quietly("ends").await;
    world.twin.everyone_busy(2);
    let waits = world.ask_for_agent("waits").await.expect(201).text_of("id");
    world.twin.agents_online();
    lose_pushes(&world, true);
    world.twin.agent_says("ends", "Good bye").await.unwrap();
    world.twin.agent_closes("ends", "normal").await.unwrap();
    world.twin.assign("waits").await.unwrap();
    world.twin.agent_says("waits", "Hello").await.unwrap();
    lose_pushes(&world, false);

    swept_until_told(&world, &ends, "session.closed").await;
    let events = world.app.events_of(&ends);
    assert_eq!(events.last().unwrap().data["reason"], "vendor");
    assert_eq!(said(&world, &ends).await.1, ["Good bye"]);
    swept_until_told(&world, &waits, "session.started").await;
    // Once it is known which session it is, what was said there is found as well.
    swept_until(&world, "the greeting is there", async || {
        said(&world, &waits).await.1.contains(&"Hello".to_owned())
    })
    .await;
    assert_eq!(world.session(&waits).await["state"], "active");
    world.say(&waits, "c-1", "At last").await.expect(200);
    let next = world.open_session("ends").await;
    assert_ne!(next, ends);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_ends_is_looked_at_once_more() {
    let world = world(&[]).await;
    let session = world.open_quietly("DE").await;
    agent_says_unheard(&world, "DE", &["one", "two"]).await;
    world.twin.agent_closes("DE", "normal").await.unwrap();
    world.wait_until_told(&session, "session.closed").await;

    swept_until(&world, "all is there", async || {
        said(&world, &session).await.1.len() == 2
    })
    .await;

    assert_eq!(said(&world, &session).await.1, ["one", "two"]);
    settled(&world).await;
    // And then no more.
    let asked = world.twin.calls().len();
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        world.sweep().await;
    }
    let calls = world.twin.calls();
    let statuses = calls.iter().skip(asked).count();
    assert!(statuses <= 1, "{:?}", &calls[asked..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_udesk_has_and_does_not_give_is_told() {
    let world = world(&[]).await;
    world
        .twin
        .switch(|switches| switches.unread_at_most = Some(3));
    let session = world.open_quietly("DE").await;
    world.agent_says("DE", "one").await;
    agent_says_unheard(&world, "DE", &["two", "three", "four", "five"]).await;

    swept_until_told(&world, &session, "session.incomplete").await;
    // Asked again, nothing new is told.
    let asked = || {
        world
            .twin
            .calls_of("/im/messages/unread_customer_offline")
            .len()
    };
    let so_far = asked();
    swept_until(&world, "it was asked again", async || asked() > so_far).await;
    settled(&world).await;

    // The look-up gives the oldest three of five.
    assert_eq!(said(&world, &session).await.0, ["one", "two", "three"]);
    let events = world.app.events_of(&session);
    let incomplete: Vec<_> = events
        .iter()
        .filter(|event| event.kind == "session.incomplete")
        .collect();
    assert_eq!(incomplete.len(), 1);
    assert_eq!(incomplete[0].data["missing"], 2);
    let time = |name: &str| {
        let text = incomplete[0].data[name].as_str().unwrap();
        text.parse::<jiff::Timestamp>().unwrap()
    };
    assert!(time("from") < time("to"));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_one_conversation_missed_something_the_others_are_looked_at_soon() {
    // Whoever was silent once is left alone for long after.
    let world = world(&[("HEAL_SCHEDULE_SECONDS", "1,600")]).await;
    let quiet = world.open_quietly("quiet").await;
    let asked = || world.twin.calls_of("/im/customer_status").len();
    swept_until(&world, "it was looked at", async || asked() > 0).await;
    agent_says_unheard(&world, "quiet", &["Are you there?"]).await;
    let loud = world.open_quietly("loud").await;
    agent_says_unheard(&world, "loud", &["Hello"]).await;

    swept_until(&world, "both are there", async || {
        let found = [&quiet, &loud].map(|session| said(&world, session));
        let [quiet, loud] = futures_util::future::join_all(found)
            .await
            .try_into()
            .unwrap();
        quiet.1.len() == 1 && loud.1.len() == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_is_busy_is_asked_later() {
    let world = world(&[]).await;
    let session = world.open_quietly("DE").await;
    let unread = "GET /im/messages/unread_customer_offline";
    world.twin.fault(unread, Fault::Limited, Some(1));
    world.twin.fault(unread, Fault::Status(503), Some(1));
    agent_says_unheard(&world, "DE", &["one"]).await;

    swept_until(&world, "it is there", async || {
        said(&world, &session).await.1.len() == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_before_a_question_failed_is_not_lost() {
    let world = world(&[]).await;
    let session = world.open_quietly("DE").await;
    world
        .twin
        .fault("GET /im/customer_status", Fault::Status(503), None);
    agent_says_unheard(&world, "DE", &["one", "two"]).await;

    swept_until(&world, "both are there", async || {
        said(&world, &session).await.1.len() == 2
    })
    .await;
    assert_eq!(world.session(&session).await["state"], "active");
    // The question that failed is asked again.
    let failed = world.twin.calls_of("/im/customer_status").len();
    world.twin.clear_faults();
    swept_until(&world, "it was asked again", async || {
        world.twin.calls_of("/im/customer_status").len() > failed
    })
    .await;
    assert_eq!(said(&world, &session).await.0, ["one", "two"]);
}

/// In Udesk's session that is left at a transfer nobody looks later.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_just_before_a_transfer_is_found_in_the_session_that_was_left() {
    let world = world(&[]).await;
    let session = world.open_quietly("DE").await;
    world.agent_says("DE", "one").await;
    agent_says_unheard(&world, "DE", &["I hand you on"]).await;
    world.twin.agent_transfers("DE").await.unwrap();
    world.wait_until_told(&session, "session.transferred").await;
    world.agent_says("DE", "three").await;

    swept_until(&world, "it is there", async || {
        said(&world, &session).await.1.len() == 1
    })
    .await;
    assert_eq!(said(&world, &session).await.1, ["I hand you on"]);
    assert_eq!(world.session(&session).await["state"], "active");
}

/// Ten minutes and more become twelve seconds, a minute's budget one of ten seconds, and the minute of a sweep one
/// second.
#[tokio::test(flavor = "multi_thread")]
async fn an_outage_with_five_hundred_messages_leaves_no_hole() {
    const SESSIONS: usize = 10;
    const EACH: usize = 50;
    // Ten conversations begin at once, which is no part of the story.
    let rates = "60/10,POST /im/sessions=600/10";
    let world = world(&[("UDESK_RATE_LIMIT", rates)]).await;
    world.twin.switch(|switches| {
        switches.rate_limit = Some(RateLimit {
            calls: 60,
            per: Duration::from_secs(10),
        });
    });
    let mut sessions = Vec::new();
    for number in 0..SESSIONS {
        let customer = format!("customer-{number}");
        let session = world.open_quietly(&customer).await;
        world.agent_says(&customer, "before").await;
        sessions.push((customer, session));
    }

    lose_pushes(&world, true);
    for line in 0..EACH {
        for (customer, _) in &sessions {
            world
                .twin
                .agent_says(customer, &format!("line {line}"))
                .await
                .unwrap();
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        if line % 5 == 0 {
            world.sweep().await;
        }
    }
    lose_pushes(&world, false);
    // One conversation goes on.
    world.agent_says("customer-0", "after").await;

    let mut wanted = vec!["before".to_owned()];
    wanted.extend((0..EACH).map(|line| format!("line {line}")));
    for (customer, session) in &sessions {
        swept_until(&world, "everything is there", async || {
            let events = world.app.events_of(session);
            let received = events
                .iter()
                .filter(|event| event.kind == "message.received");
            received.count() >= wanted.len() + usize::from(customer == "customer-0")
        })
        .await;
    }
    for (_, session) in &sessions {
        let (mut all, late) = said(&world, session).await;
        assert_eq!(late, wanted[1..], "once, and in order");
        all.retain(|text| text != "after");
        assert_eq!(all, wanted);
    }
    let calls = world.twin.calls();
    let limited: Vec<_> = calls
        .iter()
        .filter(|call| call.status == Some(429))
        .collect();
    assert!(limited.is_empty(), "{limited:?}");
    until_within(LONG * 2, "the app was told", async || {
        sessions.iter().all(|(_, session)| {
            let events = world.app.events_of(session);
            events.iter().filter(|event| event.late).count() == EACH
        })
    })
    .await;
    for (_, session) in &sessions {
        world.app.assert_in_order(session);
    }
}
