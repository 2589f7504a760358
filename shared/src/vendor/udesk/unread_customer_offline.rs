//! `GET /im/messages/unread_customer_offline`: what agents wrote to a customer who has not read it, session by
//! session. Also the way to messages whose push was lost.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Get Customer Offline Unread Messages"

use http::{HeaderMap, Method};
use jiff::tz::Offset;
use serde_json::{Value, value::RawValue};

use super::{
    Account, Code, Endpoint, Fate, Id, Refusal, Stamp, Unsendable, id,
    push_agent::{self, AgentMessage, UnreadableMessage},
    reply::{self, Api},
};
use crate::vendor::unreadable::members;

/// Which session's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Udesk's id of the session.
    pub im_sub_session_id: Id,
    /// Udesk's own number of the customer, see [`super::get_customer`].
    pub customer_id: Id,
    /// Which app of Udesk's SDK; for sessions of the SDK only.
    pub app_id: Option<&'a str>,
}

impl Endpoint for Request<'_> {
    const API: Api = Api::UnreadCustomerOffline;
    type Response = Response;

    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let session = self.im_sub_session_id.to_string();
        let customer = self.customer_id.to_string();
        let mut query = vec![
            ("im_sub_session_id", session.as_str()),
            ("customer_id", &customer),
        ];
        query.extend(self.app_id.map(|app_id| ("app_id", app_id)));
        let path = "/im/messages/unread_customer_offline";
        account.bare(stamp, Method::GET, path, &query)
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        let answer = reply::read(Self::API, status, headers, body)?;
        // Read once more for the messages as they came, byte for byte.
        let listed = members(body).ok().and_then(|(_, members)| {
            let raw = members.get("unread_messages")?.get();
            match serde_json::from_str::<Option<Vec<Box<RawValue>>>>(raw) {
                Ok(list) => Some(list.unwrap_or_default()),
                // One message without its list, as Udesk writes elsewhere.
                Err(_) if raw.starts_with('{') => Some(vec![serde_json::from_str(raw).ok()?]),
                Err(_) => None,
            }
        });
        let count = answer.body.get("count").and_then(id::integer);
        let count = count.and_then(|count| u64::try_from(count).ok());
        let is_absent = answer
            .body
            .get("unread_messages")
            .is_none_or(Value::is_null);
        match (listed, count) {
            (Some(unread_messages), count) => Ok(Response {
                count: count
                    .unwrap_or_else(|| u64::try_from(unread_messages.len()).unwrap_or(u64::MAX)),
                unread_messages,
            }),
            (None, Some(0)) if is_absent => Ok(Response::default()),
            (None, _) => Err(Refusal {
                fate: Fate::RetryMaybeArrived,
                code: Some(Code::Success),
                message: "answered, but unread_messages can't be read".to_owned(),
            }),
        }
    }
}

/// What the customer has not read.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// How many there are. May be more than the answer holds.
    pub count: u64,
    /// Each as it came, in Udesk's order.
    pub unread_messages: Vec<Box<RawValue>>,
}

impl Response {
    /// The messages, of the same shape as in a push of agents' messages. `offset` is that of dates without a zone. One
    /// that can't be read does not spoil the others.
    pub fn messages(self, offset: Offset) -> Vec<Result<AgentMessage, UnreadableMessage>> {
        push_agent::each("unread_messages", self.unread_messages, offset)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::vendor::udesk::{
        account::tests::{ACCOUNT, STAMP, printed, unsigned},
        push_agent::Content,
    };

    const REQUEST: Request<'static> = Request {
        im_sub_session_id: Id(1_419_314),
        customer_id: Id(5_855_308),
        app_id: None,
    };

