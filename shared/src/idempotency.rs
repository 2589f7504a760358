//! A caller's own key for what it asks: a repeat under it does nothing new, and gets the present state as its
//! answer. Kept 24 h.

use lambda_http::Request;
use serde::Serialize;

use crate::{
    change::Mark,
    digest,
    error::{Error, Kind},
    ids::MessageId,
};

/// A key, and what it stood for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Whose key, for what.
    pub scope: String,
    /// The key.
    pub key: String,
    /// A hash of what was asked.
    pub body: String,
}

impl Key {
    /// The key of the header `Idempotency-Key`, where there is one, for what is asked in `scope`.
    ///
    /// # Errors
    /// Where it is no key.
    pub fn of_header(
        request: &Request,
        scope: String,
        asked: &impl Serialize,
    ) -> Result<Option<Self>, Error> {
        let Some(key) = header(request) else {
            return Ok(None);
        };
        check("Idempotency-Key", key)?;
        Ok(Some(Self {
            scope,
            key: key.to_owned(),
            body: fingerprint(asked)?,
        }))
    }

    /// The mark that lets what was asked happen once; `message` and `entry` are what came of it.
    #[must_use]
    pub fn mark(&self, message: Option<MessageId>, entry: Option<u64>) -> Mark {
        Mark::Client {
            scope: self.scope.clone(),
            key: self.key.clone(),
            body: self.body.clone(),
            message,
            entry,
        }
    }

    /// The answer to another request under the same key.
    #[must_use]
    pub fn conflict(&self) -> Error {
        let Self { key, .. } = self;
        Error::new(
            Kind::IdempotencyConflict,
            format!("something else came under `{key}` before; give each request its own id"),
        )
    }
}

/// The header `Idempotency-Key`.
#[must_use]
pub fn header(request: &Request) -> Option<&str> {
    let value = request.headers().get("idempotency-key")?;
    Some(value.to_str().unwrap_or_default())
}

/// Refuses what is no key; `field` is where it stood.
///
/// # Errors
/// Where it is none.
pub fn check(field: &str, key: &str) -> Result<(), Error> {
    if (1..=128).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(Error::field(
        field,
        "an id is 1 to 128 visible ASCII characters, no spaces",
    ))
}

/// A hash of what was asked, apart from spelling.
///
/// # Errors
/// Where it cannot be written as JSON.
pub fn fingerprint(asked: &impl Serialize) -> Result<String, Error> {
    let text = serde_json::to_vec(asked).map_err(|error| {
        Error::new(Kind::Internal, "something went wrong on our side").with_source(error)
    })?;
    Ok(digest::whole(text))
}
