//! Udesk's rate limit is held by deskbridge: nobody is told "limited", nobody is refused, and people go first.
//! A minute of Udesk's lasts twelve seconds here.

use std::time::Duration;

use deskbridge_twins::udesk::{RateLimit, RateScope};
use futures_util::future::join_all;
use harness::{until_within, world::World};
use jiff::Timestamp;

const CALLS: usize = 60;
const MINUTE: Duration = Duration::from_secs(12);
/// What Udesk takes and deskbridge knows; sessions are opened without a limit, since it is about messages here.
const RATE: &str = "60/12,POST /im/sessions=6000/60";
/// How long all of it may take, on a machine that has other things to do.
const LONG: Duration = Duration::from_secs(180);

fn limited(world: &World, scope: RateScope) {
    world.twin.switch(|switches| {
        switches.rate_limit = Some(RateLimit {
            calls: CALLS,
            per: MINUTE,
        });
        switches.rate_scope = scope;
    });
}

/// How many calls met the limit.
fn over_the_limit(world: &World) -> usize {
    let calls = world.twin.calls().into_iter();
    calls.filter(|call| call.status == Some(429)).count()
}

/// A message of the customer's, and when its answer says that it goes out.
async fn say(world: &World, session: &str, number: usize) -> Option<Timestamp> {
    let id = format!("c-{number:02}");
    let answer = world.say(session, &id, &id).await;
    assert!(matches!(answer.status, 200 | 202), "{answer:?}");
    answer.body["retry_at"]
        .as_str()
        .map(|at| at.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn at_three_times_the_budget_nobody_is_limited_and_every_session_gets_on() {
    const SESSIONS: usize = 12;
    const EACH: usize = 15;
    let world = World::with_processes(3, LONG, &[("UDESK_RATE_LIMIT", RATE)]).await;
    let name = |number: usize| format!("customer-{number:02}");
    let mut sessions = Vec::new();
    for number in 0..SESSIONS {
        sessions.push(world.open_quietly(&name(number)).await);
    }
    limited(&world, RateScope::Api);

    // Three minutes' worth at once.
    assert_eq!(SESSIONS * EACH, 3 * CALLS);
    let began = Timestamp::now();
    let promised = join_all(sessions.iter().map(async |session| {
        let mut promised = Vec::new();
        for number in 0..EACH {
            promised.extend(say(&world, session, number).await);
        }
        promised
    }))
    .await;
    let promised: Vec<_> = promised.into_iter().flatten().collect();
    assert!(!promised.is_empty(), "some had to wait");
    assert!(promised.iter().all(|at| *at > began), "{promised:?}");

    // Nobody is forgotten while others write: when a third has gone, each has had a turn.
    let arrived = |number| world.twin.messages_from(&name(number)).len();
    let all = || (0..SESSIONS).map(arrived).collect::<Vec<_>>();
    until_within(LONG, "a third of the messages", async || {
        all().iter().sum::<usize>() >= CALLS
    })
    .await;
    assert!(all().iter().all(|count| *count > 0), "{:?}", all());

    until_within(LONG, "all messages", async || {
        world.sweep().await;
        all().iter().all(|count| *count == EACH)
    })
    .await;
    assert_eq!(over_the_limit(&world), 0);
    for number in 0..SESSIONS {
        let arrived = world.twin.messages_from(&name(number));
        let contents: Vec<_> = arrived.iter().map(|said| said.content.as_str()).collect();
        assert!(contents.is_sorted(), "{contents:?}");
    }
    // It was Udesk's limit that held it up: three minutes' worth in no less than two and a bit.
    let took = Timestamp::now().duration_since(began);
    assert!(took.unsigned_abs() >= 2 * MINUTE, "{took:?}");
}
