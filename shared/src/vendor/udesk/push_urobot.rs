//! The push that brings what Udesk's own robot answers: `{customer_token, assign_type: "urobot", messages: {…}}`. The
//! page's sample is the inner object alone; it is told to its session by `sessionId`.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Reply Message Notification"

use jiff::tz::Offset;
use serde_json::{Value, value::RawValue};

use super::{
    Id, UrobotSession, date, flow_content, id, push,
    push_agent::UnreadableMessage,
    robot_answer::{Answer, RobotMessage, RobotPush, Said, countable, each, first, question},
    text,
};
use crate::message::{AnswerKind, Answered};
use crate::vendor::unreadable::{Fault, Members, Unreadable, parse};

pub(super) fn read(
    body: &str,
    members: &Members<'_>,
    offset: Offset,
) -> Result<RobotPush, Unreadable> {
    let (within, raws) = if members.contains_key("messages") {
        ("messages", push::messages(members)?)
    } else {
        ("", vec![parse(body)?])
    };
    Ok(RobotPush {
        customer_token: push::customer_token(members),
        messages: (0..)
            .zip(raws)
            .map(|(index, raw)| {
                let path = match within {
                    "" => String::new(),
                    within => format!("{within}[{index}]"),
                };
                message(&raw, offset)
                    .map(|message| RobotMessage {
                        raw: raw.clone(),
                        ..message
                    })
                    .map_err(|fault| UnreadableMessage {
                        fault: fault.within(&path),
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
    let session = message
        .get("sessionId")
        .and_then(id::integer)
        .map(|session| UrobotSession(Id(session)));
    // A log's number is counted per session, as far as anybody says.
    let log = message.get("logId").and_then(text::filled);
    Ok(RobotMessage {
        id: session
            .zip(log)
            .map(|(session, log)| format!("{session}:{log}")),
        session,
        created_at: first(&message, &["message_created_at", "createTime"])
            .and_then(|created_at| date::read(&created_at, offset)),
        said: said(&message)?,
        raw: raw.to_owned(),
    })
}

fn said(message: &Value) -> Result<Said, Unreadable> {
    let kind = match message.get("ansType") {
        None | Some(Value::Null) => None,
        Some(kind) => {
            Some(id::integer(kind).ok_or_else(|| Unreadable::wrong("ansType", Fault::WrongType))?)
        }
    };
    let kind = match kind {
        None => None,
        // A normal answer, or one with suggestions.
        Some(1 | 2) => Some(AnswerKind::Answer),
        Some(3) => Some(AnswerKind::Suggestions),
        Some(4) => Some(AnswerKind::Greeting),
        Some(6) => Some(AnswerKind::Unknown),
        Some(8) => Some(AnswerKind::Sensitive),
        Some(other) => {
            return Ok(Said::NotShown(format!(
                "`ansType` {other} is of no documented kind"
            )));
        }
    };
    let part = |name: &str| match message.get(name) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(part) => text::text(part).ok_or_else(|| Unreadable::wrong(name, Fault::WrongType)),
    };
    let step = part("flowContent")?;
    let questions = each(message.get("suggestQuestionList")).filter_map(|one| {
        question(one, &["content", "question"], &["id", "questionId"]).map(countable)
    });
    let answered = Answered {
        kind,
        question: first(message, &["hitQuestion"]),
        question_id: None,
    };
    let answer = Answer {
        suggestions: flow_content::read(&step)
            .into_iter()
            .chain(questions)
            .collect(),
        content: joined(part("ansContent")?, step, part("flowTitle")?),
        answered: (answered != Answered::default()).then_some(answered),
    };
    Ok(match answer.filled() {
        Some(answer) => Said::Answer(answer),
        None => Said::NotShown("the robot said nothing".to_owned()),
    })
}

/// A step of a flow comes beside the answer, or in its place.
fn joined(answer: String, step: String, title: String) -> String {
    let is_blank = |text: &String| text.trim().is_empty();
    match (is_blank(&answer), is_blank(&step)) {
        (true, true) => title,
        (true, false) => step,
        (false, true) => answer,
        (false, false) if answer.contains(step.trim()) => answer,
        (false, false) => format!("{answer}<br>{step}"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{message::Action, vendor::udesk::Push};

    const UROBOT: &str = include_str!("../../../../tests/fixtures/udesk/push.urobot.json");

    fn push(body: &Value) -> RobotPush {
        match Push::read(body.to_string().as_bytes(), Offset::constant(8)) {
            Ok(Push::Urobot(push)) => push,
            other => panic!("not a urobot's: {other:?}"),
        }
    }

    fn one(message: &Value) -> Result<RobotMessage, UnreadableMessage> {
        let body = json!({"customer_token": "axb", "assign_type": "urobot", "messages": message});
        push(&body).messages.remove(0)
    }

    fn said(more: &Value) -> Said {
        let mut message = json!({"sessionId": 1, "logId": 2});
        let more = more.as_object().unwrap().clone();
        message.as_object_mut().unwrap().extend(more);
        one(&message).unwrap().said
    }

    fn content(more: &Value) -> String {
        match said(more) {
            Said::Answer(answer) => answer.content,
            Said::NotShown(why) => panic!("{why}"),
        }
    }

    // Contradiction 16: an object or an array, with its envelope or without.
    #[test]
    fn contradiction_16_the_pages_answer_in_every_wrapping() {
        let inner: Value = serde_json::from_str(UROBOT).unwrap();
        for (body, customer) in [
            (inner.clone(), None),
            (json!({"messages": inner}), None),
            (
                json!({"customer_token": "axb", "assign_type": "urobot", "messages": inner}),
                Some("axb"),
            ),
            (
                json!({"customer_token": "axb", "assign_type": "urobot", "messages": [inner]}),
                Some("axb"),
            ),
            (
                json!({"customer_token": "axb", "messages": [inner]}),
                Some("axb"),
            ),
        ] {
            let push = push(&body);
            assert_eq!(push.customer_token.as_deref(), customer, "{body}");
            let [Ok(message)] = push.messages.as_slice() else {
                panic!("one message")
            };
            assert_eq!(message.id.as_deref(), Some("urobot:1835244:3574331"));
            assert_eq!(message.session, Some(UrobotSession(Id(1_835_244))));
            let Said::Answer(answer) = &message.said else {
                panic!("not shown")
            };
            assert_eq!(answer.content, "Appeal process");
            let [suggestion] = answer.suggestions.as_slice() else {
                panic!("one suggestion")
            };
            assert_eq!(suggestion.text, "Question 1");
            assert_eq!(suggestion.id.as_deref(), Some("434"));
            assert_eq!(suggestion.action, Some(Action::Click));
            let answered = answer.answered.as_ref().unwrap();
            assert_eq!(answered.question.as_deref(), Some("Account appeal"));
            assert_eq!(answered.question_id, None);
        }
    }

    #[test]
    fn the_buttons_of_a_flow_come_before_the_questions() {
        let page = include_str!("../../../../tests/fixtures/udesk/flow_content.html");
        let message = json!({
            "ansType": 1, "flowId": 80, "flowTitle": "Flow A", "flowContent": page,
            "suggestQuestionList": [{"id": 434, "content": "Question 1", "type": 1}, {"content": "Why?"}],
        });
        let Said::Answer(answer) = said(&message) else {
            panic!("not shown")
        };
        let offered: Vec<_> = answer
            .suggestions
            .iter()
            .map(|one| (one.id.as_deref(), one.action))
            .collect();
        assert_eq!(
            offered,
            [
                (Some("81"), Some(Action::Flow)),
                (Some("307"), Some(Action::Click)),
                (Some("434"), Some(Action::Click)),
                // Udesk could not be told which.
                (None, None),
            ]
        );
        assert_eq!(answer.content, page);
    }

    // Contradiction 17: the table says String, the sample is a number.
    #[test]
    fn contradiction_17_ids_are_read_as_numbers_and_as_text() {
        let message = json!({"sessionId": "1835244", "logId": "3574331", "ansType": "1", "ansContent": "Yes"});
        let message = one(&message).unwrap();
        assert_eq!(message.id.as_deref(), Some("urobot:1835244:3574331"));
        assert_eq!(message.session, Some(UrobotSession(Id(1_835_244))));
    }

    #[test]
    fn without_its_ids_it_is_known_by_what_it_says() {
        for message in [
            json!({"sessionId": 1, "ansContent": "Yes"}),
            json!({"logId": 1, "ansContent": "Yes"}),
            json!({"sessionId": "x", "logId": null, "ansContent": "Yes"}),
        ] {
            assert_eq!(one(&message).unwrap().id, None, "{message}");
        }
    }

    #[test]
    fn every_documented_kind_is_shown_as_what_it_is_and_no_other() {
        for (number, kind) in [
            (1, AnswerKind::Answer),
            (2, AnswerKind::Answer),
            (3, AnswerKind::Suggestions),
            (4, AnswerKind::Greeting),
            (6, AnswerKind::Unknown),
            (8, AnswerKind::Sensitive),
        ] {
            let said = said(&json!({"ansType": number, "ansContent": "Yes"}));
            let Said::Answer(answer) = said else {
                panic!("{number} is not shown")
            };
            assert_eq!(answer.content, "Yes");
            let answered = answer.answered.unwrap();
            assert_eq!(answered.kind, Some(kind), "{number}");
        }
        for kind in [-1, 0, 5, 7, 9, 99] {
            let said = said(&json!({"ansType": kind, "ansContent": "Yes"}));
            assert!(matches!(said, Said::NotShown(_)), "{kind}");
        }
    }

    #[test]
    fn a_flow_is_shown_with_its_answer_or_in_its_place() {
        let step = "<p><b data-type=\"2\" data-id=\"81\">A</b></p>";
        for (message, shown) in [
            (
                json!({"ansContent": "Yes", "flowContent": step}),
                format!("Yes<br>{step}"),
            ),
            (
                json!({"ansContent": step, "flowContent": step}),
                step.to_owned(),
            ),
            (
                json!({"ansContent": "", "flowContent": step, "flowTitle": "T"}),
                step.to_owned(),
            ),
            (
                json!({"ansContent": null, "flowTitle": "T"}),
                "T".to_owned(),
            ),
        ] {
            assert_eq!(content(&message), shown);
        }
    }

    #[test]
    fn suggestions_alone_are_an_answer_and_nothing_is_none() {
        let suggestions = json!([{"content": "Why?"}, {"id": 1}, "How?", 7]);
        let Said::Answer(answer) = said(&json!({"ansType": 3, "suggestQuestionList": suggestions}))
        else {
            panic!("not shown")
        };
        let texts: Vec<_> = answer
            .suggestions
            .iter()
            .map(|one| one.text.as_str())
            .collect();
        assert_eq!(texts, ["Why?", "How?", "7"]);
        assert!(matches!(said(&json!({"ansType": 1})), Said::NotShown(_)));
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        for (message, path) in [
            (
                json!({"ansContent": {"secret": 1}}),
                "messages[0].ansContent",
            ),
            (json!({"ansType": "secret"}), "messages[0].ansType"),
            (json!(["secret"]), "messages[0]"),
        ] {
            let unreadable = one(&message).unwrap_err();
            assert_eq!(unreadable.fault.path, path, "{message}");
            assert!(!unreadable.fault.to_string().contains("secret"));
        }
        let bare = push(&json!({"sessionId": 1, "logId": 2, "ansContent": []}));
        let unreadable = bare.messages[0].as_ref().unwrap_err();
        assert_eq!(unreadable.fault.path, "ansContent");
    }
}
