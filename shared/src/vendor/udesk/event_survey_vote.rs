//! `ImSurveyVote_create`: a customer has rated a session, and Udesk has kept it for the first time.
//!
//! Known: the action. Assumed, from the names that Udesk's session records and its survey call have: the session as in
//! the other events, `survey_option_id` or `option_id`, `survey_option_name` or `option_name`, `survey_remark` or
//! `remark`.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/webhook_v2>

use jiff::{Timestamp, tz::Offset};
use serde_json::Value;

use super::{Id, event::Fields};

/// What a customer thought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurveyVote {
    /// Udesk's id of the session.
    pub session: Option<Id>,
    /// The app's id of the customer.
    pub customer_token: Option<String>,
    /// The option's id.
    pub option: Option<String>,
    /// The option in words.
    pub text: Option<String>,
    /// What the customer wrote beside.
    pub remark: Option<String>,
    /// When.
    pub created_at: Option<Timestamp>,
}

impl SurveyVote {
    pub(super) fn read(message: &Value, offset: Offset) -> Self {
        let fields = Fields::of(message);
        Self {
            session: fields.session(),
            customer_token: fields.customer(),
            option: fields.text(&["survey_option_id", "option_id"]),
            text: fields.text(&["survey_option_name", "option_name"]),
            remark: fields.text(&["survey_remark", "remark"]),
            created_at: fields.date(&["created_at"], offset),
        }
    }
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::*;
    use crate::vendor::udesk::{Push, event::Event};

    #[test]
    fn reads_the_fixture() {
        let body = include_str!("../../../../tests/fixtures/udesk/event.im_survey_vote.json");
        let Ok(Push::Event(Event::SurveyVote(vote))) =
            Push::read(body.as_bytes(), Offset::constant(8))
        else {
            panic!("no vote")
        };
        assert_eq!(vote.session, Some(Id(1_419_314)));
        assert_eq!(vote.customer_token.as_deref(), Some("DE"));
        let said = [&vote.option, &vote.text, &vote.remark].map(Option::as_deref);
        assert_eq!(said, [Some("101"), Some("Satisfied"), Some("Thank you")]);
        let at = vote.created_at.map(|at| at.to_string());
        assert_eq!(at.as_deref(), Some("2018-01-01T02:06:00Z"));
    }
}
