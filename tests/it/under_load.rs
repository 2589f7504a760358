//! Many conversations at once: order holds in each, and none waits for another.

use std::{collections::HashSet, time::Duration};

use futures_util::future::join_all;
use harness::{
    BOUND,
    app::{Answer, Deliveries},
    faults::{Calls, Fault},
    until,
    world::World,
};
use serde_json::Value;

const SESSIONS: usize = 20;
const EACH_WAY: usize = 20;
/// How long all of it may take, on a machine that has other things to do.
const LONG: Duration = Duration::from_secs(300);

/// Every fourth customer is hasty and sends several messages at a time, so that requests of one
/// session meet.
fn is_hasty(number: usize) -> bool {
    number.is_multiple_of(4)
}

/// What the customer says, message by message.
async fn customer(world: &World, session: &str, number: usize) {
    let at_once = if is_hasty(number) { 4 } else { 1 };
    let all: Vec<_> = (1..=EACH_WAY).collect();
    for some in all.chunks(at_once) {
        let answers = some.iter().map(async |message| {
            let id = format!("c-{message:02}");
            world.say(session, &id, &format!("{id} of {number}")).await
        });
        for answer in join_all(answers).await {
            assert!(matches!(answer.status, 200 | 202), "{answer:?}");
        }
    }
}

async fn agent(world: &World, customer: &str) {
    for message in 1..=EACH_WAY {
        world.agent_says(customer, &format!("a-{message:02}")).await;
    }
}

/// As the schedule does: on a slow machine a function may run out of time before it has nudged.
async fn sweep_again_and_again(world: &World) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.sweep().await;
    }
}

fn contents<'a>(messages: impl Iterator<Item = &'a Value>) -> Vec<String> {
    messages
        .map(|message| message["content"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn order_holds_in_twenty_conversations_at_once() {
    let limits = [("APP_TIMEOUT_MS", "10000"), ("VENDOR_TIMEOUT_MS", "10000")];
    let world = World::with_processes(3, LONG, &limits).await;
    let name = |number| format!("customer-{number:02}");
    let mut sessions = Vec::new();
    for number in 0..SESSIONS {
        sessions.push(world.open_quietly(&name(number)).await);
    }
    let some = Duration::from_millis(40);
    world.twin.switch(|switches| {
        switches.random_delay = Some((Duration::ZERO, some));
        // What Udesk gives up on a machine that is too slow is another matter.
        switches.push_timeout = LONG;
    });
    world.app.delay_between(Duration::ZERO, some);

    join_all(sessions.iter().enumerate().map(async |(number, session)| {
        let desk = name(number);
        tokio::join!(customer(&world, session, number), agent(&world, &desk));
    }))
    .await;
    // Started, twenty received, twenty sent.
    let events = 1 + 2 * EACH_WAY;
    tokio::select! {
        _ = world.app.wait_for_events(SESSIONS * events, LONG) => {}
        () = sweep_again_and_again(&world) => {}
    }
    // A push that took the way over the inbox, while the table was too slow, is recorded later than
    // the one after it.
    let straight = !world.logged("it goes to the inbox");

    for (number, session) in sessions.iter().enumerate() {
        world.app.assert_in_order(session);
        let told = world.app.events_of(session);
        assert_eq!(told.len(), events);
        let of = |kind: &'static str| {
            let told = told.iter().filter(move |event| event.kind == kind);
            contents(told.map(|event| &event.data["message"]))
        };
        let from_agent = of("message.received");
        let mut all: Vec<_> = (1..=EACH_WAY).map(|n| format!("a-{n:02}")).collect();
        if straight {
            assert_eq!(from_agent, all);
        } else {
            all.retain(|said| !from_agent.contains(said));
            assert!(all.is_empty(), "{from_agent:?} lacks {all:?}");
        }

        let arrived = world.twin.messages_from(&name(number));
        let from_customer: Vec<_> = arrived.iter().map(|said| said.content.clone()).collect();
        assert_eq!(from_customer.len(), EACH_WAY, "{from_customer:?}");
        let distinct: HashSet<_> = arrived.iter().map(|said| &said.message_id).collect();
        assert_eq!(distinct.len(), EACH_WAY, "{from_customer:?}");
        if !is_hasty(number) {
            assert!(from_customer.is_sorted(), "{from_customer:?}");
        }
        assert_eq!(of("message.sent"), from_customer);

        let conversation = world.conversation(session).await;
        assert_eq!(conversation.len(), 2 * EACH_WAY, "{conversation:?}");
        let by = |who: &'static str| conversation.iter().filter(move |said| said["from"] == who);
        assert_eq!(contents(by("agent")), from_agent);
        assert_eq!(
            contents(by("customer")),
            from_customer,
            "the order of recording is the order at the vendor"
        );
        assert!(by("customer").all(|said| said["status"] == "sent"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_stuck_holds_up_no_other() {
    // Nothing here gives up by itself while the test waits.
    let world = World::with(&[("APP_TIMEOUT_MS", "40000"), ("VENDOR_TIMEOUT_MS", "20000")]).await;
    let stuck = world.open_quietly("STUCK").await;
    let others = ["A", "B", "C"];
    let mut sessions = Vec::new();
    for name in others {
        sessions.push(world.open_quietly(name).await);
    }
    let at_vendor = world.udesk.play(
        Calls::path("/im/messages").method("POST").body("STUCK"),
        Fault::Hang,
    );
    let at_app = world.app.answer(Deliveries::any().of(&stuck), Answer::Hang);

    world.agent_says("STUCK", "a-1").await;
    world.agent_says("STUCK", "a-2").await;
    let customer_of_stuck = async {
        world.say(&stuck, "c-1", "c-1").await.expect(200);
    };
    let everybody_else = async {
        at_vendor.hit(1).await;
        at_app.hit(1).await;
        for message in 1..=3 {
            for (name, session) in others.iter().zip(&sessions) {
                let id = format!("c-{message}");
                world.say(session, &id, &id).await.expect(200);
                world.agent_says(name, &format!("a-{message}")).await;
            }
        }
        for session in &sessions {
            world.app.wait_for_events_of(session, 7, BOUND).await;
        }
        for rule in [&at_vendor, &at_app] {
            assert_eq!(
                (rule.hits(), rule.holds()),
                (1, 1),
                "the first call still hangs"
            );
        }
        at_vendor.clear();
        at_app.clear();
    };
    tokio::join!(customer_of_stuck, everybody_else);

    // Started, two received, one sent.
    world.app.wait_for_events_of(&stuck, 4, BOUND).await;
    for session in sessions.iter().chain([&stuck]) {
        world.app.assert_in_order(session);
    }
    for name in others {
        assert_eq!(world.twin.messages_from(name).len(), 3);
    }
    until("the vendor has the stuck message, once", async || {
        world.twin.messages_from("STUCK").len() == 1
    })
    .await;
}
