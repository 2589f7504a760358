//! What the vendor is told as read: its own identifiers, by the vendor's session that they came in.

use deskbridge::{
    message::{Author, Message},
    session::Session,
};

/// How many the vendor is told of at once. No page says a limit; this keeps an entry small.
const AT_ONCE: usize = 200;

/// Messages by the vendor's session, in order.
#[derive(Debug, Default)]
pub(crate) struct Reads(Vec<(String, Vec<String>)>);

impl Reads {
    /// Adds what an agent wrote and the vendor has a name for. The rest is no news to the vendor.
    pub(crate) fn add(&mut self, session: &Session, message: &Message) {
        if message.from != Author::Agent {
            return;
        }
        let vendor_session = message
            .vendor_session
            .as_ref()
            .or(session.vendor_session.as_ref());
        let (Some(vendor_session), Some(id)) = (vendor_session, message.known_to_vendor()) else {
            return;
        };
        let group = self
            .0
            .iter_mut()
            .find(|(of, ids)| of == vendor_session && ids.len() < AT_ONCE);
        match group {
            Some((_, ids)) => ids.push(id.to_owned()),
            None => self.0.push((vendor_session.clone(), vec![id.to_owned()])),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn into_iter(self) -> impl Iterator<Item = (String, Vec<String>)> {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use deskbridge::{
        ids::{CustomerId, MessageId},
        message::Kind,
        vendor::Vendor,
    };

    use super::*;

    fn message(number: u64, from: Author, vendor_session: Option<&str>) -> Message {
        let id = MessageId::new(number);
        Message {
            vendor_id: Some(format!("v{number}")),
            vendor_session: vendor_session.map(str::to_owned),
            ..Message::new(id, from, Kind::Text, "x".to_owned(), 0)
        }
    }

    #[test]
    fn agents_messages_by_the_vendors_session() {
        let customer = CustomerId::parse("DE").unwrap();
        let mut session = Session::opening(Vendor::Udesk, customer, None, 0);
        session.vendor_session = Some("22".to_owned());
        let mut reads = Reads::default();
        for message in [
            message(1, Author::Agent, Some("11")),
            message(2, Author::Customer, None),
            message(3, Author::Robot, Some("11")),
            message(4, Author::Agent, Some("22")),
            // Recorded before its session was kept with it.
            message(5, Author::Agent, None),
        ] {
            reads.add(&session, &message);
        }
        let all: Vec<_> = reads.into_iter().collect();
        let owned = |session: &str, ids: &[&str]| {
            let ids = ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>();
            (session.to_owned(), ids)
        };
        assert_eq!(all, [owned("11", &["v1"]), owned("22", &["v4", "v5"])]);
    }

    #[test]
    fn many_are_told_in_parts() {
        let customer = CustomerId::parse("DE").unwrap();
        let session = Session::opening(Vendor::Udesk, customer, None, 0);
        let mut reads = Reads::default();
        for number in 1..=201 {
            reads.add(&session, &message(number, Author::Agent, Some("11")));
        }
        let parts: Vec<_> = reads.into_iter().map(|(_, ids)| ids.len()).collect();
        assert_eq!(parts, [200, 1]);
    }
}
