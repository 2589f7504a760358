//! A server asks what the whole desk knows.

use deskbridge::clock;
use deskbridge_twins::udesk::{Fault as VendorFault, QueueCustomers, SensitiveWords};
use harness::world::{API_KEY, Answer, World};
use serde_json::{Value, json};

async fn look(world: &World, path: &str) -> Answer {
    world.call(API_KEY, "GET", path, None).await
}

/// The field that a look-up's path is refused for.
async fn refused(world: &World, path: &str) -> Value {
    let answer = look(world, path).await.expect(400);
    assert_eq!(answer.error_code(), "invalid_request", "{answer:?}");
    answer.body["error"]["field"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_of_the_agents_is_there() {
    let world = World::start().await;
    world.open_session("DE").await;

    let agents = look(&world, "/desk/agents").await.expect(200).body;

    assert_eq!(
        agents,
        json!({"agents": [
            {"id": "3", "name": "Tom", "nick": "Tom", "status": "online", "serving": 1, "capacity": 10},
            {"id": "397", "name": "Jerry", "nick": "Jerry", "status": "online", "serving": 0, "capacity": 10},
        ]})
    );
    let of_group = look(&world, "/desk/agents?group=37540").await.expect(200);
    assert_eq!(of_group.body["agents"].as_array().unwrap().len(), 2);
    let asked = world.twin.calls_of("/im/agent_status");
    assert_eq!(asked[1].query_value("group_id"), "37540");

    // What Udesk says of those who are away means nothing.
    world.twin.nobody_online();
    let away = look(&world, "/desk/agents").await.expect(200).body;
    assert_eq!(
        away["agents"][0],
        json!({"id": "3", "name": "Tom", "nick": "Tom", "status": "offline"})
    );

    let absent = look(&world, "/desk/agents?group=9").await.expect(422);
    assert_eq!(absent.error_code(), "vendor_refused");
    assert_eq!(absent.body["error"]["vendor"]["code"], 11012);
    assert_eq!(refused(&world, "/desk/agents?group=sales").await, "group");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_agents_have_yet_to_read() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    world.say(&session, "1", "Hello?").await.expect(200);
    let path = "/desk/agents/unread";

    let unread = look(&world, &format!("{path}?agent=3&agent=397,3")).await;

    assert_eq!(
        unread.expect(200).body,
        json!({"agents": [
            {"id": "3", "unread_messages": 1, "left_messages": 0},
            {"id": "397", "unread_messages": 0, "left_messages": 0},
        ]})
    );
    let many: Vec<_> = (1..=30).map(|id| id.to_string()).collect();
    let all = format!("{path}?agent={}", many.join(","));
    look(&world, &all).await.expect(200);
    for wrong in [
        path.to_owned(),
        format!("{path}?agent="),
        format!("{path}?agent=Tom"),
        format!("{path}?agent=3,,4"),
        format!("{all},31"),
    ] {
        assert_eq!(refused(&world, &wrong).await, "agent", "{wrong}");
    }
    assert_eq!(
        world
            .twin
            .calls_of("/im/messages/agent_unread_messages")
            .len(),
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn which_robots_a_session_can_be_asked_for_by() {
    let world = World::start().await;

    let robots = look(&world, "/desk/robots").await.expect(200).body;

    let robot = &robots["robots"][0];
    assert_eq!(robot["created_at"], "2018-01-23T02:55:20.000Z");
    let assign =
        json!({"to": "urobot", "robot_id": robot["id"], "scene_id": robot["scenes"][0]["id"]});
    let ask = json!({"vendor": "udesk", "customer": "DE", "assign": assign});
    let opened = world.call(API_KEY, "POST", "/sessions", Some(ask)).await;
    assert_eq!(opened.expect(201).body["state"], "urobot");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_left_the_queue_page_by_page() {
    let world = World::start().await;
    world.twin.everyone_busy(2);
    for number in 0..101 {
        world.twin.abandons(&format!("C{number}"));
    }
    let path = "/desk/abandoned-queues?from=2026-01-01T00:00:00Z&to=2099-01-01T00:00:00Z";

    let first = look(&world, path).await.expect(200).body;

    assert_eq!(first["abandoned"].as_array().unwrap().len(), 100);
    let one = &first["abandoned"][0];
    assert_eq!(one["customer"]["id"], "C0");
    assert!(one["customer"]["vendor_id"].is_string(), "{one}");
    assert_eq!(one["queue"], "queue:company:1:all");
    assert_eq!(one["seconds"], 0);
    world
        .twin
        .switch(|switches| switches.queue_customers = QueueCustomers::Named);
    let cursor = first["next"].as_str().unwrap();
    let second = look(&world, &format!("{path}&after={cursor}")).await;
    let second = second.expect(200).body;
    assert_eq!(second["abandoned"].as_array().unwrap().len(), 1);
    let last = &second["abandoned"][0]["customer"];
    assert_eq!(last["name"], "API Anonymous User (C100)");
    assert_eq!(second["next"], Value::Null);

    // Udesk's zone, and no Content-Type, with which this look-up fails.
    let asked = &world.twin.calls_of("/im/im_queues")[0];
    assert_eq!(asked.query_value("start_time"), "2026-01-01 08:00:00");
    assert_eq!(asked.content_type, None);

    let from = "/desk/abandoned-queues?from=2026-01-01T00:00:00Z";
    for (wrong, field) in [
        (format!("{from}&to=2026-01-01T00:00:00Z"), "to"),
        (format!("{from}&to=tomorrow"), "to"),
        (from.to_owned(), "to"),
        (
            "/desk/abandoned-queues?to=2026-01-01T00:00:00Z".to_owned(),
            "from",
        ),
        (format!("{path}&after=1"), "after"),
        (format!("{path}&after=x"), "after"),
    ] {
        assert_eq!(refused(&world, &wrong).await, field, "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn which_words_the_desk_minds() {
    let world = World::start().await;
    let path = "/desk/sensitive-words";
    let words = look(&world, path).await.expect(200).body;
    assert_eq!(
        words,
        json!({"enabled": true, "words": ["a", "b", "c", "d"]})
    );
    world.twin.mind(SensitiveWords {
        words: String::new(),
        open: None,
    });
    let words = look(&world, path).await.expect(200).body;
    assert_eq!(words, json!({"enabled": false, "words": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_ask_nothing_of_the_desk_and_a_busy_vendor_is_said_to_be_so() {
    let world = World::start().await;
    let customer = World::customer_token("DE", 900, clock::now());
    let path = "/desk/robots";
    let denied = world.call(&customer, "GET", path, None).await.expect(403);
    assert_eq!(denied.error_code(), "role_not_allowed");
    assert!(world.twin.calls().is_empty());

    for fault in [
        VendorFault::Limited,
        VendorFault::Status(502),
        VendorFault::CutBefore,
        VendorFault::NeverAnswer,
    ] {
        world.twin.fault(path_of_vendor(), fault, Some(1));
        let busy = look(&world, path).await.expect(503);
        assert_eq!(busy.error_code(), "vendor_unavailable");
        look(&world, path).await.expect(200);
    }
    // A clock or nonce that is off is signed anew, unseen by the caller.
    let replayed = VendorFault::code(20623, "nonce was used");
    world.twin.fault(path_of_vendor(), replayed, Some(1));
    look(&world, path).await.expect(200);
    for code in [2000, 2002, 2005, 2015, 2058, 2059, 2062, 2065, 4711] {
        let no = VendorFault::code(code, "no");
        world.twin.fault(path_of_vendor(), no, Some(1));
        let answer = look(&world, path).await.expect(422);
        assert_eq!(answer.body["error"]["vendor"]["code"], code);
    }
}

fn path_of_vendor() -> &'static str {
    "GET /im/urobots"
}

#[tokio::test(flavor = "multi_thread")]
async fn above_the_budget_a_look_up_says_when_to_come_again() {
    let world = World::with(&[("UDESK_RATE_LIMIT", "10")]).await;
    // A tenth of the budget in each window.
    let mut answers = Vec::new();
    let asked_at = clock::now();
    for _ in 0..3 {
        answers.push(look(&world, "/desk/sensitive-words").await);
    }
    let waited = answers.iter().find(|answer| answer.status == 202).unwrap();
    assert_eq!(waited.body["status"], "later");
    let at = clock::of_rfc3339(waited.body["retry_at"].as_str().unwrap()).unwrap();
    assert!(at > asked_at, "{waited:?}");
    let reached = world.twin.calls_of("/im/im_sensitive_words").len();
    let granted = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(
        reached, granted,
        "what is over the budget never reaches Udesk"
    );
}
