//! Which of Udesk's calls a task is, and what Udesk's answer means for it.

mod feedback;
mod number;
mod poll;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use feedback::Feedback;
pub use number::CustomerNumbers;

use super::{AskError, Desk, OnUnknown, Opened, Outcome, Unfit, Welcome, fault};
use crate::{
    budget::{Class, Rates, Scope, Slot, Taken},
    clock::{self, Millis},
    config::{
        ConfigError, Settings, UDESK_API_TOKEN, UDESK_BASE_URL, UDESK_EMAIL, UDESK_ON_UNKNOWN,
        UDESK_RATE_LIMIT, UDESK_RATE_SCOPE,
    },
    error::{Error, VendorFault},
    http::{Answer as HttpAnswer, NoAnswer},
    ids::nonce,
    line::{self, Metric},
    message::{Author, Kind, Message},
    outgoing::Task,
    profile::Profile,
    secret::Secret,
    session::{Assign, Counterpart, DeskId, Queue, Session, State},
    table::Table,
    vendor::{
        Vendor,
        udesk::{
            Account, Agent, Code, Endpoint, Fate, Id, Refusal, Stamp, Unsendable, UrobotMessage,
            UrobotSession, close_queue, close_session, create_customer, create_session,
            get_customer, read_messages, robot_answer::Answer, send_message,
        },
    },
};

/// What Udesk takes of each API where nothing else is agreed.
const CALLS_A_MINUTE: u32 = 60;

/// A Udesk account.
#[derive(Debug)]
pub(super) struct Udesk {
    base_url: String,
    email: String,
    api_token: Secret,
    on_unknown: OnUnknown,
    rates: Rates,
    numbers: CustomerNumbers,
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
        let scope = match settings.optional(&UDESK_RATE_SCOPE).as_deref() {
            None | Some("api") => Scope::Api,
            Some("account") => Scope::Account,
            Some(other) => return Err(UDESK_RATE_SCOPE.malformed(&format!("{other:?}"))),
        };
        let rates = Rates::parse(&settings.list(&UDESK_RATE_LIMIT), CALLS_A_MINUTE, scope)
            .map_err(|error| UDESK_RATE_LIMIT.malformed(&error))?;
        Ok(Some(Self {
            rates,
            base_url: base_url.map_or_else(|| settings.required(&UDESK_BASE_URL), Ok)?,
            email: settings.required(&UDESK_EMAIL)?,
            api_token: Secret::new(settings.required(&UDESK_API_TOKEN)?),
            on_unknown,
            numbers: CustomerNumbers::from_settings(settings),
        }))
    }

    pub(super) fn base_url(&self) -> &str {
        &self.base_url
    }

    pub(super) fn on_unknown(&self) -> OnUnknown {
        self.on_unknown
    }
}

/// Makes Udesk's calls: signed, counted, timed.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    desk: &'a Desk,
    udesk: &'a Udesk,
    spent: Option<&'a Spent>,
}

/// What several calls have taken of the limit that they share.
#[derive(Debug, Default)]
pub struct Spent(AtomicU64);

impl Spent {
    pub(super) fn add(&self, took_ms: Millis) {
        let took_ms = u64::try_from(took_ms).unwrap_or(0);
        self.0.fetch_add(took_ms, Ordering::Relaxed);
    }

    /// What is left of `limit`, if anything is.
    pub(super) fn left(&self, limit: Duration) -> Option<Duration> {
        let spent = Duration::from_millis(self.0.load(Ordering::Relaxed));
        limit.checked_sub(spent).filter(|left| !left.is_zero())
    }
}

/// What a call takes from the rate budget.
#[derive(Clone, Copy)]
struct Pass<'s> {
    class: Class,
    /// Where it may wait.
    wait: Waits<'s>,
}

/// Whether a call can be made later.
#[derive(Clone, Copy)]
enum Waits<'s> {
    /// It is an entry of a log, which holds the place that is kept for it.
    At(Option<&'s Slot>),
    /// Nobody comes back for it.
    Never,
}

