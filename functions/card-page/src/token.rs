//! What the page's own calls carry: a token of ours, good for the one conversation whose link opened the page.

use deskbridge::{
    config::{ConfigError, UDESK_STRUCT_MESSAGE_KEY},
    error::{Error, Kind},
    vendor::udesk::{Id, struct_link::Link},
};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// How long a page can be worked with, in seconds: a list that an agent opened and left lying must not send for ever.
const LIFE: i64 = 30 * 60;
/// What the key is derived with, so that a token is never good for anything else that the same key signs.
const LABEL: &[u8] = b"deskbridge card-page token v1";
const AUDIENCE: &str = "card-page";

/// Makes and checks tokens. Made once at init.
pub(crate) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

#[derive(Serialize, Deserialize)]
struct Claims {
    aud: String,
    exp: i64,
    im_sub_session_id: i64,
    customer_id: i64,
    agent_id: i64,
    timestamp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    jid_resource: Option<String>,
}

impl Tokens {
    /// Tokens of this "Structured Message KEY".
    pub(crate) fn new(key: &str) -> Result<Self, ConfigError> {
        let mut derived = Hmac::<Sha256>::new_from_slice(key.as_bytes())
            .map_err(|error| UDESK_STRUCT_MESSAGE_KEY.malformed(&error))?;
        derived.update(LABEL);
        let derived = derived.finalize().into_bytes();
        Ok(Self {
            encoding: EncodingKey::from_secret(&derived),
            decoding: DecodingKey::from_secret(&derived),
        })
    }

    /// A token for the page that this link opens at `now`, in Unix seconds.
    pub(crate) fn issue(&self, link: &Link, now: i64) -> Result<String, Error> {
        let claims = Claims {
            aud: AUDIENCE.to_owned(),
            exp: now + LIFE,
            im_sub_session_id: link.im_sub_session_id.0,
            customer_id: link.customer_id.0,
            agent_id: link.agent_id.0,
            timestamp: link.timestamp,
            jid_resource: link.jid_resource.clone(),
        };
        let header = Header::new(Algorithm::HS256);
        jsonwebtoken::encode(&header, &claims, &self.encoding).map_err(|error| {
            Error::new(Kind::Internal, "something went wrong on our side").with_source(error)
        })
    }

    /// The link of the page that makes a call with these headers.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<Link, Error> {
        let token = headers
            .get(http::header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "aud"]);
        // What was wrong is not told.
        let read = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation);
        let claims = read.map(|token| token.claims).map_err(|_| {
            Error::new(
                Kind::Unauthorized,
                "the list was open for too long; close it and open it again",
            )
        })?;
        Ok(Link {
            im_sub_session_id: Id(claims.im_sub_session_id),
            customer_id: Id(claims.customer_id),
            agent_id: Id(claims.agent_id),
            timestamp: claims.timestamp,
            jid_resource: claims.jid_resource,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use deskbridge::clock;

    use super::*;

    const KEY: &str = "708ff6dc-41d5-4med-9ebc-0388zz9d76f1";

    fn link() -> Link {
        Link {
            im_sub_session_id: Id(1),
            customer_id: Id(2),
            agent_id: Id(3),
            timestamp: 1_484_272_693,
            jid_resource: Some("\"><script>".to_owned()),
        }
    }

    fn headers(authorization: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::header::AUTHORIZATION, authorization.parse().unwrap())])
    }

    fn kind(tokens: &Tokens, authorization: &str) -> Option<Kind> {
        let checked = tokens.check(&headers(authorization));
        checked.err().map(|error| error.kind())
    }

    #[test]
    fn a_token_holds_the_link() {
        let tokens = Tokens::new(KEY).unwrap();
        let token = tokens.issue(&link(), clock::now() / 1_000).unwrap();
        let read = tokens.check(&headers(&format!("Bearer {token}")));
        assert_eq!(read.unwrap(), link());
    }

    #[test]
    fn what_is_forged_old_or_of_another_key_is_refused() {
        let tokens = Tokens::new(KEY).unwrap();
        let now = clock::now() / 1_000;
        let good = tokens.issue(&link(), now).unwrap();
        let old = tokens.issue(&link(), now - LIFE - 1).unwrap();
        let others = Tokens::new("another").unwrap().issue(&link(), now).unwrap();
        // The key itself signs nothing here.
        let claims = serde_json::json!({"aud": AUDIENCE, "exp": now + 9, "im_sub_session_id": 1,
            "customer_id": 2, "agent_id": 3, "timestamp": 4});
        let underived = EncodingKey::from_secret(KEY.as_bytes());
        let underived = jsonwebtoken::encode(&Header::default(), &claims, &underived).unwrap();
        let (head, _) = good.rsplit_once('.').unwrap();
        for bad in [
            String::new(),
            good.clone(),
            format!("Basic {good}"),
            "Bearer ".to_owned(),
            format!("Bearer {old}"),
            format!("Bearer {others}"),
            format!("Bearer {underived}"),
            format!("Bearer {head}."),
            format!("Bearer {good}x"),
        ] {
            assert_eq!(kind(&tokens, &bad), Some(Kind::Unauthorized), "{bad}");
        }
    }
}
