//! What a server asks of the desk, tells of customers, and erases.

use deskbridge_twins::udesk::{QueueCustomers, SensitiveWords};
use serde_json::{Value, json};

use crate::client::{Client, message, signed, start};

#[tokio::test]
async fn the_words_that_the_company_minds() {
    let (twin, client) = start().await;
    let ask = async || client.bare("GET", "/im/im_sensitive_words", "").await.body;
    assert_eq!(
        ask().await,
        json!({"code": 1000, "customer_words_string": "a,b,c,d", "customer_is_open": 1})
    );
    twin.mind(SensitiveWords {
        words: String::new(),
        open: None,
    });
    assert_eq!(
        ask().await,
        json!({"code": 1000, "customer_words_string": "", "customer_is_open": null})
    );
}

async fn unread(client: &Client, query: &str) -> Value {
    let path = "/im/messages/agent_unread_messages";
    client.bare("GET", path, query).await.body
}

#[tokio::test]
async fn what_agents_have_yet_to_read() {
    let (twin, client) = start().await;
    let session = client.open("DE").await;
    client.write("DE", session, "m1", "hello").await;
    client.write("DE", session, "m2", "hello?").await;
    twin.nobody_online();
    let mut left = message("AT", -2, "m3", "call me");
    left["agent_id"] = json!(397);
    assert_eq!(client.post("/im/messages", &left).await.code(), 1000);
    let counted = |agent, unread, left| json!({"agent_id": agent, "unread_session_message_num": unread, "unsolved_leave_message_num": left});
    assert_eq!(
        unread(&client, "&agent_ids[]=3&agent_ids%5B%5D=397&agent_ids[]=5").await,
        json!({"code": 1000, "results": [counted(3, 2, 0), counted(397, 0, 1)]})
    );
    twin.agent_reads("DE", &["m1".to_owned()]).await.unwrap();
    let read = unread(&client, "&agent_ids[]=3").await;
    assert_eq!(read["results"], json!([counted(3, 1, 0)]));
    assert_eq!(unread(&client, "").await["code"], 2000);
    assert_eq!(unread(&client, "&agent_ids=3").await["code"], 2000);
    assert_eq!(unread(&client, "&agent_ids[]=x").await["code"], 2005);
    assert_eq!(
        unread(&client, &"&agent_ids[]=3".repeat(30)).await["code"],
        1000
    );
    assert_eq!(
        unread(&client, &"&agent_ids[]=3".repeat(31)).await["code"],
        2005
    );
}

#[tokio::test]
async fn the_urobots() {
    let (_twin, client) = start().await;
    let answer = client.bare("GET", "/im/urobots", "").await.body;
    assert_eq!(answer["code"], 1000);
    let robot = &answer["urobot_list"][0];
    assert_eq!(robot["id"], 12_362);
    assert_eq!(robot["scene_list"][0]["id"], 39);
    assert_eq!(robot["created_at"], "2018-01-23T10:55:20.000+08:00");
}

const EVER: &str = "&start_time=2019-02-10&end_time=2099-02-15%2000:00:00";

#[tokio::test]
async fn who_left_the_queue() {
    let (twin, client) = start().await;
    twin.everyone_busy(3);
    let leave = "/im/sessions/close_queue";
    for customer in ["DE", "AT", "CH"] {
        client.open(customer).await;
    }
    for customer in ["DE", "AT"] {
        let query = format!("&customer_token={customer}&queue=queue%3Acompany%3A1%3Aall");
        assert_eq!(client.bare("DELETE", leave, &query).await.code(), 1000);
    }
    // An agent came.
    twin.assign("CH").await.unwrap();
    let ask = async |query: &str| client.bare("GET", "/im/im_queues", query).await.body;

    let all = ask(EVER).await;
    assert_eq!(
        all["meta"],
        json!({"current_page": 1, "total_pages": 1, "count": 2})
    );
    let first = &all["shut_queues"][0];
    assert_eq!(first["customer_name"]["open_api_token"], "DE");
    assert_eq!(first["customer_id"], first["customer_name"]["id"]);
    assert_eq!(first["queue_name"], "queue:company:1:all");
    assert!(first["queue_seconds"].is_i64());

    twin.switch(|switches| switches.queue_customers = QueueCustomers::Named);
    let second = ask(&format!("{EVER}&page=2&per_page=1")).await;
    assert_eq!(
        second["meta"],
        json!({"current_page": 2, "total_pages": 2, "count": 1})
    );
    assert_eq!(
        second["shut_queues"][0]["customer_name"],
        "API Anonymous User (AT)"
    );
    assert!(second["shut_queues"][0]["queue_seconds"].is_string());

    let before = ask("&start_time=2019-02-10&end_time=2019-02-15").await;
    assert_eq!(before["shut_queues"], json!([]));
    for wrong in [
        "&start_time=2019-02-10",
        "&start_time=yesterday&end_time=2019-02-15",
        "&start_time=2019-02-10T00:00:00Z&end_time=2019-02-15",
    ] {
        assert_ne!(ask(wrong).await["code"], 1000, "{wrong}");
    }
    for wrong in ["&page=0", "&per_page=101", "&page=x"] {
        assert_eq!(
            ask(&format!("{EVER}{wrong}")).await["code"],
            2005,
            "{wrong}"
        );
    }
    // "do not set the Content-Type header to application/json, otherwise an error will occur"
    let uri = format!("/open_api_v1/im/im_queues?{}{EVER}", signed());
    let json = [("content-type", "application/json")];
    let answer = client.send("GET", &uri, &json, "").await.unwrap();
    assert_eq!(answer.code(), 2000);
}

