//! Cards for customers of Udesk's own web and SDK clients: the call that sends one, at the pace at which Udesk takes them.
//! Nothing is kept of it, since the conversation is Udesk's and not ours.

use std::time::Duration;

use crate::{
    budget::{Rates, Scope},
    clock::{self, Millis},
    config::{ConfigError, Settings, UDESK_BASE_URL, UDESK_RATE_LIMIT, UDESK_STRUCT_MESSAGE_KEY},
    error::{Error, Kind, VendorCode, VendorFault},
    http::{Client, NoAnswer},
    lambda,
    line::{self, Metric},
    secret::Secret,
    table::Table,
    vendor::{
        Vendor,
        udesk::{
            Fate, Refusal,
            struct_message::{self, Request},
        },
    },
};

/// Udesk takes one card in two seconds; half a second more, since a call may be slower on its way than the next one.
const GAP: Millis = 2_500;

/// The way to Udesk. Made once at init.
#[derive(Debug)]
pub struct Sender {
    http: Client,
    limit: Duration,
    base_url: String,
    key: Secret,
    table: Table,
    gap: Millis,
}

/// What became of a card.
#[derive(Debug, PartialEq, Eq)]
pub enum Sent {
    /// Udesk took it.
    Taken,
    /// Not made, or not taken: it is another's turn.
    NotYet {
        /// When to try again.
        after: Duration,
    },
    /// No answer came, or none that says: it may have arrived, and a repeat would come twice.
    Unknown,
}

impl Sender {
    /// The sender that the settings describe; `None` where there is no key.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn from_settings(settings: &Settings) -> Result<Option<Self>, ConfigError> {
        let Some(key) = settings.optional(&UDESK_STRUCT_MESSAGE_KEY) else {
            return Ok(None);
        };
        let base_url = settings.address(&UDESK_BASE_URL)?;
        let rates = Rates::parse(&settings.list(&UDESK_RATE_LIMIT), 60, Scope::Api)
            .map_err(|error| UDESK_RATE_LIMIT.malformed(&error))?;
        let http = Client::from_settings(settings)?;
        Ok(Some(Self {
            base_url: base_url.map_or_else(|| settings.required(&UDESK_BASE_URL), Ok)?,
            key: Secret::new(key),
            limit: settings.vendor_timeout()?,
            table: Table::for_reading(settings, &http)?,
            gap: rates.gap(Request::API.name()).unwrap_or(GAP),
            http,
        }))
    }

    /// Scheme and host of the account.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// What signs cards, and the link of their list.
    #[must_use]
    pub fn key(&self) -> &Secret {
        &self.key
    }

    /// Opens connections ahead of need.
    pub async fn warm(&self) {
        self.http
            .warm(&[&self.base_url, &self.table.warm_url()])
            .await;
    }

    /// Sends a card, if it is its turn.
    ///
    /// # Errors
    /// Where Udesk refuses it, or can't be reached.
    pub async fn send(&self, request: &Request<'_>) -> Result<Sent, Error> {
        line::at(Vendor::Udesk);
        if let Some(after) = self.other_turn().await {
            return Ok(Sent::NotYet { after });
        }
        let started = clock::now();
        let http = request
            .to_http(&self.base_url, self.key.expose(), started / 1_000)
            .map_err(internal)?;
        let answer = self.http.call(http, self.limit).await;
        let took_ms = clock::now() - started;
        line::add(Metric::VendorTime, took_ms);
        tracing::info!(
            vendor = "udesk",
            call = Request::API.name(),
            status = answer.as_ref().map_or(0, |answer| answer.status),
            took_ms,
            "called"
        );
        let answer = match answer {
            Ok(answer) => answer,
            Err(NoAnswer::Lost(_)) => return Ok(Sent::Unknown),
            Err(none @ NoAnswer::Unreachable(_)) => {
                let fault = fault(None, "could not connect");
                return Err(Error::vendor_unavailable(fault).with_source(none));
            }
            Err(none @ NoAnswer::Invalid) => return Err(internal(none)),
        };
        match struct_message::read(answer.status, &answer.headers, &answer.body) {
            Ok(_) => {
                line::add(Metric::Sent, 1);
                Ok(Sent::Taken)
            }
            Err(refusal) => Self::judged(refusal),
        }
    }

    /// How long it is another card's turn, whichever Lambda sent that.
    async fn other_turn(&self) -> Option<Duration> {
        let now = clock::now();
        let paced = self
            .table
            .pace(Vendor::Udesk, Request::API.name(), self.gap, now)
            .await;
        match paced {
            Ok(turn) => turn.map(|turn| {
                line::add(Metric::OverBudget, 1);
                Duration::from_millis((turn - now).try_into().unwrap_or_default())
            }),
            // Without a count the call may come too early, which Udesk says then: better than none at all.
            Err(error) => {
                tracing::warn!(error = lambda::chain(&error), "not counted");
                None
            }
        }
    }

    fn judged(refusal: Refusal) -> Result<Sent, Error> {
        let gap = Duration::from_millis(GAP.try_into().unwrap_or_default());
        match refusal.fate {
            Fate::Retry { after } => Ok(Sent::NotYet {
                after: after.unwrap_or(gap),
            }),
            // There is no nonce here, and the next attempt is signed with the time of then.
            Fate::Resign => Ok(Sent::NotYet { after: gap }),
            Fate::RetryMaybeArrived => Ok(Sent::Unknown),
            Fate::SessionGone | Fate::Refused => {
                let code = refusal.code.map(|code| code.number());
                Err(Error::vendor_refused(fault(code, &refusal.message)))
            }
        }
    }
}

/// How many characters of Udesk's words are told.
const LONGEST_FAULT: usize = 300;

fn fault(code: Option<i64>, message: &str) -> VendorFault {
    VendorFault {
        name: Vendor::Udesk.name().to_owned(),
        code: code.map(VendorCode::from),
        message: message.chars().take(LONGEST_FAULT).collect(),
    }
}

fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Kind::Internal, "something went wrong on our side").with_source(error)
}
