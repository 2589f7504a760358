//! `POST /im/sessions/struct_messages`: a card for a customer of Udesk's own clients; and the link under which the
//! console opens the list of them.
//!
//! Both are signed with the "Structured Message KEY": lower-case hex MD5 over the query in the one order, `&`, the key.

use std::collections::BTreeMap;

use md5::{Digest, Md5};
use serde_json::json;

use super::desk::Desk;
use super::guests::{Card, Guest};
use super::input::{Fields, invalid};
use super::open_api::{Done, Request};
use super::refusal::{self, Refusal};

/// Fields of the body.
pub(crate) const FIELDS: &[&str] = &["jid_resource", "data"];

/// The name of the code in this endpoint's answers.
pub(crate) const CODE: &str = "status";

/// The parameters, in the order in which the query must have them.
const ORDER: [&str; 4] = ["im_sub_session_id", "customer_id", "agent_id", "timestamp"];

/// How far the timestamp may be off, in seconds: the page on authentication says so of every call.
const SKEW_SECONDS: i64 = 5 * 60;

/// The signature over a query without its sign.
pub fn sign(query: &str, key: &str) -> String {
    let digest = Md5::digest(format!("{query}&{key}"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The query of the embedded link, as the console makes it for a conversation at `now` (Unix seconds).
pub(crate) fn link_query(guest: &Guest, key: &str, now: i64) -> String {
    let ids = format!(
        "im_sub_session_id={}&customer_id={}&agent_id={}",
        guest.session, guest.customer_id, guest.agent
    );
    let sign = sign(&format!("{ids}&timestamp={now}"), key);
    let escaped = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    // The page's link has it between what is signed.
    let resource = guest.jid_resource.as_deref();
    let resource = resource.map_or_else(String::new, |resource| {
        format!("&jid_resource={}", escaped(resource))
    });
    format!("{ids}{resource}&timestamp={now}&sign={sign}")
}

/// Checks the signature of a call at `now` (Unix seconds).
pub(crate) fn check(
    raw_query: &str,
    query: &BTreeMap<String, String>,
    key: &str,
    now: i64,
) -> Result<(), Refusal> {
    for name in ORDER {
        if query.get(name).is_none_or(String::is_empty) {
            return Err(Refusal::new(
                refusal::MISSING,
                format!("Missing parameters: {name}"),
            ));
        }
    }
    let Some((signed, given)) = raw_query.rsplit_once("&sign=") else {
        return Err(Refusal::new(refusal::SIGN, "sign is missing"));
    };
    let names = signed.split('&').map(|pair| pair.split('=').next());
    if !names.eq(ORDER.map(Some)) {
        return Err(Refusal::new(
            refusal::SIGN,
            format!("the query is not {}, sign", ORDER.join(", ")),
        ));
    }
    if given != sign(signed, key) {
        return Err(Refusal::new(refusal::SIGN, "sign is wrong"));
    }
    let timestamp = query.get("timestamp").and_then(|text| text.parse().ok());
    let Some(timestamp): Option<i64> = timestamp else {
        return Err(Refusal::new(
            refusal::TIMESTAMP_MALFORMED,
            "timestamp is not a number of Unix seconds",
        ));
    };
    if now.abs_diff(timestamp) > SKEW_SECONDS.unsigned_abs() {
        return Err(Refusal::new(
            refusal::TIMESTAMP_OFF,
            "timestamp is more than 5 minutes off",
        ));
    }
    Ok(())
}

pub(crate) fn send(request: &mut Request<'_>) -> Result<Done, Refusal> {
    let [session, customer, agent] = ["im_sub_session_id", "customer_id", "agent_id"].map(|name| {
        let number = request.query.get(name).and_then(|text| text.parse().ok());
        number.ok_or_else(|| invalid(name, "Integer"))
    });
    let (session, customer, agent): (i64, i64, i64) = (session?, customer?, agent?);
    let body = request.json(refusal::MISSING)?;
    let jid_resource = body.text("jid_resource")?.map(str::to_owned);
    let data = body.required_object("data")?;
    for name in ["title", "description", "img_url"] {
        data.required_text(name)?;
    }
    for button in data.required_objects("buttons")? {
        check_button(button)?;
    }
    let data = data.raw();
    let at = request.now;
    let guest = with(request.desk, session, customer)?;
    if guest.agent != agent {
        return Err(Refusal::new(
            refusal::ABSENT,
            "the agent is not in this session",
        ));
    }
    guest.cards.push(Card {
        agent,
        data,
        jid_resource,
        at,
    });
    Ok(Done::answer(
        json!({"status": refusal::OK, "message": "Send Success"}),
    ))
}

fn check_button(button: Fields<'_>) -> Result<(), Refusal> {
    let kind = button.required_text("type")?;
    if !["link", "phone", "sdk_callback"].contains(&kind) {
        return Err(invalid("type", "one of link, phone, sdk_callback"));
    }
    button.required_text("text")?;
    button.required_text("value")?;
    if button.text("callback_name")?.is_some() && kind != "sdk_callback" {
        return Err(invalid("callback_name", "left out"));
    }
    Ok(())
}

/// Who is sent it. "Customers created through the API cannot be used for this interface."
fn with(desk: &mut Desk, session: i64, customer: i64) -> Result<&mut Guest, Refusal> {
    if desk.holder(session).is_some() {
        return Err(Refusal::new(
            refusal::INVALID,
            "customers created through the API cannot be used for this interface",
        ));
    }
    let mut guests = desk.guests.iter_mut();
    let guest = guests.find(|guest| guest.session == session && guest.open);
    let guest = guest.ok_or_else(Refusal::session_gone)?;
    if guest.customer_id != customer {
        return Err(Refusal::new(
            refusal::ABSENT,
            "the customer is not in this session",
        ));
    }
    Ok(guest)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const KEY: &str = "708ff6dc-41d5-4med-9ebc-0388zz9d76f1";
    const SIGNED: &str = "im_sub_session_id=1&customer_id=1&agent_id=1&timestamp=1484272693";
    const SIGN: &str = "4666293b3dfe91aa97179dc701be7afc";
    const TIME: i64 = 1_484_272_693;

    fn code(raw: &str, now: i64) -> i64 {
        let query = raw
            .split('&')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        check(raw, &query, KEY, now).map_or_else(|refusal| refusal.code, |()| refusal::OK)
    }

    #[test]
    fn the_pages_vector_is_accepted_and_nothing_else() {
        assert_eq!(sign(SIGNED, KEY), SIGN);
        assert_eq!(code(&format!("{SIGNED}&sign={SIGN}"), TIME), 1000);
        for (raw, refused) in [
            (SIGNED.to_owned(), 2059),
            (format!("{SIGNED}&sign={}", SIGN.to_uppercase()), 2059),
            (format!("{SIGNED}&sign={SIGN}&x=1"), 2059),
            (format!("{SIGNED}&nonce=1&sign={SIGN}"), 2059),
            (format!("sign={SIGN}&{SIGNED}"), 2059),
            (
                format!(
                    "customer_id=1&im_sub_session_id=1&agent_id=1&timestamp=1484272693&sign={SIGN}"
                ),
                2059,
            ),
            (
                format!("im_sub_session_id=1&customer_id=1&agent_id=1&sign={SIGN}"),
                2000,
            ),
        ] {
            assert_eq!(code(&raw, TIME), refused, "{raw}");
        }
        let signed = format!("{SIGNED}&sign={SIGN}");
        assert_eq!(code(&signed, TIME + 300), 1000);
        assert_eq!(code(&signed, TIME + 301), 20622);
    }

    #[test]
    fn the_link_is_the_pages() {
        let guest = Guest {
            jid_resource: Some("12dsafdaslj129das-12fds912-12dsa".to_owned()),
            ..Guest::new(1, "Ann", 1, 1)
        };
        // But for the escapes of the resource, which the page's link does without.
        assert_eq!(
            link_query(&guest, KEY, TIME).replace("%2D", "-"),
            "im_sub_session_id=1&customer_id=1&agent_id=1&jid_resource=12dsafdaslj129das-12fds912-12dsa\
             &timestamp=1484272693&sign=4666293b3dfe91aa97179dc701be7afc"
        );
    }
}
