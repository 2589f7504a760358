//! The open API: its token, and the Live Chat API. Expected values come from `vendors.md`, 2.2, 2.3 and 2.5.

use std::time::Duration;

use deskbridge_twins::sobot::{
    ConnectedAgain, MsgKind, Options, Reception, Standing, TokenHeader, Twin, sign_get_token,
};
use serde_json::{Value, json};

use crate::{
    client::{Client, start},
    wire::Answer,
};

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// The path of a request for a token that is in order, at this time.
fn asking(create_time: i64) -> String {
    let (options, create_time) = (Options::default(), create_time.to_string());
    let sign = sign_get_token(&options.app_id, &create_time, &options.app_key);
    format!("/api/get_token?appid=1&create_time={create_time}&sign={sign}")
}

async fn app_token(client: &Client) -> String {
    let answer = client.get(&asking(now())).await;
    assert_eq!(answer.code(), "000000", "{answer:?}");
    answer.body["item"]["token"].as_str().unwrap().to_owned()
}

async fn call_at(client: &Client, prefix: &str, token: &str, call: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("token", token)];
    let path = format!("{prefix}{call}");
    let body = body.to_string();
    client.send("POST", &path, &headers, &body).await.unwrap()
}

async fn call(client: &Client, token: &str, call: &str, body: &Value) -> Answer {
    call_at(client, "/api/chat/5/user/", token, call, body).await
}

async fn status(client: &Client, token: &str, name: &str, body: Value) -> Value {
    let answer = call(client, token, name, &body).await;
    assert_eq!(answer.code(), "000000", "{answer:?}");
    answer.body["item"]["status"].clone()
}

async fn connected() -> (Twin, Client, String) {
    let (twin, client) = start().await;
    let token = app_token(&client).await;
    let connected = status(&client, &token, "chat_connect", json!({"partnerid": "DE"})).await;
    assert_eq!(connected, 1);
    (twin, client, token)
}

#[tokio::test]
async fn a_token_is_given_for_a_good_sign_of_now() {
    let (twin, client) = start().await;
    let answer = client.get(&asking(now())).await;
    assert_eq!(answer.code(), "000000");
    let item = &answer.body["item"];
    assert_eq!(item["expires_in"], 86_400);
    assert_eq!(item["token"].as_str(), twin.app_token().as_deref());

    let good = asking(now());
    let wrong_sign = good.replace("sign=", "sign=0");
    let other_app = good.replace("appid=1", "appid=2");
    let odd = format!("{good}&x=1");
    let no_time = "/api/get_token?appid=1&sign=0".to_owned();
    for (path, code) in [
        (wrong_sign, "900003"),
        (other_app, "900004"),
        (odd, "999999"),
        (no_time, "400004"),
        (asking(now() - 3_600), "999999"),
        (asking(now() + 3_600), "999999"),
    ] {
        assert_eq!(client.get(&path).await.code(), code, "{path}");
    }
    let posted = client.post(&good, &json!({})).await;
    assert_eq!(posted.status, 405);

    twin.switch(|s| {
        s.life_is_called = "expire_in";
        s.answers_as_text = true;
    });
    let answer = client.get(&asking(now())).await;
    assert_eq!(answer.body["item"]["expire_in"], "86400");
}

