//! A session: our record of one conversation at one vendor. It maps our identifier to the vendor's,
//! numbers what is recorded, and holds the state of both logs, so that one conditional write of one
//! item decides every race.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::{
    clock::{Millis, rfc3339, rfc3339_field},
    error::Error,
    ids::{CustomerId, MessageId, SessionId},
    log::Log,
    survey::Survey,
    vendor::Vendor,
};

/// Where a conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The vendor is being asked.
    Opening,
    /// With the vendor's third-party robot.
    Robot,
    /// With the vendor's own robot.
    Urobot,
    /// Waiting in a queue.
    Queued,
    /// An agent is being found.
    Assigning,
    /// With an agent.
    Active,
    /// Nobody is online; messages are left for later.
    Offline,
    /// Ended.
    Closed,
}

/// Who serves a customer at the desk: a person, or a robot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// The vendor's identifier, where it names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The URL of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
}

/// The vendor's own robot, as it is told which one a customer met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Robot {
    /// Which robot.
    pub id: i64,
    /// In which scene.
    pub scene: i64,
    /// The vendor's session with it, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
}

/// A place in a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// The vendor's name for the queue; needed to leave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many are served first, and this one: 1 is next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<i64>,
}

/// Whom the customer asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assign {
    /// What kind of counterpart.
    pub to: Counterpart,
    /// This agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<DeskId>,
    /// An agent of this group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<DeskId>,
    /// This robot.
    #[serde(
        default,
        deserialize_with = "vendor_id",
        skip_serializing_if = "Option::is_none"
    )]
    pub robot_id: Option<i64>,
    /// The robot, in this scene.
    #[serde(
        default,
        deserialize_with = "vendor_id",
        skip_serializing_if = "Option::is_none"
    )]
    pub scene_id: Option<i64>,
    /// As whom the customer speaks to the robot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub robot_role_id: Option<String>,
    /// The app's channel, as the desk shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
}

impl Assign {
    /// Refuses what does not go together.
    ///
    /// # Errors
    /// Names the field at fault.
    pub fn check(&self) -> Result<(), Error> {
        let for_agents = [
            ("assign.agent_id", self.agent_id.is_some()),
            ("assign.group_id", self.group_id.is_some()),
        ];
        let for_robots = [
            ("assign.robot_id", self.robot_id.is_some()),
            ("assign.scene_id", self.scene_id.is_some()),
            ("assign.robot_role_id", self.robot_role_id.is_some()),
        ];
        let (foreign, message): (&[(&str, bool)], _) = match self.to {
            Counterpart::Agent => (
                &for_robots,
                "this is for robots; leave it out, or ask `to` for a robot or urobot",
            ),
            Counterpart::Robot | Counterpart::Urobot => (
                &for_agents,
                "this is for agents; leave it out, or ask `to` for an agent",
            ),
        };
        if let Some((field, _)) = foreign.iter().find(|(_, is_given)| *is_given) {
            return Err(Error::field(*field, message));
        }
        if self.to == Counterpart::Urobot {
            for (field, given) in [
                ("assign.robot_id", self.robot_id),
                ("assign.scene_id", self.scene_id),
            ] {
                if given.is_none() {
                    return Err(Error::field(
                        field,
                        "a urobot is asked for by robot and scene",
                    ));
                }
            }
        }
        for (field, text) in [
            ("assign.channel", &self.channel),
            ("assign.robot_role_id", &self.robot_role_id),
        ] {
            let length = text.as_deref().map_or(1, str::len);
            if !(1..=128).contains(&length) {
                return Err(Error::field(field, "it has 1 to 128 bytes"));
            }
        }
        Ok(())
    }
}

/// An agent's or a group's id at the desk: whole numbers at one vendor, any text at another. Reads both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct DeskId(String);

impl DeskId {
    /// As text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// As a whole number, where it is one.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        self.0.parse().ok()
    }
}

impl From<i64> for DeskId {
    fn from(number: i64) -> Self {
        Self(number.to_string())
    }
}

