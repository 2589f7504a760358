//! `POST {prefix}chat_connect`: a customer asks for an agent.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/7dbd90>

use serde::Serialize;

use super::{
    Refusal,
    answer::{Item, unknown},
    live_chat::{Call, Endpoint},
};
use crate::{fate::Fate, session::Agent};

/// Who asks, and for whom. `source` is left out: its sources number it differently. We assume that Sobot takes 0 then, a
/// desktop site. So is `tran_flag`, of which one source says that the agent must be the one who is named, and
/// another that the chat can't be handed on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Request<'a> {
    /// The customer.
    pub partnerid: &'a str,
    /// This agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agentid: Option<&'a str>,
    /// An agent of this group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groupid: Option<&'a str>,
    /// The sub-channel, as the account has set it up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_flag: Option<u32>,
    /// What agents call the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_nick: Option<&'a str>,
    /// The customer's telephone numbers, separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_tels: Option<String>,
    /// The customer's e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_emails: Option<&'a str>,
    /// Fields that the company has added to its customers: an object, as JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// −1: the same was asked for a moment ago. Nothing says of which chat.
    Duplicate,
    /// 0: all agents are busy.
    Queueing {
        /// The chat.
        cid: Option<String>,
        /// The place in the queue: 1 is next.
        count: Option<i64>,
    },
    /// 1: an agent has the customer.
    Connected {
        /// The chat.
        cid: Option<String>,
        /// Who.
        agent: Option<Agent>,
    },
    /// 2: no agent is there.
    NoAgent,
}

impl Endpoint for Request<'_> {
    const CALL: Call = Call::ChatConnect;
    type Response = Response;

    fn of_item(item: &Item) -> Result<Response, Refusal> {
        match item.status()? {
            -1 => Ok(Response::Duplicate),
            0 => Ok(Response::Queueing {
                cid: item.id("cid"),
                count: item.number("count"),
            }),
            1 => Ok(Response::Connected {
                cid: item.id("cid"),
                agent: agent(item),
            }),
            2 => Ok(Response::NoAgent),
            3 => Err(Refusal::of(
                Fate::Refused,
                "the customer is on its blacklist",
            )),
            other => Err(unknown(other)),
        }
    }
}

/// Who has the customer, where Sobot says so. Beside it stands `visitorid`, Sobot's own id of the customer: no call
/// that is made here wants it.
fn agent(item: &Item) -> Option<Agent> {
    let agent = Agent {
        id: item.id("agentid"),
        name: item.text("agent_name"),
        avatar: item.text("agent_face"),
    };
    (agent.id.is_some() || agent.name.is_some()).then_some(agent)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::HeaderMap;
    use serde_json::{Value, json};

    use super::*;
    use crate::vendor::sobot::{answer::tests::granted, live_chat::tests::body};

    fn answered(item: &Value) -> Result<Response, Refusal> {
        Request::read(200, &HeaderMap::new(), &granted(item))
    }

    // vendors.md, 2.5: the inputs of the call.
    #[test]
    fn sends_what_there_is_and_nothing_else() {
        let plain = Request {
            partnerid: "DE",
            ..Request::default()
        };
        assert_eq!(body(&plain), json!({"partnerid": "DE"}));
        let full = Request {
            partnerid: "DE",
            agentid: Some("1q2w3e4r"),
            groupid: Some("g1"),
            channel_flag: Some(2),
            user_nick: Some("Xiao Ya"),
            user_tels: Some("13800000000,13900000000".to_owned()),
            user_emails: Some("de@example.com"),
            params: Some(r#"{"order":"A-17"}"#.to_owned()),
        };
        assert_eq!(
            body(&full),
            json!({
                "partnerid": "DE", "agentid": "1q2w3e4r", "groupid": "g1", "channel_flag": 2,
                "user_nick": "Xiao Ya", "user_tels": "13800000000,13900000000",
                "user_emails": "de@example.com", "params": "{\"order\":\"A-17\"}",
            })
        );
    }

    // vendors.md, 2.5: −1 duplicate, 0 queueing, 1 connected, 2 no agent, 3 blacklisted.
    #[test]
    fn each_status_has_its_meaning() {
        let connected = json!({
            "status": 1, "cid": "c1", "agentid": "1q2w3e4r", "agent_name": "Tom",
            "agent_face": "https://img.sobot.io/tom.png", "visitorid": "v1",
        });
        assert_eq!(
            answered(&connected),
            Ok(Response::Connected {
                cid: Some("c1".to_owned()),
                agent: Some(Agent {
                    id: Some("1q2w3e4r".to_owned()),
                    name: Some("Tom".to_owned()),
                    avatar: Some("https://img.sobot.io/tom.png".to_owned()),
                }),
            })
        );
        let bare = Response::Connected {
            cid: None,
            agent: None,
        };
        assert_eq!(answered(&json!({"status": "1", "cid": ""})), Ok(bare));
        let queueing = Response::Queueing {
            cid: None,
            count: Some(3),
        };
        assert_eq!(
            answered(&json!({"status": 0, "count": 3})),
            Ok(queueing.clone())
        );
        assert_eq!(
            answered(&json!({"status": "0", "count": "3"})),
            Ok(queueing)
        );
        assert_eq!(answered(&json!({"status": 2})), Ok(Response::NoAgent));
        assert_eq!(answered(&json!({"status": -1})), Ok(Response::Duplicate));
        for status in [3, 4, -2] {
            let refusal = answered(&json!({"status": status})).unwrap_err();
            assert_eq!(refusal.fate, Fate::Refused, "{status}");
        }
        let none = answered(&json!({})).unwrap_err();
        assert_eq!(none.fate, Fate::RetryMaybeArrived);
    }
}
