//! The user's page and its JSON.

use deskbridge_twins::tencent::{Options, sign_user_sig};
use serde_json::{Value, json};

use crate::client::{start, text, user_sig};

#[tokio::test]
async fn the_user_comes_in_with_a_user_sig_and_sees_what_the_desk_sent() {
    let (twin, client) = start().await;
    let me = json!({"user": "user45", "usersig": user_sig("user45")});
    let entered = client.post("/user/api/log_in", &me).await;
    assert_eq!((entered.status, &entered.body["user"]), (200, &me["user"]));
    let end: jiff::Timestamp = entered.body["expires_at"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let left = end.as_second() - jiff::Timestamp::now().as_second();
    assert!((86390..=86400).contains(&left), "{left}");
    let seen = client.post("/user/api/messages", &me).await;
    assert_eq!(seen.body, json!({"session": null, "messages": []}));

    client.code(&text("user45", 5, "hello")).await;
    client.code(&text("user46", 6, "for somebody else")).await;
    let seen = client.post("/user/api/messages", &me).await.body;
    assert_eq!(seen["messages"].as_array().unwrap().len(), 1);
    let message = &seen["messages"][0];
    assert_eq!(
        message["elements"],
        json!([{"kind": "TIMTextElem", "content": {"Text": "hello"}}])
    );
    assert_eq!(
        (&message["msg_random"], &message["addressed"]),
        (&json!(5), &json!("accounts"))
    );

    let session = async |begin: Value| {
        let mut asked = me.clone();
        asked["begin"] = begin;
        client.post("/user/api/session", &asked).await
    };
    let begun = session(json!(true)).await.body["session"].clone();
    assert_eq!(
        begun,
        json!(twin.user("user45").unwrap().live().unwrap().id)
    );
    assert_eq!(session(json!(false)).await.body["session"], Value::Null);
    assert_eq!(session(json!("yes")).await.status, 400);
    for path in ["/user", "/user/api/calls"] {
        let answer = client.send("GET", path, &[], "").await.unwrap();
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn whoever_has_no_good_user_sig_is_told_why() {
    let (_twin, client) = start().await;
    let options = Options::default();
    let now = jiff::Timestamp::now().as_second();
    let made = |key: &str, time| sign_user_sig(key, options.sdk_app_id, "user45", time, 60, None);
    let key = options.secret_key.as_str();
    for (user_sig, code) in [
        (made(key, now - 61), 70001),
        (made("another", now), 70003),
        (user_sig("user46"), 70013),
        ("xxx".to_owned(), 70003),
        (String::new(), 70003),
    ] {
        let body = json!({"user": "user45", "usersig": user_sig});
        for path in ["log_in", "messages", "session"] {
            let answer = client.post(&format!("/user/api/{path}"), &body).await;
            assert_eq!((answer.status, &answer.body["code"]), (403, &json!(code)));
            let error = answer.body["error"].as_str().unwrap();
            assert!(error.starts_with(&code.to_string()), "{error}");
        }
    }
    for body in [json!({}), json!([])] {
        let answer = client.post("/user/api/log_in", &body).await;
        assert_eq!(answer.status, 400);
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    let (twin, client) = start().await;
    let body = json!({"user": "user45", "usersig": user_sig("user45")}).to_string();
    let path = "/user/api/log_in";
    for headers in [
        [("origin", "https://example.com")],
        [("origin", "null")],
        [("host", "example.com")],
    ] {
        let answer = client.send("POST", path, &headers, &body).await.unwrap();
        assert_eq!(answer.status, 403);
        assert_eq!(answer.body["code"], Value::Null);
    }
    let own = twin.url();
    let headers = [("origin", own.as_str())];
    let answer = client.send("POST", path, &headers, &body).await.unwrap();
    assert_eq!(answer.status, 200);
}
