//! Reading what has not gone out. Over all sessions by the index, which holds nothing else; within one by
//! its own items, strongly consistent.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, de::DeserializeOwned};
use serde_dynamo::aws_sdk_dynamodb_1::from_item;

use super::{DUE_SHARDS, Item, Table, TableError, keys::Key, read::is_live, refused};
use crate::{
    clock::Millis,
    event::Event,
    ids::SessionId,
    log::Log,
    outgoing::{Entry, Task},
    outstanding::{Cursor, Direction, EntryId, Filter, Outstanding, Status},
    session::Session,
};

/// The part of the index that holds what is dead of the sessions of a shard.
pub(super) fn dead_part(direction: Direction, shard: u64) -> String {
    format!("dead:{}:{shard}", direction.name())
}

/// A page of what has not gone out.
#[derive(Debug, Default)]
pub struct OutstandingPage {
    /// The dead first.
    pub entries: Vec<Outstanding>,
    /// Whether this was all.
    pub is_last: bool,
}

/// What is read of an entry of either log.
#[derive(Deserialize)]
struct Row {
    created_at: Millis,
    #[serde(default)]
    dead_at: Option<Millis>,
    #[serde(default)]
    dead_because: Option<String>,
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default)]
    task: Option<Task>,
}

/// A place in the index: its key there, and the item's own.
struct Place {
    at: Millis,
    key: Key,
}

impl Place {
    fn of_item(item: &Item) -> Option<Self> {
        let at = item.get("due_at")?.as_n().ok()?.parse().ok()?;
        let key = Key::of_item(item)?;
        Some(Self { at, key })
    }

    fn item(&self, part: &str) -> Item {
        let mut item = self.key.item();
        let part = AttributeValue::S(part.to_owned());
        item.insert("due_shard".to_owned(), part);
        let at = AttributeValue::N(self.at.to_string());
        item.insert("due_at".to_owned(), at);
        item
    }
}

/// A list under way.
struct List<'a> {
    table: &'a Table,
    filter: &'a Filter,
    limit: usize,
    now: Millis,
    entries: Vec<Outstanding>,
}

