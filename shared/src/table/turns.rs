//! Taking turns: something is done once in a while, and where more is wished for, the newest wish is the one
//! that is granted.

use aws_sdk_dynamodb::{
    error::ProvideErrorMetadata,
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};

use super::{Item, Table, TableError, keys::Key, refused};
use crate::{clock::Millis, vendor::Vendor};

/// How long a turn is kept, in seconds: far longer than any gap.
const KEPT: Millis = 3_600;

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The asker's.
    Now,
    /// The asker's from then on, unless somebody asks later.
    At(Millis),
    /// Somebody's who asked later.
    Overtaken,
}

impl Table {
    /// Wishes for a turn at `what`: it is `mine` now if the last one was `gap` ago, and else at the end of the gap.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn wish(
        &self,
        vendor: Vendor,
        what: &str,
        mine: &str,
        gap: Millis,
        now: Millis,
    ) -> Result<Turn, TableError> {
        let taken = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(Key::pace(vendor, what).item()))
            .update_expression("SET last_at = :now, newest = :mine, #ttl = :ttl")
            .condition_expression("attribute_not_exists(last_at) OR last_at <= :before")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":now", number(now))
            .expression_attribute_values(":before", number(now - gap))
            .expression_attribute_values(":mine", AttributeValue::S(mine.to_owned()))
            .expression_attribute_values(":ttl", number(now / 1_000 + KEPT))
            .send()
            .await;
        match taken {
            Ok(_) => return Ok(Turn::Now),
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => {}
            Err(error) => return Err(refused("UpdateItem")(error)),
        }
        let waiting = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(Key::pace(vendor, what).item()))
            .update_expression("SET newest = :mine")
            .expression_attribute_values(":mine", AttributeValue::S(mine.to_owned()))
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .map_err(refused("UpdateItem"))?;
        let last = waiting.attributes.as_ref().and_then(last_at);
        Ok(Turn::At(last.unwrap_or(now) + gap))
    }

    /// Takes the turn that was waited for, if nobody has asked later.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn take_turn(
        &self,
        vendor: Vendor,
        what: &str,
        mine: &str,
        gap: Millis,
        now: Millis,
    ) -> Result<Turn, TableError> {
        let taken = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(Key::pace(vendor, what).item()))
            .update_expression("SET last_at = :now")
            .condition_expression("newest = :mine AND last_at <= :before")
            .expression_attribute_values(":now", number(now))
            .expression_attribute_values(":before", number(now - gap))
            .expression_attribute_values(":mine", AttributeValue::S(mine.to_owned()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let error = match taken {
            Ok(_) => return Ok(Turn::Now),
            Err(error) => error,
        };
        let Some(UpdateItemError::ConditionalCheckFailedException(failed)) =
            error.as_service_error()
        else {
            return Err(refused("UpdateItem")(error));
        };
        let found = failed.item();
        let newest = found.and_then(|item| item.get("newest")?.as_s().ok());
        Ok(match found.and_then(last_at) {
            // Our clock is a little behind that of whoever had the last turn.
            Some(last) if newest.is_some_and(|newest| newest == mine) => Turn::At(last + gap),
            _ => Turn::Overtaken,
        })
    }
}

fn number(value: Millis) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn last_at(item: &Item) -> Option<Millis> {
    item.get("last_at")?.as_n().ok()?.parse().ok()
}
