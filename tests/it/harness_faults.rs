//! The fault proxy does what it says, seen from both of its ends.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use harness::faults::{Calls, Fault, Proxy};
use harness::{BOUND, http_client, until};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// A server that notes what it sees and answers 201 with the body it got.
struct Upstream {
    url: String,
    saw: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

#[derive(Clone, Debug)]
struct Seen {
    method: String,
    uri: String,
    headers: axum::http::HeaderMap,
    body: String,
}

impl Upstream {
    async fn start() -> Self {
        let saw = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&saw);
        let router = axum::Router::new().fallback(move |request: Request| async move {
            let (head, body) = request.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
            notes.lock().unwrap().push(Seen {
                method: head.method.to_string(),
                uri: head.uri.to_string(),
                headers: head.headers,
                body: String::from_utf8(body.to_vec()).unwrap(),
            });
            (
                StatusCode::CREATED,
                [("x-upstream", "yes")],
                Body::from(body),
            )
                .into_response()
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, saw, task }
    }

    fn saw(&self) -> Vec<Seen> {
        self.saw.lock().unwrap().clone()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn both() -> (Upstream, Proxy, Client) {
    let upstream = Upstream::start().await;
    let proxy = Proxy::to(&upstream.url).await;
    (upstream, proxy, http_client())
}

async fn post(client: &Client, proxy: &Proxy, body: &str) -> reqwest::Result<Response> {
    let url = format!("{}/some/path", proxy.url());
    client.post(url).body(body.to_owned()).send().await
}

async fn aws(client: &Client, proxy: &Proxy, target: &str, key: &str) -> Response {
    let credential =
        format!("AWS4-HMAC-SHA256 Credential={key}/20261121/x/y/aws4_request, Signature=0");
    let request = client
        .post(proxy.url())
        .header("X-Amz-Target", target)
        .header("Authorization", credential)
        .body("{}");
    request.send().await.unwrap()
}

/// The connection ended in the middle: the client can't know what became of its request.
fn is_cut(error: &reqwest::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            return error.is_incomplete_message();
        }
        cause = error.source();
    }
    false
}

/// The connection was refused: the request certainly did not arrive.
fn is_refused(error: &reqwest::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return error.kind() == std::io::ErrorKind::ConnectionRefused;
        }
        cause = error.source();
    }
    false
}

#[tokio::test]
async fn forwards_everything_unchanged() {
    let (upstream, proxy, client) = both().await;
    let answer = client
        .put(format!("{}/a%20b/c?d=%2F&e", proxy.url()))
        .header("Host", "demo.udesk.cn")
        .header("X-Own", "kept")
        .body("the body")
        .send()
        .await
        .unwrap();

    assert_eq!(answer.status(), 201);
    assert_eq!(answer.headers()["x-upstream"], "yes");
    assert_eq!(answer.text().await.unwrap(), "the body");
    let saw = &upstream.saw()[0];
    assert_eq!(saw.method, "PUT");
    assert_eq!(saw.uri, "/a%20b/c?d=%2F&e");
    assert_eq!(saw.body, "the body");
    assert_eq!(saw.headers["host"], "demo.udesk.cn");
    assert_eq!(saw.headers["x-own"], "kept");
    assert_eq!(saw.headers["content-length"], "8");

    let call = &proxy.calls()[0];
    assert_eq!(call.path, "/a%20b/c?d=%2F&e");
    assert_eq!((call.upstream, call.answer), (Some(201), Some(201)));
}

#[tokio::test]
async fn url_keeps_the_path_of_the_upstream() {
    let proxy = Proxy::to("http://127.0.0.1:9/events").await;
    assert!(proxy.url().ends_with("/events"), "{}", proxy.url());
    let proxy = Proxy::to("http://127.0.0.1:9/").await;
    assert!(!proxy.url().ends_with('/'), "{}", proxy.url());
}

#[tokio::test]
async fn large_bodies_pass() {
    let (_upstream, proxy, client) = both().await;
    let body = "x".repeat(1_000_000);
    let answer = post(&client, &proxy, &body).await.unwrap();
    assert_eq!(answer.text().await.unwrap(), body);
}

#[tokio::test]
async fn an_upstream_that_is_gone_looks_like_a_cut() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let proxy = Proxy::to(&url).await;
    let error = post(&http_client(), &proxy, "").await.unwrap_err();
    assert!(is_cut(&error), "{error:?}");
    assert_eq!(proxy.calls()[0].upstream, None);
}

