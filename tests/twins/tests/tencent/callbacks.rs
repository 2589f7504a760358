//! `Desk.SessionEventNotify`: what is told, and how it is signed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use deskbridge_twins::tencent::{Role, Twin, desk_element, text};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::client::{self, start};

type Got = Arc<Mutex<Vec<(BTreeMap<String, String>, Value)>>>;

/// The callback URL: keeps what comes, and answers so.
async fn receiver(twin: &Twin, answer: &'static str) -> Got {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let got: Got = Arc::default();
    twin.set_callback_url(format!("http://{}/secret", listener.local_addr().unwrap()));
    let receive = move |State(got): State<Got>,
                        Query(query): Query<BTreeMap<String, String>>,
                        body: String| async move {
        let body = serde_json::from_str(&body).unwrap();
        got.lock().unwrap().push((query, body));
        answer
    };
    let router = Router::new().fallback(receive).with_state(got.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    got
}

const FIXED: &str = r#"{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}"#;

/// vendors.md 3.4: the parameters and fields of the page.
#[tokio::test]
async fn an_event_has_the_pages_query_and_fields() {
    let (twin, _client) = start().await;
    let got = receiver(&twin, FIXED).await;
    let session = twin.user_comes("user45").await;
    twin.user_says("user45", "How to request a refund?").await;
    let got = got.lock().unwrap().clone();
    let names: Vec<_> = got.iter().map(|(_, body)| body["Event"].clone()).collect();
    assert_eq!(names, ["SessionBegin", "ChatBot.UserSendMsg"]);
    let (query, body) = &got[1];
    for (name, value) in [
        ("SdkAppid", "1400000000"),
        ("CallbackCommand", "Desk.SessionEventNotify"),
        ("contenttype", "json"),
        ("ClientIP", "127.0.0.1"),
    ] {
        assert_eq!(query.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(query.contains_key("RequestID") && !query.contains_key("Sign"));
    assert_ne!(got[0].0["RequestID"], query["RequestID"]);
    assert_eq!(body["SessionId"], json!(session));
    assert_eq!(body["MsgBody"], text("How to request a refund?"));
    assert_eq!(body["MsgKey"].as_str().unwrap().split('_').count(), 3);
    for name in [
        "EventTime",
        "ChannelType",
        "ClientUserId",
        "CustomerServiceId",
        "AgentId",
        "IsContactUser",
    ] {
        assert!(body.get(name).is_some(), "{name}");
    }
    let callbacks = twin.callbacks();
    assert!(callbacks.iter().all(|callback| callback.good));
}

/// vendors.md 3.6, and vector T1's form.
#[tokio::test]
async fn with_a_token_it_is_signed() {
    let (twin, _client) = start().await;
    let got = receiver(&twin, FIXED).await;
    twin.switch(|switches| switches.callback_token = Some("xxxxyyyy".to_owned()));
    twin.user_comes("user45").await;
    let got = got.lock().unwrap().clone();
    let (query, _) = &got[0];
    let time = &query["RequestTime"];
    let digest = Sha256::digest(format!("xxxxyyyy{time}"));
    let sign: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(query["Sign"], sign);
    let off = jiff::Timestamp::now().as_second() - time.parse::<i64>().unwrap();
    assert!((0..=5).contains(&off), "{off}");
}

#[tokio::test]
async fn what_is_sent_through_the_api_comes_back_with_its_random() {
    let (twin, client) = start().await;
    let got = receiver(&twin, FIXED).await;
    twin.begin_session("user45");
    assert_eq!(
        client.code(&client::text("user45", 4_711, "hello")).await,
        0
    );
    let came = twin.wait_until(Duration::from_secs(10), |twin| !twin.callbacks().is_empty());
    assert!(came.await);
    let body = got.lock().unwrap()[0].1.clone();
    assert_eq!(body["Event"], "ChatBot.RobotSendMsg");
    let key = body["MsgKey"].as_str().unwrap();
    assert_eq!(key.split('_').nth(1), Some("4711"));
    // Whoever is in no session has no event.
    assert_eq!(client.code(&client::text("user46", 5, "hello")).await, 0);
    assert_eq!(twin.callbacks().len(), 1);
}

#[tokio::test]
async fn what_is_answered_otherwise_is_told_again_under_the_same_name() {
    let (twin, _client) = start().await;
    let got = receiver(&twin, "").await;
    twin.switch(|switches| switches.callback_retries = 2);
    twin.begin_session("user45");
    let data = json!({"customerServicePlugin": 0, "src": "12"});
    twin.says("user45", Role::Agent, desk_element(&data)).await;
    let got = got.lock().unwrap().clone();
    assert_eq!(got.len(), 3);
    assert!(got.iter().all(|one| *one == got[0]));
    assert!(twin.callbacks().iter().all(|callback| !callback.good));
}
