//! `GET /im/agent_status`: who of the agents is there, and how busy.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Query Agent Status"

use http::{HeaderMap, Method};
use serde_json::Value;

use super::{
    Account, Endpoint, Id, Refusal, Stamp, Unsendable, id,
    reply::{self, Api},
    text,
};

/// Of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The agents of this group; all where there is none.
    pub group: Option<Id>,
}

/// Who is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// In Udesk's order.
    pub agents: Vec<Agent>,
}

/// An agent, and what they are at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// The agent.
    pub id: Id,
    /// As colleagues know them.
    pub name: Option<String>,
    /// As customers see them; the name where it is empty.
    pub nick: Option<String>,
    /// URL of a picture.
    pub avatar: Option<String>,
    /// `online`, `busy` or `offline`; what else Udesk may write is kept as it came.
    pub status: String,
    /// Why an agent is busy, in the company's own words.
    pub custom_status: Option<String>,
    /// How many customers the agent serves. Udesk says: it means nothing while the agent is offline.
    pub serving: Option<u64>,
    /// How many customers the agent can serve, likewise.
    pub capacity: Option<u64>,
    /// `all` on the page, which does not say what it means.
    pub profile: Option<String>,
}

impl Endpoint for Request {
    const API: Api = Api::AgentStatus;
    type Response = Response;

    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let group = self.group.map(|group| group.to_string());
        let query: Vec<_> = group.iter().map(|id| ("group_id", id.as_str())).collect();
        account.bare(stamp, Method::GET, "/im/agent_status", &query)
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        let answer = reply::read(Self::API, status, headers, body)?.body;
        let agents = reply::list(&answer, "agents")?;
        Ok(Response {
            agents: agents.iter().filter_map(agent).collect(),
        })
    }
}

fn agent(value: &Value) -> Option<Agent> {
    let filled = |name| value.get(name).and_then(text::filled);
    let count = |name| {
        let count = value.get(name).and_then(id::integer)?;
        u64::try_from(count).ok()
    };
    Some(Agent {
        id: value.get("id").and_then(id::integer).map(Id)?,
        name: filled("name"),
        // `nick` in the page's table, `im_nick` in its sample.
        nick: filled("nick").or_else(|| filled("im_nick")),
        avatar: filled("avatar"),
        status: filled("im_status").map(|status| status.to_lowercase())?,
        custom_status: filled("im_custom_status"),
        serving: count("im_session_num"),
        capacity: count("im_max_join_num"),
        profile: filled("profile"),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vendor::udesk::{
        Code, Fate,
        account::tests::{ACCOUNT, STAMP, printed, unsigned},
    };

    fn read(body: &str) -> Response {
        Request::read(200, &HeaderMap::new(), body.as_bytes()).unwrap()
    }

    #[test]
    fn asks_as_the_page_does() {
        let (path, query) = printed(include_str!(
            "../../../../tests/fixtures/udesk/agent_status.request.url"
        ));
        let ask = |group| {
            let http = Request { group }.to_http(&ACCOUNT, STAMP).unwrap();
            assert_eq!(
                (http.method(), http.uri().path()),
                (&Method::GET, path.as_str())
            );
            unsigned(&http)
        };
        assert_eq!(ask(Some(Id(37540))), query);
        assert!(ask(None).is_empty());
    }

    #[test]
    fn reads_the_page() {
        let page = include_str!("../../../../tests/fixtures/udesk/agent_status.answer.json");
        assert_eq!(
            read(page).agents,
            [Agent {
                id: Id(43230),
                name: Some("Tom".into()),
                nick: Some("Tom".into()),
                avatar: None,
                status: "offline".into(),
                custom_status: None,
                serving: Some(1),
                capacity: Some(10),
                profile: Some("all".into()),
            }]
        );
    }

    #[test]
    fn contradiction_24_the_nick_has_two_names() {
        for name in ["nick", "im_nick"] {
            let agent =
                json!({"id": "3", "im_status": "Busy", "im_custom_status": "lunch", name: "Tommy"});
            let agents = read(&json!({"code": 1000, "agents": [agent]}).to_string()).agents;
            let agent = &agents[0];
            assert_eq!(agent.nick.as_deref(), Some("Tommy"));
            assert_eq!((agent.id, agent.status.as_str()), (Id(3), "busy"));
            assert_eq!(agent.custom_status.as_deref(), Some("lunch"));
            assert_eq!((agent.serving, &agent.profile), (None, &None));
        }
    }

    #[test]
    fn a_group_that_is_not_there_is_refused() {
        let absent = json!({"code": 11012, "message": "no such group"}).to_string();
        let refusal = Request::read(200, &HeaderMap::new(), absent.as_bytes()).unwrap_err();
        assert_eq!(
            (refusal.fate, refusal.code),
            (Fate::Refused, Some(Code::NoSuchGroup))
        );
        for odd in [r#"{"code":1000}"#, r#"{"code":1000,"agents":"none"}"#] {
            let refusal = Request::read(200, &HeaderMap::new(), odd.as_bytes()).unwrap_err();
            assert_eq!(refusal.fate, Fate::RetryMaybeArrived, "{odd}");
        }
    }
}
