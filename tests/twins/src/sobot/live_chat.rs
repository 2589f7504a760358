//! The Live Chat API: `POST {prefix}{chat_connect|chat_send|comment|out}`. What an agent answers is
//! pushed, as all that agents say.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::desk::{Desk, MsgKind, Rating, Standing, Wrote};
use super::refusal::{self, Refusal};
use super::switches::{ConnectedAgain, Reception, Switches};
use super::twin::Config;
use crate::server::Incoming;

/// The calls, and the fields that their sources list.
const CALLS: [(&str, &[&str]); 4] = [
    (
        "chat_connect",
        &[
            "partnerid",
            "source",
            "channel_flag",
            "user_nick",
            "user_name",
            "user_tels",
            "user_emails",
            "user_img",
            "user_face",
            "params",
            "agentid",
            "groupid",
            "tran_flag",
        ],
    ),
    (
        "chat_send",
        &[
            "partnerid",
            "content",
            "msg_type",
            "appoint_cid",
            "appoint_msgid",
        ],
    ),
    (
        "comment",
        &[
            "partnerid",
            "type",
            "solved",
            "score",
            "tag",
            "remark",
            "comment_type",
        ],
    ),
    ("out", &["partnerid"]),
];

/// Which call a path is.
pub(crate) fn name(switches: &Switches, path: &str) -> Option<&'static str> {
    let name = path.strip_prefix(&switches.chat_prefix)?;
    let mut names = CALLS.into_iter().map(|(known, _)| known);
    names.find(|known| *known == name)
}

/// Names in a body that the call's sources do not list.
pub(crate) fn unknown_fields(name: &str, body: &Map<String, Value>) -> Vec<String> {
    let mut calls = CALLS.into_iter();
    let known = calls.find(|(known, _)| *known == name);
    let known = known.map_or(&[][..], |(_, fields)| fields);
    let names = body.keys().filter(|field| !known.contains(&field.as_str()));
    names.cloned().collect()
}

/// The `item` of a call's answer, or why it is refused.
pub(crate) fn answer(
    config: &Config,
    switches: &Switches,
    desk: &mut Desk,
    call: &Incoming,
    body: Option<&Value>,
    now: Timestamp,
) -> Result<Value, Refusal> {
    let body = body
        .and_then(Value::as_object)
        .ok_or_else(|| Refusal::must_be("the body", "a JSON object, sent as application/json"))?;
    let fields = Fields(body);
    let partner_id = fields.needed("partnerid")?;
    let mut item = match name(switches, &call.path) {
        Some("chat_connect") => connect(config, switches, desk, partner_id, &fields, now),
        Some("chat_send") => send(desk, partner_id, &fields, now),
        Some("comment") => comment(desk, partner_id, &fields, now),
        _ => {
            let left = leave(desk, partner_id, now);
            match switches.out_says_nothing {
                true => return Ok(Value::Null),
                false => Ok(left),
            }
        }
    }?;
    if switches.answers_as_text {
        for name in ["status", "count"] {
            if let Some(value) = item.get_mut(name)
                && let Some(number) = value.as_i64()
            {
                *value = json!(number.to_string());
            }
        }
    }
    Ok(item)
}

fn connect(
    config: &Config,
    switches: &Switches,
    desk: &mut Desk,
    partner_id: &str,
    fields: &Fields<'_>,
    now: Timestamp,
) -> Result<Value, Refusal> {
    for name in ["source", "channel_flag"] {
        fields.number(name)?;
    }
    for name in [
        "user_nick",
        "user_name",
        "user_tels",
        "user_emails",
        "user_img",
        "user_face",
    ] {
        fields.text(name)?;
    }
    if let Some(params) = fields.text("params")?
        && serde_json::from_str::<Map<String, Value>>(params).is_err()
    {
        return Err(Refusal::must_be(
            "params",
            "a String that holds a JSON object",
        ));
    }
    let agent = fields.text("agentid")?;
    let group = fields.text("groupid")?;
    if fields.number("tran_flag")?.is_some() && agent.is_none() {
        return Err(Refusal::must_be("agentid", "given with tran_flag"));
    }
    if switches.blacklist.contains(partner_id) {
        return Ok(json!({"status": 3}));
    }
    let standing = desk.visitor(partner_id, now).standing;
    if standing != Standing::Away && switches.connected_again == ConnectedAgain::Duplicate {
        return Ok(json!({"status": -1}));
    }
    let is_known = agent.is_none_or(|agent| agent == config.agent.id)
        && group.is_none_or(|group| config.groups.iter().any(|known| known == group));
    let reception = match is_known {
        true => switches.reception,
        false => Reception::Nobody,
    };
    let connected = |desk: &mut Desk, cid: String| {
        let visitor_id = desk.visitor(partner_id, now).visitor_id.clone();
        json!({
            "status": 1,
            "cid": cid,
            "agentid": config.agent.id,
            "agent_name": config.agent.name,
            "agent_face": config.agent.face,
            "visitorid": visitor_id,
        })
    };
    Ok(match (standing, reception) {
        (Standing::Connected, _) => {
            let cid = desk.visitor(partner_id, now).cid.clone();
            connected(desk, cid)
        }
        (_, Reception::Free) => {
            let cid = desk.connect(partner_id, now);
            connected(desk, cid)
        }
        (_, Reception::Busy(place)) => {
            let visitor = desk.visitor(partner_id, now);
            visitor.standing = Standing::Waiting(place);
            json!({"status": 0, "count": place, "visitorid": visitor.visitor_id})
        }
        (_, Reception::Nobody) => {
            let visitor = desk.visitor(partner_id, now);
            visitor.standing = Standing::Away;
            json!({"status": 2, "visitorid": visitor.visitor_id})
        }
    })
}

