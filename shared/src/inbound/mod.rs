//! From a vendor's push to what the table holds: recorded once, in the right session, whatever the
//! push holds. Used by the webhook functions, and by `ingest-inbox` for what they had to set aside.

mod conversation;
mod late;
mod lately;
mod pieces;
pub mod sobot;
pub mod tencent;
pub mod udesk;

pub use late::Late;

/// A key for what has no identifier of its own.
pub(crate) use crate::digest::half as hash;

use futures_util::future::join_all;

use crate::{
    change::Raw,
    clock::{self, Millis},
    config::{ConfigError, Setting, Settings},
    ids::SessionId,
    line::{self, Metric},
    queues::Queue,
    table::{Outcome, Table, TableError},
    vendor::Vendor,
};

/// How often a change is made anew before the function says that it can't get through.
const TRIES: u32 = 40;

/// Records a vendor's pushes. Made once at init.
pub trait Record: Sized {
    /// Whose pushes.
    const VENDOR: Vendor;
    /// The setting with the path secrets of the functions that take them.
    const SECRETS: &'static Setting;

    /// A recorder as the settings want it.
    ///
    /// # Errors
    /// Where a setting is malformed.
    fn from_settings(settings: &Settings, table: &Table) -> Result<Self, ConfigError>;

    /// Records `body`, which the vendor pushed. Whatever it holds, it is recorded; a repeat changes
    /// nothing.
    ///
    /// # Errors
    /// Where the table refuses. Recording the same body again is safe.
    fn record(&self, body: &[u8]) -> impl Future<Output = Result<Recorded, TableError>> + Send;

    /// The same of one that the vendor knows the request of by `request`.
    ///
    /// # Errors
    /// Those of [`Record::record`].
    fn record_request(
        &self,
        body: &[u8],
        request: Option<&str>,
    ) -> impl Future<Output = Result<Recorded, TableError>> + Send {
        let _ = request;
        self.record(body)
    }
}

/// What recording a push asks for: sessions whose drainer of deliveries must be woken.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    nudge: Vec<SessionId>,
    repeats: Vec<SessionId>,
    look: Vec<SessionId>,
}

impl Recorded {
    fn nudge(&mut self, session: &SessionId) {
        if !self.nudge.contains(session) {
            self.nudge.push(session.clone());
        }
    }

    /// Somebody is to look whether more was missed.
    fn look(&mut self, session: &SessionId) {
        if !self.look.contains(session) {
            self.look.push(session.clone());
        }
    }

    fn repeat(&mut self, session: &SessionId) {
        if !self.repeats.contains(session) {
            self.repeats.push(session.clone());
        }
    }

    /// The same, and for sessions that what was recorded earlier belongs to as well: the nudge of a
    /// webhook that was cut off may be missing.
    #[must_use]
    pub fn with_repeats(mut self) -> Self {
        for session in std::mem::take(&mut self.repeats) {
            self.nudge(&session);
        }
        self
    }

    /// Wakes the drainers, and whoever looks after conversations. Where SQS refuses, `sweep` does it.
    pub async fn wake<'a>(&'a self, deliveries: &'a Queue, heals: Option<&'a Queue>) {
        let now = clock::now();
        let wake = |queue: &'a Queue, session: &'a SessionId| queue.nudge(session, None, now);
        let deliver = self.nudge.iter().map(|session| wake(deliveries, session));
        let heal = heals.into_iter().flat_map(|heals| {
            let look = self.look.iter();
            look.map(move |session| wake(heals, session))
        });
        // All at once: the vendor waits.
        join_all(deliver.chain(heal)).await;
    }
}

/// Records a push that nothing can be made of, or that belongs to nobody we know.
async fn set_aside(
    table: &Table,
    vendor: Vendor,
    body: &[u8],
    because: String,
    now: Millis,
) -> Result<(), TableError> {
    let raw = Raw {
        vendor,
        hash: hash(body),
        body: String::from_utf8_lossy(body).into_owned(),
        because,
    };
    match table.record_raw(&raw, now).await? {
        Outcome::Written => {
            line::add(Metric::SetAside, 1);
            tracing::warn!(%vendor, because = raw.because, "a push was recorded raw");
        }
        Outcome::Repeat | Outcome::Overtaken => line::add(Metric::Duplicate, 1),
    }
    Ok(())
}
