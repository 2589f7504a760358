//! What Tencent's Desk tells by its callback, what it is asked, and what it is told beside messages.

use std::collections::BTreeSet;

use deskbridge_twins::{
    push::PushOutcome,
    tencent::{Addressing, Fault, Phase, Role, desk_element, text},
};
use futures_util::future::join_all;
use harness::{
    until,
    world::{API_KEY, Answer, TENCENT_DOOR, TENCENT_PATH_SECRET, World},
};
use serde_json::{Value, json};

const WEBHOOK: &str = "webhook-tencent";
const USER: &str = "user45";

/// The customer is in the conversation, with the robot; gives our session.
async fn meets_robot(world: &World, user: &str) -> String {
    world.tencent.user_comes(user).await;
    session_of(world, user).await
}

/// The same with an agent.
async fn meets_agent(world: &World, user: &str) -> String {
    let session = meets_robot(world, user).await;
    world.tencent.agent_takes(user, "test@qq.com").await;
    until("an agent has the customer", async || {
        world.session(&session).await["state"] == "active"
    })
    .await;
    session
}

async fn session_of(world: &World, user: &str) -> String {
    let open = world.open_session_of(user).await.expect("an open session");
    open["id"].as_str().unwrap().to_owned()
}

/// The app asks for something in a session.
async fn ask(world: &World, session: &str, what: &str, body: Value) -> Answer {
    let path = format!("/sessions/{session}/{what}");
    world.call(API_KEY, "POST", &path, Some(body)).await
}

/// What was said, as the app sees it, and whether it came late.
async fn said(world: &World, session: &str) -> Vec<(String, String, bool)> {
    let conversation = world.conversation(session).await;
    let each = conversation.iter().map(|one| {
        let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
        (text("from"), text("content"), one["late"] == true)
    });
    each.collect()
}

/// An event as Tencent has it.
fn event(name: &str, user: &str, more: Value) -> Value {
    let mut event = json!({"CallbackCommand": "Desk.SessionEventNotify", "SessionId": format!("session-{user}"),
        "Event": name, "EventTime": 1_725_540_020_017_i64, "ChannelType": "SDK", "ClientUserId": user,
        "CustomerServiceId": "@customer_service_account"});
    for (name, value) in more.as_object().unwrap() {
        event[name] = value.clone();
    }
    event
}

