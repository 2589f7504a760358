//! A function does in AWS what the template allows it, and is allowed no more.

use std::collections::{BTreeMap, BTreeSet};

use deskbridge_local::access_key;
use deskbridge_twins::udesk::Fault;
use harness::{
    BOUND,
    app::{Answer, Deliveries},
    faults::{Call, Calls, Fault as WireFault},
    permissions::{Permission, allowed},
    until,
    world::{API_KEY, World},
};
use serde_json::json;

/// The permissions that a call takes.
fn taken_by(call: &Call, operation: &str, world: &World) -> Vec<Permission> {
    let body = call.json();
    let on_table = |action: &str| (format!("dynamodb:{action}"), "Table".to_owned());
    match operation {
        "TransactWriteItems" => {
            let items = body["TransactItems"].as_array().unwrap();
            let kinds = items
                .iter()
                .flat_map(|item| item.as_object().unwrap().keys());
            kinds
                .map(|kind| match kind.as_str() {
                    "ConditionCheck" => on_table("ConditionCheckItem"),
                    kind => on_table(&format!("{kind}Item")),
                })
                .collect()
        }
        "TransactGetItems" => vec![on_table("GetItem")],
        "SendMessage" | "SendMessageBatch" => {
            let url = body["QueueUrl"].as_str().unwrap();
            let queues = world.bundle.template().queues().keys();
            let queue = queues
                .into_iter()
                .find(|queue| world.bundle.queue_url(queue).as_deref() == Some(url));
            let queue = queue.unwrap_or_else(|| panic!("no queue has the URL {url}"));
            vec![("sqs:SendMessage".to_owned(), queue.clone())]
        }
        action => match body["IndexName"].as_str() {
            Some(index) => vec![(format!("dynamodb:{action}"), format!("Table/index/{index}"))],
            None => vec![on_table(action)],
        },
    }
}

