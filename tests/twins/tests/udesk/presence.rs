//! What a customer does without saying anything: types, reads, comes and goes.

use std::time::Duration;

use deskbridge_twins::udesk::{Author, RateLimit, ReadMessagesIn, Twin};
use serde_json::{Value, json};

use crate::client::{Client, signed, start};
use crate::wire::Answer;

async fn put(client: &Client, session: &str, body: &Value) -> Answer {
    let path = format!("/open_api_v1/im/sessions/{session}/message_preview");
    let uri = format!("{path}?{}", signed());
    let json = [("content-type", "application/json")];
    let body = body.to_string();
    client.send("PUT", &uri, &json, &body).await.unwrap()
}

async fn types(client: &Client, session: i64, content: &str) -> i64 {
    let body = json!({ "content": content });
    put(client, &session.to_string(), &body).await.code()
}

fn preview(twin: &Twin) -> Option<String> {
    twin.conversation("DE").unwrap().preview
}

#[tokio::test]
async fn the_agent_sees_what_is_being_typed() {
    let (twin, client) = start().await;
    twin.switch(|switches| switches.preview_limit = None);
    let session = client.open("DE").await;
    assert_eq!(types(&client, session, "Hel").await, 1000);
    assert_eq!(types(&client, session, "Hello").await, 1000);
    assert_eq!(preview(&twin).as_deref(), Some("Hello"));
    // Cleared by an empty one, and by a message.
    assert_eq!(types(&client, session, "").await, 1000);
    assert_eq!(preview(&twin), None);
    assert_eq!(types(&client, session, "Hello").await, 1000);
    assert_eq!(client.write("DE", session, "m1", "Hello").await, 1000);
    assert_eq!(preview(&twin), None);

    let wrong = async |session: &str, body: Value| put(&client, session, &body).await.code();
    let number = session.to_string();
    assert_eq!(wrong(&number, json!({})).await, 2000);
    assert_eq!(wrong(&number, json!({"content": 1})).await, 2005);
    assert_eq!(wrong("x", json!({"content": "x"})).await, 2005);
    assert_eq!(wrong("1", json!({"content": "x"})).await, 2062);
    assert_eq!(types(&client, session, "Hello").await, 1000);
    twin.agent_closes("DE", "normal").await.unwrap();
    assert_eq!(preview(&twin), None);
    assert_eq!(types(&client, session, "x").await, 2062);
}

#[tokio::test]
async fn three_previews_a_second_of_one_session() {
    let (twin, client) = start().await;
    let (de, at) = (client.open("DE").await, client.open("AT").await);
    for _ in 0..3 {
        assert_eq!(types(&client, de, "x").await, 1000);
    }
    let over = put(&client, &de.to_string(), &json!({"content": "x"})).await;
    assert_eq!(over.status, 429);
    // Another session has its own.
    assert_eq!(types(&client, at, "x").await, 1000);
    // And the limit of every API holds beside it.
    twin.switch(|switches| {
        switches.preview_limit = None;
        switches.rate_limit = Some(RateLimit {
            calls: 4,
            per: Duration::from_secs(60),
        });
    });
    let over = put(&client, &de.to_string(), &json!({"content": "x"})).await;
    assert_eq!(over.status, 429);
}

#[tokio::test]
async fn previews_have_to_be_activated() {
    let (twin, client) = start().await;
    let session = client.open("DE").await;
    twin.switch(|switches| switches.preview_activated = false);
    assert_eq!(types(&client, session, "x").await, 2065);
    assert_eq!(preview(&twin), None);
}

fn read(twin: &Twin) -> Vec<String> {
    let entries = twin.conversation("DE").unwrap().entries.into_iter();
    entries
        .filter(|entry| entry.from == Author::Agent && entry.read)
        .map(|entry| entry.content)
        .collect()
}

#[tokio::test]
async fn the_customer_reads_what_agents_wrote() {
    let (twin, client) = start().await;
    let session = client.open("DE").await;
    let one = twin.agent_says("DE", "one").await.unwrap().message_ids;
    let two = twin.agent_says("DE", "two").await.unwrap().message_ids;
    let path = "/im/messages/read_messages";
    for (body, code) in [
        (json!({"message_ids": one}), 2000),
        (json!({"session_id": session}), 2000),
        (json!({"session_id": session, "message_ids": "x"}), 2005),
        (json!({"session_id": session, "message_ids": [{}]}), 2005),
        (json!({"session_id": 1, "message_ids": one}), 9200),
    ] {
        assert_eq!(client.post(path, &body).await.code(), code, "{body}");
    }
    assert!(read(&twin).is_empty());
    let body = json!({"session_id": session.to_string(), "message_ids": [one[0], "unheard-of"]});
    assert_eq!(client.post(path, &body).await.code(), 1000);
    assert_eq!(read(&twin), ["one"]);
    // What is read is no longer told as unread.
    let number = twin.conversation("DE").unwrap().id;
    let query = format!("&im_sub_session_id={session}&customer_id={number}");
    let unread = "/im/messages/unread_customer_offline";
    let answer = client.bare("GET", unread, &query).await;
    assert_eq!(answer.body["count"], 2);
    assert_eq!(answer.body["unread_messages"][1]["message_id"], two[0]);

    // As the page's example has it.
    twin.switch(|switches| switches.read_messages_in = ReadMessagesIn::Query);
    assert_eq!(client.post(path, &body).await.code(), 2000);
    let query = format!("&session_id={session}&message_ids=['{}','x']", two[0]);
    assert_eq!(client.bare("POST", path, &query).await.code(), 1000);
    assert_eq!(read(&twin), ["one", "two"]);
    let query = format!("&session_id={session}&message_ids=x");
    assert_eq!(client.bare("POST", path, &query).await.code(), 2005);
}

#[tokio::test]
async fn the_customer_comes_and_goes() {
    let (twin, client) = start().await;
    let session = client.open("DE").await;
    let path = "/im/customer_online_state";
    for (body, code) in [
        (json!({"state": 0}), 2000),
        (json!({"customer_token": "DE"}), 2000),
        (json!({"customer_token": "DE", "state": 2}), 2005),
        (json!({"customer_token": "DE", "state": "0"}), 2005),
        (json!({"customer_token": "CH", "state": 0}), 2015),
        (json!({"customer_token": "DE", "state": 0}), 1000),
    ] {
        assert_eq!(client.post(path, &body).await.code(), code, "{body}");
    }
    assert!(!twin.conversation("DE").unwrap().online);
    // What is written meanwhile is what the look-up of unread messages may be about.
    twin.agent_says("DE", "while away").await.unwrap();
    twin.switch(|switches| switches.unread_only_offline = true);
    let number = twin.conversation("DE").unwrap().id;
    let query = format!("&im_sub_session_id={session}&customer_id={number}");
    let unread = "/im/messages/unread_customer_offline";
    let answer = client.bare("GET", unread, &query).await;
    assert_eq!(answer.body["count"], 1);
    let body = json!({"customer_token": "DE", "state": 1});
    assert_eq!(client.post(path, &body).await.code(), 1000);
    assert!(twin.conversation("DE").unwrap().online);
}