#[tokio::test]
async fn refuses_and_opens_the_same_port_again() {
    let (upstream, proxy, client) = both().await;
    // The client keeps the connection of this one: it must not outlive the refusal.
    post(&client, &proxy, "before").await.unwrap();

    let refusal = proxy.refuse().await;
    for client in [&client, &http_client()] {
        let error = post(client, &proxy, "during").await.unwrap_err();
        assert!(error.is_connect() && is_refused(&error), "{error:?}");
    }
    refusal.clear().await;

    post(&client, &proxy, "after").await.unwrap();
    let bodies: Vec<_> = upstream.saw().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, ["before", "after"]);
}

#[tokio::test]
async fn refusing_cuts_the_calls_under_way() {
    let (upstream, proxy, client) = both().await;
    let hang = proxy.play(Calls::any(), Fault::Hang);
    let (answer, refusal) = tokio::join!(post(&client, &proxy, ""), async {
        hang.hit(1).await;
        proxy.refuse().await
    });
    assert!(is_cut(&answer.unwrap_err()));
    hang.clear();
    refusal.clear().await;
    post(&client, &proxy, "").await.unwrap();
    assert_eq!(upstream.saw().len(), 1);
}

#[tokio::test]
async fn cuts_before_the_request_arrives() {
    let (upstream, proxy, client) = both().await;
    let rule = proxy.play(Calls::any().times(2), Fault::CutBefore);
    for _ in 0..2 {
        let error = post(&client, &proxy, "lost").await.unwrap_err();
        assert!(is_cut(&error) && !error.is_connect(), "{error:?}");
    }
    rule.hit(2).await;
    assert_eq!(upstream.saw().len(), 0);
    post(&client, &proxy, "arrives").await.unwrap();
    assert_eq!(upstream.saw().len(), 1);

    let calls = proxy.calls();
    assert_eq!(calls.len(), 3);
    assert_eq!((calls[0].upstream, calls[0].answer), (None, None));
}

#[tokio::test]
async fn cuts_after_the_request_took_effect() {
    let (upstream, proxy, client) = both().await;
    let rule = proxy.play(Calls::any().times(1), Fault::CutAfter);
    let error = post(&client, &proxy, "effect").await.unwrap_err();
    assert!(is_cut(&error) && !error.is_connect(), "{error:?}");
    rule.hit(1).await;
    assert_eq!(upstream.saw().len(), 1);
    let call = &proxy.calls()[0];
    assert_eq!((call.upstream, call.answer), (Some(201), None));
}

#[tokio::test]
async fn delays() {
    let (upstream, proxy, client) = both().await;
    let late = Duration::from_millis(80);
    let faults = [
        Fault::Delay(late),
        Fault::DelayBetween(late, 2 * late),
        Fault::DelayAnswer(late),
    ];
    for fault in faults {
        let rule = proxy.play(Calls::any().times(1), fault);
        let start = Instant::now();
        assert_eq!(post(&client, &proxy, "").await.unwrap().status(), 201);
        assert!(start.elapsed() >= late);
        rule.hit(1).await;
    }
    assert_eq!(upstream.saw().len(), 3);
}

#[tokio::test]
async fn a_delayed_answer_hides_success() {
    let (upstream, proxy, client) = both().await;
    proxy.play(Calls::any(), Fault::DelayAnswer(2 * BOUND));
    let request = client.post(proxy.url()).timeout(Duration::from_millis(100));
    assert!(request.send().await.unwrap_err().is_timeout());
    until("the upstream has it", async || upstream.saw().len() == 1).await;
}

#[tokio::test]
async fn hangs_until_released_or_cut() {
    let (upstream, proxy, client) = both().await;
    let hang = proxy.play(Calls::any(), Fault::Hang);

    let (answer, ()) = tokio::join!(post(&client, &proxy, "released"), async {
        hang.hit(1).await;
        assert_eq!((hang.holds(), upstream.saw().len()), (1, 0));
        hang.release();
    });
    assert_eq!(answer.unwrap().status(), 201);

    let (answer, ()) = tokio::join!(post(&client, &proxy, "cut"), async {
        hang.hit(2).await;
        hang.cut();
    });
    assert!(is_cut(&answer.unwrap_err()));

    hang.clear();
    post(&client, &proxy, "free").await.unwrap();
    let bodies: Vec<_> = upstream.saw().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, ["released", "free"]);
}

