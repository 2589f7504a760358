//! One conversation at Tencent, as a customer lives it: a token, the robot, a person, a card, the survey and the end.

use deskbridge::clock;
use deskbridge_twins::tencent::{Addressing, Options, Phase, Role, desk_element, verify_user_sig};
use harness::{
    until,
    world::{API_KEY, World},
};
use serde_json::{Value, json};

const USER: &str = "user45";

/// Who said what, as the app sees it.
async fn said(world: &World, session: &str) -> Vec<(String, String)> {
    let conversation = world.conversation(session).await;
    let each = conversation.iter().map(|one| {
        let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
        (text("from"), text("content"))
    });
    each.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_way_through_tencent() {
    let world = World::start().await;

    // The app gets a token for the customer's client, and a session of ours.
    let ask = json!({"kind": "tencent_usersig", "customer": USER});
    let token = world.call(API_KEY, "POST", "/tokens", Some(ask)).await;
    let token = token.expect(200).text_of("token");
    let known = Options::default();
    let now = clock::now() / 1_000;
    verify_user_sig(&token, &known.secret_key, known.sdk_app_id, USER, now).unwrap();
    let ask = json!({"vendor": "tencent", "customer": USER});
    let opened = world.call(API_KEY, "POST", "/sessions", Some(ask)).await;
    let session = opened.expect(201).text_of("id");

    // The customer comes by Tencent's client, and writes; the robot answers.
    let theirs = world.tencent.user_comes(USER).await;
    world.wait_until_told(&session, "session.started").await;
    assert_eq!(world.session(&session).await["state"], "robot");
    let told = world.tencent.user_says(USER, "Where is my <parcel>?").await;
    assert_eq!(told.unwrap().status(), Some(200));
    world.tencent.robot_says(USER, "Ask me anything").await;
    let branch = json!({"customerServicePlugin": 0, "src": "15", "content": {"header": "What is it about?",
        "items": [{"content": "A parcel"}, {"content": "A person"}], "tail": ""}});
    let branch = desk_element(&branch);
    world.tencent.says(USER, Role::System, branch).await;
    let conversation = world.conversation(&session).await;
    assert_eq!(conversation[0]["format"], "text", "{conversation:?}");
    let proposed = conversation[2]["suggestions"].as_array().unwrap();
    let proposed: Vec<_> = proposed.iter().map(|one| &one["text"]).collect();
    assert_eq!(proposed, ["A parcel", "A person"]);

    // The customer wants a person, and an agent takes over.
    let path = format!("/sessions/{session}/robot-actions");
    let transfer = Some(json!({"kind": "transfer"}));
    let handed = world.call(API_KEY, "POST", &path, transfer).await;
    assert_eq!(handed.expect(200).body["status"], "done");
    until("an agent has the customer", async || {
        let session = world.session(&session).await;
        session["state"] == "active" && session["assignee"]["id"] == "test@qq.com"
    })
    .await;
    let at_desk = world.tencent.user(USER).unwrap();
    let phase = &at_desk.live().unwrap().phase;
    assert_eq!(*phase, Phase::Agent("test@qq.com".to_owned()));
    world.tencent.agent_says(USER, "It comes tomorrow.").await;

    // The app says something as the desk. It goes into Tencent's session, comes back as an event, and stands in the
    // conversation once.
    let order = json!({"as": "desk", "kind": "card", "needs_no_answer": true, "card": {"title": "Your parcel",
        "order": {"guide": "Your order", "fields": [{"name": "Number", "value": "4711"}]}}});
    let path = format!("/sessions/{session}/messages");
    let sent = world.call(API_KEY, "POST", &path, Some(order)).await;
    sent.expect(200);
    let received = world.tencent.messages_to(USER);
    assert_eq!(received[0].addressed, Addressing::Session(theirs.clone()));
    assert!(received[0].excluded_from_timeout);
    let data = received[0].custom().unwrap();
    assert_eq!(
        (&data["src"], &data["content"]["name"]),
        (&json!("28"), &json!("Your parcel"))
    );
    let echoed = |world: &World| {
        let callbacks = world.tencent.callbacks();
        callbacks.iter().any(|callback| {
            let body = callback.push.body["MsgBody"].to_string();
            callback.good && body.contains("4711")
        })
    };
    until("what was sent has come back", async || echoed(&world)).await;

    // The desk asks how it was, the customer gives five stars, and the agent closes.
    let menu = json!({"customerServicePlugin": 0, "src": "9", "menuContent": {"head": "How was it?", "tail": "",
        "menu": [{"id": "101", "content": "Bad"}, {"id": "105", "content": "Good"}], "type": 1, "sessionId": theirs}});
    let menu_body = desk_element(&menu);
    world.tencent.says(USER, Role::System, menu_body).await;
    world.tencent.user_rates(USER, 5).await;
    world.wait_until_told(&session, "survey.answered").await;
    world.tencent.agent_closes(USER, Some(5)).await;
    world.wait_until_told(&session, "session.closed").await;
    world.all_went_out(&session).await;

    let wanted = [
        ("customer", "Where is my <parcel>?"),
        ("robot", "Ask me anything"),
        ("robot", "What is it about?"),
        ("agent", "It comes tomorrow."),
        ("desk", "Your parcel"),
    ]
    .map(|(from, content)| (from.to_owned(), content.to_owned()));
    let said = said(&world, &session).await;
    assert_eq!(said[..5], wanted);
    assert_eq!(said.len(), 6, "and the list to rate by: {said:?}");
    world.app.assert_in_order(&session);
    let mut told = world.told(&session);
    told.retain(|kind| !kind.starts_with("message"));
    assert_eq!(
        told,
        [
            "session.started",
            "session.started",
            "survey.answered",
            "session.closed"
        ]
    );
    let events = world.app.events_of(&session);
    let of = |kind: &str| -> Value {
        let event = events.iter().find(|event| event.kind == kind);
        event.unwrap().data.clone()
    };
    assert_eq!(of("survey.answered")["answer"]["option"], "5");
    let survey = of("session.closed")["survey"].clone();
    assert_eq!(
        (&survey["title"], &survey["show"]),
        (&json!("How was it?"), &json!("star"))
    );
    assert_eq!(
        survey["options"][1],
        json!({"id": "105", "text": "Good", "remark": "hide"})
    );
    // Nothing that Tencent does not know was sent to it, and each callback was answered as it wants.
    for call in world.tencent.calls() {
        assert_eq!(call.unknown_fields, [] as [&str; 0], "{call:?}");
        assert_eq!(call.code, Some(0), "{call:?}");
    }
    let callbacks = world.tencent.callbacks();
    assert!(
        callbacks.iter().all(|callback| callback.good),
        "{callbacks:?}"
    );
}
