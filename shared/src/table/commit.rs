//! Writing a change: one transaction, or one conditional put where only the session itself changed.

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::{put_item::PutItemError, transact_write_items::TransactWriteItemsError},
    types::{AttributeValue, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};
use serde::Serialize;
use serde_dynamo::aws_sdk_dynamodb_1::to_item;

use super::{DUE_SHARDS, Item, Table, TableError, keys::Key, outstanding::dead_part, refused};
use crate::{
    change::{Change, Mark, Pointer, Raw},
    clock::{Millis, rfc3339},
    ids::{SessionId, nonce},
    outstanding::Direction,
    session::Session,
    vendor::Vendor,
};

const DAY: Millis = 24 * 3_600 * 1_000;
/// How long what webhooks brought is remembered.
pub(super) const SEEN_FOR: Millis = 30 * DAY;
/// How much of a body is kept that is not shown, in bytes: DynamoDB takes items of 400 KB.
const MOST_RAW: usize = 300 * 1024;
const CLIENT_KEY_FOR: Millis = DAY;

/// What came of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is written.
    Written,
    /// A mark of it was there: it happened before, and nothing was written.
    Repeat,
    /// Another writer came first: read anew and decide again.
    Overtaken,
}

/// What a failed condition of each write says.
#[derive(Clone, Copy)]
pub(super) enum Guards {
    Mark,
    State,
}

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A put, without the table's name, and what its condition guards.
pub(super) struct Write {
    item: Item,
    delete: bool,
    condition: Option<String>,
    values: Vec<(&'static str, AttributeValue)>,
    guards: Guards,
}

impl Write {
    pub(super) fn put(key: &Key, content: Item, expires: Option<Millis>) -> Self {
        let mut item = content;
        item.extend(key.item());
        if let Some(at) = expires {
            item.insert("ttl".to_owned(), number(at / 1_000));
        }
        Self {
            item,
            delete: false,
            condition: None,
            values: Vec::new(),
            guards: Guards::State,
        }
    }

    pub(super) fn when(
        mut self,
        condition: &str,
        values: Vec<(&'static str, AttributeValue)>,
    ) -> Self {
        self.condition = Some(condition.to_owned());
        self.values = values;
        self
    }

    /// A mark is put once. One that has expired counts as gone, since TTL deletes late.
    fn once(mut self, now: Millis) -> Self {
        self.guards = Guards::Mark;
        self.when(
            "attribute_not_exists(pk) OR #ttl <= :now",
            vec![(":now", number(now / 1_000))],
        )
    }
}

impl Table {
    /// Writes `change`: all of it or nothing.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn commit(&self, change: &Change) -> Result<Outcome, TableError> {
        let mut writes = self.writes(change)?;
        let session = self.session_write(&change.session, change.read_version, change.now)?;
        if writes.is_empty() {
            return self.put_alone(session).await;
        }
        writes.push(session);
        let guards: Vec<_> = writes.iter().map(|write| write.guards).collect();
        let items = writes
            .into_iter()
            .map(|write| self.transact_item(write))
            .collect::<Result<Vec<_>, _>>()?;
        let written = self
            .client
            .transact_write_items()
            .set_transact_items(Some(items))
            .send()
            .await;
        match written {
            Ok(_) => Ok(Outcome::Written),
            Err(error) => {
                cancelled(&error, &guards).ok_or_else(|| refused("TransactWriteItems")(error))
            }
        }
    }

    /// Records a webhook that belongs to no session. A repeat changes nothing.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn record_raw(&self, raw: &Raw, now: Millis) -> Result<Outcome, TableError> {
        let day: String = rfc3339(now).chars().take(10).collect();
        let place = format!("RAW#{}#{day}", raw.vendor);
        self.put_alone(raw_write(place, raw, now)?.once(now)).await
    }

    pub(super) async fn put_alone(&self, write: Write) -> Result<Outcome, TableError> {
        let guards = write.guards;
        let write_id = write.item.get("write_id").cloned();
        let ttl = names_of(&write);
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(write.item))
            .set_condition_expression(write.condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .set_expression_attribute_names(ttl)
            .set_expression_attribute_values(values_of(write.values));
        match put.send().await {
            Ok(_) => Ok(Outcome::Written),
            Err(error) => match error.code() {
                // The SDK repeats a put whose answer was lost. The condition of the repeat fails then,
                // and it is this very write that stands there.
                Some("ConditionalCheckFailedException") if is_ours(&error, write_id.as_ref()) => {
                    Ok(Outcome::Written)
                }
                Some("ConditionalCheckFailedException") => Ok(match guards {
                    Guards::Mark => Outcome::Repeat,
                    Guards::State => Outcome::Overtaken,
                }),
                Some("TransactionConflictException") => Ok(Outcome::Overtaken),
                _ => Err(refused("PutItem")(error)),
            },
        }
    }

