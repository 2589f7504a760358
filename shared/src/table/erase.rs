//! Erasing sessions: all items of a session, and at last the one that leads from its customer to it. Whatever stops an
//! erasure half-way, that one is still there, and a repeat finds the rest by it.

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, WriteRequest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use tokio::time::Instant;

use super::{Item, Table, TableError, keys::Key, refused, unread_of};
use crate::{
    clock::{self, Millis},
    ids::{CustomerId, SessionId},
    vendor::Vendor,
};

/// How many items DynamoDB deletes in one call.
const BATCH: usize = 25;
/// How often DynamoDB may leave a part of a batch for another call, or a session change meanwhile.
const TRIES: u32 = 8;
/// How many items one call looks at.
const PAGE: i32 = 200;

/// Where an erasure goes on: behind this item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind(Key);

/// A session that began in the time asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Which.
    pub session: SessionId,
    /// Where to go on behind it.
    pub here: Behind,
}

/// Sessions that began in the time asked about.
#[derive(Debug)]
pub struct BegunPage {
    /// In order of their time for one customer, in none for all.
    pub sessions: Vec<Begun>,
    /// Where to go on; `None` where this was all.
    pub next: Option<Behind>,
}

/// What came of erasing a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erased {
    /// Nothing is left of it.
    Gone,
    /// It is open, and stays.
    Open,
    /// The time was up; a repeat goes on.
    Unfinished,
}

impl Behind {
    /// What [`Display`](std::fmt::Display) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (pk, sk) = serde_json::from_slice(&json).ok()?;
        Some(Self(Key { pk, sk }))
    }

    /// Whether this is one of `customer`'s sessions at `vendor`.
    #[must_use]
    pub fn is_of(&self, vendor: Vendor, customer: &CustomerId) -> bool {
        self.0.pk == Key::customer(vendor, customer).pk
    }
}

impl std::fmt::Display for Behind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Key { pk, sk } = &self.0;
        let json = serde_json::json!([pk, sk]).to_string();
        f.write_str(&URL_SAFE_NO_PAD.encode(json))
    }
}

/// The keys between which sessions begun from `from` to before `to` stand.
fn bounds(from: Millis, to: Millis) -> (String, String) {
    let bound = |at| format!("SES#{}", SessionId::first_at(at));
    (bound(from), bound(to))
}

fn begun(items: Vec<Item>) -> Vec<Begun> {
    let keys = items.iter().filter_map(Key::of_item);
    keys.filter_map(|key| {
        let session = SessionId::parse(key.sk.strip_prefix("SES#")?)?;
        Some(Begun {
            session,
            here: Behind(key),
        })
    })
    .collect()
}

