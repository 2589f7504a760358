//! `POST /im/sessions` asks for an agent or a robot, `DELETE /im/sessions/:session_id` closes a session,
//! `DELETE /im/sessions/close_queue` leaves the queue.

use serde_json::{Value, json};

use super::desk::{Agent, GREETING, Mode, Session, Standing, reply, survey_options};
use super::input::{Fields, invalid};
use super::open_api::{Done, Outgoing, Request};
use super::refusal::{self, Refusal};
use super::register;
use super::robots;
use super::switches::PushStart;

/// Fields of `POST /im/sessions`.
pub(crate) const CREATE_FIELDS: &[&str] = &[
    "customer_token",
    "assign_type",
    "agent_id",
    "group_id",
    "channel",
    "robot_role_id",
    "robot_id",
    "scene_id",
];

pub(crate) fn create(request: &mut Request<'_>) -> Result<Done, Refusal> {
    let body = request.json(refusal::MISSING)?;
    let customer = body.required_text("customer_token")?.to_owned();
    let assign_type = body.text("assign_type")?.unwrap_or("robot");
    let agent_id = body.id("agent_id")?;
    let group_id = body.id("group_id")?;
    body.text("channel")?;
    body.text("robot_role_id")?;
    let robot_id = body.id("robot_id")?;
    let scene_id = body.id("scene_id")?;
    register::must_exist(request, body)?;

    // "if provided, ignores assign_type", says the page of both ids.
    if agent_id.is_none() && group_id.is_none() {
        match assign_type {
            "agent" => {}
            "urobot" if robot_id.is_none() => return Err(body.missing("robot_id")),
            "urobot" if scene_id.is_none() => return Err(body.missing("scene_id")),
            "robot" | "urobot" => {
                if let Some(session) = request.desk.live(&customer) {
                    return Ok(Done::answer(assigned(&session)));
                }
                return match (assign_type, robot_id, scene_id) {
                    ("urobot", Some(robot), Some(scene)) => {
                        robots::assign_urobot(request, &customer, robot, scene)
                    }
                    _ => robots::assign_robot(request, &customer, robot_id, scene_id),
                };
            }
            _ => return Err(invalid("assign_type", "'robot', 'urobot' or 'agent'")),
        }
    }
    let agent = request.agent(agent_id)?;
    if agent_id.is_none()
        && let Some(group) = group_id
        && !request.config.groups.contains(&group)
    {
        return Err(Refusal::new(
            refusal::GROUP_ABSENT,
            "The agent group does not exist",
        ));
    }

    if let Some(session) = request.desk.live(&customer) {
        return Ok(Done::answer(assigned(&session)));
    }
    match request.desk.mode {
        Mode::Online => Ok(begin(request, &customer, agent)),
        Mode::Busy { place } => {
            // Who waits already keeps the place that was given.
            let (place, queue) = match request.desk.standing(&customer) {
                Standing::Queued { place, queue } => (place, queue),
                _ => (place, queue_name(agent_id, group_id)),
            };
            request.desk.queues.enter(&customer, request.now);
            request.desk.conversation(&customer).standing = Standing::Queued {
                place,
                queue: queue.clone(),
            };
            let message = format!(
                "The current customer service is busy, you are in the {} place in line.",
                ordinal(place)
            );
            Ok(Done::answer(waiting(
                refusal::WAITING,
                &message,
                json!({"count": place, "queue": queue}),
            )))
        }
        Mode::Assigning => {
            request.desk.conversation(&customer).standing = Standing::Assigning;
            Ok(Done::answer(waiting(
                refusal::WAITING,
                "Customer service assignment in progress!",
                json!({"count": 0}),
            )))
        }
        Mode::Offline => {
            request.desk.conversation(&customer).standing = Standing::Offline;
            Ok(Done::answer(waiting(
                refusal::NOBODY,
                "There is no customer service online at the moment",
                json!({"count": 0}),
            )))
        }
    }
}

fn begin(request: &mut Request<'_>, customer: &str, agent: Agent) -> Done {
    let session = request.desk.begin(customer, agent);
    let mut done = Done::answer(assigned(&session));
    if request.switches.push_start != PushStart::Off {
        let push = Outgoing {
            customer: customer.to_owned(),
            body: reply(customer, greeting(request, customer, &session)),
        };
        match request.switches.push_start {
            PushStart::BeforeAnswer => done.before.push(push),
            PushStart::AfterAnswer | PushStart::Off => done.after.push(push),
        }
    }
    done
}

