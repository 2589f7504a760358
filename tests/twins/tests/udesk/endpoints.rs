//! What the endpoints accept and refuse.

use std::time::Duration;

use deskbridge_twins::udesk::{OverLimit, RateLimit, Standing};
use serde_json::{Value, json};

use crate::client::{message, new_nonce, signed_with, start};

#[tokio::test]
async fn an_agent_is_assigned_as_on_the_page() {
    let (twin, client) = start().await;
    let body = json!({"customer_token": "DE", "assign_type": "agent"});
    let answer = client.post("/im/sessions", &body).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.code(), 1000);
    assert_eq!(answer.body["assign_type"], "agent");
    let info = &answer.body["assign_info"];
    assert_eq!(info["count"], 0);
    assert_eq!(info["agent_id"], 3);
    assert_eq!(info["agent_name"], "Tom");
    assert_eq!(info["survey_options"]["show_type"], "text");
    assert!(info["im_sub_session_id"].is_i64());
    // Asked again, the session is the same.
    let again = client.post("/im/sessions", &body).await;
    assert_eq!(
        again.body["assign_info"]["im_sub_session_id"],
        info["im_sub_session_id"]
    );
    // The page's own example sends the agent's id as a string.
    let body = json!({"agent_id": "397", "customer_token": "x", "assign_type": "agent"});
    let answer = client.post("/im/sessions", &body).await;
    assert_eq!(answer.body["assign_info"]["agent_id"], 397);
    assert_eq!(twin.calls().len(), 3);
}

#[tokio::test]
async fn wrong_sessions_are_refused() {
    let (_twin, client) = start().await;
    for (body, code) in [
        (json!({"assign_type": "agent"}), 2000),
        (json!({"customer_token": "", "assign_type": "agent"}), 2000),
        (json!({"customer_token": 7, "assign_type": "agent"}), 2005),
        (
            json!({"customer_token": "DE", "assign_type": "human"}),
            2005,
        ),
        (json!({"customer_token": "DE", "agent_id": "x"}), 2005),
        (json!({"customer_token": "DE", "agent_id": 397.5}), 2005),
        (json!({"customer_token": "DE", "group_id": 999}), 11012),
        (json!({"customer_token": "DE", "agent_id": 999}), 2015),
        (
            json!({"customer_token": "DE", "assign_type": "urobot"}),
            2000,
        ),
        (
            json!({"customer_token": "DE", "assign_type": "urobot", "robot_id": 12362}),
            2000,
        ),
        (
            json!({"customer_token": "DE", "assign_type": "urobot", "robot_id": 12362, "scene_id": 40}),
            2015,
        ),
        (
            json!({"customer_token": "DE", "assign_type": "urobot", "robot_id": 1, "scene_id": 39}),
            2015,
        ),
        (
            json!({"customer_token": "DE", "assign_type": "robot", "robot_id": 7}),
            2015,
        ),
        (json!({"customer_token": "DE", "robot_role_id": 7}), 2005),
        (json!(["DE"]), 2000),
    ] {
        assert_eq!(
            client.post("/im/sessions", &body).await.code(),
            code,
            "{body}"
        );
    }
}

#[tokio::test]
async fn bodies_must_be_json_and_say_so() {
    let (_twin, client) = start().await;
    let body = json!({"customer_token": "DE", "assign_type": "agent"}).to_string();
    for (headers, body) in [
        (&[][..], body.as_str()),
        (&[("content-type", "text/plain")][..], body.as_str()),
        (&[("content-type", "application/json")][..], "{ {"),
    ] {
        let uri = format!("/open_api_v1/im/sessions?{}", crate::client::signed());
        let answer = client.send("POST", &uri, headers, body).await.unwrap();
        assert_eq!((answer.status, answer.code()), (200, 2000));
    }
}

#[tokio::test]
async fn signatures_are_checked_on_the_wire() {
    let (twin, client) = start().await;
    let now = jiff::Timestamp::now().as_second();
    let post = async |query: String| {
        let uri = format!("/open_api_v1/im/messages?{query}");
        let json = [("content-type", "application/json")];
        let answer = client.send("POST", &uri, &json, "{}").await.unwrap();
        (answer.status, answer.code())
    };
    let nonce = new_nonce();
    let good = signed_with(&now.to_string(), &nonce);
    // Rightly signed, so that the parameters come up for discussion.
    assert_eq!(post(good.clone()).await, (200, 2062));
    assert_eq!(post(good.clone()).await, (200, 20623));
    assert_eq!(post(good.replace("sign=", "sign=0")).await, (200, 2059));
    // The older signature: SHA-1, 40 digits, without nonce and version.
    let v1 = format!(
        "email=admin@udesk.cn&timestamp={now}&sign={}",
        "a".repeat(40)
    );
    assert_eq!(post(v1).await, (200, 20624));
    let old = signed_with(&(now - 301).to_string(), &new_nonce());
    assert_eq!(post(old).await, (200, 20622));
    assert_eq!(post(signed_with("", &new_nonce())).await, (200, 20621));
    assert_eq!(post(signed_with(&now.to_string(), "")).await, (200, 20624));
    twin.switch(|switches| switches.clock_offset_seconds = 400);
    let early = signed_with(&now.to_string(), &new_nonce());
    assert_eq!(post(early).await, (200, 20622));
}

