//! `DELETE /sessions?from=&to=&customer=`: erase conversations that have ended, the vendor's history and ours. So much
//! at once as a request has time for; what it leaves, a repeat or the next page finishes.

use std::time::Duration;

use deskbridge::{
    answer::{self, Answers},
    auth::ServerGuard,
    budget::Class,
    clock::{self, Millis},
    config::{ConfigError, Settings},
    desk::{Desk, UdeskLine},
    error::{Error, Kind},
    http::Client,
    ids::CustomerId,
    inbound, lambda,
    table::{Begun, Behind, Erased, Table, TableError},
    vendor::{
        Vendor,
        udesk::{
            Code, Id, date,
            destroy_session::{self, Whose},
            get_customer,
        },
    },
};
use jiff::tz::Offset;
use lambda_http::{Body, Request, Response};
use serde::Serialize;
use tokio::time::{Instant, timeout, timeout_at};

/// How long the vendor may take in all, whatever its calls may take one by one …
const VENDOR_LIMIT: Duration = Duration::from_secs(20);
/// … how long ours goes on being erased …
const BUDGET: Duration = Duration::from_secs(5);
/// … and when a table that does not answer is given up: Lambda ends the function after 29 s.
const LIMIT: Duration = Duration::from_secs(27);
const _: () = assert!(VENDOR_LIMIT.as_secs() + BUDGET.as_secs() < LIMIT.as_secs());

/// What it may answer.
pub const ANSWERS: Answers = Answers {
    successes: &[200],
    errors: &[
        Kind::InvalidRequest,
        Kind::Unauthorized,
        Kind::RoleNotAllowed,
        Kind::VendorRefused,
        Kind::VendorUnavailable,
        Kind::StorageUnavailable,
        Kind::Internal,
    ],
};

/// What the function needs. Made once at init.
#[derive(Debug)]
pub struct App {
    guard: ServerGuard,
    desk: Desk,
    offset: Offset,
    table: Table,
    http: Client,
}

/// What is to be erased.
struct Ask {
    from: Millis,
    to: Millis,
    /// Whose; everybody's where there is none, which was said then.
    customer: Option<CustomerId>,
    /// Whether the vendor is to erase its history as well.
    at_vendor: bool,
    after: Option<Cursor>,
}

/// Where to go on: the vendor's history is erased already.
#[derive(Clone)]
enum Cursor {
    /// With the first session.
    First,
    /// Behind this one.
    Behind(Behind),
}

