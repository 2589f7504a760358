//! How pushes are made: in order, once, and not after ten time-outs.

use std::time::Duration;

use deskbridge_twins::udesk::{PushOutcome, PushStart, Twin};
use serde_json::json;

use crate::client::{Client, start};
use crate::receiver::Receiver;

async fn ready() -> (Twin, Client, Receiver) {
    let (twin, client) = start().await;
    let receiver = Receiver::start().await;
    twin.set_receive_url(receiver.url.clone());
    twin.switch(|s| s.push_start = PushStart::Off);
    client.open("DE").await;
    (twin, client, receiver)
}

#[tokio::test]
async fn one_customers_pushes_go_in_order_one_at_a_time() {
    let (twin, _client, receiver) = ready().await;
    receiver.delay(Duration::from_millis(10));
    let said: Vec<_> = (0..8)
        .map(|number| {
            let twin = twin.clone();
            tokio::spawn(async move { twin.agent_says("DE", &number.to_string()).await })
        })
        .collect();
    for said in said {
        assert!(said.await.unwrap().unwrap().is_good());
    }
    let expected: Vec<_> = (0..8).map(|number| number.to_string()).collect();
    assert_eq!(receiver.contents(), expected);
    assert_eq!(receiver.most_under_way(), 1);
}

#[tokio::test]
async fn outcomes_are_recorded_and_nothing_is_sent_again() {
    let (twin, _client, receiver) = ready().await;
    receiver.answer("{}");
    let said = twin.agent_says("DE", "1").await.unwrap();
    let full = PushOutcome::Answered {
        status: 200,
        empty: false,
    };
    assert_eq!(said.outcomes, [full]);
    assert!(!said.is_good());
    twin.set_receive_url("http://127.0.0.1:9".to_owned());
    let said = twin.agent_says("DE", "2").await.unwrap();
    assert!(matches!(said.outcomes[0], PushOutcome::Unreachable(_)));
    assert_eq!(twin.pushes().len(), 2);
    assert_eq!(receiver.got().len(), 1);
}

#[tokio::test]
async fn pushes_can_be_repeated_and_swapped() {
    let (twin, _client, receiver) = ready().await;
    twin.switch(|s| s.repeat_pushes = 2);
    twin.agent_says("DE", "a").await.unwrap();
    let got = receiver.got();
    assert_eq!(got.len(), 3);
    assert_eq!(got[0], got[2]);
    twin.switch(|s| s.repeat_pushes = 0);
    twin.swap_next_pushes(1);
    let aside = twin.agent_says("DE", "b").await.unwrap();
    assert_eq!(aside.outcomes, [PushOutcome::PutAside]);
    twin.agent_says("DE", "c").await.unwrap();
    let soon = Duration::from_secs(5);
    assert!(twin.wait_until(soon, |_| receiver.got().len() == 5).await);
    assert_eq!(receiver.contents()[3..], ["c", "b"]);
}

#[tokio::test]
async fn anything_can_be_pushed() {
    let (twin, _client, receiver) = ready().await;
    assert!(twin.push("not json").await.is_good());
    assert!(twin.push("{\"customer_token\":\"DE\"}").await.is_good());
    assert_eq!(
        receiver.got(),
        [json!("not json"), json!({"customer_token": "DE"})]
    );
}

#[tokio::test]
async fn ten_timeouts_stop_the_calls_for_a_while() {
    let (twin, _client, receiver) = ready().await;
    // The vendor's 5 s and 60 s, scaled down.
    twin.switch(|s| {
        s.push_timeout = Duration::from_millis(60);
        s.timeout_pause = Duration::from_millis(600);
    });
    receiver.delay(Duration::from_millis(400));
    for number in 0..10 {
        let said = twin.agent_says("DE", &number.to_string()).await.unwrap();
        assert_eq!(said.outcomes, [PushOutcome::TimedOut]);
    }
    receiver.delay(Duration::ZERO);
    twin.switch(|s| s.push_timeout = Duration::from_secs(5));
    let said = twin.agent_says("DE", "lost").await.unwrap();
    assert_eq!(said.outcomes, [PushOutcome::Stopped]);
    tokio::time::sleep(Duration::from_millis(650)).await;
    assert!(twin.agent_says("DE", "again").await.unwrap().is_good());
    assert_eq!(receiver.got().len(), 11);
    assert_eq!(receiver.contents().last().unwrap(), "again");
}
