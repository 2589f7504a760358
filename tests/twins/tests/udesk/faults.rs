//! Faults on command.

use std::time::Duration;

use deskbridge_twins::udesk::Fault;
use tokio::time::{Instant, timeout};

use crate::client::{message, start};

const MESSAGES: &str = "POST /im/messages";

#[tokio::test]
async fn refusing_faults_have_no_effect_but_use_the_nonce_up() {
    let (twin, client) = start().await;
    let session = client.open("DE").await;
    let body = message("DE", session, "m1", "hello");
    twin.fault(MESSAGES, Fault::Status(502), Some(1));
    twin.fault(MESSAGES, Fault::code(2000, "unknown error"), Some(1));
    twin.fault(MESSAGES, Fault::Limited, Some(1));
    twin.fault(MESSAGES, Fault::CutBefore, Some(1));
    let query = crate::client::signed();
    let uri = format!("/open_api_v1/im/messages?{query}");
    let json = [("content-type", "application/json")];
    let text = body.to_string();
    assert_eq!(
        client
            .send("POST", &uri, &json, &text)
            .await
            .unwrap()
            .status,
        502
    );
    assert_eq!(client.post("/im/messages", &body).await.code(), 2000);
    assert_eq!(client.post("/im/messages", &body).await.status, 429);
    assert!(client.try_post("/im/messages", &body).await.is_err());
    assert_eq!(twin.messages_from("DE").len(), 0);
    // The first attempt again, as it was signed.
    assert_eq!(
        client
            .send("POST", &uri, &json, &text)
            .await
            .unwrap()
            .code(),
        20623
    );
    assert_eq!(client.post("/im/messages", &body).await.code(), 1000);
    let calls = twin.calls_of("/im/messages");
    assert_eq!(calls[0].fault, Some(Fault::Status(502)));
    assert_eq!(calls[3].status, None);
}

#[tokio::test]
async fn success_can_be_hidden() {
    let (twin, client) = start().await;
    let session = client.open("DE").await;
    twin.fault(MESSAGES, Fault::CutAfter, Some(1));
    twin.fault(MESSAGES, Fault::NeverAnswer, Some(1));
    twin.fault(
        MESSAGES,
        Fault::AnswerLate(Duration::from_millis(80)),
        Some(1),
    );
    let first = message("DE", session, "m1", "1");
    assert!(client.try_post("/im/messages", &first).await.is_err());
    assert_eq!(twin.messages_from("DE").len(), 1);
    let second = message("DE", session, "m2", "2");
    let waited = timeout(
        Duration::from_millis(80),
        client.post("/im/messages", &second),
    );
    assert!(waited.await.is_err());
    let soon = Duration::from_secs(5);
    let two = |twin: &deskbridge_twins::udesk::Twin| twin.messages_from("DE").len() == 2;
    assert!(twin.wait_until(soon, two).await);
    let start = Instant::now();
    assert_eq!(client.write("DE", session, "m3", "3").await, 1000);
    assert!(start.elapsed() >= Duration::from_millis(80));
    // The repeat under the same id is dropped.
    assert_eq!(client.write("DE", session, "m1", "1").await, 1000);
    assert_eq!(twin.messages_from("DE").len(), 3);
    assert_eq!(twin.calls_of("/im/messages")[1].code, Some(1000));
}

#[tokio::test]
async fn a_call_takes_effect_though_its_client_has_left() {
    let (twin, client) = start().await;
    let session = client.open("DE").await;
    twin.fault(MESSAGES, Fault::Slow(Duration::from_millis(100)), Some(1));
    let body = message("DE", session, "m1", "hello");
    let waited = timeout(
        Duration::from_millis(30),
        client.post("/im/messages", &body),
    );
    assert!(waited.await.is_err());
    assert_eq!(twin.messages_from("DE").len(), 0);
    let soon = Duration::from_secs(5);
    let arrived = |twin: &deskbridge_twins::udesk::Twin| twin.messages_from("DE").len() == 1;
    assert!(twin.wait_until(soon, arrived).await);
}

#[tokio::test]
async fn calls_hang_until_released() {
    let (twin, client) = start().await;
    let session = client.open("DE").await;
    twin.fault(MESSAGES, Fault::Hang, None);
    let body = message("DE", session, "m1", "hello");
    let hanging = tokio::spawn(async move { client.post("/im/messages", &body).await.code() });
    let soon = Duration::from_secs(5);
    assert!(twin.wait_until(soon, |twin| twin.hanging() == 1).await);
    assert_eq!(twin.messages_from("DE").len(), 0);
    twin.clear_faults();
    twin.release();
    assert_eq!(hanging.await.unwrap(), 1000);
    assert_eq!(twin.hanging(), 0);
}

#[tokio::test]
async fn calls_can_be_delayed_at_random() {
    let (twin, client) = start().await;
    let range = (Duration::from_millis(20), Duration::from_millis(30));
    twin.switch(|s| s.random_delay = Some(range));
    let start = Instant::now();
    client.open("DE").await;
    assert!(start.elapsed() >= range.0);
}
