//! Schedule: wake a drainer for whatever is due and has no nudge under way: its nudge was lost, its
//! drainer died, or it was due later than SQS can delay.

use deskbridge::{
    change::Change,
    clock::{self, Millis},
    config::{ConfigError, DELIVERIES_QUEUE_URL, HEALS_QUEUE_URL, SENDS_QUEUE_URL, Settings},
    http::Client,
    ids::SessionId,
    lambda,
    line::{self, Metric},
    queues::Queue,
    session::Session,
    table::{DUE_SHARDS, Outcome, Table, TableError, WATCH_SHARDS},
};
use tokio::task::JoinSet;

/// How many sessions of each part of the index one run sees to. What is left over is due again a
/// minute later.
const AT_ONCE: i32 = 200;

/// What the function needs. Made once at init.
#[derive(Clone, Debug)]
pub struct App {
    table: Table,
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
        let deliveries = Queue::from_settings(settings, &DELIVERIES_QUEUE_URL, &http)?;
        Ok(Self {
            table: Table::for_writing(settings, &http)?,
            sends: deliveries.beside(settings, &SENDS_QUEUE_URL)?,
            heals: deliveries.beside(settings, &HEALS_QUEUE_URL)?,
            deliveries,
            http,
        })
    }

    /// Opens connections ahead of need.
    pub async fn warm(&self) {
        self.http
            .warm(&[&self.table.warm_url(), self.deliveries.warm_url()])
            .await;
    }

    /// Sees to everything that is due.
    ///
    /// # Errors
    /// Where the table refuses. The next run begins anew.
    pub async fn handle(&self) -> Result<(), TableError> {
        let (mut found, mut first_error) = (JoinSet::new(), None);
        // One part after the other: asked all at once, they would open a connection each, and a
        // handshake costs more than everything else that a run does in an ordinary minute.
        for shard in 0..DUE_SHARDS {
            match self.table.due(shard, clock::now(), AT_ONCE).await {
                Ok(sessions) if sessions.is_empty() => {}
                Ok(sessions) => {
                    let app = self.clone();
                    found.spawn(line::beside(async move {
                        let mut woken = Vec::new();
                        let done = app.wake_all(&sessions, &mut woken).await;
                        (woken, done)
                    }));
                }
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            }
        }
        if let Err(error) = self.look_after().await {
            first_error.get_or_insert(error);
        }
        while let Some(joined) = found.join_next().await {
            let Ok((woken, done)) = joined else { continue };
            if let Err(error) = done {
                first_error.get_or_insert(error);
            }
            count(&woken);
        }
        first_error.map_or(Ok(()), Err)
    }

    /// Has the conversations looked after whose time has come.
    async fn look_after(&self) -> Result<(), TableError> {
        for shard in 0..WATCH_SHARDS {
            let now = clock::now();
            for session in self.table.watched(shard, now, AT_ONCE).await? {
                let watch = match self.table.watch(&session).await {
                    Ok(watch) => watch,
                    Err(error @ TableError::Unreadable(_)) => {
                        tracing::error!(%session, error = lambda::chain(&error), "not looked after");
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                let due = watch.filter(|watch| watch.due.is_some_and(|due| due <= now));
                let Some(watch) = due else { continue };
                // That moves it on by the grace, so that the next run leaves it alone meanwhile.
                if self.table.hold_watch(&session, &watch, now).await? {
                    self.heals.nudge(&session, None, now).await;
                }
            }
        }
        Ok(())
    }

    async fn wake_all(
        &self,
        sessions: &[SessionId],
        woken: &mut Vec<Woken>,
    ) -> Result<(), TableError> {
        for session in sessions {
            match self.wake(session).await {
                Ok(found) => woken.extend(found),
                // One that this version cannot read holds up no other.
                Err(error @ TableError::Unreadable(_)) => {
                    tracing::error!(%session, error = lambda::chain(&error), "not swept");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn wake(&self, session: &SessionId) -> Result<Option<Woken>, TableError> {
        let Some(session) = self.table.session(session).await? else {
            return Ok(None);
        };
        let now = clock::now();
        let (deliver, send) = (
            session.deliveries.needs_nudge(now),
            session.sends.needs_nudge(now),
        );
        if !(deliver || send) {
            // The index was behind.
            return Ok(None);
        }
        // Written as it is: that moves its place in the index on by the grace, so that the next run
        // leaves it alone while this nudge is under way.
        let change = Change::to(session, now);
        if self.table.commit(&change).await? != Outcome::Written {
            // Somebody is at it.
            return Ok(None);
        }
        let id = &change.session.id;
        tracing::info!(session = %id, deliver, send, "found due");
        let deliver = async {
            if deliver {
                self.deliveries.nudge(id, None, now).await;
            }
        };
        let send = async {
            if send {
                self.sends.nudge(id, None, now).await;
            }
        };
        tokio::join!(deliver, send);
        Ok(Some(Woken {
            undelivered: self.undelivered_since(&change.session).await,
            unsent: self.unsent_since(&change.session).await,
        }))
    }

    /// When the first event that waits was recorded. One read more for what is late already, and none in
    /// an ordinary minute; what cannot be read now counts another time.
    async fn undelivered_since(&self, session: &Session) -> Option<Millis> {
        let log = &session.deliveries;
        if !log.is_pending() {
            return None;
        }
        let event = self.table.event(&session.id, log.head + 1).await;
        Some(event.ok()??.created_at)
    }

    /// When the first message that waits was written.
    async fn unsent_since(&self, session: &Session) -> Option<Millis> {
        let log = &session.sends;
        if !log.is_pending() {
            return None;
        }
        let entry = self.table.send(&session.id, log.head + 1).await;
        Some(entry.ok()??.created_at)
    }
}

/// A session that nobody was at.
struct Woken {
    undelivered: Option<Millis>,
    unsent: Option<Millis>,
}

fn count(woken: &[Woken]) {
    line::add(
        Metric::Swept,
        i64::try_from(woken.len()).unwrap_or(i64::MAX),
    );
    let now = clock::now();
    for Woken {
        undelivered,
        unsent,
    } in woken
    {
        for (metric, since) in [
            (Metric::UndeliveredAge, undelivered),
            (Metric::UnsentAge, unsent),
        ] {
            if let Some(since) = since {
                line::add(metric, (now - since) / 1_000);
            }
        }
    }
}
