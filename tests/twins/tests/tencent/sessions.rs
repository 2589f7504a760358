//! What can be asked and done of sessions: `get_session_state`, `end_session`, `transfer_to_human`,
//! `describe_chat_messages`, and what users say by `openim/sendmsg`.

use deskbridge_twins::tencent::{Phase, Role, Twin, text};
use serde_json::{Value, json};

use crate::client::{Client, query, start};

const STATE: &str = "get_session_state";
const END: &str = "end_session";
const TRANSFER: &str = "transfer_to_human";
const DESCRIBE: &str = "describe_chat_messages";

async fn ask(client: &Client, command: &str, body: &Value) -> Value {
    let path = format!("/v4/desk_http_svc/{command}?{}", query(&[]));
    let answer = client.post(&path, body).await;
    assert_eq!(answer.status, 200);
    answer.body
}

async fn code(client: &Client, command: &str, body: &Value) -> i64 {
    ask(client, command, body).await["ErrorCode"]
        .as_i64()
        .unwrap()
}

async fn standing(client: &Client, session: &str) -> (Value, Value) {
    let said = ask(client, STATE, &json!({ "SessionId": session })).await;
    (said["CurrentState"].clone(), said["AgentId"].clone())
}

async fn with_agent(twin: &Twin, user: &str) -> String {
    let session = twin.begin_session(user);
    twin.agent_takes(user, "test@qq.com").await;
    session
}

/// The page's states, and both forms of the question.
#[tokio::test]
async fn a_session_stands_where_it_is() {
    let (twin, client) = start().await;
    let session = twin.begin_session("user1");
    assert_eq!(
        standing(&client, &session).await,
        (json!("Chatbot"), json!(""))
    );
    twin.user_waits("user1").await;
    assert_eq!(standing(&client, &session).await.0, "Queuing");
    twin.agent_takes("user1", "a@qq.com").await;
    let by_user =
        json!({"ClientUserId": "user1", "CustomerServiceId": "@customer_service_account"});
    let said = ask(&client, STATE, &by_user).await;
    assert_eq!(
        (&said["SessionId"], &said["CurrentState"], &said["AgentId"]),
        (&json!(session), &json!("Agent"), &json!("a@qq.com"))
    );
    twin.agent_closes("user1", None).await;
    assert_eq!(
        code(&client, STATE, &json!({ "SessionId": session })).await,
        141005
    );
    twin.switch(|switches| switches.no_session_word = "Not in session".to_owned());
    assert_eq!(
        ask(&client, STATE, &by_user).await["CurrentState"],
        "Not in session"
    );
    for body in [
        json!({}),
        json!({"SessionId": session, "ClientUserId": "user1"}),
        json!({"ClientUserId": "user1"}),
        json!({"ClientUserId": "user1", "CustomerServiceId": "@another"}),
    ] {
        assert_eq!(code(&client, STATE, &body).await, 141004, "{body}");
    }
    assert_eq!(code(&client, STATE, &json!({"Session": "x"})).await, 90010);
}

/// "End a session that has been transferred to a human".
#[tokio::test]
async fn only_what_a_person_has_is_ended() {
    let (twin, client) = start().await;
    let session = twin.begin_session("user1");
    let end = json!({ "SessionId": session });
    assert_eq!(code(&client, END, &end).await, 141004);
    twin.agent_takes("user1", "a@qq.com").await;
    assert_eq!(code(&client, END, &end).await, 0);
    assert!(twin.user("user1").unwrap().live().is_none());
    assert_eq!(code(&client, END, &end).await, 141005);
    assert_eq!(code(&client, END, &json!({})).await, 141004);
}

#[tokio::test]
async fn a_user_is_handed_on_to_who_is_online() {
    let (twin, client) = start().await;
    twin.switch(|switches| switches.accept_at_once = false);
    let session = twin.begin_session("user1");
    let to =
        |agents: Value| json!({"SessionId": session, "AgentIdList": agents, "AgentGroupId": 2473});
    assert_eq!(
        code(&client, TRANSFER, &to(json!(["nobody@qq.com"]))).await,
        141011
    );
    let answer = ask(&client, TRANSFER, &to(json!(["test@qq.com"]))).await;
    assert_eq!(answer["AgentId"], "test@qq.com");
    let phase = twin.user("user1").unwrap().live().unwrap().phase.clone();
    assert_eq!(phase, Phase::Waiting("test@qq.com".to_owned()));
    assert_eq!(
        standing(&client, &session).await.0,
        "WaitingForAgentAnswering"
    );
    let any = json!({ "SessionId": session });
    assert_eq!(code(&client, TRANSFER, &any).await, 141003);
    let other = twin.begin_session("user2");
    twin.switch(|switches| switches.agents.clear());
    let any = json!({ "SessionId": other });
    assert_eq!(code(&client, TRANSFER, &any).await, 141001);
    for body in [
        json!({}),
        json!({"SessionId": other, "AgentIdList": "a@qq.com"}),
        json!({"SessionId": other, "AgentIdList": [1]}),
        json!({"SessionId": other, "AgentGroupId": "2473"}),
        json!({"SessionId": other, "SendTipIfNoAgentOnline": 2}),
    ] {
        assert_eq!(code(&client, TRANSFER, &body).await, 141004, "{body}");
    }
    let gone = json!({"SessionId": "gone"});
    assert_eq!(code(&client, TRANSFER, &gone).await, 141005);
}