#[tokio::test]
async fn messages_reach_the_agent_in_order() {
    let (twin, client) = start().await;
    let session = client.open("DE").await;
    for number in 1..=3 {
        let text = format!("text {number}");
        let id = format!("id_{number}-a");
        assert_eq!(client.write("DE", session, &id, &text).await, 1000);
    }
    // The table's Integer, as the page's other examples send it, and the default type.
    let body = json!({
        "customer_token": "DE",
        "im_sub_session_id": session.to_string(),
        "message_id": "4",
        "data": {"content": "text 4"},
        "colour": "red",
    });
    assert_eq!(client.post("/im/messages", &body).await.code(), 1000);
    let picture = json!({
        "customer_token": "DE",
        "im_sub_session_id": session,
        "message_id": "5",
        "type": "image",
        "data": {"content": "https://xxx.com/1.png"},
    });
    assert_eq!(client.post("/im/messages", &picture).await.code(), 1000);
    let mut html = picture.clone();
    html["data"]["content"] = json!("<a href=\"https://xxx.com/1.png\">hotsale.com</a>");
    assert_eq!(client.post("/im/messages", &html).await.code(), 2005);
    let received = twin.messages_from("DE");
    let contents: Vec<_> = received.iter().map(|one| one.content.as_str()).collect();
    assert_eq!(
        contents,
        [
            "text 1",
            "text 2",
            "text 3",
            "text 4",
            "https://xxx.com/1.png"
        ]
    );
    assert_eq!(received[3].kind, "message");
    assert_eq!(received[3].im_sub_session_id, session);
    let calls = twin.calls_of("/im/messages");
    assert_eq!(calls[3].unknown_fields, ["colour"]);
    assert_eq!(calls[0].unknown_fields, Vec::<String>::new());
    assert_ne!(calls[0].query_value("nonce"), calls[1].query_value("nonce"));
    assert_eq!(calls[0].code, Some(1000));
}

#[tokio::test]
async fn wrong_messages_are_refused() {
    let (twin, client) = start().await;
    let session = client.open("DE").await;
    let other = client.open("AT").await;
    let with = |name: &str, value: Value| {
        let mut body = message("DE", session, "m1", "hello");
        match value {
            Value::Null => body.as_object_mut().unwrap().remove(name),
            value => body.as_object_mut().unwrap().insert(name.to_owned(), value),
        };
        body
    };
    for (body, code) in [
        (with("customer_token", Value::Null), 2062),
        (with("im_sub_session_id", Value::Null), 2062),
        (with("message_id", Value::Null), 2062),
        (with("data", Value::Null), 2062),
        (with("data", json!({})), 2062),
        (with("data", json!({"content": ""})), 2062),
        (with("data", json!({"content": 5})), 2005),
        (with("data", json!({"content": "x", "duration": "2"})), 2005),
        (with("data", json!("hello")), 2005),
        (with("message_id", json!(1)), 2005),
        (with("message_id", json!("a.b")), 2005),
        (with("message_id", json!("ä")), 2005),
        (with("type", json!("struct")), 2005),
        (with("type", json!("start_session")), 2005),
        (with("im_sub_session_id", json!(1.5)), 2005),
        (with("im_sub_session_id", json!(-4)), 2005),
        // Another customer's, nobody's, and the queue's while there is none.
        (with("im_sub_session_id", json!(other)), 9200),
        (with("im_sub_session_id", json!(5)), 9200),
        (with("im_sub_session_id", json!(-3)), 9200),
        // To a robot while with an agent.
        (with("im_sub_session_id", json!(0)), 9200),
        (with("im_sub_session_id", json!(-1)), 2062),
    ] {
        assert_eq!(
            client.post("/im/messages", &body).await.code(),
            code,
            "{body}"
        );
    }
    assert_eq!(twin.messages_from("DE").len(), 0);
}

#[tokio::test]
async fn closed_sessions_are_gone() {
    let (twin, client) = start().await;
    let session = client.open("DE").await;
    let path = format!("/im/sessions/{session}");
    assert_eq!(client.bare("DELETE", &path, "").await.code(), 1000);
    assert_eq!(client.bare("DELETE", &path, "").await.code(), 9200);
    assert_eq!(client.write("DE", session, "m1", "hello").await, 9200);
    // A message may be left all the same.
    assert_eq!(client.write("DE", -2, "m1", "hello").await, 1000);
    assert_eq!(
        client.bare("DELETE", "/im/sessions/x", "").await.code(),
        2005
    );
    assert_eq!(twin.conversation("DE").unwrap().standing, Standing::Idle);
    assert_ne!(client.open("DE").await, session);
}

