//! What the app is told: one event a fact, numbered per session, signed as the Standard Webhooks
//! specification says (<https://www.standardwebhooks.com>).

use serde::{Deserialize, Serialize};

use crate::{
    clock::{Millis, rfc3339, rfc3339_field},
    correlation::Correlation,
    ids::{CustomerId, EventId, SessionId},
    message,
    session::{self, Session},
    survey::Survey,
    vendor::Vendor,
};

/// What happened, as the event's `data`.
#[derive(Debug)]
pub enum Fact<'a> {
    /// Somebody at the desk said something.
    MessageReceived(message::View<'a>),
    /// The vendor took a customer's message.
    MessageSent(message::View<'a>),
    /// A customer's message was refused or given up.
    MessageFailed(message::View<'a>),
    /// A customer's message may have arrived, and is not repeated by itself.
    MessageUnknown(message::View<'a>),
    /// The desk read messages of the customer's.
    MessagesRead(Vec<&'a crate::ids::MessageId>),
    /// The customer waits in a queue.
    SessionQueued,
    /// An agent, or a robot, has taken the conversation.
    SessionStarted,
    /// Another agent has.
    SessionTransferred,
    /// The conversation has ended.
    SessionClosed {
        /// Who or what ended it: `customer`, `vendor`, `refused`, or the vendor's own word.
        reason: &'a str,
        /// The survey that the vendor offers.
        survey: Option<&'a Survey>,
    },
    /// The vendor has messages of the conversation that cannot be had.
    SessionIncomplete {
        /// Since when.
        from: Millis,
        /// Until when.
        to: Millis,
        /// How many at least, where that can be told.
        missing: Option<u64>,
    },
    /// The customer has rated the conversation.
    SurveyAnswered(SurveyAnswer<'a>),
    /// The customer has so much unread.
    CustomerUnread {
        /// How many messages.
        count: u64,
        /// The last of them.
        last: Option<&'a message::Excerpt>,
    },
}

/// What the customer thought of a conversation, as far as the vendor tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SurveyAnswer<'a> {
    /// The option's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub option: Option<&'a str>,
    /// The option in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<&'a str>,
    /// What the customer wrote beside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<&'a str>,
}

impl Fact<'_> {
    /// Every type, for the test that holds `infra/openapi.yaml` against the code.
    pub const TYPES: [&'static str; 12] = [
        "message.received",
        "message.sent",
        "message.failed",
        "message.unknown",
        "messages.read",
        "session.queued",
        "session.started",
        "session.transferred",
        "session.closed",
        "session.incomplete",
        "survey.answered",
        "customer.unread",
    ];

    /// The event's `type`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::MessageReceived(_) => "message.received",
            Self::MessageSent(_) => "message.sent",
            Self::MessageFailed(_) => "message.failed",
            Self::MessageUnknown(_) => "message.unknown",
            Self::MessagesRead(_) => "messages.read",
            Self::SessionQueued => "session.queued",
            Self::SessionStarted => "session.started",
            Self::SessionTransferred => "session.transferred",
            Self::SessionClosed { .. } => "session.closed",
            Self::SessionIncomplete { .. } => "session.incomplete",
            Self::SurveyAnswered(_) => "survey.answered",
            Self::CustomerUnread { .. } => "customer.unread",
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    id: &'a EventId,
    r#type: &'a str,
    session: &'a SessionId,
    customer: &'a CustomerId,
    vendor: Vendor,
    seq: u64,
    #[serde(with = "rfc3339_field")]
    occurred_at: Millis,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    late: bool,
    data: Data<'a>,
}

#[derive(Serialize, Default)]
struct Data<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Told<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_ids: Option<&'a [&'a crate::ids::MessageId]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<session::View<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    survey: Option<&'a Survey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<SurveyAnswer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<u64>,
}

/// A message of the conversation, or what little a vendor tells of one.
#[derive(Serialize)]
#[serde(untagged)]
enum Told<'a> {
    Message(&'a message::View<'a>),
    Excerpt(&'a message::Excerpt),
}

/// An event as the table holds it: written once, sent as it stands however often it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its identifier, the `webhook-id` of every attempt.
    pub id: EventId,
    /// Its number in the session.
    pub seq: u64,
    /// Its type, such as `message.received`.
    pub r#type: String,
    /// The JSON body.
    pub body: String,
    /// When it was recorded.
    pub created_at: Millis,
    /// What ties it to what brought it about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Correlation>,
    /// When it was given up, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_at: Option<Millis>,
    /// Why it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_because: Option<String>,
}

impl Event {
    /// The event number `seq` of `session`, which is in the state that the fact led to. One that is `late` was not
    /// told by the vendor when it happened.
    ///
    /// # Errors
    /// Where the body cannot be written as JSON; none of its parts is such.
    pub fn new(
        session: &Session,
        seq: u64,
        fact: &Fact<'_>,
        occurred_at: Millis,
        late: bool,
        now: Millis,
    ) -> Result<Self, serde_json::Error> {
        let mut data = Data::default();
        match fact {
            Fact::MessageReceived(message)
            | Fact::MessageSent(message)
            | Fact::MessageFailed(message)
            | Fact::MessageUnknown(message) => data.message = Some(Told::Message(message)),
            Fact::MessagesRead(ids) => data.message_ids = Some(ids),
            Fact::SessionQueued | Fact::SessionStarted | Fact::SessionTransferred => {
                data.session = Some(session.view(None));
            }
            Fact::SessionClosed { reason, survey } => {
                data.session = Some(session.view(None));
                data.reason = Some(reason);
                data.survey = *survey;
            }
            Fact::SessionIncomplete { from, to, missing } => {
                data.from = Some(rfc3339(*from));
                data.to = Some(rfc3339(*to));
                data.missing = *missing;
            }
            Fact::SurveyAnswered(answer) => data.answer = Some(*answer),
            Fact::CustomerUnread { count, last } => {
                data.count = Some(*count);
                data.message = last.map(Told::Excerpt);
            }
        }
        let id = EventId::new(&session.id, seq);
        let body = serde_json::to_string(&Body {
            id: &id,
            r#type: fact.name(),
            session: &session.id,
            customer: &session.customer,
            vendor: session.vendor,
            seq,
            occurred_at,
            late,
            data,
        })?;
        Ok(Self {
            id,
            seq,
            r#type: fact.name().to_owned(),
            body,
            created_at: now,
            correlation: None,
            dead_at: None,
            dead_because: None,
        })
    }
}