impl Table {
    /// Up to `limit` entries that have not gone out, behind `after`.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn outstanding(
        &self,
        filter: &Filter,
        after: Option<&Cursor>,
        limit: usize,
        now: Millis,
    ) -> Result<OutstandingPage, TableError> {
        let mut list = List {
            table: self,
            filter,
            limit,
            now,
            entries: Vec::new(),
        };
        for status in Status::ALL {
            if filter.status.is_some_and(|wanted| wanted != status) {
                continue;
            }
            // The dead are listed before the due.
            let after = match (status, after) {
                (Status::Dead, Some(after)) if after.status == Status::Due => continue,
                (_, after) => after.filter(|after| after.status == status),
            };
            match (status, &filter.session) {
                (Status::Dead, Some(session)) => list.dead_of(session, after).await?,
                (Status::Due, Some(id)) => {
                    if let Some(session) = self.session(id).await? {
                        let number = after.map_or(0, |after| after.number);
                        list.due_of(&session, 0, 0, number).await?;
                    }
                }
                (Status::Dead, None) => list.dead(after).await?,
                (Status::Due, None) => list.due(after).await?,
            }
            if list.is_full() {
                break;
            }
        }
        Ok(OutstandingPage {
            is_last: !list.is_full(),
            entries: list.entries,
        })
    }

    /// Those of the session's events with these numbers that there are.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn events_among(
        &self,
        session: &SessionId,
        numbers: &[u64],
        now: Millis,
    ) -> Result<Vec<Event>, TableError> {
        self.among(session, Direction::Deliveries, numbers, now)
            .await
    }

    /// Those of the session's sends with these numbers that there are.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn sends_among(
        &self,
        session: &SessionId,
        numbers: &[u64],
        now: Millis,
    ) -> Result<Vec<Entry>, TableError> {
        self.among(session, Direction::Sends, numbers, now).await
    }

    async fn among<T: DeserializeOwned>(
        &self,
        session: &SessionId,
        direction: Direction,
        numbers: &[u64],
        now: Millis,
    ) -> Result<Vec<T>, TableError> {
        let keys: Vec<_> = numbers
            .iter()
            .map(|number| Key::entry(session, direction, *number))
            .collect();
        let mut found = self.batch(&keys).await?;
        let items = keys.iter().filter_map(|key| found.remove(key));
        let live = items.filter(|item| is_live(item, now)).map(from_item);
        Ok(live.collect::<Result<_, _>>()?)
    }

    /// Up to `limit` places of a part of the index behind `after`, from the time `since` on.
    async fn places(
        &self,
        part: &str,
        since: Option<Millis>,
        after: Option<&Place>,
        limit: usize,
    ) -> Result<Vec<Place>, TableError> {
        let since = since.unwrap_or_default();
        // DynamoDB takes no start outside of what is asked for.
        let after = after.filter(|after| after.at >= since);
        let page = self
            .client
            .query()
            .table_name(&self.name)
            .index_name("due")
            .key_condition_expression("due_shard = :part AND due_at >= :since")
            .expression_attribute_values(":part", AttributeValue::S(part.to_owned()))
            .expression_attribute_values(":since", AttributeValue::N(since.to_string()))
            .set_exclusive_start_key(after.map(|after| after.item(part)))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(refused("Query"))?;
        let items = page.items.unwrap_or_default();
        Ok(items.iter().filter_map(Place::of_item).collect())
    }

    /// Items of one of the session's logs behind entry `number`: one page of DynamoDB's, only what is dead
    /// or all of it, and the number from which there may be more.
    async fn page_of(
        &self,
        session: &SessionId,
        direction: Direction,
        number: u64,
        limit: usize,
        only_dead: bool,
    ) -> Result<(Vec<Item>, Option<u64>), TableError> {
        let after = Key::entry(session, direction, number).sk;
        let last = Key::entry(session, direction, u64::MAX).sk;
        // The bodies are left where they are.
        let page = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :pk AND sk BETWEEN :after AND :last")
            .expression_attribute_values(":pk", AttributeValue::S(session.to_string()))
            // BETWEEN includes its bounds; nothing lies between `after` and this.
            .expression_attribute_values(":after", AttributeValue::S(format!("{after}\u{1}")))
            .expression_attribute_values(":last", AttributeValue::S(last))
            .set_filter_expression(only_dead.then(|| "attribute_exists(dead_at)".to_owned()))
            .projection_expression("pk, sk, created_at, dead_at, dead_because, #type, task, #ttl")
            .expression_attribute_names("#type", "type")
            .expression_attribute_names("#ttl", "ttl")
            .consistent_read(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(refused("Query"))?;
        let more = page
            .last_evaluated_key
            .as_ref()
            .and_then(Key::of_item)
            .and_then(|key| key.number());
        Ok((page.items.unwrap_or_default(), more))
    }
}

