//! Draining a session's log of sends: each entry in order, under the lease, one attempt at a time.
//! Used by the functions that append to it, within their own request, and by `drain-sends`.

mod apply;
mod perform;
mod say;

use std::time::{Duration, Instant};

use apply::{Rules, Step};
pub use perform::Performed;

use crate::{
    change::Change,
    clock::{self, Millis},
    config::{ConfigError, DELIVERIES_QUEUE_URL, SENDS_QUEUE_URL, Settings},
    desk::{Desk, Outcome},
    error::VendorFault,
    http::Client,
    ids::{SessionId, nonce},
    line::{self, Metric},
    log::Begin,
    message::Message,
    outgoing::{Entry, Task},
    queues::Queue,
    schedule::Schedule,
    session::Session,
    survey::Survey,
    table::{Outcome as Written, Table, TableError},
    vendor::Vendor,
};

/// How often a change is made anew before the function says that it can't get through.
const TRIES: u32 = 40;

/// How long a request may take, with the writes after its last attempt still to come.
const LONGEST_REQUEST: Duration = Duration::from_secs(24);

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

/// What draining left.
#[derive(Debug)]
pub struct Drained {
    /// The session as last written.
    pub session: Session,
    /// The message asked about, as last written, where it was among those drained.
    pub message: Option<Message>,
    /// The survey that the vendor offered, where it did.
    pub survey: Option<Survey>,
    /// What came of the entry asked about, where it was among those drained.
    pub watched: Option<Watched>,
    /// What came of telling the vendor who the customer is, where that was among those drained.
    pub registered: Option<Watched>,
}

/// What came of an entry in the request that appended it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    /// It is done.
    Done,
    /// The vendor refused it, for good.
    Refused(VendorFault),
    /// It is made later.
    Later,
}

impl Drained {
    fn nothing(session: Session) -> Self {
        Self {
            session,
            message: None,
            survey: None,
            watched: None,
            registered: None,
        }
    }
}

/// An entry under way.
#[derive(Debug)]
struct Attempt {
    entry: Entry,
    message: Option<Message>,
    outcome: Outcome,
    /// The vendor's session that the attempt went to.
    went_to: Option<String>,
    /// The survey that the vendor offered earlier, where the attempt may end the session.
    survey: Option<Survey>,
}

/// What was appended in the write that took the lease, and need not be read back.
#[derive(Default)]
struct Fresh {
    entry: Option<Entry>,
    message: Option<Message>,
}

