//! Reading. Strongly consistent throughout: decisions hang on every one of these.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use serde::{Deserialize, de::DeserializeOwned};
use serde_dynamo::aws_sdk_dynamodb_1::from_item;

use super::{DUE_SHARDS, Item, Table, TableError, keys::Key, refused};
use crate::{
    clock::{self, Millis},
    event::Event,
    ids::{CustomerId, MessageId, SessionId},
    message::Message,
    outgoing::Entry,
    session::Session,
    survey::Survey,
    vendor::Vendor,
};

/// How often DynamoDB may leave a part of a batch for another call.
const BATCH_TRIES: u32 = 5;

/// What the table knows of a webhook before it is recorded.
#[derive(Debug, Default)]
pub struct Sighting {
    /// Which of the keys asked about were seen before, and the session that each went to.
    pub seen: HashMap<String, SessionId>,
    /// Where each vendor session asked about leads.
    pub by_vendor_session: HashMap<String, SessionId>,
    /// The customer's open session.
    pub open: Option<SessionId>,
    /// The session that was guessed, if there is one.
    pub guessed: Option<Session>,
}

/// What a caller's key did before.
#[derive(Clone, Debug, Deserialize)]
pub struct Seen {
    /// The session it was for.
    pub session: SessionId,
    /// A hash of what was asked.
    pub body: String,
    /// The message that came of it.
    #[serde(default)]
    pub message: Option<MessageId>,
    /// The entry of the log of sends that came of it.
    #[serde(default)]
    pub entry: Option<u64>,
}

/// A page of a conversation.
#[derive(Debug)]
pub struct Page {
    /// Its messages, oldest first.
    pub messages: Vec<Message>,
    /// Whether more follow at once.
    pub more: bool,
}

#[derive(Deserialize)]
struct Target {
    session: SessionId,
}

pub(super) fn is_live(item: &Item, now: Millis) -> bool {
    item.get("ttl")
        .and_then(|ttl| ttl.as_n().ok())
        .and_then(|ttl| ttl.parse::<i64>().ok())
        .is_none_or(|ttl| ttl > now / 1_000)
}

fn target(item: Item) -> Result<SessionId, TableError> {
    Ok(from_item::<Target>(item)?.session)
}

