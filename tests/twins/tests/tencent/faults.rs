//! Faults on command.

use std::time::Duration;

use deskbridge_twins::tencent::Fault;
use tokio::time::timeout;

use crate::client::{SEND_MSG, start, text};

const SEND: &str = "POST /v4/desk_http_svc/send_msg";

#[tokio::test]
async fn refusing_faults_have_no_effect() {
    let (twin, client) = start().await;
    twin.switch(|s| {
        s.limits_by_status = true;
        s.retry_after = Some(7);
    });
    let body = text("user45", 1, "hello");
    let raw = body.to_string();
    twin.fault(SEND, Fault::code(141002, "internal error"), Some(2));
    twin.fault(SEND, Fault::Limited, Some(1));
    twin.fault(SEND, Fault::Status(502), Some(1));
    twin.fault(SEND, Fault::CutBefore, Some(1));
    assert_eq!(client.code(&body).await, 141002);
    assert_eq!(client.code(&body).await, 141002);
    let limited = client.try_raw(&raw).await.unwrap();
    assert_eq!(
        (limited.status, limited.retry_after.as_deref()),
        (429, Some("7"))
    );
    let gateway = client.try_raw(&raw).await.unwrap();
    assert_eq!(gateway.status, 502);
    assert!(gateway.text.contains("<html>"));
    assert!(client.try_raw(&raw).await.is_err());
    assert_eq!(twin.messages_to("user45").len(), 0);
    assert_eq!(client.code(&body).await, 0);
    let calls = twin.calls_of(SEND_MSG);
    assert_eq!(calls[0].code, Some(141002));
    assert_eq!(calls[4].fault, Some(Fault::CutBefore));
    assert_eq!(calls[4].status, None);
}

#[tokio::test]
async fn success_can_be_hidden_and_the_repeat_is_dropped() {
    let (twin, client) = start().await;
    twin.fault(SEND, Fault::CutAfter, Some(1));
    twin.fault(SEND, Fault::NeverAnswer, Some(1));
    let body = text("user45", 1, "hello");
    assert!(client.try_raw(&body.to_string()).await.is_err());
    assert_eq!(twin.messages_to("user45").len(), 1);
    let second = text("user45", 2, "there");
    let waited = timeout(Duration::from_millis(80), client.code(&second));
    assert!(waited.await.is_err());
    let soon = Duration::from_secs(5);
    let two = |twin: &deskbridge_twins::tencent::Twin| twin.messages_to("user45").len() == 2;
    assert!(twin.wait_until(soon, two).await);
    assert_eq!(twin.calls_of(SEND_MSG)[1].code, Some(0));
    assert_eq!(client.code(&body).await, 0);
    assert_eq!(client.code(&second).await, 0);
    assert_eq!(twin.messages_to("user45").len(), 2);
}

#[tokio::test]
async fn calls_hang_until_released() {
    let (twin, client) = start().await;
    twin.fault(SEND, Fault::Hang, None);
    let hanging = tokio::spawn(async move { client.code(&text("user45", 1, "hello")).await });
    let soon = Duration::from_secs(5);
    assert!(twin.wait_until(soon, |twin| twin.hanging() == 1).await);
    assert_eq!(twin.messages_to("user45").len(), 0);
    twin.clear_faults();
    twin.release();
    assert_eq!(hanging.await.unwrap(), 0);
}