    fn transact_item(&self, write: Write) -> Result<TransactWriteItem, TableError> {
        let names = names_of(&write);
        let built = if write.delete {
            Delete::builder()
                .table_name(&self.name)
                .set_key(Some(write.item))
                .set_condition_expression(write.condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values_of(write.values))
                .build()
                .map(|delete| TransactWriteItem::builder().delete(delete).build())
        } else {
            Put::builder()
                .table_name(&self.name)
                .set_item(Some(write.item))
                .set_condition_expression(write.condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values_of(write.values))
                .build()
                .map(|put| TransactWriteItem::builder().put(put).build())
        };
        built.map_err(|error| TableError::Refused {
            operation: "TransactWriteItems",
            code: None,
            source: Box::new(error),
        })
    }

    fn writes(&self, change: &Change) -> Result<Vec<Write>, TableError> {
        let (id, now) = (&change.session.id, change.now);
        let keep = Some(now + self.retention);
        let mut writes = Vec::new();
        for mark in &change.marks {
            writes.push(mark_write(mark, id, now)?.once(now));
        }
        for message in change.messages.values() {
            writes.push(Write::put(
                &Key::message(id, &message.id),
                to_item(message)?,
                keep,
            ));
        }
        for event in &change.events {
            let mut item = to_item(event)?;
            index_dead(&mut item, Direction::Deliveries, id, event.dead_at);
            writes.push(Write::put(&Key::event(id, event.seq), item, keep));
        }
        for send in &change.sends {
            let mut item = to_item(send)?;
            index_dead(&mut item, Direction::Sends, id, send.dead_at);
            writes.push(Write::put(&Key::send(id, send.number), item, keep));
        }
        if let Some(survey) = &change.survey {
            writes.push(Write::put(&Key::survey(id), to_item(survey)?, keep));
        }
        for raw in &change.raws {
            writes.push(raw_write(id.to_string(), raw, now)?);
        }
        if let Some(watch) = self.watch_of(change) {
            writes.push(self.watch_write(id, &watch, now)?);
        }
        for pointer in &change.pointers {
            writes.push(self.pointer_write(pointer, id, now)?);
            writes.extend(self.begun_write(pointer, id, now)?);
        }
        Ok(writes)
    }

    fn session_write(
        &self,
        session: &Session,
        read_version: Option<u64>,
        now: Millis,
    ) -> Result<Write, TableError> {
        let next = Session {
            version: session.version + 1,
            updated_at: now,
            ..session.clone()
        };
        // A closed session's record goes when its conversation does.
        let expires = (!session.is_open()).then_some(now + self.retention);
        let mut item: Item = to_item(&next)?;
        item.insert("write_id".to_owned(), text(nonce()));
        if let Some(at) = next.due_at(now, self.grace) {
            item.insert("due_shard".to_owned(), text(shard(&session.id).to_string()));
            item.insert("due_at".to_owned(), number(at));
        }
        let write = Write::put(&Key::session(&session.id), item, expires);
        Ok(match read_version {
            None => write.when("attribute_not_exists(pk)", Vec::new()),
            Some(version) => write.when("version = :version", vec![(":version", number(version))]),
        })
    }

    /// Whoever becomes a customer's open session can be found by that customer ever after, as long as it is kept.
    fn begun_write(
        &self,
        pointer: &Pointer,
        id: &SessionId,
        now: Millis,
    ) -> Result<Option<Write>, TableError> {
        let (vendor, customer, expires) = match pointer {
            Pointer::Claim { vendor, customer } => (vendor, customer, None),
            Pointer::Release { vendor, customer } => {
                let expires = now + self.retention + LED_TO_FOR;
                (vendor, customer, Some(expires))
            }
            Pointer::Bind { .. } => return Ok(None),
        };
        let key = Key::begun(*vendor, customer, id);
        Ok(Some(Write::put(&key, Item::new(), expires)))
    }

    fn pointer_write(
        &self,
        pointer: &Pointer,
        id: &SessionId,
        now: Millis,
    ) -> Result<Write, TableError> {
        let target: Item = to_item(Target { session: id })?;
        let mine = || vec![(":mine", text(id.as_str()))];
        Ok(match pointer {
            Pointer::Claim { vendor, customer } => {
                Write::put(&Key::customer(*vendor, customer), target, None)
                    .when("attribute_not_exists(pk) OR #session = :mine", mine())
            }
            Pointer::Release { vendor, customer } => Write {
                item: Key::customer(*vendor, customer).item(),
                delete: true,
                ..Write::put(&Key::customer(*vendor, customer), Item::new(), None)
                    .when("attribute_not_exists(pk) OR #session = :mine", mine())
            },
            Pointer::Bind { vendor, id } => Write::put(
                &Key::vendor_session(*vendor, id),
                target,
                Some(now + self.retention),
            ),
        })
    }
}

