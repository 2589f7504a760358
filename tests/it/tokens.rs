//! Tokens: Sobot's page token opens Sobot's page, Tencent's UserSig is good at Tencent, and a
//! customer gets only what is their own.

use std::time::{Duration, Instant};

use deskbridge::{
    clock,
    vendor::tencent::user_sig::{self, Claims},
};
use deskbridge_twins::{
    sobot::{Channel, Fault},
    tencent::{UserSig, verify_user_sig},
};
use harness::{
    faults::{Calls, Fault as WireFault},
    http_client,
    user_sig::{Made, made_by_npm, verify_with_python},
    world::{API_KEY, Answer, World},
};
use serde_json::{Value, json};

const SOBOT_KEY: &str = "258eec3118705112b2c53dc8043d4d34";
const TENCENT_KEY: &str = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e";
const APP: u64 = 1_400_000_000;

/// Sobot's call.
const PAGE_TOKEN: &str = "/api/page/token";

async fn ask(world: &World, bearer: &str, body: Value) -> Answer {
    world.call(bearer, "POST", "/tokens", Some(body)).await
}

/// As a customer's server asks.
async fn given(world: &World, body: Value) -> Answer {
    ask(world, API_KEY, body).await.expect(200)
}

/// What Tencent reads in a UserSig of this customer's.
fn verified(user_sig: &str, customer: &str) -> UserSig {
    let now = clock::now() / 1_000;
    verify_user_sig(user_sig, TENCENT_KEY, APP, customer, now).unwrap()
}

fn customer(id: &str) -> String {
    World::customer_token(id, 900, clock::now())
}

fn seconds(answer: &Answer) -> i64 {
    let at: jiff::Timestamp = answer.text_of("expires_at").parse().unwrap();
    at.as_second()
}

fn field(answer: &Answer) -> Option<&str> {
    answer.body["error"]["field"].as_str()
}

