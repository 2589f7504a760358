//! `ImSubSession_close`: a session with an agent has ended. Comes with its transcript, `im_log_infos`.
//!
//! Known: the action, that its message holds a log of the session and the transcript, and the name `im_log_infos`.
//! Assumed, from clients that read Udesk's session records: `im_sub_session_id` or `sub_session_id` is the number that
//! pushes name, `closed_at` the end; the customer is named where `customer_token` or `open_api_token` is filled.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/webhook_v2>

use jiff::{Timestamp, tz::Offset};
use serde_json::Value;

use super::{Id, event::Fields, im_log::ImLog};
use crate::vendor::unreadable::{Fault, Unreadable};

/// The end of a session.
#[derive(Clone, Debug)]
pub struct SessionClose {
    /// Udesk's id of the session.
    pub session: Option<Id>,
    /// The app's id of the customer.
    pub customer_token: Option<String>,
    /// When it began.
    pub created_at: Option<Timestamp>,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// What was said, in Udesk's order.
    pub transcript: Vec<ImLog>,
}

impl SessionClose {
    pub(super) fn read(message: &Value, offset: Offset) -> Result<Self, Unreadable> {
        let fields = Fields::of(message);
        let session = fields.session();
        let infos = match message.get("im_log_infos") {
            None | Some(Value::Null) => &[][..],
            Some(Value::Array(infos)) => infos.as_slice(),
            Some(_) => return Err(Unreadable::wrong("message.im_log_infos", Fault::WrongType)),
        };
        let logs = infos.iter().map(|info| ImLog::read(info, session, offset));
        Ok(Self {
            session,
            customer_token: fields.customer(),
            created_at: fields.date(&["created_at"], offset),
            closed_at: fields.date(&["closed_at"], offset),
            transcript: logs.collect(),
        })
    }

    /// Whether the customer was handed on: the last thing in the transcript that is an event says so, and the
    /// conversation goes on in a session of another number.
    #[must_use]
    pub fn is_handed_on(&self) -> bool {
        let mut events = self.transcript.iter().rev().filter_map(ImLog::event);
        events.next().is_some_and(|event| event.hands_on())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vendor::udesk::{Push, event::Event, im_log::Sender};

    fn close(body: &str) -> SessionClose {
        match Push::read(body.as_bytes(), Offset::constant(8)) {
            Ok(Push::Event(Event::SessionClose(close))) => *close,
            other => panic!("no end of a session: {other:?}"),
        }
    }

    fn of(message: Value) -> SessionClose {
        close(&json!({"action": "ImSubSession_close", "message": message}).to_string())
    }

    #[test]
    fn reads_the_fixture() {
        let close = close(include_str!(
            "../../../../tests/fixtures/udesk/event.im_sub_session_close.json"
        ));
        assert_eq!(close.session, Some(Id(1_419_314)));
        assert_eq!(close.customer_token.as_deref(), Some("DE"));
        assert_eq!(close.closed_at.unwrap().to_string(), "2018-01-01T02:05:00Z");
        let senders: Vec<_> = close.transcript.iter().map(|log| &log.sender).collect();
        assert_eq!(
            senders,
            [
                &Sender::Customer,
                &Sender::Agent,
                &Sender::Other("sys".to_owned())
            ]
        );
        assert!(!close.is_handed_on());
    }

    #[test]
    fn a_transfer_is_no_end_of_the_conversation() {
        let with = |kinds: &[&str]| {
            let logs = kinds.iter().map(|kind| {
                json!({"sender": "sys", "content": json!({"type": kind, "data": {"content": "x"}}).to_string()})
            });
            of(json!({"im_sub_session_id": 1, "im_log_infos": logs.collect::<Vec<_>>()}))
        };
        assert!(with(&["start_session", "transfer", "message"]).is_handed_on());
        assert!(with(&["start_session", "info_transfer"]).is_handed_on());
        assert!(!with(&["transfer", "start_session", "close"]).is_handed_on());
        assert!(!with(&["message"]).is_handed_on());
        assert!(!with(&[]).is_handed_on());
    }

    #[test]
    fn a_transcript_may_be_absent_and_must_be_a_list() {
        assert!(of(json!({"im_log_infos": null})).transcript.is_empty());
        assert!(of(json!({})).transcript.is_empty());
        let body = json!({"action": "ImSubSession_close", "message": {"im_log_infos": "secret"}});
        let error = Push::read(body.to_string().as_bytes(), Offset::UTC).unwrap_err();
        assert_eq!(error.path, "message.im_log_infos");
        assert!(!error.to_string().contains("secret"));
    }
}
