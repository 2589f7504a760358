//! Draining a session's log of sends: each entry in order, under the lease, one attempt at a time.
//! Used by the functions that append to it, within their own request, and by `drain-sends`.

use std::time::{Duration, Instant};

use crate::{
    change::Change,
    clock::{self, Millis},
    config::{ConfigError, DELIVERIES_QUEUE_URL, SENDS_QUEUE_URL, Settings},
    desk::{Desk, OnUnknown, Opened, Outcome},
    error::VendorFault,
    event::Fact,
    http::Client,
    ids::{MessageId, SessionId, nonce},
    log::Begin,
    message::{Message, Status},
    outgoing::{Entry, Task},
    queues::Queue,
    schedule::Schedule,
    session::{Session, State},
    survey::Survey,
    table::{Outcome as Written, Table, TableError},
};

/// How often a change is made anew before the function says that it can't get through.
const TRIES: u32 = 40;

/// What a drainer of sends needs. Made once at init.
#[derive(Debug)]
pub struct Sends {
    /// The table.
    pub table: Table,
    /// The vendors.
    pub desk: Desk,
    deliveries: Queue,
    nudges: Queue,
    schedule: Schedule,
    http: Client,
}

/// A change whose lease, if it could be taken, is taken in the same write.
#[derive(Debug)]
pub struct Started {
    change: Change,
    owner: String,
    begin: Begin,
}

impl Started {
    /// Takes the lease of `change`'s log of sends, where nobody else holds it and the first entry may
    /// be tried.
    #[must_use]
    pub fn new(mut change: Change, lease: Millis) -> Self {
        let owner = nonce();
        let begin = change.session.sends.begin(&owner, change.now(), lease);
        Self {
            change,
            owner,
            begin,
        }
    }
}

/// What draining left.
#[derive(Debug)]
pub struct Drained {
    /// The session as last written.
    pub session: Session,
    /// The message asked about, as last written, where it was among those drained.
    pub message: Option<Message>,
    /// The survey that the vendor offered, where it did.
    pub survey: Option<Survey>,
    /// Why opening the session was refused, where it was.
    pub refused: Option<VendorFault>,
}

/// An entry under way.
struct Attempt {
    entry: Entry,
    message: Option<Message>,
    outcome: Outcome,
    /// The vendor's session that the attempt went to.
    went_to: Option<String>,
    /// The survey that the vendor offered before, where the attempt may end the session.
    survey: Option<Survey>,
}

