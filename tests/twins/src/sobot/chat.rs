//! `GET /chat/{pc|h5}/v2/index.html`: the customer's page. It greets whoever the desk's security
//! lets in, and tells everybody else what the vendor's page prints.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::desk::{Channel, Issued, Visit};
use super::sign;
use super::switches::Security;
use super::twin::{Shared, Twin};
use crate::server::Incoming;

/// What is told of a token that is not good.
const TOKEN_REFUSED: &str = "Sorry, your user verification has expired and you cannot access the \
                             Help Center. Contact the admin.";
/// What is told of a sign that is not good.
const SIGN_REFUSED: &str = "The current user is verified as an illegal user and will not be \
                            allowed to access the Help Center";

/// Whether a path is a page's, and whose.
pub(crate) fn channel(path: &str) -> Option<Channel> {
    let rest = path.strip_prefix("/chat/")?;
    Channel::of_path(rest.strip_suffix("/v2/index.html")?)
}

/// The page.
pub(crate) fn page(twin: &Twin, channel: Channel, call: &Incoming) -> Response {
    let mut shared = twin.lock();
    if call.query.get("sysnum") != Some(&twin.config().sysnum) {
        return shown(
            StatusCode::NOT_FOUND,
            "Not found",
            "No company has this sysnum.",
            "",
        );
    }
    let now = Timestamp::now();
    let admitted = match admit(twin, &shared, channel, call, now) {
        Ok(admitted) => admitted,
        Err(sentence) => return shown(StatusCode::FORBIDDEN, "Not admitted", sentence, ""),
    };
    let Admitted { partner_id, issued } = admitted;
    let visitor = shared.desk.visitor(&partner_id, now);
    let flag = issued.as_ref().and_then(|issued| issued.channel_flag);
    visitor.channel_flag = flag.unwrap_or(visitor.channel_flag);
    visitor.unread = 0;
    visitor.visits.push(Visit {
        channel,
        at: now,
        token: issued.as_ref().map(|issued| issued.token.clone()),
    });
    let said: Vec<String> = visitor
        .said
        .iter()
        .map(|said| format!("<li>{}</li>", escaped(&said.content)))
        .collect();
    twin.save(&shared);
    let fields = issued.and_then(|issued| issued.customized_fields);
    let name = fields.as_deref().and_then(nickname).unwrap_or(partner_id);
    let more = match said.is_empty() {
        true => "<p>An agent is here for you.</p>".to_owned(),
        false => format!("<h2>While you were away</h2><ul>{}</ul>", said.concat()),
    };
    shown(
        StatusCode::OK,
        "Chat",
        &format!("Hello {name}, you are in the chat."),
        &more,
    )
}

struct Admitted {
    partner_id: String,
    issued: Option<Issued>,
}

/// Who is let in, or the sentence for who is not.
fn admit(
    twin: &Twin,
    shared: &Shared,
    channel: Channel,
    call: &Incoming,
    now: Timestamp,
) -> Result<Admitted, &'static str> {
    let given = |name: &str| {
        let value = call.query.get(name);
        value.map(String::as_str).filter(|value| !value.is_empty())
    };
    let switches = &shared.switches;
    match switches.security {
        Security::Token => {
            let issued = given("token").and_then(|token| shared.desk.tokens.get(token));
            let issued = issued.ok_or(TOKEN_REFUSED)?;
            let elsewhere = issued.channel.is_some_and(|of| of != channel);
            let over = issued.expires_at <= now.as_second() + switches.clock_offset_seconds;
            if over || (elsewhere && switches.channel_bound) {
                return Err(TOKEN_REFUSED);
            }
            Ok(Admitted {
                partner_id: issued.partner_id.clone(),
                issued: Some(issued.clone()),
            })
        }
        Security::Sign => {
            let partner_id = given("partnerid").ok_or(SIGN_REFUSED)?;
            let config = twin.config();
            let expected = sign::page(&config.sysnum, &config.key, partner_id);
            if given("sign") != Some(expected.as_str()) {
                return Err(SIGN_REFUSED);
            }
            Ok(Admitted {
                partner_id: partner_id.to_owned(),
                issued: None,
            })
        }
        Security::Off => Ok(Admitted {
            partner_id: given("partnerid").unwrap_or("a visitor").to_owned(),
            issued: None,
        }),
    }
}

/// `uname` of the customer fields: the page's "Customer name".
fn nickname(fields: &str) -> Option<String> {
    let fields: Map<String, Value> = serde_json::from_str(fields).ok()?;
    Some(fields.get("uname")?.as_str()?.to_owned())
}

pub(crate) fn shown(status: StatusCode, title: &str, sentence: &str, more: &str) -> Response {
    let text = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Sobot twin: {title}</title>\
         <style>:root {{ color-scheme: light dark }} body {{ font: 1.1rem/1.5 system-ui, sans-serif; \
         max-width: 40rem; margin: 3rem auto; padding: 0 1rem }}</style>\
         <main><h1>{title}</h1><p>{}</p>{more}</main></html>",
        escaped(sentence),
    );
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
