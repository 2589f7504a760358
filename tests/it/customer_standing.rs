//! Whether a customer is there, and where the desk says that they stand.

use std::collections::BTreeMap;

use deskbridge::clock;
use deskbridge_twins::udesk::{Fault as VendorFault, StatusTexts, Visitor};
use harness::world::{API_KEY, Answer, World};
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
    let session = world.ask_for_agent("DE").await.expect(201).text_of("id");
    for texts in [StatusTexts::English, StatusTexts::Chinese] {
        world.twin.switch(|switches| switches.statuses = texts);
        let waiting = standing(&world, "DE").await.expect(200);
        assert_eq!(
            waiting.body,
            json!({"customer": "DE", "vendor": "udesk", "status": "in_queue",
                "queue": {"status": "in_queue", "position": 3}, "session": session})
        );
    }
    world.twin.agents_online();
    world.twin.assign("DE").await.unwrap();
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
    // The number is asked for once.
    standing(&world, "DE").await.expect(200);
    assert_eq!(world.twin.calls_of("/customers/get_customer").len(), 1);
    assert!(found.body["status"].is_null());
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

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_that_cannot_be_had() {
    let rate = "60000,GET /im/queue_status=10/3600";
    let world = World::with(&[("UDESK_RATE_LIMIT", rate)]).await;
    standing(&world, "DE?include=queue").await.expect(200);
    let later = standing(&world, "DE?include=queue").await.expect(503);
    assert_eq!(later.error_code(), "vendor_unavailable");
    for (fault, status) in [
        (VendorFault::Status(503), 503),
        (VendorFault::NeverAnswer, 503),
        (VendorFault::code(2058, "no"), 422),
    ] {
        world.twin.fault("GET /im/customer_status", fault, Some(1));
        standing(&world, "DE?include=status").await.expect(status);
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
