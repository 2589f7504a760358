//! Udesk's rate limit is held by deskbridge: nobody is told "limited", nobody is refused, and people go first.
//! A minute of Udesk's lasts twelve seconds here.

use std::time::Duration;

use deskbridge_twins::udesk::{RateLimit, RateScope};
use futures_util::future::join_all;
use harness::{
    until_within,
    world::{API_KEY, World},
};
use jiff::Timestamp;
use serde_json::json;

const CALLS: usize = 20;
const MINUTE: Duration = Duration::from_secs(12);
/// What Udesk takes and deskbridge knows; sessions are opened without a limit, since it is about messages here.
const RATE: &str = "20/12,POST /im/sessions=6000/60";
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
    const SESSIONS: usize = 6;
    const EACH: usize = 10;
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

/// What customers have read of what agents say, told to Udesk.
fn reads(world: &World) -> Vec<Timestamp> {
    let calls = world
        .twin
        .calls_of("/im/messages/read_messages")
        .into_iter();
    calls.map(|call| call.at).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn where_one_budget_is_for_all_calls_peoples_messages_go_first() {
    const EACH: usize = 8;
    let settings = [("UDESK_RATE_LIMIT", RATE), ("UDESK_RATE_SCOPE", "account")];
    let world = World::with_processes(3, LONG, &settings).await;
    let mut conversations = Vec::new();
    for name in ["A", "B", "C"] {
        let session = world.open_quietly(name).await;
        for number in 0..EACH {
            world.agent_says(name, &format!("a-{number}")).await;
        }
        until_within(LONG, "the customer has it all", async || {
            world.conversation(&session).await.len() == EACH
        })
        .await;
        let said = world.conversation(&session).await;
        let ids: Vec<_> = said.iter().map(|one| one["id"].clone()).collect();
        conversations.push((name, session, ids));
    }
    limited(&world, RateScope::Account);

    // Each reads before they write; what they write goes before what they have read.
    join_all(conversations.iter().map(async |(_, session, ids)| {
        let path = format!("/sessions/{session}/reads");
        for (number, id) in ids.iter().enumerate() {
            let read = Some(json!({"messages": [id]}));
            let answer = world.call(API_KEY, "POST", &path, read).await;
            assert!(matches!(answer.status, 200 | 202), "{answer:?}");
            say(&world, session, number).await;
        }
    }))
    .await;

    let written = || {
        let each = conversations
            .iter()
            .flat_map(|(name, ..)| world.twin.messages_from(name));
        each.map(|message| message.at).collect::<Vec<_>>()
    };
    until_within(LONG, "everything", async || {
        world.sweep().await;
        written().len() == 3 * EACH && reads(&world).len() == 3 * EACH
    })
    .await;
    assert_eq!(over_the_limit(&world), 0);
    let (last_written, last_read) = (written().into_iter().max(), reads(&world).into_iter().max());
    assert!(last_written < last_read, "{last_written:?}, {last_read:?}");
}
