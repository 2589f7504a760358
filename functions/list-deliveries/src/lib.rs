//! `GET /deliveries?log=&status=&session=&since=&after=&limit=`: what has not reached the app or the
//! vendor, by cursor.

use deskbridge::{
    answer::{self, Answers},
    auth::ServerGuard,
    clock::{self, rfc3339},
    config::{ConfigError, Settings},
    error::{Error, Kind},
    http::Client,
    ids::{MessageId, SessionId},
    lambda,
    outstanding::{Cursor, Direction, EntryId, Filter, Outstanding, Status},
    table::Table,
};
use lambda_http::{Body, Request, Response};
use serde::Serialize;

/// What it may answer.
pub const ANSWERS: Answers = Answers {
    successes: &[200],
    errors: &[
        Kind::InvalidRequest,
        Kind::Unauthorized,
        Kind::RoleNotAllowed,
        Kind::StorageUnavailable,
        Kind::Internal,
    ],
};

/// What the function needs. Made once at init.
#[derive(Debug)]
pub struct App {
    guard: ServerGuard,
    table: Table,
    http: Client,
}

#[derive(Serialize)]
struct Deliveries<'a> {
    deliveries: Vec<View<'a>>,
    /// Where to go on; absent where this was all.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Serialize)]
struct View<'a> {
    id: &'a EntryId,
    session: &'a SessionId,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a MessageId>,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dead_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'a str>,
}

impl<'a> View<'a> {
    fn of(entry: &'a Outstanding) -> Self {
        Self {
            id: &entry.id,
            session: &entry.cursor.session,
            status: entry.cursor.status,
            r#type: entry.kind.as_deref(),
            task: entry.task,
            message: entry.message.as_ref(),
            created_at: rfc3339(entry.created_at),
            attempts: entry.attempts,
            retry_at: entry.next_at.map(rfc3339),
            dead_at: entry.dead_at.map(rfc3339),
            because: entry.because.as_deref(),
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
        Ok(Self {
            guard: ServerGuard::from_settings(settings)?,
            table: Table::for_reading(settings, &http)?,
            http,
        })
    }

    /// Opens connections ahead of need.
    pub async fn warm(&self) {
        self.http.warm(&[&self.table.warm_url()]).await;
    }

    /// Answers one request.
    ///
    /// # Errors
    /// Those of [`ANSWERS`].
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        self.guard.check(request.headers())?;
        let filter = Filter {
            direction: lambda::parameter(
                &request,
                "log",
                "`deliveries`, to the app, or `sends`, to the vendor",
                Direction::parse,
            )?
            .unwrap_or_default(),
            status: lambda::parameter(&request, "status", "`due` or `dead`", Status::parse)?,
            session: lambda::parameter(
                &request,
                "session",
                "the id of a session: `ses_…`",
                SessionId::parse,
            )?,
            since: lambda::parameter(
                &request,
                "since",
                "a time as RFC 3339 writes it, such as 2026-11-21T09:52:11Z",
                clock::of_rfc3339,
            )?,
        };
        let after = lambda::parameter(
            &request,
            "after",
            "not a cursor; use `next` of an earlier answer",
            Cursor::parse,
        )?;
        let limit = lambda::limit(&request)?;
        let page = self
            .table
            .outstanding(&filter, after.as_ref(), limit, clock::now())
            .await?;
        let last = page.entries.last().filter(|_| !page.is_last);
        answer::json(
            200,
            &Deliveries {
                deliveries: page.entries.iter().map(View::of).collect(),
                next: last.map(|entry| entry.cursor.to_string()),
            },
        )
    }
}
