//! Faults on command.

use std::time::Duration;

use deskbridge_twins::sobot::Fault;
use tokio::time::timeout;

use crate::client::{TOKEN, request, start};

const ASK: &str = "POST /api/page/token";

#[tokio::test]
async fn refusing_faults_give_no_token() {
    let (twin, client) = start().await;
    twin.switch(|s| s.retry_after = Some(7));
    let body = request("DE", None);
    twin.fault(ASK, Fault::code("900004", "no API configuration"), Some(2));
    twin.fault(ASK, Fault::Limited, Some(1));
    twin.fault(ASK, Fault::Status(503), Some(1));
    twin.fault(ASK, Fault::CutBefore, Some(1));
    assert_eq!(client.ask(&body).await.code(), "900004");
    assert_eq!(client.ask(&body).await.code(), "900004");
    let limited = client.try_ask(&body).await.unwrap();
    assert_eq!(
        (limited.status, limited.retry_after.as_deref()),
        (429, Some("7"))
    );
    assert_eq!(client.try_ask(&body).await.unwrap().status, 503);
    assert!(client.try_ask(&body).await.is_err());
    assert_eq!(client.ask(&body).await.code(), "000000");
    let calls = twin.calls_of(TOKEN);
    let seen: Vec<_> = calls
        .iter()
        .map(|call| (call.status, call.code.as_deref()))
        .collect();
    let code = |status, code| (Some(status), Some(code));
    assert_eq!(
        seen,
        [
            code(200, "900004"),
            code(200, "900004"),
            (Some(429), None),
            (Some(503), None),
            (None, None),
            code(200, "000000"),
        ]
    );
}

#[tokio::test]
async fn success_can_be_hidden() {
    let (twin, client) = start().await;
    let body = request("DE", None);
    twin.fault(ASK, Fault::CutAfter, Some(1));
    twin.fault(ASK, Fault::NeverAnswer, Some(1));
    assert!(client.try_ask(&body).await.is_err());
    let waited = timeout(Duration::from_millis(80), client.ask(&body));
    assert!(waited.await.is_err());
    for call in twin.calls_of(TOKEN) {
        assert_eq!((call.status, call.code.as_deref()), (None, Some("000000")));
    }
}

#[tokio::test]
async fn calls_hang_until_released() {
    let (twin, client) = start().await;
    twin.fault(ASK, Fault::Hang, None);
    let body = request("DE", None);
    let hanging = tokio::spawn(async move { client.ask(&body).await.status });
    let soon = Duration::from_secs(5);
    assert!(twin.wait_until(soon, |twin| twin.hanging() == 1).await);
    twin.clear_faults();
    twin.release();
    assert_eq!(hanging.await.unwrap(), 200);
}

#[tokio::test]
async fn the_page_can_fail_too() {
    let (twin, client) = start().await;
    twin.fault("GET /chat/*", Fault::Status(502), Some(1));
    let path = "/chat/pc/v2/index.html?sysnum=ABC";
    assert_eq!(client.get(path).await.status, 502);
    assert_eq!(client.get(path).await.status, 403);
}
