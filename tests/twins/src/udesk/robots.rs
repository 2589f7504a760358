//! The robots: who they are, what they know, and how what they say is pushed. There are two kinds,
//! `robot`, of another maker, which a company has one of, and `urobot`, Udesk's own, each in scenes.
//!
//! What the page leaves unsaid is decided here: a robot, or a scene, that does not exist is refused
//! as absent (2015, general table); who is with an agent already stays there, whomever they ask for.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::desk::{Author, Desk, Entry, Standing};
use super::open_api::{Done, Outgoing, Request};
use super::refusal::{self, Refusal};
use super::switches::Switches;

/// A robot and what it knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Robot {
    /// `robot_id`
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The URL of its picture.
    pub avatar: Option<String>,
    /// The scenes in which it answers.
    pub scenes: Vec<i64>,
    /// What it says first.
    pub hello: String,
    /// What it says to what it does not know.
    pub unknown: String,
    /// What it knows.
    pub answers: Vec<Answer>,
    /// The steps of its flows (Udesk's own).
    pub flows: Vec<Flow>,
}

/// A step of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// `flowId`
    pub id: i64,
    /// `flowTitle`
    pub title: String,
    /// `flowContent`: HTML, with buttons that lead to other steps.
    pub content: String,
}

impl Flow {
    fn new(id: i64, title: &str, content: &str) -> Self {
        Self {
            id,
            title: title.to_owned(),
            content: content.to_owned(),
        }
    }
}

/// What a robot answers to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// `question_id`, or `aid`.
    pub id: i64,
    /// The question, as the customer must ask it.
    pub question: String,
    /// The answer, HTML.
    pub answer: String,
    /// Questions that it proposes beside.
    pub related: Vec<String>,
    /// The flow that it begins.
    pub flow: Option<Flow>,
}

impl Answer {
    fn new(id: i64, question: &str, answer: &str, related: &[&str]) -> Self {
        Self {
            id,
            question: question.to_owned(),
            answer: answer.to_owned(),
            related: related.iter().map(|text| (*text).to_owned()).collect(),
            flow: None,
        }
    }
}

/// The page's example of a flow.
const FLOW_CONTENT: &str = include_str!("../../../fixtures/udesk/flow_content.html");

impl Robot {
    /// The robot of another maker in the page's examples.
    pub fn of_the_page() -> Self {
        let avatar = "https://rd-dota.udesk.cn/entry/images/agent-avatar-3e6a68e1e1fcb4db653d9e93263f7946.png";
        let answer = "Hi, we are a company that does cloud customer service. Different developments \
                      can communicate and manage users on Weibo and WeChat web.";
        Self {
            id: 1,
            name: "Udesk Customer Service Robot".to_owned(),
            avatar: Some(avatar.to_owned()),
            scenes: vec![1],
            hello: "<p>Hello, I am the intelligent customer service robot, I can answer your related \
                    business questions, ask me anything! It's my pleasure to serve you!</p><p><br/></p>"
                .to_owned(),
            unknown: "<p>I'm sorry, I can only answer common business-related questions!</p>"
                .to_owned(),
            answers: vec![Answer::new(
                210_530,
                "What is the company's business?",
                answer,
                &["Where is the company located", "What are the contact details"],
            )],
            flows: Vec::new(),
        }
    }

    /// Udesk's own robot in the page's examples.
    pub fn urobot_of_the_page() -> Self {
        Self {
            id: 12_362,
            name: "Test".to_owned(),
            avatar: None,
            scenes: vec![39],
            hello: "Hello, it's my pleasure to serve you!".to_owned(),
            unknown: "<p>I do not know that one.</p>".to_owned(),
            answers: vec![
                Answer::new(12, "Account appeal", "Appeal process", &["Question 1"]),
                Answer {
                    flow: Some(Flow::new(80, "Flow A", FLOW_CONTENT)),
                    ..Answer::new(13, "Flow A", "", &[])
                },
            ],
            flows: vec![Flow::new(
                81,
                "Flow subitem A jumps to subitem -1",
                "<p>This is subitem -1</p>",
            )],
        }
    }

