//! The watches of sessions: when a vendor is asked what it did not tell.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_dynamo::aws_sdk_dynamodb_1::{from_item, to_item};

use super::{
    Table, TableError,
    commit::{Outcome, Write, number, shard, text},
    keys::Key,
    refused,
};
use crate::{
    change::{Broken, Change},
    clock::{self, Millis},
    ids::{SessionId, nonce},
    silence::Watch,
};

/// In how many parts of the index watches stand: they are written much less often than sessions.
pub const WATCH_SHARDS: u64 = 2;

/// How often a watch is read anew that somebody else is writing.
const TRIES: u32 = 8;

/// The part of the index in which watches of this shard stand.
fn part(shard: u64) -> String {
    format!("watch:{}", shard % WATCH_SHARDS)
}

impl Table {
    /// The watch that `change` sets anew, if it does: where a conversation begins or ends, where it goes on in another
    /// session of the vendor's, and where a silence ends that may hide something.
    pub(super) fn watch_of(&self, change: &Change) -> Option<Watch> {
        let first = self.silence.as_ref()?.first();
        let (session, now) = (&change.session, change.now);
        let is_watched = session.is_watched();
        let is_new = is_watched && !change.was_watched;
        let is_over = change.was_watched && !session.is_open();
        let before = change
            .was_at
            .clone()
            .filter(|before| session.vendor_session.as_ref() != Some(before));
        // What was said last in the session that was left is looked for there, since nobody looks there again.
        let is_left = is_over || before.is_some() && change.was_watched;
        let broken = change
            .broken
            .filter(|broken| is_watched && now - broken.since > first);
        let at = match broken {
            Some(Broken {
                by_vendor: true, ..
            }) if !is_over && !change.is_late() => now,
            // An answer is to be heard of soon; and to what was the end there may be a sequel on its way.
            Some(_) => now + first,
            None if is_new || is_left => now + first,
            None => return None,
        };
        let since = change
            .broken
            .filter(|_| is_left || broken.is_some())
            .map(|broken| broken.since);
        Some(Watch {
            due: Some(at),
            must: at == now || is_left,
            before,
            since,
            ..Watch::default()
        })
    }

    /// Whether `change` asks for a look at its session at once.
    #[must_use]
    pub fn asks_for_a_look(&self, change: &Change) -> bool {
        self.watch_of(change)
            .is_some_and(|watch| watch.due == Some(change.now))
    }

    pub(super) fn watch_write(
        &self,
        id: &SessionId,
        watch: &Watch,
        now: Millis,
    ) -> Result<Write, TableError> {
        let watch = Watch {
            stamp: nonce(),
            ..watch.clone()
        };
        let mut item: super::Item = to_item(&watch)?;
        if let Some(at) = watch.due {
            item.insert("due_shard".to_owned(), text(part(shard(id))));
            item.insert("due_at".to_owned(), number(at));
        }
        Ok(Write::put(
            &Key::watch(id),
            item,
            Some(now + self.retention),
        ))
    }

    /// What is known of looking after a session.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn watch(&self, id: &SessionId) -> Result<Option<Watch>, TableError> {
        let item = self.item(&Key::watch(id)).await?;
        Ok(item.map(from_item).transpose()?)
    }

    /// Writes `watch` in place of the one with this stamp. Gives whether it did: somebody may have set it anew.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn put_watch(
        &self,
        id: &SessionId,
        stamp: &str,
        watch: &Watch,
        now: Millis,
    ) -> Result<bool, TableError> {
        let write = self.watch_write(id, watch, now)?;
        let write = write.when("stamp = :stamp", vec![(":stamp", text(stamp))]);
        Ok(self.put_alone(write).await? == Outcome::Written)
    }

    /// Puts a watch off by the grace, since its session is about to be looked at. Gives whether it did.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn hold_watch(
        &self,
        id: &SessionId,
        watch: &Watch,
        now: Millis,
    ) -> Result<bool, TableError> {
        let held = Watch {
            due: Some(now + self.grace),
            ..watch.clone()
        };
        self.put_watch(id, &watch.stamp, &held, now).await
    }

    /// Has a session that is looked after be looked at now. Gives whether it is.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn look_now(&self, id: &SessionId, now: Millis) -> Result<bool, TableError> {
        // A look that ends just now sets it anew, and knows nothing of this.
        for tries in 0..TRIES {
            if tries > 0 {
                clock::pause(tries).await;
            }
            let Some(watch) = self.watch(id).await? else {
                return Ok(false);
            };
            let asked = Watch {
                due: Some(now),
                must: true,
                ..watch.clone()
            };
            if self.put_watch(id, &watch.stamp, &asked, now).await? {
                return Ok(true);
            }
        }
        Err(TableError::Contended)
    }

    /// Sessions that are to be looked after by `until`, up to `limit` of a part of the index.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn watched(
        &self,
        shard: u64,
        until: Millis,
        limit: i32,
    ) -> Result<Vec<SessionId>, TableError> {
        let page = self
            .client
            .query()
            .table_name(&self.name)
            .index_name("due")
            .key_condition_expression("due_shard = :part AND due_at <= :until")
            .expression_attribute_values(":part", text(part(shard)))
            .expression_attribute_values(":until", AttributeValue::N(until.to_string()))
            .limit(limit)
            .send()
            .await
            .map_err(refused("Query"))?;
        let keys = page.items.unwrap_or_default();
        let keys = keys.iter().filter_map(Key::of_item);
        Ok(keys.filter_map(|key| SessionId::parse(&key.pk)).collect())
    }
}
