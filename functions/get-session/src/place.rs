//! The place in a queue, as Udesk tells it now: it moves without a push, and the record knows only where the customer
//! began. And with whom the customer is, as Tencent tells it: the names of the events that would have told are the
//! account's own.

use std::time::Duration;

use deskbridge::{
    budget::Class,
    clock::Millis,
    desk::Polled,
    session::{Agent, Queue, Session, State},
    vendor::{
        Vendor,
        tencent::get_session_state::{self, State as Standing},
        udesk::queue_status,
    },
};
use tokio::time::timeout;

use crate::App;

/// How long an older place is better than that of the record.
const KEPT: Millis = 60_000;
/// How long a caller waits for it: an older place at once is better than this one late.
const LIMIT: Duration = Duration::from_secs(2);

impl App {
    /// Puts into `session` what its vendor says of it now. Where that can't be had, the record stands: no caller is
    /// refused a session because a vendor is slow.
    pub(crate) async fn refresh(&self, session: &mut Session) {
        match session.vendor {
            Vendor::Udesk => self.refresh_place(session).await,
            Vendor::Tencent => self.refresh_standing(session).await,
            Vendor::Sobot => {}
        }
    }

    /// What is shown is not recorded: events tell the app of it, or the next look does.
    async fn refresh_standing(&self, session: &mut Session) {
        let Some(vendor_session) = session.vendor_session.clone() else {
            return;
        };
        if !session.is_open() || session.closing {
            return;
        }
        let Ok(tencent) = self.desk.tencent() else {
            return;
        };
        // What was heard since Tencent was asked is newer than what it said then.
        let heard_at = session.heard_at.unwrap_or_default();
        // And so is what was recorded without hearing of it: where we handed the customer on.
        let what = format!("standing:{}:{heard_at}:{:?}", session.id, session.state);
        let request = get_session_state::Request::Session(&vendor_session);
        let ask = tencent.ask(&request, Class::Read);
        let polled = timeout(LIMIT, tencent.poll(&what, KEPT, ask)).await;
        let Ok(Ok(Polled::Told(standing))) = polled else {
            return;
        };
        let state = match standing.state {
            Standing::Robot => State::Robot,
            Standing::Waiting => State::Assigning,
            Standing::Queuing => State::Queued,
            Standing::Agent => State::Active,
            // An end is nothing to be shown before it is told.
            Standing::NoSession | Standing::Unknown => return,
        };
        session.state = state;
        if let Some(id) = standing.agent_id
            && session
                .assignee
                .as_ref()
                .and_then(|agent| agent.id.as_ref())
                != Some(&id)
        {
            session.assignee = Some(Agent {
                id: Some(id),
                name: None,
                avatar: None,
            });
        }
    }

    /// Puts the present place into `session`, where it waits at Udesk.
    async fn refresh_place(&self, session: &mut Session) {
        if session.state != State::Queued || session.closing {
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
