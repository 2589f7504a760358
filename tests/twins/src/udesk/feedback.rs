//! What customers say about agents and robots, and what they click on: `POST /im/sessions/survey`,
//! `/im/sessions/robot_survey`, `/im/messages/answer_survey`, `/im/messages/flow`, `/im/messages/hit`,
//! `/im/sessions/transfer_survey`, and the evaluation of a robot's answer, whose path the page leaves out.
//!
//! What the page leaves unsaid is decided here: a session that never was is 9200; a robot, scene, message or flow that
//! is not the customer's is absent (2015, general table); an option or a number that the tables do not list is
//! invalid (2005). A rating of the same thing again is taken as another one.

use serde_json::{Value, json};

use super::desk::{Author, Feedback, Standing, survey_options};
use super::input::{Fields, invalid};
use super::open_api::{Done, Outgoing, Request};
use super::refusal::{self, Refusal};
use super::robots;

/// Fields of `POST /im/sessions/survey`.
pub(crate) const SESSION_FIELDS: &[&str] = &[
    "im_sub_session_id",
    "option_id",
    "remark",
    "resolved_state_v2",
];
/// Fields of `POST /im/sessions/robot_survey`.
pub(crate) const ROBOT_FIELDS: &[&str] = &[
    "customer_token",
    "im_sub_session_id",
    "option_id",
    "remark",
    "robot_id",
    "scene_id",
];
/// Fields of `POST /im/messages/answer_survey`.
pub(crate) const ANSWER_FIELDS: &[&str] = &[
    "customer_token",
    "message_id",
    "im_sub_session_id",
    "option_id",
    "robot_id",
    "scene_id",
];
/// Fields of `POST /im/messages/flow`, as its table has them.
pub(crate) const FLOW_FIELDS: &[&str] = &[
    "customer_token",
    "im_sub_session_id",
    "flow_id",
    "robot_id",
    "scene_id",
];
/// Fields of `POST /im/messages/hit`; the page's table lacks `scene_id` and `question_id`, its example has them.
pub(crate) const HIT_FIELDS: &[&str] = &[
    "customer_token",
    "im_sub_session_id",
    "message_id",
    "robot_id",
    "scene_id",
    "question_id",
    "question",
    "query_type",
];
/// Fields of `POST /im/sessions/transfer_survey`.
pub(crate) const TRANSFER_FIELDS: &[&str] = &["im_sub_session_id", "robot_id", "scene_id"];
/// Fields of the robot's evaluation.
pub(crate) const EVALUATION_FIELDS: &[&str] =
    &["customer_token", "message_id", "question_id", "useful"];

const THANKS: &str = "Thank you for your feedback";

fn thanks() -> Done {
    Done::answer(json!({"code": refusal::OK, "message": THANKS}))
}

fn absent(what: &str) -> Refusal {
    Refusal::new(refusal::ABSENT, format!("The {what} does not exist"))
}

fn required_id(body: Fields<'_>, name: &str) -> Result<i64, Refusal> {
    body.id(name)?.ok_or_else(|| body.missing(name))
}

/// A whole number that is no id: never a String.
fn required_number(body: Fields<'_>, name: &str) -> Result<i64, Refusal> {
    let number = body.number(name)?.ok_or_else(|| body.missing(name))?;
    body.id(name)
        .ok()
        .flatten()
        .filter(|_| number.fract() == 0.0)
        .ok_or_else(|| invalid(name, "Int"))
}

/// Keeps what was said for whoever asks.
fn keep(request: &mut Request<'_>, customer: &str, api: &str, body: Fields<'_>) {
    let feedback = Feedback {
        api: api.to_owned(),
        fields: body.raw(),
    };
    request.desk.conversation(customer).feedback.push(feedback);
}

pub(crate) fn session(request: &mut Request<'_>) -> Result<Done, Refusal> {
    let body = request.json(refusal::MISSING)?;
    let session = required_id(body, "im_sub_session_id")?;
    let option = required_id(body, "option_id")?;
    let remark = body.text("remark")?.unwrap_or_default();
    if body.number("resolved_state_v2")?.is_some()
        && !matches!(required_number(body, "resolved_state_v2")?, 0 | 1)
    {
        return Err(invalid("resolved_state_v2", "0 or 1"));
    }
    let customer = request
        .desk
        .with_session(session)
        .map(|conversation| conversation.customer.clone())
        .ok_or_else(Refusal::session_gone)?;
    match remark_option(option) {
        None => return Err(invalid("option_id", "an option of the shown type")),
        Some(rule) if rule == "required" && remark.trim().is_empty() => {
            return Err(body.missing("remark"));
        }
        Some(rule) if rule == "hide" && !remark.is_empty() => {
            return Err(invalid("remark", "empty for this option"));
        }
        Some(_) => {}
    }
    keep(request, &customer, "POST /im/sessions/survey", body);
    Ok(thanks())
}

/// Whether the option takes a remark; `None` where the form that is shown has no such option.
fn remark_option(option: i64) -> Option<String> {
    let survey = survey_options();
    let form = survey.get(survey.get("show_type")?.as_str()?)?;
    let mut options = form.get("options")?.as_array()?.iter();
    let option = options.find(|one| one.get("id") == Some(&json!(option)))?;
    option.get("remark_option")?.as_str().map(str::to_owned)
}

