//! `POST /v4/desk_http_svc/describe_chat_messages`: what was said in a session, page by page. The messages have no
//! identifiers.
//!
//! Vendor page: <https://www.tencentcloud.com/document/product/1229/68824>

use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use super::{Account, Api, Endpoint, Refusal, Unsendable, reply, said::Said};

/// The most messages of a page.
pub const MOST: u32 = 100;

/// Which page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request<'a> {
    /// The session.
    pub session_id: &'a str,
    /// How many messages; see [`MOST`].
    pub limit: u32,
    /// How many to leave out.
    pub offset: u32,
    /// From which end.
    pub order: Order,
}

/// From which end messages are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "u8")]
pub enum Order {
    /// 1: the oldest first.
    OldestFirst,
    /// 2: the newest first.
    NewestFirst,
}

impl From<Order> for u8 {
    fn from(order: Order) -> Self {
        match order {
            Order::OldestFirst => 1,
            Order::NewestFirst => 2,
        }
    }
}

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// 1: the user.
    User,
    /// 2: the desk's agent.
    Agent,
    /// 3: the desk itself: its robot, and what is sent for it.
    System,
    /// One that the page does not list.
    Unknown,
}

/// A message of a session.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Who said it.
    pub role: Role,
    /// The account that it came from.
    pub from_account: Option<String>,
    /// When, in Unix milliseconds.
    pub timestamp: Option<i64>,
    /// What was said.
    pub said: Vec<Said>,
    /// It as it came.
    pub raw: String,
}

/// A page.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// How many messages the session has.
    pub total: Option<u64>,
    /// Those of the page.
    pub messages: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    total_count: Option<u64>,
    #[serde(default)]
    messages: Vec<Box<RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Message {
    from_account: Option<String>,
    from_account_role: Value,
    msg_body: Value,
    timestamp: Value,
}

impl Endpoint for Request<'_> {
    const API: Api = Api::DescribeChatMessages;

    type Response = Response;

    fn to_http(&self, account: &Account<'_>) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let body = serde_json::to_vec(self).map_err(Unsendable::Body)?;
        account.with_json(Self::API.command(), body)
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        let answer: Answer = reply::answer(status, headers, body)?;
        Ok(Response {
            total: answer.total_count,
            messages: answer.messages.iter().map(|one| listed(one)).collect(),
        })
    }
}

fn listed(raw: &RawValue) -> Listed {
    // What can't be read is kept as it is: one odd message must not hide the others.
    let message: Message = serde_json::from_str(raw.get()).unwrap_or_default();
    Listed {
        role: match crate::vendor::number::integer(&message.from_account_role) {
            Some(1) => Role::User,
            Some(2) => Role::Agent,
            Some(3) => Role::System,
            Some(_) | None => Role::Unknown,
        },
        from_account: message.from_account,
        timestamp: crate::vendor::number::integer(&message.timestamp),
        said: Said::all_of(&message.msg_body),
        raw: raw.get().to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::{super::account::tests::ACCOUNT, *};

    const REQUEST: &str =
        include_str!("../../../../tests/fixtures/tencent/describe_chat_messages.request.json");
    const ANSWER: &[u8] =
        include_bytes!("../../../../tests/fixtures/tencent/describe_chat_messages.answer.json");

    #[test]
    fn as_on_the_page() {
        let request = Request {
            session_id: "b0f4ca12-4850-4218-a284-efe679a87066",
            limit: 50,
            offset: 0,
            order: Order::OldestFirst,
        };
        let ours: Value =
            serde_json::from_slice(request.to_http(&ACCOUNT).unwrap().body()).unwrap();
        let pages: Value = serde_json::from_str(REQUEST).unwrap();
        assert_eq!(ours, pages);

        let page = Request::read(200, &HeaderMap::new(), ANSWER).unwrap();
        assert_eq!(page.total, Some(26));
        let message = &page.messages[0];
        assert_eq!(message.role, Role::User);
        assert_eq!(message.timestamp, Some(1_730_939_030_138));
        assert_eq!(message.from_account.as_deref(), Some("8618655061639"));
        assert_eq!(message.said, [Said::Text("hello".to_owned())]);
    }

    #[test]
    fn an_odd_message_hides_no_other() {
        let body = br#"{"ErrorCode":0,"Messages":["odd",{"FromAccountRole":"2","Timestamp":"7","MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"a"}}]},{"FromAccountRole":9,"MsgBody":7}]}"#;
        let page = Request::read(200, &HeaderMap::new(), body).unwrap();
        let roles: Vec<_> = page.messages.iter().map(|one| one.role).collect();
        assert_eq!(roles, [Role::Unknown, Role::Agent, Role::Unknown]);
        assert_eq!(page.messages[1].timestamp, Some(7));
        assert_eq!(page.messages[0].raw, r#""odd""#);
    }
}
