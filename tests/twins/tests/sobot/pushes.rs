//! The three pushes, with the fields of the vendor's page.

use std::time::Duration;

use deskbridge_twins::sobot::{MsgKind, PushKind, PushOutcome, Twin};
use serde_json::{Value, json};

use crate::client::start;
use crate::receiver::Receiver;

/// The fields that the page prints, in alphabetical order.
const OFFLINE: [&str; 8] = [
    "aface",
    "aname",
    "content",
    "msgId",
    "msgType",
    "params",
    "partnerId",
    "type",
];
const UNREAD: [&str; 16] = [
    "aface",
    "aid",
    "aname",
    "appName",
    "channelFlag",
    "cid",
    "content",
    "createChatTime",
    "msgId",
    "msgType",
    "params",
    "partnerId",
    "sysNum",
    "ts",
    "type",
    "uid",
];
const CHAT_LIST: [&str; 8] = [
    "lastCid",
    "lastMsgContent",
    "lastMsgTime",
    "lastMsgType",
    "partnerId",
    "sysNum",
    "unReadNum",
    "visitorId",
];

fn fields(body: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = body
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names
}

async fn ready() -> (Twin, Receiver) {
    let (twin, _client) = start().await;
    let receiver = Receiver::start().await;
    for kind in PushKind::ALL {
        twin.set_push_url(kind, format!("{}/{}", receiver.url, kind.name()));
    }
    (twin, receiver)
}

/// Milliseconds of Unix time, of this minute.
fn is_now(value: &Value) -> bool {
    let now = jiff::Timestamp::now().as_millisecond();
    value.as_i64().is_some_and(|at| now - at < 60_000)
}

#[tokio::test]
async fn each_push_has_the_fields_of_the_page_and_no_others() {
    let (twin, receiver) = ready().await;
    let said = twin.agent_says("DE", PushKind::Offline, "Hello").await;
    assert!(said.is_good());
    let body = receiver.got().pop().unwrap();
    assert_eq!(fields(&body), OFFLINE);
    assert_eq!(body["type"], 202);
    assert_eq!(body["partnerId"], "DE");
    assert_eq!(body["msgId"], said.msg_id);
    assert_eq!(body["content"], "Hello");
    assert_eq!(body["msgType"], "text");

    let said = twin.agent_says("DE", PushKind::Unread, "there").await;
    let body = receiver.got().pop().unwrap();
    assert_eq!(fields(&body), UNREAD);
    assert_eq!(body["type"], 202);
    assert_eq!(body["sysNum"], "ABC");
    assert_eq!(body["cid"], said.cid);
    assert!(body["channelFlag"].is_i64() && is_now(&body["ts"]) && is_now(&body["createChatTime"]));

    let said = twin.agent_says("DE", PushKind::ChatList, "list").await;
    let body = receiver.got().pop().unwrap();
    assert_eq!(fields(&body), CHAT_LIST);
    assert_eq!(body["lastCid"], said.cid);
    assert_eq!(body["lastMsgContent"], "list");
    assert_eq!(body["lastMsgType"], 0);
    assert_eq!(body["unReadNum"], 3);
    assert!(is_now(&body["lastMsgTime"]));
    for (push, kind) in twin.pushes().iter().zip(PushKind::ALL) {
        assert_eq!((push.kind, push.partner_id.as_str()), (kind, "DE"));
        assert!(push.is_good());
    }
}

#[tokio::test]
async fn kinds_are_words_or_in_the_chat_list_numbers() {
    let (twin, receiver) = ready().await;
    let address = "https://img.sobot.io/1";
    for (kind, word, number) in [
        (MsgKind::Text, "text", 0),
        (MsgKind::Image, "image", 1),
        (MsgKind::Voice, "voice", 2),
        (MsgKind::File, "file", 3),
        (MsgKind::Video, "video", 3),
    ] {
        twin.agent_sends("DE", PushKind::Unread, kind, address)
            .await;
        assert_eq!(receiver.got().pop().unwrap()["msgType"], word);
        twin.agent_sends("DE", PushKind::ChatList, kind, address)
            .await;
        assert_eq!(receiver.got().pop().unwrap()["lastMsgType"], number);
    }
    twin.switch(|s| s.last_type_in_words = true);
    twin.agent_sends("DE", PushKind::ChatList, MsgKind::Voice, address)
        .await;
    assert_eq!(receiver.got().pop().unwrap()["lastMsgType"], "voice");
}

