//! The push that brings what the robot of another maker answers: `{customer_token, assign_type: "robot", messages: […]}`.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Reply Message Notification"

use jiff::tz::Offset;
use serde_json::{Value, value::RawValue};

use super::{
    date, id, push,
    push_agent::UnreadableMessage,
    robot_answer::{Answer, RobotMessage, RobotPush, Said, each, first, question},
    text,
};
use crate::message::{AnswerKind, Answered, Suggestion};
use crate::vendor::unreadable::{Fault, Members, Unreadable, parse};

pub(super) fn read(members: &Members<'_>, offset: Offset) -> Result<RobotPush, Unreadable> {
    let messages = push::messages(members)?.into_iter();
    Ok(RobotPush {
        customer_token: push::customer_token(members),
        messages: (0..)
            .zip(messages)
            .map(|(index, raw)| {
                message(&raw, offset)
                    .map(|message| RobotMessage {
                        raw: raw.clone(),
                        ..message
                    })
                    .map_err(|fault| UnreadableMessage {
                        fault: fault.within(&format!("messages[{index}]")),
                        raw,
                    })
            })
            .collect(),
    })
}

fn message(raw: &RawValue, offset: Offset) -> Result<RobotMessage, Unreadable> {
    let message: Value = parse(raw.get())?;
    if !message.is_object() {
        return Err(Unreadable::wrong(".", Fault::WrongType));
    }
    Ok(RobotMessage {
        id: message.get("message_id").and_then(text::filled),
        session: None,
        created_at: first(&message, &["message_created_at"])
            .and_then(|created_at| date::read(&created_at, offset)),
        said: match message.get("type").and_then(text::filled).as_deref() {
            None | Some("message" | "rich") => said(&message)?,
            Some(kind) => Said::NotShown(format!("`{kind}` of a robot is not to be shown")),
        },
        raw: raw.to_owned(),
    })
}

fn said(message: &Value) -> Result<Said, Unreadable> {
    let data = match message.get("data") {
        None | Some(Value::Null) => return Err(Unreadable::missing("data")),
        Some(data @ Value::Object(_)) => data,
        Some(_) => return Err(Unreadable::wrong("data", Fault::WrongType)),
    };
    let content = match data.get("answer") {
        None | Some(Value::Null) => first(data, &["content"]).unwrap_or_default(),
        Some(answer) => {
            text::text(answer).ok_or_else(|| Unreadable::wrong("data.answer", Fault::WrongType))?
        }
    };
    let asked = ["gus_list", "relate_list"]
        .into_iter()
        .flat_map(|name| each(data.get(name)))
        .filter_map(|one| question(one, &["question_title"], &["question_id"]));
    let links = each(data.get("third_url")).filter_map(link);
    let answer = Answer {
        content,
        suggestions: asked.chain(links).collect(),
        answered: answered(data),
    };
    Ok(match answer.filled() {
        Some(answer) => Said::Answer(answer),
        None => Said::NotShown("the robot said nothing".to_owned()),
    })
}

/// 0 is the greetings' library; any other question can be rated.
fn answered(data: &Value) -> Option<Answered> {
    let id = data.get("question_id").and_then(id::integer);
    let question = first(data, &["question_title"]);
    let kind = id.map(|id| match id {
        0 => AnswerKind::Greeting,
        _ => AnswerKind::Answer,
    });
    let answered = Answered {
        kind,
        question,
        question_id: id.filter(|id| *id != 0).map(|id| id.to_string()),
    };
    (answered != Answered::default()).then_some(answered)
}