/// What was erased.
#[derive(Default, Serialize)]
struct Done {
    /// How many sessions.
    erased: u64,
    /// How many began in that time and have not ended.
    open: u64,
    /// Whether the vendor erased its history in this request.
    at_vendor: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    #[serde(skip)]
    last: Option<Behind>,
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
            guard: ServerGuard::from_settings(settings)?,
            desk: Desk::of_udesk(settings, &http, &table)?,
            offset: inbound::udesk::offset(settings)?,
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
        self.guard.check(request.headers())?;
        let ask = Ask::of(&request)?;
        let last = Instant::now() + LIMIT;
        // The vendor first: where it refuses, nothing has happened.
        let at_vendor = match ask.after {
            None if ask.at_vendor => timeout(VENDOR_LIMIT, self.erase_at_vendor(&ask))
                .await
                .map_err(|too_long| {
                    let message = "the vendor takes too long; send it again in a moment";
                    Error::new(Kind::VendorUnavailable, message).with_source(too_long)
                })??,
            None | Some(_) => false,
        };
        let mut done = Done {
            at_vendor,
            ..Done::default()
        };
        let end = Instant::now() + BUDGET;
        let erased = async {
            match &ask.customer {
                Some(customer) => self.erase_of(customer, &ask, end, &mut done).await,
                None => self.erase_all(&ask, end, &mut done).await,
            }
        };
        timeout_at(last, erased).await.map_err(|too_long| {
            let message = "storage takes too long; send it again in a moment";
            Error::new(Kind::StorageUnavailable, message).with_source(too_long)
        })??;
        answer::json(200, &done)
    }

    /// Gives whether there was anything that could be erased: the vendor may not be set up here, or never have heard of
    /// the customer.
    async fn erase_at_vendor(&self, ask: &Ask) -> Result<bool, Error> {
        let Ok(udesk) = self.desk.udesk() else {
            return Ok(false);
        };
        let of = match &ask.customer {
            Some(customer) => match self.number(&udesk, customer).await? {
                Some(number) => Whose::Customer(number),
                None => return Ok(false),
            },
            None => Whose::Everybody,
        };
        // Udesk knows whole seconds: those that the stretch touches.
        let whole_second = (ask.to + 999).div_euclid(1_000) * 1_000;
        let [start_time, end_time] =
            [ask.from, whole_second].map(|at| date::write(at, self.offset));
        let destroy = destroy_session::Request {
            start_time: &start_time,
            end_time: &end_time,
            of,
        };
        udesk.ask(&destroy, Class::Read).await?;
        Ok(true)
    }

    /// Udesk's own number of the customer, where it knows them.
    async fn number(
        &self,
        udesk: &UdeskLine<'_>,
        customer: &CustomerId,
    ) -> Result<Option<Id>, Error> {
        let find = get_customer::Request {
            kind: udesk.numbers().kind(),
            content: customer.as_str(),
        };
        match udesk.ask(&find, Class::Read).await {
            Ok(found) => Ok(Some(found.id)),
            // The one code says two things: there is no such customer, and whoever asks is no super-admin.
            Err(error) if error.code() == Some(Code::NotAdminOrAbsent.number()) => {
                match self.was_at_udesk(customer).await? {
                    true => Err(Error::from(error).with_advice(NOT_ADMIN_OR_ABSENT)),
                    false => Ok(None),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether we know that Udesk had a session with the customer, whenever that was.
    async fn was_at_udesk(&self, customer: &CustomerId) -> Result<bool, TableError> {
        let (now, mut after) = (clock::now(), None);
        loop {
            let page = self
                .table
                .begun_by(Vendor::Udesk, customer, 0, now, after.as_ref())
                .await?;
            for begun in page.sessions {
                let session = self.table.session(&begun.session).await?;
                if session.is_some_and(|session| session.reached_vendor()) {
                    return Ok(true);
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(false);
            }
        }
    }

    /// One customer's, vendor by vendor.
    async fn erase_of(
        &self,
        customer: &CustomerId,
        ask: &Ask,
        end: Instant,
        done: &mut Done,
    ) -> Result<(), Error> {
        let mut behind = match &ask.after {
            Some(Cursor::Behind(behind)) => Some(behind.clone()),
            Some(Cursor::First) | None => None,
        };
        let first = match &behind {
            Some(behind) => Vendor::ALL
                .into_iter()
                .position(|vendor| behind.is_of(vendor, customer))
                .ok_or_else(|| Error::field("after", NOT_A_CURSOR))?,
            None => 0,
        };
        done.last.clone_from(&behind);
        for vendor in Vendor::ALL.into_iter().skip(first) {
            loop {
                let (from, to) = (ask.from, ask.to);
                let page = self
                    .table
                    .begun_by(vendor, customer, from, to, behind.as_ref())
                    .await?;
                if !self.erase_each(&page.sessions, end, done).await? {
                    return Ok(());
                }
                behind = page.next;
                if behind.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Everybody's. Each request gets through a page of the table at least.
    async fn erase_all(&self, ask: &Ask, end: Instant, done: &mut Done) -> Result<(), Error> {
        let mut behind = match &ask.after {
            Some(Cursor::Behind(behind)) => Some(behind.clone()),
            Some(Cursor::First) | None => None,
        };
        loop {
            done.last.clone_from(&behind);
            let (from, to) = (ask.from, ask.to);
            let page = self.table.begun_by_all(from, to, behind.as_ref()).await?;
            if !self.erase_each(&page.sessions, end, done).await? {
                return Ok(());
            }
            behind = page.next;
            match &behind {
                None => return Ok(()),
                Some(behind) if Instant::now() >= end => {
                    done.next = Some(behind.to_string());
                    return Ok(());
                }
                Some(_) => {}
            }
        }
    }

    /// Gives whether there was time for all of them; says where to go on where there was not.
    async fn erase_each(
        &self,
        sessions: &[Begun],
        end: Instant,
        done: &mut Done,
    ) -> Result<bool, Error> {
        for begun in sessions {
            match self.table.erase(begun, end).await? {
                Erased::Gone => done.erased += 1,
                Erased::Open => done.open += 1,
                Erased::Unfinished => {
                    let last = done.last.take();
                    let next = last.map_or(Cursor::First, Cursor::Behind);
                    done.next = Some(next.to_string());
                    return Ok(false);
                }
            }
            done.last = Some(begun.here.clone());
        }
        Ok(true)
    }
}

impl Ask {
    fn of(request: &Request) -> Result<Self, Error> {
        let (from, to) = lambda::stretch(request)?;
        let customer = lambda::parameter(request, "customer", CustomerId::FORM, CustomerId::parse)?;
        let everybody = lambda::query_parameter(request, "everybody");
        match (everybody.as_deref(), &customer) {
            (Some("true"), None) | (None, Some(_)) => {}
            (None, None) => {
                let message =
                    "say whose sessions; `everybody=true` instead erases those of all customers";
                return Err(Error::field("customer", message));
            }
            (Some("true"), Some(_)) => {
                let message = "leave it out, or leave `customer` out";
                return Err(Error::field("everybody", message));
            }
            (Some(_), _) => return Err(Error::field("everybody", "`true`, or left out")),
        }
        let at_vendor = lambda::parameter(request, "at_vendor", "`true` or `false`", |given| {
            given.parse().ok()
        })?;
        let after = lambda::parameter(request, "after", NOT_A_CURSOR, Cursor::parse)?;
        Ok(Self {
            from,
            to,
            customer,
            at_vendor: at_vendor.unwrap_or(true),
            after,
        })
    }
}

impl Cursor {
    fn parse(given: &str) -> Option<Self> {
        if given == "first" {
            return Some(Self::First);
        }
        Behind::parse(given).map(Self::Behind)
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::First => f.write_str("first"),
            Self::Behind(behind) => behind.fmt(f),
        }
    }
}

/// What to do where Udesk does not say which of the two it means.
const NOT_ADMIN_OR_ABSENT: &str = "it says so where it does not know a customer and where whoever asks is no super-admin, and this \
     customer has had sessions at Udesk; nothing was erased: see that UDESK_EMAIL and UDESK_API_TOKEN are a \
     super-admin's, or, where Udesk has the customer no more, send `at_vendor=false`";
const NOT_A_CURSOR: &str = "not a cursor; use `next` of an earlier answer, with the same query";
