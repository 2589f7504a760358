//! Udesk's event callbacks: sessions that end and bring their transcript, queues that are left, ratings, and whatever
//! else Udesk may call with.

use std::collections::BTreeSet;

use deskbridge_twins::udesk::{NotPossible, PushOutcome, TransferPush};
use futures_util::future::join_all;
use harness::{
    push, until,
    world::{PATH_SECRET, World},
};
use serde_json::{Value, json};

const EVENTS: &str = "webhook-udesk-event";

async fn subscribed() -> World {
    let world = World::start().await;
    world.subscribe_to_events();
    world
}

/// The contents of the conversation, in order, and which of them are late.
async fn said(world: &World, session: &str) -> Vec<(String, bool)> {
    let conversation = world.conversation(session).await;
    let each = conversation.iter().map(|message| {
        let content = message["content"].as_str().unwrap().to_owned();
        (content, message["late"] == true)
    });
    each.collect()
}

fn late(texts: &[&str]) -> Vec<(String, bool)> {
    texts
        .iter()
        .map(|text| ((*text).to_owned(), true))
        .collect()
}

async fn agent_says_unheard(world: &World, customer: &str, texts: &[&str]) {
    world.twin.switch(|switches| switches.lose_pushes = true);
    for text in texts {
        world.twin.agent_says(customer, text).await.unwrap();
    }
    world.twin.switch(|switches| switches.lose_pushes = false);
}

