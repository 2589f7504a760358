//! `POST /api/page/token`: a token that opens the customer's page.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::desk::{Channel, Desk, Issued};
use super::refusal::{self, Refusal};
use super::sign;
use super::switches::Switches;
use super::twin::Config;

/// Fields of the page's table.
pub(crate) const FIELDS: &[&str] = &[
    "sysnum",
    "partnerid",
    "ts",
    "customized_fields",
    "sign",
    "source",
    "channel_flag",
];

/// The longest `partnerid`, in characters.
const PARTNER_ID_LIMIT: usize = 300;

/// Gives a token, or says why not.
pub(crate) fn issue(
    config: &Config,
    switches: &Switches,
    desk: &mut Desk,
    body: Option<&Value>,
) -> Result<Value, Refusal> {
    let body = body
        .and_then(Value::as_object)
        .ok_or_else(|| Refusal::must_be("the body", "a JSON object, sent as application/json"))?;
    let asked = Asked::read(body, switches)?;
    let expected = sign::token(
        asked.sysnum,
        &config.key,
        asked.partner_id,
        asked.ts,
        asked.customized_fields,
    );
    if asked.sysnum != config.sysnum {
        return Err(Refusal::Request("sysnum is no company's".to_owned()));
    }
    if asked.sign != expected {
        return Err(Refusal::Sign);
    }
    let now = Timestamp::now().as_second() + switches.clock_offset_seconds;
    let expires_at = asked
        .ts
        .parse()
        .map_err(|_| Refusal::must_be("ts", TS_WANTED))?;
    if expires_at <= now {
        return Err(Refusal::Request(
            "ts is over: it is when the token ends, in seconds".to_owned(),
        ));
    }
    let issued = Issued {
        token: desk.id(),
        partner_id: asked.partner_id.to_owned(),
        expires_at,
        customized_fields: asked.customized_fields.map(str::to_owned),
        channel: asked.channel,
        channel_flag: asked.channel_flag,
    };
    let answer = json!({"ret_msg": "success", "ret_code": refusal::OK, "token": issued.token});
    desk.tokens.insert(issued.token.clone(), issued);
    Ok(answer)
}

const TS_WANTED: &str = "Unix seconds as a String of ten digits";

/// What the body asks for.
struct Asked<'a> {
    sysnum: &'a str,
    partner_id: &'a str,
    ts: &'a str,
    customized_fields: Option<&'a str>,
    sign: &'a str,
    channel: Option<Channel>,
    channel_flag: Option<i64>,
}

impl<'a> Asked<'a> {
    fn read(body: &'a Map<String, Value>, switches: &Switches) -> Result<Self, Refusal> {
        if let Some(name) = unknown_fields(body).first() {
            return Err(Refusal::Request(format!(
                "{name} is no parameter of this call"
            )));
        }
        let channel = match integer(body, "source")? {
            None if switches.upgraded => {
                return Err(Refusal::must_be("source", "passed after the upgrade"));
            }
            None => None,
            Some(number) => Some(
                Channel::of_source(number)
                    .ok_or_else(|| Refusal::must_be("source", "0 (PC) or 4 (H5)"))?,
            ),
        };
        let channel_flag = integer(body, "channel_flag")?;
        if switches.upgraded && channel_flag.is_none() {
            return Err(Refusal::must_be("channel_flag", "passed after the upgrade"));
        }
        let asked = Self {
            sysnum: text(body, "sysnum")?,
            partner_id: text(body, "partnerid")?,
            ts: text(body, "ts")?,
            customized_fields: match body.get("customized_fields") {
                None => None,
                Some(_) => Some(text(body, "customized_fields")?),
            },
            sign: text(body, "sign")?,
            channel,
            channel_flag,
        };
        if asked.partner_id.chars().count() > PARTNER_ID_LIMIT {
            return Err(Refusal::must_be("partnerid", "of at most 300 characters"));
        }
        if asked.ts.len() != 10 || !asked.ts.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Refusal::must_be("ts", TS_WANTED));
        }
        if let Some(fields) = asked.customized_fields
            && serde_json::from_str::<Map<String, Value>>(fields).is_err()
        {
            return Err(Refusal::must_be(
                "customized_fields",
                "a String that holds a JSON object",
            ));
        }
        Ok(asked)
    }
}

/// Names that the page's table does not have.
pub(crate) fn unknown_fields(body: &Map<String, Value>) -> Vec<String> {
    body.keys()
        .filter(|name| !FIELDS.contains(&name.as_str()))
        .cloned()
        .collect()
}

/// A String that must be there and not be empty.
fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Result<&'a str, Refusal> {
    body.get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Refusal::must_be(name, "a String that is not empty"))
}

/// An Integer that may be left out. `null` is none, nor are digits in a String.
fn integer(body: &Map<String, Value>, name: &str) -> Result<Option<i64>, Refusal> {
    match body.get(name) {
        None => Ok(None),
        Some(value) => match value.as_i64() {
            Some(number) => Ok(Some(number)),
            None => Err(Refusal::must_be(name, "an Integer")),
        },
    }
}
