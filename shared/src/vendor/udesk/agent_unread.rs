//! `GET /im/messages/agent_unread_messages`: how much agents have yet to read, and how much was left for them.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Get Agent Unread Messages"

use http::{HeaderMap, Method};
use serde_json::Value;

use super::{
    Account, Endpoint, Id, Refusal, Stamp, Unsendable, id,
    reply::{self, Api},
};

/// How many agents one call may ask about.
pub const MOST_AGENTS: usize = 30;

/// Of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// At least one agent, and at most [`MOST_AGENTS`]: Udesk refuses more.
    pub agents: &'a [Id],
}

/// What each of them has yet to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// In Udesk's order. An agent whom Udesk does not know may be missing.
    pub agents: Vec<Unread>,
}

/// What an agent has yet to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The agent.
    pub agent: Id,
    /// Messages in sessions that the agent has not read.
    pub messages: u64,
    /// Messages left within the last seven days that nobody has handled.
    pub left: u64,
}

impl Endpoint for Request<'_> {
    const API: Api = Api::AgentUnread;
    type Response = Response;

    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let ids: Vec<_> = self.agents.iter().map(Id::to_string).collect();
        let query: Vec<_> = ids.iter().map(|id| ("agent_ids[]", id.as_str())).collect();
        account.bare(
            stamp,
            Method::GET,
            "/im/messages/agent_unread_messages",
            &query,
        )
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        let answer = reply::read(Self::API, status, headers, body)?.body;
        let results = reply::list(&answer, "results")?;
        Ok(Response {
            agents: results.iter().filter_map(unread).collect(),
        })
    }
}

fn unread(result: &Value) -> Option<Unread> {
    let count = |name| {
        let count = result.get(name).and_then(id::integer).unwrap_or(0);
        u64::try_from(count).unwrap_or(0)
    };
    Some(Unread {
        agent: result.get("agent_id").and_then(id::integer).map(Id)?,
        messages: count("unread_session_message_num"),
        left: count("unsolved_leave_message_num"),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::vendor::udesk::{
        Fate,
        account::tests::{ACCOUNT, STAMP, pairs, printed},
    };

    #[test]
    fn asks_as_the_page_does() {
        let (path, query) = printed(include_str!(
            "../../../../tests/fixtures/udesk/agent_unread.request.url"
        ));
        let ask = |agents: &[Id]| {
            let http = Request { agents }.to_http(&ACCOUNT, STAMP).unwrap();
            assert_eq!(
                (http.method(), http.uri().path()),
                (&Method::GET, path.as_str())
            );
            let mut asked = pairs(&http);
            asked.retain(|(name, _)| name == "agent_ids[]");
            let ids: Vec<_> = asked.into_iter().map(|(_, id)| id).collect();
            ids
        };
        assert_eq!(
            query.into_iter().collect::<Vec<_>>(),
            [("agent_ids[]".to_owned(), "13".to_owned())]
        );
        assert_eq!(ask(&[Id(13)]), ["13"]);
        assert_eq!(ask(&[Id(13), Id(3)]), ["13", "3"]);
    }

    #[test]
    fn reads_the_page() {
        let page = include_bytes!("../../../../tests/fixtures/udesk/agent_unread.answer.json");
        assert_eq!(
            Request::read(200, &HeaderMap::new(), page).unwrap().agents,
            [Unread {
                agent: Id(13),
                messages: 2,
                left: 1
            }]
        );
    }

    #[test]
    fn what_names_no_agent_is_left_out_and_no_list_is_no_answer() {
        let odd =
            br#"{"code":1000,"results":[{"unread_session_message_num":1},{"agent_id":"13"}]}"#;
        let read = Request::read(200, &HeaderMap::new(), odd).unwrap();
        assert_eq!(
            read.agents,
            [Unread {
                agent: Id(13),
                messages: 0,
                left: 0
            }]
        );
        let none = Request::read(200, &HeaderMap::new(), br#"{"code":1000}"#).unwrap_err();
        assert_eq!(none.fate, Fate::RetryMaybeArrived);
    }
}
