//! `ImSubSession_close`: a session with an agent has ended. Comes with its transcript, `im_log_infos`.
//!
//! Known: the action, that its message holds a log of the session and the transcript, and the name `im_log_infos`.
//! Assumed, from clients that read Udesk's session records: `im_sub_session_id` or `sub_session_id` is the number that
//! pushes name, `closed_at` the end; the customer is named where `customer_token` or `open_api_token` is filled. How it
//! ended is what the transcript's own `close` says; where it has none, a `close_type` as pushes have it.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/webhook_v2>

use jiff::{Timestamp, tz::Offset};
use serde_json::Value;

use super::{
    Id,
    event::Fields,
    im_log::ImLog,
    push_agent::{CloseType, Content},
};
use crate::{
    survey::Survey,
    vendor::unreadable::{Fault, Unreadable},
};

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
    /// How, by the event itself.
    close_type: Option<CloseType>,
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
            close_type: fields.text(&["close_type"]).map(CloseType::named),
            transcript: logs.collect(),
        })
    }

    /// Whether the customer was handed on: the last thing in the transcript that is an event says so, and the
    /// conversation goes on in a session of another number.
    #[must_use]
    pub fn is_handed_on(&self) -> bool {
        match self.last_event().and_then(ImLog::event) {
            Some(event) => event.hands_on(),
            None => self.close_type == Some(CloseType::Redirect),
        }
    }

    /// How it ended, and what the customer may be asked.
    #[must_use]
    pub fn end(&self) -> (Option<&CloseType>, Option<&Survey>) {
        let last = self.last_event().and_then(|log| log.message.as_ref().ok());
        match last.map(|message| &message.content) {
            Some(Content::Close {
                close_type, survey, ..
            }) => {
                let close_type = close_type.as_ref().or(self.close_type.as_ref());
                (close_type, survey.as_deref())
            }
            _ => (self.close_type.as_ref(), None),
        }
    }

    /// The end, or else the last time that the transcript has.
    #[must_use]
    pub fn ended_at(&self) -> Option<Timestamp> {
        let said = self.transcript.iter().filter_map(ImLog::created_at);
        self.closed_at.or_else(|| said.max())
    }

    fn last_event(&self) -> Option<&ImLog> {
        let mut lines = self.transcript.iter().rev();
        lines.find(|log| log.event().is_some())
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
    fn how_it_ended_stands_in_the_transcript_or_beside_it() {
        let said = |data: Value| {
            let envelope = json!({"type": "close", "data": data});
            json!([{"sender": "sys", "content": envelope.to_string()}])
        };
        let none = json!([]);
        for (message, wanted) in [
            (
                json!({"im_log_infos": said(json!({"content": "", "close_type": "force"}))}),
                Some("force"),
            ),
            (
                json!({"im_log_infos": none, "log": {"close_type": "normal"}}),
                Some("normal"),
            ),
            (
                json!({"im_log_infos": said(json!({"content": ""})), "close_type": "normal"}),
                Some("normal"),
            ),
            (json!({"im_log_infos": none}), None),
        ] {
            let close = of(message.clone());
            let (close_type, _) = close.end();
            assert_eq!(close_type.map(CloseType::name), wanted, "{message}");
            assert!(!close.is_handed_on());
        }
        assert!(of(json!({"close_type": "redirect"})).is_handed_on());
    }

    #[test]
    fn it_ended_when_it_says_or_when_the_last_was_said() {
        let at = |message: Value| of(message).ended_at().map(|at| at.to_string());
        let lines = json!([
            {"sender": "agent", "content": "b", "created_at": "2018-01-01 10:00:09"},
            {"sender": "agent", "content": "a", "created_at": "2018-01-01 10:00:02"},
        ]);
        let told = json!({"im_log_infos": lines, "closed_at": "2018-01-01 11:00:00"});
        assert_eq!(at(told).as_deref(), Some("2018-01-01T03:00:00Z"));
        let not_told = json!({"im_log_infos": lines});
        assert_eq!(at(not_told).as_deref(), Some("2018-01-01T02:00:09Z"));
        assert_eq!(at(json!({})), None);
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