impl TryFrom<Value> for DeskId {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        let id = match value {
            Value::Number(id) => id.as_i64().map(|id| id.to_string()),
            Value::String(id) => Some(id),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let is_visible = |id: &String| id.bytes().all(|byte| byte.is_ascii_graphic());
        id.filter(|id| (1..=128).contains(&id.len()) && is_visible(id))
            .map(Self)
            .ok_or("an id of the desk's is a whole number, or text of 1 to 128 visible ASCII characters")
    }
}

/// An id of the vendor's: `397`, or `"397"` as an assignee's `id` reads.
fn vendor_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let id = match Value::deserialize(deserializer)? {
        Value::Null => return Ok(None),
        Value::Number(id) => id.as_i64(),
        Value::String(id) => id.parse().ok(),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    id.map(Some).ok_or_else(|| {
        serde::de::Error::custom("an id of the vendor's is a whole number, as it is or as text")
    })
}

/// What kind of counterpart a customer asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counterpart {
    /// A person.
    #[default]
    Agent,
    /// The robot of another maker that the vendor has taken in.
    Robot,
    /// The vendor's own robot.
    Urobot,
}

impl Counterpart {
    /// Whether it is no person.
    #[must_use]
    pub fn is_robot(self) -> bool {
        match self {
            Self::Agent => false,
            Self::Robot | Self::Urobot => true,
        }
    }
}

/// A session as the table holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Ours.
    pub id: SessionId,
    /// Whose desk.
    pub vendor: Vendor,
    /// Whose conversation.
    pub customer: CustomerId,
    /// Where it stands.
    pub state: State,
    /// The vendor's identifier, once known. A transfer changes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_session: Option<String>,
    /// Whom the customer asked for; absent where a push opened the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assign: Option<Assign>,
    /// The vendor's own robot that the customer met last: what is said about it may come when an agent has taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub robot: Option<Robot>,
    /// Whether the customer has asked to end it, and that is on its way to the vendor.
    #[serde(default)]
    pub closing: bool,
    /// Who serves the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<Agent>,
    /// The place in the queue, while queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<Queue>,
    /// The message up to which the vendor knows that the customer has read all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_through: Option<MessageId>,
    /// How many messages the conversation has; numbers the next one.
    #[serde(default)]
    pub messages: u64,
    /// The log of events to the app. Its entries' numbers are the events' `seq`.
    #[serde(default)]
    pub deliveries: Log,
    /// The log of what must go to the vendor.
    #[serde(default)]
    pub sends: Log,
    /// Whether words of an agent's are all that says that somebody has the customer: at Sobot they may be left for later,
    /// without a chat.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unconnected: bool,
    /// Whether Sobot has taken words of the customer's: then an agent had them, whether or not it has told the chat's id.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub met: bool,
    /// Whether Sobot was told of its end, or has said that it had ended there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over: bool,
    /// When the vendor last told anything of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_at: Option<Millis>,
    /// When the customer last wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spoke_at: Option<Millis>,
    /// How many messages the vendor has that cannot be had, as far as the app was told.
    #[serde(default, skip_serializing_if = "is_none_missing")]
    pub missing: u64,
    /// When it was opened.
    pub created_at: Millis,
    /// When anything was last recorded.
    pub updated_at: Millis,
    /// Counts the writes. Each write demands the count it read, so that two at once cannot both win.
    pub version: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_none_missing(missing: &u64) -> bool {
    *missing == 0
}

impl Session {
    /// Whether the vendor has, or had, a conversation of this session: not where it refused to open one, or where
    /// the customer left while waiting.
    #[must_use]
    pub fn reached_vendor(&self) -> bool {
        self.vendor_session.is_some()
            || self.robot.is_some()
            || self.heard_at.is_some()
            || self.messages > 0
    }

