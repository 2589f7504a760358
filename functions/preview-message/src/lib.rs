//! `PUT /sessions/{id}/preview`: show the agent what the customer is typing. Nothing is kept: what can't be shown
//! now is worth nothing later, and the next preview says more.

use std::time::Duration;

use deskbridge::{
    answer::{self, Answers},
    auth::Guard,
    budget::Class,
    clock::{self, Millis},
    config::{ConfigError, Settings},
    desk::{AskError, Desk},
    error::{Error, Kind, VendorFault},
    http::Client,
    ids::nonce,
    lambda,
    session::{Session, State},
    table::{Table, Turn},
    vendor::{
        Vendor,
        udesk::{Code, Id, message_preview},
    },
};
use lambda_http::{Body, Request, Response};
use serde::{Deserialize, Serialize};

/// Udesk takes three a second of one session. Two are sent: a turn is taken before the call is made, and one on a
/// cold connection arrives later than the next on a warm one.
const GAP: Millis = 500;
/// How often a turn is waited for; each wait is a gap at most.
const WAITS: u32 = 3;
/// The largest preview, in bytes: as large as a message may be.
const LARGEST: usize = 100 * 1024;
/// How long it is remembered that Udesk has not activated previews.
const OFF_FOR: Millis = 3_600 * 1_000;
/// Under what name.
const OFF: &str = "message_preview:off";

/// What it may answer.
pub const ANSWERS: Answers = Answers {
    successes: &[200, 202],
    errors: &[
        Kind::InvalidJson,
        Kind::InvalidRequest,
        Kind::Unauthorized,
        Kind::SessionNotFound,
        Kind::SessionClosed,
        Kind::BodyTooLarge,
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
    http: Client,
}

/// The body of a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    content: String,
}

/// What became of a preview.
#[derive(Serialize)]
struct Came {
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    /// The agent sees it.
    Shown,
    /// A later one, or a message, took its place.
    Superseded,
    /// There is no agent to show it to.
    NoAgent,
    /// The vendor takes no more just now.
    Later,
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
            table,
            http,
        })
    }

    /// Opens connections ahead of need: two to the table, since two reads are made at the same time.
    pub async fn warm(&self) {
        let table = self.table.warm_url();
        let mut urls = self.desk.warm_urls();
        urls.extend([table.as_str(), &table]);
        self.http.warm(&urls).await;
    }

    /// Answers one request.
    ///
    /// # Errors
    /// Those of [`ANSWERS`].
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let caller = self.guard.check(request.headers())?;
        let id = lambda::session_id(&request)?;
        let Ask { content } = lambda::body(&request)?;
        if content.len() > LARGEST {
            let why = format!(
                "it has {} bytes; at most {LARGEST} are shown",
                content.len()
            );
            return Err(Error::field("content", why));
        }
        let udesk = self.desk.udesk()?;
        let now = clock::now();
        let (session, off) = tokio::try_join!(
            self.table.session(&id),
            self.table.remembered(Vendor::Udesk, OFF, now)
        )?;
        let session = caller.may_see(session)?;
        let Some(im_sub_session_id) = with_agent(&session)? else {
            return came(Status::NoAgent, None);
        };
        if off.is_some() {
            return Err(not_activated());
        }
        if !self.has_turn(&session).await? {
            return came(Status::Superseded, None);
        }
        let preview = message_preview::Request {
            im_sub_session_id,
            content: &content,
        };
        match udesk.ask(&preview, Class::Preview).await {
            Ok(message_preview::Response) => came(Status::Shown, None),
            Err(AskError::Wait { retry_at, .. }) => came(Status::Later, Some(retry_at)),
            Err(error) if error.code() == Some(Code::NotActivated.number()) => {
                let now = clock::now();
                // Udesk is asked in vain for an hour at most, and not with every key that is pressed.
                self.table
                    .remember(Vendor::Udesk, OFF, "2065", OFF_FOR, now)
                    .await?;
                Err(not_activated())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for a turn among the previews of the session; the latest has it. `false` where another preview, or a
    /// message, came later.
    async fn has_turn(&self, session: &Session) -> Result<bool, Error> {
        let what = format!("preview:{}", session.id);
        let mine = nonce();
        let table = &self.table;
        let mut turn = table
            .wish(Vendor::Udesk, &what, &mine, GAP, clock::now())
            .await?;
        let mut has_waited = false;
        for _ in 0..WAITS {
            let Turn::At(at) = turn else { break };
            has_waited = true;
            let wait = (at - clock::now()).clamp(0, GAP);
            tokio::time::sleep(Duration::from_millis(wait.unsigned_abs())).await;
            turn = table
                .take_turn(Vendor::Udesk, &what, &mine, GAP, clock::now())
                .await?;
        }
        if turn != Turn::Now {
            return Ok(false);
        }
        if !has_waited {
            return Ok(true);
        }
        // What the customer has sent meanwhile took the preview away, and it must not come back.
        let now = table.session(&session.id).await?;
        Ok(now.is_some_and(|now| now.is_open() && now.spoke_at == session.spoke_at))
    }
}

/// Udesk's session, where an agent is in it.
fn with_agent(session: &Session) -> Result<Option<Id>, Error> {
    if session.vendor != Vendor::Udesk {
        return Err(Error::new(
            Kind::InvalidRequest,
            format!(
                "only Udesk shows its agents what is being typed, and this session is at {}",
                session.vendor
            ),
        ));
    }
    if !session.is_open() || session.closing {
        return Err(Error::session_closed());
    }
    let id = session.vendor_session.as_deref();
    let id = id.and_then(|id| id.parse().ok()).map(Id);
    Ok(id.filter(|_| session.state == State::Active))
}

fn not_activated() -> Error {
    Error::vendor_refused(VendorFault {
        name: Vendor::Udesk.name().to_owned(),
        code: Some(Code::NotActivated.number().into()),
        message:
            "message previews are not activated for this company; ask Udesk to activate them. \
                  It is tried again after an hour"
                .to_owned(),
    })
}

fn came(status: Status, retry_at: Option<Millis>) -> Result<Response<Body>, Error> {
    let http = if retry_at.is_some() { 202 } else { 200 };
    let retry_at = retry_at.map(clock::rfc3339);
    answer::json(http, &Came { status, retry_at })
}
