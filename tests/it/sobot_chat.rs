//! A conversation at Sobot that is held through our own API: what the customer does goes to Sobot's Live Chat API, and
//! what agents say comes by its pushes.

use std::collections::BTreeSet;

use deskbridge_twins::sobot::{
    Call, ConnectedAgain, Fault, MsgKind, Options, PushKind, Reception, Standing, TokenHeader,
};
use futures_util::future::join_all;
use harness::{
    BOUND, push, until,
    world::{API_KEY, Answer, SOBOT_APP_KEY, SOBOT_CHAT, SOBOT_PATH_SECRET, SOBOT_WEBHOOKS, World},
};
use serde_json::{Value, json};

use crate::sobot_token::until_the_token_has_grown;

const CONNECT: &str = "/api/chat/5/user/chat_connect";
const SEND: &str = "/api/chat/5/user/chat_send";
const COMMENT: &str = "/api/chat/5/user/comment";
const OUT: &str = "/api/chat/5/user/out";

/// With some settings more.
async fn world_with(more: &[(&str, &str)]) -> World {
    let settings: Vec<_> = SOBOT_CHAT.iter().chain(more).copied().collect();
    World::with(&settings).await
}

async fn ask(world: &World, customer: &str, assign: Value) -> Answer {
    let mut body = json!({"vendor": "sobot", "customer": customer});
    if !assign.is_null() {
        body["assign"] = assign;
    }
    world.call(API_KEY, "POST", "/sessions", Some(body)).await
}

/// A customer is with an agent; gives our session.
async fn connected(world: &World, customer: &str) -> String {
    let opened = ask(world, customer, Value::Null).await.expect(201);
    assert_eq!(opened.body["state"], "active", "{opened:?}");
    opened.text_of("id")
}

async fn post(world: &World, session: &str, message: Value) -> Answer {
    let path = format!("/sessions/{session}/messages");
    world.call(API_KEY, "POST", &path, Some(message)).await
}

async fn rate(world: &World, session: &str, rating: Value) -> Answer {
    let path = format!("/sessions/{session}/survey");
    world.call(API_KEY, "POST", &path, Some(rating)).await
}

/// What the customer wrote, as the agent sees it.
fn wrote(world: &World, customer: &str) -> Vec<String> {
    let wrote = world.sobot.messages_from(customer).into_iter();
    wrote.map(|message| message.content).collect()
}

/// What was said on either side, as our conversation has it.
async fn lines(world: &World, session: &str) -> Vec<(String, String)> {
    let conversation = world.conversation(session).await.into_iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    conversation
        .map(|said| (text(&said["from"]), text(&said["content"])))
        .collect()
}

/// Which chat of Sobot's our session is bound to, as the table has it.
async fn bound_to(world: &World, session: &str) -> Option<String> {
    let item = world.item(session, "@session").await;
    item["vendor_session"]["S"].as_str().map(str::to_owned)
}

fn cid(world: &World, customer: &str) -> Option<String> {
    Some(world.sobot.visitor(customer)?.cid)
}

fn bodies(calls: &[Call]) -> Vec<Value> {
    let bodies = calls.iter().filter_map(|call| call.body.clone());
    bodies.collect()
}