/// What each function has done so far.
fn done(world: &World) -> BTreeMap<String, BTreeSet<Permission>> {
    let functions = world.bundle.template().functions();
    let mut done: BTreeMap<_, BTreeSet<_>> = functions
        .keys()
        .map(|name| (name.clone(), BTreeSet::new()))
        .collect();
    for call in world.dynamodb.calls().iter().chain(&world.sqs.calls()) {
        let (Some(key), Some(operation)) = (&call.access_key, &call.operation) else {
            continue;
        };
        let function = functions
            .keys()
            .find(|name| access_key(name) == *key)
            .unwrap();
        done.get_mut(function)
            .unwrap()
            .extend(taken_by(call, operation, world));
    }
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_may_do_what_it_does_and_nothing_else() {
    let world = World::start().await;
    let of = |function: &str| Calls::any().signed_by(&access_key(function));
    let delete = async |session: &str| {
        world
            .call(API_KEY, "DELETE", &format!("/sessions/{session}"), None)
            .await
    };
    let told = async |session: &str, kind: &str| {
        until(&format!("{session} was told {kind}"), async || {
            world
                .app
                .events_of(session)
                .iter()
                .any(|event| event.kind == kind)
        })
        .await;
    };

    // The plain way: open, write, read, list, transfer, close.
    let ask = json!({"kind": "customer", "customer": "DE"});
    world
        .call(API_KEY, "POST", "/tokens", Some(ask))
        .await
        .expect(200);
    let session = world.open_session("DE").await;
    world
        .say(&session, "c-1", "Where is my parcel?")
        .await
        .expect(200);
    world
        .say(&session, "c-1", "Where is my parcel?")
        .await
        .expect(200);
    world.twin.agent_says("DE", "Hello").await.unwrap();
    let read: Vec<_> = world
        .twin
        .messages_from("DE")
        .into_iter()
        .map(|one| one.message_id)
        .collect();
    world.twin.agent_reads("DE", &read).await.unwrap();
    world.conversation(&session).await;
    world
        .call(API_KEY, "GET", "/sessions?customer=DE", None)
        .await
        .expect(200);
    world.twin.agent_transfers("DE").await.unwrap();
    world.twin.agent_closes("DE", "normal").await.unwrap();
    told(&session, "session.closed").await;

    // In the queue, and out of it again.
    world.twin.everyone_busy(2);
    let waiting = world.ask_for_agent("Q").await.expect(201).text_of("id");
    world.say(&waiting, "c-1", "I wait").await.expect(200);
    delete(&waiting).await.expect(200);
    world.twin.agents_online();
    told(&waiting, "session.closed").await;

    // The vendor refuses to open: the session is closed at once.
    world.twin.fault(
        "POST /im/sessions",
        Fault::code(11012, "agent group not found"),
        Some(1),
    );
    world.ask_for_agent("refused").await.expect(422);

    // The vendor is busy when it is asked to open, to take a message, to close; and the second time too.
    for customer in ["busy-open", "busy-say", "busy-close"] {
        let call = match customer {
            "busy-open" => "POST /im/sessions",
            "busy-say" => "POST /im/messages",
            _ => "DELETE /im/sessions/*",
        };
        let limit = || world.twin.fault(call, Fault::Limited, Some(2));
        let session = if customer == "busy-open" {
            limit();
            world
                .ask_for_agent(customer)
                .await
                .expect(202)
                .text_of("id")
        } else {
            world.open_session(customer).await
        };
        match customer {
            "busy-open" => told(&session, "session.started").await,
            "busy-say" => {
                limit();
                world.say(&session, "c-1", "Later").await.expect(202);
                told(&session, "message.sent").await;
            }
            _ => {
                limit();
                delete(&session).await.expect(202);
                told(&session, "session.closed").await;
            }
        }
    }

    // The vendor has ended the session without a word: the message finds out.
    let gone = world.open_session("gone").await;
    world.twin.fault(
        "POST /im/messages",
        Fault::code(9200, "session closed"),
        Some(1),
    );
    world.say(&gone, "c-1", "Anybody there?").await.expect(409);
    told(&gone, "session.closed").await;

    // The app fails once.
    let flaky = world
        .app
        .answer(Deliveries::any().times(1), Answer::Status(500));
    let late = world.open_session("late").await;
    told(&late, "session.started").await;
    flaky.hit(1).await;

    // The table refuses the webhook: what it brings is taken up from the inbox.
    let inbox = world.open_session("inbox").await;
    let refusing = world
        .dynamodb
        .play(of("webhook-udesk"), WireFault::InternalError);
    world.twin.agent_says("inbox", "Hello").await.unwrap();
    world.twin.agent_closes("inbox", "normal").await.unwrap();
    told(&inbox, "session.closed").await;
    refusing.clear();

    // Nudges that are lost are made good by the sweep, to either side.
    let lost = world.open_session("lost").await;
    told(&lost, "session.started").await;
    let no_nudge = world.sqs.play(of("send-message"), WireFault::InternalError);
    world.say(&lost, "c-1", "Told late").await.expect(200);
    let sent = || {
        let events = world.app.events_of(&lost);
        let sent = events.iter().filter(|event| event.kind == "message.sent");
        sent.count()
    };
    world
        .sweep_until("the first message was told", async || sent() == 1)
        .await;
    world
        .twin
        .fault("POST /im/messages", Fault::Limited, Some(1));
    world.say(&lost, "c-2", "Sent late").await.expect(202);
    world
        .sweep_until("the second message was sent and told", async || sent() == 2)
        .await;
    no_nudge.clear();

    // The last drainers may still be at it.
    let wanted = allowed();
    let end = tokio::time::Instant::now() + BOUND / 4;
    while done(&world) != wanted && tokio::time::Instant::now() < end {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let mut problems = Vec::new();
    let done = done(&world);
    for (function, done) in &done {
        let allowed = &wanted[function];
        for (action, resource) in done.difference(allowed) {
            problems.push(format!(
                "{function} does {action} on {resource} and is not allowed to"
            ));
        }
        for (action, resource) in allowed.difference(done) {
            problems.push(format!(
                "{function} is allowed {action} on {resource} and does not need it"
            ));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert_eq!(wanted.len(), done.len());
}
