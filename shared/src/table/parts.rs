//! Bodies of webhooks that were not recorded at once and are too large for a queue's message: kept in parts, until
//! somebody has read them.

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine, prelude::BASE64_STANDARD};
use futures_util::future::try_join_all;

use super::{
    Table, TableError,
    commit::{SEEN_FOR, Write},
    keys::Key,
    refused,
};
use crate::{clock::Millis, vendor::Vendor};

/// How many bytes an item holds: in base64, and with the names, DynamoDB takes 400 KB.
const PART: usize = 290 * 1024;

impl Table {
    /// Keeps `body` as `hash`, and gives in how many parts. A repeat changes nothing.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn keep_body(
        &self,
        vendor: Vendor,
        hash: &str,
        body: &[u8],
        now: Millis,
    ) -> Result<usize, TableError> {
        let each = body.chunks(PART).enumerate().map(|(number, part)| {
            let part = AttributeValue::S(BASE64_STANDARD.encode(part));
            let item = [("part".to_owned(), part)].into();
            let key = Key::part(vendor, hash, number);
            self.put_alone(Write::put(&key, item, Some(now + SEEN_FOR)))
        });
        // The vendor waits.
        Ok(try_join_all(each).await?.len())
    }

    /// The body that was kept in so many parts; `None` where one is gone: whoever read it has dropped it.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn kept_body(
        &self,
        vendor: Vendor,
        hash: &str,
        parts: usize,
    ) -> Result<Option<Vec<u8>>, TableError> {
        let mut body = Vec::new();
        for number in 0..parts {
            let item = self.item(&Key::part(vendor, hash, number)).await?;
            let part = item.as_ref().and_then(|item| item.get("part"));
            let part = part.and_then(|part| part.as_s().ok());
            let Some(part) = part.and_then(|part| BASE64_STANDARD.decode(part).ok()) else {
                return Ok(None);
            };
            body.extend(part);
        }
        Ok(Some(body))
    }

    /// Forgets a body that was kept in so many parts.
    ///
    /// # Errors
    /// Where the table refuses. What is left goes by its TTL.
    pub async fn drop_body(
        &self,
        vendor: Vendor,
        hash: &str,
        parts: usize,
    ) -> Result<(), TableError> {
        for number in 0..parts {
            self.client
                .delete_item()
                .table_name(&self.name)
                .set_key(Some(Key::part(vendor, hash, number).item()))
                .send()
                .await
                .map_err(refused("DeleteItem"))?;
        }
        Ok(())
    }
}
