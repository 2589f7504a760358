//! What can be asked about a customer: the vendor's number, statuses, unread messages.

use std::collections::BTreeMap;

use deskbridge_twins::udesk::{StatusTexts, Twin, Visitor};
use serde_json::{Value, json};

use crate::client::{Client, start};

async fn number(client: &Client, customer: &str) -> i64 {
    let query = format!("&type=token&content={customer}");
    let answer = client.bare("GET", "/customers/get_customer", &query).await;
    assert_eq!(answer.body["customer"]["open_api_token"], customer);
    answer.body["customer"]["id"].as_i64().unwrap()
}

async fn unread(client: &Client, session: i64, customer: i64) -> Value {
    let query = format!("&im_sub_session_id={session}&customer_id={customer}");
    let path = "/im/messages/unread_customer_offline";
    client.bare("GET", path, &query).await.body
}

fn contents(answer: &Value) -> Vec<&str> {
    let list = answer["unread_messages"].as_array().unwrap();
    list.iter()
        .map(|one| one["data"]["content"].as_str().unwrap())
        .collect()
}

async fn says(twin: &Twin, texts: &[&str]) {
    for text in texts {
        // Nobody listens: the push is lost.
        assert!(!twin.agent_says("DE", text).await.unwrap().is_good());
    }
}

#[tokio::test]
async fn a_customer_has_a_number_of_the_vendors() {
    let (twin, client) = start().await;
    let session = client.open("DE").await;
    client.open("AT").await;
    let de = number(&client, "DE").await;
    assert_ne!(de, number(&client, "AT").await);
    assert_ne!(de, session);
    assert_eq!(number(&client, "DE").await, de);
    for (query, code) in [
        ("&type=token&content=CH", 2015),
        ("&type=email&content=a@b", 2015),
        ("&type=shoe_size&content=44", 2005),
        ("&type=token", 2000),
        ("&content=DE", 2000),
    ] {
        let answer = client.bare("GET", "/customers/get_customer", query).await;
        assert_eq!(answer.code(), code, "{query}");
    }
    // The other way to call it.
    twin.switch(|switches| switches.customer_type = "open_api_token");
    let query = "&type=token&content=DE";
    let answer = client.bare("GET", "/customers/get_customer", query).await;
    assert_eq!(answer.code(), 2005);
    let query = "&type=open_api_token&content=DE";
    let answer = client.bare("GET", "/customers/get_customer", query).await;
    assert_eq!(answer.body["customer"]["id"], de);
}

#[tokio::test]
async fn unread_messages_of_a_session() {
    let (twin, client) = start().await;
    let session = client.open("DE").await;
    let customer = number(&client, "DE").await;
    let welcome = "Hello, what can I help you with?";
    says(&twin, &["one", "two"]).await;
    let answer = unread(&client, session, customer).await;
    assert_eq!(answer["count"], 3);
    assert_eq!(contents(&answer), [welcome, "one", "two"]);
    let first = &answer["unread_messages"][1];
    assert_eq!(first["type"], "message");
    assert_eq!(first["im_sub_session_id"], session);
    assert_eq!(first["agent_name"], "Tom");
    // Events are no messages, and a session is asked for by itself.
    let next = twin.agent_transfers("DE").await.unwrap();
    assert_eq!(unread(&client, session, customer).await["count"], 3);
    let answer = unread(&client, next.im_sub_session_id, customer).await;
    assert_eq!(answer["count"], 1);
    twin.agent_closes("DE", "normal").await.unwrap();
    assert_eq!(unread(&client, session, customer).await["count"], 3);

    twin.switch(|switches| switches.unread_at_most = Some(2));
    let answer = unread(&client, session, customer).await;
    assert_eq!(answer["count"], 3);
    assert_eq!(contents(&answer), [welcome, "one"]);
}

#[tokio::test]
async fn wrong_questions_for_unread_messages() {
    let (_twin, client) = start().await;
    let session = client.open("DE").await;
    let other = client.open("AT").await;
    let customer = number(&client, "DE").await;
    let path = "/im/messages/unread_customer_offline";
    for (query, code) in [
        (format!("&customer_id={customer}"), 2000),
        (format!("&im_sub_session_id={session}"), 2000),
        (format!("&im_sub_session_id=x&customer_id={customer}"), 2005),
        (format!("&im_sub_session_id={session}&customer_id=DE"), 2005),
        (format!("&im_sub_session_id={session}&customer_id=1"), 2015),
        (
            format!("&im_sub_session_id={other}&customer_id={customer}"),
            9200,
        ),
    ] {
        assert_eq!(
            client.bare("GET", path, &query).await.code(),
            code,
            "{query}"
        );
    }
}

#[tokio::test]
async fn statuses_in_either_language() {
    let (twin, client) = start().await;
    let status = async |path: &str| {
        let answer = client.bare("GET", path, "&customer_token=DE").await;
        answer.body["status"].as_str().unwrap().to_owned()
    };
    twin.everyone_busy(3);
    client.open("DE").await;
    assert_eq!(status("/im/queue_status").await, "In queue");
    twin.switch(|switches| switches.statuses = StatusTexts::Chinese);
    assert_eq!(status("/im/queue_status").await, "排队中");
    assert_eq!(status("/im/customer_status").await, "排队中");
}

#[tokio::test]
async fn visitors_of_the_web_page_and_the_sdk() {
    let (twin, client) = start().await;
    let said = json!({"type": "message", "message_id": "m1", "data": {"content": "hi"}});
    twin.web_visitor(
        "w1",
        Visitor {
            id: 71,
            status: 1,
            by_session_key: BTreeMap::from([("k1".to_owned(), 2)]),
            ..Visitor::default()
        },
    );
    twin.sdk_user(
        "s1",
        Visitor {
            id: 72,
            status: 2,
            app_id: Some("app".to_owned()),
            unread: BTreeMap::from([(9, vec![said.clone()])]),
            ..Visitor::default()
        },
    );
    for (query, code) in [
        ("&web_token=w1", 1),
        ("&web_token=w1&session_key=k1", 2),
        ("&web_token=w1&session_key=k2", 0),
        ("&web_token=w2", 3),
        ("&sdk_token=s1", 2),
        ("&sdk_token=w1", 3),
        // The first that has a value.
        ("&customer_token=DE&web_token=w1", 3),
        ("&customer_token=&web_token=w1", 1),
    ] {
        let answer = client.bare("GET", "/im/customer_status", query).await;
        assert_eq!(answer.body["status_code"], code, "{query}");
    }
    let path = "/im/messages/unread_customer_offline";
    let query = "&im_sub_session_id=9&customer_id=72";
    assert_eq!(client.bare("GET", path, query).await.code(), 2000);
    let query = "&im_sub_session_id=9&customer_id=72&app_id=other";
    assert_eq!(client.bare("GET", path, query).await.code(), 2005);
    let query = "&im_sub_session_id=9&customer_id=72&app_id=app";
    let answer = client.bare("GET", path, query).await;
    assert_eq!(
        answer.body,
        json!({"code": 1000, "count": 1, "unread_messages": [said]})
    );
}
