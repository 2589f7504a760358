//! A test's own calls of the embedded DynamoDB and SQS, which no proxy sees.

use serde_json::Value;

use crate::http_client;

/// Calls DynamoDB at this URL.
///
/// # Panics
/// Where it refuses.
pub async fn dynamodb(url: &str, operation: &str, input: Value) -> Value {
    call(url, &format!("DynamoDB_20120810.{operation}"), input).await
}

/// Calls SQS at this URL.
///
/// # Panics
/// Where it refuses.
pub async fn sqs(url: &str, operation: &str, input: Value) -> Value {
    call(url, &format!("AmazonSQS.{operation}"), input).await
}

/// They look whether there is a signature, and not whether it is right.
const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/any/aws4_request, \
                      SignedHeaders=host;x-amz-date, Signature=0";

async fn call(url: &str, target: &str, input: Value) -> Value {
    let response = http_client()
        .post(url)
        .header("x-amz-target", target)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-date", "20260101T000000Z")
        .header("authorization", SIGNED)
        .body(input.to_string())
        .send()
        .await
        .expect("the server answers");
    let status = response.status();
    let body = response.text().await.expect("text");
    assert!(status.is_success(), "{target}: {status} {body}");
    serde_json::from_str(&body).unwrap_or_default()
}
