//! The one DynamoDB table: an item collection per session, pointers to sessions, and marks of what
//! was seen. What it means stands in the modules of `shared`; here it is read and written.

mod budget;
mod commit;
mod erase;
mod keys;
mod notes;
mod outstanding;
mod parts;
mod read;
mod tokens;
mod turns;
mod watch;

use std::collections::HashMap;

use aws_sdk_dynamodb::{Client, error::ProvideErrorMetadata, types::AttributeValue};
pub use commit::Outcome;
pub use erase::{Begun, BegunPage, Behind, Erased};
pub use notes::unread_of;
pub use outstanding::OutstandingPage;
pub use read::{Page, Seen, Sighting};
pub use tokens::{SharedToken, Token};
pub use turns::Turn;
pub use watch::WATCH_SHARDS;

use crate::{
    clock::Millis,
    config::{CONVERSATION_RETENTION_DAYS, ConfigError, NUDGE_GRACE_SECONDS, Settings, TABLE_NAME},
    error::{Error, Kind},
    http::{
        Client as HttpClient,
        aws::{Access, source},
    },
    silence::Silence,
};

type Item = HashMap<String, AttributeValue>;

/// How many parts the index is cut into, so that no key of it takes all writes: the index of the sessions
/// in which something is due, and likewise of what is dead.
pub const DUE_SHARDS: u64 = 8;

/// The table. Made once at init; cheap to clone.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: String,
    warm_url: String,
    grace: Millis,
    retention: Millis,
    silence: Option<Silence>,
}

/// The table refused. What was being written may or may not have been.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// DynamoDB gave an error or no answer.
    #[error("DynamoDB: {operation} failed{}", .code.as_ref().map(|code| format!(" with {code}")).unwrap_or_default())]
    Refused {
        /// Which operation.
        operation: &'static str,
        /// DynamoDB's code.
        code: Option<String>,
        /// The whole chain.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An item is not what this version writes.
    #[error("an item in the table cannot be read")]
    Unreadable(#[source] serde_dynamo::Error),
    /// The same change met other writers too often.
    #[error("the session is being written by many at once")]
    Contended,
}

impl From<serde_dynamo::Error> for TableError {
    fn from(error: serde_dynamo::Error) -> Self {
        Self::Unreadable(error)
    }
}

impl From<TableError> for Error {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Refused { .. } | TableError::Contended => Error::new(
                Kind::StorageUnavailable,
                "storage is not available; try again in a moment, with the same id",
            ),
            TableError::Unreadable(_) => {
                Error::new(Kind::Internal, "something went wrong on our side")
            }
        }
        .with_source(error)
    }
}

fn refused<E>(
    operation: &'static str,
) -> impl FnOnce(aws_sdk_dynamodb::error::SdkError<E>) -> TableError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    move |error| TableError::Refused {
        operation,
        code: error.code().map(str::to_owned),
        source: source(error),
    }
}

impl Table {
    /// The table, for a function that only reads it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn for_reading(settings: &Settings, http: &HttpClient) -> Result<Self, ConfigError> {
        let access = Access::to_dynamodb(settings, http)?;
        let warm_url = access.warm_url("dynamodb");
        let mut config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .region(aws_sdk_dynamodb::config::Region::new(access.region))
            .credentials_provider(access.credentials)
            .timeout_config(access.timeouts)
            .identity_cache(aws_sdk_dynamodb::config::IdentityCache::no_cache())
            .stalled_stream_protection(
                aws_sdk_dynamodb::config::StalledStreamProtectionConfig::disabled(),
            )
            .http_client(access.http);
        if let Some(endpoint) = access.endpoint {
            config = config.endpoint_url(endpoint);
        }
        Ok(Self {
            client: Client::from_conf(config.build()),
            name: settings.required(&TABLE_NAME)?,
            warm_url,
            grace: 0,
            retention: 0,
            silence: None,
        })
    }

    /// The table, for a function that writes to it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn for_writing(settings: &Settings, http: &HttpClient) -> Result<Self, ConfigError> {
        let days: u32 = settings.parsed_or(&CONVERSATION_RETENTION_DAYS, 90)?;
        let grace: u32 = settings.parsed_or(&NUDGE_GRACE_SECONDS, 60)?;
        Ok(Self {
            grace: Millis::from(grace) * 1_000,
            retention: Millis::from(days.max(1)) * 24 * 3_600 * 1_000,
            ..Self::for_reading(settings, http)?
        })
    }

    /// The same, for a function that opens conversations, goes on in them or ends them: they are looked after.
    ///
    /// # Errors
    /// Where a setting is malformed.
    pub fn watching(self, settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self {
            silence: Some(Silence::from_settings(settings)?),
            ..self
        })
    }

    /// A URL at which a connection can be opened ahead of need.
    #[must_use]
    pub fn warm_url(&self) -> String {
        self.warm_url.clone()
    }
}
