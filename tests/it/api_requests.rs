//! Requests that are not what a route takes: a 4xx that names the field, and never a panic.

use std::time::{Duration, Instant};

use harness::{
    contract::Contract,
    until,
    world::{API_KEY, Answer, World},
};
use serde_json::{Value, json};

/// Sends bytes as a server does.
async fn send(world: &World, method: &str, path: &str, body: impl Into<Vec<u8>>) -> Answer {
    let headers = [
        ("authorization", format!("Bearer {API_KEY}")),
        ("content-type", "application/json".to_owned()),
    ];
    world.send(method, path, &headers, Some(body.into())).await
}

fn field(answer: &Answer) -> Option<&str> {
    answer.body["error"]["field"].as_str()
}

/// No function has panicked, and no process of one had to be replaced.
fn assert_calm(world: &World) {
    let log = world.log.lock().unwrap();
    let bad: Vec<_> = log
        .iter()
        .filter(|line| line.contains("panicked") || line.contains("exit"))
        .collect();
    assert!(bad.is_empty(), "{bad:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_object_is_refused_by_every_route_that_takes_one() {
    let world = World::start().await;
    let session = world.open_session("DE").await;
    let messages = format!("/sessions/{session}/messages");
    let deep = |open: &str, close: &str| open.repeat(10_000) + "1" + &close.repeat(10_000);
    let bodies: Vec<(&str, Vec<u8>, u16, &str)> = vec![
        ("empty", vec![], 400, "invalid_json"),
        ("blank", b" \n".into(), 400, "invalid_json"),
        ("not JSON", b"hello".into(), 400, "invalid_json"),
        (
            "a form",
            b"vendor=udesk&customer=DE".into(),
            400,
            "invalid_json",
        ),
        ("broken off", b"{\"cust".into(), 400, "invalid_json"),
        (
            "single quotes",
            b"{'vendor':'udesk'}".into(),
            400,
            "invalid_json",
        ),
        ("an array", b"[]".into(), 400, "invalid_request"),
        (
            "the fields as an array",
            br#"["udesk","DE",{"to":"agent"}]"#.into(),
            400,
            "invalid_request",
        ),
        ("a text", b"\"x\"".into(), 400, "invalid_request"),
        ("a number", b"1".into(), 400, "invalid_request"),
        ("null", b"null".into(), 400, "invalid_request"),
        ("300 KB", vec![b' '; 300_000], 413, "body_too_large"),
        (
            "300 KB of content",
            format!(r#"{{"content":"{}"}}"#, "x".repeat(300_000)).into(),
            413,
            "body_too_large",
        ),
        (
            "10,000 brackets",
            deep("[", "]").into(),
            400,
            "invalid_request",
        ),
        (
            "10,000 objects",
            deep(r#"{"a":"#, "}").into(),
            400,
            "invalid_request",
        ),
        (
            "10,000 brackets that never close",
            "[".repeat(10_000).into(),
            400,
            "invalid_json",
        ),
        (
            "invalid UTF-8",
            b"{\"customer\xff\":1}".into(),
            400,
            "invalid_json",
        ),
        (
            "a byte of zero",
            b"{\"cust\0mer\":1}".into(),
            400,
            "invalid_json",
        ),
        (
            "half a surrogate pair",
            br#"{"\ud800":1}"#.into(),
            400,
            "invalid_request",
        ),
        (
            "a byte order mark",
            b"\xef\xbb\xbf{}".into(),
            400,
            "invalid_json",
        ),
    ];
    let survey = format!("/sessions/{session}/survey");
    let rating = format!("{messages}/msg_01ARZ3NDEKTSV4RRFFQ69G5FAV/rating");
    let actions = format!("/sessions/{session}/robot-actions");
    for path in [
        "/tokens",
        "/sessions",
        &messages,
        &survey,
        &rating,
        &actions,
    ] {
        for (what, body, status, code) in &bodies {
            let answer = send(&world, "POST", path, body.clone()).await;
            assert_eq!(
                (answer.status, answer.error_code()),
                (*status, *code),
                "{what}: POST {path}: {answer:?}"
            );
        }
    }
    world.say(&session, "c-1", "Still there?").await.expect(200);
    assert_calm(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_message_that_is_read_is_kept_sent_and_told() {
    let world = World::start().await;
    let session = world.open_session("DE").await;
    let path = format!("/sessions/{session}/messages");
    let filled = |kind: &str, piece: &str, size: usize| {
        let body = |times: usize| json!({"kind": kind, "content": piece.repeat(times)}).to_string();
        body((size - body(0).len()) / (body(1).len() - body(0).len()))
    };
    // What an item of the table must hold is not what was sent: JSON is longer than what it says, and
    // HTML is kept beside its plain text.
    let largest = 100 * 1024;
    let five = [
        ("text", "x"),
        ("text", "\u{1}"),
        ("rich", "x"),
        ("rich", "\u{1}"),
        ("rich", "&#1;"),
    ];
    for (kind, piece) in five {
        let answer = send(&world, "POST", &path, filled(kind, piece, largest)).await;
        assert_eq!(answer.status, 200, "{kind} of {piece:?}: {}", answer.text);
        let answer = send(&world, "POST", &path, filled(kind, piece, 2 * largest)).await;
        assert_eq!(
            (answer.status, field(&answer)),
            (400, Some("content")),
            "{kind} of {piece:?}"
        );
    }
    // What is said of a file stands in the same items.
    let file = json!({"kind": "image", "content": "https://files.example.com/1.png",
                      "file": {"name": "x".repeat(17 * 1024)}});
    let answer = send(&world, "POST", &path, file.to_string()).await;
    assert_eq!((answer.status, field(&answer)), (400, Some("file")));
    until("all were told", async || {
        let events = world.app.events_of(&session);
        events
            .iter()
            .filter(|event| event.kind == "message.sent")
            .count()
            == 5
    })
    .await;
    assert_eq!(
        world.conversation(&session).await.len(),
        6,
        "five and the welcome"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_field_that_is_wrong_missing_or_unknown_is_named() {
    let world = World::start().await;
    let session = world.open_session("DE").await;
    let messages = format!("/sessions/{session}/messages");
    let long = format!("\"{}\"", "x".repeat(129));
    // A route, what it takes, and for each field what it does not.
    let token = json!({"kind": "customer", "customer": "DE", "expires_in": 900});
    let page = json!({"kind": "sobot_page", "customer": "DE", "expires_in": 3600, "channel": "pc",
        "channel_flag": 2, "customized_fields": {"uname": "nickname"}});
    let user_sig = json!({"kind": "tencent_usersig", "customer": "user45", "expires_in": 86400});
    let open = json!({"vendor": "udesk", "customer": "DE",
        "assign": {"to": "agent", "agent_id": 397, "group_id": 1, "channel": "shop"}});
    let say = json!({"id": "c-1", "kind": "video", "content": "https://example.com/a.mp4",
        "file": {"name": "a.mp4", "size": "1M", "duration": 3, "width": 640, "thumbnail": "https://example.com/a.png"}});
    let web = json!({"mode": "sign", "customer": "DE", "start": {"how": "automatic"}, "leave_message": {"uid": "u1"},
        "parameters": {"uname": "nickname", "time": 15, "msg_flag": "on", "card_title": "a", "card_url": "https://a.example"}});
    let half = "\"\\ud800\"";
    let texts = ["1", "true", "[]", "{}", "[\"x\"]", half];
    let no_urls = [
        "\"football.mp4\"",
        "\"//files.example.com/1.mp4\"",
        "\"ftp://files.example.com/1.mp4\"",
        "\"javascript:alert(1)\"",
        "\"data:video/mp4;base64,AA==\"",
        "\"https://\"",
        "\"https:///1.mp4\"",
        "\"https://files.example.com/1.mp4 \"",
        "\" https://files.example.com/1.mp4\"",
        "\"<a href='https://files.example.com/1.mp4'>film</a>\"",
    ];
    let ids = [
        "1",
        "[]",
        "{}",
        "\"\"",
        "\"a b\"",
        "\"a\\n\"",
        "\"\\u0000\"",
        "\"é\"",
        "\"\\ud83d\\ude00\"",
        &long,
    ];
    let enums = [
        "1",
        "null",
        "[]",
        "{}",
        "\"\"",
        "\"Udesk\"",
        "\"sobot \"",
        "\"agents\"",
    ];
    let objects = [
        "1",
        "\"x\"",
        "[]",
        "[\"agent\"]",
        "[null,null,null]",
        "true",
    ];
    let numbers = [
        "\"x\"",
        "\"\"",
        "1.5",
        "true",
        "[]",
        "{}",
        "1e999",
        "-1e999",
        "9223372036854775808",
        "99999999999999999999999999",
        "\"9223372036854775808\"",
        "1e300",
    ];
    // None is the plain page.
    let channels = enums.iter().copied().filter(|value| *value != "null");
    let channels = channels.collect();
    let cases: Vec<(&str, &Value, &str, Vec<&str>)> = vec![
        ("/tokens", &token, "kind", enums.into()),
        (
            "/tokens",
            &token,
            "customer",
            [&ids[..], &["null"]].concat(),
        ),
        (
            "/tokens",
            &token,
            "expires_in",
            [&numbers[..], &["0", "-1", "59", "86401", "\"900\""]].concat(),
        ),
        ("/tokens", &page, "kind", enums.into()),
        ("/tokens", &page, "customer", ids.into()),
        (
            "/tokens",
            &page,
            "expires_in",
            [&numbers[..], &["59", "86401", "\"900\""]].concat(),
        ),
        ("/tokens", &page, "channel", channels),
        (
            "/tokens",
            &page,
            "channel_flag",
            [&numbers[..], &["-1", "4294967296", "\"2\""]].concat(),
        ),
        ("/tokens", &page, "customized_fields", objects.into()),
        ("/tokens", &user_sig, "kind", enums.into()),
        ("/tokens", &user_sig, "customer", ids.into()),
        (
            "/tokens",
            &user_sig,
            "expires_in",
            [&numbers[..], &["59", "15552001", "\"900\""]].concat(),
        ),
        ("/sobot/web-access", &web, "mode", enums.into()),
        ("/sobot/web-access", &web, "customer", ids.into()),
        ("/sobot/web-access", &web, "parameters", objects.into()),
        (
            "/sobot/web-access",
            &web,
            "parameters.uname",
            [&texts[..], &["\"\""]].concat(),
        ),
        (
            "/sobot/web-access",
            &web,
            "parameters.time",
            [&numbers[..], &["9", "2881", "\"15\""]].concat(),
        ),
        (
            "/sobot/web-access",
            &web,
            "parameters.msg_flag",
            [&objects[..], &["\"1\"", "0"]].concat(),
        ),
        (
            "/sobot/web-access",
            &web,
            "parameters.card_url",
            [&texts[..], &no_urls[2..]].concat(),
        ),
        ("/sobot/web-access", &web, "start", objects.into()),
        ("/sobot/web-access", &web, "start.how", enums.into()),
        ("/sobot/web-access", &web, "leave_message", objects.into()),
        (
            "/sobot/web-access",
            &web,
            "leave_message.uid",
            [&texts[..], &["\"a b\""]].concat(),
        ),
        ("/sessions", &open, "vendor", enums.into()),
        ("/sessions", &open, "customer", ids.into()),
        ("/sessions", &open, "assign", objects.into()),
        ("/sessions", &open, "assign.to", enums.into()),
        ("/sessions", &open, "assign.agent_id", numbers.into()),
        ("/sessions", &open, "assign.group_id", numbers.into()),
        ("/sessions", &open, "assign.channel", texts.into()),
        (&messages, &say, "id", ids.into()),
        (
            &messages,
            &say,
            "kind",
            [&enums[..], &["\"custom\""]].concat(),
        ),
        (
            &messages,
            &say,
            "content",
            [&texts[..], &["null", "\"\""], &no_urls].concat(),
        ),
        (&messages, &say, "file", objects.into()),
        (&messages, &say, "file.name", texts.into()),
        (&messages, &say, "file.size", texts.into()),
        (
            &messages,
            &say,
            "file.duration",
            [&numbers[..], &["-1", "4294967296", "\"3\""]].concat(),
        ),
        (
            &messages,
            &say,
            "file.width",
            [&numbers[..], &["-1", "4294967296", "\"3\""]].concat(),
        ),
        (&messages, &say, "file.thumbnail", texts.into()),
    ];
    for (path, good, name, wrong) in &cases {
        let pointer = format!("/{}", name.replace('.', "/"));
        for value in wrong {
            // As text, since some of them are nothing that a JSON value can hold.
            let mut body = (*good).clone();
            *body.pointer_mut(&pointer).unwrap() = "@".into();
            let body = body.to_string().replace("\"@\"", value);
            let answer = send(&world, "POST", path, body.clone()).await;
            assert_eq!(
                (answer.status, answer.error_code(), field(&answer)),
                (400, "invalid_request", Some(*name)),
                "POST {path} {body}: {answer:?}"
            );
        }
    }
    // What a body needs is named where it is missing, what it must not have where it is there, and
    // what comes twice.
    for (path, body, name) in [
        ("/tokens", r#"{"customer":"DE"}"#, "kind"),
        ("/tokens", r#"{"kind":"customer"}"#, "customer"),
        (
            "/tokens",
            r#"{"kind":"customer","customer":"DE","expires":1}"#,
            "expires",
        ),
        ("/tokens", r#"{"kind":"sobot_page"}"#, "customer"),
        ("/tokens", r#"{"kind":"tencent_usersig"}"#, "customer"),
        (
            "/tokens",
            r#"{"kind":"customer","kind":"sobot_page","customer":"DE"}"#,
            "kind",
        ),
        (
            "/tokens",
            r#"{"kind":"sobot_page","customer":"DE","channel":"pc","channel":"h5"}"#,
            "channel",
        ),
        (
            "/tokens",
            r#"{"kind":"tencent_usersig","customer":"DE","channel":"pc"}"#,
            "channel",
        ),
        ("/sessions", r#"{"customer":"DE"}"#, "vendor"),
        ("/sessions", r#"{"vendor":"udesk"}"#, "customer"),
        (
            "/sessions",
            r#"{"vendor":"udesk","customer":"DE","assign":{}}"#,
            "assign.to",
        ),
        (
            "/sessions",
            r#"{"vendor":"udesk","customer":"DE","agent_id":3}"#,
            "agent_id",
        ),
        (
            "/sessions",
            r#"{"vendor":"udesk","customer":"DE","assign":{"to":"agent","robot_id":3}}"#,
            "assign.robot_id",
        ),
        (
            "/sessions",
            r#"{"vendor":"udesk","customer":"DE","assign":{"to":"robot","agent_id":3}}"#,
            "assign.agent_id",
        ),
        (
            "/sessions",
            r#"{"vendor":"udesk","customer":"DE","assign":{"to":"urobot","scene_id":39}}"#,
            "assign.robot_id",
        ),
        (
            "/sessions",
            r#"{"vendor":"udesk","customer":"DE","assign":{"to":"urobot","robot_id":12362}}"#,
            "assign.scene_id",
        ),
        (
            "/sessions",
            r#"{"vendor":"udesk","customer":"DE","customer":"FR"}"#,
            "customer",
        ),
        (
            "/sessions",
            r#"{"vendor":"udesk","customer":"DE","assign":{"to":"agent","to":"agent"}}"#,
            "assign.to",
        ),
        (&messages, r#"{"content":"hello"}"#, "kind"),
        (&messages, r#"{"kind":"text"}"#, "content"),
        (&messages, r#"{"kind":"card","content":"hello"}"#, "content"),
        (&messages, r#"{"kind":"card"}"#, "card"),
        (
            &messages,
            r#"{"kind":"text","content":"hello","as":"desk"}"#,
            "as",
        ),
        (&messages, r#"{"kind":"text","content":"hello","":1}"#, ""),
        (
            &messages,
            r#"{"kind":"text","content":"hello","file":{"length":1}}"#,
            "file.length",
        ),
    ] {
        let answer = send(&world, "POST", path, body).await;
        assert_eq!(
            (answer.status, answer.error_code(), field(&answer)),
            (400, "invalid_request", Some(name)),
            "POST {path} {body}: {answer:?}"
        );
    }
    for rest in ["}", " x", "{}", "\0", ",\"a\":1"] {
        let answer = send(&world, "POST", "/sessions", format!("{open}{rest}")).await;
        assert_eq!(
            (answer.status, answer.error_code()),
            (400, "invalid_json"),
            "{rest:?}: {answer:?}"
        );
    }
    // A key in the header is held to the same.
    for key in ["a b", "", &"x".repeat(129)] {
        let headers = [
            ("authorization", format!("Bearer {API_KEY}")),
            ("idempotency-key", key.to_owned()),
        ];
        let body = br#"{"kind":"text","content":"hello"}"#.to_vec();
        let answer = world
            .send("POST", &messages, &headers, Some(body))
            .await
            .expect(400);
        assert_eq!(
            field(&answer),
            Some("Idempotency-Key"),
            "{key:?}: {answer:?}"
        );
    }
    assert!(
        world.twin.messages_from("DE").is_empty(),
        "none of it reached the desk"
    );
    for (path, good, status) in [
        ("/tokens", &token, 200),
        ("/tokens", &page, 200),
        ("/tokens", &user_sig, 200),
        ("/sobot/web-access", &web, 200),
        ("/sessions", &open, 200),
        (&messages, &say, 200),
    ] {
        send(&world, "POST", path, good.to_string())
            .await
            .expect(status);
    }
    assert_calm(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_is_wrong_is_named_too() {
    let world = World::start().await;
    let session = world.open_session("DE").await;
    let messages = format!("/sessions/{session}/messages");
    for (path, name) in [
        (format!("{messages}?limit=0"), "limit"),
        (format!("{messages}?limit=101"), "limit"),
        (format!("{messages}?limit=-1"), "limit"),
        (format!("{messages}?limit=x"), "limit"),
        (format!("{messages}?limit="), "limit"),
        (format!("{messages}?limit=1.5"), "limit"),
        (format!("{messages}?limit=18446744073709551616"), "limit"),
        (format!("{messages}?after=garbage"), "after"),
        (format!("{messages}?after="), "after"),
        (format!("{messages}?after={session}"), "after"),
        (format!("{messages}?after=%00"), "after"),
        (format!("{messages}?after=%FF"), "after"),
        ("/sessions".to_owned(), "customer"),
        ("/sessions?customer=".to_owned(), "customer"),
        ("/sessions?customer=a%20b".to_owned(), "customer"),
        ("/sessions?customer=%C3%A9".to_owned(), "customer"),
        (
            format!("/sessions?customer={}", "x".repeat(129)),
            "customer",
        ),
        ("/sessions?customer=DE&vendor=nobody".to_owned(), "vendor"),
        ("/sessions?customer=DE&vendor=".to_owned(), "vendor"),
    ] {
        let answer = world.call(API_KEY, "GET", &path, None).await;
        assert_eq!(
            (answer.status, answer.error_code(), field(&answer)),
            (400, "invalid_request", Some(name)),
            "GET {path}: {answer:?}"
        );
    }
    // A cursor of nowhere is a place all the same, and a pound sign is a character like others.
    world
        .call(API_KEY, "GET", &format!("{messages}?limit=100"), None)
        .await
        .expect(200);
    let path = format!("{messages}?after=msg_01ARZ3NDEKTSV4RRFFQ69G5FAV");
    world.call(API_KEY, "GET", &path, None).await.expect(200);
    world
        .call(API_KEY, "GET", "/sessions?customer=a%23b", None)
        .await
        .expect(200);
    assert_calm(&world);
}

/// xorshift64: the same row of numbers from the same seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below as u64).unwrap()
    }

    fn of<T: Clone>(&mut self, these: &[T]) -> T {
        these[self.next(these.len())].clone()
    }

    /// Another value in some place of this one.
    fn mutated(&mut self, value: &mut Value) {
        let odd = [
            json!(null),
            json!(true),
            json!(0),
            json!(-1),
            json!(397),
            json!(1.5),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(1e300),
            json!(""),
            json!("x"),
            json!("DE"),
            json!("397"),
            json!("D E"),
            json!("\u{0}"),
            json!("é"),
            json!("text"),
            json!("agent"),
            json!("udesk"),
            json!("9223372036854775808"),
            json!([]),
            json!(["agent"]),
            json!({}),
            json!({"to": "agent"}),
            json!({"a": [[[[{}]]]]}),
            json!("x".repeat(128)),
            json!("x".repeat(129)),
            json!("image"),
            json!("HTTP://files.example.com/照片.png?a=b#c"),
            json!("https://?"),
            json!("<a href='https://files.example.com/1.png'>1</a>"),
        ];
        let names = [
            "to", "id", "kind", "file", "vendor", "agent_id", "duration", "name", "x", "",
        ];
        match value {
            Value::Object(members) if !members.is_empty() && self.next(4) != 0 => {
                let keys: Vec<_> = members.keys().cloned().collect();
                match self.next(5) {
                    0 => drop(members.remove(&self.of(&keys))),
                    1 => drop(members.insert(self.of(&names).to_owned(), self.of(&odd))),
                    _ => {
                        let key = self.of(&keys);
                        self.mutated(&mut members[&key]);
                    }
                }
            }
            other => *other = self.of(&odd),
        }
    }
}

/// What a body may leave out, and says nothing with where it is null.
const OPTIONAL: [&str; 14] = [
    "/customer",
    "/assign",
    "/assign/agent_id",
    "/assign/group_id",
    "/assign/channel",
    "/id",
    "/file",
    "/file/name",
    "/file/size",
    "/file/duration",
    "/expires_in",
    "/channel",
    "/channel_flag",
    "/customized_fields",
];

/// The body without what is null and may be, on a route whose whole body is `good`: JSON Schema has no
/// word for that.
fn without_nulls(value: &Value, at: &str, good: &Value) -> Value {
    let Value::Object(members) = value else {
        return value.clone();
    };
    let members = members
        .iter()
        .map(|(name, value)| (name, value, format!("{at}/{name}")));
    members
        .filter(|(_, value, at)| {
            let may_be = OPTIONAL.contains(&at.as_str()) && good.pointer(at).is_some();
            !(value.is_null() && may_be)
        })
        .map(|(name, value, at)| (name.clone(), without_nulls(value, &at, good)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_contract_allows_is_taken_and_nothing_else_is() {
    let world = World::start().await;
    let session = world.open_session("DE").await;
    let messages = format!("/sessions/{session}/messages");
    let mut chance = Chance(0x5eed_0001);
    let mut judged = Vec::new();
    for (path, good) in [
        (
            "/tokens",
            json!({"kind": "customer", "customer": "DE", "expires_in": 900}),
        ),
        (
            "/tokens",
            json!({"kind": "sobot_page", "customer": "DE", "expires_in": 3600, "channel": "pc",
            "channel_flag": 2, "customized_fields": {"uname": "nickname"}}),
        ),
        (
            "/tokens",
            json!({"kind": "tencent_usersig", "customer": "user45", "expires_in": 86400}),
        ),
        (
            "/sessions",
            json!({"vendor": "udesk", "customer": "DE",
            "assign": {"to": "agent", "agent_id": 397, "group_id": 1, "channel": "shop"}}),
        ),
        (
            &messages,
            json!({"id": "c-1", "kind": "video", "content": "https://example.com/a.mp4",
            "file": {"name": "a.mp4", "size": "1M", "duration": 3}}),
        ),
    ] {
        let operation = Contract::read().operation("POST", path).unwrap();
        let end = Instant::now() + Duration::from_secs(4);
        for _ in 0..400 {
            let mut body = good.clone();
            for _ in 0..=chance.next(2) {
                chance.mutated(&mut body);
            }
            let answer = send(&world, "POST", path, body.to_string()).await;
            assert!(answer.status < 500, "POST {path} {body}: {answer:?}");
            // A server names the customer: that is beyond the schema, since a customer need not.
            let unnamed = matches!(path, "/sessions" | "/tokens")
                && field(&answer) == Some("customer")
                && body["customer"].is_null();
            if !unnamed {
                let taken = !matches!(
                    answer.error_code_or_none(),
                    Some("invalid_request" | "invalid_json")
                );
                judged.push((
                    operation.request.clone(),
                    without_nulls(&body, "", &good),
                    taken,
                    answer,
                ));
            }
            // Bytes that are broken anywhere, too.
            let mut bytes = good.to_string().into_bytes();
            for _ in 0..=chance.next(3) {
                let at = chance.next(bytes.len());
                match chance.next(3) {
                    0 => drop(bytes.remove(at)),
                    1 => bytes.insert(at, u8::try_from(chance.next(256)).unwrap()),
                    _ => bytes[at] = u8::try_from(chance.next(256)).unwrap(),
                }
            }
            let answer = send(&world, "POST", path, bytes.clone()).await;
            assert!(
                answer.status < 500,
                "POST {path} {}: {answer:?}",
                String::from_utf8_lossy(&bytes)
            );
            if Instant::now() > end {
                break;
            }
        }
    }
    let values: Vec<_> = judged
        .iter()
        .map(|(schema, body, ..)| (schema.clone(), body.clone()))
        .collect();
    let problems = Contract::read().problems(&values).await;
    for ((_, body, taken, answer), problems) in judged.iter().zip(problems) {
        assert_eq!(
            *taken,
            problems.is_empty(),
            "{body}: the contract: {problems:?}, the answer: {answer:?}"
        );
    }
    let taken = judged.iter().filter(|(_, _, taken, _)| *taken).count();
    assert!(
        judged.len() > 40 && taken > 5,
        "{taken} of {} were taken",
        judged.len()
    );
    assert_calm(&world);
}

// The page's example of an image has HTML in the place of its URL: "content: url" says its own list of contents, and HTML is of
// type rich there.
#[tokio::test(flavor = "multi_thread")]
async fn contradiction_11_a_picture_is_sent_by_its_url_and_html_is_rich() {
    let world = World::start().await;
    let session = world.open_session("DE").await;
    let path = format!("/sessions/{session}/messages");
    let page: Value = serde_json::from_str(include_str!(
        "../fixtures/udesk/send_message.image.request.json"
    ))
    .unwrap();
    let html = &page["data"]["content"];
    let sends = async |kind: &str, content: &Value| {
        let body = json!({"kind": kind, "content": content});
        world.call(API_KEY, "POST", &path, Some(body)).await
    };
    for kind in ["image", "audio", "video", "file"] {
        let refused = sends(kind, html).await.expect(400);
        assert_eq!(refused.error_code(), "invalid_request", "{kind}");
        assert_eq!(refused.body["error"]["field"], "content", "{kind}");
    }
    assert!(world.twin.messages_from("DE").is_empty());
    sends("rich", html).await.expect(200);
    let picture = json!("https://xxx.com/1.png");
    sends("image", &picture).await.expect(200);
    let calls = world.twin.calls_of("/im/messages");
    let bodies = calls.iter().filter_map(|call| call.body.as_ref());
    let sent: Vec<_> = bodies
        .map(|body| (&body["type"], &body["data"]["content"]))
        .collect();
    assert_eq!(sent, [(&json!("rich"), html), (&json!("image"), &picture)]);
}