/// Why a session was closed, as the app was told.
fn closed_by(world: &World, session: &str) -> Option<String> {
    let events = world.app.events_of(session).into_iter();
    let mut closed = events.filter(|event| event.kind == "session.closed");
    let reason = closed.next()?.data["reason"].as_str()?.to_owned();
    assert_eq!(closed.count(), 0, "it ends once");
    Some(reason)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_both_ways_from_the_token_to_the_survey_and_the_end() {
    let world = world_with(&[]).await;
    // The customer's own client, with a token of ours.
    let ask = json!({"kind": "customer", "customer": "DE"});
    let given = world.call(API_KEY, "POST", "/tokens", Some(ask)).await;
    let token = given.expect(200).text_of("token");
    let opened = world
        .call(
            &token,
            "POST",
            "/sessions",
            Some(json!({"vendor": "sobot"})),
        )
        .await
        .expect(201);
    let session = opened.text_of("id");
    assert_eq!(opened.body["state"], "active");
    let agent = Options::default().agent;
    assert_eq!(
        opened.body["assignee"],
        json!({"id": agent.id, "name": agent.name, "avatar": agent.face})
    );
    let scores = opened.body["survey"]["options"].as_array().unwrap();
    let scores: Vec<_> = scores.iter().map(|score| score["id"].clone()).collect();
    assert_eq!(scores, ["1", "2", "3", "4", "5"]);
    let chat = cid(&world, "DE");
    assert!(chat.is_some());
    assert_eq!(bound_to(&world, &session).await, chat);
    world.wait_until_told(&session, "session.started").await;

    // The customer writes, and the agent answers, in whichever form Sobot pushes that.
    let path = format!("/sessions/{session}/messages");
    let says = json!({"id": "c-1", "kind": "text", "content": "Where is my parcel?"});
    let said = world.call(&token, "POST", &path, Some(says)).await;
    assert_eq!(said.expect(200).text_of("status"), "sent");
    assert_eq!(wrote(&world, "DE"), ["Where is my parcel?"]);
    for (push, text) in [
        (PushKind::Unread, "On its way"),
        (PushKind::Offline, "It comes tomorrow"),
    ] {
        let pushed = world.sobot.agent_says("DE", push, text).await;
        assert!(pushed.is_good(), "{pushed:?}");
        assert_eq!(Some(pushed.cid), chat, "the chat that was connected");
    }
    let unread = world
        .sobot
        .agent_says("DE", PushKind::ChatList, "Still there?");
    assert!(unread.await.is_good());
    world.wait_until_told(&session, "customer.unread").await;
    let said = |from: &str, text: &str| (from.to_owned(), text.to_owned());
    assert_eq!(
        lines(&world, &session).await,
        [
            said("customer", "Where is my parcel?"),
            said("agent", "On its way"),
            said("agent", "It comes tomorrow"),
        ]
    );
    assert_eq!(bound_to(&world, &session).await, chat);

    // The survey, and the end.
    let path = format!("/sessions/{session}/survey");
    let rating =
        json!({"option": "5", "resolved": 1, "remark": "Quick", "tags": ["friendly", "clear"]});
    world
        .call(&token, "POST", &path, Some(rating))
        .await
        .expect(200);
    let ratings = world.sobot.ratings_of("DE");
    assert_eq!(ratings.len(), 1);
    assert_eq!(
        (Some(&ratings[0].cid), ratings[0].score),
        (chat.as_ref(), 5)
    );
    assert_eq!(ratings[0].solved, Some(1));
    assert_eq!(ratings[0].tag.as_deref(), Some("friendly,clear"));
    assert_eq!(ratings[0].remark.as_deref(), Some("Quick"));
    assert_eq!(ratings[0].comment_type, Some(1));
    let path = format!("/sessions/{session}");
    let ended = world.call(&token, "DELETE", &path, None).await.expect(200);
    assert_eq!(ended.body["state"], "closed");
    assert_eq!(world.sobot.visitor("DE").unwrap().standing, Standing::Away);
    world.wait_until_told(&session, "session.closed").await;
    assert_eq!(closed_by(&world, &session).as_deref(), Some("customer"));

    // All of it came to the app, in order; Sobot was asked for one token, and for nothing that it does not know.
    world.all_went_out(&session).await;
    world.app.assert_in_order(&session);
    let told: BTreeSet<_> = world.told(&session).into_iter().collect();
    let wanted = [
        "customer.unread",
        "message.received",
        "message.sent",
        "session.closed",
        "session.started",
    ];
    assert_eq!(told, wanted.map(str::to_owned).into());
    for call in world.sobot.calls() {
        assert_eq!(call.unknown_fields, [] as [&str; 0], "{call:?}");
    }
    // As many functions, one token.
    assert_eq!(world.sobot.calls_of("/api/get_token").len(), 1);
    let text = |call: &str| bodies(&world.sobot.calls_of(call));
    assert_eq!(text(CONNECT), [json!({"partnerid": "DE"})]);
    assert_eq!(
        text(SEND),
        [json!({"partnerid": "DE", "content": "Where is my parcel?", "msg_type": "text"})]
    );
    assert_eq!(
        text(COMMENT),
        [
            json!({"partnerid": "DE", "type": 1, "score": 5, "solved": 1, "tag": "friendly,clear",
            "remark": "Quick", "comment_type": 1})
        ]
    );
    assert_eq!(text(OUT), [json!({"partnerid": "DE"})]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_is_told_the_place_and_writes_once_an_agent_is_there() {
    let world = world_with(&[]).await;
    for as_text in [false, true] {
        world.sobot.switch(|switches| {
            switches.answers_as_text = as_text;
            switches.reception = Reception::Busy(3);
        });
        let customer = format!("waits-{as_text}");
        let opened = ask(&world, &customer, Value::Null).await.expect(201);
        let session = opened.text_of("id");
        assert_eq!(
            (&opened.body["state"], &opened.body["queue"]["position"]),
            (&json!("queued"), &json!(3))
        );
        world.wait_until_told(&session, "session.queued").await;
        // Nobody reads it yet. Sobot keeps nothing for later, so it waits here.
        let waits = world.say(&session, "c-1", "Hello?").await.expect(202);
        assert_eq!(waits.text_of("status"), "queued");
        world
            .sobot
            .switch(|switches| switches.reception = Reception::Busy(1));
        until("the place has moved", async || {
            world.session(&session).await["queue"]["position"] == 1
        })
        .await;
        let chat = world.sobot.takes(&customer);
        world.wait_for_status(&session, "c-1", "sent").await;
        assert_eq!(wrote(&world, &customer), ["Hello?"]);
        // That Sobot has taken it says that somebody is there.
        assert_eq!(world.session(&session).await["state"], "active");
        rate(&world, &session, json!({"option": 5}))
            .await
            .expect(200);
        // The agent's first words bring the chat.
        let said = world.sobot.agent_says(&customer, PushKind::Unread, "Hello");
        assert!(said.await.is_good());
        world.wait_until_told(&session, "session.started").await;
        assert_eq!(bound_to(&world, &session).await, Some(chat));
        assert_eq!(world.session(&session).await["state"], "active");
        assert_eq!(world.session(&session).await["queue"], Value::Null);
        world.app.assert_in_order(&session);
        world
            .sobot
            .switch(|switches| switches.reception = Reception::Free);
    }
}

/// To wait in Sobot's queue is no failure: the pauses of what fails don't count, and an agent's first words end the wait.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_an_agent_goes_out_once_one_is_there() {
    let world = world_with(&[("RETRY_SCHEDULE_SECONDS", "60,600")]).await;
    world
        .sobot
        .switch(|switches| switches.reception = Reception::Busy(3));
    let opened = ask(&world, "DE", Value::Null).await.expect(201);
    let session = opened.text_of("id");
    world.say(&session, "c-1", "Hello?").await.expect(202);
    let retry_at = world.session(&session).await["retry_at"].clone();
    let retry_at: jiff::Timestamp = retry_at.as_str().unwrap().parse().unwrap();
    let pause = retry_at.duration_since(jiff::Timestamp::now()).as_secs();
    assert!(pause <= 15, "{pause}");
    world.sobot.takes("DE");
    let said = world.sobot.agent_says("DE", PushKind::Unread, "Hello");
    assert!(said.await.is_good());
    world.wait_until_told(&session, "session.started").await;
    let taken = world.session(&session).await;
    assert_eq!(taken["retry_at"], Value::Null, "{taken}");
    world.say(&session, "c-2", "I ask").await.expect(200);
    assert_eq!(wrote(&world, "DE"), ["Hello?", "I ask"]);
    assert_eq!(world.status(&session, "c-1").await, "sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_may_leave_at_once_whatever_they_wrote() {
    let world = world_with(&[("RETRY_SCHEDULE_SECONDS", "60,600")]).await;
    for (customer, reception, left) in [("DE", Reception::Busy(3), 1), ("FR", Reception::Nobody, 1)]
    {
        world
            .sobot
            .switch(|switches| switches.reception = reception);
        let opened = ask(&world, customer, Value::Null).await.expect(201);
        let session = opened.text_of("id");
        for id in ["c-1", "c-2"] {
            world.say(&session, id, "Hello?").await.expect(202);
        }
        let connects = world.sobot.calls_of(CONNECT).len();
        let ended = world.close(&session).await.expect(200);
        assert_eq!(ended.body["state"], "closed");
        assert_eq!(world.sobot.calls_of(CONNECT).len(), connects);
        assert_eq!(world.sobot.calls_of(OUT).len(), left, "{customer}");
        let standing = world.sobot.visitor(customer).unwrap().standing;
        assert_eq!(standing, Standing::Away);
        for id in ["c-1", "c-2"] {
            assert_eq!(world.status(&session, id).await, "failed");
        }
        world.wait_until_told(&session, "session.closed").await;
        assert_eq!(closed_by(&world, &session).as_deref(), Some("customer"));
        let next = ask(&world, customer, Value::Null).await.expect(201);
        assert_ne!(next.text_of("id"), session);
    }
}

/// An agent has left words for a customer whom nobody had: there is no chat, and the answer begins one.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_words_that_an_agent_has_left_begins_a_chat() {
    let world = world_with(&[]).await;
    world
        .sobot
        .switch(|switches| switches.reception = Reception::Nobody);
    let offline = ask(&world, "DE", Value::Null).await.expect(201);
    let offline = offline.text_of("id");
    assert_eq!(world.session(&offline).await["state"], "offline");
    for customer in ["DE", "FR"] {
        let left = push::sobot_offline(customer, &format!("left-{customer}"), "We have found it");
        let taken = world.push_to(SOBOT_WEBHOOKS[0], SOBOT_PATH_SECRET, left);
        taken.await.expect(200);
    }
    world
        .sobot
        .switch(|switches| switches.reception = Reception::Free);
    for customer in ["DE", "FR"] {
        let session = world.open_session_of(customer).await.unwrap();
        assert_eq!(session["state"], "active");
        let session = session["id"].as_str().unwrap();
        let said = world.say(session, "c-1", "Thank you").await;
        assert!([200, 202].contains(&said.status), "{said:?}");
        world.wait_for_status(session, "c-1", "sent").await;
        assert_eq!(wrote(&world, customer), ["Thank you"]);
        assert_eq!(bound_to(&world, session).await, cid(&world, customer));
        world.wait_until_told(session, "message.sent").await;
        let told = world.told(session);
        let started = told.iter().filter(|kind| *kind == "session.started");
        assert_eq!(started.count(), 1, "{told:?}");
        // Once: what ends now has ended.
        world.sobot.end_chat(customer);
        world.say(session, "c-2", "Hello?").await.expect(409);
    }
}

/// Sobot may call it a duplicate when somebody who waits is asked for again: that holds up no message.
#[tokio::test(flavor = "multi_thread")]
async fn asking_again_for_whoever_waits_changes_nothing() {
    let world = world_with(&[]).await;
    world.sobot.switch(|switches| {
        switches.connected_again = ConnectedAgain::Duplicate;
        switches.reception = Reception::Busy(3);
    });
    let opened = ask(&world, "DE", Value::Null).await.expect(201);
    let session = opened.text_of("id");
    let body = json!({"vendor": "sobot", "customer": "DE", "profile": {"name": "Xiao Ya"}});
    let again = world.call(API_KEY, "POST", "/sessions", Some(body)).await;
    let again = again.expect(200);
    assert_eq!(
        (again.text_of("id"), &again.body["queue"]["position"]),
        (session.clone(), &json!(3))
    );
    // A duplicate says nothing of what it was told.
    assert_eq!(again.body["profile"], Value::Null);
    assert_eq!(world.sobot.calls_of(CONNECT).len(), 2);
    world.sobot.takes("DE");
    world.say(&session, "c-1", "Hello").await.expect(200);
    assert_eq!(wrote(&world, "DE"), ["Hello"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_finds_nobody_is_offline_and_asks_again() {
    let world = world_with(&[]).await;
    world
        .sobot
        .switch(|switches| switches.reception = Reception::Nobody);
    let opened = ask(&world, "DE", Value::Null).await.expect(201);
    let session = opened.text_of("id");
    assert_eq!(opened.body["state"], "offline");
    // Going needs no call.
    world.close(&session).await.expect(200);
    assert!(world.sobot.calls_of(OUT).is_empty());

    let session = ask(&world, "DE", Value::Null).await.expect(201);
    let session = session.text_of("id");
    world
        .sobot
        .switch(|switches| switches.reception = Reception::Free);
    let again = ask(&world, "DE", Value::Null).await.expect(200);
    assert_eq!(
        (again.text_of("id"), &again.body["state"]),
        (session.clone(), &json!("active"))
    );
    world.wait_until_told(&session, "session.started").await;

    // Who is with an agent has that one, and Sobot is left alone.
    let asked = world.sobot.calls_of(CONNECT).len();
    ask(&world, "DE", Value::Null).await.expect(200);
    assert_eq!(world.sobot.calls_of(CONNECT).len(), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sobot_refuses_for_good_is_said_with_its_code() {
    let world = world_with(&[]).await;
    world.sobot.switch(|switches| {
        switches.blacklist.insert("AT".to_owned());
    });
    let refused = ask(&world, "AT", Value::Null).await.expect(422);
    assert_eq!(refused.error_code(), "vendor_refused");
    let vendor = &refused.body["error"]["vendor"];
    assert_eq!(vendor["name"], "sobot");
    assert!(vendor["message"].as_str().unwrap().contains("blacklist"));
    assert_eq!(world.open_session_of("AT").await, None);

    // vendors.md, 2.3, but for the codes of the token.
    let session = connected(&world, "DE").await;
    for code in [
        "400001", "400002", "400003", "400004", "400005", "400006", "400007", "400008", "400009",
        "400010", "400011", "400012", "400013", "700046", "900003", "900004", "999999", "4711",
    ] {
        let fault = Fault::code(code, "as Sobot says");
        world.sobot.fault(&format!("POST {SEND}"), fault, Some(1));
        let refused = world.say(&session, code, code).await.expect(422);
        assert_eq!(
            refused.body["error"]["vendor"],
            json!({"name": "sobot", "code": code, "message": "as Sobot says"})
        );
    }
    assert_eq!(wrote(&world, "DE"), [] as [&str; 0]);
    // One that speaks of a limit is tried again.
    let limit = Fault::code("4711", "too many requests");
    world.sobot.fault(&format!("POST {SEND}"), limit, Some(1));
    world.say(&session, "c-1", "Hello").await.expect(202);
    world.wait_for_status(&session, "c-1", "sent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_outlive_a_sobot_that_is_down_or_limits() {
    let world = world_with(&[]).await;
    let session = connected(&world, "DE").await;
    let send = format!("POST {SEND}");
    for (id, fault) in [("c-1", Fault::Status(503)), ("c-2", Fault::Limited)] {
        world.sobot.fault(&send, fault, Some(2));
        world.say(&session, id, id).await.expect(202);
        world.wait_for_status(&session, id, "sent").await;
    }
    let outage = world.sobot_wire.refuse().await;
    for id in ["c-3", "c-4"] {
        world.say(&session, id, id).await.expect(202);
    }
    outage.clear().await;
    world.wait_for_status(&session, "c-4", "sent").await;
    assert_eq!(wrote(&world, "DE"), ["c-1", "c-2", "c-3", "c-4"]);
    // Opening outlives it too.
    let outage = world.sobot_wire.refuse().await;
    let opening = ask(&world, "FR", Value::Null).await.expect(202);
    assert_eq!(opening.body["state"], "opening");
    outage.clear().await;
    let session = opening.text_of("id");
    world.wait_until_told(&session, "session.started").await;
    assert_eq!(world.session(&session).await["state"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_arrived_is_held_unless_the_setting_says_otherwise() {
    for (setting, status, arrived) in [("", "unknown", 1), ("retry", "sent", 2)] {
        let world = world_with(&[("SOBOT_ON_UNKNOWN", setting)]).await;
        let session = connected(&world, "DE").await;
        let hidden = [Fault::NeverAnswer, Fault::CutAfter];
        for (number, fault) in hidden.into_iter().enumerate() {
            world.sobot.fault(&format!("POST {SEND}"), fault, Some(1));
            let id = format!("c-{number}");
            world.say(&session, &id, &id).await.expect(202);
            world.wait_for_status(&session, &id, status).await;
            let all = wrote(&world, "DE");
            let these = all.iter().filter(|text| **text == id);
            assert_eq!(these.count(), arrived, "{setting:?}: Sobot drops no repeat");
        }
        world.say(&session, "c-9", "c-9").await.expect(200);
        world.app.assert_in_order(&session);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_connecting_that_is_lost_is_asked_for_again() {
    for again in [ConnectedAgain::SameChat, ConnectedAgain::Duplicate] {
        let world = world_with(&[]).await;
        world
            .sobot
            .switch(|switches| switches.connected_again = again);
        let connect = format!("POST {CONNECT}");
        world.sobot.fault(&connect, Fault::CutAfter, Some(1));
        let opening = ask(&world, "DE", Value::Null).await.expect(202);
        let session = opening.text_of("id");
        until("Sobot has answered", async || {
            world.session(&session).await["state"] != "opening"
        })
        .await;
        let state = match again {
            ConnectedAgain::SameChat => "active",
            // Sobot does not say where the customer is: a message finds out.
            ConnectedAgain::Duplicate => "assigning",
        };
        assert_eq!(world.session(&session).await["state"], state, "{again:?}");
        world.say(&session, "c-1", "Hello").await.expect(200);
        assert_eq!(wrote(&world, "DE"), ["Hello"]);
        let said = world.sobot.agent_says("DE", PushKind::Unread, "Hello");
        assert!(said.await.is_good());
        world.wait_until_told(&session, "session.started").await;
        let chat = cid(&world, "DE");
        assert_eq!(bound_to(&world, &session).await, chat);
        assert_eq!(world.sobot.visitor("DE").unwrap().chats.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_at_once_and_each_twice_arrive_once_each_in_the_order_of_the_conversation() {
    // Few processes: a small machine gets further with them.
    let world = World::with_processes(4, 3 * BOUND, &SOBOT_CHAT).await;
    let session = connected(&world, "DE").await;
    let ids: Vec<_> = (0..10).map(|number| format!("c-{number}")).collect();
    let twice = ids.iter().chain(&ids);
    let answers = join_all(twice.map(|id| world.say(&session, id, id))).await;
    let is_taken = |answer: &Answer| [200, 202].contains(&answer.status);
    assert!(answers.iter().all(is_taken), "{answers:?}");
    for id in &ids {
        world.wait_for_status(&session, id, "sent").await;
    }
    let said = lines(&world, &session).await.into_iter();
    let said: Vec<_> = said.map(|(_, content)| content).collect();
    assert_eq!(wrote(&world, "DE"), said);
    assert_eq!(said.len(), 10);
    assert_eq!(world.sobot.calls_of("/api/get_token").len(), 1);
}

/// Sobot pushes no end of a chat: the next message finds out.
#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_the_agent_has_ended_ends_here_with_the_next_message() {
    let world = world_with(&[]).await;
    let session = connected(&world, "DE").await;
    world.sobot.end_chat("DE");
    let late = world.say(&session, "c-1", "Hello?").await.expect(409);
    assert_eq!(late.error_code(), "session_closed");
    world.wait_until_told(&session, "session.closed").await;
    assert_eq!(closed_by(&world, &session).as_deref(), Some("vendor"));
    assert_eq!(wrote(&world, "DE"), [] as [&str; 0]);

    let next = connected(&world, "DE").await;
    assert_ne!(next, session);
    world.say(&next, "c-1", "Hello?").await.expect(200);
    assert_eq!(bound_to(&world, &next).await, cid(&world, "DE"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_says_late_stays_in_the_conversation_that_was_ended() {
    let world = world_with(&[]).await;
    let session = connected(&world, "DE").await;
    let chat = cid(&world, "DE").unwrap();
    world.close(&session).await.expect(200);
    let late = push::sobot_text("DE", "late-1", &chat, "Good bye");
    let taken = world.push_to(SOBOT_WEBHOOKS[1], SOBOT_PATH_SECRET, late);
    taken.await.expect(200);
    world.wait_until_told(&session, "message.received").await;
    assert_eq!(world.session(&session).await["state"], "closed");
    assert_eq!(world.open_session_of("DE").await, None, "nobody began anew");
    // What belongs to no chat that is known begins one.
    let offline = push::sobot_offline("DE", "late-2", "We have found it");
    let taken = world.push_to(SOBOT_WEBHOOKS[0], SOBOT_PATH_SECRET, offline);
    taken.await.expect(200);
    let next = world.open_session_of("DE").await.unwrap();
    assert_ne!(next["id"], session.as_str());
}

/// The same where an agent began it.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_says_late_stays_where_a_push_had_opened_the_conversation() {
    let world = world_with(&[]).await;
    let says = async |id: &str, text: &str| {
        let body = push::sobot_text("DE", id, "cid_1", text);
        let taken = world.push_to(SOBOT_WEBHOOKS[1], SOBOT_PATH_SECRET, body);
        taken.await.expect(200);
    };
    says("first", "Hello").await;
    let session = world.open_session_of("DE").await.unwrap();
    let session = session["id"].as_str().unwrap();
    world.close(session).await.expect(200);
    assert_eq!(world.sobot.calls_of(OUT).len(), 1);
    says("late", "Good bye").await;
    assert_eq!(world.open_session_of("DE").await, None);
    assert_eq!(lines(&world, session).await.len(), 2);
}

/// The push of the agent's first words may overtake the answer to `chat_connect`.
#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_overtakes_the_answer_finds_its_session() {
    let world = world_with(&[("VENDOR_TIMEOUT_MS", "15000")]).await;
    let late = harness::faults::Calls::path("chat_connect").times(1);
    let late = world.sobot_wire.play(late, harness::faults::Fault::Hang);
    let pushes = async {
        late.hit(1).await;
        let body = push::sobot_text("DE", "first", "cid_1", "Hello");
        let taken = world.push_to(SOBOT_WEBHOOKS[1], SOBOT_PATH_SECRET, body);
        taken.await.expect(200);
        late.release();
    };
    let (opened, ()) = tokio::join!(ask(&world, "DE", Value::Null), pushes);
    let session = opened.expect(201).text_of("id");
    world.wait_until_told(&session, "message.received").await;
    let told = world.told(&session);
    let started = told.iter().filter(|kind| *kind == "session.started");
    assert_eq!(started.count(), 1, "{told:?}");
    assert_eq!(world.session(&session).await["state"], "active");
    assert_eq!(bound_to(&world, &session).await.as_deref(), Some("cid_1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_pictures_sounds_and_films_go_out_and_nothing_else_is_kept() {
    let world = world_with(&[]).await;
    let session = connected(&world, "DE").await;
    let url = |name: &str| format!("https://files.example.com/{name}");
    for (kind, content) in [
        ("text", "Hello".to_owned()),
        ("image", url("a.png")),
        ("audio", url("a.mp3")),
        ("audio", url("a.wav?sign=x.y")),
        ("video", url("a.mp4")),
    ] {
        let message = json!({"kind": kind, "content": content});
        post(&world, &session, message).await.expect(200);
    }
    let kinds: Vec<_> = world
        .sobot
        .messages_from("DE")
        .iter()
        .map(|one| one.kind)
        .collect();
    assert_eq!(
        kinds,
        [
            MsgKind::Text,
            MsgKind::Image,
            MsgKind::Voice,
            MsgKind::Voice,
            MsgKind::Video
        ]
    );
    let calls = world.sobot.calls_of(SEND).len();
    let said = lines(&world, &session).await.len();
    for (message, field) in [
        (json!({"kind": "file", "content": url("a.pdf")}), "kind"),
        (json!({"kind": "rich", "content": "<p>x</p>"}), "kind"),
        (json!({"kind": "audio", "content": url("a.amr")}), "content"),
        (json!({"kind": "image", "content": "a.png"}), "content"),
        (
            json!({"kind": "text", "content": "x", "custom": "y"}),
            "custom",
        ),
        (
            json!({"kind": "text", "content": "x", "needs_no_answer": true}),
            "needs_no_answer",
        ),
        (json!({"as": "desk", "kind": "text", "content": "x"}), "as"),
    ] {
        let refused = post(&world, &session, message.clone()).await.expect(400);
        assert_eq!(refused.error_code(), "invalid_request");
        assert_eq!(refused.body["error"]["field"], field, "{message}");
    }
    assert_eq!(world.sobot.calls_of(SEND).len(), calls);
    assert_eq!(lines(&world, &session).await.len(), said);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_a_group_a_sub_channel_and_who_the_customer_is() {
    let world = world_with(&[]).await;
    let agent = Options::default().agent.id;
    let assign = json!({"to": "agent", "agent_id": agent, "group_id": "e5c9a1", "channel": "2"});
    let body = json!({"vendor": "sobot", "customer": "DE", "assign": assign, "profile": {
        "name": "Xiao Ya", "email": "de@example.com", "phones": ["1", "2"],
        "custom_fields": {"order": "A-17"}}});
    let opened = world.call(API_KEY, "POST", "/sessions", Some(body)).await;
    let opened = opened.expect(201);
    assert_eq!(opened.body["state"], "active");
    assert_eq!(opened.body["profile"], json!({"taken": true}));
    assert_eq!(
        bodies(&world.sobot.calls_of(CONNECT)),
        [
            json!({"partnerid": "DE", "agentid": agent, "groupid": "e5c9a1", "channel_flag": 2,
            "user_nick": "Xiao Ya", "user_tels": "1,2", "user_emails": "de@example.com",
            "params": "{\"order\":\"A-17\"}"})
        ]
    );
    // Another agent is not there.
    let other = ask(&world, "FR", json!({"to": "agent", "agent_id": 397})).await;
    assert_eq!(other.expect(201).body["state"], "offline");
    let calls = world.sobot.calls().len();
    for (assign, field) in [
        (json!({"to": "robot"}), "assign.to"),
        (
            json!({"to": "urobot", "robot_id": 1, "scene_id": 2}),
            "assign.to",
        ),
        (json!({"to": "agent", "channel": "shop"}), "assign.channel"),
        (json!({"to": "agent", "agent_id": "a b"}), "assign.agent_id"),
    ] {
        let refused = ask(&world, "IT", assign.clone()).await.expect(400);
        assert_eq!(refused.body["error"]["field"], field, "{assign}");
    }
    for (profile, field) in [
        (json!({"level": "vip"}), "profile.level"),
        (json!({"tags": ["x"]}), "profile.tags"),
        (json!({"description": "x"}), "profile.description"),
    ] {
        let body = json!({"vendor": "sobot", "customer": "IT", "profile": profile});
        let refused = world.call(API_KEY, "POST", "/sessions", Some(body)).await;
        assert_eq!(refused.expect(400).body["error"]["field"], field);
    }
    assert_eq!(world.sobot.calls().len(), calls, "Sobot was not asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_is_rated_once_now_or_after_its_end() {
    let world = world_with(&[]).await;
    let session = connected(&world, "DE").await;
    for (rating, field) in [
        (json!({"option": "0"}), "option"),
        (json!({"option": "6"}), "option"),
        (json!({"option": "5", "resolved": 2}), "resolved"),
        (json!({"option": "5", "tags": ["a,b"]}), "tags"),
        (json!({"option": "5", "tags": "a"}), "tags"),
        (json!({"option": "5", "about": "robot"}), "about"),
    ] {
        let refused = rate(&world, &session, rating.clone()).await.expect(400);
        assert_eq!(refused.body["error"]["field"], field, "{rating}");
    }
    assert!(world.sobot.calls_of(COMMENT).is_empty());
    world.close(&session).await.expect(200);
    rate(&world, &session, json!({"option": 4}))
        .await
        .expect(200);
    let ratings = world.sobot.ratings_of("DE");
    assert_eq!((ratings.len(), ratings[0].score), (1, 4));
    let again = rate(&world, &session, json!({"option": 5})).await;
    assert_eq!(again.expect(422).error_code(), "vendor_refused");

    // The answer is lost, and the repeat finds its own rating.
    let other = connected(&world, "FR").await;
    let comment = format!("POST {COMMENT}");
    world.sobot.fault(&comment, Fault::CutAfter, Some(1));
    rate(&world, &other, json!({"option": 3})).await.expect(202);
    until("the rating is settled", async || {
        world.sobot.calls_of(COMMENT).len() == 4
    })
    .await;
    world.settled().await;
    assert_eq!(world.sobot.ratings_of("FR").len(), 1);
    let path = format!("/deliveries?log=sends&session={other}");
    let dead = world.call(API_KEY, "GET", &path, None).await.expect(200);
    assert_eq!(dead.body["deliveries"], json!([]), "none was given up");

    // vendors.md, 2.5: failed, and nothing that could be rated.
    for status in [0, 3] {
        let body = json!({"ret_code": "000000", "ret_msg": "", "item": {"status": status}});
        let calls = harness::faults::Calls::path("/comment").times(1);
        let body = body.to_string();
        let fault = harness::faults::Fault::Error { status: 200, body };
        world.sobot_wire.play(calls, fault);
        let third = connected(&world, &format!("rates-{status}")).await;
        let refused = rate(&world, &third, json!({"option": 1})).await;
        assert_eq!(refused.expect(422).error_code(), "vendor_refused");
        assert_eq!(world.session(&third).await["state"], "active");
    }
}

/// Sobot rates the present chat, or the last one: what is said of an earlier one would be counted as another's.
#[tokio::test(flavor = "multi_thread")]
async fn a_rating_lands_on_no_other_conversations_chat() {
    let world = world_with(&[("RETRY_SCHEDULE_SECONDS", "5,5")]).await;
    let first = connected(&world, "DE").await;
    world.close(&first).await.expect(200);
    // It is not told at once, and somebody else has the customer by then.
    let comment = format!("POST {COMMENT}");
    world.sobot.fault(&comment, Fault::Status(503), Some(1));
    rate(&world, &first, json!({"option": 1})).await.expect(202);
    let second = connected(&world, "DE").await;
    let path = format!("/deliveries?log=sends&session={first}");
    until("the rating is given up", async || {
        let dead = world.call(API_KEY, "GET", &path, None).await.expect(200);
        dead.body["deliveries"] != json!([])
    })
    .await;
    assert_eq!(world.sobot.ratings_of("DE").len(), 0);
    // It is known from the first.
    let calls = world.sobot.calls_of(COMMENT).len();
    for _ in 0..2 {
        let refused = rate(&world, &first, json!({"option": 1})).await;
        assert_eq!(refused.expect(400).error_code(), "invalid_request");
        world.close(&second).await.expect(200);
    }
    assert_eq!(world.sobot.calls_of(COMMENT).len(), calls);
    rate(&world, &second, json!({"option": 5}))
        .await
        .expect(200);
    let ratings = world.sobot.ratings_of("DE");
    assert_eq!((ratings.len(), ratings[0].score), (1, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_ends_at_sobot_too() {
    let world = world_with(&[]).await;
    // Behind what was written before.
    let session = connected(&world, "DE").await;
    let send = format!("POST {SEND}");
    world.sobot.fault(&send, Fault::Status(503), Some(1));
    world.say(&session, "c-1", "one").await.expect(202);
    world.close(&session).await.expect(202);
    world.wait_until_told(&session, "session.closed").await;
    assert_eq!(wrote(&world, "DE"), ["one"]);
    assert_eq!(world.sobot.visitor("DE").unwrap().standing, Standing::Away);
    // Out of the queue.
    world
        .sobot
        .switch(|switches| switches.reception = Reception::Busy(2));
    let waits = ask(&world, "FR", Value::Null).await.expect(201);
    let waits = waits.text_of("id");
    world.close(&waits).await.expect(200);
    assert_eq!(world.sobot.visitor("FR").unwrap().standing, Standing::Away);
    world
        .sobot
        .switch(|switches| switches.reception = Reception::Free);
    // What Sobot has ended before can't be ended, and has ended.
    let gone = connected(&world, "IT").await;
    world.sobot.end_chat("IT");
    let ended = world.close(&gone).await.expect(200);
    assert_eq!(ended.body["state"], "closed");
    world.wait_until_told(&gone, "session.closed").await;
    assert_eq!(closed_by(&world, &gone).as_deref(), Some("customer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_is_granted_without_a_word_is_believed() {
    let world = world_with(&[]).await;
    world
        .sobot
        .switch(|switches| switches.out_says_nothing = true);
    let session = connected(&world, "DE").await;
    let ended = world.close(&session).await.expect(200);
    assert_eq!(ended.body["state"], "closed");
    // The next chat is nobody's to end.
    let next = connected(&world, "DE").await;
    world.settled().await;
    assert_eq!(world.sobot.calls_of(OUT).len(), 1);
    world.say(&next, "c-1", "Hello").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_prefix_and_the_other_header_are_settings() {
    let world = world_with(&[
        ("SOBOT_CHAT_PREFIX", "/api/5/user/"),
        ("SOBOT_TOKEN_HEADER", "bearer"),
    ])
    .await;
    world.sobot.switch(|switches| {
        switches.chat_prefix = "/api/5/user/".to_owned();
        switches.token_header = TokenHeader::Bearer;
    });
    let session = connected(&world, "DE").await;
    world.say(&session, "c-1", "Hello").await.expect(200);
    world.close(&session).await.expect(200);
    assert_eq!(wrote(&world, "DE"), ["Hello"]);
    assert_eq!(world.sobot.calls_of("/api/5/user/out").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_application_customers_write_on_sobots_own_page() {
    let world = World::start().await;
    let opened = ask(&world, "DE", Value::Null).await.expect(201);
    assert_eq!(opened.body["state"], "opening");
    let session = opened.text_of("id");
    let refused = world.say(&session, "c-1", "Hello").await.expect(400);
    assert_eq!(refused.body["error"]["field"], "as");
    let refused = ask(&world, "FR", json!({"to": "agent"})).await.expect(400);
    assert_eq!(refused.body["error"]["field"], "assign");
    let refused = rate(&world, &session, json!({"option": 5})).await;
    refused.expect(400);
    world.close(&session).await.expect(200);
    assert!(world.sobot.calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_key_nor_token_nor_what_is_said_is_logged() {
    let world = world_with(&[("RUST_LOG", "trace"), ("RETRY_SCHEDULE_SECONDS", "1,1")]).await;
    let session = connected(&world, "DE").await;
    world
        .say(&session, "c-1", "a-private-word")
        .await
        .expect(200);
    let first = world.sobot.app_token().unwrap();
    // One that is younger is not replaced.
    until_the_token_has_grown(&world).await;
    world.sobot.forget_app_tokens();
    world
        .say(&session, "c-2", "a-private-word")
        .await
        .expect(200);
    let second = world.sobot.app_token().unwrap();
    for (id, fault) in [
        ("c-3", Fault::Status(500)),
        ("c-4", Fault::CutAfter),
        ("c-5", Fault::code("999999", "no")),
    ] {
        world.sobot.fault(&format!("POST {SEND}"), fault, Some(1));
        world.say(&session, id, "a-private-word").await;
    }
    world.settled().await;
    world.close(&session).await.expect(200);
    world.app.wait_for_events_of(&session, 3, BOUND).await;
    let signs = world.sobot.calls_of("/api/get_token");
    let signs = signs.iter().map(|call| call.query_value("sign").to_owned());
    let secrets = [
        SOBOT_APP_KEY.to_owned(),
        first,
        second,
        "a-private-word".to_owned(),
    ];
    for secret in signs.chain(secrets) {
        assert!(!secret.is_empty() && !world.logged(&secret), "{secret}");
    }
    assert!(world.logged("chat_send"), "the calls themselves are");
    // Nor is the token told to anybody.
    for (_, answer) in world.answers.lock().unwrap().iter() {
        assert!(!answer.text.contains(SOBOT_APP_KEY));
    }
}
