//! Ratings, clicks, and steps in a flow.

use std::time::Duration;

use deskbridge_twins::udesk::Twin;
use serde_json::{Value, json};

use crate::client::{Client, start};
use crate::receiver::Receiver;

const SOON: Duration = Duration::from_secs(5);

/// The page's own example, as it is printed.
fn page(file: &str) -> Value {
    let path = format!(
        "{}/../fixtures/udesk/{file}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn with(body: &Value, name: &str, value: Value) -> Value {
    let mut body = body.clone();
    match value {
        Value::Null => body.as_object_mut().unwrap().remove(name),
        value => body.as_object_mut().unwrap().insert(name.to_owned(), value),
    };
    body
}

/// A customer with Udesk's own robot: the session, and the `logId` of the welcome.
async fn with_urobot(client: &Client) -> (i64, i64) {
    let body = json!({
        "customer_token": "DE", "assign_type": "urobot", "robot_id": 12362, "scene_id": 39,
    });
    let met = client.post("/im/sessions", &body).await.body;
    let number = |name: &str| met["assign_info"][name].as_i64().unwrap();
    (number("sessionId"), number("logId"))
}

/// What the twin keeps of the customer's feedback.
fn kept(twin: &Twin) -> Vec<(String, Value)> {
    let conversation = twin.conversation("DE").unwrap();
    let all = conversation.feedback.into_iter();
    all.map(|one| (one.api, one.fields)).collect()
}

async fn refused(client: &Client, path: &str, cases: Vec<(Value, i64)>) {
    for (body, code) in cases {
        assert_eq!(client.post(path, &body).await.code(), code, "{path} {body}");
    }
}

#[tokio::test]
async fn a_session_is_rated_as_on_the_page() {
    let (twin, client) = start().await;
    let session = client.open("DE").await;
    let path = "/im/sessions/survey";
    let rating = json!({"im_sub_session_id": session, "option_id": 36});
    // The page's example names its option as text.
    for (body, what) in [
        (with(&rating, "option_id", json!("36")), "text"),
        (
            json!({"im_sub_session_id": session, "option_id": 39, "remark": "Slow", "resolved_state_v2": 1}),
            "all",
        ),
    ] {
        let answer = client.post(path, &body).await;
        assert_eq!(answer.body, page("session_survey.answer"), "{what}");
    }
    refused(
        &client,
        path,
        vec![
            (with(&rating, "option_id", Value::Null), 2000),
            (with(&rating, "im_sub_session_id", Value::Null), 2000),
            // One of another form, one that demands a remark, one that takes none.
            (with(&rating, "option_id", json!(101)), 2005),
            (with(&rating, "option_id", json!(39)), 2000),
            (
                json!({"im_sub_session_id": session, "option_id": 40, "remark": "No"}),
                2005,
            ),
            (with(&rating, "resolved_state_v2", json!(2)), 2005),
            (with(&rating, "resolved_state_v2", json!("1")), 2005),
            (with(&rating, "remark", json!(5)), 2005),
            (with(&rating, "im_sub_session_id", json!(5)), 9200),
        ],
    )
    .await;
    // After the end, too.
    let end = format!("/im/sessions/{session}");
    assert_eq!(client.bare("DELETE", &end, "").await.code(), 1000);
    assert_eq!(client.post(path, &rating).await.code(), 1000);
    let kept = kept(&twin);
    assert_eq!(kept.len(), 3);
    assert_eq!(kept[2], (format!("POST {path}"), rating));
}

#[tokio::test]
async fn a_robot_is_rated_as_on_the_page() {
    let (twin, client) = start().await;
    let (session, _) = with_urobot(&client).await;
    let path = "/im/sessions/robot_survey";
    let mut rating = page("robot_survey.request");
    for (name, value) in [
        ("customer_token", json!("DE")),
        ("im_sub_session_id", json!(session)),
        ("robot_id", json!(12362)),
    ] {
        rating[name] = value;
    }
    let answer = client.post(path, &rating).await;
    assert_eq!(answer.body, page("robot_survey.answer"));
    refused(
        &client,
        path,
        vec![
            (with(&rating, "option_id", json!(1)), 2005),
            (with(&rating, "option_id", json!(5)), 2005),
            (with(&rating, "option_id", json!("2")), 2005),
            (with(&rating, "option_id", Value::Null), 2000),
            (with(&rating, "customer_token", Value::Null), 2000),
            (with(&rating, "robot_id", Value::Null), 2000),
            (with(&rating, "scene_id", Value::Null), 2000),
            (with(&rating, "robot_id", json!(5)), 2015),
            (with(&rating, "scene_id", json!(5)), 2015),
            (with(&rating, "im_sub_session_id", json!(-1)), 9200),
            (with(&rating, "customer_token", json!("FR")), 9200),
        ],
    )
    .await;
    // An agent has taken over: the robot can be rated all the same.
    twin.assign("DE").await.unwrap();
    let silent = with(&rating, "remark", Value::Null);
    assert_eq!(client.post(path, &silent).await.code(), 1000);
    assert_eq!(kept(&twin).len(), 2);
}

#[tokio::test]
async fn an_answer_is_rated_and_a_click_counted_as_on_the_page() {
    let (twin, client) = start().await;
    let (session, welcome) = with_urobot(&client).await;
    let own = |file: &str| {
        let mut body = page(file);
        for (name, value) in [
            ("customer_token", json!("DE")),
            ("im_sub_session_id", json!(session)),
            ("message_id", json!(welcome)),
            ("robot_id", json!(12362)),
            ("scene_id", json!(39)),
        ] {
            body[name] = value;
        }
        body
    };
    let path = "/im/messages/answer_survey";
    let rating = own("answer_survey.request");
    let answer = client.post(path, &rating).await;
    assert_eq!(answer.body, page("answer_survey.answer"));
    refused(
        &client,
        path,
        vec![
            (with(&rating, "option_id", json!(3)), 2005),
            (with(&rating, "option_id", json!(0)), 2005),
            (with(&rating, "message_id", Value::Null), 2000),
            (with(&rating, "message_id", json!("x")), 2005),
            (with(&rating, "message_id", json!(welcome + 1)), 2015),
            (with(&rating, "im_sub_session_id", json!(5)), 9200),
        ],
    )
    .await;
    let path = "/im/messages/hit";
    let click = with(&own("hit.request"), "question", json!("Account appeal"));
    assert_eq!(client.post(path, &click).await.body, page("hit.answer"));
    refused(
        &client,
        path,
        vec![
            (with(&click, "query_type", Value::Null), 2000),
            (with(&click, "query_type", json!("6")), 2005),
            (with(&click, "question_id", Value::Null), 2000),
            (with(&click, "scene_id", Value::Null), 2000),
            (with(&click, "question", json!(1)), 2005),
            (with(&click, "message_id", json!(welcome + 1)), 2015),
        ],
    )
    .await;
    let apis: Vec<_> = kept(&twin).into_iter().map(|(api, _)| api).collect();
    assert_eq!(
        apis,
        ["POST /im/messages/answer_survey", "POST /im/messages/hit"]
    );
    let calls = twin.calls();
    assert!(calls.iter().all(|call| call.unknown_fields.is_empty()));
}

#[tokio::test]
async fn a_step_in_a_flow_is_answered_by_a_push() {
    let (twin, client) = start().await;
    let receiver = Receiver::start().await;
    twin.set_receive_url(receiver.url.clone());
    let (session, _) = with_urobot(&client).await;
    let path = "/im/messages/flow";
    let step = json!({
        "customer_token": "DE", "im_sub_session_id": session, "flow_id": 81,
        "robot_id": 12362, "scene_id": 39,
    });
    // Nobody has shown it yet.
    assert_eq!(client.post(path, &step).await.code(), 2015);
    let question = json!({
        "customer_token": "DE", "im_sub_session_id": -1, "robot_id": 12362, "scene_id": 39,
        "data": {"content": "flow a"},
    });
    assert_eq!(client.post("/im/messages", &question).await.code(), 1000);
    assert!(twin.wait_until(SOON, |twin| twin.pushes().len() == 1).await);
    let shown = &receiver.got()[0]["messages"];
    assert_eq!(
        (&shown["flowId"], &shown["flowTitle"]),
        (&json!(80), &json!("Flow A"))
    );
    let content = shown["flowContent"].as_str().unwrap();
    assert!(
        content.contains("data-type=\"2\" class=\"flow-item\" data-id=\"81\" data-robotid=\"54\"")
    );

    refused(
        &client,
        path,
        vec![
            // The page's own example holds no flow_id.
            (page("flow.request"), 2000),
            (with(&step, "flow_id", json!("81")), 2005),
            // A button of type 1 is a question, and 82 none at all.
            (with(&step, "flow_id", json!(307)), 2015),
            (with(&step, "flow_id", json!(82)), 2015),
            (with(&step, "robot_id", json!(54)), 2015),
            (with(&step, "im_sub_session_id", json!(-1)), 9200),
        ],
    )
    .await;
    assert_eq!(client.post(path, &step).await.body, page("flow.answer"));
    assert!(twin.wait_until(SOON, |twin| twin.pushes().len() == 2).await);
    let next = &receiver.got()[1]["messages"];
    assert_eq!(
        (&next["flowId"], &next["sessionId"]),
        (&json!(81), &json!(session))
    );
    assert_eq!(next["flowContent"], "<p>This is subitem -1</p>");
    assert_eq!(kept(&twin).len(), 1);
}

#[tokio::test]
async fn a_transfer_is_counted_as_on_the_page() {
    let (twin, client) = start().await;
    let (session, _) = with_urobot(&client).await;
    let path = "/im/sessions/transfer_survey";
    // The page's example names the session as text.
    let mut body = page("transfer_survey.request");
    body["im_sub_session_id"] = json!(session.to_string());
    body["robot_id"] = json!(12362);
    body["scene_id"] = json!(39);
    twin.assign("DE").await.unwrap();
    assert_eq!(
        client.post(path, &body).await.body,
        page("transfer_survey.answer")
    );
    refused(
        &client,
        path,
        vec![
            (with(&body, "im_sub_session_id", json!(5)), 9200),
            (with(&body, "scene_id", json!(5)), 2015),
            (with(&body, "robot_id", Value::Null), 2000),
        ],
    )
    .await;
    assert_eq!(kept(&twin).len(), 1);
}

#[tokio::test]
async fn another_makers_answer_is_rated_where_a_path_is_known() {
    let (twin, client) = start().await;
    let receiver = Receiver::start().await;
    twin.set_receive_url(receiver.url.clone());
    client
        .post("/im/sessions", &json!({"customer_token": "DE"}))
        .await;
    let question = json!({
        "customer_token": "DE", "im_sub_session_id": 0, "message_id": "m1",
        "data": {"content": "What is the company's business?"},
    });
    client.post("/im/messages", &question).await;
    assert!(twin.wait_until(SOON, |twin| twin.pushes().len() == 1).await);
    let said = receiver.got()[0]["messages"][0]["message_id"].clone();
    let path = "/im/messages/evaluation";
    let rating = json!({
        "customer_token": "DE", "message_id": said, "question_id": 210_530, "useful": false,
    });
    // The page names no path.
    assert_eq!(client.post(path, &rating).await.status, 404);
    twin.switch(|switches| switches.robot_evaluation_path = Some(path.to_owned()));
    assert_eq!(client.post(path, &rating).await.body, json!({"code": 1000}));
    refused(
        &client,
        path,
        vec![
            (with(&rating, "useful", Value::Null), 2000),
            (with(&rating, "useful", json!(1)), 2005),
            (with(&rating, "question_id", json!(0)), 2015),
            (with(&rating, "question_id", json!(7)), 2015),
            (with(&rating, "message_id", json!("m1")), 2015),
        ],
    )
    .await;
    assert_eq!(kept(&twin)[0].1["useful"], false);
}