impl Table {
    pub(super) async fn item(&self, key: &Key) -> Result<Option<Item>, TableError> {
        let got = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key.item()))
            .consistent_read(true)
            .send()
            .await
            .map_err(refused("GetItem"))?;
        Ok(got.item)
    }

    async fn get<T: DeserializeOwned>(&self, key: Key) -> Result<Option<T>, TableError> {
        Ok(self.item(&key).await?.map(from_item).transpose()?)
    }

    /// The session, if there is one.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn session(&self, id: &SessionId) -> Result<Option<Session>, TableError> {
        self.get(Key::session(id)).await
    }

    /// The survey that the vendor offers at the end of the session.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn survey(&self, id: &SessionId) -> Result<Option<Survey>, TableError> {
        self.get(Key::survey(id)).await
    }

    /// The session and the survey that the vendor offers at its end: one call, since the two stand
    /// beside each other.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn session_and_survey(
        &self,
        id: &SessionId,
    ) -> Result<(Option<Session>, Option<Survey>), TableError> {
        // `@~` sorts behind both names, and before an event's.
        let (items, _) = self.range(id, "@", "@~", 2).await?;
        let (mut session, mut survey) = (None, None);
        for item in items {
            match Key::of_item(&item) {
                Some(key) if key == Key::session(id) => session = Some(from_item(item)?),
                Some(key) if key == Key::survey(id) => survey = Some(from_item(item)?),
                _ => {}
            }
        }
        Ok((session, survey))
    }

    /// A message of the session's.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn message(
        &self,
        id: &SessionId,
        message: &MessageId,
    ) -> Result<Option<Message>, TableError> {
        self.get(Key::message(id, message)).await
    }

    /// An entry of the session's log of sends.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn send(&self, id: &SessionId, number: u64) -> Result<Option<Entry>, TableError> {
        self.get(Key::send(id, number)).await
    }

    /// The session's event number `seq`.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn event(&self, id: &SessionId, seq: u64) -> Result<Option<Event>, TableError> {
        self.get(Key::event(id, seq)).await
    }

    /// What the caller's `key` did before in `scope`, within its 24 h.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn client_key(
        &self,
        scope: &str,
        key: &str,
        now: Millis,
    ) -> Result<Option<Seen>, TableError> {
        let item = self
            .item(&Key::client(scope, key))
            .await?
            .filter(|item| is_live(item, now));
        Ok(item.map(from_item).transpose()?)
    }

    /// The session that `customer` has open at `vendor`.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn open_session(
        &self,
        vendor: Vendor,
        customer: &CustomerId,
    ) -> Result<Option<Session>, TableError> {
        let Some(Target { session }) = self.get(Key::customer(vendor, customer)).await? else {
            return Ok(None);
        };
        Ok(self.session(&session).await?.filter(Session::is_open))
    }

    /// What is known of a webhook's content: which of `keys` were seen, where `vendor_sessions` lead,
    /// and which session `customer` has open. One call for up to 100 of them together, the session that
    /// this will probably be, `guess`, among them.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn sight(
        &self,
        vendor: Vendor,
        keys: &[String],
        vendor_sessions: &[String],
        customer: Option<&CustomerId>,
        guess: Option<&SessionId>,
        now: Millis,
    ) -> Result<Sighting, TableError> {
        let mut wanted: Vec<Key> = keys.iter().map(|key| Key::seen(vendor, key)).collect();
        wanted.extend(
            vendor_sessions
                .iter()
                .map(|id| Key::vendor_session(vendor, id)),
        );
        wanted.extend(customer.map(|customer| Key::customer(vendor, customer)));
        wanted.extend(guess.map(Key::session));
        let mut found = self.batch(&wanted).await?;
        let mut sighting = Sighting::default();
        for key in keys {
            let item = found.remove(&Key::seen(vendor, key));
            if let Some(item) = item.filter(|item| is_live(item, now)) {
                sighting.seen.insert(key.clone(), target(item)?);
            }
        }
        for id in vendor_sessions {
            if let Some(item) = found.remove(&Key::vendor_session(vendor, id)) {
                sighting.by_vendor_session.insert(id.clone(), target(item)?);
            }
        }
        if let Some(customer) = customer
            && let Some(item) = found.remove(&Key::customer(vendor, customer))
        {
            sighting.open = Some(target(item)?);
        }
        let guessed = guess.and_then(|guess| found.remove(&Key::session(guess)));
        sighting.guessed = guessed.map(from_item).transpose()?;
        Ok(sighting)
    }

    /// Those of `ids` that are messages of the session's.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn messages_among(
        &self,
        session: &SessionId,
        ids: &[MessageId],
    ) -> Result<Vec<Message>, TableError> {
        let keys: Vec<_> = ids.iter().map(|id| Key::message(session, id)).collect();
        let found = self.batch(&keys).await?;
        let read = found.into_values().map(from_item);
        Ok(read.collect::<Result<_, _>>()?)
    }

    /// Up to `limit` messages after `after`, oldest first.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn messages_after(
        &self,
        session: &SessionId,
        after: Option<&MessageId>,
        limit: usize,
    ) -> Result<Page, TableError> {
        let from = after.map_or_else(
            || "MSG#".to_owned(),
            |after| Key::message(session, after).sk,
        );
        // `MSG#~` sorts behind every message, since identifiers are letters, digits and `_`.
        let (items, more) = self.range(session, &from, "MSG#~", limit).await?;
        let messages = items.into_iter().map(from_item).collect::<Result<_, _>>()?;
        Ok(Page { messages, more })
    }

    /// Up to `limit` events from number `seq` on, in order.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn events_from(
        &self,
        session: &SessionId,
        seq: u64,
        limit: usize,
    ) -> Result<Vec<Event>, TableError> {
        let from = Key::event(session, seq.saturating_sub(1)).sk;
        let (items, _) = self.range(session, &from, "EVT#~", limit).await?;
        Ok(items.into_iter().map(from_item).collect::<Result<_, _>>()?)
    }

    /// Items of the session's whose `sk` lies behind `after` and before `before`, up to `limit` of them
    /// or 1 MB (DynamoDB's own page, which also keeps an answer within what Lambda can return), and
    /// whether there are more.
    async fn range(
        &self,
        session: &SessionId,
        after: &str,
        before: &str,
        limit: usize,
    ) -> Result<(Vec<Item>, bool), TableError> {
        // One more than wanted tells whether there are more.
        let wanted = i32::try_from(limit + 1).unwrap_or(i32::MAX);
        let page = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :pk AND sk BETWEEN :after AND :before")
            .expression_attribute_values(":pk", AttributeValue::S(session.to_string()))
            // BETWEEN includes its bounds; nothing lies between `after` and this.
            .expression_attribute_values(":after", AttributeValue::S(format!("{after}\u{1}")))
            .expression_attribute_values(":before", AttributeValue::S(before.to_owned()))
            .consistent_read(true)
            .limit(wanted)
            .send()
            .await
            .map_err(refused("Query"))?;
        let mut items = page.items.unwrap_or_default();
        let more = items.len() > limit || page.last_evaluated_key.is_some();
        items.truncate(limit);
        Ok((items, more))
    }

    /// Sessions in which something is due at `now`, up to `limit` of each part of the index.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn due(
        &self,
        shard: u64,
        now: Millis,
        limit: i32,
    ) -> Result<Vec<SessionId>, TableError> {
        let page = self
            .client
            .query()
            .table_name(&self.name)
            .index_name("due")
            .key_condition_expression("due_shard = :shard AND due_at <= :now")
            .expression_attribute_values(
                ":shard",
                AttributeValue::S((shard % DUE_SHARDS).to_string()),
            )
            .expression_attribute_values(":now", AttributeValue::N(now.to_string()))
            .limit(limit)
            .send()
            .await
            .map_err(refused("Query"))?;
        let keys = page.items.unwrap_or_default();
        Ok(keys
            .iter()
            .filter_map(Key::of_item)
            .filter_map(|key| SessionId::parse(&key.pk))
            .collect())
    }

    pub(super) async fn batch(&self, keys: &[Key]) -> Result<HashMap<Key, Item>, TableError> {
        // DynamoDB refuses a batch that names a key twice.
        let keys: Vec<_> = keys.iter().collect::<HashSet<_>>().into_iter().collect();
        let mut found = HashMap::new();
        for chunk in keys.chunks(100) {
            let mut wanted: Vec<_> = chunk.iter().map(|key| key.item()).collect();
            let mut tries = 0;
            while !wanted.is_empty() {
                if tries > BATCH_TRIES {
                    return Err(TableError::Contended);
                }
                if tries > 0 {
                    clock::pause(tries).await;
                }
                tries += 1;
                let request = KeysAndAttributes::builder()
                    .set_keys(Some(wanted))
                    .consistent_read(true)
                    .build()
                    .map_err(|error| TableError::Refused {
                        operation: "BatchGetItem",
                        code: None,
                        source: Box::new(error),
                    })?;
                let got = self
                    .client
                    .batch_get_item()
                    .request_items(&self.name, request)
                    .send()
                    .await
                    .map_err(refused("BatchGetItem"))?;
                for item in got
                    .responses
                    .into_iter()
                    .flat_map(HashMap::into_values)
                    .flatten()
                {
                    if let Some(key) = Key::of_item(&item) {
                        found.insert(key, item);
                    }
                }
                let left = got
                    .unprocessed_keys
                    .and_then(|mut left| left.remove(&self.name));
                wanted = left.map(|left| left.keys).unwrap_or_default();
            }
        }
        Ok(found)
    }
}
