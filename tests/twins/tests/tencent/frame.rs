//! What is around every call: method and query.

use deskbridge_twins::tencent::{Options, sign_user_sig};

use crate::client::{SEND_MSG, query, start, text, user_sig};

/// Vectors T7 and T8: what two official libraries made for `administrator` at this time.
const T7: &str = "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkElNyM-Myi0uKEkvyi2BKilOyEwsKMlOACgxNDKAAKpdaUZBZlAqUsTAzgQuWZOaChAzN0RQXZ6aDLKn0cUzVLjcPD00NLS1MCrPM0A*JMLcoNTLMD3HP1M60jCowLDUOKMiLNDOwVaoFAD4PNPI_";
const T8: &str = "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwokpuZl5mcUlRYkl*UVQBcUp2YkFBZkpSlaGJgZQAJEpycxNVbIyNEcVTa0oyCxKVbKyMDOBCRVnpitZKVX6OKZql5uHh6aGlhYmhVlm6IdEmFuUGhnmh7hnamdaRhUYlhoHFORFmhnYKtUCAK0SM5I_";
const T6_MADE: i64 = 1_700_000_000;

#[tokio::test]
async fn the_query_is_checked_name_by_name() {
    let (twin, client) = start().await;
    let body = text("user45", 1, "hello").to_string();
    let code = async |changes: &[(&str, Option<&str>)]| {
        let path = format!("{SEND_MSG}?{}", query(changes));
        let answer = client.send("POST", &path, &[], &body).await.unwrap();
        assert_eq!(answer.status, 200);
        answer.code()
    };
    let options = Options::default();
    let (key, app) = (options.secret_key.as_str(), options.sdk_app_id);
    let now = jiff::Timestamp::now().as_second();
    let made = |key, app, time| sign_user_sig(key, app, "administrator", time, 60, None);
    let (expired, other_key, other_app) = (
        made(key, app, now - 61),
        made("another", app, now),
        made(key, app + 1, now),
    );
    let (somebody, plain) = (user_sig("user45"), "eJyr/+=");
    for (name, value, expected) in [
        ("usersig", Some(expired.as_str()), 70001),
        ("usersig", Some(&other_key), 70003),
        ("usersig", Some(&other_app), 70003),
        ("usersig", Some(plain), 70003),
        ("usersig", Some(""), 70003),
        ("usersig", None, 70003),
        ("usersig", Some(&somebody), 70013),
        ("identifier", Some("user45"), 70013),
        ("sdkappid", Some("1400000001"), 60002),
        ("sdkappid", None, 60002),
        ("identifier", None, 60002),
        ("random", None, 60002),
        ("random", Some("-1"), 60002),
        ("random", Some("1.5"), 60002),
        ("random", Some("4294967296"), 60002),
        ("random", Some("4294967295"), 0),
        ("contenttype", Some("xml"), 60002),
        ("contenttype", None, 60002),
        ("servicename", Some("x"), 60002),
    ] {
        assert_eq!(code(&[(name, value)]).await, expected, "{name} {value:?}");
    }
    twin.switch(|s| s.frame_code = 60012);
    assert_eq!(code(&[("sdkappid", None)]).await, 60012);
    assert_eq!(twin.messages_to("user45").len(), 1);
}

#[tokio::test]
async fn only_an_administrator_may_call() {
    let (_twin, client) = start().await;
    let user_sig = user_sig("user45");
    let changes = [
        ("identifier", Some("user45")),
        ("usersig", Some(user_sig.as_str())),
    ];
    let path = format!("{SEND_MSG}?{}", query(&changes));
    let body = text("user45", 1, "hello").to_string();
    let answer = client.send("POST", &path, &[], &body).await.unwrap();
    assert_eq!((answer.status, answer.code()), (200, 90009));
    assert_eq!(answer.body["ActionStatus"], "FAIL");
}

#[tokio::test]
async fn what_the_official_libraries_made_is_accepted_while_it_lasted() {
    let (twin, client) = start().await;
    let now = jiff::Timestamp::now().as_second();
    for (number, user_sig) in [(1, T7), (2, T8)] {
        let path = format!("{SEND_MSG}?{}", query(&[("usersig", Some(user_sig))]));
        let body = text("user45", number, "hello").to_string();
        let call = async || {
            let answer = client.send("POST", &path, &[], &body).await.unwrap();
            answer.code()
        };
        twin.switch(|s| s.clock_offset_seconds = T6_MADE - now);
        assert_eq!(call().await, 0);
        twin.switch(|s| s.clock_offset_seconds = T6_MADE + 86400 + 60 - now);
        assert_eq!(call().await, 70001);
    }
}

#[tokio::test]
async fn it_is_a_post_of_this_path() {
    let (_twin, client) = start().await;
    let query = query(&[]);
    let path = format!("{SEND_MSG}?{query}");
    let answer = client.send("GET", &path, &[], "").await.unwrap();
    assert_eq!((answer.status, answer.code()), (200, 60002));
    let other = format!("/v4/desk_http_svc/send?{query}");
    let answer = client.send("POST", &other, &[], "{}").await.unwrap();
    assert_eq!(answer.status, 404);
}