    /// What it answers to `question`, however that is capitalised.
    fn answer_to(&self, question: &str) -> Option<&Answer> {
        let asked = question.trim().to_lowercase();
        self.answers
            .iter()
            .find(|answer| answer.question.to_lowercase() == asked)
    }
}

/// `POST /im/sessions` with `assign_type` robot.
pub(crate) fn assign_robot(
    request: &mut Request<'_>,
    customer: &str,
    robot_id: Option<i64>,
    scene_id: Option<i64>,
) -> Result<Done, Refusal> {
    let Some(robot) = &request.config.robot else {
        return Err(Refusal::new(
            refusal::NOT_ACTIVATED,
            "robot is not activated",
        ));
    };
    let is_other = robot_id.is_some_and(|id| id != robot.id)
        || scene_id.is_some_and(|id| !robot.scenes.contains(&id));
    if is_other {
        return Err(absent());
    }
    request.desk.meet(customer, Standing::Robot);
    Ok(Done::answer(json!({
        "code": refusal::OK,
        "message": "Request successful",
        "assign_type": "robot",
        "assign_info": {
            "robot_name": robot.name,
            "robot_avatar": robot.avatar,
            "welcome_message": robot.hello,
            "unknow_message": robot.unknown,
        }
    })))
}

/// `POST /im/sessions` with `assign_type` urobot.
pub(crate) fn assign_urobot(
    request: &mut Request<'_>,
    customer: &str,
    robot_id: i64,
    scene_id: i64,
) -> Result<Done, Refusal> {
    let mut urobots = request.config.urobots.iter();
    let robot = urobots
        .find(|robot| robot.id == robot_id && robot.scenes.contains(&scene_id))
        .ok_or_else(absent)?;
    let session = match request.desk.standing(customer) {
        // Who is with it already stays in that session.
        Standing::Urobot {
            session,
            robot,
            scene,
        } if (robot, scene) == (robot_id, scene_id) => session,
        _ => request.desk.new_session_id(),
    };
    let standing = Standing::Urobot {
        session,
        robot: robot_id,
        scene: scene_id,
    };
    request.desk.meet(customer, standing);
    let log = request.desk.log_id();
    request.desk.conversation(customer).entries.push(Entry {
        from: Author::Robot,
        message_id: log.to_string(),
        im_sub_session_id: -1,
        kind: "message".to_owned(),
        content: robot.hello.clone(),
        data: json!({"content": robot.hello}),
        at: request.now,
        read: false,
        to_offline: false,
        left_for: None,
    });
    let asked: Vec<Value> = robot
        .answers
        .iter()
        .map(|answer| json!({"quesition": answer.question, "quesitionId": answer.id}))
        .collect();
    Ok(Done::answer(json!({
        "code": refusal::OK,
        "message": "Request successful",
        "assign_type": "urobot",
        "assign_info": {
            "sessionId": session,
            "logId": log,
            "robotName": robot.name,
            "logoUrl": robot.avatar,
            "leadingWord": robot.hello,
            "helloWord": robot.hello,
            "topAsk": [{"quesitionType": "Question Type 1", "quesitionTypeId": 2, "optionsList": asked}],
        }
    })))
}

fn absent() -> Refusal {
    Refusal::new(refusal::ABSENT, "The robot or its scene does not exist")
}

/// Whether a message to 0 or -1 reaches the robot that the customer is with.
pub(crate) fn check(
    standing: &Standing,
    target: i64,
    robot_id: Option<i64>,
    scene_id: Option<i64>,
    session: Option<i64>,
) -> Result<(), Refusal> {
    match (standing, target) {
        (Standing::Robot, 0) => Ok(()),
        (
            Standing::Urobot {
                session: open,
                robot,
                scene,
            },
            -1,
        ) => {
            if robot_id != Some(*robot) || scene_id != Some(*scene) {
                Err(absent())
            } else if session.is_some_and(|session| session != *open) {
                Err(Refusal::session_gone())
            } else {
                Ok(())
            }
        }
        _ => Err(Refusal::session_gone()),
    }
}