impl<'a> Line<'a> {
    pub(super) fn new(desk: &'a Desk, udesk: &'a Udesk) -> Self {
        Self {
            desk,
            udesk,
            spent: None,
        }
    }

    /// The same for several calls that share one limit. Else each has a limit of its own.
    #[must_use]
    pub fn sharing(self, spent: &'a Spent) -> Self {
        Self {
            spent: Some(spent),
            ..self
        }
    }

    /// Makes a call that is no entry of a log, if Udesk's rate budget has room for one of its class.
    ///
    /// # Errors
    /// Where it brought nothing.
    pub async fn ask<R: Endpoint>(
        &self,
        request: &R,
        class: Class,
    ) -> Result<R::Response, AskError> {
        let pass = Pass {
            class,
            wait: Waits::Never,
        };
        self.call(request, pass).await.map_err(Failure::for_asker)
    }

    /// Udesk's own numbers of customers.
    #[must_use]
    pub fn numbers(&self) -> &'a CustomerNumbers {
        &self.udesk.numbers
    }

    /// Where what Udesk said is kept.
    #[must_use]
    pub fn table(&self) -> &'a Table {
        &self.desk.table
    }

    pub(super) async fn attempt(
        &self,
        session: &Session,
        task: &Task,
        message: Option<&Message>,
    ) -> Outcome {
        let pass = Pass {
            class: task.class(),
            wait: Waits::At(session.sends.slot()),
        };
        let outcome = match Feedback::of(session, task) {
            Ok(Some(feedback)) => self.tell(&feedback, pass).await,
            Ok(None) => match Call::of(session, task, message) {
                Some(call) => self.make(&call, pass).await,
                None => return Outcome::Done,
            },
            Err(error) => {
                return Outcome::Refused(fault(Vendor::Udesk, None, error.to_string()));
            }
        };
        outcome.unwrap_or_else(Failure::outcome)
    }

    /// Refuses a rating, or what a customer does at a robot, that Udesk could not be told.
    pub(super) fn takes(&self, session: &Session, task: &Task) -> Result<(), Error> {
        Feedback::of(session, task).map(drop)
    }

    /// Says it again where an answer was lost: a rating is the same, a click may be counted twice, and a step shown
    /// twice is better than none.
    async fn tell(&self, feedback: &Feedback<'_>, pass: Pass<'_>) -> Result<Outcome, Failure> {
        match feedback {
            Feedback::Session(request) => self.call(request, pass).await.map(drop),
            Feedback::Robot(request) => self.call(request, pass).await.map(drop),
            Feedback::Answer(request) => self.call(request, pass).await.map(drop),
            Feedback::Evaluation(request) => self.call(request, pass).await.map(drop),
            Feedback::Flow(request) => self.call(request, pass).await.map(drop),
            Feedback::Click(request) => self.call(request, pass).await.map(drop),
            Feedback::Transfer(request) => self.call(request, pass).await.map(drop),
        }?;
        Ok(Outcome::Done)
    }

    async fn make(&self, call: &Call<'_>, pass: Pass<'_>) -> Result<Outcome, Failure> {
        Ok(match call {
            Call::Register(request) => {
                let done = self.call(request, pass).await;
                match done.map_err(Failure::outcome) {
                    // What Udesk says here it says of the customer, and not of a session.
                    Err(Outcome::Gone(fault)) => Outcome::Refused(fault),
                    Err(other) => other,
                    Ok(_) => Outcome::Done,
                }
            }
            Call::Create(request) => {
                let response = match self.call(request, pass).await {
                    Err(Failure::Refusal(refusal)) => {
                        self.create_for_stranger(request, refusal, pass).await?
                    }
                    other => other?,
                };
                match opened(&request.assign, response) {
                    Ok(opened) => Outcome::Opened(Box::new(opened)),
                    Err(fault) => Outcome::Refused(fault),
                }
            }
            Call::Send(request) => {
                self.call(request, pass).await?;
                Outcome::Done
            }
            Call::Close(request) => {
                self.call(request, pass).await?;
                Outcome::Done
            }
            Call::LeaveQueue(request) => {
                self.call(request, pass).await?;
                Outcome::Done
            }
            Call::Read(request) => {
                self.call(request, pass).await?;
                Outcome::Done
            }
        })
    }

    /// Udesk's page says both that it makes a customer whom it does not know, and that it refuses the session: where
    /// it refuses, the customer is created, and the call made once more. The code says that something is not there,
    /// and not what, so Udesk is asked for the customer first: whom it knows would be renamed, and it is the agent, the
    /// group or the robot that is not there.
    async fn create_for_stranger(
        &self,
        request: &create_session::Request<'_>,
        refusal: Refusal,
        pass: Pass<'_>,
    ) -> Result<create_session::Response, Failure> {
        if refusal.code != Some(Code::NotAdminOrAbsent) {
            return Err(Failure::Refusal(refusal));
        }
        let find = get_customer::Request {
            kind: self.udesk.numbers.kind(),
            content: request.customer_token,
        };
        match self.call(&find, pass).await {
            Err(Failure::Refusal(Refusal {
                code: Some(Code::NotAdminOrAbsent),
                ..
            })) => {}
            // Where Udesk won't say, nobody is renamed either.
            Ok(_)
            | Err(Failure::Refusal(Refusal {
                fate: Fate::Refused | Fate::SessionGone,
                ..
            })) => return Err(Failure::Refusal(refusal)),
            Err(other) => return Err(other),
        }
        let create = create_customer::Request {
            customer_token: request.customer_token,
            profile: &Profile::default(),
        };
        match self.call(&create, pass).await {
            // The place that was kept for it is used up.
            Ok(_) => {
                let again = Pass {
                    wait: Waits::At(None),
                    ..pass
                };
                self.call(request, again).await
            }
            Err(Failure::Refusal(Refusal {
                fate: Fate::Refused,
                ..
            })) => Err(Failure::Refusal(refusal)),
            Err(other) => Err(other),
        }
    }

    /// Makes one call. Where the clock or the nonce was at fault, one more, signed afresh, within the same
    /// limit; a clock that stays off is no reason to hammer.
    async fn call<R: Endpoint>(&self, request: &R, pass: Pass<'_>) -> Result<R::Response, Failure> {
        let own = Spent::default();
        let spent = self.spent.unwrap_or(&own);
        match self.call_once(request, pass, spent).await {
            Err(Failure::Refusal(Refusal {
                fate: Fate::Resign, ..
            })) => {
                let wait = match pass.wait {
                    Waits::At(_) => Waits::At(None),
                    Waits::Never => Waits::Never,
                };
                let again = Pass { wait, ..pass };
                self.call_once(request, again, spent).await
            }
            other => other,
        }
    }

    async fn call_once<R: Endpoint>(
        &self,
        request: &R,
        pass: Pass<'_>,
        spent: &Spent,
    ) -> Result<R::Response, Failure> {
        let limit = spent.left(self.desk.limit).ok_or(Failure::NoTime)?;
        self.pass::<R>(pass).await?;
        let account = Account {
            base_url: &self.udesk.base_url,
            email: &self.udesk.email,
            api_token: self.udesk.api_token.expose(),
        };
        let nonce = nonce();
        let stamp = Stamp {
            timestamp: clock::now() / 1_000,
            nonce: &nonce,
        };
        let request = request.to_http(&account, stamp)?;
        let started = clock::now();
        let answer = self.desk.http.call(request, limit).await;
        let took_ms = clock::now() - started;
        spent.add(took_ms);
        line::add(Metric::VendorTime, took_ms);
        tracing::info!(
            vendor = "udesk",
            call = R::API.name(),
            status = answer.as_ref().map_or(0, |answer| answer.status),
            took_ms,
            "called"
        );
        let HttpAnswer {
            status,
            headers,
            body,
        } = answer?;
        Ok(R::read(status, &headers, &body)?)
    }

    /// Takes a place in the rate budget.
    async fn pass<R: Endpoint>(&self, Pass { class, wait }: Pass<'_>) -> Result<(), Failure> {
        let (rates, api) = (&self.udesk.rates, R::API.name());
        let (table, now) = (&self.desk.table, clock::now());
        let taken = match wait {
            Waits::At(slot) => {
                table
                    .take(Vendor::Udesk, rates, api, class, slot, now)
                    .await
            }
            Waits::Never => table.take_now(Vendor::Udesk, rates, api, class, now).await,
        };
        match taken {
            Ok(Taken::Now) => Ok(()),
            Ok(Taken::Kept(at)) => {
                line::add(Metric::OverBudget, 1);
                let api = api.to_owned();
                Err(Failure::Wait(at, Some(Slot { at, api })))
            }
            Ok(Taken::Full(until)) => {
                line::add(Metric::OverBudget, 1);
                Err(Failure::Wait(until, None))
            }
            // Without a count the call may be one too many, which Udesk says then: better than none at all.
            Err(error) => {
                tracing::warn!(error = crate::lambda::chain(&error), "not counted");
                Ok(())
            }
        }
    }
}

