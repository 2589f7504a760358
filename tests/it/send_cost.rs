//! What an ordinary message costs, counted on the wire.

use std::collections::BTreeMap;

use deskbridge_twins::udesk::PushStart;
use harness::{faults::Calls, world::World};

/// What send-message has called so far, by operation.
fn spent(world: &World) -> BTreeMap<String, usize> {
    let mut spent = BTreeMap::new();
    let own = Calls::any().signed_by("local-send-message");
    let (table, queues) = (world.dynamodb.calls_of(&own), world.sqs.calls_of(&own));
    let vendor = world.udesk.calls_of(&Calls::path("/im/messages"));
    for call in table.iter().chain(&queues).chain(&vendor) {
        let name = call.operation.as_deref().unwrap_or("vendor");
        *spent.entry(name.to_owned()).or_default() += 1;
    }
    spent
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_costs_one_read_one_count_two_transactions_one_call_and_one_nudge() {
    let world = World::start().await;
    world
        .twin
        .switch(|switches| switches.push_start = PushStart::Off);
    let session = world.open_session("DE").await;
    let each = BTreeMap::from([
        ("GetItem".to_owned(), 1),
        ("SendMessage".to_owned(), 1),
        ("TransactWriteItems".to_owned(), 2),
        // The rate budget's.
        ("UpdateItem".to_owned(), 1),
        ("vendor".to_owned(), 1),
    ]);

    for (number, id) in ["c-1", "c-2"].into_iter().enumerate() {
        world.wait_until_quiet(&session).await;
        world.say(&session, id, "hello").await.expect(200);
        let wanted: BTreeMap<_, _> = each
            .iter()
            .map(|(name, count)| (name.clone(), count * (number + 1)))
            .collect();
        assert_eq!(spent(&world), wanted, "after {id}");
    }
}
