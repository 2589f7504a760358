//! Sobot's token, with which a customer opens Sobot's page, and the link to it.

use std::time::Duration;

use deskbridge::{
    auth::Caller,
    clock::{self, Millis},
    config::{ConfigError, SOBOT_BASE_URL, SOBOT_KEY, SOBOT_REGION, SOBOT_SYSNUM, Settings},
    error::{Error, Kind, VendorCode, VendorFault},
    fate::Fate,
    http::{Client, NoAnswer},
    ids::CustomerId,
    line::{self, Metric},
    secret::Secret,
    vendor::{
        Vendor,
        sobot::{Account, Channel, Refusal, host, link, page_token},
    },
};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::value::RawValue;

use crate::life::Life;

const LIFE: Life = Life {
    default: 3_600,
    longest: 86_400,
    longest_for_customers: 3_600,
};

/// A Sobot account, and the way to it.
#[derive(Debug)]
pub(crate) struct Sobot {
    http: Client,
    limit: Duration,
    base_url: String,
    sysnum: String,
    key: Secret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    customer: Option<CustomerId>,
    expires_in: Option<i64>,
    channel: Option<Channel>,
    channel_flag: Option<u32>,
    // As the caller wrote it: it is signed and sent as text.
    customized_fields: Option<Box<RawValue>>,
}

#[derive(Serialize)]
pub(crate) struct Token {
    token: String,
    expires_at: String,
    link: String,
}

impl Sobot {
    /// `None` where Sobot is off.
    pub(crate) fn from_settings(settings: &Settings) -> Result<Option<Self>, ConfigError> {
        let given = [&SOBOT_BASE_URL, &SOBOT_REGION, &SOBOT_SYSNUM, &SOBOT_KEY]
            .map(|setting| settings.optional(setting));
        if given.iter().all(Option::is_none) {
            return Ok(None);
        }
        Ok(Some(Self {
            base_url: host::base_url(settings)?,
            sysnum: settings.required(&SOBOT_SYSNUM)?,
            key: Secret::new(settings.required(&SOBOT_KEY)?),
            limit: settings.vendor_timeout()?,
            http: Client::from_settings(settings)?,
        }))
    }

    pub(crate) async fn warm(&self) {
        self.http.warm(&[&self.base_url]).await;
    }

    pub(crate) async fn issue(
        &self,
        caller: &Caller,
        ask: Ask,
        now: Millis,
    ) -> Result<Token, Error> {
        let customer = caller.customer(ask.customer)?;
        let life = LIFE.of(ask.expires_in, caller)?;
        let fields = ask.customized_fields.as_deref().map(RawValue::get);
        if let (Some(_), Caller::Customer(_)) = (fields, caller) {
            return Err(Error::new(
                Kind::RoleNotAllowed,
                "a customer may not say who they are: `customized_fields` needs an API key",
            ));
        }
        if fields.is_some_and(|fields| !fields.starts_with('{')) {
            return Err(Error::field(
                "customized_fields",
                "`customized_fields` is an object: the names of the customer's fields, and their values",
            ));
        }
        if !page_token::is_partnerid(customer.as_str()) {
            return Err(Error::field(
                "customer",
                "at Sobot's page a customer is named by letters, digits and - _ . @ : + alone",
            ));
        }
        let channel = ask.channel.unwrap_or_default();
        let ends = now / 1_000 + life;
        let token = self
            .ask(&page_token::Request {
                partnerid: customer.as_str(),
                ts: ends,
                customized_fields: fields,
                channel,
                channel_flag: ask.channel_flag,
            })
            .await?;
        Ok(Token {
            link: link::page(&self.account(), channel, &token),
            token,
            expires_at: clock::rfc3339(ends * 1_000),
        })
    }

    async fn ask(&self, request: &page_token::Request<'_>) -> Result<String, Error> {
        let request = request.to_http(&self.account()).map_err(internal)?;
        let started = clock::now();
        let answer = self.http.call(request, self.limit).await;
        let took_ms = clock::now() - started;
        line::at(Vendor::Sobot);
        line::add(Metric::VendorTime, took_ms);
        tracing::info!(
            vendor = "sobot",
            call = "POST /api/page/token",
            status = answer.as_ref().map_or(0, |answer| answer.status),
            took_ms,
            "called"
        );
        let answer = answer.map_err(|none| match none {
            NoAnswer::Unreachable(_) | NoAnswer::Lost(_) => {
                Error::vendor_unavailable(fault(None, none.to_string())).with_source(none)
            }
            NoAnswer::Invalid(_) => internal(none),
        })?;
        page_token::read(answer.status, &answer.headers, &answer.body)
            .map(|response| response.token)
            .map_err(refused)
    }

    fn account(&self) -> Account<'_> {
        Account {
            base_url: &self.base_url,
            sysnum: &self.sysnum,
            key: self.key.expose(),
        }
    }
}

fn refused(refusal: Refusal) -> Error {
    let fault = fault(
        refusal.code.map(|code| VendorCode::Text(code.text())),
        refusal.message,
    );
    match refusal.fate {
        Fate::Refused | Fate::SessionGone => Error::vendor_refused(fault),
        Fate::Retry { .. } | Fate::RetryMaybeArrived | Fate::Resign => {
            Error::vendor_unavailable(fault)
        }
    }
}

fn fault(code: Option<VendorCode>, message: String) -> VendorFault {
    VendorFault {
        name: Vendor::Sobot.name().to_owned(),
        code,
        message,
    }
}

fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Kind::Internal, "something went wrong on our side").with_source(error)
}
