//! The agent's page and its JSON control.

use deskbridge_twins::sobot::PushKind;
use serde_json::json;

use crate::client::start;
use crate::receiver::Receiver;

#[tokio::test]
async fn the_agent_works_by_curl() {
    let (twin, client) = start().await;
    let receiver = Receiver::start().await;
    let customer = "/agent/api/customers/DE%2F1%20%C3%A4";
    assert_eq!(client.get(customer).await.status, 404);
    let say = format!("{customer}/say");
    let hello = json!({"text": "Hello", "push": "offline"});
    let said = client.post(&say, &hello).await;
    assert_eq!(
        said.body["outcomes"],
        json!(["not made: no receive URL is set"])
    );
    assert_eq!(said.body["good"], false);
    for kind in PushKind::ALL {
        twin.set_push_url(kind, receiver.url.clone());
    }
    let said = client.post(&say, &hello).await;
    assert_eq!(said.body["outcomes"], json!(["200, empty body"]));
    assert_eq!(said.body["good"], true);
    let body = receiver.got().pop().unwrap();
    assert_eq!(
        (&body["partnerId"], &body["msgId"]),
        (&json!("DE/1 ä"), &said.body["msg_id"])
    );
    let picture = json!({"text": "https://img.sobot.io/1", "push": "unread", "kind": "image"});
    client.post(&say, &picture).await;
    assert_eq!(receiver.got().pop().unwrap()["msgType"], "image");
    let again = json!({"msg_id": said.body["msg_id"], "push": "chat_list"});
    client.post(&format!("{customer}/again"), &again).await;
    assert_eq!(receiver.got().pop().unwrap()["lastMsgContent"], "Hello");
    let cid = client.get(customer).await.body["cid"].clone();
    let ended = client.post(&format!("{customer}/end"), &json!({})).await;
    assert_ne!(ended.body["cid"], cid);
    client
        .send("POST", "/agent/api/push/unread", &[], "not json")
        .await
        .unwrap();
    assert_eq!(receiver.got().pop().unwrap(), "not json");
    for (path, body, status) in [
        (say.as_str(), json!({"text": "x"}), 400),
        (&say, json!({"text": "x", "push": "online"}), 400),
        (&say, json!({"text": "", "push": "offline"}), 400),
        (
            &say,
            json!({"text": "x", "push": "offline", "kind": "card"}),
            400,
        ),
        (
            &format!("{customer}/again"),
            json!({"msg_id": "x", "push": "offline"}),
            404,
        ),
        ("/agent/api/push/online", json!({}), 404),
    ] {
        assert_eq!(
            client.post(path, &body).await.status,
            status,
            "{path} {body}"
        );
    }
    let list = client.get("/agent/api/customers").await.body;
    assert_eq!(list["customers"][0]["partner_id"], "DE/1 ä");
    assert_eq!(list["push_urls_set"]["chat_list"], true);
    for path in ["/agent", "/agent/api/pushes", "/agent/api/calls"] {
        assert_eq!(client.get(path).await.status, 200);
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    let (twin, client) = start().await;
    let path = "/agent/api/customers/DE/end";
    for headers in [
        [("origin", "https://example.com")],
        [("origin", "null")],
        [("host", "example.com")],
    ] {
        let answer = client.send("POST", path, &headers, "").await.unwrap();
        assert_eq!(answer.status, 403);
    }
    let own = twin.url();
    let headers = [("origin", own.as_str())];
    let answer = client.send("POST", path, &headers, "").await.unwrap();
    assert_eq!(answer.status, 200);
}
