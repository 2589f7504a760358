//! Which of Udesk's calls a task is, and what Udesk's answer means for it.

use std::time::{Duration, Instant};

use super::{OnUnknown, Opened, Outcome, Unfit, fault};
use crate::{
    clock,
    config::{
        ConfigError, Settings, UDESK_API_TOKEN, UDESK_BASE_URL, UDESK_EMAIL, UDESK_ON_UNKNOWN,
    },
    http::{Answer, Client, NoAnswer},
    ids::nonce,
    message::{Author, Kind, Message},
    outgoing::Task,
    secret::Secret,
    session::{Queue, Session, State},
    vendor::{
        Vendor,
        udesk::{
            Account, Agent, Fate, Id, Refusal, Stamp, Unsendable, close_queue, close_session,
            create_session, send_message,
        },
    },
};

/// A Udesk account.
#[derive(Debug)]
pub(super) struct Udesk {
    base_url: String,
    email: String,
    api_token: Secret,
    on_unknown: OnUnknown,
}

impl Udesk {
    pub(super) fn from_settings(settings: &Settings) -> Result<Option<Self>, ConfigError> {
        let on_unknown = match settings.optional(&UDESK_ON_UNKNOWN).as_deref() {
            None | Some("retry") => OnUnknown::Retry,
            Some("hold") => OnUnknown::Hold,
            Some(other) => return Err(UDESK_ON_UNKNOWN.malformed(&format!("{other:?}"))),
        };
        let given = [&UDESK_BASE_URL, &UDESK_EMAIL, &UDESK_API_TOKEN]
            .map(|setting| settings.optional(setting));
        if given.iter().all(Option::is_none) {
            return Ok(None);
        }
        let base_url = settings.address(&UDESK_BASE_URL)?;
        Ok(Some(Self {
            base_url: base_url.map_or_else(|| settings.required(&UDESK_BASE_URL), Ok)?,
            email: settings.required(&UDESK_EMAIL)?,
            api_token: Secret::new(settings.required(&UDESK_API_TOKEN)?),
            on_unknown,
        }))
    }

    pub(super) fn base_url(&self) -> &str {
        &self.base_url
    }

    pub(super) fn on_unknown(&self) -> OnUnknown {
        self.on_unknown
    }

    pub(super) async fn attempt(
        &self,
        http: &Client,
        limit: Duration,
        session: &Session,
        task: &Task,
        message: Option<&Message>,
    ) -> Outcome {
        let Some(call) = Call::of(session, task, message) else {
            return Outcome::Done;
        };
        let started = Instant::now();
        match self.call(http, limit, &call).await {
            // The clock or the nonce: one more, signed afresh, within the same limit; a clock that
            // stays off is no reason to hammer.
            Err(Failure::Refusal(Refusal {
                fate: Fate::Resign, ..
            })) => {
                let left = limit.saturating_sub(started.elapsed());
                self.call(http, left, &call).await
            }
            other => other,
        }
        .unwrap_or_else(Failure::outcome)
    }

    async fn call(
        &self,
        http: &Client,
        limit: Duration,
        call: &Call<'_>,
    ) -> Result<Outcome, Failure> {
        let account = Account {
            base_url: &self.base_url,
            email: &self.email,
            api_token: self.api_token.expose(),
        };
        let nonce = nonce();
        let stamp = Stamp {
            timestamp: clock::now() / 1_000,
            nonce: &nonce,
        };
        let request = call.to_http(&account, stamp)?;
        let started = clock::now();
        let answer = http.call(request, limit).await;
        tracing::info!(
            vendor = "udesk",
            call = call.name(),
            status = answer.as_ref().map_or(0, |answer| answer.status),
            took_ms = clock::now() - started,
            "called"
        );
        call.read(&answer?)
    }
}

/// Refuses a message that Udesk does not take.
pub(super) fn fits(message: &Message) -> Result<(), Unfit> {
    if message.from == Author::Desk {
        let why = "only Tencent takes what your server says as the desk";
        return Err(Unfit::new("as", why));
    }
    if matches!(message.kind, Kind::Card | Kind::Custom) {
        let why = "Udesk takes text, image, audio, video, file and rich";
        return Err(Unfit::new("kind", why));
    }
    if message.custom.is_some() {
        return Err(Unfit::new("custom", "leave it out: Udesk carries none"));
    }
    Ok(())
}