async fn push(world: &World, door: &str, body: &Value) -> Answer {
    world.push_to(WEBHOOK, door, body.to_string()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_tencent_begins_has_a_session_of_its_own() {
    let world = World::start().await;
    let page = include_str!("../fixtures/tencent/callback.session_event.json");
    let answer = world.push_to(WEBHOOK, TENCENT_DOOR, page).await.expect(200);
    assert_eq!(
        answer.body,
        json!({"ActionStatus": "OK", "ErrorInfo": "", "ErrorCode": 0})
    );
    let session = session_of(&world, "your_user_id").await;
    let wanted = ("customer", "How to request a refund?", false);
    let wanted = (wanted.0.to_owned(), wanted.1.to_owned(), wanted.2);
    assert_eq!(said(&world, &session).await, [wanted]);
    world.wait_until_told(&session, "message.received").await;
    assert_eq!(
        world.told(&session),
        ["session.started", "message.received"]
    );
    let conversation = world.conversation(&session).await;
    assert_eq!(conversation[0]["custom"], "your cloud custom data");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_without_a_good_sign_finds_nothing() {
    const TOKENS: &str = "the-next-callback-token,the-present-one";
    let world = World::with(&[
        ("TENCENT_CALLBACK_TOKEN", TOKENS),
        // Nothing said: it is on.
        ("TENCENT_REQUIRE_SIGN", ""),
    ])
    .await;
    let status = async |token: Option<&str>, lag: i64| {
        world.tencent.switch(|switches| {
            switches.callback_token = token.map(str::to_owned);
            switches.request_time_lag = lag;
        });
        let outcome = world.tencent.event(USER, "SessionBegin").await;
        outcome.as_ref().and_then(PushOutcome::status)
    };
    world.tencent.begin_session(USER);
    for (token, lag) in [
        (None, 0),
        (Some("another-callback-token"), 0),
        (Some("the-present-one"), 120),
        (Some("the-present-one"), -120),
    ] {
        assert_eq!(status(token, lag).await, Some(404), "{token:?} {lag}");
    }
    // Another application, and no path secret.
    let begun = event("SessionBegin", USER, json!({}));
    let other = format!("{TENCENT_PATH_SECRET}?SdkAppid=1400000001");
    for door in [
        other.as_str(),
        TENCENT_PATH_SECRET,
        "another-path-secret?SdkAppid=1400000000",
    ] {
        push(&world, door, &begun).await.expect(404);
    }
    assert!(world.open_session_of(USER).await.is_none());
    assert!(world.raw_items().await.is_empty());
    for token in ["the-present-one", "the-next-callback-token"] {
        assert_eq!(status(Some(token), 5).await, Some(200), "{token}");
    }
    assert!(world.open_session_of(USER).await.is_some());
    // The setting for a Desk that does not sign.
    let off = World::with(&[
        ("TENCENT_CALLBACK_TOKEN", TOKENS),
        ("TENCENT_REQUIRE_SIGN", "off"),
    ])
    .await;
    push(&off, TENCENT_DOOR, &begun).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_again_changes_nothing() {
    let world = World::start().await;
    let names = deskbridge_twins::tencent::EventNames::default();
    let message = event(
        &names.agent_message,
        USER,
        json!({"MsgKey": "7_4711_1725540020", "MsgBody": text("Hello"), "AgentId": "test@qq.com"}),
    );
    let many = (0..20).map(|_| push(&world, TENCENT_DOOR, &message));
    for answer in join_all(many).await {
        answer.expect(200);
    }
    let session = session_of(&world, USER).await;
    assert_eq!(said(&world, &session).await.len(), 1);
    // One without a key is known by the request.
    let rated = event(&names.rated, USER, json!({"SatisfactionSelected": 3}));
    let later = event(&names.transferred, USER, json!({"AgentId": "b@qq.com"}));
    for (event, request) in [(&rated, "r-1"), (&later, "r-2")] {
        let door = format!("{TENCENT_DOOR}&RequestID={request}");
        for _ in 0..3 {
            push(&world, &door, event).await.expect(200);
        }
    }
    world.all_went_out(&session).await;
    world.app.assert_in_order(&session);
    assert_eq!(
        world.told(&session),
        [
            "session.started",
            "message.received",
            "survey.answered",
            "session.transferred"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_page_names_is_recorded_and_desk_is_asked_at_once() {
    let world = World::with(&[("TENCENT_EVENTS", "")]).await;
    let session = meets_robot(&world, USER).await;
    let taken = world.tencent.agent_takes(USER, "test@qq.com").await;
    assert_eq!(taken.unwrap().status(), Some(200));
    world.tencent.agent_says(USER, "Hello, I am Amy").await;
    until("the agent is heard all the same", async || {
        let said = said(&world, &session).await;
        said == [("agent".to_owned(), "Hello, I am Amy".to_owned(), true)]
    })
    .await;
    until("the agent has the conversation", async || {
        world
            .told(&session)
            .iter()
            .filter(|kind| *kind == "session.started")
            .count()
            == 2
    })
    .await;
    // What was said twice is twice, and what is known is not told again.
    world.tencent.user_says(USER, "Hello").await;
    world.tencent.agent_says(USER, "Hello, I am Amy").await;
    until("all is heard once", async || {
        let said = said(&world, &session).await;
        said.iter().filter(|(from, _, _)| from == "agent").count() == 2
            && said
                .iter()
                .filter(|(from, _, _)| from == "customer")
                .count()
                == 1
    })
    .await;
    assert!(world.raw_items().await.len() >= 3);
    world.settled().await;
    world.app.assert_in_order(&session);
    // What is no event at all, and what is somebody else's callback.
    for body in [
        json!({}),
        json!({"CallbackCommand": "C2C.CallbackAfterSendMsg"}),
        event("SessionBegin", "", json!({})),
        json!([1]),
    ] {
        push(&world, TENCENT_DOOR, &body).await.expect(200);
    }
    let body = "not JSON".to_owned();
    world.push_to(WEBHOOK, TENCENT_DOOR, body).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_callbacks_did_not_bring_is_looked_for() {
    let world = World::with(&[("HEAL_SCHEDULE_SECONDS", "1,1,2")]).await;
    let session = meets_agent(&world, USER).await;
    world.tencent.agent_says(USER, "one").await;
    let sent = json!({"as": "desk", "kind": "text", "content": "from the desk"});
    ask(&world, &session, "messages", sent).await.expect(200);
    world
        .tencent
        .switch(|switches| switches.lose_callbacks = true);
    world.tencent.user_says(USER, "two").await;
    world.tencent.agent_says(USER, "three").await;
    let wanted = [
        ("agent", "one", false),
        ("desk", "from the desk", false),
        ("customer", "two", true),
        ("agent", "three", true),
    ]
    .map(|(from, content, late)| (from.to_owned(), content.to_owned(), late));
    world
        .sweep_until("what was missed is found, once", async || {
            said(&world, &session).await == wanted
        })
        .await;
    // The end is found, too.
    world.tencent.agent_closes(USER, None).await;
    world
        .sweep_until("the end is found", async || {
            world.told(&session).contains(&"session.closed".to_owned())
        })
        .await;
    assert_eq!(said(&world, &session).await, wanted);
    world.app.assert_in_order(&session);
}

/// An event that comes, or comes again, once its message was found is no other message.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_after_a_look_is_not_told_again() {
    let world = World::with(&[("HEAL_SCHEDULE_SECONDS", "1,1,2")]).await;
    let session = meets_agent(&world, USER).await;
    world
        .tencent
        .switch(|switches| switches.lose_callbacks = true);
    world.tencent.robot_says(USER, "one").await;
    world.tencent.user_says(USER, "two").await;
    let wanted = [("robot", "one", true), ("customer", "two", true)]
        .map(|(from, content, late)| (from.to_owned(), content.to_owned(), late));
    world
        .sweep_until("what was missed is found", async || {
            said(&world, &session).await == wanted
        })
        .await;
    let lost = world.tencent.callbacks();
    let lost: Vec<_> = lost
        .iter()
        .map(|callback| &callback.push)
        .filter(|push| push.outcome == PushOutcome::Lost)
        .collect();
    assert_eq!(lost.len(), 2);
    for push_again in lost {
        push(&world, TENCENT_DOOR, &push_again.body)
            .await
            .expect(200);
    }
    assert_eq!(said(&world, &session).await, wanted);
    // The same words, said later, are another message.
    world
        .tencent
        .switch(|switches| switches.lose_callbacks = false);
    let mut later = lost_event(&world, "two");
    later["EventTime"] = json!(later["EventTime"].as_i64().unwrap() + 20_000);
    later["MsgKey"] = json!("7_4711_1725540020");
    push(&world, TENCENT_DOOR, &later).await.expect(200);
    assert_eq!(said(&world, &session).await.len(), 3);
}

/// The event that told of a text, as it was made.
fn lost_event(world: &World, words: &str) -> Value {
    let all = world.tencent.callbacks();
    let has_words = |body: &Value| body["MsgBody"][0]["MsgContent"]["Text"] == words;
    let body = all
        .iter()
        .map(|one| &one.push.body)
        .find(|body| has_words(body));
    body.unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_last_in_the_session_that_was_left_is_looked_for() {
    let world = World::with(&[("HEAL_SCHEDULE_SECONDS", "1,1,2")]).await;
    let session = meets_agent(&world, USER).await;
    let lose = |lose| {
        world
            .tencent
            .switch(|switches| switches.lose_callbacks = lose);
    };
    lose(true);
    world.tencent.agent_says(USER, "the last word").await;
    world.tencent.end_session(USER);
    lose(false);
    world.tencent.user_comes(USER).await;
    assert_eq!(session_of(&world, USER).await, session);
    world.tencent.user_says(USER, "I am back").await;
    world
        .sweep_until("the last word is found", async || {
            let mut said = said(&world, &session).await;
            said.sort();
            said == [
                ("agent".to_owned(), "the last word".to_owned(), true),
                ("customer".to_owned(), "I am back".to_owned(), false),
            ]
        })
        .await;
}

/// Our session ended while the robot went on at Tencent: what was said before is the earlier conversation's.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_before_a_conversation_is_not_looked_for_in_it() {
    let world = World::with(&[("HEAL_SCHEDULE_SECONDS", "1,1,2")]).await;
    let first = meets_robot(&world, USER).await;
    world.tencent.user_says(USER, "one").await;
    world.close(&first).await.expect(200);
    world.tencent.user_says(USER, "two").await;
    let next = session_of(&world, USER).await;
    assert_ne!(next, first);
    // A look that finds nothing makes the next one no less careful. Where a session stands is asked of an open one.
    let standings = || {
        let path = "/v4/desk_http_svc/get_session_state";
        world.tencent.calls_of(path).len()
    };
    let asked = standings();
    world
        .sweep_until("Tencent is asked", async || standings() > asked)
        .await;
    world
        .tencent
        .switch(|switches| switches.lose_callbacks = true);
    world.tencent.robot_says(USER, "three").await;
    let wanted = [("customer", "two", false), ("robot", "three", true)]
        .map(|(from, content, late)| (from.to_owned(), content.to_owned(), late));
    world
        .sweep_until("what was missed is found", async || {
            said(&world, &next).await.len() > 1
        })
        .await;
    assert_eq!(said(&world, &next).await, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_steers_tencents_client_is_shown_to_nobody() {
    let world = World::start().await;
    let session = meets_agent(&world, USER).await;
    for src in ["6", "7", "11", "12", "19", "25", "26"] {
        let data = json!({"customerServicePlugin": 0, "src": src, "content": "x"});
        let outcome = world
            .tencent
            .says(USER, Role::Agent, desk_element(&data))
            .await;
        assert_eq!(outcome.unwrap().status(), Some(200), "{src}");
    }
    assert!(said(&world, &session).await.is_empty());
    // What a customer sends from Tencent's client.
    let card = json!({"customerServicePlugin": 0, "src": "22", "content": {"header": "Edition", "desc": "d",
        "pic": "https://shop.example.com/a.png", "url": "https://shop.example.com/"}});
    world
        .tencent
        .says(USER, Role::User, desk_element(&card))
        .await;
    let place = json!([{"MsgType": "TIMLocationElem", "MsgContent": {"Desc": "here", "Latitude": 29.5, "Longitude": 116.25}}]);
    world.tencent.says(USER, Role::User, place).await;
    let conversation = world.conversation(&session).await;
    assert_eq!(conversation[0]["kind"], "card");
    assert_eq!(conversation[0]["card"]["url"], "https://shop.example.com/");
    assert_eq!(conversation[1]["kind"], "location");
    assert_eq!(
        conversation[1]["place"],
        json!({"latitude": 29.5, "longitude": 116.25})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_conversation_goes_the_app_is_told() {
    let world = World::start().await;
    let session = meets_robot(&world, USER).await;
    world.tencent.user_waits(USER).await;
    world.wait_until_told(&session, "session.queued").await;
    assert_eq!(world.session(&session).await["state"], "queued");
    world.tencent.agent_takes(USER, "a@qq.com").await;
    world.tencent.agent_takes(USER, "b@qq.com").await;
    world.wait_until_told(&session, "session.transferred").await;
    assert_eq!(world.session(&session).await["assignee"]["id"], "b@qq.com");
    world.tencent.user_times_out(USER).await;
    world.tencent.agent_closes(USER, Some(2)).await;
    world.wait_until_told(&session, "session.closed").await;
    world.all_went_out(&session).await;
    assert_eq!(
        world.told(&session),
        [
            "session.started",
            "session.queued",
            "session.started",
            "session.transferred",
            "survey.answered",
            "session.closed"
        ]
    );
    // Whoever comes back begins anew.
    let next = meets_robot(&world, USER).await;
    assert_ne!(next, session);
    world.tencent.nobody_takes(USER).await;
    until("nobody is there", async || {
        let table = world.table();
        let id = deskbridge::ids::SessionId::parse(&next).unwrap();
        let kept = table.session(&id).await.unwrap().unwrap();
        kept.state == deskbridge::session::State::Offline
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_tencent_has_the_customer_is_seen_as_it_is_now() {
    let world = World::with(&[("TENCENT_EVENTS", "")]).await;
    let session = meets_robot(&world, USER).await;
    world.tencent.switch(|switches| {
        switches.accept_at_once = false;
        switches.lose_callbacks = true;
    });
    let before = world.session(&session).await;
    assert_eq!(before["state"], "robot");
    world.tencent.user_waits(USER).await;
    // Tencent is asked once in three seconds, however often the app looks.
    until("the queue is seen", async || {
        world.session(&session).await["state"] == "queued"
    })
    .await;
    world.tencent.agent_takes(USER, "a@qq.com").await;
    until("the agent is seen", async || {
        let seen = world.session(&session).await;
        seen["state"] == "active" && seen["assignee"]["id"] == "a@qq.com"
    })
    .await;
    // A Tencent that is down hides no session; what it said of another one is of no use here.
    let down = Fault::Status(500);
    world
        .tencent
        .fault("POST /v4/desk_http_svc/get_session_state", down, None);
    world
        .tencent
        .switch(|switches| switches.lose_callbacks = false);
    let other = meets_robot(&world, "user46").await;
    assert_eq!(world.session(&other).await["state"], "robot");
    let calls = world
        .tencent
        .calls_of("/v4/desk_http_svc/get_session_state");
    let theirs = world.tencent.user("user46").unwrap();
    let theirs = &theirs.live().unwrap().id;
    let in_vain = calls.iter().filter(|call| {
        let body = call.body.as_ref().unwrap();
        body["SessionId"] == theirs.as_str() && call.status == Some(500)
    });
    assert_ne!(in_vain.count(), 0, "{calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_with_an_agent_ends_at_tencent_too() {
    let world = World::start().await;
    let session = meets_agent(&world, USER).await;
    world.close(&session).await.expect(200);
    assert!(world.tencent.user(USER).unwrap().live().is_none());
    world.wait_until_told(&session, "session.closed").await;
    world.all_went_out(&session).await;
    let ends = world.told(&session);
    assert_eq!(
        ends.iter().filter(|kind| *kind == "session.closed").count(),
        1
    );
    // Tencent ends nothing that a robot has: it is not asked.
    let with_robot = meets_robot(&world, "user46").await;
    world.close(&with_robot).await.expect(200);
    let calls = world.tencent.calls_of("/v4/desk_http_svc/end_session");
    assert_eq!(calls.len(), 1, "{calls:?}");
    // There the conversation goes on, and here it begins anew.
    world.tencent.robot_says("user46", "Are you there?").await;
    assert_ne!(session_of(&world, "user46").await, with_robot);
    // One that Tencent has ended meanwhile, and one that Tencent is too busy to end.
    let gone = meets_agent(&world, "user47").await;
    world.tencent.end_session("user47");
    world.close(&gone).await.expect(200);
    let busy = meets_agent(&world, "user48").await;
    let internal = Fault::code(141_002, "internal");
    world
        .tencent
        .fault("POST /v4/desk_http_svc/end_session", internal, Some(1));
    world.close(&busy).await.expect(202);
    world.wait_until_told(&busy, "session.closed").await;
    assert!(world.tencent.user("user48").unwrap().live().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_takes_over_from_the_robot_where_one_is_there() {
    let world = World::start().await;
    let session = meets_robot(&world, USER).await;
    world
        .tencent
        .switch(|switches| switches.accept_at_once = false);
    let to = json!({"kind": "transfer", "agent": "nobody@qq.com"});
    let refused = ask(&world, &session, "robot-actions", to).await.expect(422);
    assert_eq!(refused.body["error"]["vendor"]["code"], 141_011);
    let to = json!({"kind": "transfer", "agent": "test@qq.com", "group": 2473});
    ask(&world, &session, "robot-actions", to).await.expect(200);
    let call = world
        .tencent
        .calls_of("/v4/desk_http_svc/transfer_to_human");
    let body = call.last().unwrap().body.clone().unwrap();
    assert_eq!(body["AgentIdList"], json!(["test@qq.com"]));
    assert_eq!(body["AgentGroupId"], 2473);
    let seen = world.session(&session).await;
    assert_eq!(
        (&seen["state"], &seen["assignee"]["id"]),
        (&json!("assigning"), &json!("test@qq.com"))
    );
    world.tencent.agent_says(USER, "Here I am").await;
    world.wait_until_told(&session, "message.received").await;

    let alone = meets_robot(&world, "user46").await;
    world.tencent.switch(|switches| switches.agents.clear());
    let anybody = json!({"kind": "transfer"});
    let refused = ask(&world, &alone, "robot-actions", anybody.clone())
        .await
        .expect(422);
    assert_eq!(refused.body["error"]["vendor"]["code"], 141_001);
    let click = json!({"kind": "click", "message_id": "msg_1", "id": "1"});
    let refused = ask(&world, &alone, "robot-actions", click).await;
    assert_eq!(refused.expect(400).body["error"]["field"], "message_id");
    // Whom Tencent has not told of.
    let open = json!({"vendor": "tencent", "customer": "user47"});
    let open = world.call(API_KEY, "POST", "/sessions", Some(open)).await;
    let open = open.expect(201).text_of("id");
    let refused = ask(&world, &open, "robot-actions", anybody).await;
    assert_eq!(refused.expect(400).body["error"]["field"], "kind");
}

/// No page says that a user's message reaches Desk by `openim/sendmsg`: a setting, tried both ways.
#[tokio::test(flavor = "multi_thread")]
async fn the_customers_own_words_reach_the_desk_where_a_setting_says_so() {
    for (setting, must_start) in [("send", false), ("start_and_send", true)] {
        let world = World::with(&[("TENCENT_USER_MESSAGES", setting)]).await;
        world
            .tencent
            .switch(|switches| switches.user_must_start = must_start);
        let open = json!({"vendor": "tencent", "customer": USER});
        let open = world.call(API_KEY, "POST", "/sessions", Some(open)).await;
        let session = open.expect(201).text_of("id");
        let hello = json!({"id": "c-1", "kind": "text", "content": "Hello"});
        ask(&world, &session, "messages", hello).await.expect(200);
        until("Tencent has told of the session", async || {
            world.told(&session).contains(&"session.started".to_owned())
        })
        .await;
        let at_desk = world.tencent.user(USER).unwrap();
        let live = at_desk.live().unwrap();
        assert_eq!(live.phase, Phase::Robot);
        assert_eq!(live.said.len(), 1, "{setting}: {:?}", live.said);
        assert_eq!(live.said[0].role, Role::User);
        // It comes back as an event, and stands in the conversation once; an answer goes into Tencent's session.
        let answer = json!({"as": "desk", "kind": "text", "content": "Good day"});
        ask(&world, &session, "messages", answer).await.expect(200);
        let received = world.tencent.messages_to(USER);
        assert!(matches!(received[0].addressed, Addressing::Session(_)));
        let again = json!({"id": "c-2", "kind": "text", "content": "And again"});
        ask(&world, &session, "messages", again).await.expect(200);
        world.settled().await;
        let froms: Vec<_> = said(&world, &session)
            .await
            .into_iter()
            .map(|(from, content, _)| (from, content))
            .collect();
        let wanted = [
            ("customer", "Hello"),
            ("desk", "Good day"),
            ("customer", "And again"),
        ]
        .map(|(from, content)| (from.to_owned(), content.to_owned()));
        assert_eq!(froms, wanted, "{setting}");
        let starts = world.tencent.calls_of("/v4/openim/sendmsg");
        assert_eq!(starts.len(), if must_start { 3 } else { 2 });
        let randoms: BTreeSet<_> = starts
            .iter()
            .map(|call| call.body.as_ref().unwrap()["MsgRandom"].as_u64())
            .collect();
        assert_eq!(randoms.len(), starts.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_message_reaches_the_customer() {
    let world = World::start().await;
    let session = meets_robot(&world, USER).await;
    let url = |name: &str| format!("https://files.example.com/{name}");
    for (message, kind, field, value) in [
        (
            json!({"kind": "image", "content": url("a.png"), "file": {"size": "1K", "width": 2, "height": 3}}),
            "TIMImageElem",
            "/ImageInfoArray/0",
            json!({"Type": 1, "Size": 1024, "Width": 2, "Height": 3, "URL": url("a.png")}),
        ),
        (
            json!({"kind": "audio", "content": url("a.mp3"), "file": {"duration": 7}}),
            "TIMSoundElem",
            "/Second",
            json!(7),
        ),
        (
            json!({"kind": "video", "content": url("a.mp4"), "file": {"thumbnail": url("a.jpg")}}),
            "TIMVideoFileElem",
            "/ThumbUrl",
            json!(url("a.jpg")),
        ),
        (
            json!({"kind": "file", "content": url("a.pdf")}),
            "TIMFileElem",
            "/FileName",
            json!("a.pdf"),
        ),
        (
            json!({"kind": "location", "content": "here", "place": {"latitude": 29.5, "longitude": 116}}),
            "TIMLocationElem",
            "/Latitude",
            json!(29.5),
        ),
        (
            json!({"kind": "face", "content": "smile", "face": 3}),
            "TIMFaceElem",
            "/Index",
            json!(3),
        ),
    ] {
        let mut message = message;
        message["as"] = json!("desk");
        ask(&world, &session, "messages", message).await.expect(200);
        let received = world.tencent.messages_to(USER);
        let last = &received.last().unwrap().elements[0];
        assert_eq!(last.kind, kind);
        assert_eq!(last.content.pointer(field), Some(&value), "{kind}");
    }
    for (message, field) in [
        (
            json!({"kind": "video", "content": url("a.mp4")}),
            "file.thumbnail",
        ),
        (json!({"kind": "location", "content": "here"}), "place"),
        (
            json!({"kind": "location", "content": "here", "place": {"latitude": 91, "longitude": 0}}),
            "place.latitude",
        ),
        (json!({"kind": "face", "content": "smile"}), "face"),
        (json!({"kind": "text", "content": "x", "face": 1}), "face"),
        (json!({"kind": "rich", "content": "<b>x</b>"}), "kind"),
    ] {
        let mut message = message;
        message["as"] = json!("desk");
        let refused = ask(&world, &session, "messages", message).await.expect(400);
        assert_eq!(refused.body["error"]["field"], field);
    }
}

/// Tencent takes so many calls in a second; over it, a message waits for its place.
#[tokio::test(flavor = "multi_thread")]
async fn the_rate_that_tencent_grants_is_held() {
    let world = World::with(&[("TENCENT_RATE_LIMIT", "10/2")]).await;
    // More than may go out at once.
    let users: Vec<_> = (0..12).map(|number| format!("user{number}")).collect();
    let mut sessions = Vec::new();
    for user in &users {
        sessions.push(meets_robot(&world, user).await);
    }
    let hello = json!({"id": "d-1", "as": "desk", "kind": "text", "content": "Hello"});
    let sent = sessions
        .iter()
        .map(|session| ask(&world, session, "messages", hello.clone()));
    for answer in join_all(sent).await {
        assert!([200, 202].contains(&answer.status), "{answer:?}");
    }
    for session in &sessions {
        world.wait_for_status(session, "d-1", "sent").await;
    }
    let calls = world.tencent.calls_of("/v4/desk_http_svc/send_msg");
    assert_eq!(calls.len(), 12, "each went out once, and none was refused");
    for first in &calls {
        let within = calls.iter().filter(|call| {
            let after = call.at.duration_since(first.at);
            (0..2_000).contains(&after.as_millis())
        });
        assert!(within.count() <= 10);
    }
}

/// Where a message is two calls, each takes a place of its own.
#[tokio::test(flavor = "multi_thread")]
async fn what_begins_a_session_is_counted_beside_its_message() {
    let world = World::with(&[
        ("TENCENT_USER_MESSAGES", "start_and_send"),
        ("TENCENT_RATE_LIMIT", "10/8"),
    ])
    .await;
    let mut sessions = Vec::new();
    for number in 0..5 {
        let open = json!({"vendor": "tencent", "customer": format!("user{number}")});
        let open = world.call(API_KEY, "POST", "/sessions", Some(open)).await;
        sessions.push(open.expect(201).text_of("id"));
    }
    let hello = json!({"id": "c-1", "kind": "text", "content": "Hello"});
    let sent = sessions
        .iter()
        .map(|session| ask(&world, session, "messages", hello.clone()));
    for answer in join_all(sent).await {
        assert!([200, 202].contains(&answer.status), "{answer:?}");
    }
    for session in &sessions {
        world.wait_for_status(session, "c-1", "sent").await;
    }
    let made = world.tencent.calls_of("/v4/openim/sendmsg").len();
    assert!(made >= 10, "{made}");
    let items = world.items().await;
    let places = items.iter().filter(|item| {
        let key = item["pk"].as_str().unwrap_or_default();
        key.starts_with("BUDGET#tencent#POST /v4/openim/sendmsg#")
    });
    let counted: u64 = places.filter_map(|item| item["calls"].as_u64()).sum();
    assert!(
        counted >= u64::try_from(made).unwrap(),
        "{counted} of {made}"
    );
}

/// Contradiction 7: `random` is another one for each request, and `MsgRandom` the message's over all of them.
#[tokio::test(flavor = "multi_thread")]
async fn contradiction_7_random_is_the_requests_and_msg_random_the_messages() {
    let world = World::start().await;
    let session = meets_robot(&world, USER).await;
    let busy = Fault::code(141_002, "internal");
    world
        .tencent
        .fault("POST /v4/desk_http_svc/send_msg", busy, Some(2));
    let hello = json!({"id": "d-1", "as": "desk", "kind": "text", "content": "Hello"});
    ask(&world, &session, "messages", hello).await.expect(202);
    world.wait_for_status(&session, "d-1", "sent").await;
    let calls = world.tencent.calls_of("/v4/desk_http_svc/send_msg");
    let randoms: BTreeSet<_> = calls
        .iter()
        .map(|call| call.query_value("random"))
        .collect();
    let of_message: BTreeSet<_> = calls
        .iter()
        .map(|call| call.body.as_ref().unwrap()["MsgRandom"].as_u64())
        .collect();
    assert_eq!((calls.len(), randoms.len(), of_message.len()), (3, 3, 1));
}

/// Contradiction 6: the page leaves out who `identifier` is: an administrator, or 90009.
#[tokio::test(flavor = "multi_thread")]
async fn contradiction_6_an_administrator_calls() {
    let world = World::with(&[("TENCENT_ADMIN", "somebody")]).await;
    let session = meets_robot(&world, USER).await;
    let hello = json!({"as": "desk", "kind": "text", "content": "Hello"});
    let refused = ask(&world, &session, "messages", hello).await.expect(422);
    assert_eq!(refused.body["error"]["vendor"]["code"], 90_009);
}
