//! Sobot's three pushes through the real webhooks: what they become, at whichever of the three URLs.

use deskbridge_local::access_key;
use deskbridge_twins::sobot::PushKind;
use futures_util::future::join_all;
use harness::{
    BOUND,
    app::Event,
    faults::{Calls, Fault},
    push, until,
    world::{API_KEY, Answer, PATH_SECRET, SOBOT_PATH_SECRET, SOBOT_WEBHOOKS, World},
};
use serde_json::{Value, json};

const OFFLINE: &str = include_str!("../fixtures/sobot/push.offline.json");
const UNREAD: &str = include_str!("../fixtures/sobot/push.unread.json");
const CHAT_LIST: &str = include_str!("../fixtures/sobot/push.chat_list.json");
const OFFLINE_FILLED: &str = include_str!("../fixtures/sobot/ours.offline.filled.json");
const UNREAD_FILLED: &str = include_str!("../fixtures/sobot/ours.unread.filled.json");
const CHAT_LIST_FILLED: &str = include_str!("../fixtures/sobot/ours.chat_list.filled.json");

const OFFLINE_URL: &str = SOBOT_WEBHOOKS[0];
const UNREAD_URL: &str = SOBOT_WEBHOOKS[1];
const CHAT_LIST_URL: &str = SOBOT_WEBHOOKS[2];

fn is_empty_200(answer: &Answer) -> bool {
    (answer.status, answer.text.as_str()) == (200, "")
}

/// Posts a body to one of Sobot's webhooks, which takes it.
async fn take(world: &World, function: &str, body: &str) {
    let answer = world
        .push_to(function, SOBOT_PATH_SECRET, body.to_owned())
        .await;
    assert!(is_empty_200(&answer), "{function}: {answer:?}");
}

fn kinds(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.kind.as_str()).collect()
}

/// What agents said, as the app was told: each accepted delivery.
fn told(world: &World) -> Vec<Value> {
    let accepted = world.app.accepted().into_iter();
    let received = accepted.filter(|event| event.kind == "message.received");
    received
        .map(|event| event.data["message"]["content"].clone())
        .collect()
}

async fn lines(world: &World, session: &str) -> Vec<Value> {
    let conversation = world.conversation(session).await.into_iter();
    conversation
        .map(|message| message["content"].clone())
        .collect()
}

async fn ask(world: &World, customer: &str) -> Answer {
    let body = json!({"vendor": "sobot", "customer": customer});
    world.call(API_KEY, "POST", "/sessions", Some(body)).await
}