/// The call that a task is.
enum Call<'a> {
    Create(create_session::Request<'a>),
    Send(send_message::Request<'a>),
    Close(close_session::Request),
    LeaveQueue(close_queue::Request<'a>),
}

impl<'a> Call<'a> {
    /// `None` where nothing has to be said to Udesk.
    fn of(session: &'a Session, task: &'a Task, message: Option<&'a Message>) -> Option<Self> {
        let customer_token = session.customer.as_str();
        let vendor_session = session
            .vendor_session
            .as_deref()
            .and_then(|id| id.parse().ok())
            .map(Id);
        match task {
            // A push may have brought an agent since.
            Task::Open { .. } if session.state == State::Active => None,
            Task::Open { assign } => Some(Self::Create(create_session::Request {
                customer_token,
                assign: create_session::Assign::Agent {
                    agent_id: assign.agent_id.map(Id),
                    group_id: assign.group_id.map(Id),
                },
                channel: assign.channel.as_deref(),
            })),
            Task::Message { .. } => {
                let message = message?;
                Some(Self::Send(send_message::Request {
                    customer_token,
                    destination: destination(session, vendor_session),
                    message_id: message.id.as_str(),
                    kind: kind(message.kind),
                    content: &message.content,
                    file: message.file.as_ref().map(|file| send_message::File {
                        name: file.name.as_deref(),
                        size: file.size.as_deref(),
                        duration: file.duration.map(u64::from),
                    }),
                }))
            }
            Task::Close => match (&session.queue, vendor_session) {
                (
                    Some(Queue {
                        name: Some(queue), ..
                    }),
                    _,
                ) if session.state == State::Queued => {
                    Some(Self::LeaveQueue(close_queue::Request {
                        customer_token,
                        queue,
                    }))
                }
                (_, Some(im_sub_session_id)) => {
                    Some(Self::Close(close_session::Request { im_sub_session_id }))
                }
                // Nobody was found yet: there is nothing at Udesk to end.
                (_, None) => None,
            },
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Create(_) => "POST /im/sessions",
            Self::Send(_) => "POST /im/messages",
            Self::Close(_) => "DELETE /im/sessions/:id",
            Self::LeaveQueue(_) => "DELETE /im/sessions/close_queue",
        }
    }

    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        match self {
            Self::Create(request) => request.to_http(account, stamp),
            Self::Send(request) => request.to_http(account, stamp),
            Self::Close(request) => request.to_http(account, stamp),
            Self::LeaveQueue(request) => request.to_http(account, stamp),
        }
    }

    fn read(
        &self,
        Answer {
            status,
            headers,
            body,
        }: &Answer,
    ) -> Result<Outcome, Failure> {
        Ok(match self {
            Self::Create(_) => Outcome::Opened(Box::new(opened(create_session::read(
                *status, headers, body,
            )?))),
            Self::Send(_) => {
                send_message::read(*status, headers, body)?;
                Outcome::Done
            }
            Self::Close(_) => {
                close_session::read(*status, headers, body)?;
                Outcome::Done
            }
            Self::LeaveQueue(_) => {
                close_queue::read(*status, headers, body)?;
                Outcome::Done
            }
        })
    }
}

/// Where a customer's message goes, by the state of the session.
fn destination(session: &Session, vendor_session: Option<Id>) -> send_message::Destination {
    let asked = session.assign.as_ref();
    let left_for_later = send_message::Destination::LeaveMessage {
        agent_id: asked.and_then(|asked| asked.agent_id).map(Id),
        group_id: asked.and_then(|asked| asked.group_id).map(Id),
    };
    match (session.state, vendor_session) {
        (State::Queued | State::Assigning | State::Opening, _) => {
            send_message::Destination::Queueing
        }
        (State::Active | State::Closed, Some(id)) => send_message::Destination::Session(id),
        (State::Active | State::Closed | State::Offline | State::Robot | State::Urobot, _) => {
            left_for_later
        }
    }
}

fn kind(kind: Kind) -> send_message::Kind {
    match kind {
        Kind::Text | Kind::Card | Kind::Custom => send_message::Kind::Text,
        Kind::Image => send_message::Kind::Image,
        Kind::Audio => send_message::Kind::Audio,
        Kind::Video => send_message::Kind::Video,
        Kind::File => send_message::Kind::File,
        Kind::Rich => send_message::Kind::Rich,
    }
}

fn opened(response: create_session::Response) -> Opened {
    let (state, vendor_session, assignee, queue, survey) = match response {
        create_session::Response::Assigned {
            im_sub_session_id,
            agent,
            survey,
            message: _,
        } => {
            let agent = agent.and_then(Agent::person);
            (
                State::Active,
                Some(im_sub_session_id.to_string()),
                agent,
                None,
                survey,
            )
        }
        create_session::Response::Queued {
            position,
            queue,
            message: _,
        } => {
            let position = position.and_then(|position| i64::try_from(position).ok());
            (
                State::Queued,
                None,
                None,
                Some(Queue {
                    name: queue,
                    position,
                }),
                None,
            )
        }
        create_session::Response::Assigning { .. } => (State::Assigning, None, None, None, None),
        create_session::Response::Offline { .. } => (State::Offline, None, None, None, None),
    };
    Opened {
        state,
        vendor_session,
        assignee,
        queue,
        survey,
    }
}

/// Why a call brought nothing.
enum Failure {
    Refusal(Refusal),
    NoAnswer(NoAnswer),
    Unsendable(Unsendable),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<NoAnswer> for Failure {
    fn from(none: NoAnswer) -> Self {
        Self::NoAnswer(none)
    }
}

impl From<Unsendable> for Failure {
    fn from(unsendable: Unsendable) -> Self {
        Self::Unsendable(unsendable)
    }
}

impl Failure {
    fn outcome(self) -> Outcome {
        match self {
            Self::Refusal(Refusal {
                fate,
                code,
                message,
            }) => {
                let fault = fault(Vendor::Udesk, code.map(|code| code.number()), message);
                Outcome::of_refusal(fate, fault)
            }
            Self::NoAnswer(error) => Outcome::of_no_answer(Vendor::Udesk, &error),
            Self::Unsendable(error) => {
                Outcome::Refused(fault(Vendor::Udesk, None, error.to_string()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{
        ids::CustomerId,
        session::{Assign, Counterpart},
    };

    fn session(state: State, vendor_session: Option<&str>) -> Session {
        let customer = CustomerId::parse("DE").unwrap();
        let assign = Assign {
            to: Counterpart::Agent,
            agent_id: Some(397),
            group_id: Some(1),
            channel: None,
        };
        let mut session = Session::opening(Vendor::Udesk, customer, Some(assign), 0);
        session.state = state;
        session.vendor_session = vendor_session.map(str::to_owned);
        session
    }

    /// design.md, section 4: active goes to the session, queued or assigning to -3, offline to -2. An
    /// identifier of an earlier round at the vendor's leads nowhere while the customer waits again.
    #[test]
    fn where_a_message_goes() {
        let wanted = [
            (State::Active, Some("11"), 11),
            (State::Queued, None, -3),
            (State::Queued, Some("11"), -3),
            (State::Assigning, None, -3),
            (State::Opening, None, -3),
            (State::Offline, None, -2),
            (State::Offline, Some("11"), -2),
        ];
        for (state, vendor_session, number) in wanted {
            let id = vendor_session.map(|id| Id(id.parse().unwrap()));
            let destination = destination(&session(state, vendor_session), id);
            let told = destination.im_sub_session_id();
            assert_eq!(told, Id(number), "{state:?} {vendor_session:?}");
        }
    }

    #[test]
    fn what_is_left_for_later_names_whom_the_customer_asked_for() {
        assert_eq!(
            destination(&session(State::Offline, None), None),
            send_message::Destination::LeaveMessage {
                agent_id: Some(Id(397)),
                group_id: Some(Id(1)),
            }
        );
    }

    #[test]
    fn how_a_conversation_ends_at_udesk() {
        let name = |session: &Session| {
            let call = Call::of(session, &Task::Close, None);
            call.map(|call| call.name())
        };
        let queued = |name: Option<&str>| Session {
            queue: Some(Queue {
                name: name.map(str::to_owned),
                position: Some(3),
            }),
            ..session(State::Queued, None)
        };
        let (end, leave) = ("DELETE /im/sessions/:id", "DELETE /im/sessions/close_queue");
        assert_eq!(name(&session(State::Active, Some("11"))), Some(end));
        assert_eq!(name(&queued(Some("queue:company:1:all"))), Some(leave));
        // There is nothing to name to Udesk.
        assert_eq!(name(&queued(None)), None);
        assert_eq!(name(&session(State::Offline, None)), None);
        assert_eq!(name(&session(State::Opening, None)), None);
    }

    #[test]
    fn udesk_is_not_asked_again_for_whom_an_agent_has() {
        let open = Task::Open {
            assign: Assign::default(),
        };
        assert!(Call::of(&session(State::Active, Some("11")), &open, None).is_none());
        assert!(Call::of(&session(State::Queued, None), &open, None).is_some());
    }
}
