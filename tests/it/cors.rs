//! Browser clients: the rules of the Fetch standard (CORS) over the real wire.

use deskbridge::clock;
use harness::{
    http_client,
    world::{API_KEY, World},
};
use reqwest::{Method, Response, header::HeaderMap};
use serde_json::json;

const SHOP: &str = "https://shop.example.com";
const HELP: &str = "http://localhost:5173";
const STRANGER: &str = "https://shop.example.com.evil.example";

async fn world() -> World {
    World::with(&[("CORS_ORIGINS", &format!("{SHOP}, {HELP}"))]).await
}

/// A request as a browser makes it for a page of this origin.
async fn from(
    world: &World,
    origin: &str,
    method: Method,
    path: &str,
    bearer: Option<&str>,
    body: Option<String>,
) -> Response {
    let url = format!("{}{path}", world.bundle.url());
    let mut request = http_client().request(method, url).header("origin", origin);
    if let Some(bearer) = bearer {
        request = request.header("authorization", format!("Bearer {bearer}"));
    }
    if let Some(body) = body {
        let typed = request.header("content-type", "application/json");
        request = typed.body(body);
    }
    request.send().await.unwrap()
}

async fn preflight(world: &World, origin: &str, method: &str, path: &str) -> Response {
    let url = format!("{}{path}", world.bundle.url());
    http_client()
        .request(Method::OPTIONS, url)
        .header("origin", origin)
        .header("access-control-request-method", method)
        .header(
            "access-control-request-headers",
            "authorization,content-type,idempotency-key,traceparent",
        )
        .send()
        .await
        .unwrap()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}

/// The members of a header that is a list, in lower case.
fn members(headers: &HeaderMap, name: &str) -> Vec<String> {
    let list = text(headers, name).unwrap_or_default().split(',');
    list.map(|one| one.trim().to_lowercase()).collect()
}

/// No word on who may read it.
fn assert_closed(headers: &HeaderMap) {
    let said: Vec<_> = headers
        .keys()
        .filter(|name| name.as_str().starts_with("access-control-"))
        .collect();
    assert!(said.is_empty(), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_of_a_listed_origin_allows_what_clients_send() {
    let world = world().await;
    let routes = world.bundle.template().functions().values();
    let routes: Vec<_> = routes.flat_map(|function| &function.routes).collect();
    for route in routes {
        for origin in [SHOP, HELP] {
            let answer = preflight(&world, origin, &route.method, &route.path).await;
            assert!(answer.status().is_success(), "{answer:?}");
            let headers = answer.headers();
            assert_eq!(text(headers, "access-control-allow-origin"), Some(origin));
            let methods = members(headers, "access-control-allow-methods");
            assert!(
                methods.contains(&route.method.to_lowercase()),
                "{methods:?}"
            );
            let allowed = members(headers, "access-control-allow-headers");
            for header in [
                "authorization",
                "content-type",
                "idempotency-key",
                "traceparent",
            ] {
                assert!(allowed.iter().any(|one| one == header), "{allowed:?}");
            }
            // No cookies, so no mode that sends them.
            assert_eq!(text(headers, "access-control-allow-credentials"), None);
        }
    }
    assert!(
        world.dynamodb.calls().is_empty(),
        "a preflight reaches no function"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_page_holds_a_conversation() {
    let world = world().await;
    let token = World::customer_token("DE", 900, clock::now());
    let open = json!({"vendor": "udesk"}).to_string();
    let opened = from(
        &world,
        SHOP,
        Method::POST,
        "/sessions",
        Some(&token),
        Some(open),
    )
    .await;
    assert_eq!(opened.status(), 201);
    assert_eq!(
        text(opened.headers(), "access-control-allow-origin"),
        Some(SHOP)
    );
    let opened: serde_json::Value = serde_json::from_str(&opened.text().await.unwrap()).unwrap();
    let path = format!("/sessions/{}/messages", opened["id"].as_str().unwrap());
    let say = json!({"kind": "text", "content": "Where is my parcel?"}).to_string();
    let said = from(&world, SHOP, Method::POST, &path, Some(&token), Some(say)).await;
    assert_eq!(said.status(), 200);
    let read = from(&world, SHOP, Method::GET, &path, Some(&token), None).await;
    assert_eq!(
        text(read.headers(), "access-control-allow-origin"),
        Some(SHOP)
    );
    assert!(read.text().await.unwrap().contains("Where is my parcel?"));
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_readable_whoever_makes_them() {
    let world = world().await;
    let token = World::customer_token("DE", 900, clock::now());
    let absent = "/sessions/ses_01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let large = || Some(format!("\"{}\"", "x".repeat(256 * 1024)));
    let busy = world.dynamodb.refuse().await;
    let refused = from(&world, SHOP, Method::GET, absent, Some(&token), None).await;
    busy.clear().await;
    let mut answers = vec![(503, refused)];
    let ask = |method, path, bearer, body| from(&world, SHOP, method, path, bearer, body);
    for (status, method, path, bearer, body) in [
        (401, Method::GET, absent, None, None),
        (403, Method::GET, "/deliveries", Some(&*token), None),
        (404, Method::GET, absent, Some(&*token), None),
        (
            400,
            Method::POST,
            "/sessions",
            Some(API_KEY),
            Some("{".to_owned()),
        ),
        (413, Method::POST, "/sessions", Some(API_KEY), large()),
        // The gateway's own.
        (404, Method::GET, "/nowhere", None, None),
    ] {
        answers.push((status, ask(method, path, bearer, body).await));
    }
    for (status, answer) in answers {
        assert_eq!(answer.status(), status, "{answer:?}");
        let headers = answer.headers();
        assert_eq!(
            text(headers, "access-control-allow-origin"),
            Some(SHOP),
            "{status}"
        );
        let exposed = members(headers, "access-control-expose-headers");
        assert!(exposed.contains(&"retry-after".to_owned()), "{exposed:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_origins_page_reads_nothing() {
    let world = world().await;
    let token = World::customer_token("DE", 900, clock::now());
    for origin in [
        STRANGER,
        "https://shop.example.co",
        "http://shop.example.com",
        "null",
    ] {
        let asked = preflight(&world, origin, "POST", "/sessions").await;
        assert_closed(asked.headers());
        let answer = from(&world, origin, Method::GET, "/sessions", Some(&token), None).await;
        assert_eq!(
            answer.status(),
            200,
            "servers send no origin, and are served"
        );
        assert_closed(answer.headers());
    }
    // What vendors call is for no page at all.
    let url = world.bundle.function_url("webhook-udesk");
    let hook = http_client().post(url).header("origin", SHOP).send().await;
    assert_closed(hook.unwrap().headers());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_origin_is_listed_no_page_reads_anything() {
    let world = World::start().await;
    let token = World::customer_token("DE", 900, clock::now());
    let asked = preflight(&world, SHOP, "POST", "/sessions").await;
    assert_closed(asked.headers());
    let answer = from(&world, SHOP, Method::GET, "/sessions", Some(&token), None).await;
    assert_eq!(answer.status(), 200);
    assert_closed(answer.headers());
}
