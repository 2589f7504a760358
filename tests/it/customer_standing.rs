//! Whether a customer is there, and where the desk says that they stand.

use std::collections::BTreeMap;

use deskbridge::clock;
use deskbridge_twins::udesk::{Fault as VendorFault, StatusTexts, Visitor};
use futures_util::future::join_all;
use harness::{
    faults::Calls,
    until,
    world::{API_KEY, Answer, World},
};
use serde_json::{Value, json};

async fn presence(world: &World, bearer: &str, customer: &str, body: Value) -> Answer {
    let path = format!("/customers/{customer}/presence");
    world.call(bearer, "PUT", &path, Some(body)).await
}

async fn standing(world: &World, path: &str) -> Answer {
    let path = format!("/customers/{path}");
    world.call(API_KEY, "GET", &path, None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_comes_and_goes() {
    let world = World::start().await;
    world.open_session("DE").await;
    let online = || world.twin.conversation("DE").unwrap().online;
    let own = World::customer_token("DE", 900, clock::now());
    let gone = presence(&world, &own, "DE", json!({"online": false})).await;
    assert_eq!(gone.expect(200).body, json!({"status": "done"}));
    assert!(!online());
    let back = presence(&world, API_KEY, "DE", json!({"online": true})).await;
    back.expect(200);
    assert!(online());
    let calls = world.twin.calls_of("/im/customer_online_state");
    assert_eq!(
        calls[0].body,
        Some(json!({"customer_token": "DE", "state": 0}))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_presence_that_udesk_does_not_take() {
    const CALL: &str = "POST /im/customer_online_state";
    let rate = "60000,POST /im/customer_online_state=20/3600";
    let world = World::with(&[("UDESK_RATE_LIMIT", rate)]).await;
    world.open_session("DE").await;
    let away = || json!({"online": false});
    // Udesk knows nobody of this name.
    let refused = presence(&world, API_KEY, "CH", away()).await.expect(422);
    assert_eq!(refused.body["error"]["vendor"]["code"], 2015);
    world.twin.fault(CALL, VendorFault::Limited, Some(1));
    let busy = presence(&world, API_KEY, "DE", away()).await.expect(503);
    assert_eq!(busy.error_code(), "vendor_unavailable");
    let later = presence(&world, API_KEY, "DE", away()).await.expect(202);
    assert_eq!(later.body["status"], "later");
    let at = clock::of_rfc3339(later.body["retry_at"].as_str().unwrap()).unwrap();
    assert!(at > clock::now());
    assert!(world.twin.conversation("DE").unwrap().online);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_presence_that_is_wrong() {
    let world = World::start().await;
    for (body, field) in [
        (json!({}), "online"),
        (json!({"online": 1}), "online"),
        (json!({"online": true, "state": 1}), "state"),
    ] {
        let refused = presence(&world, API_KEY, "DE", body).await.expect(400);
        assert_eq!(refused.body["error"]["field"], field);
    }
    let refused = presence(&world, API_KEY, "a%20b", json!({"online": true})).await;
    assert_eq!(refused.expect(400).body["error"]["field"], "customer");
    let stranger = World::customer_token("FR", 900, clock::now());
    presence(&world, &stranger, "DE", json!({"online": true}))
        .await
        .expect(403);
    assert!(world.twin.calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_customer_stands() {
    let world = World::start().await;
    let nobody = standing(&world, "CH").await.expect(200);
    assert_eq!(
        nobody.body,
        json!({"customer": "CH", "vendor": "udesk", "status": "unknown_customer",
            "queue": {"status": "not_in_queue"}})
    );
    world.twin.everyone_busy(3);
    for (customer, texts) in [("DE", StatusTexts::English), ("AT", StatusTexts::Chinese)] {
        world.twin.switch(|switches| switches.statuses = texts);
        let session = world
            .ask_for_agent(customer)
            .await
            .expect(201)
            .text_of("id");
        let waiting = standing(&world, customer).await.expect(200);
        assert_eq!(
            waiting.body,
            json!({"customer": customer, "vendor": "udesk", "status": "in_queue",
                "queue": {"status": "in_queue", "position": 3}, "session": session})
        );
    }
    world.twin.agents_online();
    world.twin.assign("DE").await.unwrap();
    until("what was remembered is asked anew", async || {
        let served = standing(&world, "DE").await.expect(200).body;
        served["status"] == "in_session" && served["queue"]["status"] == "in_session"
    })
    .await;
    let own = World::customer_token("DE", 900, clock::now());
    let served = world
        .call(&own, "GET", "/customers/DE?include=status,queue", None)
        .await
        .expect(200);
    assert_eq!(served.body["status"], "in_session");
    assert_eq!(served.body["queue"], json!({"status": "in_session"}));
    assert!(served.body["unread"].is_null());
}

// "Not in queue" is a translation, and the page has no code beside it.
#[tokio::test(flavor = "multi_thread")]
async fn contradiction_33_an_accounts_own_words_are_a_setting() {
    for (setting, assigning, nowhere) in [
        (
            "",
            json!({"status": "other", "text": "等待分配"}),
            json!({"status": "other", "text": "空闲"}),
        ),
        (
            "等待分配=assigning,空闲=not_in_queue",
            json!({"status": "assigning"}),
            json!({"status": "not_in_queue"}),
        ),
    ] {
        let world = World::with(&[("UDESK_QUEUE_TEXTS", setting)]).await;
        world
            .twin
            .switch(|switches| switches.statuses = StatusTexts::Unheard);
        let queue = async |customer: &str| {
            let path = format!("{customer}?include=queue");
            let found = standing(&world, &path).await.expect(200);
            found.body["queue"].clone()
        };
        assert_eq!(queue("CH").await, nowhere, "{setting}");
        world.twin.assigning();
        world.ask_for_agent("DE").await;
        assert_eq!(queue("DE").await, assigning, "{setting}");
        // Who has a place needs no words.
        world.twin.everyone_busy(3);
        world.ask_for_agent("FR").await.expect(201);
        assert_eq!(
            queue("FR").await,
            json!({"status": "in_queue", "position": 3}),
            "{setting}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_agents_wrote_and_the_customer_has_not_read() {
    let world = World::start().await;
    world.open_quietly("DE").await;
    world.agent_says("DE", "<b>one</b>").await;
    let image = json!({"content": "https://files.example.com/1.png", "filename": "1.png"});
    world.twin.agent_sends("DE", "image", image).await.unwrap();
    let found = standing(&world, "DE?include=unread").await.expect(200);
    let unread = &found.body["unread"];
    assert_eq!(unread["count"], 2);
    let [text, image] = unread["messages"].as_array().unwrap().as_slice() else {
        panic!("{unread}")
    };
    assert_eq!(text["from"], "agent");
    assert_eq!(text["content"], "<b>one</b>");
    assert_eq!(
        (&text["format"], &text["text"]),
        (&json!("html"), &json!("one"))
    );
    assert_eq!(text["agent"], json!({"id": "3", "name": "Tom"}));
    assert!(text["said_at"].is_string(), "{text}");
    assert_eq!(image["kind"], "image");
    assert_eq!(image["file"], json!({"name": "1.png"}));
    assert!(found.body["status"].is_null());
    // The number is asked for once.
    world.agent_says("DE", "three").await;
    until("what is unread is asked anew", async || {
        let found = standing(&world, "DE").await.expect(200);
        found.body["unread"]["count"] == 3
    })
    .await;
    assert_eq!(world.twin.calls_of("/customers/get_customer").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_by_another_name_of_its_type() {
    let world = World::with(&[("UDESK_CUSTOMER_TYPE", "open_api_token")]).await;
    world
        .twin
        .switch(|switches| switches.customer_type = "open_api_token");
    world.open_quietly("DE").await;
    world.agent_says("DE", "one").await;
    let found = standing(&world, "DE?include=unread").await.expect(200);
    assert_eq!(found.body["unread"]["count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn visitors_of_the_page_and_users_of_the_sdk() {
    let world = World::start().await;
    world.twin.web_visitor(
        "w1",
        Visitor {
            id: 71,
            status: 1,
            by_session_key: BTreeMap::from([("k1".to_owned(), 2)]),
            ..Visitor::default()
        },
    );
    let said = json!({"type": "message", "data": {"content": "hi"}});
    world.twin.sdk_user(
        "s1",
        Visitor {
            id: 72,
            status: 2,
            app_id: Some("app".to_owned()),
            unread: BTreeMap::from([(9, vec![said])]),
            ..Visitor::default()
        },
    );
    for (path, status) in [
        ("w1?by=web_token", "in_session"),
        ("w1?by=web_token&session_key=k1", "in_queue"),
        ("w1?by=web_token&session_key=k2", "no_session"),
        ("w2?by=web_token", "unknown_customer"),
        ("s1?by=sdk_token", "in_queue"),
    ] {
        let found = standing(&world, path).await.expect(200);
        assert_eq!(
            found.body,
            json!({"vendor": "udesk", "status": status}),
            "{path}"
        );
    }
    let path = "s1?by=sdk_token&app_id=app&vendor_session=9&vendor_customer=72";
    let found = standing(&world, path).await.expect(200);
    assert_eq!(found.body["unread"]["count"], 1);
    assert_eq!(found.body["unread"]["messages"][0]["text"], "hi");
    // Whose token it is, nobody can tell.
    let own = World::customer_token("w1", 900, clock::now());
    world
        .call(&own, "GET", "/customers/w1?by=web_token", None)
        .await
        .expect(403);
}

/// How often Udesk was asked for each part.
fn asked(world: &World) -> [usize; 3] {
    [
        "/im/customer_status",
        "/im/queue_status",
        "/im/messages/unread_customer_offline",
    ]
    .map(|path| world.twin.calls_of(path).len())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_poll_one_customer_cost_one_call_of_each_part() {
    let world = World::start().await;
    world.open_quietly("DE").await;
    world.agent_says("DE", "one").await;
    let own = World::customer_token("DE", 900, clock::now());
    let poll = async || world.call(&own, "GET", "/customers/DE", None).await;
    // Nothing is known at first: whoever comes while Udesk is asked hears when to come again.
    for answer in join_all((0..10).map(|_| poll())).await {
        assert!(matches!(answer.status, 200 | 202), "{answer:?}");
        let is_told = answer.status == 200;
        assert_eq!(answer.body["missing"].is_null(), is_told, "{answer:?}");
        assert_eq!(answer.body["retry_at"].is_null(), is_told, "{answer:?}");
    }
    let first = poll().await.expect(200).body;
    assert_eq!(first["status"], "in_session");
    assert_eq!(first["unread"]["messages"][0]["text"], "one");
    assert_eq!(asked(&world), [1, 1, 1]);

    // In a while one of them asks, and the others hear what is known.
    world.agent_says("DE", "two").await;
    until("the news is told", async || {
        let answers = join_all((0..5).map(|_| poll())).await;
        let mut counts = answers
            .into_iter()
            .map(|answer| answer.expect(200).body["unread"]["count"].clone());
        counts.any(|count| count == 2)
    })
    .await;
    assert_eq!(asked(&world), [2, 2, 2]);
    // One customer's are no other's.
    standing(&world, "AT?include=status").await.expect(200);
    assert_eq!(asked(&world), [3, 2, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_budget_what_is_known_is_told_and_when_to_ask_for_the_rest() {
    let rate = "60000,GET /im/queue_status=10/3600,GET /im/customer_status=20/3600";
    let world = World::with(&[("UDESK_RATE_LIMIT", rate)]).await;
    let first = standing(&world, "DE").await.expect(200);
    assert_eq!(first.body["missing"], Value::Null);

    let later = standing(&world, "AT").await.expect(202).body;

    assert_eq!(later["status"], "unknown_customer");
    assert!(later["queue"].is_null());
    assert_eq!(later["missing"], json!(["queue"]));
    let at = clock::of_rfc3339(later["retry_at"].as_str().unwrap()).unwrap();
    assert!(at > clock::now());
    // Until then nobody is told another time, and the table counts no more of them.
    let counted = || {
        world
            .dynamodb
            .calls_of(&Calls::to("UpdateItem").body("PACE"))
            .len()
    };
    let before = counted();
    let again = standing(&world, "AT?include=queue").await.expect(202).body;
    assert_eq!(
        again,
        json!({"customer": "AT", "vendor": "udesk", "missing": ["queue"], "retry_at": later["retry_at"]})
    );
    assert_eq!(counted(), before);
    // What is remembered is told though the budget is used up.
    let known = standing(&world, "DE?include=queue").await.expect(200);
    assert_eq!(known.body["queue"], first.body["queue"]);
    // Of a visitor nothing is remembered.
    let visitor = standing(&world, "w1?by=web_token").await.expect(202).body;
    assert_eq!(
        (&visitor["missing"], &visitor["customer"]),
        (&json!(["status"]), &Value::Null)
    );
    assert_eq!(asked(&world), [2, 1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_udesk_is_down_what_it_said_a_moment_ago_is_told() {
    let world = World::start().await;
    let first = standing(&world, "CH").await.expect(200);
    let call = "GET /im/customer_status";
    world.twin.fault(call, VendorFault::Status(503), None);
    until("Udesk is asked again", async || {
        let found = standing(&world, "CH?include=status").await.expect(200);
        assert_eq!(found.body["status"], first.body["status"]);
        asked(&world)[0] == 2
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_that_cannot_be_had() {
    let world = World::start().await;
    for (customer, fault, status) in [
        ("A", VendorFault::Status(503), 503),
        ("B", VendorFault::NeverAnswer, 503),
        ("C", VendorFault::code(2058, "no"), 422),
    ] {
        world.twin.fault("GET /im/customer_status", fault, Some(1));
        let path = format!("{customer}?include=status");
        standing(&world, &path).await.expect(status);
    }
    for (query, field) in [
        ("?include=age", "include"),
        ("?include=", "include"),
        ("?by=phone", "by"),
        ("?session_key=k1", "session_key"),
        ("?by=sdk_token&session_key=k1", "session_key"),
        ("?app_id=app", "app_id"),
        ("?vendor_session=1", "vendor_session"),
        ("?by=web_token&vendor_session=x", "vendor_session"),
        ("?by=web_token&vendor_customer=-1", "vendor_customer"),
    ] {
        let refused = standing(&world, &format!("DE{query}")).await.expect(400);
        assert_eq!(refused.body["error"]["field"], field, "{query}");
    }
    let stranger = World::customer_token("FR", 900, clock::now());
    world
        .call(&stranger, "GET", "/customers/DE", None)
        .await
        .expect(403);
}
