//! SQS `sends`: pass on what a vendor could not take at once.

use std::time::Duration;

use deskbridge::{
    config::{ConfigError, Settings},
    lambda::{self, Batch, BatchResponse},
    queues::Task,
    sends::Sends,
};

/// How long one invocation may go on with one session; the function's time-out is 60 s.
const BUDGET: Duration = Duration::from_secs(30);

/// What the function needs. Made once at init.
#[derive(Debug)]
pub struct App {
    sends: Sends,
}

impl App {
    /// The function as the settings want it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self {
            sends: Sends::from_settings(settings)?,
        })
    }

    /// Opens connections ahead of need.
    pub async fn warm(&self) {
        self.sends.warm().await;
    }

    /// Drains the logs that a batch of nudges names.
    pub async fn handle(&self, batch: Batch) -> BatchResponse {
        lambda::each_task(&batch, |task| async {
            match task {
                Task::Nudge { session, .. } => self
                    .sends
                    .drain(&session, BUDGET)
                    .await
                    .map_err(|error| lambda::chain(&error)),
                Task::Webhook { .. } | Task::KeptWebhook { .. } => {
                    Err("a webhook in the queue of sends".to_owned())
                }
            }
        })
        .await
    }
}