impl Sends {
    /// A drainer as the settings want it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let http = Client::from_settings(settings)?;
        Ok(Self {
            table: Table::for_writing(settings, &http)?,
            desk: Desk::from_settings(settings, &http)?,
            deliveries: Queue::from_settings(settings, &DELIVERIES_QUEUE_URL, &http)?,
            nudges: Queue::from_settings(settings, &SENDS_QUEUE_URL, &http)?,
            schedule: Schedule::from_settings(settings)?,
            http,
        })
    }

    /// Opens the connections that a request will surely need, ahead of need.
    pub async fn warm(&self) {
        let table = self.table.warm_url();
        let queue = self.nudges.warm_url();
        let mut urls = self.desk.warm_urls();
        urls.push(&table);
        urls.push(queue);
        self.http.warm(&urls).await;
    }

    /// How long a lease lasts: one attempt, and time to write what came of it.
    #[must_use]
    pub fn lease(&self) -> Millis {
        let limit = i64::try_from(self.desk.limit().as_millis()).unwrap_or(i64::MAX);
        limit.saturating_add(4_000)
    }

    /// Writes a change that appends to the log of sends, and drains from there in the same request:
    /// whatever stands first, within `budget`, in order. `None` where another writer came first or the
    /// change had happened before; the caller reads anew and decides again.
    ///
    /// # Errors
    /// Where the table refuses. What was written stays, and is found by `sweep`.
    pub async fn append(
        &self,
        change: Change,
        watch: Option<&MessageId>,
        budget: Duration,
    ) -> Result<Option<Drained>, TableError> {
        let started = Started::new(change, self.lease());
        if self.table.commit(&started.change).await? != Written::Written {
            return Ok(None);
        }
        self.go_on(started, watch, budget).await.map(Some)
    }

    /// Drains `session`'s log, as far as it may be drained now, within `budget`.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn drain(&self, session: &SessionId, budget: Duration) -> Result<(), TableError> {
        for tries in 0..TRIES {
            let Some(session) = self.table.session(session).await? else {
                tracing::warn!(%session, "nudged for a session that is gone");
                return Ok(());
            };
            let started = Started::new(Change::to(session, clock::now()), self.lease());
            match started.begin {
                Begin::Empty | Begin::Busy(_) => return Ok(()),
                // A nudge that came a moment early would otherwise be the last one.
                Begin::NotDue(at) => {
                    let (session, now) = (&started.change.session, clock::now());
                    if at - now < 2_000 {
                        self.nudges.nudge(&session.id, Some(at), now).await;
                    }
                    return Ok(());
                }
                Begin::Ready { .. } => {}
            }
            if self.table.commit(&started.change).await? == Written::Written {
                return self.go_on(started, None, budget).await.map(drop);
            }
            clock::pause(tries).await;
        }
        Err(TableError::Contended)
    }

    /// The change is written. Drains on if the lease came with it.
    async fn go_on(
        &self,
        started: Started,
        watch: Option<&MessageId>,
        budget: Duration,
    ) -> Result<Drained, TableError> {
        let Started {
            change,
            owner,
            begin,
        } = started;
        let end = Instant::now() + budget;
        let Begin::Ready {
            mut number,
            mut suspect,
        } = begin
        else {
            self.nudge_for(&change, None).await;
            return Ok(Drained {
                session: change.written(),
                message: None,
                survey: None,
                refused: None,
            });
        };
        // The events of this change, if any, are told by the nudge that follows the attempt.
        let mut appended = Some(change);
        let mut session = None;
        let mut drained_message = None;
        let (mut survey, mut refused) = (None, None);
        loop {
            let (current, entry, message) = match appended.take() {
                // What was just appended need not be read back.
                Some(change) => {
                    let entry = change
                        .sends
                        .iter()
                        .find(|entry| entry.number == number)
                        .cloned();
                    let message = change.messages.values().next_back().cloned();
                    (change.written(), entry, message)
                }
                None => match session.take() {
                    Some(session) => (session, None, None),
                    None => return Err(TableError::Contended),
                },
            };
            let (entry, message) = self.read_entry(&current, number, entry, message).await?;
            let outcome = self
                .outcome(&current, &entry, message.as_ref(), suspect)
                .await;
            let may_end = entry.task == Task::Close || matches!(outcome, Outcome::Gone(_));
            let offered = if may_end {
                self.table.survey(&current.id).await?
            } else {
                None
            };
            let attempt = Attempt {
                went_to: current.vendor_session.clone(),
                survey: offered,
                entry,
                message,
                outcome,
            };
            let recorded = self
                .record(current, &owner, attempt, Instant::now() < end)
                .await?;
            if let Some(message) = recorded
                .message
                .filter(|message| watch == Some(&message.id))
            {
                drained_message = Some(message);
            }
            survey = recorded.survey.or(survey);
            refused = refused.or(recorded.refused);
            match recorded.next {
                Some(next) => number = next,
                None => {
                    let session = recorded.session;
                    return Ok(Drained {
                        session,
                        message: drained_message,
                        survey,
                        refused,
                    });
                }
            }
            suspect = false;
            session = Some(recorded.session);
        }
    }

    async fn read_entry(
        &self,
        session: &Session,
        number: u64,
        entry: Option<Entry>,
        message: Option<Message>,
    ) -> Result<(Entry, Option<Message>), TableError> {
        let entry = match entry {
            Some(entry) => entry,
            // An entry that is gone has outlived the retention: nothing is left to be done but to
            // count it as settled.
            None => self
                .table
                .send(&session.id, number)
                .await?
                .unwrap_or(Entry {
                    number,
                    task: Task::Close,
                    created_at: 0,
                    dead_at: Some(0),
                    dead_because: None,
                }),
        };
        let message = match (&entry.task, message) {
            (Task::Message { id }, Some(message)) if message.id == *id => Some(message),
            (Task::Message { id }, _) => self.table.message(&session.id, id).await?,
            (Task::Open { .. } | Task::Close, _) => None,
        };
        Ok((entry, message))
    }

    async fn outcome(
        &self,
        session: &Session,
        entry: &Entry,
        message: Option<&Message>,
        suspect: bool,
    ) -> Outcome {
        let known = |message: &str| VendorFault {
            name: session.vendor.name().to_owned(),
            code: None,
            message: message.to_owned(),
        };
        let is_message = matches!(entry.task, Task::Message { .. });
        if entry.dead_at.is_some() || (!is_message && !session.is_open()) {
            return Outcome::Done;
        }
        if is_message && !session.is_open() {
            return Outcome::Gone(known(
                "the session was closed before this message could be sent",
            ));
        }
        if suspect && is_message && self.desk.on_unknown(session.vendor) == OnUnknown::Hold {
            return Outcome::Lost(known("an earlier attempt was cut off and may have arrived"));
        }
        self.desk.attempt(session, &entry.task, message).await
    }

    /// Writes what came of an attempt, together with the step to the next entry.
    async fn record(
        &self,
        session: Session,
        owner: &str,
        mut attempt: Attempt,
        go_on: bool,
    ) -> Result<Recorded, TableError> {
        let mut session = session;
        for tries in 0..TRIES {
            let mut change = Change::to(session, clock::now());
            if !change.session.sends.is_held_by(owner) {
                // Overtaken: whoever took over decides.
                tracing::warn!(session = %change.session.id, "the lease was lost during an attempt");
                return Ok(Recorded {
                    session: change.session,
                    message: None,
                    survey: None,
                    refused: None,
                    next: None,
                });
            }
            let step = self.apply(&mut change, &attempt, go_on);
            match self.table.commit(&change).await? {
                Written::Written => {
                    self.nudge_for(&change, Some(&step)).await;
                    let message = change.messages.values().next_back().cloned();
                    let survey = change.survey.clone().or(attempt.survey);
                    let session = change.written();
                    return Ok(Recorded {
                        session,
                        survey,
                        message: message.or(attempt.message),
                        refused: step.refused,
                        next: step.next,
                    });
                }
                Written::Overtaken | Written::Repeat => clock::pause(tries).await,
            }
            let id = change.session.id;
            let Some(read) = self.table.session(&id).await? else {
                return Err(TableError::Contended);
            };
            // A read receipt may have come in between, and overrules.
            if let Some(message) = &attempt.message {
                attempt.message = self.table.message(&id, &message.id).await?;
            }
            session = read;
        }
        Err(TableError::Contended)
    }

    async fn nudge_for(&self, change: &Change, step: Option<&Step>) {
        let (id, now) = (&change.session.id, clock::now());
        let retry_at = step.and_then(|step| step.retry_at);
        let left_over = step.is_some_and(|step| step.next.is_none() && retry_at.is_none())
            && change.session.sends.is_pending();
        let deliver = async {
            if change.must_nudge_deliveries() {
                self.deliveries.nudge(id, None, now).await;
            }
        };
        let send = async {
            if retry_at.is_some() || left_over || (step.is_none() && change.must_nudge_sends()) {
                self.nudges.nudge(id, retry_at, now).await;
            }
        };
        tokio::join!(deliver, send);
    }

    /// Puts into `change` what `attempt` brought about.
    fn apply(&self, change: &mut Change, attempt: &Attempt, go_on: bool) -> Step {
        let Attempt {
            entry,
            message,
            outcome,
            went_to,
            survey,
        } = attempt;
        let failed = change.session.sends.attempts + 1;
        let on_unknown = self.desk.on_unknown(change.session.vendor);
        let mut refused = None;
        match outcome {
            Outcome::Opened(opened) => apply_opened(change, opened),
            Outcome::Done => match (&entry.task, message) {
                (Task::Message { .. }, Some(message)) => {
                    settle_message(change, message, Status::Sent, None)
                }
                (Task::Close, _) => change.close("customer", survey.as_ref(), change.now()),
                (Task::Open { .. } | Task::Message { .. }, _) => {}
            },
            // A transfer may have changed the vendor's session while the message was on its way there.
            Outcome::Gone(fault)
                if *went_to != change.session.vendor_session && change.session.is_open() =>
            {
                return self.try_again(change, attempt, failed, Some(0), fault);
            }
            Outcome::Moved { to, fault } => {
                apply_opened(change, to);
                return self.try_again(change, attempt, failed, Some(0), fault);
            }
            Outcome::Gone(fault) => {
                change.close(
                    if entry.task == Task::Close {
                        "customer"
                    } else {
                        "vendor"
                    },
                    survey.as_ref(),
                    change.now(),
                );
                if let Some(message) = message {
                    let message = Message {
                        too_late: true,
                        ..message.clone()
                    };
                    settle_message(change, &message, Status::Failed, Some(fault));
                }
            }
            Outcome::Refused(fault) => {
                refused = Some(fault.clone());
                give_up(change, attempt, Status::Failed, fault);
            }
            Outcome::NotYet { after, fault } => {
                return self.try_again(change, attempt, failed, *after, fault);
            }
            Outcome::Lost(fault) => match (&entry.task, message, on_unknown) {
                (Task::Message { .. }, Some(message), OnUnknown::Hold) => {
                    settle_message(change, message, Status::Unknown, Some(fault));
                }
                _ => return self.try_again(change, attempt, failed, None, fault),
            },
        }
        self.settled(change, go_on, refused)
    }

    fn settled(&self, change: &mut Change, go_on: bool, refused: Option<VendorFault>) -> Step {
        let now = change.now();
        let next = change.session.sends.settle(now, self.lease(), go_on);
        Step {
            next,
            retry_at: None,
            refused,
        }
    }

    /// Plans another attempt, or gives up where the schedule has none left.
    fn try_again(
        &self,
        change: &mut Change,
        attempt: &Attempt,
        failed: u32,
        after: Option<Millis>,
        fault: &VendorFault,
    ) -> Step {
        let now = change.now();
        tracing::warn!(session = %change.session.id, failed, fault = fault.message, code = fault.code, "not sent yet");
        if let Some(at) = self.schedule.next(failed, after, now) {
            change.session.sends.postpone(at);
            return Step {
                next: None,
                retry_at: Some(at),
                refused: None,
            };
        }
        let may_have_arrived = matches!(attempt.outcome, Outcome::Lost(_));
        let status = if may_have_arrived {
            Status::Unknown
        } else {
            Status::Failed
        };
        give_up(change, attempt, status, fault);
        self.settled(change, true, None)
    }
}

