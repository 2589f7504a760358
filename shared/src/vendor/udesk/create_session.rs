//! `POST /im/sessions`: ask for a session with an agent or a robot. Asking again for a customer who waits tells the
//! new place.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Create Session"

use http::{HeaderMap, Method};
use serde::Serialize;
use serde_json::Value;

use super::{
    Account, Agent, Endpoint, Fate, Id, Refusal, Stamp, Unsendable, UrobotMessage, UrobotSession,
    id,
    reply::{self, Api, Verdict},
    robot_answer::{Answer, countable, each, first, question},
    survey_options, text,
};
use crate::survey::Survey;

/// Who wants a session, and with whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The app's id of the customer; Udesk creates one that it does not know.
    pub customer_token: &'a str,
    /// Who is to answer.
    pub assign: Assign<'a>,
    /// A name for where the customer comes from.
    pub channel: Option<&'a str>,
}

/// Who is to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assign<'a> {
    /// The robot of another maker.
    Robot {
        /// This one.
        robot_id: Option<Id>,
        /// In this scene.
        scene_id: Option<Id>,
        /// As whom the customer speaks to it.
        robot_role_id: Option<&'a str>,
    },
    /// Udesk's own robot.
    Urobot {
        /// This one.
        robot_id: Id,
        /// In this scene.
        scene_id: Id,
        /// As whom the customer speaks to it.
        robot_role_id: Option<&'a str>,
    },
    /// An agent: this one, or one of this group, or whom Udesk's rules name. Udesk lets `agent_id` win, and lets it win
    /// over the wish for a robot too.
    Agent {
        /// This agent.
        agent_id: Option<Id>,
        /// An agent of this group.
        group_id: Option<Id>,
    },
}

impl Assign<'_> {
    /// What `assign_type` says.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Robot { .. } => "robot",
            Self::Urobot { .. } => "urobot",
            Self::Agent { .. } => "agent",
        }
    }
}

#[derive(Default, Serialize)]
struct Body<'a> {
    customer_token: &'a str,
    assign_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    robot_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    robot_role_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
}

