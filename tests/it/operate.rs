//! What was given up is listed, and taken up again (design.md, sections 3 and 4.5).

use std::collections::BTreeSet;

use deskbridge::clock;
use deskbridge_twins::udesk::Fault;
use harness::{
    BOUND,
    app::{Answer, Deliveries},
    until,
    world::{API_KEY, World},
};
use serde_json::{Value, json};

/// One more attempt, a second after the first.
const SOON_GIVEN_UP: (&str, &str) = ("RETRY_SCHEDULE_SECONDS", "1");

/// `GET /deliveries` with this query.
async fn list(world: &World, query: &str) -> Value {
    let path = format!("/deliveries?{query}");
    let answer = world.call(API_KEY, "GET", &path, None).await.expect(200);
    answer.body
}

fn ids(listed: &Value) -> Vec<String> {
    let listed = listed["deliveries"].as_array().unwrap().iter();
    listed
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

/// All pages of a list, a page so long.
async fn all(world: &World, query: &str, limit: usize) -> Vec<Value> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let mut page = list(world, &format!("{query}&limit={limit}{after}")).await;
        let listed = page["deliveries"].as_array_mut().unwrap();
        assert!(listed.len() <= limit, "{listed:?}");
        found.append(listed);
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return found,
        }
    }
}

async fn wait_for_dead(world: &World, query: &str, number: usize) -> Vec<String> {
    let query = format!("status=dead&{query}");
    until(&format!("{number} are dead"), async || {
        ids(&list(world, &query).await).len() == number
    })
    .await;
    ids(&list(world, &query).await)
}

async fn redrive(world: &World, ask: Value) -> Value {
    let answer = world
        .call(API_KEY, "POST", "/deliveries/redrive", Some(ask))
        .await;
    answer.expect(200).body
}

async fn redrive_one(world: &World, id: &str) -> Value {
    let path = format!("/deliveries/{id}/redrive");
    let answer = world.call(API_KEY, "POST", &path, None).await;
    answer.expect(200).body
}

/// How often the app was asked to take the event.
fn attempts(world: &World, id: &str) -> usize {
    let deliveries = world.app.deliveries();
    deliveries.iter().filter(|one| one.id == *id).count()
}

/// The numbers of the session's events in the order in which the app took them.
fn taken(world: &World, session: &str) -> Vec<u64> {
    let mut taken = world.app.accepted();
    taken.retain(|event| event.session == session);
    taken.iter().map(|event| event.seq).collect()
}

/// What an agent says never reaches the app.
fn deaf(session: &str) -> Deliveries {
    Deliveries::any().of(session).kind("message.received")
}

fn event(session: &str, seq: u64) -> String {
    format!("evt_{}_{seq}", session.strip_prefix("ses_").unwrap())
}

