//! `DELETE /im/sessions/destroy_session`: closed sessions are erased, by the time at which they began.

use serde_json::json;

use super::lookups::time;
use super::open_api::{Done, Request};
use super::refusal::{self, Refusal};

pub(crate) fn destroy(request: &mut Request<'_>) -> Result<Done, Refusal> {
    let start = time("start_time", request.query("start_time")?)?.as_second();
    let end = time("end_time", request.query("end_time")?)?.as_second();
    let customer: Option<i64> = match request.query("customer_id") {
        Ok(id) => Some(
            id.parse()
                .map_err(|_| super::input::invalid("customer_id", "Int"))?,
        ),
        Err(_) => None,
    };
    let mut conversations: Vec<_> = request.desk.conversations.values_mut().collect();
    if let Some(id) = customer {
        conversations.retain(|one| one.id == id);
        if conversations.is_empty() {
            return Err(Refusal::new(refusal::ABSENT, "The customer does not exist"));
        }
    }
    for conversation in conversations {
        let goes = |session: &super::desk::Session| {
            !session.open && (start..=end).contains(&session.began.as_second())
        };
        let gone: Vec<_> = conversation
            .sessions
            .iter()
            .filter(|one| goes(one))
            .map(|one| one.id)
            .collect();
        conversation.sessions.retain(|one| !gone.contains(&one.id));
        conversation
            .entries
            .retain(|one| !gone.contains(&one.im_sub_session_id));
    }
    Ok(Done::answer(json!({"code": refusal::OK})))
}
