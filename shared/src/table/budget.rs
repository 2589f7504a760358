//! Counters of vendors' rate budgets. No item that all traffic writes but these: one for each API and window.

use aws_sdk_dynamodb::{error::ProvideErrorMetadata, types::AttributeValue};

use super::{Table, TableError, keys::Key, refused};
use crate::{
    budget::{Class, Rates, Slot, Taken},
    clock::Millis,
    vendor::Vendor,
};

/// How long a counter is kept behind its window, in seconds.
const KEPT: Millis = 3_600;

impl Table {
    /// Takes a place in `vendor`'s budget for a call of `api`, now or later. `slot` is one that was kept before.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn take(
        &self,
        vendor: Vendor,
        rates: &Rates,
        api: &str,
        class: Class,
        slot: Option<&Slot>,
        now: Millis,
    ) -> Result<Taken, TableError> {
        if slot.is_some_and(|slot| slot.api == api && rates.holds(api, slot.at, now)) {
            return Ok(Taken::Now);
        }
        let name = rates.counted_as(api);
        let mut last = now;
        for window in rates.windows(api, class, now) {
            let key = Key::budget(vendor, name, window.begins);
            if self.count(&key, window.most, window.ends).await? {
                return Ok(if window.begins > now {
                    Taken::Kept(window.begins)
                } else {
                    Taken::Now
                });
            }
            last = window.ends;
        }
        Ok(Taken::Full(last))
    }

    /// The same for a call that is made now or not at all: no place is kept for it.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn take_now(
        &self,
        vendor: Vendor,
        rates: &Rates,
        api: &str,
        class: Class,
        now: Millis,
    ) -> Result<Taken, TableError> {
        let name = rates.counted_as(api);
        let Some(window) = rates.windows(api, class, now).next() else {
            return Ok(Taken::Now);
        };
        let key = Key::budget(vendor, name, window.begins);
        let counted = self.count(&key, window.most, window.ends).await?;
        Ok(if counted {
            Taken::Now
        } else {
            Taken::Full(window.ends)
        })
    }

    /// Counts one more where fewer than `most` were counted; gives whether it did.
    async fn count(&self, key: &Key, most: u32, ends: Millis) -> Result<bool, TableError> {
        let number = |value: &dyn ToString| AttributeValue::N(value.to_string());
        let counted = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key.item()))
            .update_expression("ADD calls :one SET #ttl = :ttl")
            .condition_expression("attribute_not_exists(calls) OR calls < :most")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":one", number(&1))
            .expression_attribute_values(":most", number(&most))
            .expression_attribute_values(":ttl", number(&(ends / 1_000 + KEPT)))
            .send()
            .await;
        happened(counted.map(drop))
    }

    /// Keeps a pace: `None` where the last `what` was `gap` ago or longer, and notes this one; else the time at
    /// which the next may be.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn pace(
        &self,
        vendor: Vendor,
        what: &str,
        gap: Millis,
        now: Millis,
    ) -> Result<Option<Millis>, TableError> {
        let number = |value: Millis| AttributeValue::N(value.to_string());
        let noted = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(Key::pace(vendor, what).item()))
            .update_expression("SET last_at = :now, #ttl = :ttl")
            .condition_expression("attribute_not_exists(last_at) OR last_at <= :before")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":now", number(now))
            .expression_attribute_values(":before", number(now - gap))
            .expression_attribute_values(":ttl", number(now / 1_000 + KEPT))
            .send()
            .await;
        // How long ago the last was is not asked: the whole gap is honest enough.
        Ok((!happened(noted.map(drop))?).then_some(now + gap))
    }
}

/// Whether a conditional update was made.
fn happened(
    done: Result<
        (),
        aws_sdk_dynamodb::error::SdkError<
            aws_sdk_dynamodb::operation::update_item::UpdateItemError,
        >,
    >,
) -> Result<bool, TableError> {
    match done {
        Ok(()) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(refused("UpdateItem")(error)),
    }
}