#[tokio::test]
async fn a_customer_is_told_of() {
    let (twin, client) = start().await;
    let body = json!({
        "customer": {
            "open_api_token": "DE", "nick_name": "Xiao Ya", "email": "de@example.com",
            "description": "came by the shop", "level": "vip",
            "cellphones": [[null, "13800000000"]],
            "custom_fields": {"TextField_1": "blue", "SelectField_2": ["0"]},
        },
        "tags": "a,b",
    });
    let created = client.post("/customers", &body).await.body;
    assert_eq!(created["code"], 1000);
    assert_eq!(created["customer"]["open_api_token"], "DE");
    assert_eq!(twin.profile("DE"), Some(body.clone()));
    assert_eq!(
        created["customer"]["id"],
        twin.conversation("DE").unwrap().id
    );
    // Once more, or with another's address.
    assert_eq!(client.post("/customers", &body).await.code(), 2005);
    let same_email = json!({"customer": {"open_api_token": "AT", "email": "de@example.com"}});
    assert_eq!(client.post("/customers", &same_email).await.code(), 2005);
    twin.switch(|switches| switches.known_customers_are_updated = true);
    assert_eq!(client.post("/customers", &body).await.code(), 1000);

    for (customer, code) in [
        (json!({}), 2000),
        (json!("DE"), 2005),
        (json!({"open_api_token": "x", "level": "gold"}), 2005),
        (json!({"open_api_token": "x", "email": "nobody"}), 2005),
        (
            json!({"open_api_token": "x", "cellphones": ["13800000000"]}),
            2005,
        ),
        (
            json!({"open_api_token": "x", "custom_fields": {"colour": "blue"}}),
            2005,
        ),
        (json!({"open_api_token": "x", "tags": "a"}), 2005),
    ] {
        let body = json!({"customer": customer});
        assert_eq!(
            client.post("/customers", &body).await.code(),
            code,
            "{body}"
        );
    }
}

#[tokio::test]
async fn customers_may_have_to_exist() {
    let (twin, client) = start().await;
    twin.switch(|switches| switches.customers_must_exist = true);
    let ask = json!({"customer_token": "DE", "assign_type": "agent"});
    assert_eq!(client.post("/im/sessions", &ask).await.code(), 2015);
    let create = json!({"customer": {"open_api_token": "DE"}});
    assert_eq!(client.post("/customers", &create).await.code(), 1000);
    assert_eq!(client.post("/im/sessions", &ask).await.code(), 1000);
}

#[tokio::test]
async fn closed_sessions_are_erased_and_open_ones_stay() {
    let (twin, client) = start().await;
    for customer in ["DE", "AT"] {
        let closed = client.open(customer).await;
        client
            .write(customer, closed, &format!("{customer}1"), "hello")
            .await;
        client
            .bare("DELETE", &format!("/im/sessions/{closed}"), "")
            .await;
        client.open(customer).await;
    }
    let destroy = async |query: &str| {
        let path = "/im/sessions/destroy_session";
        client.bare("DELETE", path, query).await.code()
    };
    let sessions = |customer: &str| twin.conversation(customer).unwrap().sessions.len();
    let id = twin.conversation("DE").unwrap().id;

    assert_eq!(destroy("&start_time=2019-02-10").await, 2000);
    assert_eq!(destroy(&format!("{EVER}&customer_id=1")).await, 2015);
    assert_eq!(
        destroy("&start_time=2019-02-10&end_time=2019-02-15").await,
        1000
    );
    assert_eq!((sessions("DE"), sessions("AT")), (2, 2));
    assert_eq!(destroy(&format!("{EVER}&customer_id={id}")).await, 1000);
    assert_eq!((sessions("DE"), sessions("AT")), (1, 2));
    assert!(twin.messages_from("DE").is_empty());
    assert!(twin.conversation("DE").unwrap().live().is_some());
    assert_eq!(destroy(EVER).await, 1000);
    assert_eq!((sessions("DE"), sessions("AT")), (1, 1));
}