    fn read(body: &str) -> Result<Response, Refusal> {
        Request::read(200, &HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn asks_as_the_page_does() {
        let http = REQUEST.to_http(&ACCOUNT, STAMP).unwrap();
        assert_eq!(http.method(), Method::GET);
        assert!(http.body().is_empty() && http.headers().is_empty());
        let (path, query) = printed(include_str!(
            "../../../../tests/fixtures/udesk/unread_customer_offline.request.url"
        ));
        assert_eq!(http.uri().path(), path);
        assert_eq!(unsigned(&http), query);
    }

    #[test]
    fn sessions_of_the_sdk_name_their_app() {
        let request = Request {
            app_id: Some("cdc6"),
            ..REQUEST
        };
        let query = unsigned(&request.to_http(&ACCOUNT, STAMP).unwrap());
        assert_eq!(query.get("app_id").unwrap(), "cdc6");
        assert_eq!(query.len(), 3);
    }

    #[test]
    fn contradiction_20_messages_have_the_shape_of_a_push() {
        let fixture =
            include_str!("../../../../tests/fixtures/udesk/unread_customer_offline.answer.json");
        let response = read(fixture).unwrap();
        assert_eq!(response.count, 2);
        let messages: Vec<_> = response
            .messages(Offset::constant(8))
            .into_iter()
            .map(Result::unwrap)
            .collect();
        let [text, rich] = messages.as_slice() else {
            unreachable!("two messages")
        };
        assert_eq!(
            text.content,
            Content::Message {
                content: "Hello, what can I help you with?".to_owned()
            }
        );
        assert!(matches!(rich.content, Content::Rich { .. }));
        for message in [text, rich] {
            assert_eq!(message.message_id.as_deref(), Some("xxxxx"));
            assert_eq!(message.im_sub_session_id, Some(Id(3)));
            let agent = message.agent.as_ref().unwrap();
            assert_eq!(
                (agent.id, agent.name.as_deref()),
                (Some(Id(1)), Some("TOM"))
            );
        }
        let at = text.created_at.unwrap();
        assert_eq!(at.to_string(), "2017-07-11T01:52:12Z");
    }

    #[test]
    fn contradiction_20_read_leniently() {
        for (body, count, held) in [
            (r#"{"code":1000,"count":0,"unread_messages":[]}"#, 0, 0),
            (r#"{"code":1000,"count":0,"unread_messages":null}"#, 0, 0),
            (r#"{"code":1000,"count":0}"#, 0, 0),
            (r#"{"code":1000,"unread_messages":[{}]}"#, 1, 1),
            (r#"{"code":1000,"count":"9","unread_messages":[{}]}"#, 9, 1),
            (
                r#"{"code":1000,"count":1,"unread_messages":{"type":"message"}}"#,
                1,
                1,
            ),
        ] {
            let response = read(body).unwrap();
            let told = (response.count, response.unread_messages.len());
            assert_eq!(told, (count, held), "{body}");
        }
        // It says that there are some, and shows none.
        for body in [
            r#"{"code":1000}"#,
            r#"{"code":1000,"count":3}"#,
            r#"{"code":1000,"count":3,"unread_messages":"x"}"#,
        ] {
            assert_eq!(
                read(body).unwrap_err().fate,
                Fate::RetryMaybeArrived,
                "{body}"
            );
        }
    }

    #[test]
    fn one_that_cannot_be_read_does_not_spoil_the_others() {
        let body = r#"{"code":1000,"count":2,"unread_messages":[7,{"type":"message","data":{"content":"x"}}]}"#;
        let messages = read(body).unwrap().messages(Offset::UTC);
        let [bad, good] = messages.as_slice() else {
            unreachable!("two messages")
        };
        assert_eq!(bad.as_ref().unwrap_err().fault.path, "unread_messages[0]");
        assert!(good.is_ok());
    }

    #[test]
    fn a_session_that_is_gone() {
        for code in [9200, 2062] {
            let body = format!(r#"{{"code":{code}}}"#);
            assert_eq!(read(&body).unwrap_err().fate, Fate::SessionGone);
        }
    }
}