/// Refuses a message that Udesk does not take.
pub(super) fn fits(session: &Session, message: &Message) -> Result<(), Unfit> {
    if message.from == Author::Desk {
        let why = "only Tencent takes what your server says as the desk";
        return Err(Unfit::new("as", why));
    }
    if matches!(
        message.kind,
        Kind::Card | Kind::Location | Kind::Face | Kind::Custom
    ) {
        let why = "Udesk takes text, image, audio, video, file and rich";
        return Err(Unfit::new("kind", why));
    }
    if session.is_with_robot() && message.kind != Kind::Text {
        let why = "a robot takes `text` alone; ask for an agent first (POST /sessions)";
        return Err(Unfit::new("kind", why));
    }
    if message.custom.is_some() {
        return Err(Unfit::new("custom", "leave it out: Udesk carries none"));
    }
    if message.needs_no_answer {
        let why = "leave it out: Udesk waits for no answer";
        return Err(Unfit::new("needs_no_answer", why));
    }
    Ok(())
}

/// Refuses a wish for somebody whom Udesk can't have.
pub(super) fn fits_wish(wish: &Assign) -> Result<(), Unfit> {
    for (field, id) in [
        ("assign.agent_id", &wish.agent_id),
        ("assign.group_id", &wish.group_id),
    ] {
        if id.as_ref().is_some_and(|id| id.number().is_none()) {
            let why = "an id of Udesk's is a whole number, as it is or as text";
            return Err(Unfit::new(field, why));
        }
    }
    Ok(())
}

