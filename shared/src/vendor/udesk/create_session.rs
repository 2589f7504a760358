//! `POST /im/sessions`: ask for a session with an agent. Asking again for a customer who waits tells the new place.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Create Session"

use http::{HeaderMap, Method};
use serde::Serialize;
use serde_json::Value;

use super::{
    Account, Agent, Fate, Id, Refusal, Stamp, Unsendable, id,
    reply::{self, Endpoint, Verdict},
    survey_options, text,
};
use crate::survey::Survey;

/// Who wants a session, and with whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The app's id of the customer; Udesk creates one that it does not know.
    pub customer_token: &'a str,
    /// Who is to answer.
    pub assign: Assign,
    /// A name for where the customer comes from.
    pub channel: Option<&'a str>,
}

/// Who is to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assign {
    /// An agent: this one, or one of this group, or whom Udesk's rules name. Udesk lets `agent_id` win.
    Agent {
        /// This agent.
        agent_id: Option<Id>,
        /// An agent of this group.
        group_id: Option<Id>,
    },
}

#[derive(Serialize)]
struct Body<'a> {
    customer_token: &'a str,
    assign_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
}

impl Request<'_> {
    /// The signed request.
    ///
    /// # Errors
    /// [`Unsendable::Url`] when the base URL is none.
    pub fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let Assign::Agent { agent_id, group_id } = self.assign;
        let body = Body {
            customer_token: self.customer_token,
            assign_type: "agent",
            agent_id,
            group_id,
            channel: self.channel,
        };
        account.with_json(stamp, Method::POST, "/im/sessions", &body)
    }
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// A session is open.
    Assigned {
        /// Udesk's id of it.
        im_sub_session_id: Id,
        /// Who answers.
        agent: Option<Agent>,
        /// A welcome; may be empty.
        message: String,
        /// What the customer may be asked at the end.
        survey: Option<Box<Survey>>,
    },
    /// The customer stands in a queue.
    Queued {
        /// The place, from 1.
        position: Option<u64>,
        /// Udesk's name of the queue; leaving it takes this name.
        queue: Option<String>,
        /// What Udesk says to the customer.
        message: String,
    },
    /// An agent is being looked for; ask again.
    Assigning {
        /// What Udesk says to the customer.
        message: String,
    },
    /// No agent is online; messages can be left.
    Offline {
        /// What Udesk says to the customer.
        message: String,
    },
}

/// Reads Udesk's answer.
///
/// # Errors
/// A [`Refusal`] that says what to do about it.
pub fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
    let answer = reply::read(Endpoint::CreateSession, status, headers, body)?;
    let info = answer.body.get("assign_info").unwrap_or(&Value::Null);
    let message = answer.message;
    match answer.verdict {
        Verdict::Done => {
            let Some(session) = info.get("im_sub_session_id").and_then(id::integer) else {
                return Err(without_session(&answer.body));
            };
            Ok(Response::Assigned {
                im_sub_session_id: Id(session),
                agent: Agent::of(info),
                message,
                survey: info
                    .get("survey_options")
                    .and_then(survey_options::read)
                    .map(Box::new),
            })
        }
        Verdict::Waiting => Ok(waiting(info, message)),
        Verdict::Offline => Ok(Response::Offline { message }),
        Verdict::Failed(fate) => Err(Refusal {
            fate,
            code: None,
            message,
        }),
    }
}

/// One code, 2001, for two states: who stands in a queue has a place or a queue's name.
fn waiting(info: &Value, message: String) -> Response {
    let queue = info.get("queue").and_then(text::filled);
    let position = info
        .get("count")
        .and_then(id::integer)
        .and_then(|count| u64::try_from(count).ok())
        .filter(|count| *count > 0);
    if queue.is_some() || position.is_some() {
        Response::Queued {
            position,
            queue,
            message,
        }
    } else {
        Response::Assigning { message }
    }
}

