//! Events to an app that fails: for a while, and for good (design.md, section 6).

use std::time::{Duration, SystemTime};

use harness::{
    BOUND,
    app::{Answer, Deliveries, Delivery},
    until,
    world::World,
};

/// How old the signature was when the attempt arrived, in seconds.
fn age_of_signature(attempt: &Delivery) -> f64 {
    let arrived = SystemTime::now() - attempt.at.elapsed();
    let arrived = arrived.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    arrived.as_secs_f64() - attempt.timestamp.parse::<f64>().unwrap()
}

fn said(world: &World, session: &str) -> Vec<String> {
    let events = world.app.events_of(session);
    events
        .iter()
        .filter_map(|event| Some(event.data["message"]["content"].as_str()?.to_owned()))
        .collect()
}

fn attempts_of(world: &World, seq: u64) -> Vec<Delivery> {
    let mut attempts = world.app.deliveries();
    attempts.retain(|attempt| attempt.event.as_ref().is_some_and(|event| event.seq == seq));
    attempts
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_fails_for_a_while_gets_everything_later_and_in_order() {
    let world = World::with(&[("APP_TIMEOUT_MS", "1000")]).await;
    let session = world.open_quietly("DE").await;

    let down = world.events.refuse().await;
    for text in ["one", "two", "three", "four"] {
        world.agent_says("DE", text).await;
    }
    until("an attempt was made in vain", async || {
        let item = world.item(&session, "@session").await;
        item["deliveries"]["M"]["attempts"]["N"]
            .as_str()
            .is_some_and(|attempts| attempts != "0")
    })
    .await;
    // It listens again, and is not well yet: errors, no answer in time, a gateway's error.
    let all = Deliveries::any;
    world.app.answer(all().times(2), Answer::Status(500));
    world.app.answer(all().after(2).times(1), Answer::Hang);
    world
        .app
        .answer(all().after(3).times(1), Answer::Status(502));
    down.clear().await;

    world.app.wait_for_events_of(&session, 5, BOUND).await;
    assert_eq!(said(&world, &session), ["one", "two", "three", "four"]);
    world.app.assert_in_order(&session);

    let first = attempts_of(&world, 2);
    let answers: Vec<_> = first.iter().map(|attempt| attempt.answer).collect();
    assert_eq!(
        answers,
        [Some(500), Some(500), None, Some(502), Some(200)],
        "the first event in line was tried until it was taken"
    );
    for attempt in &first {
        assert_eq!(attempt.id, first[0].id, "one webhook-id over all attempts");
        assert_eq!(attempt.body, first[0].body);
        assert!(attempt.verified, "{attempt:?}");
        let age = age_of_signature(attempt);
        // Whole seconds, and at most the time limit on the way.
        assert!(
            (0.0..2.5).contains(&age),
            "signed {age} s before: {attempt:?}"
        );
    }
    let lasted = first[4].at - first[0].at;
    assert!(
        lasted > Duration::from_secs(3),
        "long enough to tell an old signature: {lasted:?}"
    );
    let tried: Vec<_> = world
        .app
        .deliveries()
        .iter()
        .filter_map(|attempt| Some(attempt.event.as_ref()?.seq))
        .collect();
    assert!(
        tried.is_sorted(),
        "no event was tried before those ahead of it were taken: {tried:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_names_a_wait_is_given_it() {
    const WAIT: Duration = Duration::from_secs(4);
    // Without the app's word, the next attempt would follow within two seconds.
    let world = World::with(&[("RETRY_SCHEDULE_SECONDS", "1,1,1")]).await;
    let session = world.open_quietly("DE").await;

    let all = Deliveries::any;
    let wait = WAIT.as_secs();
    world
        .app
        .answer(all().times(1), Answer::RetryAfter(429, wait));
    world
        .app
        .answer(all().after(1).times(1), Answer::RetryAfter(503, wait));
    world.agent_says("DE", "one").await;
    world.agent_says("DE", "two").await;

    world.app.wait_for_events_of(&session, 3, BOUND).await;
    let attempts = attempts_of(&world, 2);
    let answers: Vec<_> = attempts.iter().map(|attempt| attempt.answer).collect();
    assert_eq!(answers, [Some(429), Some(503), Some(200)]);
    for pair in attempts.windows(2) {
        let waited = pair[1].at - pair[0].at;
        assert!(waited >= WAIT, "tried again after {waited:?}");
    }
    world.app.assert_in_order(&session);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_gone_for_the_app_is_given_up_at_once() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;

    let gone = world
        .app
        .answer(Deliveries::any().times(1), Answer::Status(410));
    world.agent_says("DE", "one").await;
    world.agent_says("DE", "two").await;

    world.app.wait_for_events_of(&session, 2, BOUND).await;
    assert_eq!(gone.hits(), 1);
    assert_eq!(attempts_of(&world, 2).len(), 1, "410 is final");
    let seqs: Vec<_> = world.app.accepted().iter().map(|event| event.seq).collect();
    assert_eq!(seqs, [1, 3], "the hole shows");
    let dead = world.event_item(&session, 2).await;
    assert!(dead["dead_at"]["N"].is_string(), "{dead}");
    let because = dead["dead_because"]["S"].as_str().unwrap();
    assert!(because.contains("410"), "{because}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_never_gets_through_is_dead_and_the_next_ones_arrive() {
    let world = World::with(&[("RETRY_SCHEDULE_SECONDS", "1,1")]).await;
    let session = world.open_quietly("DE").await;

    let broken = world.app.answer(
        Deliveries::any().of(&session).kind("session.transferred"),
        Answer::Status(500),
    );
    let before = SystemTime::now();
    world.twin.agent_transfers("DE").await.unwrap();
    world.agent_says("DE", "Hello from your new agent").await;

    world
        .app
        .wait_for(BOUND, |events| {
            let said = |event: &harness::app::Event| {
                event.data["message"]["content"] == "Hello from your new agent"
            };
            events.iter().any(said)
        })
        .await;
    assert_eq!(
        broken.hits(),
        3,
        "the first attempt, and two more after 1 s each"
    );
    let transferred = world.app.deliveries();
    let transferred = transferred
        .iter()
        .filter_map(|attempt| attempt.event.as_ref())
        .find(|event| event.kind == "session.transferred")
        .unwrap()
        .seq;
    let arrived = world.app.accepted();
    let mut seqs: Vec<_> = arrived.iter().map(|event| event.seq).collect();
    assert!(!seqs.contains(&transferred), "{seqs:?}");
    seqs.push(transferred);
    seqs.sort_unstable();
    let all: Vec<_> = (1..).take(seqs.len()).collect();
    assert_eq!(seqs, all, "the dead event is the only hole");

    for seq in all {
        let item = world.event_item(&session, seq).await;
        if seq != transferred {
            assert!(item["dead_at"].is_null(), "{item}");
            continue;
        }
        assert_eq!(item["type"]["S"], "session.transferred");
        let died: u64 = item["dead_at"]["N"]
            .as_str()
            .expect("dead")
            .parse()
            .unwrap();
        let died = SystemTime::UNIX_EPOCH + Duration::from_millis(died);
        assert!((before..SystemTime::now()).contains(&died), "{item}");
        let because = item["dead_because"]["S"].as_str().unwrap();
        assert!(because.contains("500"), "{because}");
    }
}
