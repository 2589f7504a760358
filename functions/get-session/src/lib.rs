//! `GET /sessions/{id}` and `GET /sessions?customer=`: where a conversation stands. Of whoever waits at Udesk, the place in
//! the queue as it is now; of whoever is at Tencent, with whom.

mod place;

use deskbridge::{
    answer::{self, Answers},
    auth::{Caller, Guard},
    config::{ConfigError, Settings},
    desk::Desk,
    error::{Error, Kind},
    http::Client,
    ids::{CustomerId, SessionId},
    lambda,
    session::View,
    table::Table,
    vendor::Vendor,
};
use futures_util::future::try_join_all;
use lambda_http::{Body, Request, Response};
use serde::Serialize;

/// What it may answer.
pub const ANSWERS: Answers = Answers {
    successes: &[200],
    errors: &[
        Kind::InvalidRequest,
        Kind::Unauthorized,
        Kind::RoleNotAllowed,
        Kind::SessionNotFound,
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
    http: Client,
}

#[derive(Serialize)]
struct Sessions<'a> {
    sessions: Vec<View<'a>>,
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
            desk: Desk::of_udesk_and_tencent(settings, &http, &table)?,
            table,
            http,
        })
    }

    /// Opens a connection ahead of need. Udesk is asked only of those who wait, Tencent once in a while.
    pub async fn warm(&self) {
        self.http.warm(&[&self.table.warm_url()]).await;
    }

    /// Answers one request.
    ///
    /// # Errors
    /// Those of [`ANSWERS`].
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let caller = self.guard.check(request.headers())?;
        match lambda::path_parameter(&request, "id") {
            Some(id) => self.one(&caller, &id).await,
            None => self.open_ones(&caller, &request).await,
        }
    }

    async fn one(&self, caller: &Caller, id: &str) -> Result<Response<Body>, Error> {
        let id = SessionId::parse(id).ok_or_else(Error::session_not_found)?;
        let (session, survey) = self.table.session_and_survey(&id).await?;
        let mut session = caller.may_see(session)?;
        self.refresh(&mut session).await;
        answer::json(200, &session.view(survey.as_ref()))
    }

    async fn open_ones(&self, caller: &Caller, request: &Request) -> Result<Response<Body>, Error> {
        let named = lambda::parameter(request, "customer", CustomerId::FORM, CustomerId::parse)?;
        let customer = caller.customer(named)?;
        let vendors = match lambda::query_parameter(request, "vendor") {
            Some(given) => vec![vendor(&given)?],
            None => Vendor::ALL.to_vec(),
        };
        let found = vendors
            .into_iter()
            .map(|vendor| self.table.open_session(vendor, &customer));
        let found = try_join_all(found).await?;
        let mut found: Vec<_> = found.into_iter().flatten().collect();
        for session in &mut found {
            self.refresh(session).await;
        }
        let sessions = found.iter().map(|session| session.view(None)).collect();
        answer::json(200, &Sessions { sessions })
    }
}

fn vendor(given: &str) -> Result<Vendor, Error> {
    Vendor::ALL
        .into_iter()
        .find(|vendor| vendor.name() == given)
        .ok_or_else(|| Error::field("vendor", format!("no such vendor; there is {}", names())))
}

fn names() -> String {
    Vendor::ALL.map(Vendor::name).join(", ")
}