/// What came of an attempt, for the log.
struct Step {
    /// The entry to try next under the same lease.
    next: Option<u64>,
    /// When this entry is tried again.
    retry_at: Option<Millis>,
    /// The vendor's final no.
    refused: Option<VendorFault>,
}

struct Recorded {
    session: Session,
    message: Option<Message>,
    survey: Option<Survey>,
    refused: Option<VendorFault>,
    next: Option<u64>,
}

/// The vendor's answer to opening. A push may have overtaken it, and what a push said is newer.
fn apply_opened(change: &mut Change, opened: &Opened) {
    if let Some(survey) = &opened.survey {
        change.offer_survey(Survey::clone(survey));
    }
    let before = change.session.state;
    let overtaken = before == State::Active || !change.session.is_open();
    if overtaken {
        if let (None, Some(id)) = (&change.session.vendor_session, &opened.vendor_session) {
            change.bind(id);
        }
        return;
    }
    if let Some(id) = &opened.vendor_session {
        change.bind(id);
    }
    change.session.state = opened.state;
    change.session.queue.clone_from(&opened.queue);
    change.session.assignee.clone_from(&opened.assignee);
    if before == opened.state {
        return;
    }
    let now = change.now();
    match opened.state {
        State::Active => change.tell(&Fact::SessionStarted, now),
        State::Queued => change.tell(&Fact::SessionQueued, now),
        State::Opening
        | State::Robot
        | State::Urobot
        | State::Assigning
        | State::Offline
        | State::Closed => {}
    }
}

