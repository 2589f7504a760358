//! `POST /v4/desk_http_svc/get_session_state`: where a session stands, asked for by its id or by user and
//! customer-service account.
//!
//! Vendor page: <https://www.tencentcloud.com/document/product/1229/68825>

use http::HeaderMap;
use serde::{Deserialize, Serialize};

use super::{Account, Api, Endpoint, Refusal, Unsendable, reply};
use crate::vendor::text::optional;

/// Whose session: the page wants one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// This one.
    Session(&'a str),
    /// The one that a user has with a customer-service account.
    Accounts {
        /// The user.
        user: &'a str,
        /// The customer-service account.
        service: &'a str,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_service_id: Option<&'a str>,
}

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// In none. The page's word for it is not known: no other one, and a session that is gone, count as this.
    NoSession,
    /// `Chatbot`: with a robot.
    Robot,
    /// `WaitingForAgentAnswering`: an agent is to take it.
    Waiting,
    /// `Queuing`: in the queue.
    Queuing,
    /// `Agent`: with an agent.
    Agent,
    /// A word that no page has. Nothing is concluded from it.
    Unknown,
}

/// What Tencent says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// Which session.
    pub session_id: Option<String>,
    /// Where it stands.
    pub state: State,
    /// The agent who has it, or is to have it.
    pub agent_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default, deserialize_with = "optional")]
    session_id: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    current_state: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    agent_id: Option<String>,
}

impl State {
    /// Reads `CurrentState`.
    fn of(word: Option<&str>) -> Self {
        match word {
            Some("Chatbot") => Self::Robot,
            Some("WaitingForAgentAnswering") => Self::Waiting,
            Some("Queuing") => Self::Queuing,
            Some("Agent") => Self::Agent,
            // The page's text, whether it is the value or what the value means.
            None | Some("Not in session") => Self::NoSession,
            Some(_) => Self::Unknown,
        }
    }
}

impl Endpoint for Request<'_> {
    const API: Api = Api::GetSessionState;

    type Response = Response;

    fn to_http(&self, account: &Account<'_>) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let body = match *self {
            Self::Session(id) => Body {
                session_id: Some(id),
                client_user_id: None,
                customer_service_id: None,
            },
            Self::Accounts { user, service } => Body {
                session_id: None,
                client_user_id: Some(user),
                customer_service_id: Some(service),
            },
        };
        let body = serde_json::to_vec(&body).map_err(Unsendable::Body)?;
        account.with_json(Self::API.command(), body)
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        let answer: Answer = reply::answer(status, headers, body)?;
        Ok(Response {
            session_id: answer.session_id,
            state: State::of(answer.current_state.as_deref()),
            agent_id: answer.agent_id,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::Value;

    use super::{super::account::tests::ACCOUNT, *};

    const SESSION: &str =
        include_str!("../../../../tests/fixtures/tencent/get_session_state.session.request.json");
    const ACCOUNTS: &str =
        include_str!("../../../../tests/fixtures/tencent/get_session_state.accounts.request.json");
    const ANSWER: &[u8] =
        include_bytes!("../../../../tests/fixtures/tencent/get_session_state.answer.json");

    fn body(request: &Request<'_>) -> Value {
        serde_json::from_slice(request.to_http(&ACCOUNT).unwrap().body()).unwrap()
    }

    #[test]
    fn both_forms_as_on_the_page() {
        let page = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
        let by_session = Request::Session("b0f4ca12-4850-4218-a284-efe679a87066");
        assert_eq!(body(&by_session), page(SESSION));
        let by_accounts = Request::Accounts {
            user: "user1",
            service: "@customer_service_account",
        };
        assert_eq!(body(&by_accounts), page(ACCOUNTS));
        let path = by_session
            .to_http(&ACCOUNT)
            .unwrap()
            .uri()
            .path()
            .to_owned();
        assert_eq!(path, "/v4/desk_http_svc/get_session_state");
    }

    #[test]
    fn the_pages_answer_and_each_of_its_states() {
        let answer = Request::read(200, &HeaderMap::new(), ANSWER).unwrap();
        let wanted = Response {
            session_id: Some("a-b-c-d-e".to_owned()),
            state: State::Agent,
            agent_id: Some("test@qq.com".to_owned()),
        };
        assert_eq!(answer, wanted);
        for (word, state) in [
            (r#""Chatbot""#, State::Robot),
            (r#""WaitingForAgentAnswering""#, State::Waiting),
            (r#""Queuing""#, State::Queuing),
            (r#""Agent""#, State::Agent),
            (r#""""#, State::NoSession),
            ("null", State::NoSession),
            (r#""Not in session""#, State::NoSession),
            (r#""Sleeping""#, State::Unknown),
        ] {
            let body = format!(
                r#"{{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"CurrentState":{word},"AgentId":""}}"#
            );
            let read = Request::read(200, &HeaderMap::new(), body.as_bytes()).unwrap();
            assert_eq!((read.state, read.agent_id), (state, None), "{word}");
        }
    }
}