/// How many of these the app was told of.
fn told(world: &World, session: &str, kind: &str) -> usize {
    let told = world.told(session);
    told.iter().filter(|one| *one == kind).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcript_tells_what_no_push_has_and_the_session_ends() {
    let world = subscribed().await;
    let session = world.open_quietly("DE").await;
    world.agent_says("DE", "one").await;
    world.say(&session, "c-1", "mine").await.expect(200);
    agent_says_unheard(&world, "DE", &["two", "three", "two"]).await;
    world.twin.switch(|switches| switches.lose_pushes = true);
    world.twin.agent_closes("DE", "normal").await.unwrap();

    world.wait_until_told(&session, "session.closed").await;
    let mut wanted = vec![("one".to_owned(), false), ("mine".to_owned(), false)];
    wanted.extend(late(&["two", "three", "two"]));
    assert_eq!(said(&world, &session).await, wanted);
    assert_eq!(world.session(&session).await["state"], "closed");
    world.app.assert_in_order(&session);
    let events = world.app.events_of(&session);
    let closed = events.last().unwrap();
    assert_eq!(
        closed.kind, "session.closed",
        "what was missed stands before it"
    );
    // As the transcript names it, and at once: it is the messages that come late.
    assert_eq!(closed.data["reason"], "normal");
    assert!(!closed.late);
    // In the vendor's time, which is that of the saying; recorded later.
    let messages = world.twin.conversation("DE").unwrap().entries;
    let two = messages
        .iter()
        .find(|entry| entry.content == "two")
        .unwrap();
    let event = events
        .iter()
        .find(|event| event.data["message"]["content"] == "two")
        .unwrap();
    let occurred: jiff::Timestamp = event.occurred_at.parse().unwrap();
    assert_eq!(occurred.as_second(), two.at.as_second());
    assert!(event.late);
    assert_eq!(event.data["message"]["late"], true);
    assert_eq!(event.data["message"]["said_at"], event.occurred_at.as_str());
}

/// Whether the vendor's transcript carries the ids of its pushes is not known: both ways, and each event three times.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_pushed_is_not_told_again() {
    for (ids, names) in [(true, true), (false, false), (false, true), (true, false)] {
        let world = subscribed().await;
        world.twin.switch(|switches| {
            switches.transcript_ids = ids;
            switches.events_name_customer = names;
            switches.repeat_pushes = 2;
        });
        let session = world.open_session("DE").await;
        world.wait_until_told(&session, "message.received").await;
        world.agent_says("DE", "ok").await;
        agent_says_unheard(&world, "DE", &["lost"]).await;
        world.agent_says("DE", "ok").await;
        world.twin.agent_closes("DE", "normal").await.unwrap();

        world
            .twin
            .wait_until(harness::BOUND, |twin| {
                let closes = twin.pushes();
                let closes = closes.iter().filter(|push| push.body["action"].is_string());
                closes.count() == 3
            })
            .await;
        world.settled().await;
        let said = said(&world, &session).await;
        let contents: Vec<_> = said.iter().map(|(content, _)| content.as_str()).collect();
        let greeting = "Hello, what can I help you with?";
        assert_eq!(
            contents,
            [greeting, "ok", "ok", "lost"],
            "ids {ids}, names {names}"
        );
        assert_eq!(told(&world, &session, "session.closed"), 1);
        assert_eq!(world.raw_items().await, [] as [Value; 0]);
        let pushes = world.twin.pushes();
        let good = pushes
            .iter()
            .filter(|push| push.outcome != PushOutcome::Lost);
        assert!(
            good.clone().all(|push| push.outcome.is_good()),
            "{pushes:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_many_times_at_once_tells_each_message_once() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    let udesk = world.twin.conversation("DE").unwrap().live().unwrap().id;
    let lines: Vec<_> = (0..30)
        .map(|number| json!({"sender": "agent", "content": format!("line {number}"), "created_at": "2026-11-21 17:52:12"}))
        .collect();
    let body = json!({
        "action": "ImSubSession_close",
        "message": {"im_sub_session_log": {"sub_session_id": udesk}, "im_log_infos": lines},
    })
    .to_string();

    let answers = join_all((0..6).map(|_| world.push_to(EVENTS, PATH_SECRET, body.clone()))).await;

    assert!(
        answers.iter().all(|answer| answer.status == 200),
        "{answers:?}"
    );
    world.wait_until_told(&session, "session.closed").await;
    world.settled().await;
    let wanted: Vec<_> = (0..30)
        .map(|number| (format!("line {number}"), true))
        .collect();
    assert_eq!(said(&world, &session).await, wanted);
    world.app.assert_in_order(&session);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcript_of_a_megabyte_is_recorded_whole() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    let udesk = world.twin.conversation("DE").unwrap().live().unwrap().id;
    let content = |number| format!("{number} {}", "x".repeat(2_700));
    let lines: Vec<_> = (0..400)
        .map(|number| json!({"sender": "agent", "content": content(number), "created_at": "2026-11-21 17:52:12"}))
        .collect();
    let body = json!({
        "action": "ImSubSession_close",
        "message": {"im_sub_session_log": {"sub_session_id": udesk}, "im_log_infos": lines},
    })
    .to_string();
    assert!(body.len() > 1024 * 1024);

    let answer = world.push_to(EVENTS, PATH_SECRET, body).await;

    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    until("the session has ended", async || {
        world.session(&session).await["state"] == "closed"
    })
    .await;
    let wanted: Vec<_> = (0..400).map(|number| (content(number), true)).collect();
    assert_eq!(said(&world, &session).await, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_agents_that_cannot_be_read_are_kept_raw() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    let udesk = world.twin.conversation("DE").unwrap().live().unwrap().id;
    let unreadable = json!({"sender": "agent", "content": ["secret"]});
    let unknown = json!({"sender": "agent", "content": {"type": "hologram", "data": {}}});
    let lines = [
        json!({"sender": "agent", "content": "one"}),
        unreadable.clone(),
        // Neither is anything of an agent's.
        json!({"sender": "customer", "content": ["mine"]}),
        json!({"sender": "sys", "content": ["theirs"]}),
        unknown.clone(),
        json!({"sender": "agent", "content": "two"}),
    ];
    let message = json!({"im_sub_session_id": udesk, "im_log_infos": lines});
    let body = json!({"action": "ImSubSession_close", "message": message}).to_string();
    for _ in 0..2 {
        world
            .push_to(EVENTS, PATH_SECRET, body.clone())
            .await
            .expect(200);
    }
    assert_eq!(said(&world, &session).await, late(&["one", "two"]));
    let raw = world.raw_items().await;
    let of_session = raw.iter().filter(|item| item["pk"] == session.as_str());
    let kept: BTreeSet<_> = of_session
        .map(|item| item["body"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        kept,
        [unreadable, unknown].map(|line| line.to_string()).into()
    );
    assert_eq!(raw.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_has_its_own_word_for_why_and_says_where_it_is_told_late() {
    for (ago, is_late) in [(5, false), (3_600, true)] {
        let world = World::start().await;
        let session = world.open_quietly("DE").await;
        let udesk = world.twin.conversation("DE").unwrap().live().unwrap().id;
        let closed_at = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(ago);
        let envelope = json!({"type": "close", "data": {"content": "", "close_type": "force"}});
        let body = json!({"action": "ImSubSession_close", "message": {
            "im_sub_session_id": udesk,
            "closed_at": closed_at.to_string(),
            "im_log_infos": [{"sender": "sys", "content": envelope.to_string()}],
        }});
        world
            .push_to(EVENTS, PATH_SECRET, body.to_string())
            .await
            .expect(200);
        // The push that tells the same comes second.
        world.twin.agent_closes("DE", "force").await.unwrap();

        world.wait_until_told(&session, "session.closed").await;
        assert_eq!(told(&world, &session, "session.closed"), 1);
        let events = world.app.events_of(&session);
        let closed = events.last().unwrap();
        assert_eq!(closed.data["reason"], "force");
        assert_eq!(closed.late, is_late);
    }
}

/// A time of Udesk's, so many seconds from a session's beginning.
fn from_beginning(session: &Value, seconds: i64) -> String {
    let began: jiff::Timestamp = session["created_at"].as_str().unwrap().parse().unwrap();
    let at = began + jiff::SignedDuration::from_secs(seconds);
    let civil = jiff::tz::Offset::constant(8).to_datetime(at);
    civil.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_an_earlier_time_never_ends_the_present_session() {
    let world = World::start().await;
    world.twin.everyone_busy(2);
    // One waits, and nobody knows a number of Udesk's; the other one has one, and the event has none.
    let waiting = world.ask_for_agent("DE").await.expect(201).text_of("id");
    world.twin.agents_online();
    let active = world.open_quietly("FR").await;
    let tell = async |action: &str, customer: &str, mut message: Value| {
        message["customer_token"] = customer.into();
        let body = json!({"action": action, "message": message}).to_string();
        world.push_to(EVENTS, PATH_SECRET, body).await.expect(200);
    };
    for (customer, session, state) in [("DE", &waiting, "queued"), ("FR", &active, "active")] {
        let now = world.session(session).await;
        let before = from_beginning(&now, -5);
        let long_before = from_beginning(&now, -600);
        let after = from_beginning(&now, 5);
        let bye = json!([{"sender": "agent", "content": "Bye", "created_at": before}]);
        for earlier in [
            json!({"closed_at": before}),
            json!({"created_at": long_before, "closed_at": after}),
            json!({"im_log_infos": bye}),
            json!({"im_sub_session_id": 2, "closed_at": before}),
        ] {
            tell("ImSubSession_close", customer, earlier).await;
        }
        let left = json!({"queue_start_time": long_before, "queue_seconds": 595});
        tell("ShutQueue_create", customer, left).await;
        assert_eq!(world.session(session).await["state"], state);
        assert_eq!(said(&world, session).await, []);
        // One of its own time does.
        tell("ImSubSession_close", customer, json!({"closed_at": after})).await;
        assert_eq!(world.session(session).await["state"], "closed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_is_told_as_an_end_is_none() {
    for transfer_push in [TransferPush::Together, TransferPush::Late] {
        let world = subscribed().await;
        world.twin.switch(|switches| {
            switches.close_event_on_transfer = true;
            switches.transfer_push = transfer_push;
        });
        let session = world.open_quietly("DE").await;
        world.twin.agent_transfers("DE").await.unwrap();
        world.agent_says("DE", "I am the new one").await;
        world.settled().await;
        assert_eq!(world.session(&session).await["state"], "active");
        world.twin.agent_closes("DE", "normal").await.unwrap();
        world.wait_until_told(&session, "session.closed").await;
        assert_eq!(told(&world, &session, "session.closed"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_gives_the_queue_up_has_no_session_any_more() {
    let world = subscribed().await;
    world.twin.everyone_busy(2);
    let session = world.ask_for_agent("DE").await.expect(201).text_of("id");

    let outcome = world.twin.gives_up_queue("DE").await.unwrap();

    assert!(outcome.is_good(), "{outcome:?}");
    world.wait_until_told(&session, "session.closed").await;
    let events = world.app.events_of(&session);
    assert_eq!(events.last().unwrap().data["reason"], "customer");
    // The same again, when they wait anew: it was another wait that ended.
    let mut old = world.twin.pushes().last().unwrap().body.clone();
    old["message"]["queue_start_time"] = json!("2020-01-01T00:00:00Z");
    let next = world.ask_for_agent("DE").await.expect(201).text_of("id");
    world
        .push_to(EVENTS, PATH_SECRET, old.to_string())
        .await
        .expect(200);
    assert_ne!(next, session);
    assert_eq!(world.session(&next).await["state"], "queued");
    assert!(matches!(
        world.twin.gives_up_queue("nobody").await,
        Err(NotPossible { .. })
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rating_is_told_once_even_after_the_end() {
    let world = subscribed().await;
    let session = world.open_quietly("DE").await;
    world.twin.agent_closes("DE", "normal").await.unwrap();
    world.wait_until_told(&session, "session.closed").await;

    for _ in 0..3 {
        let outcome = world.twin.votes("DE", 101, "Satisfied", "Thank you").await;
        assert!(outcome.unwrap().is_good());
    }

    world.wait_until_told(&session, "survey.answered").await;
    world.settled().await;
    assert_eq!(told(&world, &session, "survey.answered"), 1);
    let events = world.app.events_of(&session);
    let answer = &events.last().unwrap().data["answer"];
    assert_eq!(
        *answer,
        json!({"option": "101", "text": "Satisfied", "remark": "Thank you"})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_can_be_made_of_is_recorded_raw_and_answered_200() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    world.open_quietly("FR").await;
    let udesk = |customer| {
        world
            .twin
            .conversation(customer)
            .unwrap()
            .live()
            .unwrap()
            .id
    };
    let line = json!({"sender": "agent", "message_id": "m-1", "content": "For nobody"});
    let close = |message: Value| json!({"action": "ImSubSession_close", "message": message});
    let bodies = [
        // Of another action, and of none.
        json!({"action": "ImSubSession_create", "message": {"im_sub_session_id": udesk("DE")}}),
        json!({"action": 7.5, "message": "x"}),
        json!({"action": ["a"], "message": {}}),
        // Of a session that is none of ours; of one that is another customer's; of nobody's.
        close(json!({"im_sub_session_id": 1, "im_log_infos": [line]})),
        close(
            json!({"im_sub_session_id": udesk("DE"), "customer_token": "FR", "im_log_infos": [line]}),
        ),
        close(json!({"im_log_infos": [line]})),
        // Of one of an earlier time, under a number that nobody knows.
        close(
            json!({"im_sub_session_id": 2, "customer_token": "DE", "created_at": "2020-01-01 00:00:00", "im_log_infos": [line]}),
        ),
        // A transcript that is none.
        close(json!({"im_sub_session_id": udesk("DE"), "im_log_infos": "none"})),
        // Nobody waits.
        json!({"action": "ShutQueue_create", "message": {"customer_token": "DE"}}),
        json!({"action": "ShutQueue_create", "message": {"customer_id": 5}}),
        json!({"action": "ImSurveyVote_create", "message": {"im_sub_session_id": 1, "option_id": 1}}),
    ];
    for body in &bodies {
        for function in [EVENTS, "webhook-udesk"] {
            let answer = world.push_to(function, PATH_SECRET, body.to_string()).await;
            assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{body}");
        }
    }
    let raw = world.raw_items().await;
    let kept: BTreeSet<_> = raw
        .iter()
        .map(|item| item["body"].as_str().unwrap().to_owned())
        .collect();
    let sent: BTreeSet<_> = bodies.iter().map(Value::to_string).collect();
    assert_eq!(kept, sent);
    assert_eq!(
        raw.len(),
        bodies.len(),
        "each once, whichever URL it came to"
    );
    assert_eq!(said(&world, &session).await, []);
    assert_eq!(world.session(&session).await["state"], "active");

    let wrong = world
        .push_to(EVENTS, "wrong-secret-0123456789", bodies[0].to_string())
        .await;
    assert_eq!(wrong.status, 404);
    // The other way round, a push is at home at the URL of events.
    let reply = push::reply("DE", &[push::text("udesk_1", udesk("DE"), "Hello")]);
    world.push_to(EVENTS, PATH_SECRET, reply).await.expect(200);
    assert_eq!(said(&world, &session).await, [("Hello".to_owned(), false)]);
}
