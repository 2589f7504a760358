//! What customers say about agents and robots, and what they do at Udesk's own robot beside writing, as Udesk's calls.

use crate::{
    error::{Error, Kind, VendorFault},
    outgoing::Task,
    session::{Robot, Session},
    vendor::{
        Vendor,
        udesk::{
            Id, UrobotMessage, UrobotSession, answer_survey, flow, hit, robot_evaluation,
            robot_survey, survey, transfer_survey,
        },
    },
};

/// The call that such a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Feedback<'a> {
    Session(survey::Request<'a>),
    Robot(robot_survey::Request<'a>),
    Answer(answer_survey::Request<'a>),
    Evaluation(robot_evaluation::Request<'a>),
    Flow(flow::Request<'a>),
    Click(hit::Request<'a>),
    Transfer(transfer_survey::Request),
}

impl<'a> Feedback<'a> {
    /// `None` for a task of another kind.
    ///
    /// # Errors
    /// Where Udesk could not be told.
    pub(super) fn of(session: &'a Session, task: &'a Task) -> Result<Option<Self>, Error> {
        let customer_token = session.customer.as_str();
        Ok(Some(match task {
            Task::Register { .. }
            | Task::Open { .. }
            | Task::Message { .. }
            | Task::Close
            | Task::HandOn { .. }
            | Task::Read { .. } => return Ok(None),
            Task::RateSession { tags, .. } if !tags.is_empty() => {
                let why = "leave it out: Udesk's survey takes no labels";
                return Err(Error::field("tags", why));
            }
            Task::RateSession {
                vendor_session,
                option,
                remark,
                resolved,
                tags: _,
            } => Self::Session(survey::Request {
                im_sub_session_id: number("about", vendor_session)?,
                option_id: number("option", option)?,
                remark: remark.as_deref(),
                resolved: *resolved,
            }),
            Task::RateRobot {
                robot,
                option,
                remark,
            } => Self::Robot(robot_survey::Request {
                customer_token,
                im_sub_session_id: visit(robot)?,
                option_id: satisfaction(option)?,
                remark: remark.as_deref(),
                robot_id: Id(robot.id),
                scene_id: Id(robot.scene),
            }),
            Task::RateAnswer {
                vendor_id,
                question,
                robot,
                path,
                useful,
            } => match (said(vendor_id), question) {
                (Some(said), _) => {
                    let robot = robot.as_ref().ok_or_else(earlier)?;
                    is_of(&said, robot)?;
                    Self::Answer(answer_survey::Request {
                        customer_token,
                        message_id: said.log,
                        im_sub_session_id: said.session,
                        useful: *useful,
                        robot_id: Id(robot.id),
                        scene_id: Id(robot.scene),
                    })
                }
                (None, Some(question)) => Self::Evaluation(robot_evaluation::Request {
                    path: path.as_deref().ok_or_else(no_path)?,
                    customer_token,
                    message_id: vendor_id,
                    question_id: number("message_id", question)?,
                    useful: *useful,
                }),
                (None, None) => {
                    return Err(Error::new(
                        Kind::InvalidRequest,
                        "this message answers no question, so there is nothing to rate",
                    ));
                }
            },
            Task::TakeStep { robot, flow } => Self::Flow(flow::Request {
                customer_token,
                im_sub_session_id: visit(robot)?,
                flow_id: number("id", flow)?,
                robot_id: Id(robot.id),
                scene_id: Id(robot.scene),
            }),
            Task::CountClick {
                robot,
                vendor_id,
                question_id,
                question,
                frequent,
            } => {
                let said = said(vendor_id).ok_or_else(earlier)?;
                is_of(&said, robot)?;
                Self::Click(hit::Request {
                    customer_token,
                    message_id: said.log,
                    im_sub_session_id: said.session,
                    robot_id: Id(robot.id),
                    scene_id: Id(robot.scene),
                    question_id: number("id", question_id)?,
                    question: Some(question),
                    query_type: match frequent {
                        true => hit::QueryType::Frequent,
                        false => hit::QueryType::Suggested,
                    },
                })
            }
            Task::CountTransfer { robot } => Self::Transfer(transfer_survey::Request {
                im_sub_session_id: visit(robot)?,
                robot_id: Id(robot.id),
                scene_id: Id(robot.scene),
            }),
        }))
    }
}

fn number(field: &str, id: &str) -> Result<Id, Error> {
    let number = id.parse().ok().map(Id);
    number.ok_or_else(|| Error::field(field, "Udesk's ids are whole numbers"))
}

fn satisfaction(option: &str) -> Result<robot_survey::Satisfaction, Error> {
    robot_survey::Satisfaction::ALL
        .into_iter()
        .find(|known| known.number().to_string() == option)
        .ok_or_else(|| {
            let message = "a robot is rated 2 (satisfied), 3 (average) or 4 (unsatisfied)";
            Error::field("option", message)
        })
}

/// Udesk's session with the robot.
fn visit(robot: &Robot) -> Result<UrobotSession, Error> {
    let session = robot.session.as_deref().and_then(UrobotSession::parse);
    session.ok_or_else(|| {
        Error::vendor_refused(VendorFault {
            name: Vendor::Udesk.name().to_owned(),
            code: None,
            message: "it named no session with its robot".to_owned(),
        })
    })
}

/// What a robot's message is known by at Udesk; namesakes are told apart by what follows a `#`.
fn said(vendor_id: &str) -> Option<UrobotMessage> {
    let id = vendor_id.split_once('#').map_or(vendor_id, |(id, _)| id);
    UrobotMessage::parse(id)
}

/// The ids of the robot that was met last belong to what that robot said alone.
fn is_of(said: &UrobotMessage, robot: &Robot) -> Result<(), Error> {
    match robot.session.as_deref().and_then(UrobotSession::parse) {
        Some(session) if session != said.session => Err(earlier()),
        _ => Ok(()),
    }
}

fn earlier() -> Error {
    Error::new(
        Kind::InvalidRequest,
        "another robot than the customer's last one said this; only the last one's messages can be told to Udesk",
    )
}

fn no_path() -> Error {
    Error::new(
        Kind::VendorNotConfigured,
        "Udesk does not publish where answers of this robot are rated: ask Udesk, and set UDESK_ROBOT_EVALUATION_PATH",
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::ids::CustomerId;

    fn session() -> Session {
        Session::opening(Vendor::Udesk, CustomerId::parse("DE").unwrap(), None, 0)
    }

    fn robot(session: Option<&str>) -> Robot {
        Robot {
            id: 12_362,
            scene: 39,
            session: session.map(str::to_owned),
        }
    }

    fn rating(
        vendor_id: &str,
        question: Option<&str>,
        path: Option<&str>,
        robot: Option<Robot>,
    ) -> Task {
        Task::RateAnswer {
            vendor_id: vendor_id.to_owned(),
            question: question.map(str::to_owned),
            robot,
            path: path.map(str::to_owned),
            useful: true,
        }
    }

    fn refused(task: &Task) -> (Kind, Option<String>) {
        let session = session();
        let error = Feedback::of(&session, task).unwrap_err();
        (error.kind(), error.at_field().map(str::to_owned))
    }

    #[test]
    fn an_answer_is_rated_by_its_log_and_session() {
        let session = session();
        let met = robot(Some("urobot:7"));
        for vendor_id in ["urobot:7:55", "urobot:7:55#1"] {
            let task = rating(vendor_id, None, None, Some(met.clone()));
            let call = Feedback::of(&session, &task).unwrap();
            let Some(Feedback::Answer(request)) = call else {
                unreachable!("{call:?}")
            };
            assert_eq!(request.message_id, Id(55));
            assert_eq!(request.im_sub_session_id, UrobotSession(Id(7)));
        }
    }

    #[test]
    fn what_another_robot_said_earlier_cannot_be_told() {
        for met in [None, Some(robot(Some("urobot:8")))] {
            let task = rating("urobot:7:55", None, None, met);
            assert_eq!(refused(&task), (Kind::InvalidRequest, None));
        }
    }

    #[test]
    fn another_makers_answer_needs_a_path_and_a_question() {
        let said = "f862f80d-89aa-4f31-92d9-ccd4fcacffcf";
        let task = rating(said, Some("210530"), None, None);
        assert_eq!(refused(&task), (Kind::VendorNotConfigured, None));
        let session = session();
        let task = rating(said, Some("210530"), Some("/im/x"), None);
        let call = Feedback::of(&session, &task).unwrap();
        let Some(Feedback::Evaluation(request)) = call else {
            unreachable!("{call:?}")
        };
        assert_eq!((request.path, request.message_id), ("/im/x", said));
        assert_eq!(request.question_id, Id(210_530));
        let greeting = rating(said, None, Some("/im/x"), None);
        assert_eq!(refused(&greeting), (Kind::InvalidRequest, None));
    }

    #[test]
    fn a_robot_is_rated_two_to_four() {
        let session = session();
        let rated = |option: &str| Task::RateRobot {
            robot: robot(Some("urobot:7")),
            option: option.to_owned(),
            remark: None,
        };
        for option in ["2", "3", "4"] {
            assert!(Feedback::of(&session, &rated(option)).is_ok());
        }
        for option in ["1", "5", "", "two", "02"] {
            let wanted = (Kind::InvalidRequest, Some("option".to_owned()));
            assert_eq!(refused(&rated(option)), wanted, "{option}");
        }
    }

    #[test]
    fn nothing_is_said_of_a_visit_that_udesk_did_not_name() {
        let task = Task::CountTransfer { robot: robot(None) };
        assert_eq!(refused(&task), (Kind::VendorRefused, None));
    }

    #[test]
    fn frequent_questions_and_proposed_ones_are_counted_apart() {
        let session = session();
        for (frequent, number) in [(true, 6), (false, 7)] {
            let task = Task::CountClick {
                robot: robot(Some("urobot:7")),
                vendor_id: "urobot:7:55".to_owned(),
                question_id: "434".to_owned(),
                question: "Question 1".to_owned(),
                frequent,
            };
            let call = Feedback::of(&session, &task).unwrap();
            let Some(Feedback::Click(request)) = call else {
                unreachable!("{call:?}")
            };
            assert_eq!(request.query_type.number(), number);
            assert_eq!(request.question, Some("Question 1"));
        }
    }
}
