//! Who calls the API: the app's servers by an API key, its customers by a short-lived token of ours.

use http::HeaderMap;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::{
    clock::Millis,
    config::{API_KEY_HASHES, CUSTOMER_TOKEN_SECRETS, ConfigError, Settings},
    error::{Error, Kind},
    ids::CustomerId,
    line,
    secret::{Hash, Secret},
    session::Session,
};

const AUDIENCE: &str = "deskbridge";
/// A key that could be found by trying is none: its hash is no secret.
const SHORTEST_KEY: usize = 16;

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// One of the app's servers.
    Server,
    /// A customer, who sees only what is their own.
    Customer(CustomerId),
}

impl Caller {
    /// The role, which a caller's own keys are kept under. All of the app's servers share one, so that
    /// a repeat may come from another of them, or after a key was rotated.
    #[must_use]
    pub fn role(&self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Customer(_) => "customer",
        }
    }

    /// Refuses everybody but the app's servers.
    ///
    /// # Errors
    /// Where a customer calls.
    pub fn must_be_server(&self) -> Result<(), Error> {
        match self {
            Self::Server => Ok(()),
            Self::Customer(_) => Err(not_a_server()),
        }
    }

    /// The customer whom a request is about: the one named, if the caller may speak for them.
    ///
    /// # Errors
    /// Where a server names nobody, or a customer names somebody else.
    pub fn customer(&self, named: Option<CustomerId>) -> Result<CustomerId, Error> {
        match (self, named) {
            (Self::Server, Some(named)) => Ok(named),
            (Self::Server, None) => Err(Error::field("customer", "say for which customer")),
            (Self::Customer(own), None) => Ok(own.clone()),
            (Self::Customer(own), Some(named)) if *own == named => Ok(named),
            (Self::Customer(_), Some(_)) => Err(Error::new(
                Kind::RoleNotAllowed,
                "a customer token speaks for its own customer alone; leave `customer` out",
            )),
        }
    }

    /// The session, if it is there and the caller's to see. Somebody else's looks as if it were not there.
    ///
    /// # Errors
    /// Where it is not.
    pub fn may_see(&self, session: Option<Session>) -> Result<Session, Error> {
        session
            .filter(|session| match self {
                Self::Server => true,
                Self::Customer(own) => session.customer == *own,
            })
            .inspect(|session| line::about(&session.id, session.vendor))
            .ok_or_else(Error::session_not_found)
    }
}

#[derive(Serialize, Deserialize)]
struct Claims {
    aud: String,
    sub: CustomerId,
    iat: i64,
    exp: i64,
}

/// Checks bearers, and issues customer tokens. Made once at init.
#[derive(Debug)]
pub struct Guard {
    /// A function has no need of the keys themselves: who reads its environment can't call with these.
    api_keys: Vec<Hash>,
    token_secrets: Vec<Secret>,
}

impl Guard {
    /// The guard that the settings describe.
    ///
    /// # Errors
    /// Where there is no API key's hash or no token secret, or one is malformed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self {
            api_keys: api_keys(settings)?,
            token_secrets: settings.required_secrets(&CUSTOMER_TOKEN_SECRETS, 32)?,
        })
    }

    /// Who sent a request with these headers.
    ///
    /// # Errors
    /// Where there is no bearer, or one that is forged or has expired. The answer does not say which
    /// of a forged one's parts was wrong.
    pub fn check(&self, headers: &HeaderMap) -> Result<Caller, Error> {
        let Some(bearer) = bearer(headers) else {
            return Err(Error::new(
                Kind::Unauthorized,
                "send `Authorization: Bearer` with an API key or a customer token",
            ));
        };
        if is_key(&self.api_keys, bearer) {
            return Ok(Caller::Server);
        }
        self.customer_of(bearer)
    }

    fn customer_of(&self, token: &str) -> Result<Caller, Error> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "aud", "sub"]);
        let mut expired = false;
        for secret in &self.token_secrets {
            let key = DecodingKey::from_secret(secret.expose().as_bytes());
            match jsonwebtoken::decode::<Claims>(token, &key, &validation) {
                Ok(token) => return Ok(Caller::Customer(token.claims.sub)),
                Err(error) => {
                    expired |= *error.kind() == jsonwebtoken::errors::ErrorKind::ExpiredSignature;
                }
            }
        }
        Err(Error::new(
            Kind::Unauthorized,
            if expired {
                "the customer token has expired; ask your server for a new one"
            } else {
                "neither an API key nor a customer token of this deployment"
            },
        ))
    }

    /// A token with which `customer` may call for `expires_in` seconds, and when it ends.
    ///
    /// # Errors
    /// Where it cannot be signed.
    pub fn issue(
        &self,
        customer: &CustomerId,
        expires_in: i64,
        now: Millis,
    ) -> Result<(String, Millis), Error> {
        let internal = || Error::new(Kind::Internal, "something went wrong on our side");
        let secret = self.token_secrets.first().ok_or_else(internal)?;
        let iat = now / 1_000;
        let claims = Claims {
            aud: AUDIENCE.to_owned(),
            sub: customer.clone(),
            iat,
            exp: iat + expires_in,
        };
        let key = EncodingKey::from_secret(secret.expose().as_bytes());
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
            .map_err(|error| internal().with_source(error))?;
        Ok((token, claims.exp * 1_000))
    }
}

/// Checks bearers where only the app's servers may call: such a function is not given what signs customer tokens. Made once
/// at init.
#[derive(Debug)]
pub struct ServerGuard {
    api_keys: Vec<Hash>,
}