impl Endpoint for Request<'_> {
    const API: Api = Api::CreateSession;
    type Response = Response;

    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let body = Body {
            customer_token: self.customer_token,
            assign_type: self.assign.name(),
            channel: self.channel,
            ..Body::default()
        };
        let body = match self.assign {
            Assign::Robot {
                robot_id,
                scene_id,
                robot_role_id,
            } => Body {
                robot_id,
                scene_id,
                robot_role_id,
                ..body
            },
            Assign::Urobot {
                robot_id,
                scene_id,
                robot_role_id,
            } => Body {
                robot_id: Some(robot_id),
                scene_id: Some(scene_id),
                robot_role_id,
                ..body
            },
            Assign::Agent { agent_id, group_id } => Body {
                agent_id,
                group_id,
                ..body
            },
        };
        account.with_json(stamp, Method::POST, "/im/sessions", &body)
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        let answer = reply::read(Self::API, status, headers, body)?;
        let info = answer.body.get("assign_info").unwrap_or(&Value::Null);
        let message = answer.message;
        match answer.verdict {
            Verdict::Done => {
                if let Some(robot) = robot(&answer.body, info) {
                    return Ok(robot);
                }
                let Some(session) = info.get("im_sub_session_id").and_then(id::integer) else {
                    return Err(without_session());
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
    /// The robot of another maker answers.
    Robot {
        /// Its name and picture.
        robot: Option<Agent>,
        /// What it says first.
        welcome: Option<Answer>,
    },
    /// Udesk's own robot answers.
    Urobot {
        /// The session with it.
        session: Option<UrobotSession>,
        /// Its name and picture.
        robot: Option<Agent>,
        /// What it says first.
        welcome: Option<Answer>,
        /// What the welcome is known by.
        said: Option<UrobotMessage>,
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

/// The robot that was assigned, if one was. Which it is, `assign_type` says, or else what only it tells of itself.
fn robot(body: &Value, info: &Value) -> Option<Response> {
    let named = body.get("assign_type").and_then(text::filled);
    let holds = |name| info.get(name).is_some();
    let kind = match named.as_deref() {
        Some(kind) => kind,
        None if holds("im_sub_session_id") => "agent",
        None if holds("sessionId") => "urobot",
        None if holds("robot_name") => "robot",
        None => "agent",
    };
    match kind {
        "robot" => Some(Response::Robot {
            robot: face(info, "robot_name", "robot_avatar"),
            welcome: Answer {
                content: first(info, &["welcome_message"]).unwrap_or_default(),
                suggestions: Vec::new(),
                answered: None,
            }
            .filled(),
        }),
        "urobot" => Some(Response::Urobot {
            session: urobot_session(info),
            robot: face(info, "robotName", "logoUrl"),
            welcome: Answer {
                content: first(info, &["helloWord", "leadingWord"]).unwrap_or_default(),
                suggestions: top_ask(info).collect(),
                answered: None,
            }
            .filled(),
            said: urobot_session(info)
                .zip(info.get("logId").and_then(id::integer))
                .map(|(session, log)| UrobotMessage {
                    session,
                    log: Id(log),
                }),
        }),
        _ => None,
    }
}

fn urobot_session(info: &Value) -> Option<UrobotSession> {
    let session = info.get("sessionId").and_then(id::integer)?;
    Some(UrobotSession(Id(session)))
}

fn face(info: &Value, name: &str, avatar: &str) -> Option<Agent> {
    let robot = Agent {
        id: None,
        name: first(info, &[name]),
        avatar: first(info, &[avatar]),
    };
    (robot != Agent::default()).then_some(robot)
}

/// What is often asked, in groups. The page writes "quesition" throughout.
fn top_ask(info: &Value) -> impl Iterator<Item = crate::message::Suggestion> {
    let options = each(info.get("topAsk")).flat_map(|group| each(group.get("optionsList")));
    options.filter_map(|one| {
        let texts = ["quesition", "question"];
        let question = question(one, &texts, &["quesitionId", "questionId"])?;
        Some(crate::message::Suggestion {
            frequent: true,
            ..countable(question)
        })
    })
}

/// Success, but of what? Asking again does no harm.
fn without_session() -> Refusal {
    Refusal {
        fate: Fate::RetryMaybeArrived,
        code: Some(super::Code::Success),
        message: "assigned, but assign_info.im_sub_session_id is missing".to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        message::Action,
        vendor::udesk::{
            Code,
            account::tests::{ACCOUNT, STAMP, unsigned},
        },
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
    const UROBOT_REQUEST: &str =
        include_str!("../../../../tests/fixtures/udesk/create_session.urobot.request.json");
    const SURVEY_OPTIONS: &str =
        include_str!("../../../../tests/fixtures/udesk/survey_options.json");

    fn ok(body: &str) -> Response {
        Request::read(200, &HeaderMap::new(), body.as_bytes()).unwrap()
    }

    // What the endpoint is told goes into the body, the query only signs. Contradiction 4 beside it: ids are written
    // as numbers.
    #[test]
    fn contradiction_3_asks_in_the_body_as_the_page_does() {
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
    fn contradiction_8_queued_and_assigning_are_told_apart() {
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
    fn contradiction_9_nobody_online_is_a_state() {
        assert_eq!(
            ok(OFFLINE),
            Response::Offline {
                message: "There is no customer service online at the moment".into()
            }
        );
    }

    #[test]
    fn success_without_a_session() {
        for body in [
            r#"{"code":1000}"#,
            r#"{"code":1000,"assign_type":"agent"}"#,
            r#"{"code":1000,"assign_type":"oracle"}"#,
            r#"{"code":1000,"assign_info":{"im_sub_session_id":"x"}}"#,
        ] {
            let refusal = Request::read(200, &HeaderMap::new(), body.as_bytes()).unwrap_err();
            let told = (refusal.fate, refusal.code);
            assert_eq!(
                told,
                (Fate::RetryMaybeArrived, Some(Code::Success)),
                "{body}"
            );
        }
    }

    fn asked(assign: Assign<'_>) -> Value {
        let request = Request {
            customer_token: "test20191018224601",
            assign,
            channel: None,
        };
        serde_json::from_slice(request.to_http(&ACCOUNT, STAMP).unwrap().body()).unwrap()
    }

    #[test]
    fn asks_for_a_urobot_as_the_page_does() {
        let page: Value = serde_json::from_str(UROBOT_REQUEST).unwrap();
        let (robot_id, scene_id) = (Id(12_362), Id(39));
        let urobot = |robot_role_id| Assign::Urobot {
            robot_id,
            scene_id,
            robot_role_id,
        };
        assert_eq!(asked(urobot(None)), page);
        assert_eq!(asked(urobot(Some("7")))["robot_role_id"], "7");
    }

    #[test]
    fn asks_for_a_robot() {
        let plain = Assign::Robot {
            robot_id: None,
            scene_id: None,
            robot_role_id: None,
        };
        assert_eq!(
            asked(plain),
            json!({"customer_token": "test20191018224601", "assign_type": "robot"})
        );
        let full = Assign::Robot {
            robot_id: Some(Id(1)),
            scene_id: Some(Id(2)),
            robot_role_id: Some("vip"),
        };
        assert_eq!(
            asked(full),
            json!({
                "customer_token": "test20191018224601", "assign_type": "robot",
                "robot_id": 1, "scene_id": 2, "robot_role_id": "vip",
            })
        );
    }

    #[test]
    fn a_robot_with_its_welcome() {
        let Response::Robot { robot, welcome } = ok(ROBOT) else {
            unreachable!()
        };
        let robot = robot.unwrap();
        assert_eq!(robot.name.unwrap(), "Udesk Customer Service Robot");
        assert!(
            robot
                .avatar
                .unwrap()
                .starts_with("https://rd-dota.udesk.cn/")
        );
        let welcome = welcome.unwrap();
        assert!(
            welcome
                .content
                .starts_with("<p>Hello, I am the intelligent")
        );
        assert_eq!(welcome.suggestions, []);
    }

    #[test]
    fn a_urobot_with_its_session_and_what_is_often_asked() {
        let Response::Urobot {
            session,
            robot,
            welcome,
            said,
        } = ok(UROBOT)
        else {
            unreachable!()
        };
        assert_eq!(session, Some(UrobotSession(Id(23_702))));
        assert_eq!(said.unwrap().to_string(), "urobot:23702:55392");
        let robot = robot.unwrap();
        assert_eq!((robot.name.as_deref(), robot.avatar), (Some("Test"), None));
        let welcome = welcome.unwrap();
        assert_eq!(welcome.content, "Hello, it's my pleasure to serve you!");
        let asked: Vec<_> = welcome
            .suggestions
            .iter()
            .map(|one| (one.text.as_str(), one.id.as_deref()))
            .collect();
        assert_eq!(
            asked,
            [("Question 1", Some("2122")), ("Question 2", Some("3222"))]
        );
        for one in &welcome.suggestions {
            assert!(one.frequent && one.action == Some(Action::Click), "{one:?}");
        }
    }

    // Contradiction 17 among them: sessionId as text.
    #[test]
    fn robots_that_tell_little_of_themselves() {
        let silent = Response::Robot {
            robot: None,
            welcome: None,
        };
        for body in [
            r#"{"code":1000,"assign_type":"robot"}"#,
            r#"{"code":1000,"assign_info":{"robot_name":""}}"#,
            r#"{"code":1000,"assign_type":"robot","assign_info":{"welcome_message":null}}"#,
        ] {
            assert_eq!(ok(body), silent, "{body}");
        }
        let body = json!({
            "code": 1000,
            "assign_info": {"sessionId": "23702", "leadingWord": "Hi", "helloWord": " ", "topAsk": {}},
        });
        let Response::Urobot {
            session, welcome, ..
        } = ok(&body.to_string())
        else {
            unreachable!()
        };
        assert_eq!(session, Some(UrobotSession(Id(23_702))));
        assert_eq!(welcome.unwrap().content, "Hi");
    }
}