#[tokio::test]
async fn the_queue_as_on_the_page() {
    let (twin, client) = start().await;
    twin.everyone_busy(3);
    let body = json!({"customer_token": "DE", "agent_id": 397});
    let answer = client.post("/im/sessions", &body).await;
    assert_eq!(
        answer.body,
        json!({
            "code": 2001,
            "message": "The current customer service is busy, you are in the 3rd place in line.",
            "assign_type": "agent",
            "assign_info": {"count": 3, "queue": "queue:company:1:agent:397"},
        })
    );
    let status = client
        .bare("GET", "/im/queue_status", "&customer_token=DE")
        .await;
    assert_eq!(
        status.body,
        json!({"code": 1000, "status": "In queue", "count": 3})
    );
    assert_eq!(client.write("DE", -3, "m1", "hello").await, 1000);
    let status = client
        .bare("GET", "/im/customer_status", "&customer_token=DE")
        .await;
    assert_eq!(
        status.body,
        json!({"code": 1000, "status_code": 2, "status": "In queue"})
    );
    let leave = "&customer_token=DE&queue=queue%3Acompany%3A1%3Aagent%3A397";
    let path = "/im/sessions/close_queue";
    assert_eq!(
        client
            .bare("DELETE", path, "&customer_token=DE")
            .await
            .code(),
        2000
    );
    assert_eq!(client.bare("DELETE", path, leave).await.code(), 1000);
    assert_eq!(client.bare("DELETE", path, leave).await.code(), 9200);
    assert_eq!(client.write("DE", -3, "m2", "hello").await, 9200);
}

#[tokio::test]
async fn assigning_and_nobody_online_as_on_the_page() {
    let (twin, client) = start().await;
    let body = json!({"customer_token": "DE", "assign_type": "agent"});
    twin.assigning();
    assert_eq!(
        client.post("/im/sessions", &body).await.body,
        json!({
            "code": 2001,
            "message": "Customer service assignment in progress!",
            "assign_type": "agent",
            "assign_info": {"count": 0},
        })
    );
    assert_eq!(client.write("DE", -3, "m1", "hello").await, 1000);
    twin.nobody_online();
    assert_eq!(
        client.post("/im/sessions", &body).await.body,
        json!({
            "code": 2002,
            "message": "There is no customer service online at the moment",
            "assign_type": "agent",
            "assign_info": {"count": 0},
        })
    );
    assert_eq!(client.write("DE", -3, "m2", "hello").await, 9200);
    assert_eq!(client.write("DE", -2, "m2", "hello").await, 1000);
    twin.agents_online();
    assert!(client.open("DE").await > 0);
}

#[tokio::test]
async fn the_rate_limit_in_each_shape() {
    let (twin, client) = start().await;
    let ask = async || {
        client
            .bare("GET", "/im/queue_status", "&customer_token=DE")
            .await
    };
    for _ in 0..60 {
        assert_eq!(ask().await.code(), 1000);
    }
    let over = ask().await;
    assert_eq!((over.status, over.retry_after), (429, None));
    twin.switch(|s| {
        s.over_limit = OverLimit::Status429 {
            retry_after: Some(7),
        }
    });
    let over = ask().await;
    assert_eq!((over.status, over.retry_after.as_deref()), (429, Some("7")));
    twin.switch(|s| s.over_limit = OverLimit::unlisted_code());
    let over = ask().await;
    assert_eq!(over.status, 200);
    assert!(over.body["message"].as_str().unwrap().contains("frequency"));
    // Each path has its own budget.
    assert!(client.open("DE").await > 0);
    twin.switch(|s| {
        s.rate_limit = Some(RateLimit {
            calls: 1,
            per: Duration::from_millis(1),
        });
    });
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(ask().await.code(), 1000);
    twin.switch(|s| s.rate_limit = None);
    assert_eq!(ask().await.code(), 1000);
}

#[tokio::test]
async fn repeats_are_dropped_or_kept() {
    let (twin, client) = start().await;
    let session = client.open("DE").await;
    assert_eq!(client.write("DE", session, "m1", "hello").await, 1000);
    assert_eq!(client.write("DE", session, "m1", "hello").await, 1000);
    assert_eq!(twin.messages_from("DE").len(), 1);
    twin.switch(|s| s.drop_repeats = false);
    assert_eq!(client.write("DE", session, "m1", "hello").await, 1000);
    assert_eq!(twin.messages_from("DE").len(), 2);
}

#[tokio::test]
async fn warming_a_connection_is_no_call() {
    let (twin, client) = start().await;
    for method in ["GET", "HEAD"] {
        let answer = client.send(method, "/", &[], "").await.unwrap();
        assert_eq!(answer.status, 200);
    }
    assert_eq!(twin.calls().len(), 0);
    let uri = format!("/open_api_v1/im/nothing?{}", crate::client::signed());
    assert_eq!(client.send("GET", &uri, &[], "").await.unwrap().status, 404);
}
