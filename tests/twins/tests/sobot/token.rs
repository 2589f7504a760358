//! `POST /api/page/token`.

use serde_json::{Value, json};

use crate::client::{TOKEN, request, start};

/// The page's "Request example", its body as printed.
const EXAMPLE: &str = r#"{
    "sysnum":"ABC",
    "partnerid":"DE",
    "ts":"1569397773",
    "sign":"874b6f9d7926ddb84da11bf93b0ef169",
    "customized_fields":"{\"uname\":\"nickname\"}",
    "source":0,
    "channel_flag":2
}"#;
const EXAMPLE_ENDS: i64 = 1_569_397_773;

#[tokio::test]
async fn the_pages_example_gets_a_token_as_long_as_it_lasts() {
    let (twin, client) = start().await;
    let json = [("content-type", "application/json")];
    let ask = async || client.send("POST", TOKEN, &json, EXAMPLE).await.unwrap();
    // Today it is over.
    assert_eq!(ask().await.code(), "999999");
    let now = jiff::Timestamp::now().as_second();
    twin.switch(|s| s.clock_offset_seconds = EXAMPLE_ENDS - now - 60);
    let answer = ask().await;
    let names: Vec<_> = answer.body.as_object().unwrap().keys().collect();
    assert_eq!(names, ["ret_code", "ret_msg", "token"]);
    assert_eq!(answer.code(), "000000");
    assert_eq!(answer.body["ret_msg"], "success");
    let token = answer.body["token"].as_str().unwrap();
    assert_eq!(token.len(), "59a3d022993e4632bafd4f59a0f13604".len());
    let issued = twin.token(token).unwrap();
    assert_eq!(issued.partner_id, "DE");
    assert_eq!(issued.expires_at, EXAMPLE_ENDS);
    assert_eq!(
        issued.customized_fields.as_deref(),
        Some("{\"uname\":\"nickname\"}")
    );
    assert_eq!(issued.channel_flag, Some(2));
    assert_ne!(ask().await.body["token"], answer.body["token"]);
}

#[tokio::test]
async fn a_wrong_signature_is_900003() {
    let (_twin, client) = start().await;
    let fields = Some("{\"uname\":\"nickname\"}");
    let right = request("DE", fields);
    assert_eq!(client.ask(&right).await.code(), "000000");
    let sign = right["sign"].as_str().unwrap();
    let bare = request("DE", None)["sign"].clone();
    for (name, value) in [
        ("sign", json!(sign.to_uppercase())),
        ("sign", json!("874b6f9d7926ddb84da11bf93b0ef169")),
        // What the page's table says, and its example contradicts.
        ("sign", bare),
        ("partnerid", json!("DF")),
        ("ts", json!("4000000000")),
        // The same object in other bytes.
        ("customized_fields", json!("{\"uname\": \"nickname\"}")),
    ] {
        let mut body = right.clone();
        body[name] = value;
        let answer = client.ask(&body).await;
        assert_eq!(answer.code(), "900003", "{body}");
        assert_eq!(answer.body["token"], Value::Null);
    }
    let mut without = right.clone();
    without.as_object_mut().unwrap().remove("customized_fields");
    assert_eq!(client.ask(&without).await.code(), "900003");
}

#[tokio::test]
async fn every_value_has_the_type_of_the_pages_table() {
    let (twin, client) = start().await;
    twin.switch(|s| s.refusal_code = "400001".to_owned());
    let right = request("DE", Some("{}"));
    for (name, wrong) in [
        ("sysnum", json!(1)),
        ("sysnum", json!("XYZ")),
        ("partnerid", json!(1)),
        ("partnerid", json!("")),
        ("partnerid", json!("x".repeat(301))),
        ("ts", json!(4_000_000_000_i64)),
        ("ts", json!("4000000000000")),
        ("ts", json!("400000000")),
        ("ts", json!("+400000000")),
        ("customized_fields", json!({})),
        ("customized_fields", json!("[]")),
        ("customized_fields", json!("uname")),
        ("customized_fields", Value::Null),
        ("sign", json!(1)),
        ("source", json!("0")),
        ("source", json!(0.0)),
        ("source", json!(1)),
        ("source", Value::Null),
        ("channel_flag", json!("2")),
        ("channel_flag", json!(2.5)),
        ("locale", json!("en")),
    ] {
        let mut body = right.clone();
        body[name] = wrong;
        let answer = client.ask(&body).await;
        assert_eq!(answer.code(), "400001", "{body}");
    }
    for name in ["sysnum", "partnerid", "ts", "sign"] {
        let mut body = right.clone();
        body.as_object_mut().unwrap().remove(name);
        assert_eq!(client.ask(&body).await.code(), "400001", "{body}");
    }
    let text = right.to_string();
    for (content_type, body) in [
        ("text/plain", text.as_str()),
        ("application/json", "{"),
        ("application/json", "[]"),
        ("application/json", ""),
    ] {
        let headers = [("content-type", content_type)];
        let answer = client.send("POST", TOKEN, &headers, body).await.unwrap();
        assert_eq!((answer.status, answer.code()), (200, "400001"), "{body}");
    }
    assert_eq!(client.get(TOKEN).await.status, 405);
    assert_eq!(twin.calls_of(TOKEN)[20].unknown_fields, ["locale"]);
}

#[tokio::test]
async fn a_token_must_end_in_the_future() {
    let (twin, client) = start().await;
    let body = request("DE", None);
    let ends: i64 = body["ts"].as_str().unwrap().parse().unwrap();
    let left = ends - jiff::Timestamp::now().as_second();
    twin.switch(|s| s.clock_offset_seconds = left - 5);
    assert_eq!(client.ask(&body).await.code(), "000000");
    twin.switch(|s| s.clock_offset_seconds = left);
    assert_eq!(client.ask(&body).await.code(), "999999");
}

#[tokio::test]
async fn source_and_channel_flag_must_be_passed_after_the_upgrade_only() {
    let (twin, client) = start().await;
    for name in ["source", "channel_flag"] {
        let mut body = request("DE", None);
        body.as_object_mut().unwrap().remove(name);
        twin.switch(|s| s.upgraded = false);
        assert_eq!(client.ask(&body).await.code(), "000000");
        twin.switch(|s| s.upgraded = true);
        assert_eq!(client.ask(&body).await.code(), "999999");
    }
    assert_eq!(client.ask(&request("DE", None)).await.code(), "000000");
}
