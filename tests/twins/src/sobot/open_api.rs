//! `GET /api/get_token`, and who is let into the open API by such a token.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::desk::{AppToken, Desk};
use super::refusal::{self, Refusal};
use super::sign;
use super::switches::{Switches, TokenHeader};
use super::twin::Config;
use crate::server::Incoming;

/// The path of the token's endpoint.
pub(crate) const GET_TOKEN: &str = "/api/get_token";

/// The vendor's clock.
fn vendors(now: Timestamp, switches: &Switches) -> i64 {
    now.as_millisecond() + switches.clock_offset_seconds * 1_000
}

/// Mints a token: the `item` of the answer, or why not.
pub(crate) fn mint(
    config: &Config,
    switches: &Switches,
    desk: &mut Desk,
    call: &Incoming,
    now: Timestamp,
) -> Result<Value, Refusal> {
    let given = |name: &str| {
        let value = call.query.get(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| Refusal::Code(refusal::EMPTY, format!("{name} is empty")))
    };
    let (app_id, create_time, sign) = (given("appid")?, given("create_time")?, given("sign")?);
    if let Some((name, _)) = call
        .pairs
        .iter()
        .find(|(name, _)| !["appid", "create_time", "sign"].contains(&name.as_str()))
    {
        return Err(Refusal::Request(format!(
            "{name} is no parameter of this call"
        )));
    }
    if *app_id != config.app_id {
        let why = "no application has this appid".to_owned();
        return Err(Refusal::Code(refusal::NO_APPLICATION, why));
    }
    if *sign != sign::get_token(app_id, create_time, &config.app_key) {
        return Err(Refusal::Sign);
    }
    let created: i64 = create_time
        .parse()
        .map_err(|_| Refusal::must_be("create_time", "Unix seconds"))?;
    let vendors = vendors(now, switches);
    if (vendors / 1_000 - created).abs() > switches.create_time_window {
        return Err(Refusal::must_be("create_time", "now, in Unix seconds"));
    }
    let life = i64::try_from(switches.token_life.as_secs()).unwrap_or(i64::MAX);
    let token = AppToken {
        token: desk.id(),
        ends_at: vendors.saturating_add(life.saturating_mul(1_000)),
    };
    if switches.old_token_dies {
        desk.app_tokens.clear();
    }
    let life = match switches.answers_as_text {
        true => json!(life.to_string()),
        false => json!(life),
    };
    let item = [
        ("token".to_owned(), json!(token.token)),
        (switches.life_is_called.to_owned(), life),
    ];
    desk.app_tokens.push(token);
    Ok(Value::Object(item.into_iter().collect()))
}

/// Lets a call in by the token in its header.
pub(crate) fn admit(
    switches: &Switches,
    desk: &Desk,
    call: &Incoming,
    now: Timestamp,
) -> Result<(), Refusal> {
    let given = match switches.token_header {
        TokenHeader::Token => call.header("token"),
        TokenHeader::Bearer => call
            .header("authorization")
            .and_then(|given| given.strip_prefix("Bearer ")),
    };
    let Some(given) = given.filter(|given| !given.is_empty()) else {
        let why = "token is empty".to_owned();
        return Err(Refusal::Code(refusal::NO_TOKEN, why));
    };
    let vendors = vendors(now, switches);
    let is_good = |known: &AppToken| known.token == given && vendors < known.ends_at;
    match desk.app_tokens.iter().any(is_good) {
        true => Ok(()),
        false => {
            let why = "token is invalid, get another".to_owned();
            Err(Refusal::Code(refusal::BAD_TOKEN, why))
        }
    }
}