impl ServerGuard {
    /// The guard that the settings describe.
    ///
    /// # Errors
    /// Where there is no API key's hash, or one is malformed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self {
            api_keys: api_keys(settings)?,
        })
    }

    /// Refuses everybody but the app's servers: who sent a request with these headers is one of them.
    ///
    /// # Errors
    /// Where there is no bearer, or one that is no API key. What has the form of a customer token, good or not, is told
    /// what to use in its place.
    pub fn check(&self, headers: &HeaderMap) -> Result<Caller, Error> {
        match bearer(headers) {
            Some(bearer) if is_key(&self.api_keys, bearer) => Ok(Caller::Server),
            Some(bearer) if jsonwebtoken::decode_header(bearer).is_ok() => Err(not_a_server()),
            Some(_) => Err(Error::new(
                Kind::Unauthorized,
                "no API key of this deployment",
            )),
            None => Err(Error::new(
                Kind::Unauthorized,
                "send `Authorization: Bearer` with an API key",
            )),
        }
    }
}

fn api_keys(settings: &Settings) -> Result<Vec<Hash>, ConfigError> {
    let hashes = settings.required_list(&API_KEY_HASHES)?;
    let hashes: Option<_> = hashes.iter().map(|hash| Hash::parse(hash)).collect();
    // Not shown: somebody may have put the key itself there.
    hashes.ok_or_else(|| API_KEY_HASHES.malformed(&"each has 64 hexadecimal digits"))
}

fn is_key(api_keys: &[Hash], bearer: &str) -> bool {
    bearer.len() >= SHORTEST_KEY && Hash::any_matches(api_keys, bearer)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, bearer) = value.split_once(' ')?;
    let bearer = bearer.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !bearer.is_empty()).then_some(bearer)
}

fn not_a_server() -> Error {
    Error::new(
        Kind::RoleNotAllowed,
        "a customer token may not do this; call it from your server with an API key",
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::clock;

    const OLD: &str = "old-secret-0123456789-0123456789-0123456789";
    const NEW: &str = "new-secret-0123456789-0123456789-0123456789";

    fn guard(secrets: &[&str]) -> Guard {
        Guard {
            api_keys: vec![
                // Of the-server-key-1 and the-server-key-0, by `sha256sum`.
                Hash::parse("97b6ae26fb053e3766096ad2e9cd980f275f8b2a8ace967b32447242d0dcda0e")
                    .unwrap(),
                Hash::parse("f14462a35d794523278bc07bc0f3aec1feca0d636b8bc4e415f2d21a9cfd9f79")
                    .unwrap(),
            ],
            token_secrets: secrets.iter().map(|secret| Secret::new(*secret)).collect(),
        }
    }

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::header::AUTHORIZATION, value.parse().unwrap())])
    }

    fn customer() -> CustomerId {
        CustomerId::parse("DE").unwrap()
    }

    #[test]
    fn two_api_keys_may_be_live_at_once() {
        let guard = guard(&[NEW]);
        for key in ["the-server-key-1", "the-server-key-0"] {
            assert_eq!(
                guard.check(&headers(&format!("Bearer {key}"))).unwrap(),
                Caller::Server
            );
        }
    }

    #[test]
    fn nothing_else_gets_in() {
        let guard = guard(&[NEW]);
        for value in [
            "",
            "Bearer",
            "Bearer ",
            "Basic the-server-key-1",
            "Bearer the-server-key-2",
            "Bearer a.b.c",
        ] {
            assert_eq!(
                guard.check(&headers(value)).unwrap_err().kind(),
                Kind::Unauthorized,
                "{value:?}"
            );
        }
        assert_eq!(
            guard.check(&HeaderMap::new()).unwrap_err().kind(),
            Kind::Unauthorized
        );
    }

    #[test]
    fn a_token_signed_before_the_secret_was_rotated_is_good_until_it_expires() {
        let now = clock::now();
        let (token, ends) = guard(&[OLD]).issue(&customer(), 60, now).unwrap();
        assert_eq!(ends / 1_000, now / 1_000 + 60);
        let headers = headers(&format!("Bearer {token}"));
        assert_eq!(
            guard(&[NEW, OLD]).check(&headers).unwrap(),
            Caller::Customer(customer())
        );
        assert!(guard(&[NEW]).check(&headers).is_err());
    }

    #[test]
    fn an_expired_token_says_so() {
        let (token, _) = guard(&[NEW])
            .issue(&customer(), 60, clock::now() - 61_000)
            .unwrap();
        let error = guard(&[NEW])
            .check(&headers(&format!("Bearer {token}")))
            .unwrap_err();
        assert!(error.to_string().contains("expired"), "{error}");
    }

    #[test]
    fn a_token_without_a_signature_is_forged() {
        // {"alg":"none"} and {"aud":"deskbridge","sub":"DE","exp":9999999999}
        let forged =
            "eyJhbGciOiJub25lIn0.eyJhdWQiOiJkZXNrYnJpZGdlIiwic3ViIjoiREUiLCJleHAiOjk5OTk5OTk5OTl9.";
        assert!(
            guard(&[NEW])
                .check(&headers(&format!("Bearer {forged}")))
                .is_err()
        );
    }

    #[test]
    fn a_customer_speaks_for_nobody_else() {
        let caller = Caller::Customer(customer());
        assert_eq!(caller.customer(None).unwrap(), customer());
        let other = CustomerId::parse("FR").unwrap();
        assert_eq!(
            caller.customer(Some(other)).unwrap_err().kind(),
            Kind::RoleNotAllowed
        );
    }
}
