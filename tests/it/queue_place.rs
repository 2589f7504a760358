//! The place in the queue moves without a push: whoever looks at the session sees it as it is now.

use std::time::Instant;

use deskbridge::clock;
use deskbridge_twins::udesk::Fault as VendorFault;
use futures_util::future::join_all;
use harness::{until, world::World};
use serde_json::Value;

const CALL: &str = "GET /im/queue_status";

async fn place(world: &World, session: &str) -> Value {
    world.session(session).await["queue"]["position"].clone()
}

fn asked(world: &World) -> usize {
    world.twin.calls_of("/im/queue_status").len()
}

/// Waits until another question may be asked.
async fn later(world: &World, session: &str) {
    until("Udesk may be asked again", async || {
        let items = world.items().await;
        let what = format!("PACE#udesk#place:{session}");
        let pace = items.iter().find(|item| item["pk"] == what);
        let last = pace.and_then(|pace| pace["last_at"].as_i64());
        last.is_none_or(|last| clock::now() - last > 3_000)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_sees_the_place_as_it_is_now() {
    let world = World::start().await;
    world.twin.everyone_busy(5);
    let session = world.ask_for_agent("DE").await.expect(201).text_of("id");
    world.twin.move_in_queue("DE", 4);
    until("the new place is seen", async || {
        place(&world, &session).await == 4
    })
    .await;
    let (began, so_far) = (Instant::now(), asked(&world));
    // Many who poll: Udesk is asked once in a while, and nobody sees an older place again.
    let polls = join_all((0..10).map(|_| place(&world, &session))).await;
    assert!(polls.iter().all(|place| *place == 4), "{polls:?}");
    let whiles = usize::try_from(began.elapsed().as_secs() / 3).unwrap();
    assert!(asked(&world) - so_far <= 1 + whiles);
    let listed = world.open_session_of("DE").await.unwrap();
    assert_eq!(listed["queue"]["position"], 4);
    world.twin.move_in_queue("DE", 2);
    until("the new place is seen", async || {
        place(&world, &session).await == 2
    })
    .await;
    assert_eq!(
        world.session(&session).await["queue"]["name"],
        "queue:company:1:all"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_udesk_an_older_place_is_told() {
    let world = World::start().await;
    world.twin.everyone_busy(5);
    let session = world.ask_for_agent("DE").await.expect(201).text_of("id");
    world.twin.move_in_queue("DE", 4);
    // Busy, refused, unreadable, and no answer at all: the record's.
    for fault in [
        VendorFault::Limited,
        VendorFault::code(2015, "no"),
        VendorFault::NeverAnswer,
    ] {
        world.twin.fault(CALL, fault, Some(1));
        assert_eq!(place(&world, &session).await, 5);
        later(&world, &session).await;
    }
    until("Udesk's place is told", async || {
        place(&world, &session).await == 4
    })
    .await;
    later(&world, &session).await;
    let down = world.udesk.refuse().await;
    world.twin.move_in_queue("DE", 3);
    assert_eq!(place(&world, &session).await, 4);
    down.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn udesk_is_asked_of_nobody_else() {
    let world = World::start().await;
    let session = world.open_session("DE").await;
    world.session(&session).await;
    world.twin.nobody_online();
    let offline = world.ask_for_agent("AT").await.expect(201).text_of("id");
    world.session(&offline).await;
    assert_eq!(asked(&world), 0);
}