/// A page that the robot recommends. An app makes a link of it: nothing but the web's addresses.
fn link(object: &Value) -> Option<Suggestion> {
    let url = text::filled(object).or_else(|| first(object, &["url"]))?;
    let is_web = ["https://", "http://"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    is_web.then(|| Suggestion {
        text: first(object, &["title", "name"]).unwrap_or_else(|| url.clone()),
        id: None,
        url: Some(url),
        action: None,
        frequent: false,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vendor::udesk::Push;

    const ROBOT: &str = include_str!("../../../../tests/fixtures/udesk/push.robot.json");

    fn push(body: &Value) -> RobotPush {
        match Push::read(body.to_string().as_bytes(), Offset::constant(8)) {
            Ok(Push::Robot(push)) => push,
            other => panic!("not a robot's: {other:?}"),
        }
    }

    fn one(message: &Value) -> Result<RobotMessage, UnreadableMessage> {
        let body = json!({"customer_token": "axb", "assign_type": "robot", "messages": [message]});
        push(&body).messages.remove(0)
    }

    fn answer(message: &Value) -> Answer {
        match one(message).unwrap().said {
            Said::Answer(answer) => answer,
            Said::NotShown(why) => panic!("{why}"),
        }
    }

    #[test]
    fn the_pages_answer_with_its_questions_and_its_link() {
        let push = push(&serde_json::from_str(ROBOT).unwrap());
        assert_eq!(push.customer_token.as_deref(), Some("axb"));
        let [Ok(message)] = push.messages.as_slice() else {
            panic!("one message")
        };
        assert_eq!(
            message.id.as_deref(),
            Some("f862f80d-89aa-4f31-92d9-ccd4fcacffcf")
        );
        assert_eq!((message.session, message.created_at), (None, None));
        let Said::Answer(answer) = &message.said else {
            panic!("not shown")
        };
        assert!(answer.content.starts_with("Hi, we are a company"));
        let proposed: Vec<_> = answer
            .suggestions
            .iter()
            .map(|one| (one.text.as_str(), one.url.as_deref()))
            .collect();
        assert_eq!(
            proposed,
            [
                ("What business do you do", None),
                ("What business does your company have", None),
                ("Where is the company located", None),
                ("What are the contact details", None),
                ("https://www.udesk.cn", Some("https://www.udesk.cn")),
            ]
        );
    }

    // Contradiction 16: an array or an object.
    #[test]
    fn one_message_without_its_array() {
        let message = json!({"message_id": 7, "data": {"answer": "Yes"}});
        let body = json!({"customer_token": 5, "assign_type": "robot", "messages": message});
        let push = push(&body);
        assert_eq!(push.customer_token.as_deref(), Some("5"));
        let message = push.messages[0].as_ref().unwrap();
        assert_eq!(message.id.as_deref(), Some("7"));
    }

    // Contradiction 25, though the page's sample has no date.
    #[test]
    fn a_date_is_read_in_both_forms() {
        for date in ["20170711 09:52:11", "2017-07-11 09:52:11"] {
            let message = json!({"message_created_at": date, "data": {"answer": "Yes"}});
            let at = one(&message).unwrap().created_at.unwrap();
            assert_eq!(at.to_string(), "2017-07-11T01:52:11Z");
        }
    }

    #[test]
    fn what_decorates_an_answer_may_be_odd() {
        for (data, proposed) in [
            (
                json!({"answer": "Yes", "gus_list": null, "relate_list": 7}),
                0,
            ),
            (
                json!({"answer": "Yes", "gus_list": [null, {}, {"question_title": ""}]}),
                0,
            ),
            (json!({"answer": "Yes", "gus_list": ["Why?"]}), 1),
            (
                json!({"answer": "Yes", "relate_list": {"question_title": "Why?"}}),
                1,
            ),
            (
                json!({"answer": "Yes", "third_url": "https://a.example"}),
                1,
            ),
            (
                json!({"answer": "Yes", "third_url": {"url": "javascript:alert(1)"}}),
                0,
            ),
            (json!({"answer": 7, "third_url": []}), 0),
        ] {
            let answer = answer(&json!({"type": "message", "data": data}));
            assert_eq!(answer.suggestions.len(), proposed, "{data}");
        }
    }

    #[test]
    fn questions_alone_are_an_answer() {
        let data =
            json!({"answer": "", "gus_list": [{"question_title": "Why?", "question_id": 3}]});
        let answer = answer(&json!({"type": "message", "data": data}));
        assert_eq!(answer.content, "");
        assert_eq!(answer.suggestions[0].id.as_deref(), Some("3"));
    }

    #[test]
    fn what_is_not_shown() {
        for message in [
            json!({"type": "transfer", "data": {"content": "x"}}),
            json!({"type": "struct"}),
            json!({"type": "message", "data": {"answer": " "}}),
            json!({"type": "message", "data": {}}),
        ] {
            let said = one(&message).unwrap().said;
            assert!(matches!(said, Said::NotShown(_)), "{message}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        for (message, path, fault) in [
            (
                json!({"type": "message"}),
                "messages[0].data",
                Fault::Missing,
            ),
            (
                json!({"data": ["secret"]}),
                "messages[0].data",
                Fault::WrongType,
            ),
            (
                json!({"data": {"answer": {"secret": 1}}}),
                "messages[0].data.answer",
                Fault::WrongType,
            ),
            (json!("secret"), "messages[0]", Fault::WrongType),
        ] {
            let unreadable = one(&message).unwrap_err();
            let Unreadable {
                path: at,
                fault: why,
            } = unreadable.fault;
            assert_eq!((at.as_str(), why), (path, fault), "{message}");
        }
    }
}
