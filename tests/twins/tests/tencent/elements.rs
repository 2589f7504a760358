//! The elements of `MsgBody`.

use serde_json::{Value, json};

use crate::client::{start, text};

fn custom(data: Value) -> Value {
    let data = match data {
        Value::String(raw) => raw,
        value => value.to_string(),
    };
    json!([{"MsgType": "TIMCustomElem", "MsgContent": {"Data": data}}])
}

fn card(change: impl FnOnce(&mut Value)) -> Value {
    let mut data = json!({
        "src": "22",
        "content": {"header": "card title", "desc": "", "pic": "https://x/p.jpeg", "url": "https://x/"},
        "customerServicePlugin": 0,
    });
    change(&mut data);
    custom(data)
}

#[tokio::test]
async fn elements_fit_the_message_format() {
    let (twin, client) = start().await;
    let one = |kind: &str, content: Value| json!([{"MsgType": kind, "MsgContent": content}]);
    let hello = json!({"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}});
    let image = json!({"Type": 1, "Size": 1, "Width": 1, "Height": 1, "URL": "https://x/1.png"});
    let custom_one = custom(json!({"customerServicePlugin": 0, "src": "9"}))[0].clone();
    for (msg_body, expected) in [
        (json!([hello, hello]), 0),
        (json!(["hello"]), 90002),
        (json!([{"MsgType": "TIMTextElem"}]), 90002),
        (json!([{"MsgContent": {"Text": "hello"}}]), 90002),
        (json!([{"MsgType": 1, "MsgContent": {}}]), 90002),
        (
            json!([{"MsgType": "TIMTextElem", "MsgContent": "hello"}]),
            90002,
        ),
        (
            json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}, "more": 1}]),
            90002,
        ),
        (one("TIMTextElement", json!({"Text": "hello"})), 90002),
        (one("TIMTextElem", json!({})), 90010),
        (one("TIMTextElem", json!({"text": "hello"})), 90010),
        (one("TIMTextElem", json!({"Text": 1})), 90010),
        (one("TIMTextElem", json!({"Text": "a", "Data": "b"})), 90010),
        (one("TIMFaceElem", json!({"Index": 1, "Data": "x"})), 0),
        (
            one("TIMFaceElem", json!({"Index": "1", "Data": "x"})),
            90010,
        ),
        (
            one(
                "TIMImageElem",
                json!({"UUID": "1", "ImageFormat": 1, "ImageInfoArray": [image]}),
            ),
            0,
        ),
        (
            one(
                "TIMImageElem",
                json!({"UUID": "1", "ImageFormat": 1, "ImageInfoArray": []}),
            ),
            90010,
        ),
        (
            one(
                "TIMImageElem",
                json!({"UUID": "1", "ImageFormat": 1, "ImageInfoArray": [{}]}),
            ),
            90010,
        ),
        (json!([hello, custom_one]), 0),
        (json!([custom_one, custom_one]), 90010),
    ] {
        let mut body = text("user45", 1, "");
        body["MsgBody"] = msg_body;
        assert_eq!(client.code(&body).await, expected, "{body}");
    }
    assert_eq!(twin.messages_to("user45")[0].texts(), ["hello", "hello"]);
}

#[tokio::test]
async fn desks_own_data_is_json_serialised_once_with_its_marker_and_kind() {
    let (twin, client) = start().await;
    let cases = [
        (card(|_| ()), 0),
        (card(|data| data["src"] = json!(22)), 90010),
        (card(|data| data["src"] = json!("card")), 90010),
        (
            card(|data| data["customerServicePlugin"] = json!("0")),
            90010,
        ),
        (card(|data| data["customerServicePlugin"] = json!(1)), 90010),
        (card(|data| data["content"] = json!("x")), 90010),
        (card(|data| data["content"]["pic"] = json!(1)), 90010),
        (card(|data| data["content"]["price"] = json!("1")), 90010),
        (
            card(|data| {
                data["content"].as_object_mut().unwrap().remove("url");
            }),
            90010,
        ),
        (
            custom(json!({"customerServicePlugin": 0, "src": "28", "content": {"any": 1}})),
            0,
        ),
        (custom(json!({"src": "22"})), 90010),
        (custom(json!("not json")), 90010),
        // Serialised twice.
        (
            custom(json!(json!(card(|_| ())[0].to_string()).to_string())),
            90010,
        ),
    ];
    for (msg_body, expected) in cases {
        let mut body = text("user45", 1, "");
        body["MsgBody"] = msg_body;
        assert_eq!(client.code(&body).await, expected, "{body}");
    }
    let mut body = text("user45", 1, "");
    body["MsgBody"] = json!([{"MsgType": "TIMCustomElem", "MsgContent": {"Data": {"src": "22"}}}]);
    assert_eq!(client.code(&body).await, 90010);
    body["MsgBody"] = custom(json!("not json"));
    twin.switch(|s| s.any_custom_data = true);
    assert_eq!(client.code(&body).await, 0);
    let content = json!({"Data": "x", "Desc": "notification", "Ext": "url", "Sound": "dingdong"});
    body["MsgBody"] = json!([{"MsgType": "TIMCustomElem", "MsgContent": content}]);
    assert_eq!(client.code(&body).await, 0);
}
