//! From a queue to its function, as Lambda's event source mapping does it.

use crate::log::Log;
use crate::runtime::Pool;
use crate::servers::{ACCOUNT, REGION, Sqs};
use crate::template::Queue;
use axum::body::Bytes;
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

/// How long one receive waits; 20 s is the most that SQS allows.
const LONG_POLL_SECONDS: u32 = 20;
/// rustack-sqs tells a waiting receive about delayed and returned messages once a second; asking beside it finds them sooner.
const LOOK: Duration = Duration::from_millis(50);
/// After a receive that failed.
const PAUSE: Duration = Duration::from_millis(500);

/// One queue's event source.
pub(crate) struct Poller {
    pub(crate) sqs: Sqs,
    pub(crate) url: String,
    pub(crate) arn: String,
    pub(crate) batch_size: u32,
    pub(crate) partial_failures: bool,
    pub(crate) pool: Arc<Pool>,
    pub(crate) log: Arc<Log>,
}

type Receive = Pin<Box<dyn Future<Output = Result<Vec<Value>, String>> + Send>>;

impl Poller {
    /// Runs until it is dropped, with `most` calls under way at once.
    pub(crate) async fn run(self, most: usize) {
        let poller = Arc::new(self);
        let permits = Arc::new(Semaphore::new(most.max(1)));
        let mut calls = JoinSet::new();
        let mut long_poll = poller.receive(LONG_POLL_SECONDS);
        loop {
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
                return;
            };
            let messages = poller.next(&mut long_poll).await;
            while calls.try_join_next().is_some() {}
            let poller = Arc::clone(&poller);
            calls.spawn(async move {
                poller.batch(messages).await;
                drop(permit);
            });
        }
    }

    fn receive(&self, wait_seconds: u32) -> Receive {
        let (sqs, url, most) = (self.sqs.clone(), self.url.clone(), self.batch_size);
        Box::pin(async move { sqs.receive(&url, most, wait_seconds).await })
    }

    /// The next messages, one at least.
    async fn next(&self, long_poll: &mut Receive) -> Vec<Value> {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let received = tokio::select! {
                biased;
                received = &mut *long_poll => {
                    *long_poll = self.receive(LONG_POLL_SECONDS);
                    received
                }
                _ = look.tick() => self.receive(0).await,
            };
            match received {
                Ok(messages) if !messages.is_empty() => return messages,
                Ok(_) => {}
                Err(problem) => {
                    self.log.platform(
                        &self.pool.name,
                        format!("can't receive from {}: {problem}", self.url),
                    );
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Calls the function with the messages and deletes what it has taken. The rest is seen again when its visibility
    /// timeout has passed.
    async fn batch(&self, messages: Vec<Value>) {
        let event = json!({"Records": messages.iter().map(|message| record(message, &self.arn)).collect::<Vec<_>>()});
        let Ok(result) = self.pool.invoke(Bytes::from(event.to_string()), None).await else {
            return;
        };
        let failed = if self.partial_failures {
            let ids = messages
                .iter()
                .filter_map(|message| member(message, "MessageId"))
                .collect();
            match failures(&result, &ids) {
                Ok(failed) => failed,
                Err(problem) => {
                    self.log.platform(
                        &self.pool.name,
                        format!("{problem}: the whole batch counts as failed"),
                    );
                    return;
                }
            }
        } else {
            HashSet::new()
        };
        for message in &messages {
            let (Some(id), Some(receipt)) = (
                member(message, "MessageId"),
                member(message, "ReceiptHandle"),
            ) else {
                continue;
            };
            if !failed.contains(id)
                && let Err(problem) = self.sqs.delete(&self.url, receipt).await
            {
                self.log.platform(
                    &self.pool.name,
                    format!("can't delete message {id}: {problem}"),
                );
            }
        }
    }
}

/// A queue's ARN.
pub(crate) fn arn(queue: &Queue) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", queue.name)
}

/// A message as a record of the event.
pub(crate) fn record(message: &Value, arn: &str) -> Value {
    let take = |name: &str| message.get(name).cloned().unwrap_or_default();
    let attributes = message
        .get("MessageAttributes")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    let attributes: Map<String, Value> = attributes
        .map(|(name, value)| {
            let mut attribute = json!({"stringListValues": [], "binaryListValues": [], "dataType": value.get("DataType")});
            for (from, to) in [("StringValue", "stringValue"), ("BinaryValue", "binaryValue")] {
                if let (Some(value), Some(attribute)) = (value.get(from), attribute.as_object_mut()) {
                    attribute.insert(to.to_owned(), value.clone());
                }
            }
            (name.clone(), attribute)
        })
        .collect();
    json!({
        "messageId": take("MessageId"),
        "receiptHandle": take("ReceiptHandle"),
        "body": take("Body"),
        "attributes": take("Attributes"),
        "messageAttributes": attributes,
        "md5OfBody": take("MD5OfBody"),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": REGION,
    })
}

fn member<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

/// The ids that a function reports. As with Lambda, a report that can't be read, or that names what was not in the batch,
/// fails the batch; none at all is success.
fn failures(result: &[u8], batch: &HashSet<&str>) -> Result<HashSet<String>, String> {
    let result: Value =
        serde_json::from_slice(result).map_err(|e| format!("the response isn't JSON ({e})"))?;
    let failures = match result.get("batchItemFailures") {
        None | Some(Value::Null) => return Ok(HashSet::new()),
        Some(Value::Array(failures)) => failures,
        Some(_) => return Err("batchItemFailures isn't a list".to_owned()),
    };
    let ids = failures
        .iter()
        .map(|failure| match member(failure, "itemIdentifier") {
            Some(id) if batch.contains(id) => Ok(id.to_owned()),
            _ => Err(format!(
                "batchItemFailures holds {failure}, which was not in the batch"
            )),
        });
    ids.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_report_names_messages_of_the_batch() {
        let batch = HashSet::from(["a", "b"]);
        let read = |text: &str| failures(text.as_bytes(), &batch);
        for none in [
            "{}",
            "null",
            r#"{"batchItemFailures":null}"#,
            r#"{"batchItemFailures":[]}"#,
        ] {
            assert_eq!(read(none), Ok(HashSet::new()), "{none}");
        }
        assert_eq!(
            read(r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#),
            Ok(HashSet::from(["b".to_owned()]))
        );
        for wrong in [
            r#"{"batchItemFailures":[{"itemIdentifier":"c"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":["a"]}"#,
            r#"{"batchItemFailures":1}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
