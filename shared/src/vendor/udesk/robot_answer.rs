//! What a robot says, whichever of Udesk's two it is: `robot`, of another maker, and `urobot`, Udesk's own. How each
//! writes it stands in [`super::push_robot`] and [`super::push_urobot`].
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Reply Message Notification"

use jiff::Timestamp;
use serde_json::{Value, value::RawValue};

use super::{UrobotSession, push_agent::UnreadableMessage, text};
use crate::message::{Action, Answered, Suggestion};

/// What one push of a robot's holds.
#[derive(Clone, Debug)]
pub struct RobotPush {
    /// The app's id of the customer; the page's `urobot` sample names none.
    pub customer_token: Option<String>,
    /// In order. One that can't be read does not spoil the others.
    pub messages: Vec<Result<RobotMessage, UnreadableMessage>>,
}

/// One thing that a robot said.
#[derive(Clone, Debug)]
pub struct RobotMessage {
    /// What it is known by; `None` where Udesk gave it no id.
    pub id: Option<String>,
    /// The session with Udesk's own robot that it belongs to.
    pub session: Option<UrobotSession>,
    /// When; `None` when the date is missing or none, as in the page's samples.
    pub created_at: Option<Timestamp>,
    /// What the customer is shown, or why nothing.
    pub said: Said,
    /// As it came.
    pub raw: Box<RawValue>,
}

/// Whether the customer is shown anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// This.
    Answer(Answer),
    /// Nothing, for this reason.
    NotShown(String),
}

/// What a customer is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// HTML; blank where the robot only proposes.
    pub content: String,
    /// What it proposes beside: questions, links.
    pub suggestions: Vec<Suggestion>,
    /// What it answers, where the robot says.
    pub answered: Option<Answered>,
}

impl Answer {
    /// The answer, unless it says nothing at all.
    pub fn filled(self) -> Option<Self> {
        (!self.content.trim().is_empty() || !self.suggestions.is_empty()).then_some(self)
    }
}

/// The elements of a list; of one object, that one; of anything else, none. Udesk writes both.
pub(super) fn each(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    match value {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one @ (Value::Object(_) | Value::String(_))) => std::slice::from_ref(one),
        _ => &[],
    }
    .iter()
}

/// The first of these fields that says something.
pub(super) fn first(object: &Value, names: &[&str]) -> Option<String> {
    let mut fields = names.iter().filter_map(|name| object.get(name));
    fields.find_map(text::filled)
}

/// What may be asked next. What only decorates an answer must not make it unreadable: an odd one is left out.
pub(super) fn question(object: &Value, texts: &[&str], ids: &[&str]) -> Option<Suggestion> {
    Some(Suggestion {
        text: text::filled(object).or_else(|| first(object, texts))?,
        id: first(object, ids),
        url: None,
        action: None,
        frequent: false,
    })
}

/// A click on a question is counted, where Udesk can be told which.
pub(super) fn countable(question: Suggestion) -> Suggestion {
    let id = question.id.as_deref();
    let is_known = id.is_some_and(|id| id.parse::<i64>().is_ok());
    Suggestion {
        action: is_known.then_some(Action::Click),
        ..question
    }
}
