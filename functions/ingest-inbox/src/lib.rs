//! SQS `inbox`: record webhooks that arrived while the table refused.

use base64::{Engine, prelude::BASE64_STANDARD};
use deskbridge::{
    config::{ConfigError, DELIVERIES_QUEUE_URL, HEALS_QUEUE_URL, Settings},
    http::Client,
    inbound::{Record as _, sobot, tencent, udesk},
    lambda::{self, Batch, BatchResponse},
    line,
    queues::{Queue, Task},
    table::{Table, TableError},
    vendor::Vendor,
};

/// What the function needs. Made once at init.
#[derive(Debug)]
pub struct App {
    table: Table,
    udesk: udesk::Recorder,
    sobot: sobot::Recorder,
    tencent: tencent::Recorder,
    deliveries: Queue,
    heals: Queue,
    http: Client,
}

impl App {
    /// The function as the settings want it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let http = Client::from_settings(settings)?;
        let table = Table::for_writing(settings, &http)?;
        let deliveries = Queue::from_settings(settings, &DELIVERIES_QUEUE_URL, &http)?;
        Ok(Self {
            udesk: udesk::Recorder::from_settings(settings, &table)?,
            sobot: sobot::Recorder::from_settings(settings, &table)?,
            tencent: tencent::Recorder::from_settings(settings, &table)?,
            heals: deliveries.beside(settings, &HEALS_QUEUE_URL)?,
            deliveries,
            table,
            http,
        })
    }

    /// Opens connections ahead of need.
    pub async fn warm(&self) {
        self.http
            .warm(&[&self.table.warm_url(), self.deliveries.warm_url()])
            .await;
    }

    /// Records a batch of webhooks. What the table still refuses stays in the queue.
    pub async fn handle(&self, batch: Batch) -> BatchResponse {
        lambda::each_task(&batch, |task| self.record(task)).await
    }

    async fn record(&self, task: Task) -> Result<(), String> {
        let refused = |error: TableError| lambda::chain(&error);
        match task {
            Task::Nudge { .. } => Err("a nudge in the inbox".to_owned()),
            Task::Webhook {
                vendor,
                body,
                request,
                ..
            } => {
                let body = BASE64_STANDARD
                    .decode(body)
                    .map_err(|error| error.to_string())?;
                self.record_body(vendor, &body, request.as_deref()).await
            }
            Task::KeptWebhook {
                vendor,
                hash,
                parts,
                request,
                ..
            } => {
                let kept = self.table.kept_body(vendor, &hash, parts).await;
                // Nobody drops it before it is recorded.
                let Some(body) = kept.map_err(refused)? else {
                    return Ok(());
                };
                self.record_body(vendor, &body, request.as_deref()).await?;
                let dropped = self.table.drop_body(vendor, &hash, parts).await;
                dropped.map_err(refused)
            }
        }
    }

    async fn record_body(
        &self,
        vendor: Vendor,
        body: &[u8],
        request: Option<&str>,
    ) -> Result<(), String> {
        line::at(vendor);
        let recorded = match vendor {
            Vendor::Udesk => self.udesk.record(body).await,
            Vendor::Sobot => self.sobot.record(body).await,
            Vendor::Tencent => self.tencent.record_request(body, request).await,
        };
        recorded
            .map_err(|error| lambda::chain(&error))?
            .with_repeats()
            .wake(&self.deliveries, Some(&self.heals))
            .await;
        Ok(())
    }
}
