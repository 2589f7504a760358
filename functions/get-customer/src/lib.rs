//! `GET /customers/{customer}`: where a customer stands at the vendor, their place in the queue, and what agents wrote
//! that they have not read.

mod asked;
mod unread;

use asked::{Asked, Who};
use deskbridge::{
    answer::{self, Answers},
    auth::Guard,
    budget::Class,
    config::{ConfigError, Settings, UDESK_QUEUE_TEXTS},
    desk::{AskError, CustomerNumbers, Desk, UdeskLine},
    error::{Error, Kind},
    http::Client,
    ids::{CustomerId, SessionId},
    inbound,
    table::Table,
    vendor::{
        Vendor,
        udesk::{
            Id, customer_status,
            queue_status::{self, Standing, Texts},
            unread_customer_offline,
        },
    },
};
use futures_util::future::OptionFuture;
use jiff::tz::Offset;
use lambda_http::{Body, Request, Response};
use serde::Serialize;
use unread::Unread;

/// What it may answer.
pub const ANSWERS: Answers = Answers {
    successes: &[200],
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
    numbers: CustomerNumbers,
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
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<Queue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<SessionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<Unread>,
}

#[derive(Serialize)]
struct Queue {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    /// What Udesk says, where nobody knows what that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
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
            numbers: CustomerNumbers::from_settings(settings),
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
        let wants = asked.wants;
        let (status, queue, unread) = tokio::try_join!(
            maybe(wants.status.then(|| status(&udesk, &asked.who))),
            maybe(wants.queue.then(|| self.queue(&udesk, &asked.who))),
            maybe(
                wants
                    .unread
                    .then(|| self.unread(&udesk, &asked, vendor_session))
            ),
        )?;
        answer::json(
            200,
            &View {
                customer: asked.who.customer(),
                vendor: Vendor::Udesk,
                status,
                queue: queue.flatten(),
                session: session.map(|session| session.id),
                unread: unread.flatten(),
            },
        )
    }

    /// What agents wrote in the session that is going on and the customer has not read.
    async fn unread(
        &self,
        udesk: &UdeskLine<'_>,
        asked: &Asked,
        vendor_session: Option<Id>,
    ) -> Result<Option<Unread>, AskError> {
        let Some(im_sub_session_id) = vendor_session else {
            return Ok(None);
        };
        let number = match &asked.who {
            Who::Customer(customer) => self.numbers.of(udesk, customer, Class::Read).await?,
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

    /// The place in the queue; Udesk tells it of the app's own customers alone.
    async fn queue(&self, udesk: &UdeskLine<'_>, who: &Who) -> Result<Option<Queue>, AskError> {
        let Who::Customer(customer) = who else {
            return Ok(None);
        };
        let request = queue_status::Request {
            customer_token: customer.as_str(),
        };
        let told = udesk.ask(&request, Class::Read).await?;
        let standing = told.standing(&self.texts);
        let unknown = standing == Standing::Unknown;
        Ok(Some(Queue {
            status: standing.name(),
            position: told.position,
            text: told.text.filter(|_| unknown),
        }))
    }
}

/// What is wanted, if it is.
async fn maybe<T>(
    wanted: Option<impl Future<Output = Result<T, AskError>>>,
) -> Result<Option<T>, Error> {
    let came = OptionFuture::from(wanted).await.transpose();
    came.map_err(Error::from)
}

async fn status(udesk: &UdeskLine<'_>, who: &Who) -> Result<&'static str, AskError> {
    use customer_status::Standing;
    let told = udesk.ask(&who.status(), Class::Read).await?;
    Ok(match told.standing {
        Standing::NoSession => "no_session",
        Standing::InSession => "in_session",
        Standing::InQueue => "in_queue",
        Standing::Invalid => "unknown_customer",
        Standing::Unknown(_) => "other",
    })
}