impl Sends {
    /// A drainer as the settings want it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        Self::with(settings, Desk::from_settings)
    }

    /// The same for a function that has to do with sessions at Udesk alone, and is given no other vendor's secrets.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn of_udesk(settings: &Settings) -> Result<Self, ConfigError> {
        Self::with(settings, Desk::of_udesk)
    }

    /// The same for a function that has nothing to do at Tencent.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn of_udesk_and_sobot(settings: &Settings) -> Result<Self, ConfigError> {
        Self::with(settings, Desk::of_udesk_and_sobot)
    }

    /// The same for a function that has to do with sessions at Udesk and Tencent.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn of_udesk_and_tencent(settings: &Settings) -> Result<Self, ConfigError> {
        Self::with(settings, Desk::of_udesk_and_tencent)
    }

    fn with(
        settings: &Settings,
        desk: fn(&Settings, &Client, &Table) -> Result<Desk, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let http = Client::from_settings(settings)?;
        let deliveries = Queue::from_settings(settings, &DELIVERIES_QUEUE_URL, &http)?;
        let table = Table::for_writing(settings, &http)?.watching(settings)?;
        Ok(Self {
            desk: desk(settings, &http, &table)?,
            table,
            nudges: deliveries.beside(settings, &SENDS_QUEUE_URL)?,
            deliveries,
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

    /// How long a lease lasts: one attempt, whose calls share one limit, and the reads and writes around it at their
    /// slowest.
    fn lease(&self) -> Millis {
        let limit = i64::try_from(self.desk.limit().as_millis()).unwrap_or(i64::MAX);
        limit.saturating_add(10_000)
    }

    /// Writes a change that appends to the log of sends, and drains from there in the same request:
    /// whatever stands first, in order, within `budget`, up to the entry `watch`. The lease, if it is
    /// free, is taken in the same write. Without a budget nothing is drained here, and a drainer is woken. `None`
    /// where another writer came first or the change had happened before; the caller reads anew and decides again.
    ///
    /// # Errors
    /// Where the table refuses the change. Once that is written, nothing that fails afterwards undoes
    /// it: it goes out later.
    pub async fn append(
        &self,
        mut change: Change,
        watch: Option<u64>,
        budget: Duration,
    ) -> Result<Option<Drained>, TableError> {
        let owner = nonce();
        let now = change.now();
        let has_time = !budget.is_zero();
        let begin = has_time.then(|| change.session.sends.begin(&owner, now, self.lease()));
        if self.table.commit(&change).await? != Written::Written {
            return Ok(None);
        }
        let fresh = Fresh {
            entry: change.sends.first().cloned(),
            message: change.messages.values().next_back().cloned(),
        };
        let session = change.written();
        line::about(&session.id, session.vendor);
        let Some(Begin::Ready { number, suspect }) = begin else {
            if !has_time && session.sends.needs_nudge(now) {
                self.nudges.nudge(&session.id, None, now).await;
            }
            // Whoever drains looks once more before it leaves; what waits for its next attempt has a
            // nudge under way.
            return Ok(Some(Drained::nothing(session)));
        };
        let kept = session.clone();
        let drained = self
            .go_on(session, &owner, number, suspect, fresh, watch, budget)
            .await;
        Ok(Some(drained.unwrap_or_else(|error| {
            tracing::error!(
                session = %kept.id,
                error = crate::lambda::chain(&error),
                "recorded, and not sent yet; sweep will see to it"
            );
            Drained::nothing(kept)
        })))
    }

    /// Drains `session`'s log, as far as it may be drained now, within `budget`.
    ///
    /// # Errors
    /// Where the table refuses.
    pub async fn drain(&self, session: &SessionId, budget: Duration) -> Result<(), TableError> {
        // One owner for all tries: a write whose answer was lost is recognised as its own.
        let owner = nonce();
        for tries in 0..TRIES {
            let Some(session) = self.table.session(session).await? else {
                tracing::warn!(%session, "nudged for a session that is gone");
                return Ok(());
            };
            line::about(&session.id, session.vendor);
            let mut change = Change::to(session, clock::now());
            let now = change.now();
            match change.session.sends.begin(&owner, now, self.lease()) {
                Begin::Empty | Begin::Busy(_) => return Ok(()),
                // A nudge that came a moment early would otherwise be the last one.
                Begin::NotDue(at) => {
                    if at - now < 2_000 {
                        self.nudges.nudge(&change.session.id, Some(at), now).await;
                    }
                    return Ok(());
                }
                Begin::Ready { number, suspect } => {
                    if self.table.commit(&change).await? == Written::Written {
                        let (session, fresh) = (change.written(), Fresh::default());
                        return self
                            .go_on(session, &owner, number, suspect, fresh, None, budget)
                            .await
                            .map(drop);
                    }
                }
            }
            clock::pause(tries).await;
        }
        Err(TableError::Contended)
    }

    /// By when the last attempt has to begin, where there is `budget` for attempts: one is begun only if it can end
    /// before API Gateway gives up on the caller.
    fn end_of(&self, budget: Duration) -> Instant {
        let last_start = LONGEST_REQUEST.saturating_sub(self.desk.limit());
        Instant::now() + budget.min(last_start)
    }

    /// Drains from entry `number` on, under the lease.
    #[allow(
        clippy::too_many_arguments,
        reason = "one loop, told where to begin and where to end"
    )]
    async fn go_on(
        &self,
        mut session: Session,
        owner: &str,
        mut number: u64,
        mut suspect: bool,
        mut fresh: Fresh,
        watch: Option<u64>,
        budget: Duration,
    ) -> Result<Drained, TableError> {
        let end = self.end_of(budget);
        let (mut message, mut survey, mut watched) = (None, None, None);
        let mut registered = None;
        loop {
            let attempt = self
                .attempt(&session, number, suspect, std::mem::take(&mut fresh))
                .await?;
            // The caller waits for its own, and not for what others wrote after it.
            let is_watched = watch == Some(attempt.entry.number);
            // But for who opens a session: it may have been asked to end meanwhile.
            let is_register = match &attempt.entry.task {
                Task::Register { .. } => true,
                Task::Open { profile, .. } => profile.is_some() && attempt.outcome.took_profile(),
                _ => false,
            };
            let is_enough = is_watched && !matches!(attempt.entry.task, Task::Open { .. });
            let recorded = self
                .record(session, owner, attempt, !is_enough && Instant::now() < end)
                .await?;
            if is_register {
                registered = Some(recorded.came.clone());
            }
            if is_watched {
                message = recorded.message;
                watched = Some(recorded.came);
            }
            survey = recorded.survey.or(survey);
            session = recorded.session;
            let Some(next) = recorded.next else {
                return Ok(Drained {
                    session,
                    message,
                    survey,
                    watched,
                    registered,
                });
            };
            number = next;
            suspect = false;
        }
    }

    /// Makes one attempt of entry `number`.
    async fn attempt(
        &self,
        session: &Session,
        number: u64,
        suspect: bool,
        fresh: Fresh,
    ) -> Result<Attempt, TableError> {
        let entry = match fresh.entry.filter(|entry| entry.number == number) {
            Some(entry) => Some(entry),
            None => self.table.send(&session.id, number).await?,
        };
        let Some(entry) = entry else {
            // It has outlived the retention: nothing is left to be done but to count it as settled.
            let entry = Entry {
                number,
                task: Task::Close,
                created_at: 0,
                correlation: None,
                dead_at: None,
                dead_because: None,
                maybe_since: None,
            };
            return Ok(Attempt {
                entry,
                message: None,
                outcome: Outcome::Nothing,
                went_to: None,
                survey: None,
            });
        };
        let message = match (&entry.task, fresh.message) {
            (Task::Message { id }, Some(message)) if message.id == *id => Some(message),
            (Task::Message { id }, _) => self.table.message(&session.id, id).await?,
            _ => None,
        };
        // The line of the vendor's call belongs to what the entry was appended for.
        let sent = self.outcome(session, &entry, message.as_ref(), suspect);
        let outcome = line::of_entry(&session.id, entry.correlation.as_ref(), sent).await;
        let may_end = entry.task == Task::Close || matches!(outcome, Outcome::Gone(_));
        let survey = match may_end {
            true => self.table.survey(&session.id).await?,
            false => None,
        };
        Ok(Attempt {
            went_to: session.vendor_session.clone(),
            entry,
            message,
            outcome,
            survey,
        })
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
        match (is_message, session.is_open()) {
            (false, false) if entry.task.outlives() => {}
            // Whoever asked for it is not told that it was done.
            (false, false) if matches!(entry.task, Task::TakeStep { .. } | Task::HandOn { .. }) => {
                return Outcome::Refused(known("the session was closed before this could be done"));
            }
            (false, false) => return Outcome::Nothing,
            (true, false) => {
                return Outcome::Gone(known(
                    "the session was closed before this message could be sent",
                ));
            }
            (_, true) if entry.dead_at.is_some() => return Outcome::Nothing,
            (_, true) => {}
        }
        let since = session.sends.maybe_arrived_since();
        let on_unknown = self.desk.on_unknown(session.vendor);
        if is_message && on_unknown.is_too_late(since, clock::now()) {
            return Outcome::Lost(known(
                "an earlier attempt may have arrived, and a repeat might come twice",
            ));
        }
        // Attempts that are cut off again and again end like those that fail.
        let spent = || {
            let attempts = session.sends.failed();
            attempts > 0 && self.schedule.next(attempts, None, 0).is_none()
        };
        if suspect && spent() {
            return Outcome::Lost(known("an earlier attempt was cut off and may have arrived"));
        }
        self.desk.attempt(session, &entry.task, message).await
    }

    /// Writes what came of an attempt, together with the step to the next entry.
    async fn record(
        &self,
        mut session: Session,
        owner: &str,
        mut attempt: Attempt,
        go_on: bool,
    ) -> Result<Recorded, TableError> {
        let rules = Rules {
            schedule: &self.schedule,
            lease: self.lease(),
            on_unknown: self.desk.on_unknown(session.vendor),
            ends_there: session.vendor == Vendor::Sobot
                && self.desk.is_asked_to_open(session.vendor),
        };
        for tries in 0..TRIES {
            let mut change = Change::to(session, clock::now());
            let log = &change.session.sends;
            if !log.is_tried_by(owner, attempt.entry.number) {
                // Overtaken: whoever took over decides.
                tracing::warn!(session = %change.session.id, "the lease was lost during an attempt");
                return Ok(Recorded {
                    session: change.session,
                    message: None,
                    survey: None,
                    came: Watched::Later,
                    next: None,
                });
            }
            change.belongs_to(&attempt.entry);
            let step = rules.apply(&mut change, &attempt, go_on);
            if self.table.commit(&change).await? == Written::Written {
                count(&change, &attempt, &step);
                self.nudge_for(&change, &step).await;
                // Where the attempt found the customer elsewhere, a robot's welcome may stand beside it.
                let message = match &attempt.message {
                    Some(message) => change.messages.get(&message.id).cloned(),
                    None => None,
                };
                let survey = change.survey.clone();
                return Ok(Recorded {
                    session: change.written(),
                    message: message.or(attempt.message),
                    survey: survey.or(attempt.survey),
                    came: step.came,
                    next: step.next,
                });
            }
            clock::pause(tries).await;
            let id = change.session.id;
            session = self
                .table
                .session(&id)
                .await?
                .ok_or(TableError::Contended)?;
            // A read receipt may have come in between, and overrules.
            if let Some(message) = &attempt.message {
                attempt.message = self.table.message(&id, &message.id).await?;
            }
        }
        Err(TableError::Contended)
    }

    async fn nudge_for(&self, change: &Change, step: &Step) {
        let (id, now) = (&change.session.id, clock::now());
        let next_try = change.session.sends.next_try(now);
        let left_over = next_try.filter(|_| step.next.is_none());
        let deliver = async {
            if change.must_nudge_deliveries() {
                self.deliveries.nudge(id, None, now).await;
            }
        };
        let send = async {
            if let Some(at) = left_over {
                self.nudges.nudge(id, Some(at), now).await;
            }
        };
        tokio::join!(deliver, send);
    }
}

/// Counts what came of an attempt, once it is written.
fn count(change: &Change, attempt: &Attempt, step: &Step) {
    if step.came == Watched::Later {
        // What waits for the vendor's budget was counted where it was refused; to wait for somebody is no failure.
        let failed = match attempt.outcome {
            Outcome::Wait { .. } => false,
            Outcome::Moved { .. } => !change.session.waits_in_line(),
            _ => true,
        };
        line::add(Metric::Retried, i64::from(failed));
        let age = (change.now() - attempt.entry.created_at) / 1_000;
        line::add(Metric::UnsentAge, age);
    } else if change.gives_up() {
        line::add(Metric::Dead, 1);
    } else if attempt.outcome == Outcome::Done && attempt.message.is_some() {
        line::add(Metric::Sent, 1);
    }
}

/// What was written of an attempt.
struct Recorded {
    session: Session,
    message: Option<Message>,
    survey: Option<Survey>,
    came: Watched,
    next: Option<u64>,
}
