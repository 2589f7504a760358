//! The place in a queue, as Udesk tells it now. It moves without a push, and the record knows only where the customer
//! began.

use std::time::Duration;

use deskbridge::{
    budget::Class,
    clock::{self, Millis},
    desk::UdeskLine,
    session::{Queue, Session, State},
    table::TableError,
    vendor::{Vendor, udesk::queue_status},
};

use crate::App;

/// Udesk is asked for a session's place once in so long, however many poll.
const PACE: Millis = 3_000;
/// How long an older place is better than that of the record.
const KEPT: Millis = 60_000;
/// How long a caller waits for it: an older place at once is better than this one late.
const LIMIT: Duration = Duration::from_secs(2);

/// A place, and when Udesk told it.
type Told = (i64, Millis);

impl App {
    /// Puts the present place into `session`, where it waits at Udesk. Where that can't be had, the record's stands:
    /// no caller is refused a session because Udesk is slow.
    pub(crate) async fn refresh(&self, session: &mut Session) {
        if session.vendor != Vendor::Udesk || session.state != State::Queued || session.closing {
            return;
        }
        let Ok(udesk) = self.desk.udesk() else { return };
        let place = match tokio::time::timeout(LIMIT, self.place(&udesk, session)).await {
            Ok(Ok(place)) => place,
            Ok(Err(error)) => {
                tracing::warn!(
                    error = deskbridge::lambda::chain(&error),
                    "the place is an older one"
                );
                None
            }
            Err(_) => None,
        };
        if let Some(position) = place {
            let queue = session.queue.get_or_insert_with(Queue::default);
            queue.position = Some(position);
        }
    }

    async fn place(
        &self,
        udesk: &UdeskLine<'_>,
        session: &Session,
    ) -> Result<Option<i64>, TableError> {
        let what = format!("place:{}", session.id);
        let now = clock::now();
        let kept = self.table.remembered(Vendor::Udesk, &what, now).await?;
        let kept: Option<Told> = kept.and_then(|kept| serde_json::from_str(&kept).ok());
        let older = kept.map(|(position, _)| position);
        if kept.is_some_and(|(_, at)| now - at < PACE) {
            return Ok(older);
        }
        // One of those who poll asks, and the others are content with what is known.
        let is_anothers = self.table.pace(Vendor::Udesk, &what, PACE, now).await?;
        if is_anothers.is_some() {
            return Ok(older);
        }
        let request = queue_status::Request {
            customer_token: session.customer.as_str(),
        };
        let Ok(told) = udesk.ask(&request, Class::Read).await else {
            return Ok(older);
        };
        let Some(position) = told.position else {
            // Served, or gone: the push that tells of it says more than could be said here.
            return Ok(older);
        };
        let Ok(position) = i64::try_from(position) else {
            return Ok(older);
        };
        let told: Told = (position, clock::now());
        if let Ok(text) = serde_json::to_string(&told) {
            self.table
                .remember(Vendor::Udesk, &what, &text, KEPT, told.1)
                .await?;
        }
        Ok(Some(position))
    }
}
