//! `POST {prefix}comment`: a customer rates the chat with an agent.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/7dbd90>

use serde::Serialize;

use super::{
    Refusal,
    answer::{Item, unknown},
    live_chat::{Call, Endpoint},
};
use crate::{
    fate::Fate,
    survey::{Remark, Resolved, ResolvedOption, Show, Survey, SurveyOption},
};

/// The scores.
const SCORES: std::ops::RangeInclusive<u8> = 1..=5;
/// What was not solved, and what was.
const SOLVED: std::ops::RangeInclusive<u32> = 0..=1;

/// A rating.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request<'a> {
    /// The customer. The chat is the customer's present or last one.
    pub partnerid: &'a str,
    /// Who is rated.
    #[serde(rename = "type")]
    pub about: About,
    /// 1 to 5; see [`score`].
    pub score: u8,
    /// 1 where the problem was solved, 0 where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solved: Option<u8>,
    /// The account's own labels, separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// What the customer adds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<&'a str>,
    /// Who began.
    pub comment_type: Began,
}

/// Who is rated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "u8")]
pub enum About {
    /// The robot, of which this API knows nothing here.
    Robot,
    /// The agent.
    Agent,
}

impl From<About> for u8 {
    fn from(about: About) -> Self {
        match about {
            About::Robot => 0,
            About::Agent => 1,
        }
    }
}

/// Who began with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "u8")]
pub enum Began {
    /// The agent asked.
    Invited,
    /// The customer did so without being asked. No push tells of an invitation.
    ByThemselves,
}

impl From<Began> for u8 {
    fn from(began: Began) -> Self {
        match began {
            Began::Invited => 0,
            Began::ByThemselves => 1,
        }
    }
}

/// The score that an option of [`survey`] stands for.
pub fn score(option: &str) -> Option<u8> {
    option.parse().ok().filter(|score| SCORES.contains(score))
}

/// What an answer to the second question of [`survey`] stands for.
pub fn solved(value: u32) -> Option<u8> {
    u8::try_from(value).ok().filter(|_| SOLVED.contains(&value))
}

/// What customers may be asked. Sobot has one survey for all, and shows it in no answer of this API.
pub fn survey() -> Survey {
    let option = |score: u8| SurveyOption {
        id: score.to_string(),
        text: score.to_string(),
        description: None,
        tags: Vec::new(),
        remark: Remark::Optional,
    };
    let answers = [(1, "Solved"), (0, "Unsolved")];
    Survey {
        enabled: true,
        remark_enabled: true,
        show: Show::Star,
        options: SCORES.map(option).collect(),
        resolved: Some(Resolved {
            title: None,
            options: answers
                .map(|(value, name)| ResolvedOption {
                    value,
                    name: name.to_owned(),
                })
                .into(),
            default: None,
        }),
        ..Survey::default()
    }
}

impl Endpoint for Request<'_> {
    const CALL: Call = Call::Comment;
    type Response = Response;

    fn of_item(item: &Item) -> Result<Response, Refusal> {
        match item.status()? {
            // No reason is given, so there is none to believe that a repeat goes better.
            0 => Err(Refusal::of(Fate::Refused, "the rating failed")),
            1 => Ok(Response::Taken),
            2 => Ok(Response::RatedBefore),
            3 => Err(Refusal::of(
                Fate::SessionGone,
                "the customer had no chat that could be rated",
            )),
            other => Err(unknown(other)),
        }
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Response {
    /// 1
    Taken,
    /// 2: there is a rating already, perhaps this one.
    RatedBefore,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::HeaderMap;
    use serde_json::json;

    use super::*;
    use crate::vendor::sobot::{answer::tests::granted, live_chat::tests::body};

    // vendors.md, 2.5: type 1 human, score 1 to 5, solved, tag, remark, comment_type 1 own.
    #[test]
    fn sends_what_the_customer_said() {
        let plain = Request {
            partnerid: "DE",
            about: About::Agent,
            score: 5,
            solved: None,
            tag: None,
            remark: None,
            comment_type: Began::ByThemselves,
        };
        assert_eq!(
            body(&plain),
            json!({"partnerid": "DE", "type": 1, "score": 5, "comment_type": 1})
        );
        let full = Request {
            about: About::Robot,
            score: 1,
            solved: Some(0),
            tag: Some("slow,rude".to_owned()),
            remark: Some("I waited"),
            comment_type: Began::Invited,
            ..plain
        };
        assert_eq!(
            body(&full),
            json!({
                "partnerid": "DE", "type": 0, "score": 1, "solved": 0, "tag": "slow,rude",
                "remark": "I waited", "comment_type": 0,
            })
        );
    }

    // vendors.md, 2.5: 0 failed, 1 ok, 2 already, 3 no chat.
    #[test]
    fn each_status_has_its_meaning() {
        let read = |status| {
            let item = json!({"status": status});
            Request::read(200, &HeaderMap::new(), &granted(&item)).map_err(|refusal| refusal.fate)
        };
        assert_eq!(read(1), Ok(Response::Taken));
        assert_eq!(read(2), Ok(Response::RatedBefore));
        assert_eq!(read(0), Err(Fate::Refused));
        assert_eq!(read(3), Err(Fate::SessionGone));
        assert_eq!(read(4), Err(Fate::Refused));
    }

    #[test]
    fn the_survey_offers_what_the_call_takes() {
        let survey = survey();
        for option in &survey.options {
            assert!(score(&option.id).is_some(), "{option:?}");
        }
        assert_eq!(survey.options.len(), 5);
        for answer in survey.resolved.unwrap().options {
            assert!(solved(answer.value).is_some(), "{answer:?}");
        }
        for other in ["0", "6", "", "five", "-1"] {
            assert_eq!(score(other), None, "{other}");
        }
        assert_eq!((solved(2), solved(256)), (None, None));
    }
}
