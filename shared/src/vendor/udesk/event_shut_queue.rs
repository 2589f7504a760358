//! `ShutQueue_create`: a customer who waited has given up the queue.
//!
//! Known: the action. Assumed, from the page's list of abandoned queues (`GET /im/im_queues`), which tells the same:
//! `queue_start_time` and `queue_seconds`, and that `customer_name` may hold the whole customer, with `open_api_token`.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/webhook_v2>

use std::time::Duration;

use jiff::{Timestamp, tz::Offset};
use serde_json::Value;

use super::event::Fields;

/// The end of a wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShutQueue {
    /// The app's id of the customer.
    pub customer_token: Option<String>,
    /// When the customer gave up.
    pub left_at: Option<Timestamp>,
}

impl ShutQueue {
    pub(super) fn read(message: &Value, offset: Offset) -> Self {
        let fields = Fields::of(message);
        let began_at = fields.date(&["queue_start_time"], offset);
        let waited = fields
            .text(&["queue_seconds"])
            .and_then(|seconds| seconds.trim().parse().ok())
            .map(Duration::from_secs);
        let left_at = began_at
            .zip(waited)
            .and_then(|(began, waited)| began.checked_add(waited).ok());
        Self {
            customer_token: fields.customer(),
            left_at: left_at.or_else(|| fields.date(&["queue_end_time", "created_at"], offset)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vendor::udesk::{Push, event::Event};

    #[test]
    fn reads_the_fixture() {
        let body = include_str!("../../../../tests/fixtures/udesk/event.shut_queue.json");
        let Ok(Push::Event(Event::ShutQueue(left))) =
            Push::read(body.as_bytes(), Offset::constant(8))
        else {
            panic!("no end of a wait")
        };
        assert_eq!(left.customer_token.as_deref(), Some("DE"));
        // 10:55:20 in China, and 104 seconds.
        let at = left.left_at.map(|at| at.to_string());
        assert_eq!(at.as_deref(), Some("2018-01-23T02:57:04Z"));
    }

    // Contradiction 31: a number as text, and a name that is the whole customer.
    #[test]
    fn contradiction_31_the_name_may_be_the_customer() {
        let read = |message: Value| ShutQueue::read(&message, Offset::constant(8));
        let left = read(json!({
            "customer_name": {"id": 1, "open_api_token": "DE"},
            "queue_start_time": "2018-01-23 10:55:20", "queue_seconds": "104",
        }));
        assert_eq!(left.customer_token.as_deref(), Some("DE"));
        assert!(left.left_at.is_some());
        let left = read(json!({"customer_name": "DE", "queue_seconds": "long"}));
        assert_eq!(
            left,
            ShutQueue {
                customer_token: None,
                left_at: None
            }
        );
    }
}
