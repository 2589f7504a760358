//! Conversations that have ended are erased, the vendor's history and ours.

use deskbridge::clock;
use deskbridge_twins::udesk::Fault as VendorFault;
use harness::{
    faults::{Calls, Fault},
    world::{API_KEY, Answer, PATH_SECRET, World},
};
use serde_json::{Value, json};

const EVER: &str = "from=2026-01-01T00:00:00Z&to=2099-01-01T00:00:00Z";

async fn erase(world: &World, query: &str) -> Answer {
    let path = format!("/sessions?{query}");
    world.call(API_KEY, "DELETE", &path, None).await
}

/// A customer has had a conversation, and it is over. No agent has greeted, since that may come at any time: what the app
/// has yet to be told keeps a session from being erased.
async fn ended(world: &World, customer: &str) -> String {
    let session = world.open_quietly(customer).await;
    world
        .say(&session, "1", "My secret is Rumpelstilzchen")
        .await
        .expect(200);
    world.close(&session).await.expect(200);
    world.wait_until_told(&session, "session.closed").await;
    world.all_went_out(&session).await;
    session
}

/// What the table holds of a session.
async fn left(world: &World, session: &str) -> Vec<Value> {
    let mut items = world.items().await;
    let leads = format!("SES#{session}");
    items.retain(|item| item["pk"] == session || item["sk"] == leads.as_str());
    items
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_ended_sessions_are_gone_and_all_others_stay() {
    let world = World::start().await;
    let gone = world.open_quietly("DE").await;
    world.agent_says("DE", "Your code is Heureka").await;
    // What is remembered of a look-up goes, too.
    let look = "/customers/DE?include=unread";
    let unread = world.call(API_KEY, "GET", look, None).await.expect(200);
    assert!(unread.text.contains("Heureka"), "{unread:?}");
    world.close(&gone).await.expect(200);
    world.wait_until_told(&gone, "session.closed").await;
    world.all_went_out(&gone).await;
    let open = world.open_session("DE").await;
    let other = ended(&world, "AT").await;
    assert!(left(&world, &gone).await.len() > 4);

    let done = erase(&world, &format!("{EVER}&customer=DE")).await;

    assert_eq!(
        done.expect(200).body,
        json!({"erased": 1, "open": 1, "at_vendor": true})
    );
    assert_eq!(left(&world, &gone).await, [] as [Value; 0]);
    let all = json!(world.items().await).to_string();
    assert!(!all.contains("Heureka"), "{all}");
    let path = format!("/sessions/{gone}");
    world.call(API_KEY, "GET", &path, None).await.expect(404);
    assert_eq!(world.session(&open).await["state"], "active");
    assert_eq!(world.session(&other).await["state"], "closed");
    assert!(!left(&world, &other).await.is_empty());
    // At Udesk the same ones.
    let sessions = |customer: &str| world.twin.conversation(customer).unwrap().sessions.len();
    assert_eq!((sessions("DE"), sessions("AT")), (1, 1));
    // Times in Udesk's zone, escaped; the customer by Udesk's own number.
    let asked = world.udesk.calls_of(&Calls::path("/destroy_session"));
    let id = world.twin.conversation("DE").unwrap().id;
    let query = format!(
        "&start_time=2026-01-01%2008%3A00%3A00&end_time=2099-01-01%2008%3A00%3A00&customer_id={id}"
    );
    assert!(asked[0].path.ends_with(&query), "{}", asked[0].path);

    // The open one goes on, and what is told of it arrives.
    world.say(&open, "2", "Still here").await.expect(200);
    let again = erase(&world, &format!("{EVER}&customer=DE")).await;
    assert_eq!(
        again.expect(200).body,
        json!({"erased": 0, "open": 1, "at_vendor": true})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_began_in_that_time_goes() {
    let world = World::start().await;
    let session = ended(&world, "DE").await;
    let created = world.session(&session).await["created_at"].clone();
    let created = created.as_str().unwrap();
    for (times, erased) in [
        (format!("from=2020-01-01T00:00:00Z&to={created}"), 0),
        (format!("from={created}&to=2099-01-01T00:00:00Z"), 1),
    ] {
        let done = erase(&world, &format!("{times}&customer=DE")).await;
        assert_eq!(done.expect(200).body["erased"], erased, "{times}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybodys_go_where_that_is_said() {
    let world = World::start().await;
    let mut sessions = Vec::new();
    for number in 0..4 {
        sessions.push(ended(&world, &format!("C{number}")).await);
    }
    for (wrong, field) in [
        (EVER.to_owned(), "customer"),
        (format!("{EVER}&everybody=yes"), "everybody"),
        (format!("{EVER}&everybody=false"), "everybody"),
        (format!("{EVER}&everybody=true&customer=C1"), "everybody"),
        (format!("{EVER}&customer=a%20b"), "customer"),
        ("customer=C1".to_owned(), "from"),
        ("from=2026-01-01T00:00:00Z&customer=C1".to_owned(), "to"),
        (
            "from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z&everybody=true".to_owned(),
            "to",
        ),
        (format!("{EVER}&customer=C1&after=x"), "after"),
        // Another customer's.
        (
            format!("{EVER}&customer=C1&after=WyJDVVNUT01FUiN1ZGVzayNERSIsIlNFUyN4Il0"),
            "after",
        ),
    ] {
        let answer = erase(&world, &wrong).await.expect(400);
        assert_eq!(answer.body["error"]["field"], field, "{wrong}");
    }
    let customer = World::customer_token("C1", 900, clock::now());
    let path = format!("/sessions?{EVER}&customer=C1");
    let denied = world.call(&customer, "DELETE", &path, None).await;
    assert_eq!(denied.expect(403).error_code(), "role_not_allowed");
    assert!(
        world
            .twin
            .calls_of("/im/sessions/destroy_session")
            .is_empty()
    );

    let done = erase(&world, &format!("{EVER}&everybody=true")).await;

    assert_eq!(
        done.expect(200).body,
        json!({"erased": 4, "open": 0, "at_vendor": true})
    );
    for session in &sessions {
        assert_eq!(left(&world, session).await, [] as [Value; 0]);
    }
    let text = json!(world.items().await).to_string();
    assert!(!text.contains("Rumpelstilzchen"), "{text}");
    let asked = &world.twin.calls_of("/im/sessions/destroy_session")[0];
    assert_eq!(asked.query_value("customer_id"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stops_half_way_is_finished_by_a_repeat() {
    let world = World::start().await;
    let session = ended(&world, "DE").await;
    let query = format!("{EVER}&customer=DE");
    let halt = Calls::to("BatchWriteItem");
    let halted = world.dynamodb.play(halt, Fault::InternalError);

    let stopped = erase(&world, &query).await.expect(503);

    assert_eq!(stopped.error_code(), "storage_unavailable");
    halted.clear();
    assert!(!left(&world, &session).await.is_empty());
    let done = erase(&world, &query).await.expect(200);
    assert_eq!(done.body["erased"], 1);
    assert_eq!(left(&world, &session).await, [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_udesk_refuses_or_is_busy_nothing_has_happened() {
    let world = World::start().await;
    let session = ended(&world, "DE").await;
    let query = format!("{EVER}&customer=DE");
    let path = "DELETE /im/sessions/destroy_session";
    for (fault, status) in [
        (VendorFault::code(2058, "not in your plan"), 422),
        (VendorFault::Limited, 503),
        (VendorFault::Status(500), 503),
        (VendorFault::CutBefore, 503),
    ] {
        world.twin.fault(path, fault, Some(1));
        erase(&world, &query).await.expect(status);
    }
    assert_eq!(world.session(&session).await["state"], "closed");
    // It took effect, and nobody heard of it: a repeat is the same.
    world.twin.fault(path, VendorFault::CutAfter, Some(1));
    erase(&world, &query).await.expect(503);
    assert_eq!(erase(&world, &query).await.expect(200).body["erased"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_udesk_does_not_know_is_erased_here() {
    let world = World::start().await;
    let ask = json!({"vendor": "sobot", "customer": "S"});
    let opened = world.call(API_KEY, "POST", "/sessions", Some(ask)).await;
    let session = opened.expect(201).text_of("id");
    world.close(&session).await.expect(200);
    world.all_went_out(&session).await;

    let done = erase(&world, &format!("{EVER}&customer=S")).await;

    assert_eq!(
        done.expect(200).body,
        json!({"erased": 1, "open": 0, "at_vendor": false})
    );
    assert_eq!(left(&world, &session).await, [] as [Value; 0]);
}

/// Of a customer whom it does not know, and to whom is no super-admin, Udesk says the same.
#[tokio::test(flavor = "multi_thread")]
async fn where_udesk_may_mean_the_token_nothing_is_erased() {
    let world = World::start().await;
    let session = ended(&world, "DE").await;
    let query = format!("{EVER}&customer=DE");
    let refused = VendorFault::code(2015, "Not a super admin");
    world
        .twin
        .fault("GET /customers/get_customer", refused, None);

    let answer = erase(&world, &query).await.expect(422);

    assert_eq!(answer.error_code(), "vendor_refused");
    assert_eq!(answer.body["error"]["vendor"]["code"], 2015);
    let message = answer.body["error"]["message"].as_str().unwrap();
    assert!(message.contains("UDESK_API_TOKEN") && message.contains("at_vendor=false"));
    assert_eq!(world.session(&session).await["state"], "closed");
    assert_eq!(world.twin.conversation("DE").unwrap().sessions.len(), 1);
    let wrong = erase(&world, &format!("{query}&at_vendor=no")).await;
    assert_eq!(wrong.expect(400).body["error"]["field"], "at_vendor");

    // Where it is known that Udesk has nothing any more, Udesk is left out.
    let asked = world.twin.calls().len();
    let done = erase(&world, &format!("{query}&at_vendor=false")).await;
    assert_eq!(
        done.expect(200).body,
        json!({"erased": 1, "open": 0, "at_vendor": false})
    );
    assert_eq!(world.twin.calls().len(), asked);
    assert_eq!(left(&world, &session).await, [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_udesk_tells_of_an_erased_session_is_not_kept() {
    let world = World::start().await;
    let session = ended(&world, "DE").await;
    let udesk = world.twin.conversation("DE").unwrap().sessions[0].id;
    erase(&world, &format!("{EVER}&customer=DE"))
        .await
        .expect(200);

    let said = json!([{"sender": "customer", "content": "My secret is Rumpelstilzchen"}]);
    let close = json!({"im_sub_session_id": udesk, "customer_token": "DE", "im_log_infos": said});
    let vote = json!({"im_sub_session_id": udesk, "customer_token": "DE", "option_id": 101});
    for (action, message) in [("ImSubSession_close", close), ("ImSurveyVote_create", vote)] {
        let body = json!({"action": action, "message": message}).to_string();
        let answer = world.push_to("webhook-udesk-event", PATH_SECRET, body);
        answer.await.expect(200);
    }

    assert_eq!(left(&world, &session).await, [] as [Value; 0]);
    assert_eq!(world.raw_items().await, [] as [Value; 0]);
    let text = json!(world.items().await).to_string();
    assert!(!text.contains("Rumpelstilzchen"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn udesk_is_asked_for_every_second_that_the_time_touches() {
    let world = World::start().await;
    ended(&world, "DE").await;
    for (times, asked) in [
        (
            "from=2026-01-01T00:00:00.900Z&to=2099-01-01T00:00:00.001Z",
            "start_time=2026-01-01%2008%3A00%3A00&end_time=2099-01-01%2008%3A00%3A01",
        ),
        (
            "from=2026-01-01T00:00:00Z&to=2099-01-01T00:00:00Z",
            "start_time=2026-01-01%2008%3A00%3A00&end_time=2099-01-01%2008%3A00%3A00",
        ),
    ] {
        erase(&world, &format!("{times}&customer=DE"))
            .await
            .expect(200);
        let calls = world.udesk.calls_of(&Calls::path("/destroy_session"));
        assert!(calls.last().unwrap().path.contains(asked), "{times}");
    }
}
