//! `POST /tokens`: short-lived tokens with which a customer's own client calls the API, opens Sobot's
//! page, or logs in at Tencent. The kind is read first, and then what that kind takes.

mod customer;
mod sobot_page;
mod tencent_usersig;

use deskbridge::{
    answer::{self, Answers},
    auth::Guard,
    clock,
    config::{ConfigError, Settings},
    error::{self, Error},
    lambda,
    sobot_page::SobotPage,
    vendor::Vendor,
};
use lambda_http::{Body, Request, Response};
use serde::Deserialize;
use tencent_usersig::Tencent;

/// What it may answer.
pub const ANSWERS: Answers = Answers {
    successes: &[200],
    errors: &[
        error::Kind::InvalidJson,
        error::Kind::InvalidRequest,
        error::Kind::Unauthorized,
        error::Kind::RoleNotAllowed,
        error::Kind::BodyTooLarge,
        error::Kind::VendorRefused,
        error::Kind::VendorNotConfigured,
        error::Kind::VendorUnavailable,
        error::Kind::Internal,
    ],
};

/// What the function needs. Made once at init.
#[derive(Debug)]
pub struct App {
    guard: Guard,
    sobot: Option<SobotPage>,
    tencent: Option<Tencent>,
}

#[derive(Deserialize)]
struct KindOf {
    kind: Kind,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Customer,
    SobotPage,
    TencentUsersig,
}

impl App {
    /// The function as the settings want it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed, or only some of a vendor's are set.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self {
            guard: Guard::from_settings(settings)?,
            sobot: SobotPage::from_settings(settings)?,
            tencent: Tencent::from_settings(settings)?,
        })
    }

    /// Opens a connection ahead of need, where one will be needed.
    pub async fn warm(&self) {
        if let Some(sobot) = &self.sobot {
            sobot.warm().await;
        }
    }

    /// Answers one request.
    ///
    /// # Errors
    /// Those of [`ANSWERS`].
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let caller = self.guard.check(request.headers())?;
        let KindOf { kind } = lambda::body(&request)?;
        let now = clock::now();
        match kind {
            Kind::Customer => {
                caller.must_be_server()?;
                let ask = lambda::body(&request)?;
                answer::json(200, &customer::issue(&self.guard, &caller, ask, now)?)
            }
            Kind::SobotPage => {
                let ask = lambda::body(&request)?;
                let sobot = self.sobot.as_ref();
                let sobot = sobot.ok_or_else(|| Error::vendor_not_configured(Vendor::Sobot))?;
                answer::json(200, &sobot_page::issue(sobot, &caller, ask, now).await?)
            }
            Kind::TencentUsersig => {
                let ask = lambda::body(&request)?;
                let tencent = self.tencent.as_ref();
                let tencent =
                    tencent.ok_or_else(|| Error::vendor_not_configured(Vendor::Tencent))?;
                answer::json(200, &tencent.issue(&caller, ask, now)?)
            }
        }
    }
}