/// What the robot answers to a customer's message by itself.
pub(crate) fn answer(
    request: &mut Request<'_>,
    customer: &str,
    question: &str,
) -> Option<Outgoing> {
    let standing = request.desk.standing(customer);
    let robot = match &standing {
        Standing::Robot => request.config.robot.as_ref(),
        Standing::Urobot { robot: id, .. } => {
            let mut urobots = request.config.urobots.iter();
            urobots.find(|robot| robot.id == *id)
        }
        _ => None,
    }?;
    let unknown = Answer::new(0, question, &robot.unknown, &[]);
    let answer = robot.answer_to(question).unwrap_or(&unknown);
    let (now, switches) = (request.now, request.switches);
    let (_, body) = say(request.desk, customer, &standing, answer, now, switches);
    Some(Outgoing {
        customer: customer.to_owned(),
        body,
    })
}

/// A step of a flow that the customer took: what the robot that they met last says to it.
pub(crate) fn step(request: &mut Request<'_>, customer: &str, flow: i64) -> Option<Value> {
    let standing = request.desk.conversation(customer).robot.clone()?;
    let Standing::Urobot { robot: id, .. } = standing else {
        return None;
    };
    let mut urobots = request.config.urobots.iter();
    let robot = urobots.find(|robot| robot.id == id)?;
    let step = robot.flows.iter().find(|step| step.id == flow)?;
    let answer = Answer {
        flow: Some(step.clone()),
        ..Answer::new(1, &step.title, "", &[])
    };
    let (now, switches) = (request.now, request.switches);
    Some(say(request.desk, customer, &standing, &answer, now, switches).1)
}

/// An answer nobody asked for: what a test has a robot say.
pub(crate) fn words(text: &str) -> Answer {
    Answer::new(1, "", text, &[])
}

/// Notes what a robot says; gives its id and the body of its push.
pub(crate) fn say(
    desk: &mut Desk,
    customer: &str,
    standing: &Standing,
    answer: &Answer,
    now: Timestamp,
    switches: &Switches,
) -> (String, Value) {
    let (id, target, body) = match standing {
        Standing::Urobot { session, .. } => {
            let log = desk.log_id();
            let kind = match (answer.id, answer.related.is_empty()) {
                (0, _) => 6,
                (_, true) => 1,
                (_, false) => 2,
            };
            let suggestions: Vec<Value> = (434..)
                .zip(&answer.related)
                .map(|(id, text)| json!({"id": id, "content": text, "type": 1}))
                .collect();
            let mut inner = json!({
                "sessionId": session,
                "logId": log,
                "aid": answer.id,
                "ansContent": answer.answer,
                "ansType": kind,
                "hitQuestion": answer.question,
                "suggestQuestionList": suggestions,
            });
            if let (Some(flow), Some(inner)) = (&answer.flow, inner.as_object_mut()) {
                inner.insert("flowId".to_owned(), json!(flow.id));
                inner.insert("flowTitle".to_owned(), json!(flow.title));
                inner.insert("flowContent".to_owned(), json!(flow.content));
            }
            let wrapped = if switches.urobot_list {
                json!([inner])
            } else {
                inner.clone()
            };
            let body = if switches.urobot_envelope {
                json!({"customer_token": customer, "assign_type": "urobot", "messages": wrapped})
            } else {
                inner
            };
            (log.to_string(), -1, body)
        }
        _ => {
            let id = desk.message_id();
            let related: Vec<Value> = answer
                .related
                .iter()
                .map(|text| json!({"question_title": text}))
                .collect();
            let message = json!({
                "type": "message",
                "message_id": id,
                "data": {
                    "question_id": answer.id,
                    "question_title": answer.question,
                    "answer": answer.answer,
                    "gus_list": [],
                    "relate_list": related,
                    "third_url": {"url": "https://www.udesk.cn"},
                }
            });
            let body =
                json!({"customer_token": customer, "assign_type": "robot", "messages": [message]});
            (id, 0, body)
        }
    };
    desk.conversation(customer).entries.push(Entry {
        from: Author::Robot,
        message_id: id.clone(),
        im_sub_session_id: target,
        kind: "message".to_owned(),
        content: answer.answer.clone(),
        data: json!({
            "content": answer.answer,
            "question_id": answer.id,
            "flowContent": answer.flow.as_ref().map(|flow| &flow.content),
        }),
        at: now,
        read: false,
        to_offline: false,
        left_for: None,
    });
    (id, body)
}