fn send(session: &str, number: u64) -> String {
    format!("snd_{}_{number}", session.strip_prefix("ses_").unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_reached_the_app_is_taken_up_once_and_comes_late_under_its_own_id() {
    let world = World::with(&[SOON_GIVEN_UP]).await;
    let session = world.open_quietly("DE").await;
    let broken = world.app.answer(deaf(&session), Answer::Status(500));
    world.agent_says("DE", "one").await;
    world.agent_says("DE", "two").await;
    let of_session = format!("session={session}");
    let dead = wait_for_dead(&world, &of_session, 2).await;
    assert_eq!(dead, [event(&session, 2), event(&session, 3)]);
    world.say(&session, "c-1", "Still there?").await.expect(200);
    world.wait_until_told(&session, "message.sent").await;
    world.all_went_out(&session).await;
    broken.clear();

    let listed = list(&world, &of_session).await;
    let first = &listed["deliveries"][0];
    assert_eq!(first["status"], "dead");
    assert_eq!(first["type"], "message.received");
    assert!(
        first["because"].as_str().unwrap().contains("500"),
        "{first}"
    );
    assert!(listed.get("next").is_none(), "{listed}");

    // Asked what would be, it does nothing.
    let would = redrive(&world, json!({"session": session, "dry_run": true})).await;
    assert_eq!(would, json!({"dry_run": true, "count": 2, "ids": dead}));
    assert_eq!(ids(&list(&world, &of_session).await), dead);
    world.all_went_out(&session).await;
    assert_eq!(taken(&world, &session), [1, 4]);

    let done = redrive(&world, json!({"session": session})).await;
    assert_eq!(done, json!({"dry_run": false, "count": 2, "ids": dead}));
    until("both have come", async || {
        taken(&world, &session).len() == 4
    })
    .await;
    assert_eq!(taken(&world, &session), [1, 4, 2, 3]);
    let contents: Vec<_> = world.app.accepted()[2..]
        .iter()
        .map(|event| event.data["message"]["content"].clone())
        .collect();
    assert_eq!(contents, ["one", "two"]);

    // Again, in each way there is: they are no longer dead.
    world.settled().await;
    for again in [
        json!({"session": session}),
        json!({"since": "2020-01-01T00:00:00Z"}),
    ] {
        assert_eq!(redrive(&world, again).await["count"], 0);
    }
    for id in &dead {
        assert_eq!(redrive_one(&world, id).await["count"], 0);
    }
    assert_eq!(ids(&list(&world, &of_session).await), [""; 0]);
    world.agent_says("DE", "three").await;
    until("life goes on", async || taken(&world, &session).len() == 5).await;
    assert_eq!(taken(&world, &session), [1, 4, 2, 3, 5]);
    for id in &dead {
        assert_eq!(attempts(&world, id), 3, "two in vain, one that was taken");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_again_holds_up_nobody_and_is_dead_again() {
    let world = World::with(&[("RETRY_SCHEDULE_SECONDS", "2")]).await;
    let session = world.open_quietly("DE").await;
    let broken = world.app.answer(deaf(&session), Answer::Status(500));
    world.agent_says("DE", "one").await;
    let query = format!("session={session}");
    let dead = wait_for_dead(&world, &query, 1).await;
    let died = list(&world, &query).await["deliveries"][0]["dead_at"].clone();

    assert_eq!(redrive_one(&world, &dead[0]).await["count"], 1);
    broken.hit(3).await;
    // It waits for its second attempt; what comes after it does not.
    world.say(&session, "c-1", "Still there?").await.expect(200);
    world.wait_until_told(&session, "message.sent").await;
    let waiting = list(&world, &query).await;
    let waiting = &waiting["deliveries"][0];
    assert_eq!(
        (&waiting["id"], &waiting["status"]),
        (&json!(dead[0]), &json!("due"))
    );
    assert_eq!(waiting["attempts"], 1);
    assert!(waiting["retry_at"].is_string(), "{waiting}");

    assert_eq!(wait_for_dead(&world, &query, 1).await, dead);
    let again = list(&world, &query).await["deliveries"][0]["dead_at"].clone();
    assert!(again.as_str() > died.as_str(), "{died} {again}");
    assert_eq!(attempts(&world, &dead[0]), 4, "the schedule, twice");

    // The third time is lucky.
    broken.clear();
    redrive_one(&world, &dead[0]).await;
    until("it has come", async || taken(&world, &session) == [1, 3, 2]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drainer_that_dies_over_it_loses_nothing() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    let gone = world
        .app
        .answer(deaf(&session).times(1), Answer::Status(410));
    world.agent_says("DE", "one").await;
    let dead = wait_for_dead(&world, &format!("session={session}"), 1).await;
    assert_eq!(gone.hits(), 1);

    let held = world.app.answer(deaf(&session).times(1), Answer::Hang);
    redrive_one(&world, &dead[0]).await;
    held.hit(1).await;
    world.kill("drain-deliveries");
    held.cut();
    world
        .sweep_until("the event has come", async || {
            taken(&world, &session) == [1, 2]
        })
        .await;
    world.settled().await;
    assert_eq!(
        ids(&list(&world, &format!("session={session}")).await),
        [""; 0]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dead_of_all_sessions_are_listed_page_by_page_and_taken_up_since_a_time() {
    let world = World::start().await;
    let mut sessions = Vec::new();
    for customer in ["A", "B", "C", "D", "E"] {
        sessions.push(world.open_quietly(customer).await);
    }
    let gone = world.app.answer(
        Deliveries::any().kind("message.received"),
        Answer::Status(410),
    );
    world.agent_says("A", "before").await;
    wait_for_dead(&world, "", 1).await;
    until("a moment passes", async || true).await;
    let first = all(&world, "status=dead", 10).await;
    let died = clock::of_rfc3339(first[0]["dead_at"].as_str().unwrap()).unwrap();
    let since = clock::rfc3339(died + 1);
    until("the clock moves on", async || clock::now() > died + 1).await;
    for customer in ["B", "C", "D", "E"] {
        world.agent_says(customer, "one").await;
        world.agent_says(customer, "two").await;
    }
    wait_for_dead(&world, "", 9).await;
    let wanted: BTreeSet<_> = sessions[1..]
        .iter()
        .flat_map(|session| [event(session, 2), event(session, 3)])
        .collect();
    for limit in [1, 2, 3, 100] {
        let listed = all(&world, &format!("status=dead&since={since}"), limit).await;
        let found: BTreeSet<_> = listed
            .iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!((listed.len(), &found), (8, &wanted), "{limit} a page");
        assert_eq!(all(&world, "", limit).await.len(), 9, "{limit} a page");
    }
    gone.clear();

    let done = redrive(&world, json!({"since": since})).await;
    assert_eq!(done["count"], 8, "{done}");
    for session in &sessions[1..] {
        until("both have come", async || {
            taken(&world, session) == [1, 2, 3]
        })
        .await;
    }
    world.settled().await;
    assert_eq!(ids(&list(&world, "").await), [event(&sessions[0], 2)]);
    assert_eq!(redrive(&world, json!({"since": since})).await["count"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_still_to_be_tried_is_listed_too() {
    let world = World::with(&[("RETRY_SCHEDULE_SECONDS", "900")]).await;
    let mut sessions = Vec::new();
    for customer in ["A", "B"] {
        sessions.push(world.open_quietly(customer).await);
    }
    let down = world.events.refuse().await;
    for customer in ["A", "B"] {
        for text in ["one", "two", "three"] {
            world.agent_says(customer, text).await;
        }
    }
    for session in &sessions {
        until("the first was tried in vain", async || {
            let listed = list(&world, &format!("session={session}")).await;
            listed["deliveries"][0]["attempts"] == 1
        })
        .await;
    }
    let wanted: Vec<_> = (2..=4).map(|seq| event(&sessions[0], seq)).collect();
    let of_one = all(&world, &format!("status=due&session={}", sessions[0]), 2).await;
    assert_eq!(of_one.len(), 3);
    for (one, id) in of_one.iter().zip(&wanted) {
        assert_eq!((&one["id"], &one["status"]), (&json!(id), &json!("due")));
        assert!(one.get("dead_at").is_none(), "{one}");
    }
    assert!(of_one[0]["retry_at"].is_string() && of_one[1].get("retry_at").is_none());
    for limit in [1, 2, 5, 100] {
        let listed = all(&world, "status=due", limit).await;
        let found: BTreeSet<_> = listed.iter().map(|one| one["id"].to_string()).collect();
        assert_eq!((listed.len(), found.len()), (6, 6), "{limit} a page");
    }
    assert_eq!(ids(&list(&world, "status=dead").await), [""; 0]);
    assert_eq!(ids(&list(&world, "log=sends").await), [""; 0]);
    let later = clock::rfc3339(clock::now() + 60_000);
    assert_eq!(ids(&list(&world, &format!("since={later}")).await), [""; 0]);
    // Nobody takes up what was not given up.
    assert_eq!(redrive_one(&world, &wanted[0]).await["count"], 0);
    down.clear().await;
}

/// The vendor's own message ids of all attempts to send this.
fn message_ids(world: &World, text: &str) -> Vec<String> {
    let mut calls = world.twin.calls_of("/im/messages");
    calls.retain(|call| call.body.as_ref().unwrap()["data"]["content"] == text);
    let ids = calls
        .iter()
        .map(|call| call.body_value("message_id").unwrap());
    ids.collect()
}

fn arrived(world: &World, customer: &str) -> Vec<String> {
    let received = world.twin.messages_from(customer);
    received.into_iter().map(|one| one.content).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_given_up_is_sent_again_under_the_same_id() {
    let world = World::with(&[SOON_GIVEN_UP]).await;
    let session = world.open_quietly("DE").await;
    let outage = world.udesk.refuse().await;
    let message = world.say(&session, "c-1", "one").await.expect(202);
    world.wait_for_status(&session, "c-1", "failed").await;
    world.wait_until_told(&session, "message.failed").await;
    outage.clear().await;
    world.say(&session, "c-2", "two").await.expect(200);

    let query = format!("log=sends&session={session}");
    let listed = list(&world, &query).await;
    let dead = &listed["deliveries"][0];
    assert_eq!(dead["id"], send(&session, 2));
    assert_eq!(
        (&dead["task"], &dead["status"]),
        (&json!("message"), &json!("dead"))
    );
    assert_eq!(dead["message"], message.body["id"]);
    assert_eq!(all(&world, "log=sends", 1).await.len(), 1);
    assert_eq!(
        ids(&list(&world, "log=deliveries&status=dead").await),
        [""; 0]
    );

    let ask = json!({"log": "sends", "since": dead["dead_at"]});
    assert_eq!(redrive(&world, ask.clone()).await["count"], 1);
    world.wait_for_status(&session, "c-1", "sent").await;
    assert_eq!(arrived(&world, "DE"), ["two", "one"]);
    let sent_under: BTreeSet<_> = message_ids(&world, "one").into_iter().collect();
    assert_eq!(sent_under, BTreeSet::from([message.text_of("id")]));
    world.settled().await;
    assert_eq!(redrive(&world, ask).await["count"], 0);
    let told: Vec<_> = world
        .app
        .events_of(&session)
        .iter()
        .filter(|event| event.data["message"]["client_id"] == "c-1")
        .map(|event| event.kind.clone())
        .collect();
    assert_eq!(told, ["message.failed", "message.sent"]);
    // The client's own repeat gets what is true now.
    let repeat = world.say(&session, "c-1", "one").await.expect(200);
    assert_eq!(repeat.text_of("status"), "sent");
    assert_eq!(arrived(&world, "DE"), ["two", "one"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_refused_again_stays_failed_and_is_told_once() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    let no = || Fault::code(2005, "invalid parameter");
    world.twin.fault("POST /im/messages", no(), Some(2));
    world.say(&session, "c-1", "one").await.expect(422);
    let id = send(&session, 2);
    assert_eq!(redrive_one(&world, &id).await["count"], 1);
    until("it was refused again", async || {
        message_ids(&world, "one").len() == 2
    })
    .await;
    let query = format!("log=sends&session={session}");
    assert_eq!(wait_for_dead(&world, &query, 1).await, [&*id]);
    assert_eq!(world.status(&session, "c-1").await, "failed");
    world.settled().await;
    let told = world.told(&session);
    let failed = told.iter().filter(|kind| *kind == "message.failed");
    assert_eq!(failed.count(), 1, "{told:?}");

    // The session ends: nobody reads there any more.
    world.close(&session).await.expect(200);
    let path = format!("/deliveries/{id}/redrive");
    let answer = world.call(API_KEY, "POST", &path, None).await.expect(409);
    assert_eq!(answer.error_code(), "session_closed");
    let ask = json!({"log": "sends", "session": session});
    assert_eq!(redrive(&world, ask).await["count"], 0);
    assert_eq!(message_ids(&world, "one").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_finds_the_conversation_ended_is_dead_again() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    let once = |code, words| {
        world
            .twin
            .fault("POST /im/messages", Fault::code(code, words), Some(1))
    };
    once(2005, "invalid parameter");
    world.say(&session, "c-1", "one").await.expect(422);
    let id = send(&session, 2);
    // Udesk has ended the session without a word: the message finds out.
    once(9200, "session closed");
    assert_eq!(redrive_one(&world, &id).await["count"], 1);
    world.wait_until_told(&session, "session.closed").await;
    let query = format!("log=sends&session={session}");
    assert_eq!(wait_for_dead(&world, &query, 1).await, [&*id]);
    assert_eq!(world.status(&session, "c-1").await, "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_arrived_is_sent_again_only_where_the_vendor_drops_the_repeat() {
    for (on_unknown, calls, status) in [("retry", 3, "sent"), ("hold", 1, "unknown")] {
        let world = World::with(&[SOON_GIVEN_UP, ("UDESK_ON_UNKNOWN", on_unknown)]).await;
        let session = world.open_quietly("DE").await;
        world
            .twin
            .fault("POST /im/messages", Fault::CutAfter, Some(2));
        world.say(&session, "c-1", "one").await.expect(202);
        world.wait_for_status(&session, "c-1", "unknown").await;
        let query = format!("log=sends&session={session}");
        let dead = wait_for_dead(&world, &query, 1).await;
        world.twin.clear_faults();
        let before = message_ids(&world, "one").len();
        assert_eq!(before, calls.min(2), "{on_unknown}");

        assert_eq!(redrive_one(&world, &dead[0]).await["count"], 1);
        until("it was decided upon", async || {
            let listed = list(&world, &format!("{query}&status=due")).await;
            ids(&listed).is_empty()
        })
        .await;
        world.wait_for_status(&session, "c-1", status).await;
        assert_eq!(message_ids(&world, "one").len(), calls, "{on_unknown}");
        assert_eq!(arrived(&world, "DE"), ["one"], "{on_unknown}");
        let still_dead = if status == "sent" { 0 } else { 1 };
        wait_for_dead(&world, &query, still_dead).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_take_up_each_once() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    let gone = world.app.answer(deaf(&session), Answer::Status(410));
    for number in 0..20 {
        world.agent_says("DE", &number.to_string()).await;
    }
    wait_for_dead(&world, &format!("session={session}"), 20).await;
    gone.clear();
    let ask = || redrive(&world, json!({"session": session}));
    let (one, other) = tokio::join!(ask(), ask());
    let count = |answer: &Value| answer["count"].as_u64().unwrap();
    assert_eq!(count(&one) + count(&other), 20, "{one} {other}");
    world.app.wait_for_events_of(&session, 21, BOUND).await;
    world.settled().await;
    let mut seqs = taken(&world, &session);
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=21).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_question_is_named_and_customers_may_not_ask() {
    let world = World::start().await;
    let customer = World::customer_token("DE", 900, clock::now());
    for (method, path) in [
        ("GET", "/deliveries"),
        ("POST", "/deliveries/redrive"),
        (
            "POST",
            "/deliveries/evt_01ARZ3NDEKTSV4RRFFQ69G5FAV_1/redrive",
        ),
    ] {
        let answer = world.call(&customer, method, path, None).await.expect(403);
        assert_eq!(answer.error_code(), "role_not_allowed");
    }
    for (query, field) in [
        ("log=inbox", "log"),
        ("status=lost", "status"),
        ("session=x", "session"),
        ("since=yesterday", "since"),
        ("after=x", "after"),
        ("after=dead.1.1.ses_01ARZ3NDEKTSV4RRFFQ69G5FAV", "after"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
    ] {
        let path = format!("/deliveries?{query}");
        let answer = world.call(API_KEY, "GET", &path, None).await.expect(400);
        assert_eq!(answer.body["error"]["field"], field, "{query}");
    }
    for (body, field) in [
        (json!({}), "since"),
        (json!({"session": "x"}), "session"),
        (json!({"since": "yesterday"}), "since"),
        (json!({"since": 1}), "since"),
        (
            json!({"since": "2026-11-21T09:00:00Z", "after": "x"}),
            "after",
        ),
        (
            json!({"since": "2026-11-21T09:00:00Z", "log": "inbox"}),
            "log",
        ),
        (
            json!({"since": "2026-11-21T09:00:00Z", "dry_run": 1}),
            "dry_run",
        ),
        (json!({"since": "2026-11-21T09:00:00Z", "dry": true}), "dry"),
    ] {
        let asked = world.call(API_KEY, "POST", "/deliveries/redrive", Some(body.clone()));
        let answer = asked.await.expect(400);
        assert_eq!(answer.body["error"]["field"], field, "{body}");
    }
    for id in [
        "x",
        "evt_x",
        "ses_01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "evt_01ARZ3NDEKTSV4RRFFQ69G5FAV_1",
    ] {
        let path = format!("/deliveries/{id}/redrive");
        let answer = world.call(API_KEY, "POST", &path, None).await.expect(404);
        assert_eq!(answer.error_code(), "not_found", "{id}");
    }
    // A cursor with another filter than it came from does no harm.
    let cursor = "dead.7.1.ses_01ARZ3NDEKTSV4RRFFQ69G5FAV.1";
    for more in [
        "",
        "&since=2026-11-21T09:00:00Z",
        "&status=due",
        "&log=sends",
    ] {
        assert_eq!(
            ids(&list(&world, &format!("after={cursor}{more}")).await),
            [""; 0]
        );
    }
}
