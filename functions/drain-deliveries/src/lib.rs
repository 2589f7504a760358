//! SQS `deliveries`: tell the app what happened, event by event, in order, signed.

mod target;

use std::time::{Duration, Instant};

use deskbridge::{
    change::Change,
    clock::{self, Millis},
    config::{ConfigError, DELIVERIES_QUEUE_URL, Settings},
    event::Event,
    http::Client,
    ids::{SessionId, nonce},
    lambda::{self, Batch, BatchResponse},
    line::{self, Metric},
    log::Begin,
    queues::{Queue, Task},
    schedule::Schedule,
    session::Session,
    table::{Outcome, Table, TableError},
};
use target::{Delivery, Target};

/// How long one invocation may go on with one session; the function's time-out is 60 s.
const BUDGET: Duration = Duration::from_secs(30);
/// How many events are read at once.
const AT_ONCE: usize = 10;
/// How often a change is made anew before the nudge is left to SQS.
const TRIES: u32 = 40;

/// What the function needs. Made once at init.
#[derive(Debug)]
pub struct App {
    table: Table,
    nudges: Queue,
    target: Target,
    schedule: Schedule,
    http: Client,
}

impl App {
    /// The function as the settings want it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let http = Client::from_settings(settings)?;
        Ok(Self {
            table: Table::for_writing(settings, &http)?,
            nudges: Queue::from_settings(settings, &DELIVERIES_QUEUE_URL, &http)?,
            target: Target::from_settings(settings, &http)?,
            schedule: Schedule::from_settings(settings)?,
            http,
        })
    }

    /// Opens connections ahead of need.
    pub async fn warm(&self) {
        self.http.warm(&[&self.table.warm_url()]).await;
    }

    /// Drains the logs that a batch of nudges names.
    pub async fn handle(&self, batch: Batch) -> BatchResponse {
        lambda::each_task(&batch, |task| async {
            match task {
                Task::Nudge { session, .. } => self
                    .drain(&session)
                    .await
                    .map_err(|error| lambda::chain(&error)),
                Task::Webhook { .. } | Task::KeptWebhook { .. } => {
                    Err("a webhook in the queue of deliveries".to_owned())
                }
            }
        })
        .await
    }

    fn lease(&self) -> Millis {
        let limit = i64::try_from(self.target.limit().as_millis()).unwrap_or(i64::MAX);
        limit.saturating_add(4_000)
    }

    async fn drain(&self, id: &SessionId) -> Result<(), TableError> {
        let owner = nonce();
        for tries in 0..TRIES {
            let Some(session) = self.table.session(id).await? else {
                tracing::warn!(session = %id, "nudged for a session that is gone");
                return Ok(());
            };
            line::about(&session.id, session.vendor);
            let mut change = Change::to(session, clock::now());
            match change
                .session
                .deliveries
                .begin(&owner, change.now(), self.lease())
            {
                Begin::Empty | Begin::Busy(_) => return Ok(()),
                // A nudge that came a moment early would otherwise be the last one.
                Begin::NotDue(at) => {
                    let now = clock::now();
                    if at - now < 2_000 {
                        self.nudges.nudge(id, Some(at), now).await;
                    }
                    return Ok(());
                }
                Begin::Ready { number, .. } => {
                    // What an event says never changes: it is read while the lease is being taken.
                    let (written, events) = tokio::join!(
                        self.table.commit(&change),
                        self.events(&change.session, number)
                    );
                    if written? == Outcome::Written {
                        let events = events?;
                        return self.deliver(change.written(), &owner, number, events).await;
                    }
                }
            }
            clock::pause(tries).await;
        }
        Err(TableError::Contended)
    }

    /// The event with this number, and those behind it that are likely to follow: what was taken up
    /// again comes one by one.
    async fn events(&self, session: &Session, number: u64) -> Result<Vec<Event>, TableError> {
        let limit = if number > session.deliveries.head {
            AT_ONCE
        } else {
            1
        };
        self.table.events_from(&session.id, number, limit).await
    }

    /// Delivers from event `number` on, under the lease.
    async fn deliver(
        &self,
        mut session: Session,
        owner: &str,
        mut number: u64,
        events: Vec<Event>,
    ) -> Result<(), TableError> {
        let end = Instant::now() + BUDGET;
        let mut events = events.into_iter();
        loop {
            let event = match events.next() {
                Some(event) if event.seq == number => Some(event),
                _ => {
                    events = self.events(&session, number).await?.into_iter();
                    events.next().filter(|event| event.seq == number)
                }
            };
            let outcome = match &event {
                Some(event) => self.target.deliver(event).await,
                // Past its retention: nothing is left to tell.
                None => Delivery::Done,
            };
            let id = session.id.clone();
            match self
                .record(
                    session,
                    owner,
                    number,
                    event.as_ref(),
                    &outcome,
                    Instant::now() < end,
                )
                .await?
            {
                Recorded::GoOn(next, on) => {
                    session = *next;
                    number = on;
                }
                Recorded::Stop { nudge_at } => {
                    if let Some(at) = nudge_at {
                        self.nudges.nudge(&id, Some(at), clock::now()).await;
                    }
                    return Ok(());
                }
            }
        }
    }

    async fn record(
        &self,
        mut session: Session,
        owner: &str,
        number: u64,
        event: Option<&Event>,
        outcome: &Delivery,
        go_on: bool,
    ) -> Result<Recorded, TableError> {
        for tries in 0..TRIES {
            let mut change = Change::to(session, clock::now());
            let log = &change.session.deliveries;
            if !log.is_tried_by(owner, number) {
                tracing::warn!(session = %change.session.id, "the lease was lost during a delivery");
                return Ok(Recorded::Stop { nudge_at: None });
            }
            let next = self.apply(&mut change, event, outcome, go_on);
            if self.table.commit(&change).await? == Outcome::Written {
                count(&change, event, outcome);
                if let Some(next) = next {
                    return Ok(Recorded::GoOn(Box::new(change.written()), next));
                }
                // What is left waits for its next attempt, or this run is out of time: somebody else
                // goes on.
                let nudge_at = change.session.deliveries.next_try(change.now());
                return Ok(Recorded::Stop { nudge_at });
            }
            clock::pause(tries).await;
            session = match self.table.session(&change.session.id).await? {
                Some(session) => session,
                None => return Ok(Recorded::Stop { nudge_at: None }),
            };
        }
        Err(TableError::Contended)
    }

    /// Puts into `change` what a delivery brought about; gives the number of the event to go on with, if
    /// any.
    fn apply(
        &self,
        change: &mut Change,
        event: Option<&Event>,
        outcome: &Delivery,
        go_on: bool,
    ) -> Option<u64> {
        let (now, lease) = (change.now(), self.lease());
        let because = match outcome {
            Delivery::Done => None,
            Delivery::Never(because) => Some(because),
            Delivery::NotYet { after, because } => {
                let failed = change.session.deliveries.failed() + 1;
                tracing::warn!(session = %change.session.id, failed, because, "not delivered yet");
                if let Some(at) = self.schedule.next(failed, *after, now) {
                    change.session.deliveries.postpone(at);
                    return None;
                }
                Some(because)
            }
        };
        if let (Some(because), Some(event)) = (because, event) {
            tracing::error!(session = %change.session.id, event = %event.id, because, "dead");
            change.bury_event(event, because.clone());
        }
        change.session.deliveries.settle(now, lease, go_on)
    }
}

/// Counts what came of a delivery, once it is written.
fn count(change: &Change, event: Option<&Event>, outcome: &Delivery) {
    // Past its retention.
    let Some(event) = event else { return };
    if *outcome == Delivery::Done {
        line::add(Metric::Delivered, 1);
    } else if change.gives_up() {
        line::add(Metric::Dead, 1);
    } else {
        line::add(Metric::Retried, 1);
        let age = (change.now() - event.created_at) / 1_000;
        line::add(Metric::UndeliveredAge, age);
    }
}

enum Recorded {
    GoOn(Box<Session>, u64),
    Stop { nudge_at: Option<Millis> },
}