/// What a browser shows that follows the link.
async fn open(link: &str) -> (u16, String) {
    let shown = http_client().get(link).send().await.unwrap();
    (shown.status().as_u16(), shown.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_opens_sobots_page_as_the_customer() {
    let world = World::start().await;
    let now = clock::now() / 1_000;
    let answer = given(
        &world,
        json!({"kind": "sobot_page", "customer": "DE", "expires_in": 600, "channel": "pc",
            "channel_flag": 2, "customized_fields": {"uname": "Zoë \"客户\" \\ <b>", "a": "1"}}),
    )
    .await;
    let issued = world.sobot.token(&answer.text_of("token")).unwrap();
    assert_eq!(issued.partner_id, "DE");
    assert_eq!(issued.expires_at, seconds(&answer));
    assert!(
        (now + 600..now + 620).contains(&issued.expires_at),
        "{issued:?}"
    );
    assert_eq!(issued.channel, Some(Channel::Pc));
    assert_eq!(issued.channel_flag, Some(2));
    let fields: Value = serde_json::from_str(&issued.customized_fields.unwrap()).unwrap();
    assert_eq!(fields, json!({"uname": "Zoë \"客户\" \\ <b>", "a": "1"}));
    let link = answer.text_of("link");
    let page = format!(
        "{}/chat/pc/v2/index.html?sysnum=ABC&token=",
        world.sobot_wire.url()
    );
    assert!(link.starts_with(&page), "{link}");
    let (status, shown) = open(&link).await;
    assert_eq!(status, 200, "{shown}");
    assert!(
        shown.contains("Hello Zoë &quot;客户&quot; \\ &lt;b&gt;"),
        "{shown}"
    );

    // Without fields, on a phone, for the life that nobody named.
    let answer = given(
        &world,
        json!({"kind": "sobot_page", "customer": "a-b_c.d@e:f+1", "channel": "h5"}),
    )
    .await;
    let issued = world.sobot.token(&answer.text_of("token")).unwrap();
    assert_eq!(issued.partner_id, "a-b_c.d@e:f+1");
    assert!(
        (now + 3_600..now + 3_620).contains(&issued.expires_at),
        "{issued:?}"
    );
    assert_eq!(
        (issued.channel, issued.channel_flag),
        (Some(Channel::H5), None)
    );
    assert_eq!(issued.customized_fields, None);
    let (status, shown) = open(&answer.text_of("link")).await;
    assert_eq!(status, 200, "{shown}");
    assert!(shown.contains("Hello a-b_c.d@e:f+1"), "{shown}");

    // What is left out, and what is null, is the plain page.
    let plain = given(
        &world,
        json!({"kind": "sobot_page", "customer": "DE", "expires_in": null, "channel": null,
            "channel_flag": null, "customized_fields": null}),
    )
    .await;
    let issued = world.sobot.token(&plain.text_of("token")).unwrap();
    assert_eq!(
        (issued.channel, issued.channel_flag),
        (Some(Channel::Pc), None)
    );
    assert_eq!(issued.customized_fields, None);
    for call in world.sobot.calls_of(PAGE_TOKEN) {
        assert_eq!(call.content_type.as_deref(), Some("application/json"));
        assert!(call.unknown_fields.is_empty(), "{call:?}");
    }
}

/// What is signed is the text that is sent, and that is the caller's own: no number loses a digit.
#[tokio::test(flavor = "multi_thread")]
async fn the_fields_reach_sobot_as_the_caller_wrote_them() {
    let world = World::start().await;
    for fields in [
        "{}",
        r#"{"z":"1","a":"2"}"#,
        r#"{ "uname" : "Zo\u00eb" , "n":12345678901234567890123.50 }"#,
        r#"{"a":{"b":[1,null,true]},"c":"\"{}"}"#,
    ] {
        let body =
            format!(r#"{{"customized_fields": {fields} ,"kind":"sobot_page","customer":"DE"}}"#);
        let answer = world
            .call_raw(Some(API_KEY), "POST", "/tokens", Some(body))
            .await
            .expect(200);
        let issued = world.sobot.token(&answer.text_of("token")).unwrap();
        assert_eq!(issued.customized_fields.as_deref(), Some(fields));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_gets_their_own_page_and_no_more() {
    let world = World::start().await;
    let own = customer("DE");
    let named = json!({"kind": "sobot_page", "customer": "DE", "expires_in": 3600});
    for body in [json!({"kind": "sobot_page"}), named] {
        let answer = ask(&world, &own, body).await.expect(200);
        let issued = world.sobot.token(&answer.text_of("token")).unwrap();
        assert_eq!(issued.partner_id, "DE");
    }
    for body in [
        json!({"kind": "sobot_page", "customer": "FR"}),
        json!({"kind": "sobot_page", "customized_fields": {"uname": "The Boss"}}),
        json!({"kind": "sobot_page", "customer": "DE", "customized_fields": {}}),
        json!({"kind": "customer", "customer": "DE"}),
        json!({"kind": "customer", "customer": "FR", "expires_in": 60}),
    ] {
        let answer = ask(&world, &own, body.clone()).await.expect(403);
        assert_eq!(answer.error_code(), "role_not_allowed", "{body}");
    }
    for (expires_in, status) in [(3_600, 200), (3_601, 400), (86_400, 400)] {
        let body = json!({"kind": "sobot_page", "expires_in": expires_in});
        let answer = ask(&world, &own, body).await.expect(status);
        assert_eq!(field(&answer), (status == 400).then_some("expires_in"));
    }
    // A server may.
    let body = json!({"kind": "sobot_page", "customer": "DE", "expires_in": 86_400});
    given(&world, body).await;
    let issued = world.sobot.calls_of(PAGE_TOKEN).len();
    assert_eq!(issued, 4, "Sobot was asked for nothing that was refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_gets_their_own_usersig_and_no_more() {
    let world = World::start().await;
    let now = clock::now() / 1_000;
    let own = customer("DE");
    for body in [
        json!({"kind": "tencent_usersig"}),
        json!({"kind": "tencent_usersig", "customer": "DE", "expires_in": 86_400}),
    ] {
        let answer = ask(&world, &own, body).await.expect(200);
        assert_eq!(answer.body["sdk_app_id"], APP);
        let token = answer.text_of("token");
        let read = verified(&token, "DE");
        assert_eq!((read.expire, &read.userbuf), (86_400, &None));
        assert!((now..now + 20).contains(&read.time), "{read:?}");
        assert_eq!(seconds(&answer), read.time + 86_400);
        // Tencent's own client logs in with it, as the customer and as nobody else.
        for (user, status) in [("DE", 200), ("FR", 403), ("administrator", 403)] {
            let body = json!({"user": user, "usersig": token}).to_string();
            let log_in = http_client().post(format!("{}/user/api/log_in", world.tencent.url()));
            let answer = log_in.body(body).send().await.unwrap();
            assert_eq!(answer.status(), status, "{user}");
        }
    }
    let other = json!({"kind": "tencent_usersig", "customer": "FR"});
    let answer = ask(&world, &own, other).await.expect(403);
    assert_eq!(answer.error_code(), "role_not_allowed");
    let long = json!({"kind": "tencent_usersig", "expires_in": 86_401});
    let answer = ask(&world, &own, long).await.expect(400);
    assert_eq!(field(&answer), Some("expires_in"));
    // A server may.
    let long = json!({"kind": "tencent_usersig", "customer": "DE", "expires_in": 15_552_000});
    let answer = given(&world, long).await;
    assert_eq!(verified(&answer.text_of("token"), "DE").expire, 15_552_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_a_usersig_for_an_account_of_the_desks_own() {
    let world = World::with(&[
        ("TENCENT_ADMIN", "root,Second.Admin"),
        (
            "TENCENT_SERVICE_ACCOUNT",
            "@customer_service_account,@night",
        ),
    ])
    .await;
    for account in [
        "root",
        "Root",
        "Second.Admin",
        "second.admin",
        "@customer_service_account",
        "@Customer_Service_Account",
        "@night",
        // Tencent's own name for an administrator, whoever administers here.
        "administrator",
        "Administrator",
        "ADMINISTRATOR",
    ] {
        let own = customer(account);
        let named = json!({"kind": "tencent_usersig", "customer": account});
        for (bearer, body) in [
            (API_KEY, named.clone()),
            (own.as_str(), named),
            (own.as_str(), json!({"kind": "tencent_usersig"})),
        ] {
            let answer = ask(&world, bearer, body).await.expect(403);
            assert_eq!(answer.error_code(), "role_not_allowed", "{account}");
        }
    }
    // Names that are only like them.
    for near in ["administrators", "customer_service_account", "roo"] {
        let body = json!({"kind": "tencent_usersig", "customer": near});
        given(&world, body).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_is_off_gives_no_tokens() {
    for (off, others) in [
        ("sobot_page", "tencent_usersig"),
        ("tencent_usersig", "sobot_page"),
    ] {
        let settings: &[(&str, &str)] = match off {
            "sobot_page" => &[
                ("SOBOT_BASE_URL", ""),
                ("SOBOT_REGION", ""),
                ("SOBOT_SYSNUM", ""),
                ("SOBOT_KEY", ""),
            ],
            _ => &[
                ("TENCENT_SDK_APP_ID", ""),
                ("TENCENT_SECRET_KEY", ""),
                ("TENCENT_ADMIN", ""),
                ("TENCENT_SERVICE_ACCOUNT", ""),
            ],
        };
        let world = World::with(settings).await;
        for bearer in [API_KEY, &customer("DE")] {
            let body = json!({"kind": off, "customer": "DE"});
            let answer = ask(&world, bearer, body).await.expect(503);
            assert_eq!(answer.error_code(), "vendor_not_configured");
        }
        let body = json!({"kind": others, "customer": "DE"});
        ask(&world, API_KEY, body).await.expect(200);
        let body = json!({"kind": "customer", "customer": "DE"});
        ask(&world, API_KEY, body).await.expect(200);
        if off == "sobot_page" {
            assert!(
                world.sobot_wire.calls().is_empty(),
                "nobody opened a connection"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sobots_no_comes_with_its_code() {
    let page = || json!({"kind": "sobot_page", "customer": "DE"});
    let world = World::with(&[("SOBOT_KEY", "another-key")]).await;
    let answer = ask(&world, API_KEY, page()).await.expect(422);
    assert_eq!(answer.error_code(), "vendor_refused");
    assert_eq!(answer.body["error"]["vendor"]["name"], "sobot");
    assert_eq!(answer.body["error"]["vendor"]["code"], "900003");

    let world = World::start().await;
    for code in ["700046", "900004", "400012", "999999", "123456"] {
        world.sobot.fault(
            "POST /api/page/token",
            Fault::code(code, "not today"),
            Some(1),
        );
        let answer = ask(&world, API_KEY, page()).await.expect(422);
        assert_eq!(answer.error_code(), "vendor_refused");
        assert_eq!(
            answer.body["error"]["vendor"],
            json!({"name": "sobot", "code": code, "message": "not today"})
        );
    }
    // Whoever stands in front of Sobot says no in words that are nobody's business.
    let rule = world.sobot_wire.play(
        Calls::path(PAGE_TOKEN).times(1),
        WireFault::Error {
            status: 403,
            body: "{\"hush\":1}".to_owned(),
        },
    );
    let answer = ask(&world, API_KEY, page()).await.expect(422);
    rule.hit(1).await;
    assert!(!answer.text.contains("hush"), "{answer:?}");
    ask(&world, API_KEY, page()).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sobot_that_does_not_answer_is_unavailable_and_shows_no_secret() {
    let world = World::with(&[("VENDOR_TIMEOUT_MS", "700")]).await;
    let page = || {
        json!({"kind": "sobot_page", "customer": "DE",
            "customized_fields": {"uname": "Private-Name"}})
    };
    let good = given(&world, page()).await.text_of("token");
    let call = || Calls::path(PAGE_TOKEN).method("POST").times(1);
    let error = |status: u16, body: &str| WireFault::Error {
        status,
        body: body.to_owned(),
    };
    let with_token = format!(r#"{{"ret_code":0.5,"token":"{good}"}}"#);
    let faults = [
        ("busy", WireFault::throttle()),
        ("broken", WireFault::InternalError),
        ("cut off before", WireFault::CutBefore),
        ("cut off after", WireFault::CutAfter),
        ("a page", error(200, "<html>hush</html>")),
        ("nothing", error(200, "")),
        ("half an answer", error(200, r#"{"ret_code":"000000","#)),
        (
            "no token",
            error(200, r#"{"ret_code":"000000","ret_msg":"success"}"#),
        ),
        ("a token, and no code", error(200, &with_token)),
        ("a gateway", error(502, "")),
        (
            "a limit",
            error(
                200,
                r#"{"ret_code":"123","ret_msg":"Too many requests hush"}"#,
            ),
        ),
    ];
    let mut told = String::new();
    for (what, fault) in faults {
        let rule = world.sobot_wire.play(call(), fault);
        let answer = ask(&world, API_KEY, page()).await.expect(503);
        assert_eq!(answer.error_code(), "vendor_unavailable", "{what}");
        assert_eq!(answer.body["error"]["vendor"]["name"], "sobot", "{what}");
        rule.hit(1).await;
        told += &answer.text;
    }
    // Silent: the caller does not wait for longer than the setting says.
    let hung = world.sobot_wire.play(call(), WireFault::Hang);
    let started = Instant::now();
    let answer = ask(&world, API_KEY, page()).await.expect(503);
    assert_eq!(answer.error_code(), "vendor_unavailable");
    let waited = started.elapsed();
    assert!(waited >= Duration::from_millis(700), "{waited:?}");
    hung.cut();
    // Down.
    let down = world.sobot_wire.refuse().await;
    let answer = ask(&world, API_KEY, page()).await.expect(503);
    assert_eq!(answer.error_code(), "vendor_unavailable");
    down.clear().await;
    told += &answer.text;
    let again = given(&world, page()).await.text_of("token");

    let log = world.log.lock().unwrap().join("\n");
    assert!(log.contains("POST /api/page/token"), "the calls are logged");
    let calls = world.sobot.calls_of(PAGE_TOKEN);
    let signs: Vec<_> = calls
        .iter()
        .map(|call| call.body_value("sign").unwrap())
        .collect();
    let mut secrets = vec![SOBOT_KEY, API_KEY, &good, &again, "Private-Name", "hush"];
    secrets.extend(signs.iter().map(String::as_str));
    for secret in &secrets {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    for secret in secrets.iter().filter(|secret| **secret != "hush") {
        assert!(!told.contains(secret), "{secret} is in an answer");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_usersig_is_no_line_of_the_log() {
    let world = World::start().await;
    let body = json!({"kind": "tencent_usersig", "customer": "user45"});
    let token = ask(&world, API_KEY, body)
        .await
        .expect(200)
        .text_of("token");
    let body = json!({"kind": "tencent_usersig", "customer": "administrator"});
    ask(&world, API_KEY, body).await.expect(403);
    let log = world.log.lock().unwrap().join("\n");
    assert!(log.contains("role_not_allowed"), "{log}");
    for secret in [&token, TENCENT_KEY, API_KEY] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_beyond_a_limit_is_named() {
    let world = World::start().await;
    let long = "x".repeat(33);
    let named = |kind: &str, name: &str, value: Value| {
        let mut body = json!({"kind": kind, "customer": "DE"});
        body[name] = value;
        (body, name.to_owned())
    };
    let (sobot, tencent) = ("sobot_page", "tencent_usersig");
    let cases = [
        named(tencent, "customer", json!(long)),
        named(sobot, "customer", json!("D{E")),
        named(sobot, "customer", json!("D/E")),
        named(sobot, "customer", json!("D'E")),
        named(sobot, "expires_in", json!(59)),
        named(sobot, "expires_in", json!(86_401)),
        named(sobot, "expires_in", json!(i64::MAX)),
        named(sobot, "expires_in", json!(i64::MIN)),
        named(tencent, "expires_in", json!(59)),
        named(tencent, "expires_in", json!(15_552_001)),
        named(tencent, "expires_in", json!(i64::MAX)),
        named("customer", "expires_in", json!(86_401)),
        named(sobot, "channel", json!("app")),
        named(sobot, "channel", json!("PC")),
        named(sobot, "channel_flag", json!(-1)),
        named(sobot, "channel_flag", json!("2")),
        named(sobot, "channel_flag", json!(4_294_967_296_i64)),
        named(sobot, "customized_fields", json!("{}")),
        named(sobot, "customized_fields", json!([])),
        named(sobot, "customized_fields", json!(1)),
        named(sobot, "colour", json!("red")),
        // Each kind takes its own.
        named("customer", "channel", json!("pc")),
        named("customer", "customized_fields", json!({})),
        named(tencent, "channel", json!("pc")),
        named(tencent, "channel_flag", json!(2)),
        named(tencent, "customized_fields", json!({})),
        named(tencent, "userbuf", json!("YWJj")),
        named(sobot, "sdk_app_id", json!(1)),
        named("sobot", "kind", json!("sobot")),
        named("Customer", "kind", json!("Customer")),
    ];
    for (body, name) in cases {
        let answer = ask(&world, API_KEY, body.clone()).await.expect(400);
        assert_eq!(
            (answer.error_code(), field(&answer)),
            ("invalid_request", Some(name.as_str())),
            "{body}: {answer:?}"
        );
    }
    // A server says for whom.
    for kind in ["customer", sobot, tencent] {
        let answer = ask(&world, API_KEY, json!({"kind": kind}))
            .await
            .expect(400);
        assert_eq!(field(&answer), Some("customer"), "{kind}");
    }
    // A customer whose own name Sobot's signature can't bear.
    let body = json!({"kind": sobot});
    let answer = ask(&world, &customer("D{E"), body).await.expect(400);
    assert_eq!(field(&answer), Some("customer"));
    assert!(world.sobot.calls_of(PAGE_TOKEN).is_empty());
    // The longest names.
    let body = json!({"kind": tencent, "customer": "x".repeat(32)});
    ask(&world, API_KEY, body).await.expect(200);
    given(&world, json!({"kind": sobot, "customer": "x".repeat(128)})).await;
}

/// xorshift64: the same row of numbers from the same seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn text(&mut self, longest: u64) -> String {
        let length = 1 + self.below(longest);
        let letter = |chance: &mut Self| char::from(u8::try_from(33 + chance.below(94)).unwrap());
        (0..length).map(|_| letter(self)).collect()
    }
}

/// A hundred of them, of whatever values.
fn a_hundred(mut chance: Chance) -> Vec<Made> {
    (0..100)
        .map(|_| {
            let sdk_app_id = 1 + chance.below(1 << 32);
            let key = chance.text(80);
            let identifier = chance.text(32);
            let time = i64::try_from(chance.below(1 << 33)).unwrap();
            let expire = i64::try_from(1 + chance.below(15_552_000)).unwrap();
            let claims = Claims {
                sdk_app_id,
                identifier: &identifier,
                time,
                expire,
            };
            Made {
                user_sig: user_sig::user_sig(claims, &key).unwrap(),
                sdk_app_id,
                key,
                identifier,
                time,
                expire,
            }
        })
        .collect()
}

/// What the package of npm makes of the same values is signed alike.
#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(no_npm, ignore = "there is no npm on this machine")]
async fn the_official_package_of_npm_makes_the_same_usersigs() {
    let made = a_hundred(Chance(0x5eed_0004));
    let own = made_by_npm(&made).await;
    assert_eq!(own.len(), made.len());
    for (ours, own) in made.iter().zip(own) {
        let read = |user_sig: &str| {
            let (key, app) = (&ours.key, ours.sdk_app_id);
            verify_user_sig(user_sig, key, app, &ours.identifier, ours.time).unwrap()
        };
        assert_eq!(read(&ours.user_sig), read(&own), "{ours:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_package_makes_and_reads_the_same_usersigs() {
    let mut made = a_hundred(Chance(0x5eed_0003));
    // And one of the function itself.
    let world = World::start().await;
    let body = json!({"kind": "tencent_usersig", "customer": "user45", "expires_in": 600});
    let user_sig = given(&world, body).await.text_of("token");
    made.push(Made {
        sdk_app_id: APP,
        key: TENCENT_KEY.to_owned(),
        identifier: "user45".to_owned(),
        time: verified(&user_sig, "user45").time,
        expire: 600,
        user_sig,
    });

    for (ours, verdict) in made.iter().zip(verify_with_python(&made).await) {
        let claims = Claims {
            sdk_app_id: ours.sdk_app_id,
            identifier: &ours.identifier,
            time: ours.time,
            expire: ours.expire,
        };
        let sig = user_sig::sig(claims, &ours.key).unwrap();
        let wanted = json!({"TLS.ver": "2.0", "TLS.identifier": ours.identifier,
            "TLS.sdkappid": ours.sdk_app_id, "TLS.time": ours.time, "TLS.expire": ours.expire,
            "TLS.sig": sig});
        assert_eq!(verdict.inside, wanted, "ours, read by the package");
        let theirs = verify_user_sig(
            &verdict.own,
            &ours.key,
            ours.sdk_app_id,
            &ours.identifier,
            ours.time,
        );
        assert_eq!(theirs.unwrap().sig, sig, "the package's own: {ours:?}");
    }
}
