//! `GET /customers/{customer}`: where a customer stands at the vendor, their place in the queue, and what agents wrote
//! that they have not read. Of the app's customers, whom anybody may poll, Udesk is asked each part once in a few
//! seconds.

mod asked;
mod standing;
mod unread;

use asked::{Asked, Who};
use deskbridge::{
    answer::{self, Answers},
    auth::Guard,
    budget::Class,
    clock::{Millis, rfc3339},
    config::{ConfigError, Settings, UDESK_QUEUE_TEXTS},
    desk::{AskError, Desk, Polled, Spent, UdeskLine},
    error::{Error, Kind},
    http::Client,
    ids::{CustomerId, SessionId},
    inbound,
    table::{Table, unread_of},
    vendor::{
        Vendor,
        udesk::{Id, queue_status::Texts, unread_customer_offline},
    },
};
use futures_util::{FutureExt, future::OptionFuture};
use jiff::tz::Offset;
use lambda_http::{Body, Request, Response};
use serde::{Serialize, de::DeserializeOwned};
use standing::{Queue, Status};
use unread::Unread;

/// How long an older answer is better than none, in milliseconds.
const KEPT: Millis = 10_000;

/// What it may answer.
pub const ANSWERS: Answers = Answers {
    successes: &[200, 202],
    errors: &[
        Kind::InvalidRequest,
        Kind::Unauthorized,
        Kind::RoleNotAllowed,
        Kind::VendorRefused,
        Kind::VendorNotConfigured,
        Kind::VendorUnavailable,
        Kind::StorageUnavailable,
        Kind::Internal,
    ],
};

/// What the function needs. Made once at init.
#[derive(Debug)]
pub struct App {
    guard: Guard,
    table: Table,
    desk: Desk,
    offset: Offset,
    texts: Texts,
    http: Client,
}

/// Where a customer stands.
#[derive(Serialize)]
struct View<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<&'a CustomerId>,
    vendor: Vendor,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<Queue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<SessionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<Unread>,
    /// The parts that Udesk could not be asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<&'static str>,
    /// When it can be asked for all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<String>,
}

/// The parts that are not known yet.
#[derive(Default)]
struct Missing {
    parts: Vec<&'static str>,
    retry_at: Option<Millis>,
}

impl Missing {
    /// What is known of a part, if it was wanted.
    fn or<T>(&mut self, part: &'static str, polled: Option<Polled<T>>) -> Option<T> {
        match polled? {
            Polled::Told(told) => Some(told),
            Polled::Later(at) => {
                self.parts.push(part);
                self.retry_at = self.retry_at.max(Some(at));
                None
            }
        }
    }
}

impl App {
    /// The function as the settings want it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let http = Client::from_settings(settings)?;
        let table = Table::for_reading(settings, &http)?;
        Ok(Self {
            guard: Guard::from_settings(settings)?,
            desk: Desk::of_udesk(settings, &http, &table)?,
            offset: inbound::udesk::offset(settings)?,
            texts: Texts::parse(&settings.list(&UDESK_QUEUE_TEXTS))
                .map_err(|error| UDESK_QUEUE_TEXTS.malformed(&error))?,
            table,
            http,
        })
    }

    /// Opens connections ahead of need.
    pub async fn warm(&self) {
        let table = self.table.warm_url();
        let mut urls = self.desk.warm_urls();
        urls.push(&table);
        self.http.warm(&urls).await;
    }

    /// Answers one request.
    ///
    /// # Errors
    /// Those of [`ANSWERS`].
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let caller = self.guard.check(request.headers())?;
        let asked = Asked::of(&request, &caller)?;
        let udesk = self.desk.udesk()?;
        let session = match &asked.who {
            Who::Customer(customer) => self.table.open_session(Vendor::Udesk, customer).await?,
            Who::Web { .. } | Who::Sdk { .. } => None,
        };
        let vendor_session = session
            .as_ref()
            .and_then(|session| session.vendor_session.as_deref()?.parse().ok())
            .map(Id)
            .or(asked.vendor_session);
        let (who, wants) = (&asked.who, asked.wants);
        let request = who.status();
        let of_customer = |part: &str| Some(format!("{part}:{}", who.customer()?));
        let status = wants.status.then(|| {
            let ask = standing::status(&udesk, &request);
            polled(&udesk, of_customer("status"), ask)
        });
        let queue = who.customer().filter(|_| wants.queue).map(|customer| {
            let ask = standing::queue(&udesk, customer, &self.texts);
            polled(&udesk, of_customer("queue"), ask)
        });
        let unread = vendor_session.filter(|_| wants.unread).map(|id| {
            let what = session.as_ref().map(|session| unread_of(&session.id));
            polled(&udesk, what, self.unread(&udesk, &asked, id))
        });
        let (status, queue, unread) = tokio::try_join!(
            OptionFuture::from(status).map(Option::transpose),
            OptionFuture::from(queue).map(Option::transpose),
            OptionFuture::from(unread).map(Option::transpose),
        )?;
        let mut missing = Missing::default();
        let view = View {
            customer: who.customer(),
            vendor: Vendor::Udesk,
            status: missing.or("status", status),
            queue: missing.or("queue", queue),
            session: session.map(|session| session.id),
            unread: missing.or("unread", unread).flatten(),
            retry_at: missing.retry_at.map(rfc3339),
            missing: missing.parts,
        };
        let http = if view.missing.is_empty() { 200 } else { 202 };
        answer::json(http, &view)
    }

    /// What agents wrote in the session that is going on and the customer has not read.
    async fn unread(
        &self,
        udesk: &UdeskLine<'_>,
        asked: &Asked,
        im_sub_session_id: Id,
    ) -> Result<Option<Unread>, AskError> {
        // The caller waits no longer for two calls than for one.
        let (spent, udesk) = (Spent::default(), *udesk);
        let udesk = &udesk.sharing(&spent);
        let number = match &asked.who {
            Who::Customer(customer) => udesk.numbers().of(udesk, customer, Class::Read).await?,
            Who::Web { .. } | Who::Sdk { .. } => asked.vendor_customer,
        };
        let Some(customer_id) = number else {
            return Ok(None);
        };
        let request = unread_customer_offline::Request {
            im_sub_session_id,
            customer_id,
            app_id: asked.who.app_id(),
        };
        match udesk.ask(&request, Class::Read).await {
            Ok(found) => Ok(Some(Unread::of(found, self.offset))),
            // The session has ended there: what was unread in it can't be asked for.
            Err(AskError::Gone(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A part of the answer, remembered as `what`. Of visitors of the vendor's page and users of its SDK only a server asks,
/// and nothing is remembered.
async fn polled<T: Serialize + DeserializeOwned>(
    udesk: &UdeskLine<'_>,
    what: Option<String>,
    ask: impl Future<Output = Result<T, AskError>>,
) -> Result<Polled<T>, AskError> {
    if let Some(what) = what {
        return udesk.poll(&what, KEPT, ask).await;
    }
    match ask.await {
        Err(AskError::Wait { retry_at, .. }) => Ok(Polled::Later(retry_at)),
        told => told.map(Polled::Told),
    }
}
