//! Who may call, and whose sessions a caller sees.

use deskbridge::clock;
use harness::{
    contract::Contract,
    world::{API_KEY, World, token_signed_with},
};
use serde_json::json;

/// Every route of the template, `{id}` filled in: a new function is covered by itself.
fn routes(world: &World, id: &str) -> Vec<(String, String)> {
    let functions = world.bundle.template().functions().values();
    let routes = functions.flat_map(|function| &function.routes);
    let routes: Vec<_> = routes
        .map(|route| (route.method.clone(), route.path.replace("{id}", id)))
        .collect();
    assert!(routes.len() >= 7, "{routes:?}");
    routes
}

/// A body that the operation takes.
fn body(method: &str, path: &str) -> Option<String> {
    let operation = Contract::read()
        .operation(method, path)
        .expect("in the contract");
    (!operation.example.is_null()).then(|| operation.example.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_in_without_a_credential_that_is_ours_and_of_now() {
    let world = World::start().await;
    let now = clock::now();
    let good = World::customer_token("DE", 900, now);
    let (head, signature) = good.rsplit_once('.').unwrap();
    let (_, claims) = head.split_once('.').unwrap();
    let forged_signature: String = signature.chars().rev().collect();
    let mut near_miss = API_KEY.to_owned();
    near_miss.replace_range(API_KEY.len() - 1.., "2");
    assert_ne!(near_miss, API_KEY);
    let bearers = [
        ("none", None),
        ("an empty one", Some("Bearer ".to_owned())),
        ("another scheme", Some(format!("Basic {API_KEY}"))),
        ("no scheme", Some(API_KEY.to_owned())),
        (
            "a key with a wrong last character",
            Some(format!("Bearer {near_miss}")),
        ),
        (
            "a key with something behind it",
            Some(format!("Bearer {API_KEY}0")),
        ),
        (
            "the beginning of a key",
            Some(format!("Bearer {}", &API_KEY[..16])),
        ),
        (
            "a forged signature",
            Some(format!("Bearer {head}.{forged_signature}")),
        ),
        ("no signature", Some(format!("Bearer {head}."))),
        // {"alg":"none"}
        (
            "alg none",
            Some(format!("Bearer eyJhbGciOiJub25lIn0.{claims}.")),
        ),
        (
            "alg none, signed",
            Some(format!("Bearer eyJhbGciOiJub25lIn0.{claims}.{signature}")),
        ),
        (
            "another deployment's token",
            Some(format!(
                "Bearer {}",
                token_signed_with("another-customer-token-secret-0123456789", "DE", 900, now)
            )),
        ),
        (
            "an expired one",
            Some(format!(
                "Bearer {}",
                World::customer_token("DE", 60, now - 61_000)
            )),
        ),
    ];
    for (method, path) in routes(&world, "ses_01ARZ3NDEKTSV4RRFFQ69G5FAV") {
        for (what, bearer) in &bearers {
            let headers: Vec<_> = bearer
                .iter()
                .map(|value| ("authorization", value.clone()))
                .collect();
            let body = body(&method, &path).map(String::into_bytes);
            let answer = world.send(&method, &path, &headers, body).await;
            let refused = (answer.status, answer.error_code());
            // Where no customer may call, nothing is there to check a customer's token with: whatever looks like one
            // is told to come with a key.
            let is_told = refused == (403, "role_not_allowed")
                && is_for_servers_alone(&method, &path)
                && bearer
                    .as_ref()
                    .is_some_and(|bearer| bearer.matches('.').count() == 2);
            assert!(
                refused == (401, "unauthorized") || is_told,
                "{what}: {method} {path}: {answer:?}"
            );
        }
    }
    let touched: Vec<_> = world
        .dynamodb
        .calls()
        .into_iter()
        .filter_map(|call| call.operation)
        .collect();
    assert!(
        touched.is_empty(),
        "the table was asked for somebody unknown: {touched:?}"
    );
    // The token that the forged ones were made of does get in.
    let path = "/sessions/ses_01ARZ3NDEKTSV4RRFFQ69G5FAV";
    world.call(&good, "GET", path, None).await.expect(404);
}

fn is_for_servers_alone(method: &str, path: &str) -> bool {
    path.starts_with("/deliveries")
        || path.starts_with("/desk/")
        || path.ends_with("/cards")
        || (method == "DELETE" && (path == "/sessions" || path.starts_with("/sessions?")))
}

#[tokio::test(flavor = "multi_thread")]
async fn another_customers_session_looks_as_if_it_were_not_there() {
    let world = World::start().await;
    let theirs = world.open_session("DE").await;
    world
        .say(&theirs, "c-1", "Only for the desk")
        .await
        .expect(200);
    let before = world.session(&theirs).await;
    let stranger = World::customer_token("FR", 900, clock::now());
    let absent = "ses_01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let mut covered = 0;
    for (method, path) in routes(&world, &theirs) {
        if !path.starts_with(&format!("/sessions/{theirs}")) {
            continue;
        }
        covered += 1;
        if path.ends_with("/cards") {
            // No customer may, whosever session it is.
            let answer = world
                .call_raw(Some(&stranger), &method, &path, body(&method, &path))
                .await
                .expect(403);
            assert_eq!(answer.error_code(), "role_not_allowed");
            continue;
        }
        let ask = async |bearer: &str, path: &str| {
            let answer = world
                .call_raw(Some(bearer), &method, path, body(&method, path))
                .await
                .expect(404);
            assert_eq!(answer.error_code(), "session_not_found", "{method} {path}");
            answer.text
        };
        let told = ask(&stranger, &path).await;
        // Nothing in the answer tells it from one about nothing: not for a stranger, and not for a
        // server. What can't be a session's id is no session either.
        for nothing in [
            absent,
            "ses_",
            "ses_x",
            "x",
            "%00",
            "ses_%C3%A9",
            "..%2F..",
            &"9".repeat(2_000),
        ] {
            let path = path.replace(&theirs, nothing);
            assert_eq!(ask(&stranger, &path).await, told, "{method} {path}");
            assert_eq!(ask(API_KEY, &path).await, told, "{method} {path}");
        }
    }
    assert!(covered >= 4, "{covered} routes with a session");
    let after = world.session(&theirs).await;
    for member in ["state", "assignee"] {
        assert_eq!(after[member], before[member], "nothing happened to it");
    }
    assert_eq!(
        world.conversation(&theirs).await.len(),
        2,
        "the message and the welcome"
    );
    let own = world
        .call(&stranger, "GET", "/sessions", None)
        .await
        .expect(200);
    assert_eq!(own.body, json!({"sessions": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_token_is_good_for_its_own_customer_and_nothing_else() {
    let world = World::start().await;
    let ask = json!({"kind": "customer", "customer": "DE", "expires_in": 60});
    let issued = world
        .call(API_KEY, "POST", "/tokens", Some(ask.clone()))
        .await
        .expect(200);
    let token = issued.text_of("token");

    let answer = world
        .call(&token, "POST", "/tokens", Some(ask))
        .await
        .expect(403);
    assert_eq!(answer.error_code(), "role_not_allowed");

    // The customer need not be named; another one must not be.
    let opened = world
        .call(
            &token,
            "POST",
            "/sessions",
            Some(json!({"vendor": "udesk"})),
        )
        .await
        .expect(201);
    assert_eq!(opened.body["customer"], "DE");
    let session = opened.text_of("id");
    for (method, path, body) in [
        (
            "POST",
            "/sessions",
            Some(json!({"vendor": "udesk", "customer": "FR"})),
        ),
        ("GET", "/sessions?customer=FR", None),
    ] {
        let answer = world.call(&token, method, path, body).await.expect(403);
        assert_eq!(answer.error_code(), "role_not_allowed", "{method} {path}");
    }
    let named = json!({"vendor": "udesk", "customer": "DE"});
    world
        .call(&token, "POST", "/sessions", Some(named))
        .await
        .expect(200);

    let path = format!("/sessions/{session}");
    world.call(&token, "GET", &path, None).await.expect(200);
    let listed = world
        .call(&token, "GET", "/sessions", None)
        .await
        .expect(200);
    assert_eq!(listed.body["sessions"][0]["id"], session.as_str());
    let message = json!({"kind": "text", "content": "Where is my parcel?"});
    let messages = format!("{path}/messages");
    world
        .call(&token, "POST", &messages, Some(message))
        .await
        .expect(200);
    let page = world.call(&token, "GET", &messages, None).await.expect(200);
    assert!(page.text.contains("Where is my parcel?"), "{page:?}");
    world.call(&token, "DELETE", &path, None).await.expect(200);
}