    /// A session that the vendor has yet to be asked about.
    #[must_use]
    pub fn opening(
        vendor: Vendor,
        customer: CustomerId,
        assign: Option<Assign>,
        now: Millis,
    ) -> Self {
        Self {
            id: SessionId::new(now),
            vendor,
            customer,
            state: State::Opening,
            vendor_session: None,
            assign,
            robot: None,
            closing: false,
            assignee: None,
            queue: None,
            read_through: None,
            messages: 0,
            deliveries: Log::default(),
            sends: Log::default(),
            unconnected: false,
            met: false,
            over: false,
            heard_at: None,
            spoke_at: None,
            missing: 0,
            created_at: now,
            updated_at: now,
            version: 0,
        }
    }

    /// Whether what the customer writes goes to a robot: one answers, or one is being asked for.
    #[must_use]
    pub fn is_with_robot(&self) -> bool {
        match self.state {
            State::Robot | State::Urobot => true,
            State::Opening => self
                .assign
                .as_ref()
                .is_some_and(|asked| asked.to.is_robot()),
            State::Queued | State::Assigning | State::Active | State::Offline | State::Closed => {
                false
            }
        }
    }

    /// The vendor's session with an agent, the present one or the last; `None` while only robots were met.
    #[must_use]
    pub fn agent_session(&self) -> Option<&str> {
        let id = self.vendor_session.as_deref()?;
        let robot = self.robot.as_ref();
        let is_robots = robot.is_some_and(|robot| robot.session.as_deref() == Some(id));
        (!is_robots).then_some(id)
    }

    /// Whether the customer waits at a vendor that takes no message before somebody has them.
    #[must_use]
    pub fn waits_in_line(&self) -> bool {
        let waits = matches!(
            self.state,
            State::Queued | State::Assigning | State::Offline
        );
        waits && self.vendor == Vendor::Sobot
    }

    /// Whether somebody at the desk has the conversation, or is to have it soon: then the vendor has something to
    /// tell, sooner or later. And whether it can be asked what it did not.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        if !self.vendor.tells_what_was_missed() {
            return false;
        }
        match self.state {
            State::Active | State::Queued | State::Assigning => true,
            // Tencent is the only one that does not have to be asked for a person: the robot's end may be what was missed.
            State::Robot => self.vendor == Vendor::Tencent,
            State::Opening | State::Urobot | State::Offline | State::Closed => false,
        }
    }

    /// Whether the vendor's session may go on although ours has ended: the vendor was not told, or can't be. What
    /// comes then begins anew, or the next conversation would stay mute.
    #[must_use]
    pub fn may_be_outlived(&self) -> bool {
        match self.vendor {
            Vendor::Udesk => false,
            Vendor::Sobot => !self.is_open() && !self.over,
            // It ends what a person has. What it ended itself is over.
            Vendor::Tencent => !self.is_open() && self.closing && self.assignee.is_none(),
        }
    }

    /// When it was last stirred, by either side.
    #[must_use]
    pub fn stirred_at(&self) -> Option<Millis> {
        self.heard_at.max(self.spoke_at)
    }

    /// Whether the conversation is still going on.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state != State::Closed
    }

    /// When a sweep should see to either log; `None` while both are settled.
    #[must_use]
    pub fn due_at(&self, now: Millis, grace: Millis) -> Option<Millis> {
        let due = [&self.deliveries, &self.sends].map(|log| log.due_at(now, grace));
        due.into_iter().flatten().min()
    }

    /// The session as the API and the events show it.
    #[must_use]
    pub fn view<'a>(&'a self, survey: Option<&'a Survey>) -> View<'a> {
        View {
            id: &self.id,
            vendor: self.vendor,
            customer: &self.customer,
            state: self.state,
            closing: self.closing && self.is_open(),
            queue: self.queue.as_ref(),
            assignee: self.assignee.as_ref(),
            survey,
            created_at: self.created_at,
            updated_at: self.updated_at,
            retry_at: self.sends.next_at.map(rfc3339),
        }
    }
}