#[tokio::test]
async fn what_was_said_is_read_page_by_page() {
    let (twin, client) = start().await;
    let session = with_agent(&twin, "user1").await;
    twin.user_says("user1", "one").await;
    twin.agent_says("user1", "two").await;
    twin.says("user1", Role::System, text("three")).await;
    let page = |more: Value| {
        let mut body = json!({ "SessionId": session });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let roles = async |body: Value| -> Vec<i64> {
        let said = ask(&client, DESCRIBE, &body).await;
        assert_eq!(said["TotalCount"], 3);
        let messages = said["Messages"].as_array().unwrap().clone();
        messages
            .iter()
            .map(|one| one["FromAccountRole"].as_i64().unwrap())
            .collect()
    };
    assert_eq!(roles(page(json!({}))).await, [3, 2, 1]);
    assert_eq!(roles(page(json!({"Order": 1}))).await, [1, 2, 3]);
    assert_eq!(
        roles(page(json!({"Order": 1, "Limit": 1, "Offset": 1}))).await,
        [2]
    );
    // It can be read when it has ended.
    twin.agent_closes("user1", None).await;
    assert_eq!(roles(page(json!({}))).await.len(), 3);
    for more in [
        json!({"Limit": 101}),
        json!({"Limit": 0}),
        json!({"Order": 3}),
        json!({"Offset": -1}),
    ] {
        assert_eq!(
            code(&client, DESCRIBE, &page(more.clone())).await,
            141004,
            "{more}"
        );
    }
}

#[tokio::test]
async fn what_a_user_sends_reaches_desk_or_not() {
    let (twin, client) = start().await;
    let send = async |changes: Value| {
        let mut body = json!({"SyncOtherMachine": 1, "From_Account": "user1",
            "To_Account": "@customer_service_account", "MsgRandom": 1, "MsgBody": text("hello")});
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        let path = format!("/v4/openim/sendmsg?{}", query(&[]));
        client.post(&path, &body).await.body["ErrorCode"].as_i64()
    };
    twin.switch(|switches| switches.user_must_start = true);
    assert_eq!(send(json!({})).await, Some(0));
    assert!(twin.user("user1").unwrap_or_default().live().is_none());
    let start = json!([{"MsgType": "TIMCustomElem", "MsgContent": {"Data": r#"{"customerServicePlugin":0,"src":"7"}"#}}]);
    let start = json!({"MsgRandom": 2, "OnlineOnlyFlag": 1, "MsgBody": start});
    assert_eq!(send(start).await, Some(0));
    assert_eq!(send(json!({"MsgRandom": 3})).await, Some(0));
    // A repeat.
    assert_eq!(send(json!({"MsgRandom": 3})).await, Some(0));
    let user = twin.user("user1").unwrap();
    assert_eq!(user.live().unwrap().said.len(), 1);
    for changes in [
        json!({"FromAccount": "user1"}),
        json!({"To_Account": "user2"}),
        json!({"SyncOtherMachine": 3}),
    ] {
        assert_eq!(send(changes.clone()).await, Some(90010), "{changes}");
    }
    assert_eq!(send(json!({"MsgRandom": -1})).await, Some(90005));
    assert_eq!(
        send(json!({"MsgBody": text(&"x".repeat(13_000))})).await,
        Some(93000)
    );
}

#[tokio::test]
async fn more_calls_than_are_taken_in_a_second_are_refused() {
    let (twin, client) = start().await;
    twin.switch(|switches| switches.rate_limit = Some(3));
    let session = twin.begin_session("user1");
    let path = format!("/v4/desk_http_svc/{STATE}?{}", query(&[]));
    let mut answers = Vec::new();
    for by_status in [false, false, false, false, true] {
        twin.switch(|switches| switches.limits_by_status = by_status);
        let answer = client.post(&path, &json!({ "SessionId": session })).await;
        answers.push((answer.status, answer.text.contains("60007")));
    }
    assert_eq!(
        answers,
        [
            (200, false),
            (200, false),
            (200, false),
            (200, true),
            (429, false)
        ]
    );
}
