//! The place in a queue, as Udesk tells it now. It moves without a push, and the record knows only where the customer
//! began.

use std::time::Duration;

use deskbridge::{
    budget::Class,
    clock::Millis,
    desk::Polled,
    session::{Queue, Session, State},
    vendor::{Vendor, udesk::queue_status},
};
use tokio::time::timeout;

use crate::App;

/// How long an older place is better than that of the record.
const KEPT: Millis = 60_000;
/// How long a caller waits for it: an older place at once is better than this one late.
const LIMIT: Duration = Duration::from_secs(2);

impl App {
    /// Puts the present place into `session`, where it waits at Udesk. Where that can't be had, the record's stands:
    /// no caller is refused a session because Udesk is slow.
    pub(crate) async fn refresh(&self, session: &mut Session) {
        if session.vendor != Vendor::Udesk || session.state != State::Queued || session.closing {
            return;
        }
        let Ok(udesk) = self.desk.udesk() else { return };
        let what = format!("place:{}", session.id);
        let request = queue_status::Request {
            customer_token: session.customer.as_str(),
        };
        // Who has none is served, or gone: the push that tells of it says more than could be said here.
        let ask = async {
            udesk
                .ask(&request, Class::Read)
                .await
                .map(|told| told.position)
        };
        let polled = timeout(LIMIT, udesk.poll(&what, KEPT, ask)).await;
        let place = match polled {
            Ok(Ok(Polled::Told(place))) => place.and_then(|place| i64::try_from(place).ok()),
            Ok(Ok(Polled::Later(_)) | Err(_)) | Err(_) => None,
        };
        if let Some(position) = place {
            let queue = session.queue.get_or_insert_with(Queue::default);
            queue.position = Some(position);
        }
    }
}
