//! A function for the tests of this crate: it does what its event says.
#![allow(clippy::indexing_slicing)]

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if let Ok(problem) = std::env::var("INIT_PROBLEM")
        && !problem.is_empty()
    {
        eprintln!("{problem}");
        std::process::exit(3);
    }
    lambda_runtime::run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (event, context) = event.into_parts();
    if let Some(records) = event["Records"].as_array() {
        let bodies: Vec<&str> = records
            .iter()
            .filter_map(|record| record["body"].as_str())
            .collect();
        println!(
            "batch {}",
            json!({"bodies": bodies, "record": records.first()})
        );
        if bodies.contains(&"crash") {
            std::process::exit(9);
        }
        let failed = records.iter().filter(|record| {
            record["body"]
                .as_str()
                .is_some_and(|body| body.starts_with("fail"))
        });
        let failed: Vec<Value> = failed
            .map(|record| json!({"itemIdentifier": record["messageId"]}))
            .collect();
        return Ok(json!({"batchItemFailures": failed}));
    }
    if event["detail-type"] == "Scheduled Event" {
        println!("tick {event}");
        return Ok(Value::Null);
    }
    let asked = if event["version"] == "2.0" {
        event["headers"]["x-do"].as_str().unwrap_or("echo")
    } else {
        event["do"].as_str().unwrap_or("echo")
    };
    match asked {
        "sleep" => {
            tokio::time::sleep(Duration::from_millis(
                event["ms"].as_u64().unwrap_or(60_000),
            ))
            .await;
            Ok(json!({"pid": std::process::id()}))
        }
        "exit" => std::process::exit(7),
        "error" => Err("it went wrong".into()),
        "large" => Ok(json!("x".repeat(7 * 1024 * 1024))),
        "nonsense" => Ok(json!({"statusCode": "x"})),
        "about" => Ok(json!({
            "pid": std::process::id(),
            "deadline": context.deadline,
            "request_id": context.request_id,
            "arn": context.invoked_function_arn,
            "trace": context.xray_trace_id,
            "environment": std::env::vars().collect::<std::collections::BTreeMap<_, _>>(),
        })),
        _ if event["version"] == "2.0" => Ok(
            json!({"statusCode": 200, "headers": {"content-type": "application/json"}, "cookies": ["a=b"], "body": event.to_string()}),
        ),
        _ => Ok(event),
    }
}
