//! A vendor's token that all functions share: one fetches it, under a lease, and the others read it here. The table is
//! encrypted at rest, and nothing else but functions that call the vendor reads this item.
//!
//! Clocks of functions differ. So a time that lies further ahead than any of them is ever set counts as none: whoever
//! wrote it had a clock that was off.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    error::ProvideErrorMetadata,
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};

use super::{Item, Table, TableError, keys::Key, refused};
use crate::{clock::Millis, secret::Secret, vendor::Vendor};

/// How long the item is kept after its last change and the token's end, in seconds.
const KEPT: Millis = 24 * 3_600;
/// The furthest that a lease or a pause after a failure is ever set ahead.
const FURTHEST: Millis = 5 * 60 * 1_000;

/// A token, and how long it is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The token.
    pub text: Secret,
    /// When it was fetched.
    pub fetched_at: Millis,
    /// From when on another is to be fetched.
    pub renew_at: Millis,
    /// When it ends.
    pub until: Millis,
}

/// What the table holds of a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedToken {
    /// The token; it may have ended.
    pub token: Option<Token>,
    /// Until when somebody fetches another.
    pub fetched_until: Option<Millis>,
    /// Not before then another is fetched, since the last attempt failed.
    pub retry_at: Option<Millis>,
    /// How many attempts have failed since the last that did not.
    pub failed: u32,
}

impl SharedToken {
    /// Whether somebody fetches another at `now`.
    #[must_use]
    pub fn is_being_fetched(&self, now: Millis) -> bool {
        is_ahead(self.fetched_until, now)
    }

    /// When another may be fetched, if not at `now`.
    #[must_use]
    pub fn pauses_until(&self, now: Millis) -> Option<Millis> {
        self.retry_at.filter(|at| is_ahead(Some(*at), now))
    }
}

/// Whether this time is yet to come, and was set by no clock that is off.
fn is_ahead(at: Option<Millis>, now: Millis) -> bool {
    at.is_some_and(|at| at > now && at <= now + FURTHEST)
}

impl Table {
    /// What is known of the token of `vendor` that belongs to `whose`.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn shared_token(
        &self,
        vendor: Vendor,
        whose: &str,
    ) -> Result<SharedToken, TableError> {
        let item = self.item(&Key::token(vendor, whose)).await?;
        Ok(item.as_ref().map(read).unwrap_or_default())
    }

    /// Takes it upon `owner` to fetch another token until `end`. `None` where that is granted: the token is still the one
    /// that was `seen`, nobody else is at it, and no pause has to be kept. Else what the table holds by now.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn fetch_token(
        &self,
        vendor: Vendor,
        whose: &str,
        seen: Option<&Secret>,
        owner: &str,
        end: Millis,
        now: Millis,
    ) -> Result<Option<SharedToken>, TableError> {
        let same = match seen {
            Some(_) => "#token = :seen",
            None => "attribute_not_exists(#token)",
        };
        let free = |name: &str| {
            format!("(attribute_not_exists({name}) OR {name} <= :now OR {name} > :furthest)")
        };
        // A repeat of a write whose answer was lost finds the lease its own.
        let condition = format!(
            "#fetcher = :owner OR ({same} AND {} AND {})",
            free("#fetched"),
            free("#retry")
        );
        let mut update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(Key::token(vendor, whose).item()))
            .update_expression(
                "SET #fetcher = :owner, #fetched = :end, #ttl = if_not_exists(#ttl, :ttl)",
            )
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names(&[
                "token", "fetcher", "fetched", "retry", "ttl",
            ])))
            .expression_attribute_values(":owner", AttributeValue::S(owner.to_owned()))
            .expression_attribute_values(":end", number(end))
            .expression_attribute_values(":now", number(now))
            .expression_attribute_values(":furthest", number(now + FURTHEST))
            .expression_attribute_values(":ttl", number(now / 1_000 + KEPT))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if let Some(seen) = seen {
            let seen = AttributeValue::S(seen.expose().to_owned());
            update = update.expression_attribute_values(":seen", seen);
        }
        let error = match update.send().await {
            Ok(_) => return Ok(None),
            Err(error) => error,
        };
        let Some(UpdateItemError::ConditionalCheckFailedException(failed)) =
            error.as_service_error()
        else {
            return Err(refused("UpdateItem")(error));
        };
        Ok(Some(failed.item().map(read).unwrap_or_default()))
    }

    /// Keeps the token that `owner` has fetched. Gives whether it did: not where the lease had ended, and somebody else
    /// fetches.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn keep_token(
        &self,
        vendor: Vendor,
        whose: &str,
        owner: &str,
        token: &Token,
    ) -> Result<bool, TableError> {
        let ttl = token.until / 1_000 + KEPT;
        let kept = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(Key::token(vendor, whose).item()))
            .update_expression(
                "SET #token = :token, #at = :at, #renew = :renew, #until = :until, #ttl = :ttl \
                 REMOVE #fetcher, #fetched, #retry, #failed",
            )
            .condition_expression("#fetcher = :owner")
            .set_expression_attribute_names(Some(names(&[
                "token", "at", "renew", "until", "ttl", "fetcher", "fetched", "retry", "failed",
            ])))
            .expression_attribute_values(
                ":token",
                AttributeValue::S(token.text.expose().to_owned()),
            )
            .expression_attribute_values(":at", number(token.fetched_at))
            .expression_attribute_values(":renew", number(token.renew_at))
            .expression_attribute_values(":until", number(token.until))
            .expression_attribute_values(":ttl", number(ttl))
            .expression_attribute_values(":owner", AttributeValue::S(owner.to_owned()))
            .send()
            .await;
        held(kept)
    }

    /// Lets `owner`'s lease go, which brought no token; `failed` attempts have done so by now, and none is made before
    /// `retry_at`.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn give_up_token(
        &self,
        vendor: Vendor,
        whose: &str,
        owner: &str,
        failed: u32,
        retry_at: Millis,
    ) -> Result<bool, TableError> {
        let given_up = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(Key::token(vendor, whose).item()))
            .update_expression("SET #retry = :retry, #failed = :failed REMOVE #fetcher, #fetched")
            .condition_expression("#fetcher = :owner")
            .set_expression_attribute_names(Some(names(&["retry", "failed", "fetcher", "fetched"])))
            .expression_attribute_values(":retry", number(retry_at))
            .expression_attribute_values(":failed", number(Millis::from(failed)))
            .expression_attribute_values(":owner", AttributeValue::S(owner.to_owned()))
            .send()
            .await;
        held(given_up)
    }
}