impl List<'_> {
    fn is_full(&self) -> bool {
        self.entries.len() >= self.limit
    }

    fn left(&self) -> usize {
        self.limit.saturating_sub(self.entries.len())
    }

    /// Adds an item, if it is there still, is what is asked for, and has room.
    fn add(
        &mut self,
        item: Item,
        session: &SessionId,
        status: Status,
        (shard, at): (u64, Millis),
        log: Option<&Log>,
    ) -> Result<(), TableError> {
        let number = Key::of_item(&item).and_then(|key| key.number());
        let Some(number) = number.filter(|_| is_live(&item, self.now) && !self.is_full()) else {
            return Ok(());
        };
        let row: Row = from_item(item)?;
        let time = match status {
            Status::Dead => row.dead_at,
            Status::Due => Some(row.created_at),
        };
        // The index may be a moment behind.
        if time.is_none_or(|time| self.filter.since.is_some_and(|since| time < since)) {
            return Ok(());
        }
        let (task, message) = match row.task {
            Some(Task::Message { id }) => (Some("message"), Some(id)),
            Some(Task::Register { .. }) => (Some("register"), None),
            Some(Task::Open { .. }) => (Some("open"), None),
            Some(Task::Close) => (Some("close"), None),
            Some(Task::Read { .. }) => (Some("read"), None),
            Some(Task::RateSession { .. } | Task::RateRobot { .. } | Task::RateAnswer { .. }) => {
                (Some("rating"), None)
            }
            Some(
                Task::TakeStep { .. }
                | Task::HandOn { .. }
                | Task::CountClick { .. }
                | Task::CountTransfer { .. },
            ) => (Some("robot_action"), None),
            None => (None, None),
        };
        let (attempts, next_at) = log.and_then(|log| log.tried(number)).unzip();
        self.entries.push(Outstanding {
            cursor: Cursor {
                status,
                shard,
                at,
                session: session.clone(),
                number,
            },
            id: EntryId::new(self.filter.direction, session, number),
            kind: row.r#type,
            task,
            message,
            created_at: row.created_at,
            dead_at: row.dead_at,
            because: row.dead_because,
            attempts,
            next_at: next_at.flatten(),
        });
        Ok(())
    }

    async fn dead_of(
        &mut self,
        session: &SessionId,
        after: Option<&Cursor>,
    ) -> Result<(), TableError> {
        let mut next = Some(after.map_or(0, |after| after.number));
        while let Some(number) = next.filter(|_| !self.is_full()) {
            // What is not dead counts for DynamoDB's limit too: a page of it is read, and cut here.
            let direction = self.filter.direction;
            let (items, more) = self
                .table
                .page_of(session, direction, number, 1_000, true)
                .await?;
            for item in items {
                self.add(item, session, Status::Dead, (0, 0), None)?;
            }
            next = more;
        }
        Ok(())
    }

    /// What is due in `session`, behind entry `number`; it stands in the index at that place.
    async fn due_of(
        &mut self,
        session: &Session,
        shard: u64,
        at: Millis,
        number: u64,
    ) -> Result<(), TableError> {
        let direction = self.filter.direction;
        let log = match direction {
            Direction::Deliveries => &session.deliveries,
            Direction::Sends => &session.sends,
        };
        let id = &session.id;
        let again = log.redriven.iter().map(|entry| entry.number);
        let keys: Vec<_> = again
            .filter(|again| *again > number)
            .map(|again| Key::entry(id, direction, again))
            .collect();
        let mut found = match keys.is_empty() {
            true => HashMap::new(),
            false => self.table.batch(&keys).await?,
        };
        for key in &keys {
            if let Some(item) = found.remove(key) {
                self.add(item, id, Status::Due, (shard, at), Some(log))?;
            }
        }
        let mut next = log.is_behind().then_some(number.max(log.head));
        while let Some(number) = next.filter(|_| !self.is_full()) {
            let (items, more) = self
                .table
                .page_of(id, direction, number, self.left(), false)
                .await?;
            for item in items {
                self.add(item, id, Status::Due, (shard, at), Some(log))?;
            }
            next = more;
        }
        Ok(())
    }

    async fn dead(&mut self, after: Option<&Cursor>) -> Result<(), TableError> {
        let direction = self.filter.direction;
        for shard in after.map_or(0, |after| after.shard)..DUE_SHARDS {
            let part = dead_part(direction, shard);
            let after = after.filter(|after| after.shard == shard);
            let mut place = after.map(|after| Place {
                at: after.at,
                key: Key::entry(&after.session, direction, after.number),
            });
            while !self.is_full() {
                let wanted = self.left();
                let places = self
                    .table
                    .places(&part, self.filter.since, place.as_ref(), wanted)
                    .await?;
                let keys: Vec<_> = places.iter().map(|place| place.key.clone()).collect();
                let mut found = self.table.batch(&keys).await?;
                let is_end = places.len() < wanted;
                for found_at in places {
                    let item = found.remove(&found_at.key);
                    let session = SessionId::parse(&found_at.key.pk);
                    if let (Some(item), Some(session)) = (item, session) {
                        let at = (shard, found_at.at);
                        self.add(item, &session, Status::Dead, at, None)?;
                    }
                    place = Some(found_at);
                }
                if is_end {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn due(&mut self, after: Option<&Cursor>) -> Result<(), TableError> {
        for shard in after.map_or(0, |after| after.shard)..DUE_SHARDS {
            let after = after.filter(|after| after.shard == shard);
            let mut place = None;
            if let Some(after) = after {
                // Whoever stopped in the middle of a session's log goes on there.
                if let Some(session) = self.table.session(&after.session).await? {
                    self.due_of(&session, shard, after.at, after.number).await?;
                }
                place = Some(Place {
                    at: after.at,
                    key: Key::session(&after.session),
                });
            }
            while !self.is_full() {
                let wanted = self.left();
                let part = shard.to_string();
                let places = self
                    .table
                    .places(&part, None, place.as_ref(), wanted)
                    .await?;
                let keys: Vec<_> = places.iter().map(|place| place.key.clone()).collect();
                let mut found = self.table.batch(&keys).await?;
                let is_end = places.len() < wanted;
                for found_at in places {
                    if let Some(item) = found.remove(&found_at.key) {
                        let session: Session = from_item(item)?;
                        self.due_of(&session, shard, found_at.at, 0).await?;
                    }
                    place = Some(found_at);
                }
                if is_end {
                    break;
                }
            }
        }
        Ok(())
    }
}
