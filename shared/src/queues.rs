//! SQS only wakes drainers: a lost or doubled nudge does no harm, since what must go out stands in the
//! table, in order, and `sweep` finds what nobody was woken for.

use aws_sdk_sqs::{Client, error::ProvideErrorMetadata};
use serde::{Deserialize, Serialize};

use crate::{
    clock::Millis,
    config::{ConfigError, Setting, Settings},
    correlation::Correlation,
    http::{
        Client as HttpClient,
        aws::{Access, source},
    },
    ids::SessionId,
    line,
    vendor::Vendor,
};

/// The longest delay that SQS takes, in seconds. What is due later is found by `sweep`.
pub const LONGEST_DELAY: Millis = 900;

/// What a message in one of the queues says. The name says the version of its form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Task {
    /// Drain this session's log.
    #[serde(rename = "nudge_v1")]
    Nudge {
        /// Whose.
        session: SessionId,
        /// What brought it about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        correlation: Option<Correlation>,
    },
    /// Record a webhook that arrived while the table refused.
    #[serde(rename = "webhook_v1")]
    Webhook {
        /// Whose.
        vendor: Vendor,
        /// Its body in base64: SQS takes no control characters, and escaping could double the size.
        body: String,
        /// What the vendor calls the request by, where it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<String>,
        /// The webhook's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        correlation: Option<Correlation>,
    },
    /// The same of one that no message of SQS holds: the table took it, and had no time to record what it says.
    #[serde(rename = "kept_webhook_v1")]
    KeptWebhook {
        /// Whose.
        vendor: Vendor,
        /// What the table keeps it as.
        hash: String,
        /// In how many parts.
        parts: usize,
        /// What the vendor calls the request by, where it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<String>,
        /// The webhook's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        correlation: Option<Correlation>,
    },
}

impl Task {
    /// What ties it to what brought it about. What `sweep` found has none here: it stands with what must
    /// go out.
    #[must_use]
    pub fn correlation(&self) -> Option<&Correlation> {
        match self {
            Self::Nudge { correlation, .. }
            | Self::Webhook { correlation, .. }
            | Self::KeptWebhook { correlation, .. } => correlation.as_ref(),
        }
    }
}

/// SQS did not take a message.
#[derive(Debug, thiserror::Error)]
#[error("SQS: SendMessage failed{}", .code.as_ref().map(|code| format!(" with {code}")).unwrap_or_default())]
pub struct QueueError {
    code: Option<String>,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// A queue that a function sends to. Made once at init; cheap to clone.
#[derive(Clone, Debug)]
pub struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    /// The queue whose URL `setting` holds.
    ///
    /// # Errors
    /// Where a setting is missing.
    pub fn from_settings(
        settings: &Settings,
        setting: &Setting,
        http: &HttpClient,
    ) -> Result<Self, ConfigError> {
        let access = Access::to_sqs(settings, http)?;
        let mut config = aws_sdk_sqs::Config::builder()
            .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
            .region(aws_sdk_sqs::config::Region::new(access.region))
            .credentials_provider(access.credentials)
            .timeout_config(access.timeouts)
            .identity_cache(aws_sdk_sqs::config::IdentityCache::no_cache())
            .stalled_stream_protection(
                aws_sdk_sqs::config::StalledStreamProtectionConfig::disabled(),
            )
            .http_client(access.http);
        if let Some(endpoint) = access.endpoint {
            config = config.endpoint_url(endpoint);
        }
        Ok(Self {
            client: Client::from_conf(config.build()),
            url: settings.required(setting)?,
        })
    }

    /// Another queue, whose URL `setting` holds, through the same client: a second one costs memory and
    /// 40,000 instructions at every cold start.
    ///
    /// # Errors
    /// Where the setting is missing.
    pub fn beside(&self, settings: &Settings, setting: &Setting) -> Result<Self, ConfigError> {
        Ok(Self {
            client: self.client.clone(),
            url: settings.required(setting)?,
        })
    }

    /// Puts `task` into the queue, to be seen after `delay_seconds` (at most 900).
    ///
    /// # Errors
    /// Where SQS refuses.
    pub async fn put(&self, task: &Task, delay_seconds: Millis) -> Result<(), QueueError> {
        let body = serde_json::to_string(task).map_err(|error| QueueError {
            code: None,
            source: Box::new(error),
        })?;
        let delay = i32::try_from(delay_seconds.clamp(0, LONGEST_DELAY)).unwrap_or_default();
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .delay_seconds(delay)
            .send()
            .await
            .map(drop)
            .map_err(|error| QueueError {
                code: error.code().map(str::to_owned),
                source: source(error),
            })
    }

    /// A URL at which a connection can be opened ahead of need.
    #[must_use]
    pub fn warm_url(&self) -> &str {
        &self.url
    }

    /// Wakes a drainer of `session`'s log at `at`, or at once. Where that fails or `at` is too far off,
    /// `sweep` does it: nothing waits on this.
    pub async fn nudge(&self, session: &SessionId, at: Option<Millis>, now: Millis) {
        let delay = at.map_or(0, |at| (at - now + 999) / 1_000);
        if delay > LONGEST_DELAY {
            return;
        }
        let task = Task::Nudge {
            session: session.clone(),
            correlation: line::correlation(),
        };
        if let Err(error) = self.put(&task, delay).await {
            tracing::warn!(%session, error = %crate::lambda::chain(&error), "not nudged; sweep will see to it");
        }
    }
}
