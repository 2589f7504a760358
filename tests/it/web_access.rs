//! Sobot's Web-JS page out of one request: what comes out opens Sobot's own pages as the customer, and a customer gets only
//! what is their own.

use deskbridge::clock;
use deskbridge_twins::sobot::{Channel, Fault, Security};
use harness::{
    http_client,
    world::{API_KEY, Answer, World},
};
use serde_json::{Value, json};

const PATH: &str = "/sobot/web-access";
/// Sobot's call.
const PAGE_TOKEN: &str = "/api/page/token";
/// Vector S4: the sign of customer DE.
const SIGN: &str = "0381a071f55b73b69ec670b76767af6c";

async fn ask(world: &World, bearer: &str, body: Value) -> Answer {
    world.call(bearer, "POST", PATH, Some(body)).await
}

async fn given(world: &World, body: Value) -> Answer {
    ask(world, API_KEY, body).await.expect(200)
}

fn customer(id: &str) -> String {
    World::customer_token(id, 900, clock::now())
}

fn field(answer: &Answer) -> Option<&str> {
    answer.body["error"]["field"].as_str()
}

fn message(answer: &Answer) -> &str {
    answer.body["error"]["message"].as_str().unwrap()
}

/// What a browser shows that follows the link.
async fn open(link: &str) -> (u16, String) {
    let shown = http_client().get(link).send().await.unwrap();
    (shown.status().as_u16(), shown.text().await.unwrap())
}

/// The last thing that was asked of a page of the twin's: no name that Sobot's page does not know, and the values.
fn said(world: &World, page: &str) -> std::collections::BTreeMap<String, String> {
    let call = world.sobot.calls_of(page).pop().unwrap();
    assert_eq!(call.unknown_fields, [] as [&str; 0], "{call:?}");
    call.query
}

const PC: &str = "/chat/pc/v2/index.html";
const H5: &str = "/chat/h5/v2/index.html";

