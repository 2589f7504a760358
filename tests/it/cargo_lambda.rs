//! What cargo-lambda needs beside the functions: the routes, and an event of each function that it can
//! be invoked with, in the form in which AWS sends it.

use std::collections::BTreeSet;

use deskbridge::clock;
use deskbridge_local::Function;
use harness::{
    binaries::root,
    cards, until,
    world::{API_KEY, World},
};
use serde_json::{Value, json};

use crate::template;

/// The session that the fixtures name; whoever invokes a function puts in one that there is.
const SESSION: &str = "ses_01KAF3YV2S8Q4T6W9X0Z1B3C5D";
/// The message that they name.
const MESSAGE: &str = "msg_01KAF3YW5T9R5V7X0Y1A2C4D6E";
/// These are about what a robot said.
const OF_ROBOTS: [&str; 2] = ["rate-answer", "robot-action"];

/// `cargo local`'s settings, with which the fixtures are made, beside those of the tests.
const SETTINGS: [(&str, &str); 4] = [
    (
        "API_KEY_HASHES",
        // Of test-server-key-0001 and local-server-key.
        "48e58590bfe6ee9257003361b86ea02b3970ac69b7115f35b0b64d007c1002a7,f2a28aee9f261ed9c0c5e136320faaf703b5da393d1f4872373a0b03600d1df5",
    ),
    (
        "UDESK_WEBHOOK_SECRETS",
        "test-udesk-path-secret,local-udesk-secret",
    ),
    (
        "SOBOT_WEBHOOK_SECRETS",
        "test-sobot-path-secret,local-sobot-secret",
    ),
    (
        "TENCENT_WEBHOOK_SECRETS",
        "test-tencent-path-secret,local-tencent-secret",
    ),
];

fn event(function: &str) -> Value {
    let path = root().join(format!("tests/fixtures/events/{function}.json"));
    let text = std::fs::read_to_string(&path);
    let text = text.unwrap_or_else(|error| panic!("{function} has no event, {path:?}: {error}"));
    serde_json::from_str(&text).unwrap()
}

fn metadata() -> Value {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// `cargo lambda build` takes every binary of the default members for a Lambda.
#[test]
fn the_default_binaries_are_the_functions() {
    let metadata = metadata();
    let defaults = metadata["workspace_default_members"].as_array().unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let targets = packages
        .filter(|package| defaults.contains(&package["id"]))
        .flat_map(|package| package["targets"].as_array().unwrap());
    let binaries: BTreeSet<&str> = targets
        .filter(|target| target["kind"] == json!(["bin"]))
        .map(|target| target["name"].as_str().unwrap())
        .collect();
    let template = template();
    let functions: BTreeSet<&str> = template.functions().keys().map(String::as_str).collect();
    assert_eq!(binaries, functions);
}

#[test]
fn watch_has_the_templates_routes() {
    let declared: BTreeSet<(String, String, String)> = template()
        .functions()
        .values()
        .flat_map(|function| {
            let routes = function.routes.iter();
            routes.map(|route| {
                (
                    route.path.clone(),
                    route.method.clone(),
                    function.name.clone(),
                )
            })
        })
        .collect();
    let metadata = metadata();
    let router = metadata["metadata"]["lambda"]["watch"]["router"]
        .as_object()
        .unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let watched: BTreeSet<_> = router
        .iter()
        .flat_map(|(path, routes)| {
            let routes = routes.as_array().unwrap().iter();
            routes.map(|route| {
                (
                    path.clone(),
                    text(&route["method"]),
                    text(&route["function"]),
                )
            })
        })
        .collect();
    assert_eq!(
        watched, declared,
        "Cargo.toml, workspace.metadata.lambda.watch.router"
    );
}

#[test]
fn each_function_has_an_event_of_its_trigger() {
    let has_form = |function: &Function, event: &Value| {
        let route = event["routeKey"].as_str().unwrap_or_default();
        let mut routes = function.routes.iter();
        if routes.any(|declared| format!("{} {}", declared.method, declared.path) == route) {
            let path = event["rawPath"].as_str().unwrap().to_owned();
            return path == event["requestContext"]["http"]["path"];
        }
        (function.url && route == "$default" && event["version"] == "2.0")
            || (!function.queues.is_empty() && event["Records"][0]["eventSource"] == "aws:sqs")
            || (!function.schedules.is_empty() && event["source"] == "aws.events")
    };
    for function in template().functions().values() {
        let event = event(&function.name);
        assert!(has_form(function, &event), "{}: {event:#}", function.name);
        if let Some(body) = event["body"].as_str() {
            let length = event["headers"]["content-length"].as_str().unwrap();
            assert_eq!(length, body.len().to_string(), "{}", function.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_function_answers_its_event() {
    let world = World::with(&SETTINGS).await;
    let opened = world
        .bundle
        .invoke("create-session", event("create-session"))
        .await
        .unwrap();
    assert_eq!(opened["statusCode"], 201, "{opened}");
    let opened: Value = serde_json::from_str(opened["body"].as_str().unwrap()).unwrap();
    let session = opened["id"].as_str().unwrap();
    // The agent has greeted.
    until("somebody has said something", async || {
        !world.conversation(session).await.is_empty()
    })
    .await;
    let said = world.conversation(session).await;
    let message = said[0]["id"].as_str().unwrap();
    let urobot = json!({"to": "urobot", "robot_id": 12362, "scene_id": 39});
    let ask = json!({"vendor": "udesk", "customer": "IT", "assign": urobot});
    let with_robot = world.call(API_KEY, "POST", "/sessions", Some(ask)).await;
    let with_robot = with_robot.expect(201).text_of("id");
    let welcome = world.conversation(&with_robot).await[0]["id"].clone();
    let template = template();
    let others = template.functions().keys().map(String::as_str);
    let others = others.filter(|name| !["create-session", "close-session"].contains(name));
    for function in others.chain(["close-session"]) {
        let session = match OF_ROBOTS.contains(&function) {
            true => &with_robot,
            false => session,
        };
        let event = event(function).to_string().replace(SESSION, session);
        let message = match OF_ROBOTS.contains(&function) {
            true => welcome.as_str().unwrap(),
            false => message,
        };
        let event = event.replace(MESSAGE, message);
        let mut event: Value = serde_json::from_str(&event).unwrap();
        if function == "card-page" {
            // Its link is the one that Udesk's page prints: well signed, and too old.
            let old = world.bundle.invoke(function, event.clone()).await.unwrap();
            assert_eq!(old["statusCode"], 403, "{old}");
            event["rawQueryString"] = cards::signed(1, 1, 1, clock::now() / 1_000).into();
        }
        let answer = world.bundle.invoke(function, event.clone()).await.unwrap();
        let good = if event.get("requestContext").is_some() {
            answer["statusCode"] == 200
        } else if event.get("Records").is_some() {
            answer == json!({"batchItemFailures": []})
        } else {
            answer.is_null()
        };
        assert!(good, "{function}: {answer:#}");
    }
    // What the customer wrote is there, and so is what the agent said to another in two pushes.
    let other = world.open_session_of("FR").await.unwrap();
    let other = other["id"].as_str().unwrap();
    for (session, text, times) in [
        (session, "Where is my parcel?", 1),
        (other, "Hello, what can I help you with?", 2),
    ] {
        let conversation = world.conversation(session).await;
        let said = conversation.iter().filter(|said| said["content"] == text);
        assert_eq!(said.count(), times, "{text}: {conversation:#?}");
    }
}