#[tokio::test]
async fn only_a_token_that_lives_opens_the_live_chat() {
    let (twin, client) = start().await;
    let out = json!({"partnerid": "DE"});
    let first = app_token(&client).await;
    assert_eq!(call(&client, "", "out", &out).await.code(), "900001");
    assert_eq!(call(&client, "x", "out", &out).await.code(), "900002");
    assert_eq!(call(&client, &first, "out", &out).await.code(), "000000");
    // A new one, and the old one dies or does not.
    let second = app_token(&client).await;
    assert_eq!(call(&client, &first, "out", &out).await.code(), "900002");
    twin.switch(|s| s.old_token_dies = false);
    let third = app_token(&client).await;
    for token in [&second, &third] {
        assert_eq!(call(&client, token, "out", &out).await.code(), "000000");
    }
    // In the other header, under the other prefix.
    twin.switch(|s| s.token_header = TokenHeader::Bearer);
    assert_eq!(call(&client, &third, "out", &out).await.code(), "900001");
    let bearer = format!("Bearer {third}");
    let headers = [
        ("content-type", "application/json"),
        ("authorization", bearer.as_str()),
    ];
    let path = "/api/chat/5/user/out";
    let answer = client.send("POST", path, &headers, &out.to_string()).await;
    assert_eq!(answer.unwrap().code(), "000000");
    twin.switch(|s| {
        s.token_header = TokenHeader::Token;
        s.chat_prefix = "/api/5/user/".to_owned();
    });
    assert_eq!(call(&client, &third, "out", &out).await.status, 404);
    let answer = call_at(&client, "/api/5/user/", &third, "out", &out).await;
    assert_eq!(answer.code(), "000000");
    // It ends by itself, and by order.
    twin.switch(|s| {
        s.chat_prefix = "/api/chat/5/user/".to_owned();
        s.token_life = Duration::ZERO;
    });
    let ended = app_token(&client).await;
    assert_eq!(call(&client, &ended, "out", &out).await.code(), "900002");
    twin.forget_app_tokens();
    assert_eq!(call(&client, &third, "out", &out).await.code(), "900002");
}

#[tokio::test]
async fn a_customer_is_connected_waits_or_finds_nobody() {
    let (twin, client) = start().await;
    let token = app_token(&client).await;
    let ask = async |body: Value| {
        let answer = call(&client, &token, "chat_connect", &body).await;
        answer.body["item"].clone()
    };
    let agent = Options::default().agent;
    let item = ask(json!({"partnerid": "DE", "agentid": agent.id, "groupid": "e5c9a1"})).await;
    let visitor = twin.visitor("DE").unwrap();
    assert_eq!(
        item,
        json!({
            "status": 1, "cid": visitor.cid, "agentid": agent.id, "agent_name": agent.name,
            "agent_face": agent.face, "visitorid": visitor.visitor_id,
        })
    );
    // Once more: the same chat, or a duplicate.
    let again = json!({"partnerid": "DE"});
    assert_eq!(ask(again.clone()).await["cid"], item["cid"]);
    twin.switch(|s| s.connected_again = ConnectedAgain::Duplicate);
    assert_eq!(ask(again.clone()).await, json!({"status": -1}));

    twin.switch(|s| s.reception = Reception::Busy(3));
    let waiting = ask(json!({"partnerid": "FR"})).await;
    assert_eq!(
        (&waiting["status"], &waiting["count"]),
        (&json!(0), &json!(3))
    );
    assert_eq!(twin.visitor("FR").unwrap().standing, Standing::Waiting(3));
    twin.takes("FR");
    assert_eq!(twin.visitor("FR").unwrap().standing, Standing::Connected);
    twin.switch(|s| s.reception = Reception::Nobody);
    assert_eq!(ask(json!({"partnerid": "IT"})).await["status"], 2);
    twin.switch(|s| s.reception = Reception::Free);
    for nobody in [json!({"agentid": "x"}), json!({"groupid": "x"})] {
        let mut body = nobody;
        body["partnerid"] = json!("IT");
        assert_eq!(ask(body).await["status"], 2);
    }
    twin.switch(|s| {
        s.blacklist.insert("AT".to_owned());
    });
    assert_eq!(ask(json!({"partnerid": "AT"})).await, json!({"status": 3}));

    for (body, code) in [
        (json!({}), "400004"),
        (json!({"partnerid": ""}), "400004"),
        (json!({"partnerid": 7}), "999999"),
        (json!({"partnerid": "CH", "source": "pc"}), "999999"),
        (json!({"partnerid": "CH", "params": "x"}), "999999"),
        (json!({"partnerid": "CH", "tran_flag": 1}), "999999"),
    ] {
        let answer = call(&client, &token, "chat_connect", &body).await;
        assert_eq!(answer.code(), code, "{body}");
    }
    let odd = json!({"partnerid": "CH", "colour": "red"});
    call(&client, &token, "chat_connect", &odd).await;
    let calls = twin.calls_of("/api/chat/5/user/chat_connect");
    assert_eq!(calls.last().unwrap().unknown_fields, ["colour"]);
}

