//! `POST /sessions/{id}/cards`: a card from the desk into a session of ours, where its vendor takes one.
//! `POST /desk/cards`: a card to a customer of Udesk's own web or SDK client, by Udesk's numbers, since no session of ours
//! knows them.

mod ask;

use ask::{DeskCard, SessionCard};
use deskbridge::{
    answer::{self, Answers},
    auth::{Caller, ServerGuard},
    cards::{Sender, Sent},
    config::{ConfigError, Settings},
    error::{Error, Kind, VendorFault},
    idempotency::Key,
    ids::SessionId,
    lambda,
    sends::Sends,
    vendor::Vendor,
};
use lambda_http::{Body, Request, Response};
use serde::Serialize;

/// What it may answer.
pub const ANSWERS: Answers = Answers {
    successes: &[200, 202],
    errors: &[
        Kind::InvalidJson,
        Kind::InvalidRequest,
        Kind::Unauthorized,
        Kind::RoleNotAllowed,
        Kind::SessionNotFound,
        Kind::SessionClosed,
        Kind::IdempotencyConflict,
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
    guard: ServerGuard,
    sends: Sends,
    udesk: Option<Sender>,
}

#[derive(Serialize)]
struct Told {
    status: &'static str,
}

impl App {
    /// The function as the settings want it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self {
            guard: ServerGuard::from_settings(settings)?,
            sends: Sends::of_udesk_and_tencent(settings)?,
            udesk: Sender::from_settings(settings)?,
        })
    }

    /// Opens connections ahead of need.
    pub async fn warm(&self) {
        self.sends.warm().await;
    }

    /// Answers one request.
    ///
    /// # Errors
    /// Those of [`ANSWERS`].
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let caller = self.guard.check(request.headers())?;
        match lambda::path_parameter(&request, "id") {
            Some(id) => self.to_session(&caller, &id, &request).await,
            None => self.to_udesks_customer(&request).await,
        }
    }

    async fn to_session(
        &self,
        caller: &Caller,
        id: &str,
        request: &Request,
    ) -> Result<Response<Body>, Error> {
        let id = SessionId::parse(id).ok_or_else(Error::session_not_found)?;
        let card = lambda::body::<SessionCard>(request)?.checked()?;
        // The same scope as that of messages: the conversation is one.
        let scope = format!("{}#{id}", caller.role());
        let key = Key::of_header(request, scope, &card)?;
        let say = |session: &deskbridge::session::Session, id, now| match session.vendor {
            Vendor::Tencent => Ok(card.message(id, now, key.as_ref().map(|key| key.key.as_str()))),
            Vendor::Udesk => Err(Error::new(
                Kind::InvalidRequest,
                "Udesk sends cards to customers of its own web and SDK clients alone, and this one came through the API; \
                 POST /desk/cards sends one to those. Tencent takes cards in its sessions",
            )),
            Vendor::Sobot => Err(Error::new(
                Kind::InvalidRequest,
                "Sobot takes no cards; Tencent does in its sessions, and Udesk for customers of its own clients (POST /desk/cards)",
            )),
        };
        self.sends.say(caller, &id, key.as_ref(), say).await
    }

    async fn to_udesks_customer(&self, request: &Request) -> Result<Response<Body>, Error> {
        let ask = lambda::body::<DeskCard>(request)?;
        let card = ask.card()?;
        let udesk = self
            .udesk
            .as_ref()
            .ok_or_else(|| Error::vendor_not_configured(Vendor::Udesk))?;
        match udesk.send(&ask.request(&card)).await? {
            Sent::Taken => answer::json(200, &Told { status: "sent" }),
            Sent::Unknown => answer::json(202, &Told { status: "unknown" }),
            Sent::NotYet { after } => {
                let seconds = after.as_millis().div_ceil(1_000);
                let fault = VendorFault {
                    name: Vendor::Udesk.name().to_owned(),
                    code: None,
                    message: "one card in two seconds is taken".to_owned(),
                };
                Err(Error::vendor_unavailable(fault)
                    .with_retry_after(seconds.try_into().unwrap_or(1)))
            }
        }
    }
}
