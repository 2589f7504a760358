//! The robots: opening a session with one, asking it, and what it pushes.

use std::time::Duration;

use deskbridge_twins::udesk::{Options, Standing, Twin};
use serde_json::{Value, json};

use crate::client::{Client, start, start_with};
use crate::receiver::Receiver;

const SOON: Duration = Duration::from_secs(5);

/// A twin whose pushes arrive.
async fn received() -> (Twin, Client, Receiver) {
    let (twin, client) = start().await;
    let receiver = Receiver::start().await;
    twin.set_receive_url(receiver.url.clone());
    (twin, client, receiver)
}

async fn meet(client: &Client, assign: Value) -> Value {
    let mut body = json!({"customer_token": "DE"});
    let assign = assign.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(assign);
    client.post("/im/sessions", &body).await.body
}

async fn meet_urobot(client: &Client) -> i64 {
    let urobot = json!({"assign_type": "urobot", "robot_id": 12362, "scene_id": 39});
    meet(client, urobot).await["assign_info"]["sessionId"]
        .as_i64()
        .unwrap()
}

fn to_robot(id: &str, text: &str) -> Value {
    json!({"customer_token": "DE", "im_sub_session_id": 0, "message_id": id, "data": {"content": text}})
}

fn to_urobot(id: &str, text: &str) -> Value {
    let mut body = to_robot(id, text);
    body["im_sub_session_id"] = json!(-1);
    body["robot_id"] = json!(12362);
    body["scene_id"] = json!(39);
    body
}

#[tokio::test]
async fn a_robot_as_on_the_page() {
    let (twin, client, receiver) = received().await;
    // It is the default.
    let met = meet(&client, json!({})).await;
    assert_eq!(met["assign_type"], "robot");
    assert_eq!(
        met["assign_info"]["robot_name"],
        "Udesk Customer Service Robot"
    );
    let page = json!([
        "robot_avatar",
        "robot_name",
        "unknow_message",
        "welcome_message"
    ]);
    let names: Vec<_> = met["assign_info"].as_object().unwrap().keys().collect();
    assert_eq!(json!(names), page);
    assert_eq!(twin.conversation("DE").unwrap().standing, Standing::Robot);

    for (id, question) in [("m1", "what is the company's BUSINESS? "), ("m2", "Eh?")] {
        let answer = client.post("/im/messages", &to_robot(id, question)).await;
        assert_eq!(answer.code(), 1000);
    }
    assert!(twin.wait_until(SOON, |twin| twin.pushes().len() == 2).await);
    let push = &receiver.got()[0];
    assert_eq!(
        (&push["customer_token"], &push["assign_type"]),
        (&json!("DE"), &json!("robot"))
    );
    let message = &push["messages"][0];
    assert_eq!(message["type"], "message");
    assert_eq!(message["message_id"].as_str().unwrap().len(), 36);
    assert_eq!(message["data"]["question_id"], 210_530);
    let answer = message["data"]["answer"].as_str().unwrap();
    assert!(answer.starts_with("Hi, we are a company"));
    assert_eq!(message["data"]["relate_list"].as_array().unwrap().len(), 2);
    let unknown = &receiver.got()[1]["messages"][0]["data"];
    assert!(unknown["answer"].as_str().unwrap().contains("sorry"));
}

#[tokio::test]
async fn a_urobot_as_on_the_page_in_every_wrapping() {
    let (twin, client, receiver) = received().await;
    let session = meet_urobot(&client).await;
    assert_eq!(
        meet_urobot(&client).await,
        session,
        "the same robot, the same session"
    );
    let standing = twin.conversation("DE").unwrap().standing;
    let (robot, scene) = (12362, 39);
    assert_eq!(
        standing,
        Standing::Urobot {
            session,
            robot,
            scene
        }
    );

    for (number, (envelope, list)) in [(true, false), (true, true), (false, false)]
        .into_iter()
        .enumerate()
    {
        twin.switch(|s| {
            s.urobot_envelope = envelope;
            s.urobot_list = list;
        });
        let id = format!("m{number}");
        let answer = client
            .post("/im/messages", &to_urobot(&id, "Account appeal"))
            .await;
        assert_eq!(answer.code(), 1000);
        assert!(
            twin.wait_until(SOON, |twin| twin.pushes().len() == number + 1)
                .await
        );
        let push = receiver.got().pop().unwrap();
        let inner = match (envelope, list) {
            (true, true) => &push["messages"][0],
            (true, false) => &push["messages"],
            (false, _) => &push,
        };
        assert_eq!(inner["sessionId"], session);
        assert_eq!(inner["ansContent"], "Appeal process");
        assert_eq!(inner["ansType"], 2);
        assert_eq!(inner["suggestQuestionList"][0]["content"], "Question 1");
        assert_eq!(push["customer_token"].is_string(), envelope);
    }
}

