//! The list of cards that Udesk's console shows in an iframe beside a conversation: an agent picks one, and the customer
//! gets it.
//!
//! `GET <function URL>?…`, Udesk's signed link: the page. `POST <function URL>`, from the page: send this card. The page
//! calls with a short-lived token of ours and never with Udesk's sign, which would be good for an hour, for whoever sees
//! it.

mod cards;
mod language;
mod page;
mod texts;
mod token;

use cards::Cards;
use deskbridge::{
    answer::{self, Answers},
    cards::{Sender, Sent},
    clock,
    config::{ConfigError, Settings},
    error::{Error, Kind},
    lambda, line,
    vendor::{
        Vendor,
        udesk::{struct_link::Link, struct_message},
    },
};
use http::Method;
use lambda_http::{Body, Request, RequestExt, Response};
use language::Language;
use page::Page;
use serde::{Deserialize, Serialize};
use token::Tokens;

/// What it may answer. The 403 is a page too, and says nothing of what was wrong.
pub const ANSWERS: Answers = Answers {
    successes: &[200, 202, 403],
    errors: &[
        Kind::InvalidJson,
        Kind::InvalidRequest,
        Kind::Unauthorized,
        Kind::NotFound,
        Kind::BodyTooLarge,
        Kind::VendorRefused,
        Kind::VendorUnavailable,
        Kind::Internal,
    ],
};

/// What the function needs. Made once at init.
#[derive(Debug)]
pub struct App(Option<Desk>);

#[derive(Debug)]
struct Desk {
    tokens: Tokens,
    cards: Cards,
    page: Page,
    sender: Sender,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    card: String,
}

#[derive(Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
enum Told {
    /// Udesk took it.
    Sent,
    /// Not yet: ask again after so long.
    Waiting { retry_after_ms: u64 },
    /// No answer came: Udesk may have it.
    Unknown,
}

impl App {
    /// The function as the settings want it; off where there is no key.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let cards = Cards::from_settings(settings)?;
        let Some(sender) = Sender::from_settings(settings)? else {
            return Ok(Self(None));
        };
        Ok(Self(Some(Desk {
            tokens: Tokens::new(sender.key().expose())?,
            page: Page::from_settings(settings, sender.base_url())?,
            cards,
            sender,
        })))
    }

    /// Answers one request.
    ///
    /// # Errors
    /// Those of [`ANSWERS`].
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let path = request.raw_http_path().trim_matches('/');
        let Some(desk) = self.0.as_ref().filter(|_| path.is_empty()) else {
            return Err(Error::new(Kind::NotFound, "there is nothing here"));
        };
        line::at(Vendor::Udesk);
        match *request.method() {
            Method::GET => desk.show(&request),
            Method::POST => desk.send(&request).await,
            _ => Ok(answer::empty(405)),
        }
    }
}

impl Desk {
    fn show(&self, request: &Request) -> Result<Response<Body>, Error> {
        let now = clock::now() / 1_000;
        let query = request.uri().query().unwrap_or_default();
        let language = Language::of(request.headers());
        match Link::read(query, self.sender.key(), now) {
            Some(link) => {
                let token = self.tokens.issue(&link, now)?;
                Ok(self.page.list(language, &self.cards, &token))
            }
            None => Ok(self.page.refused(language, &self.cards)),
        }
    }

    async fn send(&self, request: &Request) -> Result<Response<Body>, Error> {
        let link = self.tokens.check(request.headers())?;
        let Ask { card } = lambda::body(request)?;
        let card = self.cards.find(&card).ok_or_else(|| {
            Error::new(
                Kind::NotFound,
                "the list has changed; close it and open it again",
            )
        })?;
        let card = struct_message::Request {
            im_sub_session_id: link.im_sub_session_id,
            customer_id: link.customer_id,
            agent_id: link.agent_id,
            jid_resource: link.jid_resource.as_deref(),
            card,
        };
        let (status, told) = match self.sender.send(&card).await? {
            Sent::Taken => (200, Told::Sent),
            Sent::Unknown => (202, Told::Unknown),
            Sent::NotYet { after } => {
                let after = after.as_millis().try_into().unwrap_or(u64::MAX);
                (
                    202,
                    Told::Waiting {
                        retry_after_ms: after,
                    },
                )
            }
        };
        let mut response = answer::json(status, &told)?;
        page::guard(response.headers_mut());
        Ok(response)
    }
}