fn send(
    desk: &mut Desk,
    partner_id: &str,
    fields: &Fields<'_>,
    now: Timestamp,
) -> Result<Value, Refusal> {
    let content = fields.needed("content")?;
    let kind = match fields.text("msg_type")? {
        None | Some("text") => MsgKind::Text,
        Some("image") => MsgKind::Image,
        Some("voice") => MsgKind::Voice,
        Some("video") => MsgKind::Video,
        Some(_) => {
            return Err(Refusal::must_be("msg_type", "text, image, voice or video"));
        }
    };
    let is_address = content.starts_with("https://") || content.starts_with("http://");
    if kind != MsgKind::Text && !is_address {
        return Err(Refusal::must_be("content", "an address"));
    }
    let path = content.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    if kind == MsgKind::Voice && !matches!(extension, None | Some("mp3" | "wav")) {
        return Err(Refusal::must_be("content", "an address of an mp3 or a wav"));
    }
    fields.text("appoint_cid")?;
    fields.text("appoint_msgid")?;
    let visitor = desk.visitor(partner_id, now);
    if visitor.standing != Standing::Connected {
        return Ok(json!({"status": 2}));
    }
    visitor.wrote.push(Wrote {
        kind,
        content: content.to_owned(),
        cid: visitor.cid.clone(),
        at: now,
    });
    Ok(json!({"status": 1}))
}

fn comment(
    desk: &mut Desk,
    partner_id: &str,
    fields: &Fields<'_>,
    now: Timestamp,
) -> Result<Value, Refusal> {
    let of = |name: &str, known: &[i64]| match fields.number(name)? {
        Some(number) if !known.contains(&number) => {
            Err(Refusal::must_be(name, &format!("one of {known:?}")))
        }
        number => Ok(number),
    };
    let about = of("type", &[0, 1])?;
    let rating = Rating {
        cid: String::new(),
        score: of("score", &[1, 2, 3, 4, 5])?
            .ok_or_else(|| Refusal::Code(refusal::EMPTY, "score is empty".to_owned()))?,
        solved: of("solved", &[0, 1])?,
        tag: fields.text("tag")?.map(str::to_owned),
        remark: fields.text("remark")?.map(str::to_owned),
        comment_type: of("comment_type", &[0, 1])?,
    };
    let visitor = desk.visitor(partner_id, now);
    // No robot was met through this API.
    let chat = visitor.chats.last().filter(|_| about == Some(1)).cloned();
    let Some(cid) = chat else {
        return Ok(json!({"status": 3}));
    };
    if visitor.ratings.iter().any(|rated| rated.cid == cid) {
        return Ok(json!({"status": 2, "cid": cid}));
    }
    visitor.ratings.push(Rating {
        cid: cid.clone(),
        ..rating
    });
    Ok(json!({"status": 1, "cid": cid}))
}

fn leave(desk: &mut Desk, partner_id: &str, now: Timestamp) -> Value {
    let visitor = desk.visitor(partner_id, now);
    match std::mem::take(&mut visitor.standing) {
        Standing::Away => json!({"status": 0}),
        Standing::Waiting(_) | Standing::Connected => json!({"status": 1}),
    }
}

/// The body of a call.
struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// A String that must be there and not be empty.
    fn needed(&self, name: &str) -> Result<&'a str, Refusal> {
        let text = self.text(name)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| Refusal::Code(refusal::EMPTY, format!("{name} is empty")))
    }

    /// A String that may be left out.
    fn text(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        match self.0.get(name) {
            None => Ok(None),
            Some(value) => match value.as_str() {
                Some(text) => Ok(Some(text)),
                None => Err(Refusal::must_be(name, "a String")),
            },
        }
    }

    /// A number that may be left out: an Integer by one source, a String by another.
    fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let number = match self.0.get(name) {
            None => return Ok(None),
            Some(Value::String(text)) => text.parse().ok(),
            Some(value) => value.as_i64(),
        };
        match number {
            Some(number) => Ok(Some(number)),
            None => Err(Refusal::must_be(name, "an Integer")),
        }
    }
}
