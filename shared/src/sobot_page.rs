//! Sobot's page: the account of this deployment, who may open the page, and the call that asks Sobot for a token. Nothing is
//! kept of it.

use std::time::Duration;

use serde_json::value::RawValue;

use crate::{
    auth::Caller,
    clock,
    config::{ConfigError, SOBOT_BASE_URL, SOBOT_KEY, SOBOT_REGION, SOBOT_SYSNUM, Settings},
    error::{Error, Kind, VendorCode, VendorFault},
    fate::Fate,
    http::{Client, NoAnswer},
    ids::CustomerId,
    life::Life,
    line::{self, Metric},
    secret::Secret,
    vendor::{
        Vendor,
        sobot::{Account, Channel, Refusal, host, page_token},
    },
};

/// How long a page's token may live.
pub const LIFE: Life = Life {
    default: 3_600,
    longest: 86_400,
    longest_for_customers: 3_600,
};

/// A Sobot account, and the way to it. Made once at init.
#[derive(Debug)]
pub struct SobotPage {
    http: Client,
    limit: Duration,
    base_url: String,
    sysnum: String,
    key: Secret,
}

/// A token that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// For whom.
    pub customer: &'a CustomerId,
    /// When it ends, in Unix seconds.
    pub ends: i64,
    /// Where the page is opened.
    pub channel: Channel,
    /// The sub-channel, as the account has set it up.
    pub channel_flag: Option<u32>,
    /// The customer's fields, as the caller wrote them: they are signed and sent as text. See [`fields`].
    pub customized_fields: Option<&'a str>,
}

/// The customer's fields, where this caller may say them.
///
/// # Errors
/// Where a customer says who they are, or what is given is no object.
pub fn fields<'a>(caller: &Caller, given: Option<&'a RawValue>) -> Result<Option<&'a str>, Error> {
    let fields = given.map(RawValue::get);
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
    Ok(fields)
}

/// Whether Sobot's page can name a customer.
///
/// # Errors
/// Where it can't.
pub fn nameable(customer: &CustomerId) -> Result<(), Error> {
    if page_token::is_partnerid(customer.as_str()) {
        return Ok(());
    }
    Err(Error::field(
        "customer",
        "at Sobot's page a customer is named by letters, digits and - _ . @ : + alone",
    ))
}

impl SobotPage {
    /// The account that the settings describe; `None` where Sobot is off.
    ///
    /// # Errors
    /// Where only some of its settings are there, or one is malformed.
    pub fn from_settings(settings: &Settings) -> Result<Option<Self>, ConfigError> {
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

    /// Opens a connection ahead of need.
    pub async fn warm(&self) {
        self.http.warm(&[&self.base_url]).await;
    }

    /// The account.
    #[must_use]
    pub fn account(&self) -> Account<'_> {
        Account {
            base_url: &self.base_url,
            sysnum: &self.sysnum,
            key: self.key.expose(),
        }
    }

    /// Asks Sobot for a token.
    ///
    /// # Errors
    /// Where Sobot refuses, or can't be reached.
    pub async fn token(&self, wish: Wish<'_>) -> Result<String, Error> {
        nameable(wish.customer)?;
        let request = page_token::Request {
            partnerid: wish.customer.as_str(),
            ts: wish.ends,
            customized_fields: wish.customized_fields,
            channel: wish.channel,
            channel_flag: wish.channel_flag,
        };
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
            NoAnswer::Invalid => internal(none),
        })?;
        page_token::read(answer.status, &answer.headers, &answer.body)
            .map(|response| response.token)
            .map_err(refused)
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
