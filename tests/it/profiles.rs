//! A customer is told of before they come, and made where the desk wants them to be there first.

use std::time::Duration;

use deskbridge::clock;
use deskbridge_twins::udesk::Fault as VendorFault;
use harness::world::{API_KEY, Answer, SHORT_WAIT, World};
use serde_json::{Value, json};

fn profile() -> Value {
    json!({
        "name": "Xiao Ya", "email": "de@example.com", "phones": ["13800000000"], "level": "vip",
        "description": "came by the shop", "tags": ["a", "b"],
        "custom_fields": {"TextField_1": "blue", "SelectField_2": ["0"]},
    })
}

async fn open(world: &World, customer: &str, profile: Value) -> Answer {
    let ask = json!({"vendor": "udesk", "customer": customer, "assign": {"to": "agent"}, "profile": profile});
    world.call(API_KEY, "POST", "/sessions", Some(ask)).await
}

/// The calls of Udesk, in order.
fn paths(world: &World) -> Vec<String> {
    world
        .twin
        .calls()
        .into_iter()
        .map(|call| call.path)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_knows_who_comes() {
    let world = World::start().await;

    let opened = open(&world, "DE", profile()).await.expect(201);

    assert_eq!(opened.body["state"], "active");
    assert_eq!(opened.body["profile"], json!({"taken": true}));
    assert_eq!(paths(&world), ["/customers", "/im/sessions"]);
    // The forms of vendors.md, section 1.5.
    assert_eq!(
        world.twin.profile("DE").unwrap(),
        json!({
            "customer": {
                "open_api_token": "DE", "nick_name": "Xiao Ya", "email": "de@example.com",
                "description": "came by the shop", "level": "vip",
                "cellphones": [[null, "13800000000"]],
                "custom_fields": {"TextField_1": "blue", "SelectField_2": ["0"]},
            },
            "tags": "a,b",
        })
    );
    // Whose session is open already needs no telling.
    let again = open(&world, "DE", profile()).await.expect(200);
    assert_eq!(again.body["profile"], Value::Null);
    assert_eq!(world.twin.calls_of("/customers").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_udesk_knows_already_is_served_all_the_same() {
    let world = World::start().await;
    let session = open(&world, "DE", profile())
        .await
        .expect(201)
        .text_of("id");
    world.close(&session).await.expect(200);

    let back = open(&world, "DE", profile()).await.expect(201);

    assert_eq!(back.body["state"], "active");
    assert_eq!(back.body["profile"]["taken"], false);
    assert_eq!(back.body["profile"]["vendor"]["code"], 2005);
    // By the other reading of the page, the profile is made anew.
    world
        .twin
        .switch(|switches| switches.known_customers_are_updated = true);
    world.close(&back.text_of("id")).await.expect(200);
    let renamed = open(&world, "DE", json!({"name": "Da Ya"}))
        .await
        .expect(201);
    assert_eq!(renamed.body["profile"]["taken"], true);
    let told = world.twin.profile("DE").unwrap();
    assert_eq!(told["customer"]["nick_name"], "Da Ya");
    // Nothing is given up.
    let dead = world.call(API_KEY, "GET", "/deliveries?log=sends&status=dead", None);
    assert_eq!(dead.await.expect(200).body["deliveries"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_udesk_is_busy_the_customer_waits_and_is_told_of_first() {
    let world = World::start().await;
    for fault in [VendorFault::Limited, VendorFault::CutAfter] {
        world.twin.fault("POST /customers", fault, Some(1));
    }

    let waiting = open(&world, "DE", profile()).await.expect(202);

    assert_eq!(waiting.body["state"], "opening");
    assert!(waiting.body["retry_at"].is_string(), "{waiting:?}");
    let session = waiting.text_of("id");
    world.wait_until_told(&session, "session.started").await;
    assert!(world.twin.profile("DE").is_some());
    assert_eq!(paths(&world).last().unwrap(), "/im/sessions");
}

#[tokio::test(flavor = "multi_thread")]
async fn contradiction_28_a_customer_who_must_be_there_is_created_and_the_call_repeated_once() {
    let world = World::start().await;
    world
        .twin
        .switch(|switches| switches.customers_must_exist = true);

    let session = world.open_session("DE").await;

    assert_eq!(
        paths(&world),
        [
            "/im/sessions",
            "/customers/get_customer",
            "/customers",
            "/im/sessions"
        ]
    );
    assert_eq!(
        world.twin.profile("DE").unwrap(),
        json!({"customer": {"open_api_token": "DE", "nick_name": "DE"}})
    );
    world.say(&session, "1", "hello").await.expect(200);

    // The same code of an agent who is not there: repeated once, and no more.
    let ask =
        json!({"vendor": "udesk", "customer": "AT", "assign": {"to": "agent", "agent_id": 999}});
    let refused = world.call(API_KEY, "POST", "/sessions", Some(ask)).await;
    assert_eq!(refused.expect(422).body["error"]["vendor"]["code"], 2015);
    assert_eq!(world.twin.calls_of("/im/sessions").len(), 4);
    assert_eq!(world.twin.calls_of("/customers").len(), 2);
}

/// The lease of an attempt is its limit and ten seconds: were each call given a limit of its own, four that hang would
/// outlive it.
#[tokio::test(flavor = "multi_thread")]
async fn all_calls_of_one_attempt_share_one_limit() {
    let world = World::with(&[SHORT_WAIT]).await;
    world
        .twin
        .switch(|switches| switches.customers_must_exist = true);
    for call in [
        "POST /im/sessions",
        "GET /customers/get_customer",
        "POST /customers",
    ] {
        let slow = VendorFault::Slow(Duration::from_millis(1_400));
        world.twin.fault(call, slow, Some(1));
    }

    let waiting = world.ask_for_agent("DE").await.expect(202);

    // Two calls of 1.4 s each, at a limit of 2 s: the second was cut off, and nothing came behind it.
    let lines = world.lines().into_iter();
    let called = lines.filter(|(of, line)| of == "create-session" && line["message"] == "called");
    assert_eq!(called.count(), 2);
    let session = waiting.text_of("id");
    world.wait_until_told(&session, "session.started").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_an_administrator_hears_so_at_once() {
    let world = World::start().await;
    for path in ["POST /im/sessions", "POST /customers"] {
        let no = VendorFault::code(2015, "not a super-admin");
        world.twin.fault(path, no, Some(1));
    }
    let refused = world.ask_for_agent("DE").await.expect(422);
    assert_eq!(refused.body["error"]["vendor"]["code"], 2015);
    let asked = ["/im/sessions", "/customers/get_customer", "/customers"];
    assert_eq!(paths(&world), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn contradiction_28_whom_udesk_knows_is_not_made_anew_where_something_else_is_missing() {
    let world = World::start().await;
    world
        .twin
        .switch(|switches| switches.known_customers_are_updated = true);
    let session = open(&world, "DE", profile())
        .await
        .expect(201)
        .text_of("id");
    world.close(&session).await.expect(200);

    for absent in [
        json!({"to": "agent", "agent_id": 999}),
        json!({"to": "urobot", "robot_id": 999, "scene_id": 39}),
    ] {
        let ask = json!({"vendor": "udesk", "customer": "DE", "assign": absent});
        let refused = world.call(API_KEY, "POST", "/sessions", Some(ask)).await;
        assert_eq!(refused.expect(422).body["error"]["vendor"]["code"], 2015);
        let [.., before, last] = &paths(&world)[..] else {
            panic!("Udesk was not asked")
        };
        assert_eq!(
            (before.as_str(), last.as_str()),
            ("/im/sessions", "/customers/get_customer")
        );
    }
    assert_eq!(world.twin.calls_of("/customers").len(), 1);
    let told = world.twin.profile("DE").unwrap();
    assert_eq!(told["customer"]["nick_name"], "Xiao Ya");
}

#[tokio::test(flavor = "multi_thread")]
async fn contradiction_28_where_udesk_will_not_say_whether_it_knows_them_nobody_is_made() {
    let world = World::start().await;
    world
        .twin
        .switch(|switches| switches.customers_must_exist = true);
    let find = "GET /customers/get_customer";
    for code in [2005, 2058, 2062, 9200, 4711] {
        let no = VendorFault::code(code, "no");
        world.twin.fault(find, no, Some(1));
        let refused = world.ask_for_agent("DE").await.expect(422);
        assert_eq!(refused.body["error"]["vendor"]["code"], 2015, "{code}");
    }
    assert!(world.twin.calls_of("/customers").is_empty());
    // Busy is not refused: it is asked later.
    world.twin.fault(find, VendorFault::Limited, Some(1));
    let waiting = world.ask_for_agent("DE").await.expect(202).text_of("id");
    world.wait_until_told(&waiting, "session.started").await;
    assert_eq!(world.twin.calls_of("/customers").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_desk_could_take_is_refused_by_field() {
    let world = World::start().await;
    for (wrong, field) in [
        (json!({"name": ""}), "profile.name"),
        (json!({"email": "nobody"}), "profile.email"),
        (json!({"phones": ["138", "x"]}), "profile.phones[1]"),
        (json!({"level": "gold"}), "profile.level"),
        (json!({"tags": ["a,b"]}), "profile.tags[0]"),
        (
            json!({"custom_fields": {"a b": "x"}}),
            "profile.custom_fields",
        ),
        (json!({"nick_name": "x"}), "profile.nick_name"),
        (json!("Xiao Ya"), "profile"),
        (json!([]), "profile"),
    ] {
        let answer = open(&world, "DE", wrong.clone()).await.expect(400);
        assert_eq!(answer.body["error"]["field"], field, "{wrong}");
    }
    let elsewhere = json!({"vendor": "sobot", "customer": "DE", "profile": profile()});
    let answer = world
        .call(API_KEY, "POST", "/sessions", Some(elsewhere))
        .await;
    assert_eq!(answer.expect(400).body["error"]["field"], "profile");
    // How they are treated is not for customers to say.
    let own = World::customer_token("DE", 900, clock::now());
    let ask = json!({"vendor": "udesk", "profile": {"level": "vip"}});
    let answer = world.call(&own, "POST", "/sessions", Some(ask)).await;
    assert_eq!(answer.expect(403).error_code(), "role_not_allowed");
    assert!(world.twin.calls().is_empty());
}
