//! What many ask Udesk for again and again.

use serde::{Serialize, de::DeserializeOwned};

use super::Line;
use crate::{
    clock::Millis,
    desk::{
        AskError,
        poll::{Poll, Polled},
    },
    vendor::Vendor,
};

impl Line<'_> {
    /// What Udesk says of `what`, by `ask` where it is time to ask. An answer is better than none until it is `kept`
    /// milliseconds old.
    ///
    /// # Errors
    /// Where the call brought nothing, and nothing is known that is new enough.
    pub async fn poll<T: Serialize + DeserializeOwned>(
        &self,
        what: &str,
        kept: Millis,
        ask: impl Future<Output = Result<T, AskError>>,
    ) -> Result<Polled<T>, AskError> {
        let poll = Poll {
            table: self.table(),
            vendor: Vendor::Udesk,
        };
        poll.poll(what, kept, ask).await
    }
}