fn greeting(request: &mut Request<'_>, customer: &str, session: &Session) -> Vec<Value> {
    GREETING
        .map(|(kind, content)| {
            let data = json!({ "content": content });
            let (now, dates) = (request.now, request.switches.dates);
            request.desk.said(customer, session, kind, data, now, dates)
        })
        .to_vec()
}

fn assigned(session: &Session) -> Value {
    json!({
        "code": refusal::OK,
        "message": "Request successful",
        "assign_type": "agent",
        "assign_info": {
            "im_sub_session_id": session.id,
            "count": 0,
            "agent_id": session.agent.id,
            "agent_name": session.agent.name,
            "agent_avatar": session.agent.avatar,
            "survey_options": survey_options(),
        }
    })
}

fn waiting(code: i64, message: &str, info: Value) -> Value {
    json!({"code": code, "message": message, "assign_type": "agent", "assign_info": info})
}

/// In the form of the page's `queue:company:1:agent:486`.
fn queue_name(agent: Option<i64>, group: Option<i64>) -> String {
    match (agent, group) {
        (Some(agent), _) => format!("queue:company:1:agent:{agent}"),
        (None, Some(group)) => format!("queue:company:1:group:{group}"),
        (None, None) => "queue:company:1:all".to_owned(),
    }
}

fn ordinal(number: u32) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

pub(crate) fn close(request: &mut Request<'_>, id: &str) -> Result<Done, Refusal> {
    let session: i64 = id.parse().map_err(|_| invalid("session_id", "Integer"))?;
    let customer = request
        .desk
        .holder(session)
        .ok_or_else(Refusal::session_gone)?;
    let live = request.desk.live(&customer);
    request.desk.end(&customer);
    let mut done = Done::answer(json!({"code": refusal::OK}));
    if request.switches.push_close_after_delete
        && let Some(live) = live
    {
        let data = close_data("normal");
        let (now, dates) = (request.now, request.switches.dates);
        let item = request
            .desk
            .said(&customer, &live, "close", data, now, dates);
        done.after.push(Outgoing {
            body: reply(&customer, vec![item]),
            customer,
        });
    }
    Ok(done)
}

/// `data` of a `close` event.
pub(crate) fn close_data(close_type: &str) -> Value {
    json!({
        "close_type": close_type,
        "content": "Close the session",
        "survey_options": survey_options(),
    })
}

pub(crate) fn leave_queue(request: &mut Request<'_>) -> Result<Done, Refusal> {
    let customer = request.query("customer_token")?.to_owned();
    let wanted = request.query("queue")?;
    match request.desk.standing(&customer) {
        Standing::Queued { queue, .. } if queue == wanted => {
            request.desk.queues.left(&customer, wanted, request.now);
            request.desk.end(&customer);
            Ok(Done::answer(json!({"code": refusal::OK})))
        }
        _ => Err(Refusal::session_gone()),
    }
}

impl<'a> Request<'a> {
    /// The agent asked for, or whoever is first.
    fn agent(&self, id: Option<i64>) -> Result<Agent, Refusal> {
        let mut agents = self.config.agents.iter();
        match id {
            None => agents.next(),
            Some(id) => agents.find(|agent| agent.id == id),
        }
        .cloned()
        .ok_or_else(|| Refusal::new(refusal::ABSENT, "The agent does not exist"))
    }

    /// A parameter of the query that must be there and not be empty.
    pub(crate) fn query(&self, name: &str) -> Result<&'a str, Refusal> {
        self.query
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Refusal::new(refusal::MISSING, format!("Missing parameters: {name}")))
    }

    /// The JSON body; anything else leaves the parameters missing.
    pub(crate) fn json(&self, missing: i64) -> Result<Fields<'a>, Refusal> {
        let Some(body) = self.body else {
            return Err(Refusal::new(
                missing,
                "Missing parameters: the body must be a JSON object sent as application/json",
            ));
        };
        Ok(Fields::new(body, missing))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn places_read_as_on_the_page() {
        for (number, text) in [
            (1, "1st"),
            (2, "2nd"),
            (3, "3rd"),
            (4, "4th"),
            (11, "11th"),
            (22, "22nd"),
        ] {
            assert_eq!(super::ordinal(number), text);
        }
    }
}
