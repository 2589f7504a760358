//! What is around every call: method, `sdkappid`, `identifier`, `usersig`, `random`, `contenttype`.

use super::refusal::{self, Refusal};
use super::switches::Switches;
use super::twin::Config;
use super::user_sig;
use crate::server::Incoming;

/// The query's names.
const NAMES: &[&str] = &["sdkappid", "identifier", "usersig", "random", "contenttype"];

/// Checks a call at `now` (Unix seconds).
pub(crate) fn check(
    config: &Config,
    switches: &Switches,
    call: &Incoming,
    now: i64,
) -> Result<(), Refusal> {
    let wrong = |name: &str, wanted: &str| Err(Refusal::must_be(switches.frame_code, name, wanted));
    let given = |name: &str| call.query.get(name).map(String::as_str).unwrap_or_default();
    if call.method != http::Method::POST {
        return wrong("the method", "POST");
    }
    if let Some(name) = call
        .query
        .keys()
        .find(|name| !NAMES.contains(&name.as_str()))
    {
        return wrong(name, "left out: the request has no such parameter");
    }
    if given("sdkappid") != config.sdk_app_id.to_string() {
        return wrong("sdkappid", "the application's");
    }
    if given("identifier").is_empty() {
        return wrong("identifier", "an App administrator");
    }
    let random = given("random");
    let digits = !random.is_empty() && random.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || random.parse::<u32>().is_err() {
        return wrong("random", "a 32-bit unsigned integer");
    }
    if given("contenttype") != "json" {
        return wrong("contenttype", "json");
    }
    let (key, app) = (&config.secret_key, config.sdk_app_id);
    user_sig::verify(given("usersig"), key, app, given("identifier"), now)
        .map_err(|why| Refusal::new(why.code(), why.to_string()))?;
    if !config
        .admins
        .iter()
        .any(|admin| admin == given("identifier"))
    {
        return Err(Refusal::new(
            refusal::NOT_ADMIN,
            "the request requires App administrator permissions",
        ));
    }
    Ok(())
}