/// The call that a task is.
enum Call<'a> {
    Register(create_customer::Request<'a>),
    Create(create_session::Request<'a>),
    Send(send_message::Request<'a>),
    Close(close_session::Request),
    LeaveQueue(close_queue::Request<'a>),
    Read(read_messages::Request<'a>),
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
            Task::Register { profile } => Some(Self::Register(create_customer::Request {
                customer_token,
                profile,
            })),
            // A push may have brought an agent since.
            Task::Open { .. } if session.state == State::Active => None,
            Task::Open { assign, .. } => Some(Self::Create(create_session::Request {
                customer_token,
                assign: asked_for(assign),
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
            Task::Read {
                vendor_session,
                messages,
                in_query,
                ..
            } => Some(Self::Read(read_messages::Request {
                session_id: Id(vendor_session.parse().ok()?),
                message_ids: messages,
                form: match in_query {
                    true => read_messages::Form::Query,
                    false => read_messages::Form::Body,
                },
            })),
            // A robot is left without a word.
            Task::Close if matches!(session.state, State::Robot | State::Urobot) => None,
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
            // These are told by `Feedback`.
            Task::RateSession { .. }
            | Task::RateRobot { .. }
            | Task::RateAnswer { .. }
            | Task::TakeStep { .. }
            | Task::CountClick { .. }
            | Task::CountTransfer { .. }
            // Udesk is asked for a person by `Open`.
            | Task::HandOn { .. } => None,
        }
    }
}

/// An id as Udesk has them: see [`fits_wish`].
fn number(id: Option<&DeskId>) -> Option<Id> {
    id.and_then(DeskId::number).map(Id)
}

/// Whom Udesk is asked for. Without its robot and scene, which create-session demands, a urobot would be nobody in
/// particular: the other robot needs neither.
fn asked_for(assign: &Assign) -> create_session::Assign<'_> {
    let (robot_id, scene_id) = (assign.robot_id.map(Id), assign.scene_id.map(Id));
    let robot_role_id = assign.robot_role_id.as_deref();
    match (assign.to, robot_id, scene_id) {
        (Counterpart::Agent, _, _) => create_session::Assign::Agent {
            agent_id: number(assign.agent_id.as_ref()),
            group_id: number(assign.group_id.as_ref()),
        },
        (Counterpart::Urobot, Some(robot_id), Some(scene_id)) => create_session::Assign::Urobot {
            robot_id,
            scene_id,
            robot_role_id,
        },
        (Counterpart::Robot | Counterpart::Urobot, _, _) => create_session::Assign::Robot {
            robot_id,
            scene_id,
            robot_role_id,
        },
    }
}

/// Where a customer's message goes, by the state of the session.
fn destination(session: &Session, vendor_session: Option<Id>) -> send_message::Destination {
    let asked = session.assign.as_ref();
    let left_for_later = send_message::Destination::LeaveMessage {
        agent_id: number(asked.and_then(|asked| asked.agent_id.as_ref())),
        group_id: number(asked.and_then(|asked| asked.group_id.as_ref())),
    };
    let robot = asked.map(asked_for);
    match (session.state, vendor_session) {
        (State::Robot, _) => send_message::Destination::Robot,
        (State::Urobot, _) => match robot {
            Some(create_session::Assign::Urobot {
                robot_id, scene_id, ..
            }) => send_message::Destination::Urobot {
                robot_id,
                scene_id,
                session: session
                    .vendor_session
                    .as_deref()
                    .and_then(UrobotSession::parse),
            },
            _ => send_message::Destination::Robot,
        },
        (State::Queued | State::Assigning | State::Opening, _) => {
            send_message::Destination::Queueing
        }
        (State::Active | State::Closed, Some(id)) => send_message::Destination::Session(id),
        (State::Active | State::Closed | State::Offline, _) => left_for_later,
    }
}

fn kind(kind: Kind) -> send_message::Kind {
    match kind {
        Kind::Text | Kind::Card | Kind::Location | Kind::Face | Kind::Custom => {
            send_message::Kind::Text
        }
        Kind::Image => send_message::Kind::Image,
        Kind::Audio => send_message::Kind::Audio,
        Kind::Video => send_message::Kind::Video,
        Kind::File => send_message::Kind::File,
        Kind::Rich => send_message::Kind::Rich,
    }
}

/// Where the customer is by Udesk's answer. Only a robot that was asked for can be told what the customer writes.
fn opened(
    asked: &create_session::Assign<'_>,
    response: create_session::Response,
) -> Result<Opened, VendorFault> {
    let none = Opened {
        state: State::Opening,
        vendor_session: None,
        assignee: None,
        queue: None,
        survey: None,
        welcome: None,
    };
    let unasked = |other: &str| {
        let asked = asked.name();
        let message = format!("Udesk assigned a {other} although a {asked} was asked for");
        Err(fault(Vendor::Udesk, None, message))
    };
    Ok(match response {
        create_session::Response::Assigned {
            im_sub_session_id,
            agent,
            survey,
            message: _,
        } => Opened {
            state: State::Active,
            vendor_session: Some(im_sub_session_id.to_string()),
            assignee: agent.and_then(Agent::person),
            survey,
            ..none
        },
        create_session::Response::Robot { robot, welcome } => match asked {
            create_session::Assign::Robot { .. } => Opened {
                state: State::Robot,
                assignee: robot.map(Agent::robot),
                welcome: welcome.map(|answer| said(answer, None)),
                ..none
            },
            create_session::Assign::Urobot { .. } | create_session::Assign::Agent { .. } => {
                return unasked("robot");
            }
        },
        create_session::Response::Urobot {
            session,
            robot,
            welcome,
            said: known_by,
        } => match asked {
            create_session::Assign::Urobot { .. } => Opened {
                state: State::Urobot,
                vendor_session: session.map(|session| session.to_string()),
                assignee: robot.map(Agent::robot),
                welcome: welcome.map(|answer| said(answer, known_by)),
                ..none
            },
            create_session::Assign::Robot { .. } | create_session::Assign::Agent { .. } => {
                return unasked("urobot");
            }
        },
        create_session::Response::Queued {
            position,
            queue,
            message: _,
        } => {
            let position = position.and_then(|position| i64::try_from(position).ok());
            Opened {
                state: State::Queued,
                queue: Some(Queue {
                    name: queue,
                    position,
                }),
                ..none
            }
        }
        create_session::Response::Assigning { .. } => Opened {
            state: State::Assigning,
            ..none
        },
        create_session::Response::Offline { .. } => Opened {
            state: State::Offline,
            ..none
        },
    })
}

fn said(answer: Answer, known_by: Option<UrobotMessage>) -> Welcome {
    Welcome {
        vendor_id: known_by.map(|known_by| known_by.to_string()),
        content: answer.content,
        suggestions: answer.suggestions,
    }
}

/// Why a call brought nothing.
enum Failure {
    Wait(Millis, Option<Slot>),
    /// It was not made: the calls before it took all the time there was.
    NoTime,
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
    /// The same for whoever asks by the way.
    fn for_asker(self) -> AskError {
        match self.outcome() {
            Outcome::Wait { until, slot: _ } => AskError::Wait {
                retry_at: until,
                fault: fault(Vendor::Udesk, None, "its limit of calls is used up for now"),
            },
            Outcome::NotYet { after, fault } => AskError::Unavailable { after, fault },
            Outcome::Lost(fault) => AskError::Unavailable { after: None, fault },
            Outcome::Gone(fault) => AskError::Gone(fault),
            Outcome::Refused(fault) => AskError::Refused(fault),
            // A failure is none of these.
            Outcome::Opened(_) | Outcome::Done | Outcome::Moved { .. } | Outcome::Nothing => {
                AskError::Refused(fault(Vendor::Udesk, None, "no answer"))
            }
        }
    }

    fn outcome(self) -> Outcome {
        match self {
            Self::Wait(until, slot) => Outcome::Wait { until, slot },
            Self::NoTime => Outcome::NotYet {
                after: None,
                fault: fault(Vendor::Udesk, None, "its answers before took too long"),
            },
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
    use crate::ids::CustomerId;

    fn session(state: State, vendor_session: Option<&str>) -> Session {
        let customer = CustomerId::parse("DE").unwrap();
        let assign = Assign {
            to: Counterpart::Agent,
            agent_id: Some(397.into()),
            group_id: Some(1.into()),
            ..Assign::default()
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
            (State::Robot, None, 0),
            (State::Active, Some("11"), 11),
            (State::Queued, None, -3),
            (State::Queued, Some("urobot:11"), -3),
            (State::Queued, Some("11"), -3),
            (State::Assigning, None, -3),
            (State::Opening, None, -3),
            (State::Offline, None, -2),
            (State::Offline, Some("11"), -2),
        ];
        for (state, vendor_session, number) in wanted {
            let id = vendor_session.and_then(|id| id.parse().ok()).map(Id);
            let destination = destination(&session(state, vendor_session), id);
            let told = destination.im_sub_session_id();
            assert_eq!(told, Id(number), "{state:?} {vendor_session:?}");
        }
    }

    fn with_urobot(vendor_session: Option<&str>) -> Session {
        Session {
            assign: Some(Assign {
                to: Counterpart::Urobot,
                robot_id: Some(12_362),
                scene_id: Some(39),
                ..Assign::default()
            }),
            ..session(State::Urobot, vendor_session)
        }
    }

    #[test]
    fn a_urobot_is_told_by_its_ids_and_its_session() {
        for (vendor_session, told) in [
            (Some("urobot:23702"), Some(UrobotSession(Id(23_702)))),
            (None, None),
            // An agent's, of an earlier round.
            (Some("11"), None),
        ] {
            let destination = destination(&with_urobot(vendor_session), None);
            let wanted = send_message::Destination::Urobot {
                robot_id: Id(12_362),
                scene_id: Id(39),
                session: told,
            };
            assert_eq!(destination, wanted, "{vendor_session:?}");
        }
    }

    #[test]
    fn a_robot_that_was_not_asked_for_is_refused() {
        use create_session::{Assign as Asked, Response};
        let robot = Response::Robot {
            robot: None,
            welcome: None,
        };
        let urobot = Response::Urobot {
            session: Some(UrobotSession(Id(1))),
            robot: None,
            welcome: None,
            said: None,
        };
        let agent = Asked::Agent {
            agent_id: None,
            group_id: None,
        };
        let with = with_urobot(None).assign.unwrap();
        let asked_urobot = asked_for(&with);
        let plain = Assign {
            to: Counterpart::Robot,
            ..Assign::default()
        };
        let asked_robot = asked_for(&plain);
        let state = |asked, response: &Response| {
            let opened = opened(asked, response.clone());
            opened.map(|opened| opened.state).ok()
        };
        assert_eq!(state(&asked_robot, &robot), Some(State::Robot));
        assert_eq!(state(&asked_urobot, &urobot), Some(State::Urobot));
        for (asked, response) in [
            (&agent, &robot),
            (&agent, &urobot),
            (&asked_robot, &urobot),
            (&asked_urobot, &robot),
        ] {
            assert_eq!(state(asked, response), None, "{asked:?}");
        }
        // An agent is welcome whoever was asked for.
        let assigned = Response::Assigned {
            im_sub_session_id: Id(11),
            agent: None,
            message: String::new(),
            survey: None,
        };
        assert_eq!(state(&asked_robot, &assigned), Some(State::Active));
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
            Call::of(session, &Task::Close, None).map(|call| match call {
                Call::Close(_) => "the end",
                Call::LeaveQueue(_) => "the queue",
                Call::Register(_) | Call::Create(_) | Call::Send(_) | Call::Read(_) => {
                    "something else"
                }
            })
        };
        let queued = |name: Option<&str>| Session {
            queue: Some(Queue {
                name: name.map(str::to_owned),
                position: Some(3),
            }),
            ..session(State::Queued, None)
        };
        let (end, leave) = ("the end", "the queue");
        assert_eq!(name(&session(State::Active, Some("11"))), Some(end));
        assert_eq!(name(&queued(Some("queue:company:1:all"))), Some(leave));
        // There is nothing to name to Udesk.
        assert_eq!(name(&queued(None)), None);
        assert_eq!(name(&session(State::Offline, None)), None);
        assert_eq!(name(&session(State::Opening, None)), None);
        // A robot is left without a word, even where an agent's session is known of earlier.
        assert_eq!(name(&with_urobot(Some("urobot:23702"))), None);
        assert_eq!(name(&session(State::Robot, Some("11"))), None);
        let assigning = session(State::Assigning, Some("urobot:23702"));
        assert_eq!(name(&assigning), None);
    }

    #[test]
    fn udesk_is_not_asked_again_for_whom_an_agent_has() {
        let open = Task::Open {
            assign: Assign::default(),
            profile: None,
        };
        assert!(Call::of(&session(State::Active, Some("11")), &open, None).is_none());
        assert!(Call::of(&session(State::Queued, None), &open, None).is_some());
    }
}
