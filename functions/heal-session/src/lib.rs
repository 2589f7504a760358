//! SQS `heals`: ask a vendor what it did not tell, and record what was missed, once, in its order, marked as late.
//! What can't be had is told, too.
//!
//! A silent conversation is asked about again and again, less and less often; what finds something has all silent ones
//! asked about soon, since a vendor that loses one push loses others. Every question takes from the rate budget what
//! nobody else wants; over it, it is put off.

mod ask;
mod next;
mod tencent;

use std::time::Duration;

use deskbridge::{
    change::Change,
    clock::{self, Millis},
    config::{ConfigError, DELIVERIES_QUEUE_URL, HEALS_QUEUE_URL, SENDS_QUEUE_URL, Settings},
    desk::{AskError, Desk},
    event::Fact,
    http::Client,
    ids::SessionId,
    inbound::{Late, Record, tencent::Recorder as TencentRecorder, udesk::Recorder},
    lambda::{self, Batch, BatchResponse},
    line,
    message::Author,
    outgoing::Task as Send,
    queues::{LONGEST_DELAY, Queue, Task},
    session::{Session, State},
    silence::{Silence, Watch},
    table::{Table, TableError, WATCH_SHARDS},
    vendor::{
        Vendor,
        udesk::{
            customer_status::Standing,
            push_agent::{AgentMessage, UnreadableMessage},
        },
    },
};
use next::Next;
use tokio::time::timeout;

/// How long a vendor may take for all questions of a look; Lambda ends the function after 60 s.
const LIMIT: Duration = Duration::from_secs(40);
/// How many conversations of each part of the index are asked about soon where one has missed something.
const AT_ONCE: i32 = 200;
/// How far ahead their turn may be: none is planned later.
const AHEAD: Millis = 24 * 3_600 * 1_000;
/// How many of a conversation's messages are read at once.
const PAGE: usize = 500;

/// What the function needs. Made once at init.
#[derive(Debug)]
pub struct App {
    table: Table,
    desk: Desk,
    recorder: Recorder,
    tencent: TencentRecorder,
    silence: Silence,
    deliveries: Queue,
    sends: Queue,
    heals: Queue,
    http: Client,
}