#[tokio::test]
async fn a_client_that_gives_up_while_it_hangs_has_no_effect() {
    let (upstream, proxy, client) = both().await;
    let hang = proxy.play(Calls::any(), Fault::Hang);
    let request = client.post(proxy.url()).timeout(Duration::from_millis(100));
    assert!(request.send().await.unwrap_err().is_timeout());
    until("the proxy has noticed", async || hang.holds() == 0).await;
    hang.clear();
    post(&client, &proxy, "").await.unwrap();
    assert_eq!(upstream.saw().len(), 1);
}

#[tokio::test]
async fn holds_after_the_effect() {
    let (upstream, proxy, client) = both().await;
    let hold = proxy.play(Calls::any(), Fault::HoldAfter);

    let (answer, ()) = tokio::join!(post(&client, &proxy, ""), async {
        hold.hit(1).await;
        assert_eq!(upstream.saw().len(), 1);
        hold.release();
    });
    assert_eq!(answer.unwrap().status(), 201);

    let (answer, ()) = tokio::join!(post(&client, &proxy, ""), async {
        hold.hit(2).await;
        hold.cut();
    });
    assert!(is_cut(&answer.unwrap_err()));

    // As in the tests that kill a function: the client dies while it waits.
    let url = proxy.url();
    let victim = tokio::spawn(http_client().post(url).send());
    hold.hit(3).await;
    victim.abort();
    until("the proxy has noticed", async || hold.holds() == 0).await;
    hold.clear();
    assert_eq!(upstream.saw().len(), 3);
    assert_eq!(post(&client, &proxy, "").await.unwrap().status(), 201);
}

#[tokio::test]
async fn a_request_that_was_sent_takes_effect_though_the_client_dies() {
    let (upstream, proxy, client) = both().await;
    let slow = Proxy::to(&proxy.url()).await;
    let gate = proxy.play(Calls::any(), Fault::Hang);
    let url = slow.url();
    let victim = tokio::spawn(client.post(url).send());
    gate.hit(1).await;
    victim.abort();
    assert!(victim.await.unwrap_err().is_cancelled());
    gate.release();
    until("the upstream has it", async || upstream.saw().len() == 1).await;
}

#[tokio::test]
async fn throttles_in_the_form_of_each_server() {
    let (upstream, proxy, client) = both().await;
    let throttle = proxy.play(Calls::any(), Fault::throttle());

    let answer = aws(&client, &proxy, "DynamoDB_20120810.PutItem", "A").await;
    assert_eq!(answer.status(), 400);
    let kind = answer.headers()["x-amzn-errortype"].clone();
    assert_eq!(kind, "ProvisionedThroughputExceededException");
    let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let kind = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
    assert_eq!(body["__type"], kind);

    let answer = aws(&client, &proxy, "AmazonSQS.SendMessage", "A").await;
    assert_eq!(answer.status(), 400);
    let query_error = answer.headers()["x-amzn-query-error"].clone();
    assert_eq!(query_error, "RequestThrottled;Sender");
    let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(body["__type"], "com.amazonaws.sqs#RequestThrottled");

    let answer = post(&client, &proxy, "").await.unwrap();
    assert_eq!(answer.status(), 429);
    assert!(!answer.headers().contains_key("retry-after"));

    throttle.clear();
    let retry_after = Some(7);
    proxy.play(Calls::any().times(1), Fault::Throttle { retry_after });
    let answer = post(&client, &proxy, "").await.unwrap();
    assert_eq!(answer.headers()["retry-after"], "7");
    assert_eq!(upstream.saw().len(), 0);
}