fn parameters() -> Value {
    json!({
        "uname": "Zoë \"客户\" مرحبا 😀 </script>",
        "params": {"Level": "Boss", "客": "'<!--"},
        "msg_flag": "off",
        "leave_msg_flag": "on",
        "time": 15,
        "card_title": "Sobot",
        "card_url": "http://sg.sobot.io",
        "anchor": "on",
        "full": "on",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_gives_code_config_and_links_that_open_the_page() {
    let world = World::start().await;
    world
        .sobot
        .switch(|switches| switches.security = Security::Sign);
    let base = world.sobot_wire.url();
    let answer = given(
        &world,
        json!({
            "mode": "sign",
            "customer": "DE",
            "parameters": parameters(),
            "start": {"how": "custom_button", "label": "客服"},
            "calls": [{"call": "receive_message", "handler": "desk.onAgent"}],
            "leave_message": {"uid": "u-1", "templateid": "t-1"},
            "ticket": {
                "link": format!("{base}/ticketclient/index.html?sysNum=ABC&deployId=84a3"),
                "params": {"card_title": "Sobot"},
                "whatsappIds": "+49 1 客",
            },
        }),
    )
    .await;

    // The links lead to the twin's pages, which are as strict as Sobot's own.
    let (status, shown) = open(&answer.text_of("pc_link")).await;
    assert_eq!(status, 200, "{shown}");
    assert!(shown.contains("Hello DE"), "{shown}");
    let pc = said(&world, PC);
    let said_of = |name: &str| pc.get(name).map(String::as_str);
    assert_eq!(said_of("uname"), Some("Zoë \"客户\" مرحبا 😀 </script>"));
    assert_eq!(
        said_of("params"),
        Some("{\"Level\":\"Boss\",\"客\":\"'<!--\"}")
    );
    assert_eq!(said_of("msg_flag"), Some("1"), "disabled");
    assert_eq!(said_of("leave_msg_flag"), Some("1"), "enabled");
    assert_eq!((said_of("time"), said_of("full")), (Some("15"), Some("1")));
    assert_eq!(
        (said_of("card_title"), said_of("anchor")),
        (None, None),
        "one is for phones, the other for the component"
    );
    assert_eq!(
        (said_of("partnerid"), said_of("sign")),
        (Some("DE"), Some(SIGN))
    );
    assert_eq!(open(&answer.text_of("h5_link")).await.0, 200);
    let h5 = said(&world, H5);
    assert_eq!(h5["card_url"], "http://sg.sobot.io");

    assert_eq!(open(&answer.text_of("leave_message_link")).await.0, 200);
    let left = said(&world, "/chat/h5/v2/leavemessage.html");
    assert_eq!(
        (left["source"].as_str(), left["uid"].as_str()),
        ("9", "u-1")
    );
    assert_eq!(left["uname"], pc["uname"]);
    assert_eq!(open(&answer.text_of("ticket_link")).await.0, 200);
    let ticket = said(&world, "/ticketclient/index.html");
    assert_eq!(
        (ticket["partnerId"].as_str(), ticket["whatsappIds"].as_str()),
        ("DE", "+49 1 客")
    );
    assert_eq!(ticket["params"], r#"{"card_title":"Sobot"}"#);

    // The component is told in its own way.
    let config = &answer.body["config"];
    assert_eq!(config["msg_flag"], false);
    assert_eq!(config["card_url"], "http%3A%2F%2Fsg.sobot.io");
    assert_eq!(
        (&config["anchor"], &config["custom"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        (&config["partnerid"], &config["sign"]),
        (&json!("DE"), &json!(SIGN))
    );
    assert!(config.get("full").is_none(), "links alone have it");
    let snippet = answer.text_of("snippet");
    assert!(snippet.is_ascii() && !snippet.contains("<!--"), "{snippet}");
    assert_eq!(snippet.matches("</script>").count(), 1, "{snippet}");
    assert!(snippet.contains("desk.onAgent(res);"), "{snippet}");
    assert_eq!(answer.body["calls"][0]["call"], "receive_message");
    assert!(answer.body.get("expires_at").is_none());
    assert!(
        world.sobot.calls_of(PAGE_TOKEN).is_empty(),
        "nobody was asked"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_each_page_opens_it_while_it_lives() {
    let world = World::start().await;
    let now = clock::now() / 1_000;
    let answer = given(
        &world,
        json!({"mode": "token", "customer": "DE", "expires_in": 600, "channel_flags": {"pc": 2, "h5": 7},
            "customized_fields": {"uname": "nickname"}, "parameters": {"color": "04babc"}}),
    )
    .await;
    for (link, channel, flag) in [("pc_link", Channel::Pc, 2), ("h5_link", Channel::H5, 7)] {
        let link = answer.text_of(link);
        let (status, shown) = open(&link).await;
        assert_eq!(status, 200, "{shown}");
        assert!(shown.contains("Hello nickname"), "{shown}");
        let token = link.split("token=").nth(1).unwrap();
        let token = token.split('&').next().unwrap();
        let issued = world.sobot.token(token).unwrap();
        assert_eq!(issued.partner_id, "DE");
        assert_eq!(
            (issued.channel, issued.channel_flag),
            (Some(channel), Some(flag))
        );
        assert!(
            (now + 600..now + 620).contains(&issued.expires_at),
            "{issued:?}"
        );
    }
    // The component has that of the channel, and one is enough.
    let token = answer.body["config"]["token"].as_str().unwrap();
    assert_eq!(world.sobot.token(token).unwrap().channel, Some(Channel::Pc));
    assert!(answer.body["config"].get("partnerid").is_none());
    assert!(answer.text_of("snippet").contains(token));
    assert_eq!(world.sobot.calls_of(PAGE_TOKEN).len(), 2);
    let body = json!({"mode": "token", "customer": "DE", "outputs": ["config"], "channel": "h5"});
    let answer = given(&world, body).await;
    let token = answer.body["config"]["token"].as_str().unwrap();
    assert_eq!(world.sobot.token(token).unwrap().channel, Some(Channel::H5));
    assert_eq!(world.sobot.calls_of(PAGE_TOKEN).len(), 3);
    assert!(!answer.text_of("expires_at").is_empty());
    // Neither of these pages takes one.
    let body = json!({"mode": "token", "customer": "DE", "outputs": ["leave_message_link"]});
    let answer = given(&world, body).await;
    assert!(answer.body.get("expires_at").is_none(), "{answer:?}");
    assert_eq!(world.sobot.calls_of(PAGE_TOKEN).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_opens_an_open_page() {
    let world = World::start().await;
    world
        .sobot
        .switch(|switches| switches.security = Security::Off);
    let answer = given(
        &world,
        json!({"mode": "open", "parameters": {"uname": "a"}}),
    )
    .await;
    assert_eq!(answer.body["config"], json!({"uname": "a"}));
    assert_eq!(open(&answer.text_of("pc_link")).await.0, 200);
    let answer = given(&world, json!({"mode": "open", "customer": "DE"})).await;
    assert_eq!(answer.body["config"], json!({"partnerid": "DE"}));
    let (_, shown) = open(&answer.text_of("h5_link")).await;
    assert!(shown.contains("Hello DE"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_opens_their_own_page_and_says_how_it_looks() {
    let world = World::start().await;
    let own = customer("DE");
    let looks = json!({"color": "04babc", "locale": "ar", "full": "on", "dragging": "on"});
    let answer = ask(
        &world,
        &own,
        json!({"mode": "token", "expires_in": 3_600, "parameters": looks}),
    )
    .await
    .expect(200);
    let token = answer.body["config"]["token"].as_str().unwrap();
    assert_eq!(world.sobot.token(token).unwrap().partner_id, "DE");
    let asked = world.sobot.calls_of(PAGE_TOKEN).len();

    let link = "https://sg.sobot.io/ticketclient/index.html?sysNum=ABC&deployId=1";
    for body in [
        json!({"mode": "token", "customer": "FR"}),
        json!({"mode": "token", "customized_fields": {"uname": "The Boss"}}),
        json!({"mode": "token", "parameters": {"uname": "The Boss"}}),
        json!({"mode": "token", "parameters": {"params": {"Level": "Boss"}}}),
        json!({"mode": "open", "parameters": {"customer_fields": {"a": "b"}}}),
        json!({"mode": "open", "parameters": {"is_vip": "on"}}),
        json!({"mode": "open", "parameters": {"agentid": "a1"}}),
        json!({"mode": "open", "parameters": {"to_customsys_url": "https://a.example"}}),
        json!({"mode": "open", "leave_message": {"uid": "u1"}}),
        json!({"mode": "open", "ticket": {"link": link, "email": "a@a.example"}}),
        json!({"mode": "open", "ticket": {"link": link, "params": {}}}),
        // It would open the page when the customer's token has long ended.
        json!({"mode": "sign"}),
    ] {
        let answer = ask(&world, &own, body.clone()).await.expect(403);
        assert_eq!(answer.error_code(), "role_not_allowed", "{body}");
    }
    let long = json!({"mode": "token", "expires_in": 3_601});
    let answer = ask(&world, &own, long).await.expect(400);
    assert_eq!(field(&answer), Some("expires_in"));
    assert_eq!(
        world.sobot.calls_of(PAGE_TOKEN).len(),
        asked,
        "Sobot was asked for nothing"
    );
    // Whose tickets they are is the customer's own name, and nothing else.
    let body = json!({"mode": "open", "outputs": ["ticket_link"], "ticket": {"link": link}});
    let answer = ask(&world, &own, body).await.expect(200);
    assert_eq!(
        answer.text_of("ticket_link"),
        format!("{link}&partnerId=DE")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_with_its_rule_and_what_was_given() {
    let world = World::start().await;
    let link = "https://sg.sobot.io/ticketclient/index.html?sysNum=ABC&deployId=1";
    for (body, at, part) in [
        (
            json!({"mode": "open", "parameters": {"time": 5}}),
            "parameters.time",
            "`time` is a whole number from 10 to 2880 (minutes of history); given: 5",
        ),
        (
            json!({"mode": "open", "parameters": {"msg_flag": true}}),
            "parameters.msg_flag",
            "given: true",
        ),
        (
            json!({"mode": "open", "parameters": {"unam": "a"}}),
            "parameters.unam",
            "is no parameter of Sobot's page",
        ),
        (
            json!({"mode": "open", "parameters": {"partnerid": "FR"}}),
            "parameters.partnerid",
            "it is the `customer`",
        ),
        (
            json!({"mode": "open", "parameters": {"goods": [{"name": "a"}, {"name": ""}]}}),
            "parameters.goods[1].name",
            "is text of 1 to 300 characters",
        ),
        (
            json!({"mode": "open", "parameters": {"vip_level": "gold"}}),
            "parameters.is_vip",
            "given: nothing",
        ),
        // What can stand nowhere in what was asked for.
        (
            json!({"mode": "open", "outputs": ["pc_link", "h5_link"], "parameters": {"anchor": "on"}}),
            "parameters.anchor",
            "goes into the component (`snippet`, `config`) alone, and none of that was asked for",
        ),
        (
            json!({"mode": "open", "outputs": ["config"], "parameters": {"full": "on"}}),
            "parameters.full",
            "goes into `pc_link`, `h5_link` alone",
        ),
        (
            json!({"mode": "open", "outputs": ["pc_link"], "parameters": {"photo_flag": "on"}}),
            "parameters.photo_flag",
            "given: \"on\"",
        ),
        (
            json!({"mode": "open", "outputs": ["leave_message_link"], "parameters": {"color": "04babc"}}),
            "parameters.color",
            "none of that was asked for",
        ),
        (
            json!({"mode": "open", "outputs": ["calls"], "calls": [{"call": "frame_ready", "handler": "a"}],
                "parameters": {"color": "04babc"}}),
            "parameters.color",
            "parameters of visited pages alone",
        ),
        // Nothing sends them.
        (
            json!({"mode": "open", "outputs": ["calls"], "calls": [{"call": "frame_ready", "handler": "a"}],
                "parameters": {"cur_visit_title": "Parcels"}}),
            "parameters.cur_visit_title",
            "stands in no call",
        ),
        // Sobot's script would not look for the button.
        (
            json!({"mode": "open", "outputs": ["snippet"],
                "calls": [{"call": "dynamic_ready", "on_click": "a", "into": "b", "label": "c"}]}),
            "calls[0].call",
            "only beside `start` custom_button",
        ),
        (
            json!({"mode": "open", "outputs": []}),
            "outputs",
            "name what",
        ),
        (
            json!({"mode": "open", "outputs": ["ticket_link"]}),
            "ticket",
            "is made of",
        ),
        (
            json!({"mode": "open", "outputs": ["config"], "ticket": {"link": link}}),
            "ticket",
            "goes into `ticket_link`",
        ),
        (
            json!({"mode": "open", "ticket": {"link": "https://evil.example/ticketclient/index.html?sysNum=ABC&deployId=1"}}),
            "ticket.link",
            "at one of Sobot's hosts",
        ),
        (
            json!({"mode": "open", "start": {"how": "manual"}}),
            "start.on_click",
            "given: nothing",
        ),
        (
            json!({"mode": "open", "calls": [{"call": "frame_ready", "handler": "a"}, {"call": "receive_message", "handler": "alert(1)"}]}),
            "calls[1].handler",
            "the name of a function",
        ),
        (
            json!({"mode": "open", "expires_in": 600}),
            "expires_in",
            "`mode` token alone",
        ),
        (
            json!({"mode": "sign"}),
            "customer",
            "say for which customer",
        ),
        (
            json!({"mode": "open", "customer": "D{E"}),
            "customer",
            "letters, digits",
        ),
        // Its sign would open another's page: Sobot runs name and time together.
        (
            json!({"mode": "sign", "customer": "DE1569397773"}),
            "customer",
            "use mode token",
        ),
        (
            json!({"mode": "open", "parameters": {"remark": "客".repeat(2_000)}}),
            "parameters",
            "ask for other `outputs`",
        ),
        // Before Sobot is asked for a token.
        (
            json!({"mode": "token", "customer": "DE", "parameters": {"remark": "客".repeat(2_000)}}),
            "parameters",
            "ask for other `outputs`",
        ),
    ] {
        let answer = ask(&world, API_KEY, body.clone()).await.expect(400);
        assert_eq!(
            (answer.error_code(), field(&answer)),
            ("invalid_request", Some(at)),
            "{body}: {answer:?}"
        );
        assert!(message(&answer).contains(part), "{body}: {answer:?}");
    }
    // The component takes what is too long for a link.
    let body = json!({"mode": "open", "outputs": ["config", "snippet"], "parameters": {"remark": "客".repeat(2_000)}});
    given(&world, body).await;
    // A call alone goes beside a config that did not come from here.
    let body = json!({"mode": "open", "outputs": ["calls"], "parameters": {"cur_visit_title": "Parcels"}, "calls": [
        {"call": "trace", "on_click": "a"},
        {"call": "dynamic_ready", "on_click": "a", "into": "b", "label": "c"},
    ]});
    let answer = given(&world, body).await;
    let script = answer.body["calls"][0]["script"].as_str().unwrap();
    assert!(script.contains("Parcels"), "{script}");
    assert!(world.sobot.calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_not_repeated_at_length() {
    let world = World::start().await;
    let long = "x".repeat(200_000);
    for body in [
        json!({"mode": "open", "parameters": {long.as_str(): 1}}).to_string(),
        json!({"mode": "open", "parameters": {"goods": [{long.as_str(): 1}]}}).to_string(),
        json!({"mode": "open", "parameters": {"uname": long}}).to_string(),
        format!(
            "{{\"mode\":\"open\",\"parameters\":{{\"{}\":1,\"{}\":2}}}}",
            &long[..90_000],
            &long[..90_000]
        ),
    ] {
        let headers = [("authorization", format!("Bearer {API_KEY}"))];
        let sent = world.send("POST", PATH, &headers, Some(body.into_bytes()));
        let answer = sent.await.expect(400);
        assert_eq!(answer.error_code(), "invalid_request");
        assert!(answer.text.len() < 1_000, "{}", answer.text.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_sobot_does_not_give_is_told_and_shows_no_secret() {
    let world = World::with(&[("SOBOT_KEY", "another-key")]).await;
    let body = || json!({"mode": "token", "customer": "DE"});
    let answer = ask(&world, API_KEY, body()).await.expect(422);
    assert_eq!(answer.body["error"]["vendor"]["code"], "900003");
    let mut told = answer.text.clone();
    for fault in [Fault::Limited, Fault::CutAfter] {
        world.sobot.fault("POST /api/page/token", fault, Some(2));
        let answer = ask(&world, API_KEY, body()).await.expect(503);
        assert_eq!(answer.error_code(), "vendor_unavailable");
        told += &answer.text;
    }
    // Other modes ask nobody.
    given(&world, json!({"mode": "sign", "customer": "DE"})).await;
    let log = world.log.lock().unwrap().join("\n");
    for secret in ["another-key", SIGN] {
        assert!(!told.contains(secret) && !log.contains(secret), "{secret}");
    }
}