impl App {
    /// The function as the settings want it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let http = Client::from_settings(settings)?;
        let table = Table::for_writing(settings, &http)?.watching(settings)?;
        let deliveries = Queue::from_settings(settings, &DELIVERIES_QUEUE_URL, &http)?;
        Ok(Self {
            desk: Desk::of_udesk_and_tencent(settings, &http, &table)?,
            recorder: Recorder::from_settings(settings, &table)?,
            tencent: TencentRecorder::from_settings(settings, &table)?,
            silence: Silence::from_settings(settings)?,
            sends: deliveries.beside(settings, &SENDS_QUEUE_URL)?,
            heals: deliveries.beside(settings, &HEALS_QUEUE_URL)?,
            deliveries,
            table,
            http,
        })
    }

    /// Opens a connection ahead of need. Most sessions are well: no vendor is asked, and nobody nudged.
    pub async fn warm(&self) {
        self.http.warm(&[&self.table.warm_url()]).await;
    }

    /// Looks after the sessions that a batch of nudges names.
    pub async fn handle(&self, batch: Batch) -> BatchResponse {
        lambda::each_task(&batch, |task| async {
            match task {
                Task::Nudge { session, .. } => self
                    .look_after(&session)
                    .await
                    .map_err(|error| lambda::chain(&error)),
                Task::Webhook { .. } | Task::KeptWebhook { .. } => {
                    Err("a webhook in the queue of heals".to_owned())
                }
            }
        })
        .await
    }

    async fn look_after(&self, id: &SessionId) -> Result<(), TableError> {
        // The watch first: if the session changes so that it is set anew, writing it below fails.
        let Some(watch) = self.table.watch(id).await? else {
            return Ok(());
        };
        let Some(session) = self.table.session(id).await? else {
            return Ok(());
        };
        line::about(id, session.vendor);
        let now = clock::now();
        match next::next(&session, &watch, &self.silence, now) {
            Next::Leave => return Ok(()),
            Next::At(at) => {
                let later = Watch {
                    due: Some(at),
                    ..watch.clone()
                };
                return self.plan(&session, &watch, later, false).await;
            }
            Next::Never => {
                let never = Watch {
                    due: None,
                    ..watch.clone()
                };
                return self.plan(&session, &watch, never, false).await;
            }
            Next::Ask => {}
        }
        match session.vendor {
            Vendor::Udesk => self.ask_udesk(&session, &watch).await,
            Vendor::Tencent => self.ask_tencent(&session, &watch).await,
            // It can't be asked.
            Vendor::Sobot => Ok(()),
        }
    }

    /// The vendor has no settings, which may come back with the next deployment.
    async fn wait_for_settings(&self, session: &Session, watch: &Watch) -> Result<(), TableError> {
        let later = Watch {
            due: Some(clock::now() + self.silence.pause(u32::MAX)),
            ..watch.clone()
        };
        self.plan(session, watch, later, false).await
    }

    async fn ask_udesk(&self, session: &Session, watch: &Watch) -> Result<(), TableError> {
        let Ok(line) = self.desk.udesk() else {
            return self.wait_for_settings(session, watch).await;
        };
        let mut told = ask::Told::default();
        let offset = self.recorder.offset();
        let asking = ask::all(line, session, watch, offset, &mut told);
        let asked = timeout(LIMIT, asking).await;
        let recorded = match &asked {
            Ok(Ok(())) => self.record(session, watch, told).await,
            // What was said before is not lost, and says nothing of what is missing.
            Ok(Err(_)) | Err(_) => self.record_messages(session, told.messages).await,
        };
        self.plan_after(session, watch, asked.ok(), recorded).await
    }

    /// Plans the next look where this one brought no answer, or none that could be recorded; `asked` is what came of
    /// asking, if it was in time.
    async fn plan_after(
        &self,
        session: &Session,
        watch: &Watch,
        asked: Option<Result<(), AskError>>,
        recorded: Result<(), TableError>,
    ) -> Result<(), TableError> {
        match (asked, recorded) {
            (Some(Ok(())), Ok(())) => Ok(()),
            (Some(Err(AskError::Wait { retry_at, .. })), Ok(())) => {
                let later = Watch {
                    due: Some(retry_at),
                    not_before: Some(retry_at),
                    ..watch.clone()
                };
                self.plan(session, watch, later, true).await
            }
            (Some(Err(AskError::Unavailable { after, .. })), Ok(())) => {
                self.fail(session, watch, after.unwrap_or(0)).await
            }
            (None, Ok(())) => self.fail(session, watch, 0).await,
            // These are answers, see `ask`.
            (Some(Err(AskError::Refused(_) | AskError::Gone(_))), Ok(())) => Ok(()),
            // Without a plan the sweep would come back each minute, and never get further.
            (_, Err(error)) => {
                tracing::error!(
                    error = lambda::chain(&error),
                    "what the vendor said is not recorded"
                );
                self.fail(session, watch, 0).await
            }
        }
    }

    /// The vendor gave no answer: it is asked later. Of a conversation that has ended not for ever; then the app is
    /// told that something may be missing.
    async fn fail(
        &self,
        session: &Session,
        watch: &Watch,
        after: Millis,
    ) -> Result<(), TableError> {
        let now = clock::now();
        let failed = watch.failed + 1;
        let give_up = !session.is_open() && failed > self.silence.most();
        if give_up {
            let from = since(session, watch);
            let tell = |change: &mut Change, _: usize| {
                let fact = Fact::SessionIncomplete {
                    from,
                    to: now,
                    missing: None,
                };
                change.tell(&fact, change.now());
            };
            let id = &session.id;
            let told = match session.vendor {
                Vendor::Udesk | Vendor::Sobot => {
                    self.recorder.record_missed(id, Vec::new(), tell).await?
                }
                Vendor::Tencent => self.tencent.record_missed(id, Vec::new(), tell).await?,
            };
            self.wake(told.as_ref()).await;
        }
        let pause = self.silence.pause(failed.saturating_sub(1)).max(after);
        let later = Watch {
            due: (!give_up).then_some(now + pause),
            failed,
            ..watch.clone()
        };
        self.plan(session, watch, later, !give_up).await
    }

    async fn record(
        &self,
        session: &Session,
        watch: &Watch,
        told: ask::Told,
    ) -> Result<(), TableError> {
        let asked_at = clock::now();
        let missing = match told.withheld {
            0 => 0,
            withheld => withheld.saturating_sub(self.known_beside(session, &told).await?),
        };
        let survey = match told.standing {
            Some(Standing::NoSession | Standing::Invalid) => self.table.survey(&session.id).await?,
            _ => None,
        };
        let from = since(session, watch);
        let standing = told.standing;
        let then = |change: &mut Change, _| {
            if missing > change.session.missing {
                change.session.missing = missing;
                let fact = Fact::SessionIncomplete {
                    from,
                    to: asked_at,
                    missing: Some(missing),
                };
                change.tell(&fact, change.now());
            }
            // What was heard since the question is newer than the answer.
            let now = &change.session;
            let is_same = now.heard_at == session.heard_at
                && now.spoke_at == session.spoke_at
                && now.state == session.state
                && now.vendor_session == session.vendor_session
                && !now.sends.is_behind();
            let waits = matches!(change.session.state, State::Queued | State::Assigning);
            match standing {
                Some(Standing::NoSession | Standing::Invalid)
                    if is_same && change.session.is_watched() =>
                {
                    change.close("vendor", survey.as_ref(), change.now());
                }
                // The push that tells who it is has not come: asked again, the vendor says so.
                Some(Standing::InSession) if waits && !change.session.sends.is_behind() => {
                    let assign = change.session.assign.clone().unwrap_or_default();
                    change.send(Send::Open {
                        assign,
                        profile: None,
                    });
                }
                _ => {}
            }
        };
        let late = self
            .recorder
            .record_missed(&session.id, told.messages, then)
            .await?;
        self.plan_next(session, watch, late.as_ref(), asked_at)
            .await
    }

    /// Plans the next look after one that was answered.
    async fn plan_next(
        &self,
        session: &Session,
        watch: &Watch,
        late: Option<&Late>,
        asked_at: Millis,
    ) -> Result<(), TableError> {
        let found = self.found(&session.id, late).await;
        let quiet = match found {
            true => 0,
            false => next::quiet(session, watch),
        };
        let now = clock::now();
        let asked = Watch {
            due: session.is_open().then(|| now + self.silence.pause(quiet)),
            asked_at: Some(asked_at),
            quiet,
            ..Watch::default()
        };
        self.plan(session, watch, asked, found).await?;
        if found {
            self.alarm(session, asked_at).await?;
        }
        Ok(())
    }

    /// Records messages, and nothing that follows from there being no others.
    async fn record_messages(
        &self,
        session: &Session,
        messages: Vec<Result<AgentMessage, UnreadableMessage>>,
    ) -> Result<(), TableError> {
        if messages.is_empty() {
            return Ok(());
        }
        let asked_at = clock::now();
        let late = self
            .recorder
            .record_missed(&session.id, messages, |_, _| {})
            .await?;
        if self.found(&session.id, late.as_ref()).await {
            self.alarm(session, asked_at).await?;
        }
        Ok(())
    }

    /// Wakes whoever has to do with what was recorded. Gives whether anything had been missed.
    async fn found(&self, id: &SessionId, late: Option<&Late>) -> bool {
        self.wake(late).await;
        let missed = late.map_or(0, |late| late.missed);
        if missed > 0 {
            tracing::warn!(session = %id, missed, "pushes were missed");
        }
        missed > 0
    }

    /// How many messages of agents' the conversation has that the vendor has not listed, and may have counted: of the
    /// sessions that it was asked about, and not read as far as it was told. They are unread as well, and not missing.
    async fn known_beside(&self, session: &Session, told: &ask::Told) -> Result<u64, TableError> {
        let listed = |id: &str| {
            let mut messages = told.messages.iter().flatten();
            messages.any(|message| message.message_id.as_deref() == Some(id))
        };
        let (mut known, mut after) = (0, session.read_through.clone());
        loop {
            let page = self
                .table
                .messages_after(&session.id, after.as_ref(), PAGE)
                .await?;
            after = page.messages.last().map(|last| last.id.clone());
            let beside = page.messages.iter().filter(|message| {
                let id = message.vendor_id.as_deref();
                let asked = message.vendor_session.as_ref();
                let asked = asked.is_none_or(|asked| told.sessions.contains(asked));
                message.from == Author::Agent && asked && !id.is_some_and(listed)
            });
            known += u64::try_from(beside.count()).unwrap_or(u64::MAX);
            if !page.more {
                return Ok(known);
            }
        }
    }

    async fn wake(&self, late: Option<&Late>) {
        let Some(late) = late else { return };
        let now = clock::now();
        late.recorded.wake(&self.deliveries, None).await;
        if late.session.sends.needs_nudge(now) {
            self.sends.nudge(&late.session.id, None, now).await;
        }
    }

    /// Writes when the session is looked at next. Where that is worth it, SQS wakes this function in time, which
    /// `sweep` does by the minute.
    async fn plan(
        &self,
        session: &Session,
        read: &Watch,
        planned: Watch,
        in_time: bool,
    ) -> Result<(), TableError> {
        let now = clock::now();
        let written = self
            .table
            .put_watch(&session.id, &read.stamp, &planned, now)
            .await?;
        let soon = planned
            .due
            .filter(|due| in_time && written && *due - now <= LONGEST_DELAY * 1_000);
        if let Some(due) = soon {
            self.heals.nudge(&session.id, Some(due), now).await;
        }
        Ok(())
    }

    /// A vendor that lost one push has lost others: all conversations that have not been asked about since are, in
    /// their turn.
    async fn alarm(&self, found: &Session, asked_at: Millis) -> Result<(), TableError> {
        // What Tencent tells by events that nobody has named is found here as a rule: it says nothing of other
        // conversations.
        if found.vendor == Vendor::Tencent {
            return Ok(());
        }
        let gap = self.silence.first() / 2;
        if self
            .table
            .pace(found.vendor, "heal", gap, asked_at)
            .await?
            .is_some()
        {
            return Ok(());
        }
        for shard in 0..WATCH_SHARDS {
            for id in self.table.watched(shard, asked_at + AHEAD, AT_ONCE).await? {
                let watch = self.table.watch(&id).await?.filter(|watch| {
                    let has_its_turn = watch.due.is_none_or(|due| due <= asked_at);
                    let was_asked = watch.asked_at.is_some_and(|at| at > asked_at - gap);
                    id != found.id && !has_its_turn && !was_asked
                });
                let Some(watch) = watch else { continue };
                let now = clock::now();
                if self.table.hold_watch(&id, &watch, now).await? {
                    self.heals.nudge(&id, None, now).await;
                }
            }
        }
        Ok(())
    }
}

/// Since when nothing is known of what the vendor had to tell.
fn since(session: &Session, watch: &Watch) -> Millis {
    let since = watch.asked_at.max(watch.since);
    since.or(session.heard_at).unwrap_or(session.created_at)
}
