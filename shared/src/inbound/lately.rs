//! Which conversation a customer was in when this process last heard of it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    ids::{CustomerId, SessionId},
    session::Session,
    vendor::Vendor,
};

/// How many customers are remembered.
const MOST: usize = 1_000;

/// The conversations that this process recorded something in. A guess and no more: the table says where
/// a push belongs, and a guess that was right has read the session in the same call.
#[derive(Debug)]
pub(super) struct Lately {
    /// Whose pushes.
    pub(super) vendor: Vendor,
    sessions: Mutex<HashMap<CustomerId, SessionId>>,
}

impl Lately {
    /// Nothing yet.
    pub(super) fn of(vendor: Vendor) -> Self {
        Self {
            vendor,
            sessions: Mutex::default(),
        }
    }

    /// The session that the customer's next push will probably belong to.
    pub(super) fn session_of(&self, customer: &CustomerId) -> Option<SessionId> {
        self.lock().get(customer).cloned()
    }

    /// Remembers where something was recorded, or forgets what has ended.
    pub(super) fn recorded(&self, session: &Session) {
        let mut sessions = self.lock();
        if !session.is_open() {
            sessions.remove(&session.customer);
            return;
        }
        // Forgetting all of them costs one read for each, now and then.
        if sessions.len() >= MOST {
            sessions.clear();
        }
        sessions.insert(session.customer.clone(), session.id.clone());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CustomerId, SessionId>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::State;

    fn session(customer: &str) -> Option<Session> {
        let customer = CustomerId::parse(customer)?;
        Some(Session::opening(Vendor::Udesk, customer, None, 0))
    }

    #[test]
    fn a_conversation_is_remembered_until_it_ends() -> Result<(), &'static str> {
        let lately = Lately::of(Vendor::Udesk);
        let mut first = session("DE").ok_or("a customer")?;
        lately.recorded(&first);
        assert_eq!(lately.session_of(&first.customer), Some(first.id.clone()));
        let second = session("DE").ok_or("a customer")?;
        lately.recorded(&second);
        assert_eq!(lately.session_of(&first.customer), Some(second.id));
        first.state = State::Closed;
        lately.recorded(&first);
        assert_eq!(lately.session_of(&first.customer), None);
        Ok(())
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let lately = Lately::of(Vendor::Udesk);
        let all = (0..=MOST).filter_map(|number| session(&number.to_string()));
        all.for_each(|session| lately.recorded(&session));
        assert_eq!(lately.lock().len(), 1);
    }
}
