//! `GET /sessions/{id}/messages?after=&limit=`: the conversation, oldest first, by cursor.

use deskbridge::{
    answer::{self, Answers},
    auth::Guard,
    config::{ConfigError, Settings},
    error::{Error, Kind},
    http::Client,
    ids::MessageId,
    lambda,
    message::View,
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
    http: Client,
}

#[derive(Serialize)]
struct Messages<'a> {
    messages: Vec<View<'a>>,
    /// Where to go on, now or later; absent while there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a MessageId>,
    more: bool,
}

impl App {
    /// The function as the settings want it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let http = Client::from_settings(settings)?;
        Ok(Self {
            guard: Guard::from_settings(settings)?,
            table: Table::for_reading(settings, &http)?,
            http,
        })
    }

    /// Opens connections ahead of need: two, since two reads are made at the same time.
    pub async fn warm(&self) {
        let table = self.table.warm_url();
        self.http.warm(&[&table, &table]).await;
    }

    /// Answers one request.
    ///
    /// # Errors
    /// Those of [`ANSWERS`].
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let caller = self.guard.check(request.headers())?;
        let id = lambda::session_id(&request)?;
        let not_a_cursor = "not a cursor; use `next` of an earlier answer";
        let after = lambda::parameter(&request, "after", not_a_cursor, MessageId::parse)?;
        let limit = lambda::limit(&request)?;
        let (session, page) = tokio::try_join!(
            self.table.session(&id),
            self.table.messages_after(&id, after.as_ref(), limit)
        )?;
        let session = caller.may_see(session)?;
        answer::json(
            200,
            &Messages {
                next: page
                    .messages
                    .last()
                    .map(|message| &message.id)
                    .or(after.as_ref()),
                messages: page
                    .messages
                    .iter()
                    .map(|message| message.view_in(&session.sends))
                    .collect(),
                more: page.more,
            },
        )
    }
}
