//! `send_msg`: the page's examples, its codes, and what is dropped as a repeat.

use std::time::Duration;

use deskbridge_twins::tencent::Addressing;
use serde_json::{Value, json};

use crate::client::{SEND_MSG, query, start, text};

/// The page's three requests. In the last one the page doubles the backslashes of `Data`; single
/// ones make it the JSON in a string that the text above it describes.
const TO_SESSION: &str = r#"{"SessionId": "fd8a2e30-54de-4e40-bcaf-02718409c5cf","MsgRandom": 8436874,"MsgBody": [{"MsgType": "TIMTextElem","MsgContent": {"Text": "Welcome to use smart customer service. Glad to serve you."}}],"CloudCustomData": "your cloud custom data"}"#;
const TO_ACCOUNT: &str = r#"{"FromAccount": "@customer_service_account","ToAccount": "user45","MsgRandom": 82139,"MsgBody": [{"MsgType": "TIMTextElem","MsgContent": {"Text": "Welcome to register with xx mall. You can purchase the products you want herein. If you have any questions, contact our customer service."}}],"CloudCustomData": "your cloud custom data"}"#;
const CARD: &str = r#"{"FromAccount": "@customer_service_account","ToAccount": "user45","MsgRandom": 82139,"MsgBody": [{"MsgType": "TIMCustomElem","MsgContent": {"Data": "{\"src\": \"22\",\"content\": {\"header\": \"card title\",\"desc\": \"description\",\"pic\": \"https://static.cloudcachetci.com/qcloud/portal/kit/images/presale.a4955999.jpeg\",\"url\": \"https://www.qcloud.com/\"},\"customerServicePlugin\": 0}"}}],"CloudCustomData": "your cloud custom data"}"#;
/// The page's answer.
const OK: &str = r#"{"ActionStatus": "OK","ErrorInfo": "","ErrorCode": 0}"#;

#[tokio::test]
async fn the_pages_examples_reach_the_user() {
    let (twin, client) = start().await;
    let answer = client.try_raw(TO_ACCOUNT).await.unwrap();
    assert_eq!(answer.body, serde_json::from_str::<Value>(OK).unwrap());
    // The same MsgRandom, but other content.
    assert_eq!(client.raw(CARD).await, 0);
    let got = twin.messages_to("user45");
    assert_eq!(got.len(), 2);
    assert_eq!(got[0].addressed, Addressing::Accounts);
    assert_eq!(got[0].from, "@customer_service_account");
    assert_eq!(got[0].msg_random, 82139);
    assert!(got[0].texts()[0].starts_with("Welcome to register with xx mall."));
    assert_eq!(
        got[0].cloud_custom_data.as_deref(),
        Some("your cloud custom data")
    );
    assert_eq!(got[1].custom().unwrap()["content"]["header"], "card title");

    assert_eq!(client.raw(TO_SESSION).await, 141005);
    let session = twin.begin_session("user45");
    let example = TO_SESSION.replace("fd8a2e30-54de-4e40-bcaf-02718409c5cf", &session);
    assert_eq!(client.raw(&example).await, 0);
    let got = twin.messages_to("user45").pop().unwrap();
    assert_eq!(got.addressed, Addressing::Session(session));
    assert_eq!(got.from, "@customer_service_account");
    assert_eq!(
        got.texts(),
        ["Welcome to use smart customer service. Glad to serve you."]
    );
    twin.end_session("user45");
    assert_eq!(client.raw(&example).await, 141005);
}

#[tokio::test]
async fn it_goes_to_a_session_or_from_account_to_account() {
    let (twin, client) = start().await;
    let session = twin.begin_session("user45");
    let from = "@customer_service_account";
    let long = "x".repeat(33);
    for (address, expected) in [
        (json!({"SessionId": session}), 0),
        (json!({"FromAccount": from, "ToAccount": "user45"}), 0),
        (json!({"FromAccount": from, "ToAccount": "x".repeat(32)}), 0),
        (json!({}), 141004),
        (json!({"FromAccount": from}), 141004),
        (json!({"ToAccount": "user45"}), 141004),
        (
            json!({"SessionId": session, "FromAccount": from, "ToAccount": "user45"}),
            141004,
        ),
        (json!({"SessionId": session, "ToAccount": "user45"}), 141004),
        (
            json!({"FromAccount": "user1", "ToAccount": "user45"}),
            141004,
        ),
        (
            json!({"FromAccount": "administrator", "ToAccount": "user45"}),
            141004,
        ),
        (json!({"FromAccount": from, "ToAccount": from}), 141004),
        (
            json!({"FromAccount": from, "ToAccount": "administrator"}),
            141004,
        ),
        (json!({"FromAccount": from, "ToAccount": ""}), 141004),
        (json!({"FromAccount": from, "ToAccount": long}), 141004),
        (json!({"FromAccount": from, "ToAccount": 45}), 90010),
        (json!({"SessionId": 1}), 90010),
        (json!({"SessionId": "another"}), 141005),
        (json!({"SessionId": ""}), 141005),
        // Tencent's other services spell it like this.
        (json!({"From_Account": from, "To_Account": "user45"}), 90010),
    ] {
        let mut body = text("", 1, "hello");
        let fields = body.as_object_mut().unwrap();
        fields.retain(|name, _| name.starts_with("Msg"));
        fields.extend(address.as_object().unwrap().clone());
        assert_eq!(client.code(&body).await, expected, "{address}");
    }
}

