//! The AWS SDKs on the same HTTP client as everything else.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::{ConnectorError, SdkError},
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::{body::SdkBody, timeout::TimeoutConfig};
use bytes::Bytes;
use http_body_util::Full;

use crate::config::{ConfigError, Settings, aws_settings as names};

/// How an AWS client of ours is made: region, credentials and endpoint from Lambda's environment,
/// without the chain of providers that `aws-config` would try.
#[derive(Clone, Debug)]
pub struct Access {
    /// The region.
    pub region: String,
    /// Lambda's own credentials.
    pub credentials: Credentials,
    /// A local server in place of AWS.
    pub endpoint: Option<String>,
    /// The shared client.
    pub http: super::Client,
    /// How long a call may take.
    pub timeouts: TimeoutConfig,
}

impl Access {
    /// Access to DynamoDB.
    ///
    /// # Errors
    /// Where Lambda's own variables are missing.
    #[cfg(feature = "table")]
    pub fn to_dynamodb(settings: &Settings, http: &super::Client) -> Result<Self, ConfigError> {
        Self::to(settings, http, &names::AWS_ENDPOINT_URL_DYNAMODB)
    }

    /// Access to SQS.
    ///
    /// # Errors
    /// Where Lambda's own variables are missing.
    #[cfg(feature = "queues")]
    pub fn to_sqs(settings: &Settings, http: &super::Client) -> Result<Self, ConfigError> {
        Self::to(settings, http, &names::AWS_ENDPOINT_URL_SQS)
    }

    #[cfg(any(feature = "table", feature = "queues"))]
    fn to(
        settings: &Settings,
        http: &super::Client,
        endpoint: &crate::config::Setting,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            region: settings.required(&names::AWS_REGION)?,
            credentials: Credentials::new(
                settings.required(&names::AWS_ACCESS_KEY_ID)?,
                settings.required(&names::AWS_SECRET_ACCESS_KEY)?,
                settings.optional(&names::AWS_SESSION_TOKEN),
                None,
                "lambda",
            ),
            endpoint: settings
                .optional(endpoint)
                .or_else(|| settings.optional(&names::AWS_ENDPOINT_URL)),
            http: http.clone(),
            timeouts: timeouts(settings.patience()?),
        })
    }

    /// A URL at which a connection can be opened ahead of need.
    #[must_use]
    pub fn warm_url(&self, service: &str) -> String {
        self.endpoint
            .clone()
            .unwrap_or_else(|| format!("https://{service}.{}.amazonaws.com/", self.region))
    }
}

/// Bounds that leave a webhook, which has 5 s, the time to try the inbox once the table has failed.
#[cfg(any(feature = "table", feature = "queues"))]
fn timeouts(patience: u32) -> TimeoutConfig {
    TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_millis(1_000) * patience)
        .operation_timeout(Duration::from_millis(2_500) * patience)
        .build()
}

/// What an AWS service answered instead of doing what it was asked. Its own sentence is left out: it may
/// quote what it was sent, and its code says what is wrong.
#[derive(Debug, thiserror::Error)]
#[error("it answered {0}")]
struct Answered(u16);

/// What lies behind an error of an SDK's, for the log.
pub(crate) fn source<E>(
    error: SdkError<E, HttpResponse>,
) -> Box<dyn std::error::Error + Send + Sync>
where
    E: std::error::Error + Send + Sync + 'static,
{
    match error.raw_response() {
        Some(response) => Box::new(Answered(response.status().as_u16())),
        None => Box::new(error),
    }
}

impl HttpConnector for super::Client {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request
                .try_into_http1x()
                .map_err(|error| ConnectorError::user(error.into()))?;
            let (head, body) = request.into_parts();
            let Some(body) = body.bytes().map(Bytes::copy_from_slice) else {
                return Err(ConnectorError::user("a streaming body".into()));
            };
            let request = http::Request::from_parts(head, Full::from(body));
            let response = client
                .request(request)
                .await
                .map_err(|error| ConnectorError::io(error.into()))?;
            HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

impl HttpClient for super::Client {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
