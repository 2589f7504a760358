//! The body of `POST /sessions/{id}/robot-actions`.

use deskbridge::{
    error::Error,
    ids::MessageId,
    message::{Action, Message},
    outgoing::Task,
    session::{Robot, Session, State},
};
use serde::{Deserialize, Serialize};

/// What a caller sends.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    kind: Kind,
    message_id: Option<String>,
    id: Option<Chosen>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<i64>,
}

/// What the customer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Flow,
    Click,
    Transfer,
}

/// The id of what the robot proposed: `"81"`, as the message shows it, or `81`.
#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum Chosen {
    Number(i64),
    Text(String),
}

impl Chosen {
    fn id(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

impl Ask {
    /// The message whose suggestion was chosen; `None` where there is none to it.
    pub(crate) fn message(&self) -> Result<Option<MessageId>, Error> {
        match (self.kind, &self.message_id) {
            (Kind::Transfer, None) if self.id.is_none() => Ok(None),
            (Kind::Transfer, given) => {
                let field = if given.is_some() { "message_id" } else { "id" };
                Err(Error::field(field, "`transfer` takes none; leave it out"))
            }
            (Kind::Flow | Kind::Click, None) => {
                Err(Error::field("message_id", "say which message proposed it"))
            }
            (Kind::Flow | Kind::Click, Some(id)) => {
                MessageId::parse(id).map(Some).ok_or_else(no_such_message)
            }
        }
    }

    /// Refuses what only Tencent takes.
    pub(crate) fn is_for_udesk(&self) -> Result<(), Error> {
        let field = match (&self.agent, self.group) {
            (Some(_), _) => "agent",
            (None, Some(_)) => "group",
            (None, None) => return Ok(()),
        };
        let why = "leave it out: at Udesk an agent is asked for by POST /sessions";
        Err(Error::field(field, why))
    }

    /// What Tencent is to do.
    pub(crate) fn at_tencent(&self, session: &Session) -> Result<Task, Error> {
        if self.kind != Kind::Transfer {
            let why = "at Tencent there is `transfer` alone";
            return Err(Error::field("kind", why));
        }
        let longest = self.agent.as_ref().map_or(1, String::len);
        if !(1..=128).contains(&longest) {
            return Err(Error::field("agent", "it has 1 to 128 bytes"));
        }
        if !session.is_open() || session.closing {
            return Err(Error::session_closed());
        }
        if session.vendor_session.is_none() {
            let why = "Tencent has not told of this session yet; the customer has to come first";
            return Err(Error::field("kind", why));
        }
        if session.state == State::Active {
            return Err(Error::field(
                "kind",
                "an agent has the conversation already",
            ));
        }
        Ok(Task::HandOn {
            agent: self.agent.clone(),
            group: self.group,
        })
    }

    /// What the vendor is to be told; `message` is the one that [`Ask::message`] named.
    pub(crate) fn task(&self, session: &Session, message: Option<&Message>) -> Result<Task, Error> {
        let robot = session.robot.clone().ok_or_else(|| {
            Error::field(
                "kind",
                "the customer has met none of the vendor's own robots in this session",
            )
        })?;
        let action = match self.kind {
            Kind::Transfer => return Ok(Task::CountTransfer { robot }),
            Kind::Flow => Action::Flow,
            Kind::Click => Action::Click,
        };
        if !session.is_open() || session.closing {
            return Err(Error::session_closed());
        }
        if action == Action::Flow && session.state != State::Urobot {
            return Err(Error::field(
                "kind",
                "the customer is no longer with the robot; ask for it again (POST /sessions)",
            ));
        }
        self.chosen(robot, action, message.ok_or_else(no_such_message)?)
    }

    fn chosen(&self, robot: Robot, action: Action, message: &Message) -> Result<Task, Error> {
        let asked = self.id.as_ref().map(Chosen::id);
        let of_kind = || {
            let all = message.suggestions.iter();
            all.filter(|one| one.action == Some(action))
        };
        let suggestion = of_kind().find(|one| one.id.is_some() && one.id == asked);
        let suggestion = suggestion.ok_or_else(|| {
            let known: Vec<_> = of_kind().filter_map(|one| one.id.as_deref()).collect();
            let message = match known.is_empty() {
                true => "this message proposes nothing of this kind".to_owned(),
                false => format!("this message proposes {}", known.join(", ")),
            };
            Error::field("id", message)
        })?;
        let id = suggestion.id.clone().unwrap_or_default();
        Ok(match action {
            Action::Flow => Task::TakeStep { robot, flow: id },
            Action::Click => Task::CountClick {
                robot,
                vendor_id: message.vendor_id.clone().unwrap_or_default(),
                question_id: id,
                question: suggestion.text.clone(),
                frequent: suggestion.frequent,
            },
        })
    }
}

fn no_such_message() -> Error {
    Error::field("message_id", "there is no such message in this session")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use deskbridge::{ids::CustomerId, vendor::Vendor};

    use super::*;

    fn asked(json: &str, state: State, vendor_session: Option<&str>) -> Result<Task, String> {
        let customer = CustomerId::parse("user45").unwrap();
        let mut session = Session::opening(Vendor::Tencent, customer, None, 0);
        session.state = state;
        session.vendor_session = vendor_session.map(str::to_owned);
        let ask: Ask = serde_json::from_str(json).unwrap();
        let task = ask.at_tencent(&session);
        task.map_err(|error| error.at_field().unwrap_or("closed").to_owned())
    }

    #[test]
    fn at_tencent_a_person_takes_over_from_the_robot() {
        let theirs = Some("s-1");
        let to_agent = r#"{"kind":"transfer","agent":"a@b.c","group":2473}"#;
        let wanted = Task::HandOn {
            agent: Some("a@b.c".to_owned()),
            group: Some(2473),
        };
        assert_eq!(asked(to_agent, State::Robot, theirs), Ok(wanted));
        let any = r#"{"kind":"transfer"}"#;
        assert!(asked(any, State::Offline, theirs).is_ok());
        for (json, state, session, field) in [
            (any, State::Robot, None, "kind"),
            (any, State::Active, theirs, "kind"),
            (any, State::Closed, theirs, "closed"),
            (
                r#"{"kind":"click","message_id":"x","id":1}"#,
                State::Robot,
                theirs,
                "kind",
            ),
            (
                r#"{"kind":"transfer","agent":""}"#,
                State::Robot,
                theirs,
                "agent",
            ),
        ] {
            assert_eq!(asked(json, state, session), Err(field.to_owned()), "{json}");
        }
    }
}