#[tokio::test]
async fn each_mistake_has_the_pages_code() {
    let (twin, client) = start().await;
    for (raw, expected) in [
        ("", 90001),
        ("{", 90001),
        ("{\"a\":1,}", 90001),
        ("[]", 90010),
    ] {
        assert_eq!(client.raw(raw).await, expected, "{raw}");
    }
    for (name, value, expected) in [
        ("MsgRandom", Value::Null, 90005),
        ("MsgRandom", json!("1"), 90005),
        ("MsgRandom", json!(1.5), 90005),
        ("MsgRandom", json!(-1), 90005),
        ("MsgRandom", json!(4_294_967_296_u64), 90005),
        ("MsgRandom", json!(4_294_967_295_u64), 0),
        ("MsgBody", json!({}), 90007),
        ("MsgBody", json!("hello"), 90007),
        ("MsgBody", json!([]), 90002),
        ("CloudCustomData", json!({}), 90010),
        ("CloudCustomData", json!("{}"), 0),
        ("ExcludeFromUserRespTimeout", json!(0), 0),
        ("ExcludeFromUserRespTimeout", json!(1), 0),
        ("ExcludeFromUserRespTimeout", json!(2), 141004),
        ("ExcludeFromUserRespTimeout", json!(true), 141004),
        ("SyncOtherMachine", json!(1), 90010),
        ("MsgSeq", json!(1), 90010),
    ] {
        let mut body = text("user45", 1, "hello");
        body[name] = value;
        assert_eq!(client.code(&body).await, expected, "{body}");
    }
    for (name, expected) in [("MsgRandom", 90005), ("MsgBody", 90002)] {
        let mut body = text("user45", 1, "hello");
        body.as_object_mut().unwrap().remove(name);
        assert_eq!(client.code(&body).await, expected, "{body}");
    }
    assert_eq!(twin.calls_of(SEND_MSG).last().unwrap().code, Some(90002));
}

#[tokio::test]
async fn a_message_body_may_have_12_kilobytes() {
    let (_twin, client) = start().await;
    let empty = r#"[{"MsgType":"TIMTextElem","MsgContent":{"Text":""}}]"#;
    let room = 12 * 1024 - empty.len();
    // Bytes of UTF-8 count, not characters.
    let umlauts = "ä".repeat(room / 2);
    for (content, expected) in [
        ("x".repeat(room), 0),
        ("x".repeat(room + 1), 93000),
        (umlauts.clone(), 0),
        (format!("{umlauts}ä"), 93000),
    ] {
        assert_eq!(client.code(&text("user45", 1, &content)).await, expected);
    }
    let mut body = text("user45", 2, "hello");
    body["CloudCustomData"] = "x".repeat(13_000).into();
    assert_eq!(client.code(&body).await, 0);
}

#[tokio::test]
async fn a_repeat_is_answered_well_and_dropped() {
    let (twin, client) = start().await;
    let count = || twin.messages_to("user45").len();
    let body = text("user45", 7, "hello");
    for expected in [1, 1] {
        assert_eq!(client.code(&body).await, 0);
        assert_eq!(count(), expected);
    }
    // Another call, the same message: what differs is `random` in the query.
    let path = format!("{SEND_MSG}?{}", query(&[("random", Some("1"))]));
    client
        .send("POST", &path, &[], &body.to_string())
        .await
        .unwrap();
    assert_eq!(count(), 1);
    for (body, expected) in [
        (text("user45", 8, "hello"), 2),
        (text("user45", 7, "hello!"), 3),
        (text("user46", 7, "hello"), 3),
    ] {
        assert_eq!(client.code(&body).await, 0);
        assert_eq!(count(), expected);
    }
    assert_eq!(twin.messages_to("user46").len(), 1);
    twin.switch(|s| s.clock_offset_seconds = 100);
    client.code(&body).await;
    assert_eq!(count(), 3);
    twin.switch(|s| s.clock_offset_seconds = 121);
    client.code(&body).await;
    assert_eq!(count(), 4);
    twin.switch(|s| s.repeat_window = Duration::ZERO);
    client.code(&body).await;
    assert_eq!(count(), 5);
    twin.switch(|s| {
        s.repeat_window = Duration::from_secs(120);
        s.drop_repeats = false;
    });
    client.code(&body).await;
    assert_eq!(count(), 6);
}

#[tokio::test]
async fn a_refused_message_is_not_remembered_as_sent() {
    let (twin, client) = start().await;
    let session = twin.begin_session("user45");
    let mut body = text("", 1, "hello");
    let fields = body.as_object_mut().unwrap();
    fields.retain(|name, _| name.starts_with("Msg"));
    fields.insert("SessionId".to_owned(), json!("another"));
    assert_eq!(client.code(&body).await, 141005);
    body["SessionId"] = session.into();
    body["ExcludeFromUserRespTimeout"] = 1.into();
    assert_eq!(client.code(&body).await, 0);
    assert!(twin.messages_to("user45")[0].excluded_from_timeout);
}
