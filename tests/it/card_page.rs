//! The list of cards: Udesk's link opens it, and what an agent picks is sent, signed, once in two seconds.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use deskbridge::clock;
use deskbridge_twins::udesk::{EXAMPLE_CARDS, Fault, Guest, OverLimit};
use harness::{
    cards::{Page, signed},
    world::{STRUCT_MESSAGE_KEY, World},
};
use serde_json::{Value, json};

const API: &str = "POST /im/sessions/struct_messages";
const PATH: &str = "/im/sessions/struct_messages";

fn now() -> i64 {
    clock::now() / 1_000
}

fn examples() -> Vec<Value> {
    serde_json::from_str(EXAMPLE_CARDS).unwrap()
}

fn guest(world: &World, customer_id: i64) -> Guest {
    let guests = world.twin.guests();
    let mut guests = guests.into_iter();
    guests.find(|one| one.customer_id == customer_id).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_picks_a_card_and_the_customer_gets_it() {
    let world = World::start().await;
    let page = world.cards_for(7002).await;
    assert_eq!(page.cards().len(), examples().len());
    let told = world.pick(&page, page.cards()[1]).await.expect(200);
    assert_eq!(told.body, json!({"status": "sent"}));

    // The twin checks the sign, its order, its key and its time, and who is in the session.
    let bob = guest(&world, 7002);
    assert_eq!(bob.cards.len(), 1);
    assert_eq!(bob.cards[0].data, examples()[1]);
    assert_eq!(bob.cards[0].agent, 397);
    // Passed on as it came, to those who know what it is.
    assert_eq!(
        bob.cards[0].jid_resource.as_deref(),
        Some("12dsafdaslj129das-12fds912-12dsa")
    );
    let calls = world.twin.calls_of(PATH);
    assert_eq!(calls.len(), 1);
    assert!(calls[0].unknown_fields.is_empty(), "{calls:?}");
    // Nothing of it is kept but when it was: the conversation is Udesk's.
    let items = world.items().await;
    assert_eq!(items.len(), 1, "{items:?}");
    assert!(!items[0].to_string().contains("Call us"), "{items:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_missing_doubled_or_old_sign_gets_403_without_detail() {
    let world = World::start().await;
    let good = signed(9001, 7001, 3, now());
    let opened = world.open_cards(&good).await.expect(200);
    let (values, sign) = good.split_once("&sign=").unwrap();
    let refused = [
        String::new(),
        values.to_owned(),
        format!("{values}&sign="),
        format!("{values}&sign={}", "0".repeat(32)),
        format!("{values}&sign={}", sign.to_uppercase()),
        good.replace("customer_id=7001", "customer_id=7002"),
        good.replace("agent_id=3", "agent_id=397"),
        good.replace("im_sub_session_id=9001", "im_sub_session_id=9002"),
        format!("{good}&agent_id=3"),
        format!("{good}&agent_id=397"),
        format!("{good}&sign={sign}"),
        format!("{good}&timestamp={}", now()),
        format!("{good}&jid_resource=a&jid_resource=b"),
        format!("{good}&jid_resource={}", "x".repeat(1_024)),
        signed(9001, 7001, 3, now() - 3_660),
        signed(9001, 7001, 3, now() + 360),
        // The page's own.
        "im_sub_session_id=1&customer_id=1&agent_id=1&timestamp=1484272693&sign=4666293b3dfe91aa97179dc701be7afc"
            .to_owned(),
        signed(-3, 7001, 3, now()),
        format!("{good}&sign=%ff"),
    ];
    let mut pages = Vec::new();
    for query in &refused {
        let page = world.open_cards(query).await.expect(403);
        assert!(!page.html.contains("token"), "{query}");
        assert!(!page.html.contains("Free returns"), "{query}");
        pages.push(page.html);
    }
    pages.dedup();
    assert_eq!(pages.len(), 1, "the reason shows");
    // What is good until just before.
    for at in [now() - 3_540, now() + 240] {
        let query = signed(9001, 7001, 3, at);
        world.open_cards(&query).await.expect(200);
    }
    // Udesk may send more than it says, and in another order.
    let (first, rest) = good.split_once('&').unwrap();
    let query = format!("lang=zh&{rest}&{first}");
    world.open_cards(&query).await.expect(200);
    assert!(!opened.html.contains(sign), "the page shows Udesk's sign");
    assert!(!opened.html.contains(STRUCT_MESSAGE_KEY));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_may_run_its_one_script_and_stand_in_udesks_console_alone() {
    use sha2::{Digest, Sha256};
    let world = World::with(&[("UDESK_CONSOLE_ORIGINS", "https://crm.example.com")]).await;
    let page = world.cards_for(7001).await;
    let hash = |text: &str| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)));
    let policy = page.header("content-security-policy");
    let script = hash(page.between("<script>", "</script>"));
    let style = hash(page.between("<style>", "</style>"));
    for part in [
        "default-src 'none'".to_owned(),
        format!("script-src {script}"),
        format!("style-src {style}"),
        "img-src https:".to_owned(),
        "connect-src 'self'".to_owned(),
        "base-uri 'none'".to_owned(),
        "form-action 'none'".to_owned(),
        format!(
            "frame-ancestors {} https://crm.example.com",
            world.udesk.url()
        ),
    ] {
        assert!(
            policy.split("; ").any(|one| one == part),
            "no {part} in {policy}"
        );
    }
    let refused = world.open_cards("").await.expect(403);
    assert_eq!(refused.header("content-security-policy"), policy);
    // In either language.
    let query = signed(9001, 7001, 3, now());
    let chinese = world.open_cards_in(Some("zh-CN"), &query).await.expect(200);
    assert_eq!(chinese.header("content-security-policy"), policy);
    assert_eq!(hash(chinese.between("<script>", "</script>")), script);
    assert_eq!(hash(chinese.between("<style>", "</style>")), style);
    for page in [&page, &refused, &chinese] {
        for (name, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("vary", "accept-language"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(page.header(name), value, "{name}");
        }
        let mut words = page.html.split_ascii_whitespace();
        let handler = words.find(|word| word.starts_with("on") && word.contains("=\""));
        assert_eq!(handler, None, "an inline handler");
        assert!(!page.html.contains(" style="), "an inline style");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_token_is_not_udesks_sign_and_opens_one_conversation() {
    let world = World::start().await;
    let page = world.cards_for(7001).await;
    let card = json!({"card": page.cards()[0]}).to_string();
    let link = world.twin.card_link(7001).unwrap();
    let (_, sign) = link.rsplit_once("&sign=").unwrap();
    let (head, _) = page.token().rsplit_once('.').unwrap();
    let (_, claims) = head.split_once('.').unwrap();
    // The same for another customer, signed by nobody.
    let other = |from: &str, to: &str| {
        let read = base64::prelude::BASE64_URL_SAFE_NO_PAD
            .decode(claims)
            .unwrap();
        let read = String::from_utf8(read).unwrap();
        assert!(read.contains(from), "{read}");
        let changed = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(read.replace(from, to));
        page.token().replace(claims, &changed)
    };
    for token in [
        String::new(),
        sign.to_owned(),
        format!("{head}."),
        other("7001", "7002"),
        other("\"agent_id\":3", "\"agent_id\":397"),
        World::customer_token("DE", 900, clock::now()),
    ] {
        let refused = world.post_card(&token, card.clone()).await.expect(401);
        assert_eq!(refused.error_code(), "unauthorized");
    }
    assert!(world.twin.calls_of(PATH).is_empty());
    world.post_card(page.token(), card).await.expect(200);
    assert_eq!(guest(&world, 7001).cards.len(), 1);
    assert!(guest(&world, 7002).cards.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_pace_is_one_card_in_two_seconds_for_all_agents_together() {
    let world = World::with(&[("UDESK_RATE_LIMIT", "60000"), ("VENDOR_TIMEOUT_MS", "8000")]).await;
    let pages = [world.cards_for(7001).await, world.cards_for(7002).await];
    let send = async |page: &Page| {
        for card in page.cards() {
            while world.pick(page, card).await.status != 200 {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    };
    tokio::join!(send(&pages[0]), send(&pages[1]));
    // Whatever it looks like when Udesk is asked too often, it was not.
    let calls = world.twin.calls_of(PATH);
    let codes: Vec<_> = calls.iter().map(|call| call.code).collect();
    assert_eq!(codes, [Some(1000); 6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_udesk_makes_wait_is_told_for_how_long() {
    let world = World::start().await;
    for shape in [
        OverLimit::Status429 { retry_after: None },
        OverLimit::unlisted_code(),
    ] {
        world.twin.switch(|switches| switches.over_limit = shape);
        let before = guest(&world, 7001).cards.len();
        let page = world.cards_for(7001).await;
        let mut waited = 0;
        // As the page does: again, when it is told to.
        for card in page.cards() {
            loop {
                let told = world.pick(&page, card).await;
                match told.status {
                    200 => break,
                    202 => {
                        assert_eq!(told.body["status"], "waiting", "{told:?}");
                        let after = told.body["retry_after_ms"].as_u64().unwrap();
                        assert!((1..=2_500).contains(&after), "{told:?}");
                        tokio::time::sleep(Duration::from_millis(after)).await;
                        waited += 1;
                    }
                    _ => panic!("{told:?}"),
                }
            }
        }
        let cards = guest(&world, 7001).cards;
        let got: Vec<_> = cards[before..].iter().map(|card| &card.data).collect();
        assert_eq!(got, examples().iter().collect::<Vec<_>>());
        assert!(waited >= 2, "{waited}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn udesks_own_wait_is_the_agents() {
    let world = World::start().await;
    world.twin.switch(|switches| {
        switches.over_limit = OverLimit::Status429 {
            retry_after: Some(7),
        };
    });
    world.twin.fault(API, Fault::Limited, Some(1));
    let page = world.cards_for(7001).await;
    let told = world.pick(&page, page.cards()[0]).await.expect(202);
    assert_eq!(
        told.body,
        json!({"status": "waiting", "retry_after_ms": 7_000})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_udesk_refuses_is_told_in_its_words() {
    let world = World::start().await;
    world.twin.switch(|switches| switches.card_limit = None);
    // A customer whom the API made.
    world.open_session("DE").await;
    let made = world.twin.conversation("DE").unwrap();
    let session = made.sessions[0].clone();
    let query = signed(session.id, made.id, session.agent.id, now());
    let page = world.open_cards(&query).await.expect(200);
    let refused = world.pick(&page, page.cards()[0]).await.expect(422);
    let words = refused.body["error"]["vendor"]["message"].as_str().unwrap();
    assert!(words.contains("created through the API"), "{words}");
    // A conversation that has ended.
    let page = world.cards_for(7001).await;
    world.twin.set_guest(Guest {
        open: false,
        ..guest(&world, 7001)
    });
    let ended = world.pick(&page, page.cards()[0]).await.expect(422);
    assert_eq!(ended.body["error"]["vendor"]["code"], 9200);
    // Each of the others, known or not.
    for code in [
        2000, 2001, 2002, 2005, 2015, 2058, 2059, 2062, 2065, 20621, 20624, 11012, 4711,
    ] {
        world.twin.fault(API, Fault::code(code, "no"), Some(1));
        let refused = world.pick(&page, page.cards()[0]).await.expect(422);
        assert_eq!(refused.body["error"]["vendor"]["code"], code);
    }
    for code in [20622, 20623] {
        world.twin.fault(API, Fault::code(code, "no"), Some(1));
        let told = world.pick(&page, page.cards()[0]).await.expect(202);
        assert_eq!(told.body["status"], "waiting", "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_may_have_arrived_is_not_sent_again_by_itself() {
    let world = World::start().await;
    let page = world.cards_for(7001).await;
    for fault in [Fault::CutAfter, Fault::NeverAnswer, Fault::Status(502)] {
        world.twin.switch(|switches| switches.card_limit = None);
        let before = world.twin.calls_of(PATH).len();
        world.twin.fault(API, fault.clone(), Some(1));
        let told = world.pick(&page, page.cards()[0]).await.expect(202);
        assert_eq!(told.body, json!({"status": "unknown"}), "{fault:?}");
        assert_eq!(world.twin.calls_of(PATH).len(), before + 1, "{fault:?}");
    }
    assert_eq!(guest(&world, 7001).cards.len(), 2);
    let unreachable = world.udesk.refuse().await;
    let told = world.pick(&page, page.cards()[0]).await.expect(503);
    assert_eq!(told.error_code(), "vendor_unavailable");
    unreachable.clear().await;
    world.pick(&page, page.cards()[0]).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_page_sends_no_card_that_it_does_not_show() {
    let world = World::start().await;
    let page = world.cards_for(7001).await;
    let gone = world.pick(&page, "0f6c9d2e5b3a4c1d").await.expect(404);
    assert_eq!(gone.error_code(), "not_found");
    for (body, field) in [
        (json!({}), "card"),
        (json!({"card": 1}), "card"),
        (json!({"card": page.cards()[0], "title": "x"}), "title"),
    ] {
        let refused = world.post_card(page.token(), body.to_string()).await;
        assert_eq!(refused.expect(400).body["error"]["field"], field);
    }
    assert!(world.twin.calls_of(PATH).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_key_the_list_is_off_and_without_cards_it_says_so() {
    let off = World::with(&[("UDESK_STRUCT_MESSAGE_KEY", "")]).await;
    off.open_cards(&signed(9001, 7001, 3, now()))
        .await
        .expect(404);
    let empty = World::with(&[("UDESK_CARDS", "")]).await;
    let page = empty.cards_for(7001).await;
    assert!(page.cards().is_empty());
    assert!(page.html.contains("There are no cards yet"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_speaks_as_the_browser_wants_it_chinese_or_english() {
    let world = World::start().await;
    let query = signed(9001, 7001, 3, now());
    for (wanted, language, says, refuses) in [
        (None, "en", "Send a card", "The cards can't be shown."),
        (
            Some("de-DE,de;q=0.9,en;q=0.8,zh;q=0.7"),
            "en",
            "Send a card",
            "The cards can't be shown.",
        ),
        (
            Some("zh-CN,zh;q=0.9,en;q=0.8"),
            "zh-CN",
            "发送卡片",
            "无法显示卡片。",
        ),
    ] {
        let page = world.open_cards_in(wanted, &query).await.expect(200);
        let refused = world.open_cards_in(wanted, "").await.expect(403);
        for (page, says) in [(&page, says), (&refused, refuses)] {
            assert_eq!(page.header("content-language"), language);
            assert_eq!(page.between("<html lang=\"", "\""), language);
            let text = page.html.replace("&#39;", "'");
            assert!(text.contains(says), "{text}");
        }
        // A card is as it was written.
        assert!(page.html.contains("<h2>Free returns</h2>"));
        world.pick(&page, "none").await.expect(404);
    }
    let empty = World::with(&[("UDESK_CARDS", "")]).await;
    let page = empty.open_cards_in(Some("zh"), &query).await.expect(200);
    assert!(page.html.contains("还没有卡片"), "{}", page.html);
}