/// The message has come as far as it will without further evidence; the app is told.
fn settle_message(
    change: &mut Change,
    message: &Message,
    status: Status,
    fault: Option<&VendorFault>,
) {
    if !message.status.is_none_or(|old| old.gives_way_to(status)) {
        return;
    }
    let message = Message {
        status: Some(status),
        error: fault.cloned(),
        ..message.clone()
    };
    let now = change.now();
    match status {
        Status::Sent => change.tell(&Fact::MessageSent(message.view()), now),
        Status::Unknown => change.tell(&Fact::MessageUnknown(message.view()), now),
        Status::Failed | Status::Queued | Status::Sending | Status::Read => {
            change.tell(&Fact::MessageFailed(message.view()), now);
        }
    }
    change.put_message(message);
}

/// What cannot be sent is dead: listed as such, told to the app, and the session goes on without it.
fn give_up(change: &mut Change, attempt: &Attempt, status: Status, fault: &VendorFault) {
    let now = change.now();
    let Attempt { entry, survey, .. } = attempt;
    match (&entry.task, &attempt.message) {
        (Task::Message { .. }, Some(message)) => {
            settle_message(change, message, status, Some(fault))
        }
        // A customer who waits is still where they were when asking again is refused.
        (Task::Open { .. }, _) if change.session.state == State::Opening => {
            change.close("refused", None, now)
        }
        // The customer has left, whatever the vendor says to it.
        (Task::Close, _) => change.close("customer", survey.as_ref(), now),
        (Task::Open { .. } | Task::Message { .. }, _) => {}
    }
    change.bury_send(entry, fault.message.clone());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{ids::CustomerId, session::Queue, vendor::Vendor};

    fn change(state: State, vendor_session: Option<&str>) -> Change {
        let customer = CustomerId::parse("DE").unwrap();
        let mut session = Session::opening(Vendor::Udesk, customer, None, 0);
        session.state = state;
        session.vendor_session = vendor_session.map(str::to_owned);
        Change::to(session, 1_000)
    }

    fn opened(state: State, vendor_session: Option<&str>, position: Option<i64>) -> Opened {
        Opened {
            state,
            vendor_session: vendor_session.map(str::to_owned),
            assignee: None,
            queue: position.map(|position| Queue {
                name: Some("all".to_owned()),
                position: Some(position),
            }),
            survey: None,
        }
    }

    /// What the app is told.
    fn told(change: &Change) -> Vec<&str> {
        let types = change.events.iter().map(|event| event.r#type.as_str());
        types.collect()
    }

    #[test]
    fn the_app_is_told_where_a_new_session_stands() {
        let outcomes: [(Opened, &[&str]); 4] = [
            (
                opened(State::Active, Some("11"), None),
                &["session.started"],
            ),
            (opened(State::Queued, None, Some(3)), &["session.queued"]),
            (opened(State::Assigning, None, None), &[]),
            (opened(State::Offline, None, None), &[]),
        ];
        for (outcome, wanted) in outcomes {
            let mut change = change(State::Opening, None);
            apply_opened(&mut change, &outcome);
            assert_eq!(change.session.state, outcome.state);
            assert_eq!(change.session.vendor_session, outcome.vendor_session);
            assert_eq!(change.session.queue, outcome.queue);
            assert_eq!(told(&change), wanted);
        }
    }

    #[test]
    fn a_new_place_in_the_queue_is_no_event() {
        let mut change = change(State::Queued, None);
        apply_opened(&mut change, &opened(State::Queued, None, Some(1)));
        assert_eq!(change.session.queue.as_ref().unwrap().position, Some(1));
        assert!(told(&change).is_empty());
    }

    #[test]
    fn whoever_waited_leaves_the_queue_when_an_agent_is_found() {
        let mut change = change(State::Queued, None);
        change.session.queue = opened(State::Queued, None, Some(1)).queue;
        apply_opened(&mut change, &opened(State::Active, Some("11"), None));
        assert_eq!(change.session.queue, None);
        assert_eq!(told(&change), ["session.started"]);
    }

    #[test]
    fn a_push_that_overtook_the_answer_is_newer() {
        // It brought the agent, and a transfer since.
        let mut active = change(State::Active, Some("12"));
        apply_opened(&mut active, &opened(State::Active, Some("11"), None));
        assert_eq!(active.session.vendor_session.as_deref(), Some("12"));
        assert!(told(&active).is_empty());

        // It brought the agent; the answer was still that of the queue.
        let mut active = change(State::Active, Some("12"));
        apply_opened(&mut active, &opened(State::Queued, None, Some(1)));
        assert_eq!(active.session.state, State::Active);

        // It brought the agent and did not say where.
        let mut active = change(State::Active, None);
        apply_opened(&mut active, &opened(State::Active, Some("11"), None));
        assert_eq!(active.session.vendor_session.as_deref(), Some("11"));

        let mut closed = change(State::Closed, Some("11"));
        apply_opened(&mut closed, &opened(State::Active, Some("11"), None));
        assert_eq!(closed.session.state, State::Closed);
        assert!(told(&closed).is_empty());
    }
}
