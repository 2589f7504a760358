//! The table's keys. A session's items share its partition and sort as they are read.
//!
//! | `pk` | `sk` | holds |
//! |---|---|---|
//! | `ses_…` | `@session` | the session: mapping, counters, both logs' state |
//! | `ses_…` | `@survey` | the survey that the vendor offers |
//! | `ses_…` | `EVT#<seq>` | an event |
//! | `ses_…` | `MSG#<message id>` | a message |
//! | `ses_…` | `SND#<number>` | an entry of the log of sends |
//! | `ses_…` | `WATCH` | when the vendor is asked what it did not tell |
//! | `ses_…` or `RAW#<vendor>#<day>` | `RAW#<hash>` | a webhook, or a part of one, that is not shown |
//! | `BODY#<vendor>#<hash>` | `PART#<number>` | a part of a webhook that is yet to be read |
//! | `CUSTOMER#<vendor>#<customer>` | `@` | the customer's open session |
//! | `CUSTOMER#<vendor>#<customer>` | `SES#<session>` | a session that the customer has or had |
//! | `VENDOR#<vendor>#<vendor's session id>` | `@` | that session |
//! | `SEEN#<vendor>#<key>` | `@` | what a webhook already brought |
//! | `CLIENT#<scope> <key>` | `@` | what a caller's own key already did |
//! | `BUDGET#<vendor>#<api>#<time>` | `@` | how many calls of an API were made in a window |
//! | `PACE#<vendor>#<what>` | `@` | when it was done last, and who wishes for it next |
//! | `NOTE#<vendor>#<what>` | `@` | what is remembered for a while |
//!
//! The index `due`, by `due_shard` and `due_at`, holds the sessions in which something is due (`0` to `7`,
//! by when a sweep should look), those to be looked after (`watch:0` and `watch:1`, by when), and the events and sends that are dead
//! (`dead:deliveries:0`, …, `dead:sends:7`, by when they were given up). All else has neither attribute.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::Item;
use crate::{
    clock::Millis,
    ids::{CustomerId, MessageId, SessionId},
    outstanding::Direction,
    vendor::Vendor,
};

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

impl Key {
    fn alone(pk: String) -> Self {
        Self {
            pk,
            sk: "@".to_owned(),
        }
    }

    fn of(session: &SessionId, sk: String) -> Self {
        Self {
            pk: session.to_string(),
            sk,
        }
    }

    pub(super) fn session(id: &SessionId) -> Self {
        Self::of(id, "@session".to_owned())
    }

    pub(super) fn survey(id: &SessionId) -> Self {
        Self::of(id, "@survey".to_owned())
    }

    /// 20 digits hold any `u64`, so text sorts as numbers do.
    pub(super) fn event(id: &SessionId, seq: u64) -> Self {
        Self::of(id, format!("EVT#{seq:020}"))
    }

    pub(super) fn send(id: &SessionId, number: u64) -> Self {
        Self::of(id, format!("SND#{number:020}"))
    }

    pub(super) fn message(id: &SessionId, message: &MessageId) -> Self {
        Self::of(id, format!("MSG#{message}"))
    }

    pub(super) fn watch(id: &SessionId) -> Self {
        Self::of(id, "WATCH".to_owned())
    }

    pub(super) fn raw(place: String, hash: &str) -> Self {
        Self {
            pk: place,
            sk: format!("RAW#{hash}"),
        }
    }

    /// A part of a webhook's body: two digits sort as numbers do, and more are never needed.
    pub(super) fn part(vendor: Vendor, hash: &str, number: usize) -> Self {
        Self {
            pk: format!("BODY#{vendor}#{hash}"),
            sk: format!("PART#{number:02}"),
        }
    }

    pub(super) fn customer(vendor: Vendor, customer: &CustomerId) -> Self {
        Self::alone(format!("CUSTOMER#{vendor}#{customer}"))
    }

    /// What leads from a customer to a session that they have or had. Sorts by the session's time.
    pub(super) fn begun(vendor: Vendor, customer: &CustomerId, session: &SessionId) -> Self {
        Self {
            sk: format!("SES#{session}"),
            ..Self::customer(vendor, customer)
        }
    }

    pub(super) fn vendor_session(vendor: Vendor, id: &str) -> Self {
        Self::alone(format!("VENDOR#{vendor}#{id}"))
    }

    pub(super) fn seen(vendor: Vendor, key: &str) -> Self {
        Self::alone(format!("SEEN#{vendor}#{key}"))
    }

    pub(super) fn client(scope: &str, key: &str) -> Self {
        // A key holds no space: no scope and key are another scope and key.
        Self::alone(format!("CLIENT#{scope} {key}"))
    }

    pub(super) fn budget(vendor: Vendor, api: &str, begins: Millis) -> Self {
        Self::alone(format!("BUDGET#{vendor}#{api}#{begins}"))
    }

    pub(super) fn pace(vendor: Vendor, what: &str) -> Self {
        Self::alone(format!("PACE#{vendor}#{what}"))
    }

    pub(super) fn note(vendor: Vendor, what: &str) -> Self {
        Self::alone(format!("NOTE#{vendor}#{what}"))
    }

    /// A token that all functions share.
    pub(super) fn token(vendor: Vendor, whose: &str) -> Self {
        Self::alone(format!("TOKEN#{vendor}#{whose}"))
    }

    /// An entry of one of the session's logs.
    pub(super) fn entry(id: &SessionId, direction: Direction, number: u64) -> Self {
        match direction {
            Direction::Deliveries => Self::event(id, number),
            Direction::Sends => Self::send(id, number),
        }
    }

    /// The number of the entry whose key this is.
    pub(super) fn number(&self) -> Option<u64> {
        let digits = ["EVT#", "SND#"]
            .iter()
            .find_map(|log| self.sk.strip_prefix(log));
        digits?.parse().ok()
    }

    pub(super) fn item(&self) -> Item {
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.pk.clone())),
            ("sk".to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }

    pub(super) fn of_item(item: &Item) -> Option<Self> {
        let text = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        Some(Self {
            pk: text("pk")?,
            sk: text("sk")?,
        })
    }
}
