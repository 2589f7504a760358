//! The agent's side and what it pushes.

use std::time::Duration;

use deskbridge_twins::udesk::{DateForm, PushStart, TransferPush};
use serde_json::json;

use crate::client::start;
use crate::receiver::Receiver;

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_session_starts_with_one_array_after_the_answer() {
    let (twin, client) = start().await;
    let receiver = Receiver::start().await;
    twin.set_receive_url(receiver.url.clone());
    let session = client.open("DE").await;
    assert!(twin.wait_until(SOON, |twin| twin.pushes().len() == 1).await);
    assert_eq!(receiver.types(), [["start_session", "message"]]);
    let push = &receiver.got()[0];
    assert_eq!(push["customer_token"], "DE");
    assert_eq!(push["assign_type"], "agent");
    let start = &push["messages"][0];
    assert_eq!(start["im_sub_session_id"], session);
    assert_eq!(start["agent_id"], 3);
    assert_eq!(start["data"]["content"], "Dialogue started");
    // "20170711 09:52:11"
    let date = start["message_created_at"].as_str().unwrap();
    assert_eq!((date.len(), date.as_bytes()[8]), (17, b' '));
    assert!(twin.pushes()[0].outcome.is_good());
}

#[tokio::test]
async fn the_push_may_come_before_the_answer_or_not_at_all() {
    let (twin, client) = start().await;
    let receiver = Receiver::start().await;
    twin.set_receive_url(receiver.url.clone());
    twin.switch(|s| s.push_start = PushStart::BeforeAnswer);
    client.open("DE").await;
    assert_eq!(receiver.got().len(), 1);
    twin.switch(|s| s.push_start = PushStart::Off);
    client.open("AT").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(receiver.got().len(), 1);
}

#[tokio::test]
async fn the_agent_says_reads_transfers_and_closes() {
    let (twin, client) = start().await;
    let receiver = Receiver::start().await;
    twin.set_receive_url(receiver.url.clone());
    twin.switch(|s| {
        s.push_start = PushStart::Off;
        s.dates = DateForm::Dashed;
    });
    let session = client.open("DE").await;
    client.write("DE", session, "m1", "hello").await;
    assert!(twin.agent_says("DE", "hi").await.unwrap().is_good());
    let date = receiver.got()[0]["messages"][0]["message_created_at"].clone();
    assert_eq!(date.as_str().unwrap().len(), 19);
    let rich = json!({"content": "<p>hi</p>"});
    twin.agent_sends("DE", "rich", rich).await.unwrap();
    twin.agent_reads("DE", &["m1".to_owned()]).await.unwrap();
    assert_eq!(
        receiver.got()[2],
        json!({"session_id": session, "message_ids": ["m1"]})
    );
    let moved = twin.agent_transfers("DE").await.unwrap();
    assert_ne!(moved.im_sub_session_id, session);
    assert_eq!(receiver.types()[3], ["transfer", "message"]);
    let transfer = receiver.got()[3]["messages"][0].clone();
    assert_eq!(transfer["im_sub_session_id"], moved.im_sub_session_id);
    assert_eq!(transfer["agent_name"], "Jerry");
    assert_eq!(client.write("DE", session, "m2", "hello").await, 9200);
    let new = moved.im_sub_session_id;
    assert_eq!(client.write("DE", new, "m2", "hello").await, 1000);
    twin.agent_closes("DE", "force").await.unwrap();
    let close = receiver.got()[4]["messages"][0].clone();
    assert_eq!(close["data"]["close_type"], "force");
    assert_eq!(close["data"]["survey_options"]["enabled"], true);
    assert_eq!(client.write("DE", new, "m3", "hello").await, 9200);
    assert!(twin.agent_says("DE", "hi").await.is_err());
    let mut ids: Vec<_> = twin
        .conversation("DE")
        .unwrap()
        .entries
        .into_iter()
        .map(|entry| entry.message_id)
        .collect();
    let number = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), number);
}

#[tokio::test]
async fn transfers_come_in_three_ways() {
    let (twin, client) = start().await;
    let receiver = Receiver::start().await;
    twin.set_receive_url(receiver.url.clone());
    twin.switch(|s| s.push_start = PushStart::Off);
    client.open("DE").await;
    twin.switch(|s| s.transfer_push = TransferPush::Split);
    twin.agent_transfers("DE").await.unwrap();
    assert_eq!(receiver.types(), [["transfer"], ["message"]]);
    twin.switch(|s| s.transfer_push = TransferPush::Late);
    let moved = twin.agent_transfers("DE").await.unwrap();
    assert_eq!(receiver.types()[2..], [["message"], ["transfer"]]);
    assert_eq!(
        receiver.got()[2]["messages"][0]["im_sub_session_id"],
        moved.im_sub_session_id
    );
}

#[tokio::test]
async fn who_waits_is_assigned() {
    let (twin, client) = start().await;
    let receiver = Receiver::start().await;
    twin.set_receive_url(receiver.url.clone());
    twin.everyone_busy(2);
    assert_eq!(client.open("DE").await, 0);
    twin.move_in_queue("DE", 1);
    let status = client
        .bare("GET", "/im/queue_status", "&customer_token=DE")
        .await;
    assert_eq!(status.body["count"], 1);
    let assigned = twin.assign("DE").await.unwrap();
    assert_eq!(receiver.types(), [["start_session", "message"]]);
    assert_eq!(client.open("DE").await, assigned.im_sub_session_id);
    assert!(twin.assign("DE").await.is_err());
}

#[tokio::test]
async fn closing_is_told_by_a_push_unless_switched_off() {
    let (twin, client) = start().await;
    let receiver = Receiver::start().await;
    twin.set_receive_url(receiver.url.clone());
    twin.switch(|s| s.push_start = PushStart::Off);
    let session = client.open("DE").await;
    let path = format!("/im/sessions/{session}");
    client.bare("DELETE", &path, "").await;
    assert!(twin.wait_until(SOON, |twin| twin.pushes().len() == 1).await);
    assert_eq!(receiver.types(), [["close"]]);
    twin.switch(|s| s.push_close_after_delete = false);
    let session = client.open("DE").await;
    client
        .bare("DELETE", &format!("/im/sessions/{session}"), "")
        .await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(receiver.got().len(), 1);
}
