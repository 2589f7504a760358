//! Calls by the clock.

use crate::id;
use crate::runtime::Pool;
use crate::servers::{ACCOUNT, REGION};
use axum::body::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// Calls the function at once, and then every so often, until it is dropped. A failed call waits for its next turn.
pub(crate) async fn run(pool: Arc<Pool>, rule: String, every: Duration) {
    let mut timer = tokio::time::interval(every);
    timer.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        timer.tick().await;
        let _ = pool
            .invoke(
                Bytes::from(event(&rule, Timestamp::now()).to_string()),
                None,
            )
            .await;
    }
}

/// The event that EventBridge sends.
fn event(rule: &str, now: Timestamp) -> Value {
    json!({
        "version": "0",
        "id": id::uuid(),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": REGION,
        "resources": [format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule}")],
        "detail": {},
    })
}
