//! `POST /im/messages`: a customer's message to the agent, or to a robot.

use serde_json::json;

use super::desk::{Author, Entry, Standing};
use super::input::{Fields, invalid};
use super::open_api::{Done, Request};
use super::refusal::{self, Refusal};
use super::robots;

/// Fields of `POST /im/messages`.
pub(crate) const FIELDS: &[&str] = &[
    "customer_token",
    "im_sub_session_id",
    "message_id",
    "type",
    "data",
    "robot_id",
    "scene_id",
    "urobot_session_id",
    "agent_id",
    "group_id",
];

/// What the page's matrix marks as sendable.
const KINDS: &[&str] = &[
    "message", "image", "audio", "video", "file", "rich", "close",
];

pub(crate) fn send(request: &mut Request<'_>) -> Result<Done, Refusal> {
    let body = request.json(refusal::MESSAGE_MISSING)?;
    let customer = body.required_text("customer_token")?;
    let session = target(body)?;
    let message_id = message_id(body, session)?;
    let kind = body.text("type")?.unwrap_or("message");
    if !KINDS.contains(&kind) {
        return Err(invalid("type", &format!("one of {}", KINDS.join(", "))));
    }
    let data = body.required_object("data")?;
    let content = data.required_text("content")?;
    // "content: url", though the page's own example has HTML there.
    if matches!(kind, "image" | "audio" | "video" | "file") && !is_url(content) {
        return Err(invalid("data.content", "url"));
    }
    data.text("filename")?;
    data.text("filesize")?;
    data.number("duration")?;
    let robot_id = body.id("robot_id")?;
    let scene_id = body.id("scene_id")?;
    let urobot_session = body.id("urobot_session_id")?;
    let agent_id = body.id("agent_id")?;
    body.id("group_id")?;
    if session == -1 && (robot_id.is_none() || scene_id.is_none()) {
        return Err(body.missing("robot_id and scene_id"));
    }

    match (session, request.desk.standing(customer)) {
        // Messages to a robot may only be of type message.
        (0 | -1, _) if kind != "message" => return Err(invalid("type", "message")),
        (0 | -1, standing) => {
            robots::check(&standing, session, robot_id, scene_id, urobot_session)?;
        }
        (-2, _) | (-3, Standing::Queued { .. } | Standing::Assigning) => {}
        (_, Standing::Active { session: live }) if live == session => {}
        _ => return Err(Refusal::session_gone()),
    }

    // A urobot's message may go without an id, and is no repeat then.
    let is_repeat = !message_id.is_empty() && request.desk.has_message(message_id);
    if request.switches.drop_repeats && is_repeat {
        return Ok(Done::answer(json!({"code": refusal::OK})));
    }
    let entry = Entry {
        from: Author::Customer,
        message_id: message_id.to_owned(),
        im_sub_session_id: session,
        kind: kind.to_owned(),
        content: content.to_owned(),
        data: data.raw(),
        at: request.now,
        // What a robot was asked waits for no agent.
        read: matches!(session, 0 | -1),
        to_offline: false,
        left_for: agent_id.filter(|_| session == -2),
    };
    let conversation = request.desk.conversation(customer);
    conversation.entries.push(entry);
    // "Automatically cleared when the agent receives a message from the customer."
    conversation.preview = None;
    if kind == "close" {
        request.desk.end(customer);
    }
    let mut done = Done::answer(json!({"code": refusal::OK}));
    if matches!(session, 0 | -1) && request.switches.robot_answers {
        done.after
            .extend(robots::answer(request, customer, content));
    }
    Ok(done)
}

fn is_url(content: &str) -> bool {
    let (scheme, rest) = content.split_once("://").unwrap_or_default();
    let is_web = matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https");
    is_web && !rest.is_empty() && !rest.contains([' ', '<'])
}

/// `im_sub_session_id`: required, though "0 or empty" names the robot.
fn target(body: Fields<'_>) -> Result<i64, Refusal> {
    const NAME: &str = "im_sub_session_id";
    if body.is_empty_text(NAME) {
        return Ok(0);
    }
    let session = body.id(NAME)?.ok_or_else(|| body.missing(NAME))?;
    if session < -3 {
        return Err(invalid(NAME, "a session id, 0, -1, -2 or -3"));
    }
    Ok(session)
}

/// `message_id`: a String of letters, digits, `_` and `-`; the Udesk robot can do without.
fn message_id<'a>(body: Fields<'a>, session: i64) -> Result<&'a str, Refusal> {
    const NAME: &str = "message_id";
    let id = match session {
        -1 => body.text(NAME)?.unwrap_or_default(),
        _ => body.required_text(NAME)?,
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if id.bytes().all(plain) {
        Ok(id)
    } else {
        Err(invalid(NAME, "letters, numbers, \"_\" and \"-\" only"))
    }
}
