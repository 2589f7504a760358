//! What a message costs at AWS, counted on the wire: units of DynamoDB, requests of SQS, calls of Lambda.

use std::{collections::BTreeSet, io::Write};

use deskbridge_twins::udesk::PushStart;
use harness::{
    BOUND,
    binaries::root,
    capacity::{Table, Units},
    faults::Calls,
    until,
    world::World,
};

/// What was spent, from the first call on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Spent {
    units: Units,
    /// Messages that functions put into queues.
    sends: usize,
    /// Calls of Lambda, by whoever.
    invocations: usize,
    /// Those of them by a queue. Each means two more requests of SQS, which Lambda makes: it receives the
    /// message and deletes it.
    by_queue: usize,
}

impl Spent {
    fn so_far(world: &World) -> Self {
        let (mut table, mut units) = (Table::default(), Units::default());
        for call in world.dynamodb.calls() {
            // What a function opens ahead of need.
            if call.operation.is_some() {
                units += table.cost(&call);
            }
        }
        let mut requests = BTreeSet::new();
        let mut by_queue = BTreeSet::new();
        for (_, line) in world.lines() {
            if line["message"] == "handled" {
                let request = line["request_id"].as_str().unwrap().to_owned();
                if !line["batch"].is_null() {
                    by_queue.insert(request.clone());
                }
                requests.insert(request);
            }
        }
        Self {
            units,
            sends: world.sqs.count(&Calls::to("SendMessage")),
            invocations: requests.len(),
            by_queue: by_queue.len(),
        }
    }

    fn since(self, before: Self) -> Self {
        Self {
            units: Units {
                reads: self.units.reads - before.units.reads,
                writes: self.units.writes - before.units.writes,
                index_writes: self.units.index_writes - before.units.index_writes,
            },
            sends: self.sends - before.sends,
            invocations: self.invocations - before.invocations,
            by_queue: self.by_queue - before.by_queue,
        }
    }

    /// As the README shows it.
    fn row(self, what: &str) -> String {
        let Self {
            units,
            sends,
            invocations,
            by_queue,
        } = self;
        format!(
            "| {what} | {} | {} | {} | {} | {invocations} |",
            units.reads,
            units.writes + units.index_writes,
            sends + 2 * by_queue,
            sends
        )
    }
}

/// Waits until all that follows from what was done is over, and logged.
async fn rest(world: &World, session: &str, told: usize) {
    world.app.wait_for_events_of(session, told, BOUND).await;
    world.wait_until_quiet(session).await;
    world.settled().await;
    until("every nudge is worked off", async || {
        let nudges = world.sqs.count(&Calls::to("SendMessage"));
        let drains = ["drain-deliveries", "drain-sends"];
        let handled = drains.map(|function| world.handled(function).len());
        handled.iter().sum::<usize>() == nudges
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_message_costs_stands_in_the_readme() {
    // No drainer is at work on anything else, and nothing greets.
    let world = World::start().await;
    world
        .twin
        .switch(|switches| switches.push_start = PushStart::Off);
    let session = world.open_quietly("DE").await;
    rest(&world, &session, 1).await;
    let text = "Where is my parcel? It should have come on Tuesday, and today is Friday already.";

    let mut rows = Vec::new();
    // The first of each kind may meet something that is done once.
    for round in 0..2 {
        let told = world.told(&session).len();
        let before = Spent::so_far(&world);
        world.agent_says("DE", text).await;
        rest(&world, &session, told + 1).await;
        let between = Spent::so_far(&world);
        world
            .say(&session, &format!("c-{round}"), text)
            .await
            .expect(200);
        rest(&world, &session, told + 2).await;
        let after = Spent::so_far(&world);
        rows = vec![
            between
                .since(before)
                .row("an agent's message, until the app has it"),
            after
                .since(between)
                .row("a customer's message, until the desk and the app have it"),
        ];
    }
    // Past the capture of tests that pass: the numbers belong into the log of every run.
    for row in &rows {
        writeln!(std::io::stderr(), "{row}").unwrap();
    }
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    for row in &rows {
        assert!(readme.contains(row), "not in README.md:\n{row}");
    }
}