/// Which chat of Sobot's our session is bound to, as the table has it.
async fn bound_to(world: &World, session: &str) -> Option<String> {
    let item = world.item(session, "@session").await;
    item["vendor_session"]["S"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_empty_examples_are_recorded_raw_at_each_url_and_nobody_is_told() {
    let world = World::start().await;
    for function in SOBOT_WEBHOOKS {
        for body in [OFFLINE, UNREAD, CHAT_LIST] {
            take(&world, function, body).await;
        }
    }
    // Three, and not nine: the same body at another URL is a repeat.
    let items = world.items().await;
    assert_eq!(items.len(), 3, "{items:?}");
    for body in [OFFLINE, UNREAD, CHAT_LIST] {
        let raw = items.iter().find(|item| item["body"] == body).unwrap();
        assert_eq!(raw["vendor"], "sobot");
        assert!(raw["because"].as_str().is_some_and(|why| !why.is_empty()));
    }
    assert!(world.app.deliveries().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_filled_offline_message_becomes_its_event_at_each_url() {
    for function in SOBOT_WEBHOOKS {
        let world = World::start().await;
        take(&world, function, OFFLINE_FILLED).await;
        let events = world.app.wait_for_events(2, BOUND).await;
        assert_eq!(kinds(&events), ["session.started", "message.received"]);
        let agent = json!({"name": "Tom", "avatar": "https://img.sobot.io/tom.png"});
        assert_eq!(events[0].data["session"]["assignee"], agent, "{function}");
        let message = &events[1].data["message"];
        assert_eq!(
            message,
            &json!({
                "id": message["id"],
                "from": "agent",
                "kind": "text",
                "content": "<p>Your parcel is on its <b>way</b></p>",
                "format": "html",
                "text": "Your parcel is on its way",
                "agent": agent,
                "custom": "{\"order\":\"A-17\"}",
                "created_at": message["created_at"],
            })
        );
        let session = world.open_session_of("DE").await.unwrap();
        assert_eq!(session["id"], events[1].session.as_str());
        assert_eq!(
            (&session["vendor"], &session["state"]),
            (&"sobot".into(), &"active".into())
        );
        let conversation = world.conversation(&events[1].session).await;
        assert_eq!(conversation.len(), 1);
        assert_eq!(&conversation[0], message, "as the event shows it");
        assert_eq!(
            bound_to(&world, &events[1].session).await,
            None,
            "it names no chat"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_filled_unread_message_becomes_its_event_at_each_url() {
    for function in SOBOT_WEBHOOKS {
        let world = World::start().await;
        take(&world, function, UNREAD_FILLED).await;
        let events = world.app.wait_for_events(2, BOUND).await;
        assert_eq!(kinds(&events), ["session.started", "message.received"]);
        for event in &events {
            assert_eq!(event.occurred_at, "2020-12-17T08:09:38.781Z", "{function}");
            assert_eq!(event.customer, "DE");
        }
        let agent = json!({
            "id": "agent_3", "name": "Tom", "avatar": "https://img.sobot.io/tom.png"
        });
        assert_eq!(events[0].data["session"]["assignee"], agent);
        let message = &events[1].data["message"];
        assert_eq!(
            message,
            &json!({
                "id": message["id"],
                "from": "agent",
                "kind": "image",
                "content": "https://img.sobot.io/label.png",
                "format": "text",
                "agent": agent,
                "custom": "{\"order\":\"A-17\"}",
                "created_at": message["created_at"],
            })
        );
        let session = &events[1].session;
        assert_eq!(bound_to(&world, session).await.as_deref(), Some("cid_1"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_filled_chat_list_becomes_its_event_at_each_url() {
    for function in SOBOT_WEBHOOKS {
        let world = World::start().await;
        take(&world, function, CHAT_LIST_FILLED).await;
        let events = world.app.wait_for_events(2, BOUND).await;
        assert_eq!(kinds(&events), ["session.started", "customer.unread"]);
        let unread = &events[1];
        assert_eq!(unread.occurred_at, "2020-12-17T09:45:22.000Z", "{function}");
        assert_eq!(
            unread.data,
            json!({
                "count": 1,
                "message": {
                    "kind": "text",
                    "content": "Are you still there?",
                    "format": "html",
                    "text": "Are you still there?",
                    "at": "2020-12-17T09:45:22.000Z",
                },
            })
        );
        let session = &unread.session;
        assert_eq!(bound_to(&world, session).await.as_deref(), Some("cid_1"));
        assert_eq!(
            world.conversation(session).await,
            [] as [Value; 0],
            "it is no message of the conversation"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_three_at_any_url_are_one_conversation_in_order() {
    let world = World::start().await;
    take(&world, CHAT_LIST_URL, OFFLINE_FILLED).await;
    take(&world, OFFLINE_URL, UNREAD_FILLED).await;
    take(&world, UNREAD_URL, CHAT_LIST_FILLED).await;
    let events = world.app.wait_for_events(4, BOUND).await;
    assert_eq!(
        kinds(&events),
        [
            "session.started",
            "message.received",
            "message.received",
            "customer.unread"
        ]
    );
    let seqs: Vec<_> = events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, [1, 2, 3, 4]);
    let session = &events[0].session;
    world.app.assert_in_order(session);
    assert_eq!(
        lines(&world, session).await,
        [
            "<p>Your parcel is on its <b>way</b></p>",
            "https://img.sobot.io/label.png"
        ]
    );
    // The unread message says more of the agent than the offline one did.
    let assignee = &world.session(session).await["assignee"];
    assert_eq!(assignee["id"], "agent_3");
}

#[tokio::test(flavor = "multi_thread")]
async fn contradiction_14_a_push_that_is_repeated_fifty_times_at_three_urls_is_one_message_and_one_event()
 {
    // Few processes: a small machine gets further with them.
    let world = World::with_processes(3, 3 * BOUND, &[]).await;
    for function in SOBOT_WEBHOOKS {
        world.warm(function, 3).await;
    }
    let urls = (0..50).map(|turn| SOBOT_WEBHOOKS[turn % 3]);
    let answers =
        join_all(urls.map(|url| world.push_to(url, SOBOT_PATH_SECRET, UNREAD_FILLED))).await;
    assert!(answers.iter().all(is_empty_200), "{answers:?}");
    // The same message in the words of the other push.
    let offline = push::sobot_offline("DE", "sobot_msg_2", "https://img.sobot.io/label.png");
    take(&world, OFFLINE_URL, &offline).await;

    world.app.wait_for_events(2, BOUND).await;
    world.settled().await;
    let accepted = world.app.accepted();
    assert_eq!(kinds(&accepted), ["session.started", "message.received"]);
    let session = &accepted[0].session;
    assert_eq!(lines(&world, session).await.len(), 1);
    let items = world.items().await;
    let sessions = items.iter().filter(|item| item["sk"] == "@session").count();
    assert_eq!(sessions, 1);
    assert_eq!(world.raw_items().await, [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_id_the_same_body_is_one_message_and_another_body_is_another() {
    let world = World::start().await;
    let without = |content: &str| push::sobot_offline("DE", "", content);
    for function in SOBOT_WEBHOOKS {
        take(&world, function, &without("one")).await;
        take(
            &world,
            function,
            &push::sobot_chat_list("DE", "cid_1", 1, "one"),
        )
        .await;
    }
    take(&world, OFFLINE_URL, &without("two")).await;
    take(
        &world,
        CHAT_LIST_URL,
        &push::sobot_chat_list("DE", "cid_1", 2, "two"),
    )
    .await;
    let events = world.app.wait_for_events(5, BOUND).await;
    world.settled().await;
    assert_eq!(world.app.accepted().len(), 5);
    assert_eq!(
        kinds(&events)[1..],
        [
            "message.received",
            "customer.unread",
            "message.received",
            "customer.unread"
        ]
    );
    assert_eq!(told(&world), ["one", "two"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_waits_for_sobot_is_bound_and_started_by_the_first_push() {
    let world = World::start().await;
    let asked = ask(&world, "DE").await.expect(201);
    assert_eq!(asked.body["state"], "opening");
    let session = asked.text_of("id");
    assert_eq!(ask(&world, "DE").await.expect(200).body, asked.body);
    assert!(world.app.events().is_empty(), "nobody serves DE as yet");

    take(&world, UNREAD_URL, UNREAD_FILLED).await;
    let events = world.app.wait_for_events_of(&session, 2, BOUND).await;
    assert_eq!(kinds(&events), ["session.started", "message.received"]);
    assert_eq!(world.app.events().len(), 2, "no other session");
    let now = ask(&world, "DE").await.expect(200).body;
    assert_eq!(
        (&now["id"], &now["state"]),
        (&asked.body["id"], &"active".into())
    );
    assert_eq!(bound_to(&world, &session).await.as_deref(), Some("cid_1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unread_count_starts_a_session_and_none_unread_starts_none() {
    let world = World::start().await;
    let session = ask(&world, "DE").await.expect(201).text_of("id");
    take(
        &world,
        CHAT_LIST_URL,
        &push::sobot_chat_list("DE", "cid_1", 0, ""),
    )
    .await;
    let events = world.app.wait_for_events_of(&session, 1, BOUND).await;
    assert_eq!(events[0].data, json!({"count": 0}));
    assert_eq!(world.session(&session).await["state"], "opening");
    // For somebody who has no conversation it is nothing to tell.
    take(
        &world,
        CHAT_LIST_URL,
        &push::sobot_chat_list("FR", "cid_2", 0, ""),
    )
    .await;
    assert_eq!(world.open_session_of("FR").await, None);
    assert_eq!(world.raw_items().await.len(), 1);

    take(
        &world,
        CHAT_LIST_URL,
        &push::sobot_chat_list("DE", "cid_1", 2, "Hello?"),
    )
    .await;
    let events = world.app.wait_for_events_of(&session, 3, BOUND).await;
    assert_eq!(kinds(&events)[1..], ["session.started", "customer.unread"]);
    assert_eq!(events[2].data["count"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_chat_is_followed_and_what_comes_late_from_an_earlier_one_does_not_lead_back() {
    let world = World::start().await;
    let mut session = String::new();
    let said = [
        ("sobot_1", "cid_1", "first chat", "cid_1"),
        ("sobot_2", "cid_2", "second chat", "cid_2"),
        ("sobot_3", "cid_1", "late from the first", "cid_2"),
        ("sobot_4", "", "from no chat", "cid_2"),
    ];
    for (number, (id, cid, content, bound)) in (2..).zip(said) {
        take(
            &world,
            UNREAD_URL,
            &push::sobot_text("DE", id, cid, content),
        )
        .await;
        let events = world.app.wait_for_events(number, BOUND).await;
        session.clone_from(&events[0].session);
        assert_eq!(
            bound_to(&world, &session).await.as_deref(),
            Some(bound),
            "{content}"
        );
    }
    take(
        &world,
        OFFLINE_URL,
        &push::sobot_offline("DE", "sobot_5", "offline"),
    )
    .await;
    assert_eq!(bound_to(&world, &session).await.as_deref(), Some("cid_2"));
    take(
        &world,
        CHAT_LIST_URL,
        &push::sobot_chat_list("DE", "cid_3", 1, "third chat"),
    )
    .await;
    assert_eq!(bound_to(&world, &session).await.as_deref(), Some("cid_3"));

    let events = world.app.wait_for_events_of(&session, 7, BOUND).await;
    let starts = events
        .iter()
        .filter(|event| event.kind == "session.started");
    assert_eq!(starts.count(), 1, "{events:?}");
    assert_eq!(world.app.events().len(), 7, "one session holds it all");
    world.app.assert_in_order(&session);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_speaks_in_the_present_chat_serves_the_customer() {
    let world = World::start().await;
    let by = |id: &str, cid: &str, aid: &str, name: &str| {
        let body = push::sobot_text("DE", id, cid, "Hello");
        body.replace("agent_3", aid)
            .replace("\"Tom\"", &format!("\"{name}\""))
    };
    take(
        &world,
        UNREAD_URL,
        &by("sobot_1", "cid_1", "agent_3", "Tom"),
    )
    .await;
    take(
        &world,
        UNREAD_URL,
        &by("sobot_2", "cid_2", "agent_4", "Ann"),
    )
    .await;
    take(
        &world,
        UNREAD_URL,
        &by("sobot_3", "cid_1", "agent_5", "Late"),
    )
    .await;
    take(
        &world,
        OFFLINE_URL,
        &push::sobot_offline("DE", "sobot_4", "Hello"),
    )
    .await;
    let assignee = world.open_session_of("DE").await.unwrap()["assignee"].clone();
    assert_eq!(
        (&assignee["id"], &assignee["name"]),
        (&"agent_4".into(), &"Ann".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_app_has_ended_a_conversation_the_same_chat_goes_on_in_another() {
    let world = World::start().await;
    take(
        &world,
        UNREAD_URL,
        &push::sobot_text("DE", "sobot_1", "cid_1", "one"),
    )
    .await;
    let first = world.app.wait_for_events(2, BOUND).await[0].session.clone();
    world.settled().await;
    world.close(&first).await.expect(200);
    world.wait_until_told(&first, "session.closed").await;
    // A repeat of what was told is still a repeat.
    take(
        &world,
        OFFLINE_URL,
        &push::sobot_text("DE", "sobot_1", "cid_1", "one"),
    )
    .await;
    assert_eq!(world.open_session_of("DE").await, None);

    // Sobot has not learned of the end. The app asks again, and what the agent says is in the new session.
    let second = ask(&world, "DE").await.expect(201).text_of("id");
    take(
        &world,
        UNREAD_URL,
        &push::sobot_text("DE", "sobot_2", "cid_1", "two"),
    )
    .await;
    let events = world.app.wait_for_events_of(&second, 2, BOUND).await;
    assert_eq!(kinds(&events), ["session.started", "message.received"]);
    assert_eq!(bound_to(&world, &second).await.as_deref(), Some("cid_1"));

    // And where the app does not ask, the push opens one.
    world.settled().await;
    world.close(&second).await.expect(200);
    take(
        &world,
        UNREAD_URL,
        &push::sobot_text("DE", "sobot_3", "cid_1", "three"),
    )
    .await;
    let third = world.open_session_of("DE").await.unwrap();
    let third = third["id"].as_str().unwrap();
    assert!(![first.as_str(), &second].contains(&third));
    assert_eq!(lines(&world, third).await, ["three"]);
    assert_eq!(lines(&world, &first).await, ["one"]);
    assert_eq!(lines(&world, &second).await, ["two"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_of_another_customers_is_in_nobodys_conversation() {
    let world = World::start().await;
    take(
        &world,
        UNREAD_URL,
        &push::sobot_text("DE", "sobot_1", "cid_1", "Hello"),
    )
    .await;
    let stray = push::sobot_text("FR", "sobot_2", "cid_1", "To whom?");
    take(&world, UNREAD_URL, &stray).await;
    assert_eq!(world.open_session_of("FR").await, None);
    let raw = world.raw_items().await;
    assert_eq!(raw.len(), 1);
    assert_eq!(raw[0]["body"], stray);
    world.settled().await;
    assert_eq!(told(&world), ["Hello"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_message_is_told_as_what_it_is() {
    let world = World::start().await;
    let url = "https://img.sobot.io/a";
    let words = ["text", "image", "file", "voice", "video"];
    for (word, kind) in words
        .into_iter()
        .zip(["text", "image", "file", "audio", "video"])
    {
        let body = push::sobot_text(word, word, word, url);
        let body = body.replace("\"msgType\":\"text\"", &format!("\"msgType\":\"{word}\""));
        take(&world, UNREAD_URL, &body).await;
        let session = world.open_session_of(word).await.unwrap();
        let message = &world.conversation(session["id"].as_str().unwrap()).await[0];
        assert_eq!(
            (&message["kind"], &message["content"]),
            (&kind.into(), &url.into())
        );
        let format = if kind == "text" { "html" } else { "text" };
        assert_eq!(message["format"], format, "{word}");
    }
    for (number, kind) in [(0, "text"), (1, "image"), (2, "audio"), (3, "rich")] {
        let customer = format!("list-{kind}");
        let body = push::sobot_chat_list(&customer, &customer, 1, url);
        let body = body.replace("\"lastMsgType\":0", &format!("\"lastMsgType\":{number}"));
        take(&world, CHAT_LIST_URL, &body).await;
        until("the app is told", async || {
            world
                .app
                .events()
                .iter()
                .any(|event| event.customer == customer && event.data["message"]["kind"] == kind)
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_sobot_writes_in_several_ways_are_the_same() {
    let world = World::start().await;
    let mut body: Value = serde_json::from_str(UNREAD_FILLED).unwrap();
    body["type"] = json!("202");
    body["partnerId"] = json!(4711);
    body["msgId"] = json!(17);
    body["ts"] = json!("1608192578781");
    body["cid"] = json!(12);
    body["params"] = json!({"order": "A-17"});
    take(&world, UNREAD_URL, &body.to_string()).await;
    body["msgId"] = json!("17");
    take(&world, OFFLINE_URL, &body.to_string()).await;
    let events = world.app.wait_for_events(2, BOUND).await;
    world.settled().await;
    assert_eq!(world.app.accepted().len(), 2);
    assert_eq!(events[1].customer, "4711");
    assert_eq!(events[1].occurred_at, "2020-12-17T08:09:38.781Z");
    assert_eq!(events[1].data["message"]["custom"], "{\"order\":\"A-17\"}");
    let session = &events[1].session;
    assert_eq!(bound_to(&world, session).await.as_deref(), Some("12"));
}

#[tokio::test(flavor = "multi_thread")]
async fn contradiction_14_with_the_right_secret_nothing_is_refused_for_its_content() {
    let world = World::start().await;
    let long = push::sobot_text("DE", "sobot_5", &"c".repeat(3_000), "an id without end");
    let filled = |from: &str, to: &str| {
        assert!(UNREAD_FILLED.contains(from), "{from}");
        UNREAD_FILLED.replace(from, to).into_bytes()
    };
    let unreadable: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"not JSON".to_vec(),
        b"\xff\xfe\x00".to_vec(),
        b"null".to_vec(),
        b"7".to_vec(),
        b"[]".to_vec(),
        b"{}".to_vec(),
        br#"{"type":202}"#.to_vec(),
        br#"{"customer_token":"DE","assign_type":"agent","messages":[]}"#.to_vec(),
        // Another company's, another type, a type or word that nobody knows, nobody's customer.
        filled("\"ABC\"", "\"XYZ\""),
        CHAT_LIST_FILLED.replace("ABC", "XYZ").into_bytes(),
        filled("202,", "203,"),
        filled("202,", "\"two\","),
        filled("\"image\"", "\"hologram\""),
        filled("\"DE\"", "\"no spaces\""),
        filled("\"DE\"", "null"),
        filled("\"cid_1\"", "[\"cid_1\"]"),
        filled("\"https://img.sobot.io/label.png\"", "{\"no\":\"text\"}"),
        CHAT_LIST_FILLED.replace("1\n}", "-1\n}").into_bytes(),
        long.into_bytes(),
    ];
    // Twice, and at another URL: a repeat changes nothing.
    for function in [UNREAD_URL, UNREAD_URL, CHAT_LIST_URL] {
        for body in &unreadable {
            let answer = world
                .push_to(function, SOBOT_PATH_SECRET, body.clone())
                .await;
            assert!(is_empty_200(&answer), "{}: {answer:?}", body.escape_ascii());
        }
    }
    let items = world.items().await;
    assert_eq!(
        items.len(),
        unreadable.len(),
        "raw records and nothing else"
    );
    for body in &unreadable {
        let recorded = items
            .iter()
            .find(|item| item["body"] == *String::from_utf8_lossy(body));
        let recorded = recorded.unwrap_or_else(|| panic!("not recorded: {}", body.escape_ascii()));
        assert_eq!(recorded["vendor"], "sobot");
        assert!(
            recorded["because"]
                .as_str()
                .is_some_and(|why| !why.is_empty())
        );
    }
    assert!(world.app.deliveries().is_empty());
    assert!(!world.logged("hologram"), "bodies are not for the log");

    // And it lives: what can be read is.
    take(&world, UNREAD_URL, UNREAD_FILLED).await;
    world.app.wait_for_events(2, BOUND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn contradiction_14_unsigned_pushes_need_the_path_secret_at_each_url() {
    let world = World::start().await;
    let longer = format!("{SOBOT_PATH_SECRET}x");
    for function in SOBOT_WEBHOOKS {
        // Udesk's opens nothing here.
        for secret in ["", "wrong-secret-0123456789", &longer, PATH_SECRET] {
            let answer = world.push_to(function, secret, UNREAD_FILLED).await;
            assert_eq!(answer.status, 404, "{function} {secret:?}: {answer:?}");
        }
    }
    let udesk = world.push(SOBOT_PATH_SECRET, UNREAD_FILLED).await;
    assert_eq!(udesk.status, 404);
    assert_eq!(world.items().await, [] as [Value; 0]);
    assert_eq!(world.sqs.count(&Calls::to("SendMessage")), 0);

    let off = World::with(&[("SOBOT_WEBHOOK_SECRETS", "")]).await;
    let answer = off.push_to(UNREAD_URL, SOBOT_PATH_SECRET, UNREAD_FILLED);
    assert_eq!(answer.await.status, 404, "Sobot is off");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_sysnum_of_ours_none_is_foreign() {
    let world = World::with(&[("SOBOT_SYSNUM", "")]).await;
    take(&world, UNREAD_URL, UNREAD_FILLED).await;
    world.app.wait_for_events(2, BOUND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_table_refuses_a_push_waits_in_the_inbox_and_is_told_once() {
    let world = World::start().await;
    let webhooks = SOBOT_WEBHOOKS.map(|function| {
        let calls = Calls::any().signed_by(&access_key(function));
        world.dynamodb.play(calls, Fault::InternalError)
    });
    for function in SOBOT_WEBHOOKS {
        take(&world, function, UNREAD_FILLED).await;
    }
    for webhook in &webhooks {
        assert!(webhook.hits() > 0, "the table was asked first");
    }
    let into_inbox = world
        .sqs
        .count(&Calls::to("SendMessage").body("webhook_v1"));
    assert_eq!(into_inbox, 3);
    world.app.wait_for_events(2, BOUND).await;
    for webhook in webhooks {
        webhook.clear();
    }
    take(&world, UNREAD_URL, UNREAD_FILLED).await;
    // What is in no inbox and in no log any more has been told.
    until("the inbox is empty", async || {
        let names = json!([
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible"
        ]);
        let input = json!({"AttributeNames": names});
        let queue = world.queue("InboxQueue", "GetQueueAttributes", input).await;
        let attributes = queue["Attributes"].as_object().unwrap();
        attributes.values().all(|count| count == "0")
    })
    .await;
    world.settled().await;
    let accepted = world.app.accepted();
    assert_eq!(kinds(&accepted), ["session.started", "message.received"]);
    assert_eq!(lines(&world, &accepted[0].session).await.len(), 1);
    assert_eq!(world.raw_items().await, [] as [Value; 0]);

    // Where neither takes it, Sobot is told so.
    let (no_table, no_queue) = (world.dynamodb.refuse().await, world.sqs.refuse().await);
    for function in SOBOT_WEBHOOKS {
        let answer = world.push_to(function, SOBOT_PATH_SECRET, UNREAD_FILLED);
        assert_eq!(answer.await.status, 503, "{function}");
    }
    no_queue.clear().await;
    no_table.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_messages_at_once_are_all_told_in_the_order_of_their_recording() {
    let world = World::with_processes(3, 3 * BOUND, &[]).await;
    for function in SOBOT_WEBHOOKS {
        world.warm(function, 3).await;
    }
    let bodies: Vec<_> = (0..12)
        .map(|number| {
            push::sobot_text(
                "DE",
                &format!("sobot_{number}"),
                "cid_1",
                &number.to_string(),
            )
        })
        .collect();
    let pushes = (0..).zip(&bodies).map(|(turn, body): (usize, _)| {
        world.push_to(SOBOT_WEBHOOKS[turn % 3], SOBOT_PATH_SECRET, body.clone())
    });
    let answers = join_all(pushes).await;
    assert!(answers.iter().all(is_empty_200), "{answers:?}");
    let events = world.app.wait_for_events(13, BOUND).await;
    let session = &events[0].session;
    world.app.assert_in_order(session);
    assert_eq!(lines(&world, session).await, told(&world));
    assert_eq!(world.app.events_of(session).len(), 13, "one session");
}

/// An agent at Sobot's desk, who says one thing for each push, however Sobot writes it.
async fn is_heard(world: &World, customer: &str) {
    for (kind, event) in [
        (PushKind::Offline, "message.received"),
        (PushKind::Unread, "message.received"),
        (PushKind::ChatList, "customer.unread"),
    ] {
        let text = format!("as {}", kind.name());
        let pushed = world.sobot.agent_says(customer, kind, &text).await;
        assert!(pushed.is_good(), "{pushed:?}");
        let heard = |one: &Event| {
            (one.customer.as_str(), one.kind.as_str()) == (customer, event)
                && one.data["message"]["kind"] == "text"
                && one.data["message"]["content"] == text
        };
        until("the app is told", async || {
            world.app.events().iter().any(heard)
        })
        .await;
    }
    let session = world.open_session_of(customer).await.unwrap();
    let session = session["id"].as_str().unwrap();
    let cid = world.sobot.visitor(customer).unwrap().cid;
    assert_eq!(bound_to(world, session).await, Some(cid));
    world.settled().await;
    world.app.assert_in_order(session);
    assert_eq!(world.app.events_of(session).len(), 4, "and session.started");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_at_sobot_is_heard_however_sobot_writes_its_values() {
    let world = World::start().await;
    is_heard(&world, "plain").await;
    world.sobot.switch(|switches| {
        switches.numbers_as_text = true;
        switches.last_type_in_words = true;
        switches.offline_in_full = true;
        switches.repeat_pushes = 2;
    });
    is_heard(&world, "odd").await;
    // Another chat of the same customer is followed.
    let before = world.sobot.visitor("odd").unwrap().cid;
    world.sobot.end_chat("odd");
    let said = world
        .sobot
        .agent_says("odd", PushKind::Unread, "Hello again");
    let after = said.await.cid;
    assert_ne!(before, after);
    let session = world.open_session_of("odd").await.unwrap();
    let session = session["id"].as_str().unwrap();
    assert_eq!(bound_to(&world, session).await, Some(after));
    assert_eq!(world.raw_items().await, [] as [Value; 0]);
}