/// The customer has met this robot, in this scene and session.
fn met(request: &mut Request<'_>, body: Fields<'_>) -> Result<String, Refusal> {
    let customer = body.required_text("customer_token")?.to_owned();
    let session = required_id(body, "im_sub_session_id")?;
    let robot_id = required_id(body, "robot_id")?;
    let scene_id = required_id(body, "scene_id")?;
    let last = request.desk.conversation(&customer).robot.clone();
    is(last.as_ref(), session, robot_id, scene_id)?;
    Ok(customer)
}

fn is(robot: Option<&Standing>, session: i64, robot_id: i64, scene_id: i64) -> Result<(), Refusal> {
    match robot {
        Some(Standing::Urobot {
            session: own,
            robot,
            scene,
        }) if *own == session => match (*robot, *scene) == (robot_id, scene_id) {
            true => Ok(()),
            false => Err(absent("robot or its scene")),
        },
        _ => Err(Refusal::session_gone()),
    }
}

pub(crate) fn robot(request: &mut Request<'_>) -> Result<Done, Refusal> {
    let body = request.json(refusal::MISSING)?;
    if !matches!(required_number(body, "option_id")?, 2..=4) {
        return Err(invalid("option_id", "2, 3 or 4"));
    }
    body.text("remark")?;
    let customer = met(request, body)?;
    keep(request, &customer, "POST /im/sessions/robot_survey", body);
    Ok(thanks())
}

pub(crate) fn answer(request: &mut Request<'_>) -> Result<Done, Refusal> {
    let body = request.json(refusal::MISSING)?;
    let log = required_number(body, "message_id")?;
    if !matches!(required_number(body, "option_id")?, 1 | 2) {
        return Err(invalid("option_id", "1 or 2"));
    }
    let customer = met(request, body)?;
    said(request, &customer, &log.to_string())?;
    keep(request, &customer, "POST /im/messages/answer_survey", body);
    Ok(thanks())
}

/// A robot has said this to the customer.
fn said(request: &mut Request<'_>, customer: &str, message_id: &str) -> Result<Value, Refusal> {
    let entries = &request.desk.conversation(customer).entries;
    let mut robots = entries.iter().filter(|one| one.from == Author::Robot);
    let message = robots.find(|one| one.message_id == message_id);
    message
        .map(|one| one.data.clone())
        .ok_or_else(|| absent("message"))
}

pub(crate) fn flow(request: &mut Request<'_>) -> Result<Done, Refusal> {
    let body = request.json(refusal::MISSING)?;
    let flow = required_number(body, "flow_id")?;
    let customer = met(request, body)?;
    // A step that the robot has shown: a button of type 2.
    let button = format!("data-id=\"{flow}\"");
    let entries = &request.desk.conversation(&customer).entries;
    let is_offered = entries.iter().any(|one| {
        let content = one.data.get("flowContent").and_then(Value::as_str);
        let mut buttons = content.unwrap_or_default().split("<b ");
        buttons.any(|tag| tag.contains("data-type=\"2\"") && tag.contains(&button))
    });
    if !is_offered {
        return Err(absent("flow"));
    }
    let pushed = robots::step(request, &customer, flow).ok_or_else(|| absent("flow"))?;
    keep(request, &customer, "POST /im/messages/flow", body);
    let mut done = Done::answer(json!({"code": refusal::OK}));
    done.after.push(Outgoing {
        customer,
        body: pushed,
    });
    Ok(done)
}

pub(crate) fn hit(request: &mut Request<'_>) -> Result<Done, Refusal> {
    let body = request.json(refusal::MISSING)?;
    let log = required_number(body, "message_id")?;
    required_number(body, "query_type")?;
    required_id(body, "question_id")?;
    // The table calls it Int, and "Question content".
    body.text("question")?;
    let customer = met(request, body)?;
    said(request, &customer, &log.to_string())?;
    keep(request, &customer, "POST /im/messages/hit", body);
    Ok(Done::answer(json!({"code": refusal::OK})))
}

pub(crate) fn transfer(request: &mut Request<'_>) -> Result<Done, Refusal> {
    let body = request.json(refusal::MISSING)?;
    let session = required_id(body, "im_sub_session_id")?;
    let robot_id = required_id(body, "robot_id")?;
    let scene_id = required_id(body, "scene_id")?;
    let customer = request
        .desk
        .met_in(session)
        .ok_or_else(Refusal::session_gone)?;
    let last = request.desk.conversation(&customer).robot.clone();
    is(last.as_ref(), session, robot_id, scene_id)?;
    keep(
        request,
        &customer,
        "POST /im/sessions/transfer_survey",
        body,
    );
    Ok(Done::answer(
        json!({"code": refusal::OK, "message": "success"}),
    ))
}

/// Of the robot of another maker.
pub(crate) fn evaluation(request: &mut Request<'_>) -> Result<Done, Refusal> {
    let body = request.json(refusal::MISSING)?;
    let customer = body.required_text("customer_token")?.to_owned();
    let message_id = body.required_text("message_id")?;
    let question = required_number(body, "question_id")?;
    if !body.is_flag("useful")? {
        return Err(body.missing("useful"));
    }
    let data = said(request, &customer, message_id)?;
    // 0 is a greeting, which is no answer to be rated.
    if question == 0 || data.get("question_id") != Some(&json!(question)) {
        return Err(absent("question"));
    }
    keep(request, &customer, "robot Q&A evaluation", body);
    Ok(Done::answer(json!({"code": refusal::OK})))
}