#[tokio::test]
async fn answers_with_errors() {
    let (upstream, proxy, client) = both().await;
    let internal = proxy.play(Calls::any(), Fault::InternalError);
    for (target, kind) in [
        ("DynamoDB_20120810.PutItem", "InternalServerError"),
        ("AmazonSQS.SendMessage", "InternalFailure"),
    ] {
        let answer = aws(&client, &proxy, target, "A").await;
        assert_eq!(answer.status(), 500);
        assert_eq!(answer.headers()["x-amzn-errortype"], kind);
    }
    assert_eq!(post(&client, &proxy, "").await.unwrap().status(), 500);
    internal.clear();

    let body = json!({"code": 2000}).to_string();
    let error = Fault::Error { status: 502, body };
    proxy.play(Calls::any().times(1), error);
    let answer = post(&client, &proxy, "").await.unwrap();
    assert_eq!(answer.status(), 502);
    assert_eq!(answer.text().await.unwrap(), r#"{"code":2000}"#);
    assert_eq!(proxy.calls()[3].answer, Some(502));
    assert_eq!(upstream.saw().len(), 0);
}

#[tokio::test]
async fn rules_choose_calls() {
    let (_upstream, proxy, client) = both().await;
    let status = async |target: &str, key: &str| aws(&client, &proxy, target, key).await.status();
    let error = |status| Fault::Error {
        status,
        body: String::new(),
    };

    let operation = proxy.play(Calls::to("PutItem"), error(501));
    assert_eq!(status("DynamoDB_20120810.PutItem", "A").await, 501);
    assert_eq!(status("DynamoDB_20120810.GetItem", "A").await, 201);
    // The newest rule plays, the older one comes back after it.
    let passes = proxy.play(Calls::to("PutItem").times(1), Fault::Pass);
    assert_eq!(status("DynamoDB_20120810.PutItem", "A").await, 201);
    assert_eq!(passes.hits(), 1);
    assert_eq!(status("DynamoDB_20120810.PutItem", "A").await, 501);
    operation.clear();
    assert_eq!(status("DynamoDB_20120810.PutItem", "A").await, 201);

    let signed = proxy.play(Calls::any().signed_by("B"), error(502));
    assert_eq!(status("DynamoDB_20120810.PutItem", "A").await, 201);
    assert_eq!(status("DynamoDB_20120810.PutItem", "B").await, 502);
    signed.clear();

    proxy.play(Calls::any().body("needle"), error(503));
    let haystack = r#"{"a":"a needle in it"}"#;
    assert_eq!(post(&client, &proxy, "{}").await.unwrap().status(), 201);
    assert_eq!(post(&client, &proxy, haystack).await.unwrap().status(), 503);

    proxy.play(
        Calls::path("/some/").method("POST").after(1).times(2),
        error(504),
    );
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(post(&client, &proxy, "").await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [201, 504, 504, 201]);
}

#[tokio::test]
async fn counts_and_records() {
    let (_upstream, proxy, client) = both().await;
    aws(&client, &proxy, "DynamoDB_20120810.PutItem", "AKIDSEND").await;
    aws(&client, &proxy, "DynamoDB_20120810.Query", "AKIDSEND").await;
    aws(&client, &proxy, "DynamoDB_20120810.Query", "AKIDLIST").await;

    assert_eq!(proxy.count(&Calls::to("Query")), 2);
    assert_eq!(proxy.count(&Calls::to("Query").signed_by("AKIDLIST")), 1);
    let operations = proxy.operations_by_key();
    assert_eq!(operations["AKIDSEND"].len(), 2);
    assert!(operations["AKIDLIST"].contains("Query"));
    let calls = proxy.calls();
    assert!(calls.is_sorted_by_key(|call| call.at));
    assert_eq!(calls[0].json(), json!({}));
    assert_eq!(
        calls[0].headers["x-amz-target"],
        "DynamoDB_20120810.PutItem"
    );

    let url = format!("{}/late", proxy.url());
    let late = tokio::spawn(client.post(url).send());
    assert_eq!(proxy.seen(&Calls::path("/late"), 1).await.len(), 1);
    late.await.unwrap().unwrap();
}

#[tokio::test]
#[should_panic(expected = "for 1 hits of the rule CutBefore for Calls")]
async fn a_wait_for_nothing_ends_and_says_so() {
    let proxy = Proxy::to("http://127.0.0.1:9").await;
    let rule = proxy.play(Calls::any(), Fault::CutBefore);
    rule.hit_within(1, Duration::from_millis(20)).await;
}

#[tokio::test]
async fn dropping_ends_it() {
    let (_upstream, proxy, client) = both().await;
    let url = proxy.url();
    client.post(&url).send().await.unwrap();
    drop(proxy);
    until("nobody listens", async || {
        let answer = client.post(&url).send().await;
        answer.is_err_and(|error| is_refused(&error))
    })
    .await;
}