#[tokio::test]
async fn what_a_customer_writes_reaches_the_chat_that_is_under_way() {
    let (twin, client, token) = connected().await;
    let cid = twin.visitor("DE").unwrap().cid;
    let url = "https://files.example.com/a.mp3";
    for (kind, content) in [
        (None, "Hello"),
        (Some("text"), "Hello"),
        (Some("image"), url),
        (Some("voice"), url),
        (Some("video"), url),
    ] {
        let mut body = json!({"partnerid": "DE", "content": content});
        if let Some(kind) = kind {
            body["msg_type"] = json!(kind);
        }
        assert_eq!(status(&client, &token, "chat_send", body).await, 1);
    }
    let wrote = twin.messages_from("DE");
    let kinds: Vec<_> = wrote.iter().map(|one| one.kind).collect();
    assert_eq!(
        kinds,
        [
            MsgKind::Text,
            MsgKind::Text,
            MsgKind::Image,
            MsgKind::Voice,
            MsgKind::Video
        ]
    );
    assert!(wrote.iter().all(|one| one.cid == cid));
    for body in [
        json!({"partnerid": "DE", "content": "x", "msg_type": "file"}),
        json!({"partnerid": "DE", "content": "x", "msg_type": "image"}),
        json!({"partnerid": "DE", "content": "https://files.example.com/a.amr", "msg_type": "voice"}),
        json!({"partnerid": "DE"}),
    ] {
        let answer = call(&client, &token, "chat_send", &body).await;
        assert_ne!(answer.code(), "000000", "{body}");
    }
    // To nobody.
    let stray = json!({"partnerid": "FR", "content": "Hello?"});
    assert_eq!(status(&client, &token, "chat_send", stray).await, 2);
    twin.end_chat("DE");
    let late = json!({"partnerid": "DE", "content": "Hello?"});
    assert_eq!(status(&client, &token, "chat_send", late).await, 2);
    assert_eq!(twin.messages_from("DE").len(), 5);
    twin.switch(|s| s.answers_as_text = true);
    let late = json!({"partnerid": "DE", "content": "Hello?"});
    assert_eq!(status(&client, &token, "chat_send", late).await, "2");
}

#[tokio::test]
async fn a_chat_is_rated_once_and_ended_once() {
    let (twin, client, token) = connected().await;
    let rate = |score: Value| json!({"partnerid": "DE", "type": 1, "score": score, "solved": 1});
    for wrong in [json!(0), json!(6), json!("x"), json!(null)] {
        let answer = call(&client, &token, "comment", &rate(wrong)).await;
        assert_ne!(answer.code(), "000000");
    }
    let robot = json!({"partnerid": "DE", "type": 0, "score": 5});
    assert_eq!(status(&client, &token, "comment", robot).await, 3);
    assert_eq!(status(&client, &token, "comment", rate(json!(5))).await, 1);
    assert_eq!(
        status(&client, &token, "comment", rate(json!("4"))).await,
        2
    );
    let ratings = twin.ratings_of("DE");
    assert_eq!((ratings.len(), ratings[0].score), (1, 5));
    let stranger = json!({"partnerid": "FR", "type": 1, "score": 5});
    assert_eq!(status(&client, &token, "comment", stranger).await, 3);

    let out = || json!({"partnerid": "DE"});
    assert_eq!(status(&client, &token, "out", out()).await, 1);
    assert_eq!(status(&client, &token, "out", out()).await, 0);
    // Another chat, another rating.
    status(&client, &token, "chat_connect", out()).await;
    assert_eq!(status(&client, &token, "comment", rate(json!(3))).await, 1);
    let chats = twin.visitor("DE").unwrap().chats;
    let rated: Vec<_> = twin
        .ratings_of("DE")
        .into_iter()
        .map(|one| one.cid)
        .collect();
    assert_eq!(rated, chats);
}
