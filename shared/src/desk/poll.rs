//! What many ask for again and again. The vendor is asked once in a while, and all are told what it says: whoever looks
//! every second must not use up the budget of those who have something to say.

use serde::{Serialize, de::DeserializeOwned};

use super::AskError;
use crate::{
    clock::{self, Millis},
    lambda::chain,
    table::Table,
    vendor::Vendor,
};

/// A vendor is asked for the same once in so long, however many poll.
const PACE: Millis = 3_000;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Polled<T> {
    /// What it says, or said a few seconds ago.
    Told(T),
    /// It was not asked, and may be from then on.
    Later(Millis),
}

/// What is remembered: what the vendor said and when, and until when it can't be asked again.
type Note<T> = (Option<(T, Millis)>, Option<Millis>);

/// Polls one vendor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Poll<'a> {
    /// Where what it said is kept.
    pub(super) table: &'a Table,
    /// Whom.
    pub(super) vendor: Vendor,
}

impl Poll<'_> {
    /// What the vendor says of `what`, by `ask` where it is time to ask. An answer is better than none until it is `kept`
    /// milliseconds old.
    ///
    /// # Errors
    /// Where the call brought nothing, and nothing is known that is new enough.
    pub(super) async fn poll<T: Serialize + DeserializeOwned>(
        &self,
        what: &str,
        kept: Millis,
        ask: impl Future<Output = Result<T, AskError>>,
    ) -> Result<Polled<T>, AskError> {
        let now = clock::now();
        let (told, wait) = self.noted::<T>(what, now).await;
        let older = match told {
            Some((told, at)) if now - at < PACE => return Ok(Polled::Told(told)),
            older => older.filter(|(_, at)| now - at < kept),
        };
        let or_older = |older: Option<(T, Millis)>, at| match older {
            Some((told, _)) => Polled::Told(told),
            None => Polled::Later(at),
        };
        if let Some(at) = wait.filter(|at| *at > now) {
            return Ok(or_older(older, at));
        }
        // One of those who poll asks, and the others are content with what is known.
        match self.table.pace(self.vendor, what, PACE, now).await {
            Ok(None) => {}
            Ok(Some(at)) => return Ok(or_older(older, at)),
            Err(error) => tracing::warn!(error = chain(&error), "asked without a pace"),
        }
        match ask.await {
            Ok(told) => {
                let told = (told, clock::now());
                self.note(what, kept, &(Some((&told.0, told.1)), None))
                    .await;
                Ok(Polled::Told(told.0))
            }
            Err(AskError::Wait { retry_at, .. }) => {
                let keep = (retry_at - now).max(kept);
                self.note(
                    what,
                    keep,
                    &(older.as_ref().map(|(told, at)| (told, *at)), Some(retry_at)),
                )
                .await;
                Ok(or_older(older, retry_at))
            }
            Err(error) => match (error, older) {
                (AskError::Unavailable { .. }, Some((told, _))) => Ok(Polled::Told(told)),
                (error, _) => Err(error),
            },
        }
    }

    /// What is remembered of `what`; it can be asked anew.
    async fn noted<T: DeserializeOwned>(&self, what: &str, now: Millis) -> Note<T> {
        let kept = self.table.remembered(self.vendor, what, now).await;
        let kept = kept.unwrap_or_else(|error| {
            tracing::warn!(error = chain(&error), "not looked up");
            None
        });
        kept.and_then(|kept| serde_json::from_str(&kept).ok())
            .unwrap_or((None, None))
    }

    async fn note<T: Serialize>(&self, what: &str, keep: Millis, note: &Note<&T>) {
        let Ok(text) = serde_json::to_string(note) else {
            return;
        };
        let kept = self
            .table
            .remember(self.vendor, what, &text, keep, clock::now());
        if let Err(error) = kept.await {
            tracing::warn!(error = chain(&error), "not kept");
        }
    }
}