/// A session as the API and the events show it.
#[derive(Debug, Serialize)]
pub struct View<'a> {
    id: &'a SessionId,
    vendor: Vendor,
    customer: &'a CustomerId,
    state: State,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    closing: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<&'a Queue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<&'a Agent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    survey: Option<&'a Survey>,
    #[serde(with = "rfc3339_field")]
    created_at: Millis,
    #[serde(with = "rfc3339_field")]
    updated_at: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<String>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Assign, Counterpart, DeskId};

    #[test]
    fn ids_of_the_desk_are_numbers_or_texts() {
        let read = |json: &str| serde_json::from_str::<DeskId>(json).ok();
        for (json, text, number) in [
            ("397", "397", Some(397)),
            (r#""397""#, "397", Some(397)),
            (r#""1q2w3e4r""#, "1q2w3e4r", None),
        ] {
            let id = read(json).unwrap();
            assert_eq!((id.text(), id.number()), (text, number), "{json}");
            // What is written is read again.
            assert_eq!(read(&serde_json::to_string(&id).unwrap()), Some(id));
        }
        let long = format!("\"{}\"", "x".repeat(129));
        for json in [
            "1.5", "true", "[]", "{}", r#""""#, r#""a b""#, r#""é""#, &long,
        ] {
            assert_eq!(read(json), None, "{json}");
        }
    }

    #[test]
    fn what_is_for_robots_and_what_for_agents() {
        let check = |assign: &str| {
            let assign: Assign = serde_json::from_str(assign).unwrap();
            let fault = assign.check().err();
            fault.map(|error| error.at_field().unwrap().to_owned())
        };
        for good in [
            r#"{"to":"agent","agent_id":3,"group_id":1,"channel":"shop"}"#,
            r#"{"to":"robot"}"#,
            r#"{"to":"robot","robot_id":1,"scene_id":"2","robot_role_id":"vip"}"#,
            r#"{"to":"urobot","robot_id":12362,"scene_id":39}"#,
        ] {
            assert_eq!(check(good), None, "{good}");
        }
        for (bad, field) in [
            (r#"{"to":"agent","robot_id":1}"#, "assign.robot_id"),
            (r#"{"to":"agent","scene_id":1}"#, "assign.scene_id"),
            (
                r#"{"to":"agent","robot_role_id":"x"}"#,
                "assign.robot_role_id",
            ),
            (r#"{"to":"robot","agent_id":1}"#, "assign.agent_id"),
            (
                r#"{"to":"urobot","robot_id":1,"scene_id":2,"group_id":1}"#,
                "assign.group_id",
            ),
            (r#"{"to":"urobot"}"#, "assign.robot_id"),
            (r#"{"to":"urobot","robot_id":1}"#, "assign.scene_id"),
            (r#"{"to":"agent","channel":""}"#, "assign.channel"),
            (
                r#"{"to":"robot","robot_role_id":""}"#,
                "assign.robot_role_id",
            ),
        ] {
            assert_eq!(check(bad).as_deref(), Some(field), "{bad}");
        }
        assert!(serde_json::from_str::<Assign>(r#"{"to":"oracle"}"#).is_err());
        assert_eq!(Assign::default().to, Counterpart::Agent);
    }

    #[test]
    fn an_agent_is_asked_for_by_number_or_by_an_assignees_id() {
        for (given, read) in [("397", Some(397)), (r#""397""#, Some(397)), ("null", None)] {
            let assign = format!(r#"{{"to":"agent","agent_id":{given}}}"#);
            let assign: Assign = serde_json::from_str(&assign).unwrap();
            let id = assign.agent_id.as_ref();
            assert_eq!(id.and_then(DeskId::number), read, "{given}");
        }
        for given in ["3.5", r#""""#, "9223372036854775808", "true", "[3]"] {
            for id in ["agent_id", "robot_id"] {
                let assign = format!(r#"{{"to":"agent","{id}":{given}}}"#);
                assert!(serde_json::from_str::<Assign>(&assign).is_err(), "{given}");
            }
        }
        // Robots are asked for by number alone.
        let assign = r#"{"to":"robot","robot_id":"x"}"#;
        assert!(serde_json::from_str::<Assign>(assign).is_err());
    }
}