impl Table {
    /// The sessions of `customer` at `vendor` that began from `from` to before `to`, oldest first.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn begun_by(
        &self,
        vendor: Vendor,
        customer: &CustomerId,
        from: Millis,
        to: Millis,
        after: Option<&Behind>,
    ) -> Result<BegunPage, TableError> {
        let (first, end) = bounds(from, to);
        let page = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :end")
            .expression_attribute_values(
                ":pk",
                AttributeValue::S(Key::customer(vendor, customer).pk),
            )
            .expression_attribute_values(":first", AttributeValue::S(first))
            .expression_attribute_values(":end", AttributeValue::S(end))
            .set_exclusive_start_key(after.map(|Behind(key)| key.item()))
            .consistent_read(true)
            .limit(PAGE)
            .send()
            .await
            .map_err(refused("Query"))?;
        let last = page.last_evaluated_key.as_ref().and_then(Key::of_item);
        Ok(BegunPage {
            sessions: begun(page.items.unwrap_or_default()),
            next: last.map(Behind),
        })
    }

    /// The same of all customers, in no order: this reads the whole table, page by page.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn begun_by_all(
        &self,
        from: Millis,
        to: Millis,
        after: Option<&Behind>,
    ) -> Result<BegunPage, TableError> {
        let (first, end) = bounds(from, to);
        let page = self
            .client
            .scan()
            .table_name(&self.name)
            .filter_expression("begins_with(pk, :pk) AND sk BETWEEN :first AND :end")
            .expression_attribute_values(":pk", AttributeValue::S("CUSTOMER#".to_owned()))
            .expression_attribute_values(":first", AttributeValue::S(first))
            .expression_attribute_values(":end", AttributeValue::S(end))
            .set_exclusive_start_key(after.map(|Behind(key)| key.item()))
            .consistent_read(true)
            .send()
            .await
            .map_err(refused("Scan"))?;
        let last = page.last_evaluated_key.as_ref().and_then(Key::of_item);
        Ok(BegunPage {
            sessions: begun(page.items.unwrap_or_default()),
            next: last.map(Behind),
        })
    }

    /// Erases a session that has ended, until `end`. The session itself goes first, by its version: whoever was at work
    /// on it can write nothing more. What leads to it goes last.
    ///
    /// # Errors
    /// Where the table refuses. A repeat finishes it.
    pub async fn erase(&self, begun: &Begun, end: Instant) -> Result<Erased, TableError> {
        let Begun { session, here } = begun;
        if !self.erase_record(session).await? {
            return Ok(Erased::Open);
        }
        loop {
            if Instant::now() >= end {
                return Ok(Erased::Unfinished);
            }
            let mut keys = self.keys_of(session).await?;
            if keys.is_empty() {
                break;
            }
            keys.push(Key::note(Vendor::Udesk, &unread_of(session)));
            for batch in keys.chunks(BATCH) {
                self.delete_all(batch).await?;
            }
        }
        self.delete_all(std::slice::from_ref(&here.0)).await?;
        Ok(Erased::Gone)
    }

    /// Deletes the session's own record; gives whether it is gone. What leads to it from the vendor's number stays
    /// until its TTL: what the vendor tells of it afterwards is known by that, and dropped.
    async fn erase_record(&self, id: &SessionId) -> Result<bool, TableError> {
        for tries in 0..TRIES {
            let Some(session) = self.session(id).await? else {
                return Ok(true);
            };
            // What the app, or the vendor, has yet to be told goes out first.
            let is_pending = session.deliveries.is_pending() || session.sends.is_pending();
            if session.is_open() || is_pending {
                return Ok(false);
            }
            let deleted = self
                .client
                .delete_item()
                .table_name(&self.name)
                .set_key(Some(Key::session(id).item()))
                .condition_expression("attribute_not_exists(pk) OR version = :version")
                .expression_attribute_values(
                    ":version",
                    AttributeValue::N(session.version.to_string()),
                )
                .send()
                .await;
            match deleted {
                Ok(_) => return Ok(true),
                Err(error) if is_overtaken(&error) => clock::pause(tries).await,
                Err(error) => return Err(refused("DeleteItem")(error)),
            }
        }
        Err(TableError::Contended)
    }

    /// The keys of a page of the session's items.
    async fn keys_of(&self, id: &SessionId) -> Result<Vec<Key>, TableError> {
        let page = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(id.to_string()))
            .projection_expression("pk, sk")
            .consistent_read(true)
            .limit(PAGE)
            .send()
            .await
            .map_err(refused("Query"))?;
        let items = page.items.unwrap_or_default();
        Ok(items.iter().filter_map(Key::of_item).collect())
    }

    async fn delete_all(&self, keys: &[Key]) -> Result<(), TableError> {
        let unwritable = |error| TableError::Refused {
            operation: "BatchWriteItem",
            code: None,
            source: Box::new(error),
        };
        let mut left = Vec::with_capacity(keys.len());
        for key in keys {
            let delete = DeleteRequest::builder()
                .set_key(Some(key.item()))
                .build()
                .map_err(unwritable)?;
            left.push(WriteRequest::builder().delete_request(delete).build());
        }
        for tries in 0..TRIES {
            let done = self
                .client
                .batch_write_item()
                .request_items(&self.name, left)
                .send()
                .await
                .map_err(refused("BatchWriteItem"))?;
            let unprocessed = done.unprocessed_items.unwrap_or_default();
            left = unprocessed.into_values().flatten().collect();
            if left.is_empty() {
                return Ok(());
            }
            clock::pause(tries).await;
        }
        Err(TableError::Contended)
    }
}

fn is_overtaken(error: &impl aws_sdk_dynamodb::error::ProvideErrorMetadata) -> bool {
    matches!(
        error.code(),
        Some("ConditionalCheckFailedException" | "TransactionConflictException")
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is_one() {
        let customer = CustomerId::parse("a#b").unwrap();
        let session = SessionId::new(1_700_000_000_000);
        let behind = Behind(Key::begun(Vendor::Udesk, &customer, &session));
        let text = behind.to_string();
        assert_eq!(Behind::parse(&text), Some(behind.clone()));
        assert!(behind.is_of(Vendor::Udesk, &customer));
        assert!(!behind.is_of(Vendor::Sobot, &customer));
        assert!(!behind.is_of(Vendor::Udesk, &CustomerId::parse("a").unwrap()));
        for other in ["", "x", "CUSTOMER#udesk#DE @", "WyJvbmUiXQ"] {
            assert_eq!(Behind::parse(other), None, "{other}");
        }
    }

    #[test]
    fn the_bounds_take_in_what_began_then_and_nothing_else() {
        let (first, end) = bounds(1_000, 2_000);
        let key = |at| format!("SES#{}", SessionId::new(at));
        for (at, is_in) in [(999, false), (1_000, true), (1_999, true), (2_000, false)] {
            let key = key(at);
            assert_eq!(first <= key && key < end, is_in, "{at}");
        }
    }
}
