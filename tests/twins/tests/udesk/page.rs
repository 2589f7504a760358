//! The agent's page and its JSON control.

use serde_json::{Value, json};

use crate::client::start;
use crate::receiver::Receiver;

#[tokio::test]
async fn the_agent_works_by_curl() {
    let (twin, client) = start().await;
    let receiver = Receiver::start().await;
    twin.set_receive_url(receiver.url.clone());
    let post = async |path: &str, body: Value| {
        let path = format!("/agent/api/{path}");
        let body = body.to_string();
        client.send("POST", &path, &[], &body).await.unwrap()
    };
    let customer = "DE/1 ä";
    let encoded = "conversations/DE%2F1%20%C3%A4";
    let session = client.open(customer).await;
    client.write(customer, session, "m1", "hello").await;
    let list = client
        .send("GET", "/agent/api/conversations", &[], "")
        .await;
    let list = list.unwrap().body;
    assert_eq!(list["desk"], json!({"mode": "online"}));
    assert_eq!(list["conversations"][0]["customer"], customer);
    assert_eq!(list["conversations"][0]["agent"]["name"], "Tom");
    let said = post(&format!("{encoded}/say"), json!({"text": "hi"})).await;
    assert_eq!(said.body["good"], true, "{said:?}");
    assert_eq!(said.body["outcomes"], json!(["200, empty body"]));
    assert_eq!(receiver.contents().last().unwrap(), "hi");
    post(&format!("{encoded}/read"), json!({})).await;
    let read = receiver.got().pop().unwrap();
    assert_eq!(read, json!({"session_id": session, "message_ids": ["m1"]}));
    let moved = post(&format!("{encoded}/transfer"), json!({})).await;
    assert_ne!(moved.body["im_sub_session_id"], session);
    assert_eq!(
        post(&format!("{encoded}/close"), json!({})).await.status,
        200
    );
    assert_eq!(
        post(&format!("{encoded}/say"), json!({"text": "hi"}))
            .await
            .status,
        409
    );
    assert_eq!(post(&format!("{encoded}/say"), json!({})).await.status, 400);
    assert_eq!(
        post("conversations/nobody/say", json!({"text": "hi"}))
            .await
            .status,
        404
    );
    let busy = json!({"mode": "busy", "place": 3});
    assert_eq!(post("desk", busy.clone()).await.body["desk"], busy);
    assert_eq!(client.open("AT").await, 0);
    assert_eq!(post("conversations/AT/assign", json!({})).await.status, 200);
    assert!(client.open("AT").await > 0);
    for path in ["pushes", "calls"] {
        let path = format!("/agent/api/{path}");
        assert_eq!(
            client.send("GET", &path, &[], "").await.unwrap().status,
            200
        );
    }
}

#[tokio::test]
async fn the_page_brings_its_style_and_script_along() {
    let (_twin, client) = start().await;
    let page = client.send("GET", "/agent", &[], "").await.unwrap().text;
    assert!(
        page.contains("Udesk twin")
            && page.contains("--accent:")
            && page.contains("async function call(")
    );
    assert!(!page.contains("/*style*/") && !page.contains("/*script*/"));
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    let (twin, client) = start().await;
    let path = "/agent/api/desk";
    let body = "{\"mode\":\"offline\"}";
    for headers in [
        [("origin", "https://example.com")],
        [("origin", "null")],
        [("host", "example.com")],
    ] {
        let answer = client.send("POST", path, &headers, body).await.unwrap();
        assert_eq!(answer.status, 403);
    }
    let own = twin.url();
    let answer = client
        .send("POST", path, &[("origin", own.as_str())], body)
        .await;
    assert_eq!(answer.unwrap().status, 200);
}
