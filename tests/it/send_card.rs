//! Cards: from the desk into a session at Tencent, and by Udesk's numbers to customers of Udesk's own clients.

use deskbridge::clock;
use deskbridge_twins::udesk::Fault;
use harness::world::{API_KEY, World};
use serde_json::{Value, json};

const PATH: &str = "/im/sessions/struct_messages";

fn desk_card() -> Value {
    json!({"session": 9002, "customer": 7002, "agent": 397, "resource": "sdk-1", "card": {
        "title": "Free returns", "description": "Send it back within 30 days.",
        "image": "https://shop.example.com/returns.png",
        "buttons": [{"type": "sdk_callback", "text": "Start", "value": "r1", "callback": "startReturn"}]}})
}

async fn open(world: &World, vendor: &str, customer: &str) -> String {
    let ask = json!({"vendor": vendor, "customer": customer});
    let opened = world.call(API_KEY, "POST", "/sessions", Some(ask)).await;
    opened.expect(201).text_of("id")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_reaches_the_customer_at_tencent_once() {
    let world = World::start().await;
    let session = open(&world, "tencent", "user45").await;
    let path = format!("/sessions/{session}/cards");
    let card = json!({"card": {"title": "card title", "description": "description",
        "image": "https://static.example.com/presale.jpeg", "url": "https://www.example.com/"}});
    let headers = [
        ("authorization", format!("Bearer {API_KEY}")),
        ("idempotency-key", "c-1".to_owned()),
    ];
    let mut ids = Vec::new();
    for _ in 0..2 {
        let body = card.to_string().into_bytes();
        let sent = world.send("POST", &path, &headers, Some(body)).await;
        ids.push(sent.expect(200).text_of("id"));
    }
    assert_eq!(ids[0], ids[1]);
    let received = world.tencent.messages_to("user45");
    assert_eq!(received.len(), 1, "{received:?}");
    let shown = received[0].custom().unwrap();
    assert_eq!(shown["content"]["header"], "card title");
    let said = &world.conversation(&session).await[0];
    assert_eq!(
        (&said["kind"], &said["from"]),
        (&json!("card"), &json!("desk"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_vendor_takes_no_card_is_told_who_does_and_nobody_is_asked() {
    let world = World::start().await;
    let udesk = world.open_session("DE").await;
    let sobot = open(&world, "sobot", "FR").await;
    let calls = world.twin.calls().len();
    for (session, words) in [(udesk, "POST /desk/cards"), (sobot, "Tencent does")] {
        let path = format!("/sessions/{session}/cards");
        let card = json!({"card": {"title": "Your parcel"}});
        let refused = world.call(API_KEY, "POST", &path, Some(card)).await;
        let refused = refused.expect(400);
        assert_eq!(refused.error_code(), "invalid_request");
        assert!(refused.text.contains(words), "{refused:?}");
        assert!(refused.text.contains("Tencent"), "{refused:?}");
    }
    assert_eq!(world.twin.calls().len(), calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_of_udesks_own_client_is_sent_a_card_by_udesks_numbers() {
    let world = World::start().await;
    world.twin.switch(|switches| switches.card_limit = None);
    let post = |body: Value| world.call(API_KEY, "POST", "/desk/cards", Some(body));
    let sent = post(desk_card()).await.expect(200);
    assert_eq!(sent.body, json!({"status": "sent"}));
    let guests = world.twin.guests();
    let bob = guests.iter().find(|one| one.customer_id == 7002).unwrap();
    assert_eq!(bob.cards.len(), 1);
    assert_eq!(bob.cards[0].jid_resource.as_deref(), Some("sdk-1"));
    // In Udesk's spelling.
    assert_eq!(
        bob.cards[0].data,
        json!({"title": "Free returns", "description": "Send it back within 30 days.",
            "img_url": "https://shop.example.com/returns.png",
            "buttons": [{"type": "sdk_callback", "text": "Start", "value": "r1", "callback_name": "startReturn"}]})
    );
    // A customer whom the API made.
    world.open_session("DE").await;
    let made = world.twin.conversation("DE").unwrap();
    let mut to_made = desk_card();
    to_made["session"] = made.sessions[0].id.into();
    to_made["customer"] = made.id.into();
    let refused = post(to_made).await.expect(422);
    let words = &refused.body["error"]["vendor"]["message"];
    assert!(
        words.as_str().unwrap().contains("created through the API"),
        "{words}"
    );
    // What may have arrived is not sent again by itself.
    let before = world.twin.calls_of(PATH).len();
    let lost = Fault::CutAfter;
    world
        .twin
        .fault("POST /im/sessions/struct_messages", lost, Some(1));
    let unknown = post(desk_card()).await.expect(202);
    assert_eq!(unknown.body, json!({"status": "unknown"}));
    assert_eq!(world.twin.calls_of(PATH).len(), before + 1);
    // A customer's token does none of this.
    let customer = World::customer_token("DE", 900, clock::now());
    let own = world
        .call(&customer, "POST", "/desk/cards", Some(desk_card()))
        .await;
    assert_eq!(own.expect(403).error_code(), "role_not_allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_card_is_named_by_its_field_and_not_sent() {
    let world = World::start().await;
    for (pointer, value, field) in [
        ("/session", json!(0), "session"),
        ("/customer", json!("7002"), "customer"),
        ("/agent", json!(-1), "agent"),
        ("/resource", json!("x".repeat(1_024)), "resource"),
        ("/card/title", json!(""), "card.title"),
        ("/card/image", json!("http://a.example/1.png"), "card.image"),
        (
            "/card/buttons/0/type",
            json!("mail"),
            "card.buttons[0].type",
        ),
        (
            "/card/buttons/0/type",
            json!("link"),
            "card.buttons[0].value",
        ),
        (
            "/card/buttons/0/callback",
            json!(""),
            "card.buttons[0].callback",
        ),
        ("/card/description", json!("x".repeat(17_000)), "card"),
    ] {
        let mut body = desk_card();
        *body.pointer_mut(pointer).unwrap() = value.clone();
        let refused = world.call(API_KEY, "POST", "/desk/cards", Some(body)).await;
        assert_eq!(
            refused.expect(400).body["error"]["field"],
            field,
            "{pointer} {value}"
        );
    }
    assert!(world.twin.calls_of(PATH).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_within_two_seconds_is_told_when_to_come_again() {
    let world = World::with(&[("UDESK_RATE_LIMIT", "60000")]).await;
    let page = world.cards_for(7001).await;
    world.pick(&page, page.cards()[0]).await.expect(200);
    // The agents' list and the servers share the pace.
    let busy = world
        .call(API_KEY, "POST", "/desk/cards", Some(desk_card()))
        .await;
    assert_eq!(busy.expect(503).error_code(), "vendor_unavailable");
    assert_eq!(world.twin.calls_of(PATH).len(), 1);
}