/// Success, but of what? A robot was assigned: final. Nothing readable: asking again does no harm.
fn without_session(body: &Value) -> Refusal {
    let (fate, message) = match body.get("assign_type").and_then(Value::as_str) {
        Some(other) if other != "agent" => (
            Fate::Refused,
            format!("assigned to a {other} although an agent was asked for"),
        ),
        _ => (
            Fate::RetryMaybeArrived,
            "assigned, but assign_info.im_sub_session_id is missing".to_owned(),
        ),
    };
    Refusal {
        fate,
        code: Some(super::Code::Success),
        message,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vendor::udesk::{
        Code,
        account::tests::{ACCOUNT, STAMP, unsigned},
    };

    const AGENT_REQUEST: &str =
        include_str!("../../../../tests/fixtures/udesk/create_session.agent.request.json");
    const ANY_AGENT_REQUEST: &str =
        include_str!("../../../../tests/fixtures/udesk/create_session.any_agent.request.json");
    const ASSIGNED: &str =
        include_str!("../../../../tests/fixtures/udesk/create_session.assigned.json");
    const ASSIGNING: &str =
        include_str!("../../../../tests/fixtures/udesk/create_session.assigning.json");
    const OFFLINE: &str =
        include_str!("../../../../tests/fixtures/udesk/create_session.offline.json");
    const QUEUED: &str =
        include_str!("../../../../tests/fixtures/udesk/create_session.queued.json");
    const ROBOT: &str = include_str!("../../../../tests/fixtures/udesk/create_session.robot.json");
    const UROBOT: &str =
        include_str!("../../../../tests/fixtures/udesk/create_session.urobot.json");
    const SURVEY_OPTIONS: &str =
        include_str!("../../../../tests/fixtures/udesk/survey_options.json");

    fn ok(body: &str) -> Response {
        read(200, &HeaderMap::new(), body.as_bytes()).unwrap()
    }

    // Contradiction 3: what the endpoint is told goes into the body, the query only signs.
    // Contradiction 4: ids are written as numbers.
    #[test]
    fn asks_as_the_page_does() {
        let request = Request {
            customer_token: "827wd5r9-7a61-4afe-9efe-2c071d0e9cb2",
            assign: Assign::Agent {
                agent_id: Some(Id(397)),
                group_id: None,
            },
            channel: None,
        };
        let http = request.to_http(&ACCOUNT, STAMP).unwrap();
        assert_eq!(http.method(), Method::POST);
        assert_eq!(http.uri().path(), "/open_api_v1/im/sessions");
        assert!(unsigned(&http).is_empty());

        let mut page: Value = serde_json::from_str(AGENT_REQUEST).unwrap();
        assert_eq!(page["agent_id"], "397");
        page["agent_id"] = 397.into();
        assert_eq!(serde_json::from_slice::<Value>(http.body()).unwrap(), page);
    }

    #[test]
    fn asks_for_any_agent_and_for_a_group() {
        let mut request = Request {
            customer_token: "test20191018224601",
            assign: Assign::Agent {
                agent_id: None,
                group_id: None,
            },
            channel: None,
        };
        let body = |request: Request<'_>| -> Value {
            serde_json::from_slice(request.to_http(&ACCOUNT, STAMP).unwrap().body()).unwrap()
        };
        let page: Value = serde_json::from_str(ANY_AGENT_REQUEST).unwrap();
        assert_eq!(body(request), page);

        request.assign = Assign::Agent {
            agent_id: None,
            group_id: Some(Id(5)),
        };
        request.channel = Some("shop");
        assert_eq!(
            body(request),
            json!({"customer_token": "test20191018224601", "assign_type": "agent", "group_id": 5, "channel": "shop"})
        );
    }

    // Contradiction 6: survey_options holds a text in the sample.
    #[test]
    fn assigned() {
        assert_eq!(
            ok(ASSIGNED),
            Response::Assigned {
                im_sub_session_id: Id(1234),
                agent: Some(Agent {
                    id: Some(Id(3)),
                    name: Some("Tom".into()),
                    avatar: None,
                }),
                message: "Request successful".into(),
                survey: None,
            }
        );
    }

    #[test]
    fn assigned_with_ids_as_text_and_a_survey() {
        let mut body: Value = serde_json::from_str(ASSIGNED).unwrap();
        let survey: Value = serde_json::from_str(SURVEY_OPTIONS).unwrap();
        body["code"] = "1000".into();
        body["assign_info"]["im_sub_session_id"] = "1234".into();
        body["assign_info"]["agent_id"] = "3".into();
        body["assign_info"]["survey_options"] = survey["survey_options"].clone();
        let Response::Assigned {
            im_sub_session_id,
            agent,
            survey,
            ..
        } = ok(&body.to_string())
        else {
            unreachable!()
        };
        assert_eq!(im_sub_session_id, Id(1234));
        assert_eq!(agent.unwrap().id, Some(Id(3)));
        assert_eq!(survey.unwrap().options[0].id, "101");
    }

    // Contradiction 8: 2001 is two states.
    #[test]
    fn queued_and_assigning_are_told_apart() {
        assert_eq!(
            ok(QUEUED),
            Response::Queued {
                position: Some(3),
                queue: Some("queue:company:1:agent:486".into()),
                message: "The current customer service is busy, you are in the 3rd place in line."
                    .into(),
            }
        );
        assert_eq!(
            ok(ASSIGNING),
            Response::Assigning {
                message: "Customer service assignment in progress!".into()
            }
        );
        assert_eq!(
            ok(r#"{"code":2001,"assign_info":{"count":"2"}}"#),
            Response::Queued {
                position: Some(2),
                queue: None,
                message: String::new(),
            }
        );
        for odd in [r#"{"code":2001}"#, r#"{"code":2001,"assign_info":[]}"#] {
            assert_eq!(
                ok(odd),
                Response::Assigning {
                    message: String::new()
                }
            );
        }
    }

    // Contradiction 9: 2002 is a state here.
    #[test]
    fn offline() {
        assert_eq!(
            ok(OFFLINE),
            Response::Offline {
                message: "There is no customer service online at the moment".into()
            }
        );
    }

    #[test]
    fn success_without_a_session() {
        for (body, fate) in [
            (ROBOT, Fate::Refused),
            (UROBOT, Fate::Refused),
            (
                r#"{"code":1000,"assign_type":"agent"}"#,
                Fate::RetryMaybeArrived,
            ),
            (
                r#"{"code":1000,"assign_info":{"im_sub_session_id":"x"}}"#,
                Fate::RetryMaybeArrived,
            ),
        ] {
            let refusal = read(200, &HeaderMap::new(), body.as_bytes()).unwrap_err();
            assert_eq!((refusal.fate, refusal.code), (fate, Some(Code::Success)));
        }
    }
}
