//! The app's end verifies, records and answers as commanded.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use harness::app::{Answer, App, Deliveries};
use harness::{BOUND, http_client, until};
use reqwest::{Client, RequestBuilder};
use serde_json::json;
use standardwebhooks::Webhook;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

fn event(session: &str, seq: u64, kind: &str) -> String {
    json!({
        "id": format!("evt_{session}_{seq}"),
        "type": kind,
        "session": format!("ses_{session}"),
        "customer": "DE",
        "vendor": "udesk",
        "seq": seq,
        "occurred_at": "2026-11-21T08:00:00Z",
        "data": {},
    })
    .to_string()
}

fn signed(client: &Client, app: &App, secret: &str, id: &str, body: &str) -> RequestBuilder {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let timestamp = i64::try_from(now.as_secs()).unwrap();
    let webhook = Webhook::new(secret).unwrap();
    let signature = webhook.sign(id, timestamp, body.as_bytes()).unwrap();
    client
        .post(app.url())
        .header("webhook-id", id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", signature)
        .body(body.to_owned())
}

async fn deliver(client: &Client, app: &App, session: &str, seq: u64, kind: &str) -> u16 {
    let id = format!("evt_{session}_{seq}");
    let request = signed(client, app, SECRET, &id, &event(session, seq, kind));
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn takes_what_is_signed_in_order_of_arrival() {
    let (app, client) = (App::start(SECRET).await, http_client());
    for seq in 1..=3 {
        assert_eq!(
            deliver(&client, &app, "a", seq, "message.received").await,
            200
        );
    }
    assert_eq!(deliver(&client, &app, "b", 1, "session.started").await, 200);

    let events = app.wait_for_events(4, BOUND).await;
    assert_eq!(events[3].kind, "session.started");
    assert_eq!(app.events_of("ses_a").len(), 3);
    app.assert_in_order("ses_a");
    let delivery = &app.deliveries()[0];
    assert!(delivery.verified && delivery.accepted());
    assert_eq!(delivery.id, "evt_a_1");
    assert_eq!(delivery.signed().body, event("a", 1, "message.received"));
}

#[tokio::test]
async fn refuses_what_is_not_ours() {
    let (app, client) = (App::start(SECRET).await, http_client());
    let body = event("a", 1, "message.received");
    let send = async |request: RequestBuilder| request.send().await.unwrap().status().as_u16();

    assert_eq!(send(client.post(app.url()).body(body.clone())).await, 401);
    assert_eq!(
        send(signed(&client, &app, OTHER, "evt_a_1", &body)).await,
        401
    );
    let changed = body.replace("\"DE\"", "\"FR\"");
    let request = signed(&client, &app, SECRET, "evt_a_1", &body).body(changed);
    assert_eq!(send(request).await, 401);
    assert_eq!(
        send(signed(&client, &app, SECRET, "evt_a_2", &body)).await,
        400
    );
    assert_eq!(
        send(signed(&client, &app, SECRET, "evt_a_1", "{}")).await,
        400
    );
    assert_eq!(send(client.get(app.url())).await, 404);

    assert!(app.events().is_empty());
    let deliveries = app.deliveries();
    assert!(!deliveries[1].verified);
    assert_eq!(deliveries[1].problem.as_deref(), Some("bad signature"));
    assert!(
        deliveries[4]
            .problem
            .as_deref()
            .unwrap()
            .contains("not an event")
    );
}

#[tokio::test]
async fn two_secrets_may_be_live() {
    let (app, client) = (App::start(SECRET).await, http_client());
    app.set_secrets(&[OTHER, SECRET]);
    for (seq, secret) in [(1, SECRET), (2, OTHER)] {
        let id = format!("evt_a_{seq}");
        let body = event("a", seq, "message.received");
        let answer = signed(&client, &app, secret, &id, &body).send().await;
        assert_eq!(answer.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn fails_as_commanded() {
    let (app, client) = (App::start(SECRET).await, http_client());
    let failing = app.answer(Deliveries::any().of("ses_a").times(2), Answer::Status(500));
    assert_eq!(
        deliver(&client, &app, "a", 1, "message.received").await,
        500
    );
    assert_eq!(
        deliver(&client, &app, "b", 1, "message.received").await,
        200
    );
    assert_eq!(
        deliver(&client, &app, "a", 1, "message.received").await,
        500
    );
    assert_eq!(
        deliver(&client, &app, "a", 1, "message.received").await,
        200
    );
    failing.hit(2).await;
    assert_eq!(app.deliveries().len(), 4);
    assert_eq!(app.events_of("ses_a").len(), 1);

    let gone = app.answer(Deliveries::any().kind("messages.read"), Answer::Status(410));
    assert_eq!(deliver(&client, &app, "a", 2, "messages.read").await, 410);
    assert_eq!(deliver(&client, &app, "a", 3, "message.sent").await, 200);
    gone.clear();
    assert_eq!(deliver(&client, &app, "a", 2, "messages.read").await, 200);

    app.answer(Deliveries::any().times(1), Answer::RetryAfter(429, 3));
    let body = event("a", 4, "message.sent");
    let answer = signed(&client, &app, SECRET, "evt_a_4", &body)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (429, &"3".parse().unwrap())
    );
}

#[tokio::test]
async fn tells_repeats_apart() {
    let (app, client) = (App::start(SECRET).await, http_client());
    for _ in 0..2 {
        assert_eq!(
            deliver(&client, &app, "a", 1, "message.received").await,
            200
        );
    }
    assert_eq!(app.deliveries().len(), 2);
    assert_eq!(app.accepted().len(), 2);
    assert_eq!(app.events().len(), 1);
}

#[tokio::test]
async fn hangs_until_released() {
    let (app, client) = (App::start(SECRET).await, http_client());
    let hang = app.answer(Deliveries::any(), Answer::Hang);
    let (status, ()) = tokio::join!(deliver(&client, &app, "a", 1, "message.received"), async {
        hang.hit(1).await;
        assert!(app.events().is_empty());
        assert_eq!(app.deliveries()[0].answer, None);
        hang.release();
    });
    assert_eq!(status, 200);

    let body = event("a", 2, "message.received");
    let request = signed(&client, &app, SECRET, "evt_a_2", &body);
    let request = request.timeout(Duration::from_millis(100));
    assert!(request.send().await.unwrap_err().is_timeout());
    until("the app has noticed", async || hang.holds() == 0).await;
    hang.clear();
    assert_eq!(app.events().len(), 1);
}

#[tokio::test]
async fn is_slow_by_some_random_time() {
    let (app, client) = (App::start(SECRET).await, http_client());
    app.delay_between(Duration::from_millis(30), Duration::from_millis(60));
    let start = Instant::now();
    assert_eq!(
        deliver(&client, &app, "a", 1, "message.received").await,
        200
    );
    assert!(start.elapsed() >= Duration::from_millis(30));
}

#[tokio::test]
async fn goes_down_and_comes_back() {
    let (app, client) = (App::start(SECRET).await, http_client());
    assert_eq!(
        deliver(&client, &app, "a", 1, "message.received").await,
        200
    );
    let refusal = app.refuse().await;
    let error = client.post(app.url()).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    refusal.clear().await;
    assert_eq!(
        deliver(&client, &app, "a", 2, "message.received").await,
        200
    );
    app.assert_in_order("ses_a");
}

#[tokio::test]
async fn waits_for_what_comes_later() {
    let (app, client) = (App::start(SECRET).await, http_client());
    let ((), of_session, all, attempts) = tokio::join!(
        async {
            for seq in 1..=3 {
                deliver(&client, &app, "a", seq, "message.received").await;
            }
        },
        app.wait_for_events_of("ses_a", 2, BOUND),
        app.wait_for(BOUND, |events| events.iter().any(|event| event.seq == 3)),
        app.wait_for_deliveries(BOUND, |deliveries| !deliveries.is_empty()),
    );
    assert!(of_session.len() >= 2);
    assert_eq!(all.len(), 3);
    assert!(!attempts.is_empty());
}

#[tokio::test]
#[should_panic(expected = "evt_a_1 message.received seq Some(1) answered Some(200)")]
async fn a_wait_for_nothing_ends_and_says_what_came() {
    let (app, client) = (App::start(SECRET).await, http_client());
    deliver(&client, &app, "a", 1, "message.received").await;
    app.wait_for_events(2, Duration::from_millis(20)).await;
}
