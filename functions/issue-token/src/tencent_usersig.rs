//! Tencent's UserSig, with which a customer's client logs in at Tencent. Made here; nobody is asked.

use deskbridge::{
    auth::Caller,
    clock::{self, Millis},
    config::{ConfigError, Settings},
    error::{Error, Kind},
    ids::CustomerId,
    life::Life,
    vendor::tencent::{
        Application,
        user_sig::{self, Claims},
    },
};
use serde::{Deserialize, Serialize, de::IgnoredAny};

const LIFE: Life = Life {
    default: 86_400,
    // 180 days, the longest that Tencent's own libraries make by themselves.
    longest: 15_552_000,
    longest_for_customers: 86_400,
};

/// A Tencent application.
#[derive(Debug)]
pub(crate) struct Tencent {
    application: Application,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    customer: Option<CustomerId>,
    expires_in: Option<i64>,
}

#[derive(Serialize)]
pub(crate) struct Token {
    token: String,
    expires_at: String,
    sdk_app_id: u64,
}

impl Tencent {
    /// `None` where Tencent is off.
    pub(crate) fn from_settings(settings: &Settings) -> Result<Option<Self>, ConfigError> {
        let application = Application::from_settings(settings)?;
        Ok(application.map(|application| Self { application }))
    }

    pub(crate) fn issue(&self, caller: &Caller, ask: Ask, now: Millis) -> Result<Token, Error> {
        let customer = caller.customer(ask.customer)?;
        let life = LIFE.of(ask.expires_in, caller)?;
        if !user_sig::is_user_id(customer.as_str()) {
            let message = format!(
                "at Tencent a customer has at most {} characters",
                user_sig::LONGEST_USER_ID
            );
            return Err(Error::field("customer", message));
        }
        if self.is_ours(&customer) {
            return Err(Error::new(
                Kind::RoleNotAllowed,
                "this is an account of the desk's own, for which nobody gets a UserSig",
            ));
        }
        let time = now / 1_000;
        let claims = Claims {
            sdk_app_id: self.application.sdk_app_id,
            identifier: customer.as_str(),
            time,
            expire: life,
        };
        let token = user_sig::user_sig(claims, self.application.key.expose()).map_err(|error| {
            Error::new(Kind::Internal, "something went wrong on our side").with_source(error)
        })?;
        Ok(Token {
            token,
            expires_at: clock::rfc3339((time + life) * 1_000),
            sdk_app_id: self.application.sdk_app_id,
        })
    }

    /// Whether it is the desk's own account, in any case of letters: no page says that Tencent tells
    /// them apart by it.
    fn is_ours(&self, customer: &CustomerId) -> bool {
        let mut ours = self.application.accounts();
        ours.any(|account| account.eq_ignore_ascii_case(customer.as_str()))
    }
}
