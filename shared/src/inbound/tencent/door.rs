//! What lets a callback of Tencent's in: the application's number, and the `Sign`, unless a setting says that Desk does not
//! sign.

use lambda_http::{Body, Request, Response};
use serde::Serialize;

use crate::{
    answer,
    clock::Millis,
    config::{
        ConfigError, Settings, TENCENT_CALLBACK_TOKEN, TENCENT_REQUIRE_SIGN, TENCENT_SDK_APP_ID,
        TENCENT_WEBHOOK_SECRETS,
    },
    error::Error,
    lambda::query_parameter,
    secret::Secret,
    vendor::tencent::callback_sign,
    webhook::Door,
};

/// The shortest token, in characters: the page's own example has so many.
const SHORTEST_TOKEN: usize = 8;

/// Checks what Tencent says of itself in a callback's query.
#[derive(Debug)]
pub struct Signed {
    sdk_app_id: Option<String>,
    /// Empty where a callback need not be signed.
    tokens: Vec<Secret>,
}

/// What every callback is answered.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Acknowledged {
    action_status: &'static str,
    error_info: &'static str,
    error_code: u8,
}

impl Door for Signed {
    fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let tokens = settings.secrets(&TENCENT_CALLBACK_TOKEN, SHORTEST_TOKEN)?;
        let tokens = match settings.optional(&TENCENT_REQUIRE_SIGN).as_deref() {
            // Without a path secret nothing comes in at all: this is no deployment for Tencent.
            None if settings.optional(&TENCENT_WEBHOOK_SECRETS).is_none() => tokens,
            None | Some("on") => {
                settings.required_secrets(&TENCENT_CALLBACK_TOKEN, SHORTEST_TOKEN)?
            }
            Some("off") => Vec::new(),
            Some(other) => return Err(TENCENT_REQUIRE_SIGN.malformed(&format!("{other:?}"))),
        };
        Ok(Self {
            sdk_app_id: settings.optional(&TENCENT_SDK_APP_ID),
            tokens,
        })
    }

    fn admit(&self, request: &Request, now: Millis) -> Result<Option<String>, String> {
        let given = |name| query_parameter(request, name);
        if let Some(ours) = &self.sdk_app_id
            && given("SdkAppid").as_ref() != Some(ours)
        {
            return Err("its SdkAppid is not TENCENT_SDK_APP_ID".to_owned());
        }
        if !self.tokens.is_empty() {
            let (sign, time) = (given("Sign"), given("RequestTime"));
            let now = now.div_euclid(1_000);
            callback_sign::check(&self.tokens, sign.as_deref(), time.as_deref(), now)
                .map_err(|why| why.to_string())?;
        }
        Ok(given("RequestID").filter(|id| !id.is_empty()))
    }

    fn answer(&self) -> Result<Response<Body>, Error> {
        answer::json(
            200,
            &Acknowledged {
                action_status: "OK",
                error_info: "",
                error_code: 0,
            },
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::HashMap;

    use lambda_http::RequestExt;
    use serde_json::{Value, json};

    use super::*;

    /// Vector T1, of the token `xxxxyyyy`.
    const T1: &str = "17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061";
    const THEN: Millis = 1_669_872_112_000;

    fn door(given: &'static [(&str, &str)]) -> Result<Signed, String> {
        let settings = Settings::new(move |name| {
            let found = given.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        });
        Signed::from_settings(&settings).map_err(|error| error.to_string())
    }

    fn request(query: &[(&str, &str)]) -> Request {
        let query: HashMap<_, _> = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()]))
            .collect();
        Request::new(Body::Empty).with_query_string_parameters(query)
    }

    const APP: (&str, &str) = ("TENCENT_SDK_APP_ID", "1400000000");

    #[test]
    fn a_callback_of_another_application_is_not_let_in() {
        let door = door(&[APP]).unwrap();
        let of = |app| request(&[("SdkAppid", app), ("RequestID", "r-1")]);
        assert_eq!(
            door.admit(&of("1400000000"), THEN),
            Ok(Some("r-1".to_owned()))
        );
        assert!(door.admit(&of("1400000001"), THEN).is_err());
        assert!(door.admit(&request(&[]), THEN).is_err());
    }

    #[test]
    fn a_callback_is_signed_unless_a_setting_says_otherwise() {
        const TOKEN: (&str, &str) = ("TENCENT_CALLBACK_TOKEN", "another-one,xxxxyyyy");
        let signed = [
            ("SdkAppid", "1400000000"),
            ("Sign", T1),
            ("RequestTime", "1669872112"),
        ];
        for required in [
            door(&[APP, TOKEN]).unwrap(),
            door(&[APP, TOKEN, ("TENCENT_REQUIRE_SIGN", "on")]).unwrap(),
        ] {
            assert_eq!(required.admit(&request(&signed), THEN), Ok(None));
            assert!(required.admit(&request(&signed), THEN + 61_000).is_err());
            assert!(required.admit(&request(&signed[..1]), THEN).is_err());
        }
        let off = door(&[APP, TOKEN, ("TENCENT_REQUIRE_SIGN", "off")]).unwrap();
        assert_eq!(off.admit(&request(&signed[..1]), THEN), Ok(None));
        // vendors.md 3.6: on by default. The way without is said.
        const PATH: (&str, &str) = ("TENCENT_WEBHOOK_SECRETS", "a-tencent-path-secret");
        for unsigned in [&[APP, PATH], &[APP, ("TENCENT_REQUIRE_SIGN", "on")]] {
            let no_token = door(unsigned).unwrap_err();
            assert!(
                no_token.contains("TENCENT_CALLBACK_TOKEN is not set"),
                "{no_token}"
            );
            assert!(
                no_token.contains("TENCENT_REQUIRE_SIGN is off"),
                "{no_token}"
            );
        }
        assert!(door(&[APP, PATH, ("TENCENT_REQUIRE_SIGN", "off")]).is_ok());
        assert!(door(&[("TENCENT_REQUIRE_SIGN", "yes")]).is_err());
        let short = door(&[("TENCENT_CALLBACK_TOKEN", "hunter2")]).unwrap_err();
        assert!(!short.contains("hunter2"), "{short}");
    }

    /// vendors.md 3.5: the fixed answer.
    #[test]
    fn the_answer_is_the_fixed_one() {
        let answer = door(&[]).unwrap().answer().unwrap();
        assert_eq!(answer.status(), 200);
        let body: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(
            body,
            json!({"ActionStatus": "OK", "ErrorInfo": "", "ErrorCode": 0})
        );
    }
}
