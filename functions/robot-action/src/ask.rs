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