/// Whether the lease was still the writer's.
fn held<T>(
    written: Result<T, aws_sdk_dynamodb::error::SdkError<UpdateItemError>>,
) -> Result<bool, TableError> {
    match written {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(refused("UpdateItem")(error)),
    }
}

/// Attributes by their own names: some are words of DynamoDB's.
fn names(names: &[&str]) -> HashMap<String, String> {
    names
        .iter()
        .map(|name| (format!("#{name}"), attribute(name).to_owned()))
        .collect()
}

/// What an attribute is called in the item.
fn attribute(name: &str) -> &str {
    match name {
        "at" => "fetched_at",
        "renew" => "renew_at",
        "fetched" => "fetched_until",
        "retry" => "retry_at",
        other => other,
    }
}

fn number(value: Millis) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn read(item: &Item) -> SharedToken {
    let number =
        |name: &str| -> Option<Millis> { item.get(attribute(name))?.as_n().ok()?.parse().ok() };
    let token = || {
        Some(Token {
            text: Secret::new(item.get("token")?.as_s().ok()?.clone()),
            // One that says nothing of its end has ended: it is replaced.
            fetched_at: number("at").unwrap_or_default(),
            renew_at: number("renew").unwrap_or_default(),
            until: number("until").unwrap_or_default(),
        })
    };
    SharedToken {
        token: token(),
        fetched_until: number("fetched"),
        retry_at: number("retry"),
        failed: number("failed")
            .and_then(|failed| u32::try_from(failed).ok())
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_clock_that_is_off_has_written_counts_as_nothing() {
        let shared = |at| SharedToken {
            fetched_until: Some(at),
            retry_at: Some(at),
            ..SharedToken::default()
        };
        for (at, holds) in [
            (999, false),
            (1_000, false),
            (1_001, true),
            (1_000 + FURTHEST, true),
            (1_001 + FURTHEST, false),
        ] {
            let shared = shared(at);
            assert_eq!(shared.is_being_fetched(1_000), holds, "{at}");
            assert_eq!(shared.pauses_until(1_000), holds.then_some(at), "{at}");
        }
    }
}
