//! `POST {event URL}`: what Udesk calls an event callback, `{action, message}`. `action` is read first, then `message` as
//! that action has it.
//!
//! Known, of the vendor's page: the two members, that `message` is an object, and the names of the actions. The page
//! prints few of the objects' fields, so the files of the three actions say which names are taken for each: the first
//! that is filled counts, whether it stands in `message` itself or in an object right inside it.
//!
//! Nothing is known of a signature, of the answer that Udesk wants, nor of whether it calls again.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/webhook_v2>

use jiff::{Timestamp, tz::Offset};
use serde_json::Value;

use super::{
    Id, date, event_session_close::SessionClose, event_shut_queue::ShutQueue,
    event_survey_vote::SurveyVote, id, text,
};
use crate::vendor::unreadable::{Fault, Members, Unreadable, parse};

/// One event.
#[derive(Clone, Debug)]
pub enum Event {
    /// `ImSubSession_close`
    SessionClose(Box<SessionClose>),
    /// `ShutQueue_create`
    ShutQueue(ShutQueue),
    /// `ImSurveyVote_create`
    SurveyVote(SurveyVote),
    /// Any other, by its name.
    Other(String),
}

impl Event {
    /// Whether a body is one: no push of the receive URL has these two members.
    pub(super) fn is_one(members: &Members<'_>) -> bool {
        members.contains_key("action") && members.contains_key("message")
    }

    pub(super) fn read(members: &Members<'_>, offset: Offset) -> Result<Self, Unreadable> {
        let member = |name: &str| {
            let raw = members.get(name).ok_or_else(|| Unreadable::missing(name))?;
            parse::<Value>(raw.get()).map_err(|error| error.within(name))
        };
        let action = text::filled(&member("action")?)
            .ok_or_else(|| Unreadable::wrong("action", Fault::WrongType))?;
        let message = || match member("message")? {
            message @ Value::Object(_) => Ok(message),
            _ => Err(Unreadable::wrong("message", Fault::WrongType)),
        };
        Ok(match action.as_str() {
            "ImSubSession_close" => {
                Self::SessionClose(Box::new(SessionClose::read(&message()?, offset)?))
            }
            "ShutQueue_create" => Self::ShutQueue(ShutQueue::read(&message()?, offset)),
            "ImSurveyVote_create" => Self::SurveyVote(SurveyVote::read(&message()?, offset)),
            _ => Self::Other(action),
        })
    }
}

/// The fields of an object, and those of the objects right inside it.
pub(super) struct Fields<'a>(Vec<&'a Value>);

impl<'a> Fields<'a> {
    pub(super) fn of(object: &'a Value) -> Self {
        let members = object.as_object().into_iter().flatten();
        let inside = members
            .map(|(_, member)| member)
            .filter(|one| one.is_object());
        Self(std::iter::once(object).chain(inside).collect())
    }

    /// The first of these fields that says something.
    pub(super) fn text(&self, names: &[&str]) -> Option<String> {
        self.first(names, text::filled)
    }

    /// The first of these fields that holds an id.
    pub(super) fn id(&self, names: &[&str]) -> Option<Id> {
        self.first(names, id::integer).map(Id)
    }

    /// The first of these fields that holds a date.
    pub(super) fn date(&self, names: &[&str], offset: Offset) -> Option<Timestamp> {
        self.first(names, |value| date::read(&text::filled(value)?, offset))
    }

    /// The session with an agent that an event is about. Not `session_id`: the session records of the same vendor have
    /// both `session_id` and `sub_session_id`, and only the latter is the number that pushes name.
    pub(super) fn session(&self) -> Option<Id> {
        self.id(&["im_sub_session_id", "sub_session_id"])
    }

    /// The app's id of the customer.
    pub(super) fn customer(&self) -> Option<String> {
        self.text(&["customer_token", "open_api_token"])
    }

    fn first<T>(&self, names: &[&str], read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        names.iter().find_map(|name| {
            let mut values = self.0.iter().filter_map(|object| object.get(name));
            values.find_map(&read)
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::vendor::udesk::Push;

    const CLOSE: &str =
        include_str!("../../../../tests/fixtures/udesk/event.im_sub_session_close.json");
    const QUEUE: &str = include_str!("../../../../tests/fixtures/udesk/event.shut_queue.json");
    const VOTE: &str = include_str!("../../../../tests/fixtures/udesk/event.im_survey_vote.json");

    fn read(body: &str) -> Result<Event, Unreadable> {
        match Push::read(body.as_bytes(), Offset::constant(8))? {
            Push::Event(event) => Ok(event),
            other => panic!("no event: {other:?}"),
        }
    }

    #[test]
    fn the_action_says_what_the_message_is() {
        assert!(matches!(read(CLOSE), Ok(Event::SessionClose(_))));
        assert!(matches!(read(QUEUE), Ok(Event::ShutQueue(_))));
        assert!(matches!(read(VOTE), Ok(Event::SurveyVote(_))));
        for other in ["ImSubSession_create", "Customer_update", "AgentNote_update"] {
            let body = json!({"action": other, "message": {"id": 1}}).to_string();
            let Ok(Event::Other(action)) = read(&body) else {
                panic!("{other}")
            };
            assert_eq!(action, other);
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_and_not_told() {
        for (body, path) in [
            (json!({"action": ["secret"], "message": {}}), "action"),
            (json!({"action": "", "message": {}}), "action"),
            (
                json!({"action": "ImSubSession_close", "message": "secret"}),
                "message",
            ),
            (
                json!({"action": "ShutQueue_create", "message": ["secret"]}),
                "message",
            ),
        ] {
            let error = read(&body.to_string()).unwrap_err();
            assert_eq!(error.path, path, "{body}");
            assert!(!error.to_string().contains("secret"));
        }
    }

    #[test]
    fn a_field_is_found_in_the_object_or_right_inside_it() {
        let nested = json!({"log": {"sub_session_id": "7", "customer": {"customer_token": "too deep"}}, "x": 1});
        let fields = Fields::of(&nested);
        assert_eq!(fields.session(), Some(Id(7)));
        assert_eq!(fields.customer(), None);
        let flat =
            json!({"im_sub_session_id": 8, "log": {"sub_session_id": 7, "open_api_token": "DE"}});
        assert_eq!(Fields::of(&flat).session(), Some(Id(8)));
        assert_eq!(Fields::of(&flat).customer().as_deref(), Some("DE"));
    }

    proptest! {
        #[test]
        fn never_panics_on_mutated_fixtures(
            fixture in prop::sample::select(vec![CLOSE, QUEUE, VOTE]),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3), 1..8),
        ) {
            let mut body = fixture.as_bytes().to_vec();
            for (at, byte, how) in changes {
                let at = at.index(body.len());
                match how {
                    0 => { body.splice(at..=at, [byte]); }
                    1 => body.insert(at, byte),
                    _ if body.len() > 1 => { body.remove(at); }
                    _ => {}
                }
            }
            let _ = Push::read(&body, Offset::UTC);
        }
    }
}
