//! A function does in AWS what the template allows it, and is allowed no more.

use std::io::Write;

use deskbridge_local::access_key;
use deskbridge_twins::{tencent::Fault as TencentFault, udesk::Fault};
use harness::{
    BOUND,
    app::{Answer, Deliveries},
    faults::{Calls, Fault as WireFault},
    permissions::allowed,
    push, until,
    world::{API_KEY, PATH_SECRET, SOBOT_PATH_SECRET, SOBOT_WEBHOOKS, World},
};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_function_may_do_what_it_does_and_nothing_else() {
    // Silences are short.
    let world = World::with(&[("HEAL_SCHEDULE_SECONDS", "1,2")]).await;
    let of = |function: &str| Calls::any().signed_by(&access_key(function));

    // Whoever finds a drainer at work need not wake one: so everything is at rest before each step, and
    // no agent greets.
    // The plain way: open, write, read, list, transfer, close.
    let ask = json!({"kind": "customer", "customer": "DE"});
    world
        .call(API_KEY, "POST", "/tokens", Some(ask))
        .await
        .expect(200);
    let page = json!({"mode": "token", "customer": "DE"});
    world
        .call(API_KEY, "POST", "/sobot/web-access", Some(page))
        .await
        .expect(200);
    let session = world.open_quietly("DE").await;
    for _ in 0..2 {
        world
            .say(&session, "c-1", "Where is my parcel?")
            .await
            .expect(200);
    }
    world.settled().await;
    world.agent_says("DE", "Hello").await;
    let sent = world.twin.messages_from("DE");
    let read: Vec<_> = sent.into_iter().map(|message| message.message_id).collect();
    world.twin.agent_reads("DE", &read).await.unwrap();
    world.conversation(&session).await;
    world.session(&session).await;
    world
        .call(API_KEY, "GET", "/sessions?customer=DE", None)
        .await
        .expect(200);
    // What is typed, twice at once so that one waits for its turn; what is read; who is there.
    let types = || async {
        let path = format!("/sessions/{session}/preview");
        let body = Some(json!({"content": "Where"}));
        world.call(API_KEY, "PUT", &path, body).await
    };
    let (one, other) = tokio::join!(types(), types());
    one.expect(200);
    other.expect(200);
    world
        .twin
        .switch(|switches| switches.preview_activated = false);
    types().await.expect(422);
    let said = world.conversation(&session).await;
    let said = said.iter().find(|said| said["from"] == "agent").unwrap();
    let reads = format!("/sessions/{session}/reads");
    for read in [
        json!({"messages": [said["id"]]}),
        json!({"through": said["id"]}),
    ] {
        let read = world.call(API_KEY, "POST", &reads, Some(read)).await;
        read.expect(200);
    }
    let away = Some(json!({"online": false}));
    world
        .call(API_KEY, "PUT", "/customers/DE/presence", away)
        .await
        .expect(200);
    world
        .call(API_KEY, "GET", "/customers/DE", None)
        .await
        .expect(200);
    world.settled().await;
    world.twin.agent_transfers("DE").await.unwrap();
    world.twin.agent_closes("DE", "normal").await.unwrap();
    world.wait_until_told(&session, "session.closed").await;

    // What the desk is asked counts against the vendor's budget.
    let robots = world.call(API_KEY, "GET", "/desk/robots", None).await;
    robots.expect(200);
    // A server sends cards: one at Tencent, whose entry in the log is let go, and one at Udesk.
    let ask = json!({"vendor": "tencent", "customer": "user45"});
    let opened = world.call(API_KEY, "POST", "/sessions", Some(ask)).await;
    let path = format!("/sessions/{}/cards", opened.expect(201).text_of("id"));
    let card = json!({"card": {"title": "Your parcel"}});
    world
        .call(API_KEY, "POST", &path, Some(card.clone()))
        .await
        .expect(200);
    // Tencent is busy with the next one, and has ended the conversation by the one after it.
    world.settled().await;
    const SEND_MSG: &str = "POST /v4/desk_http_svc/send_msg";
    let busy = TencentFault::Limited;
    world.tencent.fault(SEND_MSG, busy, Some(1));
    world
        .call(API_KEY, "POST", &path, Some(card.clone()))
        .await
        .expect(202);
    world.settled().await;
    let ended = TencentFault::code(141_005, "stopped");
    world.tencent.fault(SEND_MSG, ended, Some(1));
    world
        .call(API_KEY, "POST", &path, Some(card))
        .await
        .expect(409);
    let card = json!({"session": 9002, "customer": 7002, "agent": 397, "card": {"title": "Free returns",
        "description": "Send it back.", "image": "https://shop.example.com/returns.png"}});
    world
        .call(API_KEY, "POST", "/desk/cards", Some(card))
        .await
        .expect(200);

    // An agent sends a card.
    world.twin.switch(|switches| switches.card_limit = None);
    let list = world.cards_for(7001).await;
    world.pick(&list, list.cards()[0]).await.expect(200);

    // In the queue, and out of it again.
    world.twin.everyone_busy(2);
    let waiting = world.ask_for_agent("Q").await.expect(201).text_of("id");
    world.say(&waiting, "c-1", "I wait").await.expect(200);
    world.session(&waiting).await;
    world.settled().await;
    world.close(&waiting).await.expect(200);
    world.twin.agents_online();
    world.wait_until_told(&waiting, "session.closed").await;

    // The vendor refuses to open: the session is closed at once.
    let no_such_group = Fault::code(11012, "agent group not found");
    world
        .twin
        .fault("POST /im/sessions", no_such_group, Some(1));
    world.ask_for_agent("refused").await.expect(422);

    // The vendor is busy when it is asked to open, to take a message, to close; and the second time too.
    let busy = |call: &str| world.twin.fault(call, Fault::Limited, Some(2));
    busy("POST /im/sessions");
    let opening = world.ask_for_agent("busy").await.expect(202).text_of("id");
    world.wait_until_told(&opening, "session.started").await;
    world.settled().await;
    busy("POST /im/messages");
    world.say(&opening, "c-1", "Later").await.expect(202);
    world.wait_until_told(&opening, "message.sent").await;
    world.settled().await;
    busy("DELETE /im/sessions/*");
    world.close(&opening).await.expect(202);
    world.wait_until_told(&opening, "session.closed").await;

    // The vendor has ended the session without a word: the message finds out.
    let gone = world.open_quietly("gone").await;
    world.settled().await;
    let closed = Fault::code(9200, "session closed");
    world.twin.fault("POST /im/messages", closed, Some(1));
    world.say(&gone, "c-1", "Anybody there?").await.expect(409);
    world.wait_until_told(&gone, "session.closed").await;

    // What a customer says about an agent, a robot and its words: told at once; later, since Udesk is busy; and behind a
    // message that has waited and finds the session ended.
    for (function, call, body) in [
        (
            "survey",
            "POST /im/sessions/survey",
            json!({"option": "36"}),
        ),
        (
            "rating",
            "POST /im/messages/answer_survey",
            json!({"useful": true}),
        ),
        (
            "robot-actions",
            "POST /im/sessions/transfer_survey",
            json!({"kind": "transfer"}),
        ),
    ] {
        let customer = format!("about-{function}");
        let assign = json!({"to": "urobot", "robot_id": 12362, "scene_id": 39});
        let ask = json!({"vendor": "udesk", "customer": customer, "assign": assign});
        let opened = world.call(API_KEY, "POST", "/sessions", Some(ask)).await;
        let about = opened.expect(201).text_of("id");
        let welcome = world.conversation(&about).await[0]["id"].clone();
        let path = match function {
            "rating" => format!(
                "/sessions/{about}/messages/{}/rating",
                welcome.as_str().unwrap()
            ),
            _ => format!("/sessions/{about}/{function}"),
        };
        let tell = || world.call(API_KEY, "POST", &path, Some(body.clone()));
        world.twin.assign(&customer).await.unwrap();
        world.settled().await;
        busy(call);
        tell().await.expect(202);
        world.settled().await;
        let no_nudge = world.sqs.play(of("send-message"), WireFault::InternalError);
        world
            .twin
            .fault("POST /im/messages", Fault::Limited, Some(1));
        world.say(&about, "c-1", "Hello?").await.expect(202);
        let due = world.session(&about).await["retry_at"].clone();
        let due: jiff::Timestamp = due.as_str().unwrap().parse().unwrap();
        until("the message is due", async || jiff::Timestamp::now() > due).await;
        let closed = Fault::code(9200, "session closed");
        world.twin.fault("POST /im/messages", closed, Some(1));
        tell().await.expect(200);
        world.wait_until_told(&about, "session.closed").await;
        no_nudge.clear();
    }

    // The app fails once.
    let once = Deliveries::any().times(1);
    let flaky = world.app.answer(once, Answer::Status(500));
    let late = world.open_session("late").await;
    world.wait_until_told(&late, "session.started").await;
    flaky.hit(1).await;

    // The app gives an event up, the vendor refuses a message: both are listed and taken up again.
    let dead = world.open_quietly("dead").await;
    world.settled().await;
    let gone = Deliveries::any().of(&dead).times(1);
    let gone = world.app.answer(gone, Answer::Status(410));
    world.agent_says("dead", "Hello").await;
    gone.hit(1).await;
    let no = Fault::code(2005, "invalid parameter");
    world.twin.fault("POST /im/messages", no, Some(1));
    world.say(&dead, "c-1", "No").await.expect(422);
    world.settled().await;
    for log in ["deliveries", "sends"] {
        for query in [format!("log={log}"), format!("log={log}&session={dead}")] {
            let path = format!("/deliveries?{query}");
            let listed = world.call(API_KEY, "GET", &path, None).await.expect(200);
            let listed = listed.body["deliveries"].as_array().unwrap().len();
            assert!(listed > 0, "{query}");
        }
        for ask in [
            json!({"log": log, "session": dead, "dry_run": true}),
            json!({"log": log, "since": "2020-01-01T00:00:00Z"}),
        ] {
            let path = "/deliveries/redrive";
            let taken = world.call(API_KEY, "POST", path, Some(ask)).await;
            assert!(taken.expect(200).body["count"].as_u64() > Some(0), "{log}");
        }
        world.settled().await;
    }

    // The table refuses the webhook: what it brings is taken up from the inbox.
    let inbox = world.open_quietly("inbox").await;
    world.settled().await;
    let refusing = world
        .dynamodb
        .play(of("webhook-udesk"), WireFault::InternalError);
    world.twin.agent_says("inbox", "Hello").await.unwrap();
    world.wait_until_told(&inbox, "message.received").await;
    world.settled().await;
    world.twin.agent_closes("inbox", "normal").await.unwrap();
    world.wait_until_told(&inbox, "session.closed").await;
    refusing.clear();

    // Udesk's events: whoever waits gives up; a transcript holds what no push brought, at either URL, and a third time
    // through the inbox.
    world.subscribe_to_events();
    world.twin.everyone_busy(2);
    let waiting = world
        .ask_for_agent("leaves")
        .await
        .expect(201)
        .text_of("id");
    world.settled().await;
    world.twin.gives_up_queue("leaves").await.unwrap();
    world.wait_until_told(&waiting, "session.closed").await;
    world.twin.agents_online();
    for (customer, function, refuses) in [
        ("late-1", "webhook-udesk-event", false),
        ("late-2", "webhook-udesk", false),
        ("late-3", "webhook-udesk-event", true),
    ] {
        let session = world.open_quietly(customer).await;
        world.settled().await;
        let url = world.bundle.function_url(function);
        world.twin.set_event_url(format!("{url}/{PATH_SECRET}"));
        let refusing = refuses.then(|| {
            let calls = of(function);
            world.dynamodb.play(calls, WireFault::InternalError)
        });
        world.twin.switch(|switches| switches.lose_pushes = true);
        world.twin.agent_says(customer, "Missed").await.unwrap();
        world.twin.agent_closes(customer, "normal").await.unwrap();
        world.twin.switch(|switches| switches.lose_pushes = false);
        world.wait_until_told(&session, "session.closed").await;
        world.settled().await;
        if let Some(refusing) = refusing {
            refusing.clear();
        }
    }

    // Sobot opens a conversation at each of its URLs and goes on in it; the table refuses the first push
    // of all, which is taken up from the inbox.
    for function in SOBOT_WEBHOOKS {
        let customer = format!("at-{function}");
        let text = |id: &str, cid: &str| {
            push::sobot_text(&customer, &format!("{function}-{id}"), cid, "Hello")
        };
        let refusing = world.dynamodb.play(of(function), WireFault::InternalError);
        let take = |body: String| world.push_to(function, SOBOT_PATH_SECRET, body);
        take(text("1", &customer)).await.expect(200);
        until("the customer has a session", async || {
            world.open_session_of(&customer).await.is_some()
        })
        .await;
        refusing.clear();
        let open = world.open_session_of(&customer).await.unwrap();
        let session = open["id"].as_str().unwrap();
        world.wait_until_told(session, "message.received").await;
        world.settled().await;
        take(text("2", &customer)).await.expect(200);
        let told = || world.app.events_of(session).len() == 3;
        until("the second message is told", async || told()).await;
    }

    // Tencent's Desk begins a conversation while the table refuses, which is taken up from the inbox, goes on in it,
    // tells what nobody has named, and ends it.
    let refusing = world
        .dynamodb
        .play(of("webhook-tencent"), WireFault::InternalError);
    world.tencent.user_comes("user49").await;
    until("the customer has a session", async || {
        world.open_session_of("user49").await.is_some()
    })
    .await;
    refusing.clear();
    let open = world.open_session_of("user49").await.unwrap();
    let session = open["id"].as_str().unwrap();
    world.wait_until_told(session, "session.started").await;
    world.settled().await;
    world.tencent.user_says("user49", "Hello").await;
    world.wait_until_told(session, "message.received").await;
    world.tencent.event("user49", "Unnamed").await;
    let transfer = Some(json!({"kind": "transfer"}));
    let path = format!("/sessions/{session}/robot-actions");
    world
        .call(API_KEY, "POST", &path, transfer)
        .await
        .expect(200);
    world.tencent.agent_closes("user49", None).await;
    world.wait_until_told(session, "session.closed").await;
    world.settled().await;

    // What has ended is erased, a customer's and everybody's.
    let times = "from=2020-01-01T00:00:00Z&to=2099-01-01T00:00:00Z";
    for whose in ["customer=refused", "everybody=true"] {
        let path = format!("/sessions?{times}&{whose}");
        let erased = world.call(API_KEY, "DELETE", &path, None).await;
        assert!(
            erased.expect(200).body["erased"].as_u64() > Some(0),
            "{whose}"
        );
    }

    // Nudges that are lost are made good by the sweep, to either side.
    let lost = world.open_quietly("lost").await;
    world.settled().await;
    let no_nudge = world.sqs.play(of("send-message"), WireFault::InternalError);
    let told = |times: usize| {
        let told = world.told(&lost);
        told.iter().filter(|kind| *kind == "message.sent").count() == times
    };
    // Nor does whoever looks after a silence.
    let no_look = world.sqs.play(of("heal-session"), WireFault::InternalError);
    world.say(&lost, "c-1", "Told late").await.expect(200);
    world
        .sweep_until("the first message was told", async || told(1))
        .await;
    world.settled().await;
    world
        .twin
        .fault("POST /im/messages", Fault::Limited, Some(1));
    world.say(&lost, "c-2", "Sent late").await.expect(202);
    world
        .sweep_until("the second one was sent", async || told(2))
        .await;
    no_nudge.clear();
    no_look.clear();

    // What was read, told while the vendor is busy; and behind a message that finds the session gone, which
    // nobody was woken for.
    let readers = world.open_quietly("readers").await;
    world.agent_says("readers", "Hello").await;
    world.settled().await;
    let said = world.conversation(&readers).await;
    let read = || Some(json!({"messages": [said[0]["id"]]}));
    let reads = format!("/sessions/{readers}/reads");
    let of_reads = "POST /im/messages/read_messages";
    world.twin.fault(of_reads, Fault::Limited, Some(1));
    world
        .call(API_KEY, "POST", &reads, read())
        .await
        .expect(202);
    world.settled().await;
    let no_nudge = world.sqs.play(of("send-message"), WireFault::InternalError);
    let busy = Fault::Limited;
    world.twin.fault("POST /im/messages", busy, Some(1));
    let waits = world.say(&readers, "c-1", "Anybody?").await.expect(202);
    no_nudge.clear();
    let at = waits.body["retry_at"].as_str().unwrap();
    let at = deskbridge::clock::of_rfc3339(at).unwrap();
    until("the message is due", async || deskbridge::clock::now() > at).await;
    let closed = Fault::code(9200, "session closed");
    world.twin.fault("POST /im/messages", closed, Some(1));
    world
        .call(API_KEY, "POST", &reads, read())
        .await
        .expect(200);
    world.wait_until_told(&readers, "session.closed").await;

    // A silence is looked into where it is broken, whichever way the push came.
    let paused = world.open_quietly("paused").await;
    let udesk = world
        .twin
        .conversation("paused")
        .unwrap()
        .live()
        .unwrap()
        .id;
    for (function, id, refuses) in [
        ("webhook-udesk", "m-1", false),
        ("webhook-udesk-event", "m-2", false),
        ("webhook-udesk", "m-3", true),
    ] {
        world.settled().await;
        let refusing = refuses.then(|| {
            let calls = of(function);
            world.dynamodb.play(calls, WireFault::InternalError)
        });
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        let body = push::reply("paused", &[push::text(id, udesk, id)]);
        world.push_to(function, PATH_SECRET, body).await.expect(200);
        until("it is recorded", async || {
            let conversation = world.conversation(&paused).await;
            conversation.iter().any(|said| said["content"] == id)
        })
        .await;
        if let Some(refusing) = refusing {
            refusing.clear();
        }
    }

    // What no push brought is found: what was said, that somebody has come, and that it is over.
    world.twin.everyone_busy(2);
    let waits = world.ask_for_agent("waits").await.expect(201).text_of("id");
    world.twin.agents_online();
    world.settled().await;
    // No event tells of it either.
    world.twin.set_event_url("http://127.0.0.1:9/".to_owned());
    world.twin.switch(|switches| switches.lose_pushes = true);
    world.twin.agent_says("paused", "Good bye").await.unwrap();
    world.twin.agent_closes("paused", "normal").await.unwrap();
    world.twin.assign("waits").await.unwrap();
    world.twin.switch(|switches| switches.lose_pushes = false);
    let told = |session: &str, kind: &str| world.told(session).iter().any(|told| told == kind);
    world
        .sweep_until("an end is found", async || told(&paused, "session.closed"))
        .await;
    world
        .sweep_until("a start is found", async || told(&waits, "session.started"))
        .await;

    // The last drainers may still be at it.
    let wanted = allowed();
    let end = tokio::time::Instant::now() + BOUND / 4;
    while world.witness.done() != wanted && tokio::time::Instant::now() < end {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let mut problems = Vec::new();
    let done = world.witness.done();
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
    // Past the capture of tests that pass: what was compared belongs into the log of every run.
    let mut out = std::io::stdout().lock();
    for (function, done) in &done {
        let number = done.len();
        writeln!(out, "{function}: {number} allowed, the same {number} done").unwrap();
    }
}