/// How much longer than a session what leads to it is kept: its record is written anew, and its time begins anew, as
/// long as its last events are delivered.
const LED_TO_FOR: Millis = 30 * DAY;

/// The part of the index that `session`, and what is dead of it, stands in.
pub(super) fn shard(session: &SessionId) -> u64 {
    let sum: u64 = session.as_str().bytes().map(u64::from).sum();
    sum % DUE_SHARDS
}

/// What is dead stands in the index too, in parts of its own: nobody sweeps those.
fn index_dead(item: &mut Item, direction: Direction, session: &SessionId, dead_at: Option<Millis>) {
    if let Some(at) = dead_at {
        let part = dead_part(direction, shard(session));
        item.insert("due_shard".to_owned(), text(part));
        item.insert("due_at".to_owned(), number(at));
    }
}

#[derive(Serialize)]
struct Target<'a> {
    session: &'a SessionId,
}

fn mark_write(mark: &Mark, session: &SessionId, now: Millis) -> Result<Write, TableError> {
    let mut item: Item = to_item(Target { session })?;
    Ok(match mark {
        Mark::Seen { vendor, key } => {
            Write::put(&Key::seen(*vendor, key), item, Some(now + SEEN_FOR))
        }
        Mark::Client {
            scope,
            key,
            body,
            message,
            entry,
        } => {
            item.insert("body".to_owned(), text(body));
            if let Some(message) = message {
                item.insert("message".to_owned(), text(message.as_str()));
            }
            if let Some(entry) = entry {
                item.insert("entry".to_owned(), number(entry));
            }
            Write::put(&Key::client(scope, key), item, Some(now + CLIENT_KEY_FOR))
        }
    })
}

#[derive(Serialize)]
struct RawItem<'a> {
    vendor: Vendor,
    body: &'a str,
    because: &'a str,
    received_at: Millis,
    /// How many bytes the body had, where this is the beginning of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    cut_from: Option<usize>,
}

fn raw_write(place: String, raw: &Raw, now: Millis) -> Result<Write, TableError> {
    let whole = raw.body.as_str();
    let body = whole
        .get(..whole.floor_char_boundary(MOST_RAW))
        .unwrap_or(whole);
    let item = to_item(RawItem {
        vendor: raw.vendor,
        body,
        because: &raw.because,
        received_at: now,
        cut_from: (body.len() < whole.len()).then_some(whole.len()),
    })?;
    Ok(Write::put(
        &Key::raw(place, &raw.hash),
        item,
        Some(now + SEEN_FOR),
    ))
}

/// `ttl` and `session` are words of DynamoDB's own, and stand for themselves only behind a `#`.
fn names_of(write: &Write) -> Option<std::collections::HashMap<String, String>> {
    let condition = write.condition.as_deref()?;
    let names: std::collections::HashMap<_, _> = ["ttl", "session"]
        .iter()
        .filter(|name| condition.contains(&format!("#{name}")))
        .map(|name| (format!("#{name}"), (*name).to_owned()))
        .collect();
    (!names.is_empty()).then_some(names)
}

fn values_of(values: Vec<(&'static str, AttributeValue)>) -> Option<Item> {
    let values: Item = values
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    (!values.is_empty()).then_some(values)
}

/// Whether the item that a put found in its way is the one that it put itself.
fn is_ours(error: &SdkError<PutItemError>, write_id: Option<&AttributeValue>) -> bool {
    let Some(PutItemError::ConditionalCheckFailedException(failed)) = error.as_service_error()
    else {
        return false;
    };
    let found = failed.item().and_then(|item| item.get("write_id"));
    write_id.is_some() && found == write_id
}

/// What a cancelled transaction means; `None` where it is an error.
fn cancelled(error: &SdkError<TransactWriteItemsError>, guards: &[Guards]) -> Option<Outcome> {
    let error = error.as_service_error()?;
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else {
        return None;
    };
    let reasons = cancelled.cancellation_reasons();
    let mut outcome = None;
    for (reason, guards) in reasons.iter().zip(guards) {
        match (reason.code(), guards) {
            (None | Some("None"), _) => {}
            (Some("ConditionalCheckFailed"), Guards::Mark) => return Some(Outcome::Repeat),
            (Some("ConditionalCheckFailed" | "TransactionConflict"), _) => {
                outcome = Some(Outcome::Overtaken)
            }
            // Throttled, too large: an error of the table's.
            (Some(_), _) => return None,
        }
    }
    outcome
}