#[tokio::test]
async fn numbers_may_come_as_strings_and_the_offline_push_in_full() {
    let (twin, receiver) = ready().await;
    twin.switch(|s| {
        s.numbers_as_text = true;
        s.offline_in_full = true;
    });
    twin.agent_says("DE", PushKind::Offline, "Hello").await;
    twin.agent_says("DE", PushKind::ChatList, "Hello").await;
    let got = receiver.got();
    assert_eq!(fields(&got[0]), UNREAD);
    assert_eq!(
        (&got[0]["type"], &got[0]["channelFlag"]),
        (&json!("202"), &json!("1"))
    );
    assert!(got[0]["ts"].is_string() && got[0]["createChatTime"].is_string());
    assert_eq!(
        (&got[1]["lastMsgType"], &got[1]["unReadNum"]),
        (&json!("0"), &json!("2"))
    );
    assert!(got[1]["lastMsgTime"].is_string());
}

#[tokio::test]
async fn one_message_can_be_told_by_all_three_and_more_than_once() {
    let (twin, receiver) = ready().await;
    twin.switch(|s| s.repeat_pushes = 1);
    let said = twin.agent_says("DE", PushKind::Offline, "Hello").await;
    assert_eq!(said.outcomes.len(), 2);
    twin.switch(|s| s.repeat_pushes = 0);
    let again = twin.push_again(&said.msg_id, PushKind::Unread).await;
    assert_eq!(again.unwrap().msg_id, said.msg_id);
    twin.push_again(&said.msg_id, PushKind::ChatList)
        .await
        .unwrap();
    assert!(twin.push_again("other", PushKind::Offline).await.is_err());
    let got = receiver.got();
    assert_eq!(got.len(), 4);
    assert_eq!(got[0], got[1]);
    assert_eq!(got[2]["msgId"], got[0]["msgId"]);
    assert_eq!(got[3]["lastCid"], got[2]["cid"]);
}

#[tokio::test]
async fn ids_are_of_their_message_chat_and_customer() {
    let (twin, receiver) = ready().await;
    let first = twin.agent_says("DE", PushKind::Unread, "1").await;
    let second = twin.agent_says("DE", PushKind::Unread, "2").await;
    twin.end_chat("DE");
    let third = twin.agent_says("DE", PushKind::Unread, "3").await;
    let other = twin.agent_says("AT", PushKind::Unread, "4").await;
    assert_ne!(first.msg_id, second.msg_id);
    assert_eq!(first.cid, second.cid);
    assert_ne!(second.cid, third.cid);
    assert_ne!(third.cid, other.cid);
    let uids: Vec<_> = receiver
        .got()
        .iter()
        .map(|body| body["uid"].clone())
        .collect();
    assert!(uids[0] == uids[2] && uids[2] != uids[3]);
}

#[tokio::test]
async fn outcomes_are_recorded_and_200_is_wanted() {
    let (twin, receiver) = ready().await;
    receiver.answer(503);
    let said = twin.agent_says("DE", PushKind::Offline, "1").await;
    assert_eq!(said.outcomes[0].status(), Some(503));
    assert!(!said.is_good());
    receiver.answer(204);
    assert!(
        !twin
            .agent_says("DE", PushKind::Offline, "2")
            .await
            .is_good()
    );
    twin.set_push_url(PushKind::Offline, "http://127.0.0.1:9".to_owned());
    let said = twin.agent_says("DE", PushKind::Offline, "3").await;
    assert!(matches!(said.outcomes[0], PushOutcome::Unreachable(_)));
    let (silent, _client) = start().await;
    let said = silent.agent_says("DE", PushKind::Offline, "4").await;
    assert_eq!(said.outcomes, [PushOutcome::NoReceiveUrl]);
    assert_eq!(twin.pushes().len(), 3);
    assert_eq!(receiver.got().len(), 2);
}

#[tokio::test]
async fn a_push_waits_for_its_answer_only_so_long() {
    let (twin, _receiver) = ready().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    twin.set_push_url(PushKind::Offline, url);
    twin.switch(|s| s.push_timeout = Duration::from_millis(50));
    let said = twin.agent_says("DE", PushKind::Offline, "Hello").await;
    assert_eq!(said.outcomes, [PushOutcome::TimedOut]);
}

#[tokio::test]
async fn anything_can_be_pushed() {
    let (twin, receiver) = ready().await;
    let raw = "{\"type\":999,\"partnerId\":\"DE\"}";
    for body in ["not json", raw] {
        let outcome = twin.push(PushKind::ChatList, body).await;
        assert_eq!(outcome.status(), Some(200));
    }
    let expected = [json!("not json"), json!({"type": 999, "partnerId": "DE"})];
    assert_eq!(receiver.got(), expected);
}