#[tokio::test]
async fn what_a_robot_does_not_take() {
    let (twin, client) = start().await;
    let code = async |body: &Value| client.post("/im/messages", body).await.code();
    assert_eq!(code(&to_robot("m1", "hi")).await, 9200, "with no robot yet");
    let session = meet_urobot(&client).await;
    let with = |name: &str, value: Value| {
        let mut body = to_urobot("m1", "hi");
        body[name] = value;
        body
    };
    for (body, wanted) in [
        (with("type", json!("image")), 2005),
        (with("robot_id", Value::Null), 2062),
        (with("scene_id", Value::Null), 2062),
        (with("robot_id", json!(5)), 2015),
        (with("scene_id", json!(5)), 2015),
        (with("urobot_session_id", json!(session + 1)), 9200),
        (with("im_sub_session_id", json!(0)), 9200),
        (with("data", json!({"content": ""})), 2062),
    ] {
        assert_eq!(code(&body).await, wanted, "{body}");
    }
    assert_eq!(twin.messages_from("DE").len(), 0);
    // The id may go missing at a urobot, and that is no repeat.
    let nameless = with("message_id", Value::Null);
    assert_eq!((code(&nameless).await, code(&nameless).await), (1000, 1000));
    let known = with("urobot_session_id", json!(session.to_string()));
    assert_eq!((code(&known).await, code(&known).await), (1000, 1000));
    assert_eq!(twin.messages_from("DE").len(), 3);
}

#[tokio::test]
async fn a_company_without_robots() {
    let options = Options {
        robot: None,
        urobots: Vec::new(),
        ..Options::default()
    };
    let (_twin, client) = start_with(options).await;
    assert_eq!(meet(&client, json!({})).await["code"], 2065);
    let urobot = json!({"assign_type": "urobot", "robot_id": 12362, "scene_id": 39});
    assert_eq!(meet(&client, urobot).await["code"], 2015);
}

#[tokio::test]
async fn an_agent_takes_over_and_the_robot_may_speak_late() {
    let (twin, client, receiver) = received().await;
    assert!(twin.robot_says("DE", "hi").await.is_err(), "met none");
    meet_urobot(&client).await;
    let pushed = twin.robot_says("DE", "Anything else?").await.unwrap();
    assert!(pushed.is_good());
    assert_eq!(pushed.im_sub_session_id, -1);
    assert_eq!(
        receiver.got()[0]["messages"]["ansContent"],
        "Anything else?"
    );

    let session = twin.assign("DE").await.unwrap().im_sub_session_id;
    assert_eq!(
        client
            .post("/im/messages", &to_urobot("m1", "hi"))
            .await
            .code(),
        9200
    );
    assert_eq!(client.write("DE", session, "m2", "hi").await, 1000);
    assert!(twin.robot_says("DE", "Too late").await.unwrap().is_good());
    // Whoever is with an agent stays there, whomever is asked for.
    let met = meet(&client, json!({"assign_type": "robot"})).await;
    assert_eq!(met["assign_info"]["im_sub_session_id"], session);
}

#[tokio::test]
async fn the_robot_by_curl() {
    let (_twin, client, receiver) = received().await;
    meet(&client, json!({})).await;
    let path = "/agent/api/conversations/DE";
    let robot = format!("{path}/robot");
    let said = client.send("POST", &robot, &[], r#"{"text":"Hi"}"#);
    assert_eq!(said.await.unwrap().body["good"], true);
    assert_eq!(receiver.got()[0]["messages"][0]["data"]["answer"], "Hi");
    let silent = client.send("POST", &robot, &[], "");
    assert_eq!(silent.await.unwrap().status, 400);
    let shown = client.send("GET", path, &[], "").await.unwrap().body;
    assert_eq!(shown["standing"]["state"], "robot");
    assert_eq!(shown["entries"][0]["from"], "robot");
}
