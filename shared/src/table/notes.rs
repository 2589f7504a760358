//! What is remembered for a while: small facts that it costs a vendor's call to find out.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Table, TableError, keys::Key, refused};
use crate::{clock::Millis, ids::SessionId, vendor::Vendor};

/// What is remembered of a session that the customer has not read. It holds what agents wrote, so it is erased with the
/// session.
#[must_use]
pub fn unread_of(session: &SessionId) -> String {
    format!("unread:{session}")
}

impl Table {
    /// Remembers `value` as `what` of `vendor` for so long.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn remember(
        &self,
        vendor: Vendor,
        what: &str,
        value: &str,
        keep: Millis,
        now: Millis,
    ) -> Result<(), TableError> {
        let until = now + keep;
        let number = |value: Millis| AttributeValue::N(value.to_string());
        let mut item = Key::note(vendor, what).item();
        item.insert("value".to_owned(), AttributeValue::S(value.to_owned()));
        // To the millisecond; `ttl`, in seconds, only clears away.
        item.insert("until".to_owned(), number(until));
        item.insert("ttl".to_owned(), number(until / 1_000 + 1));
        self.client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .send()
            .await
            .map_err(refused("PutItem"))?;
        Ok(())
    }

    /// What is remembered as `what` of `vendor`.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn remembered(
        &self,
        vendor: Vendor,
        what: &str,
        now: Millis,
    ) -> Result<Option<String>, TableError> {
        let Some(item) = self.item(&Key::note(vendor, what)).await? else {
            return Ok(None);
        };
        let until = item.get("until").and_then(|until| until.as_n().ok());
        let until = until.and_then(|until| until.parse::<Millis>().ok());
        if until.is_none_or(|until| until <= now) {
            return Ok(None);
        }
        Ok(item
            .get("value")
            .and_then(|value| value.as_s().ok())
            .cloned())
    }
}
