//! The body of `POST /sessions/{id}/survey`, checked against what the desk asks.

use deskbridge::{
    error::Error,
    outgoing::Task,
    session::{Session, State},
    survey::{Remark, Survey},
    vendor::Vendor,
};
use serde::{Deserialize, Serialize};

/// The most bytes of a remark: more than a customer writes in a survey.
const LONGEST_REMARK: usize = 4_000;
/// The most labels of a rating, and the most bytes of one.
const MOST_TAGS: usize = 20;
const LONGEST_TAG: usize = 64;

/// What a caller sends.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    about: Option<About>,
    option: Chosen,
    remark: Option<String>,
    resolved: Option<u32>,
    tags: Option<Vec<String>>,
}

/// Who is rated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum About {
    Agent,
    Robot,
}

/// An option's id: `"36"`, as the survey shows it, or `36`.
#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum Chosen {
    Number(i64),
    Text(String),
}

impl Chosen {
    fn id(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

impl Ask {
    /// What the vendor is to be told.
    pub(crate) fn task(&self, session: &Session, survey: Option<&Survey>) -> Result<Task, Error> {
        if let Some(remark) = &self.remark
            && remark.len() > LONGEST_REMARK
        {
            let size = remark.len();
            let message = format!("it has {size} bytes; at most {LONGEST_REMARK} are taken");
            return Err(Error::field("remark", message));
        }
        let is_tag = |tag: &String| {
            (1..=LONGEST_TAG).contains(&tag.len()) && !tag.trim().is_empty() && !tag.contains(',')
        };
        if !(self.tags().len() <= MOST_TAGS && self.tags().iter().all(is_tag)) {
            let message = format!(
                "at most {MOST_TAGS} labels, each of 1 to {LONGEST_TAG} bytes and without a comma"
            );
            return Err(Error::field("tags", message));
        }
        // Whoever was with an agent rates the agent, if nothing else is said.
        let about = self.about.unwrap_or_else(|| {
            let met_robot_alone = session.robot.is_some() && session.agent_session().is_none();
            match met_robot_alone {
                true => About::Robot,
                false => About::Agent,
            }
        });
        match about {
            About::Agent => self.of_agent(session, survey),
            About::Robot => self.of_robot(session),
        }
    }

    fn tags(&self) -> &[String] {
        self.tags.as_deref().unwrap_or_default()
    }

    fn remark(&self) -> Option<String> {
        let remark = self.remark.as_deref()?;
        (!remark.trim().is_empty()).then(|| remark.to_owned())
    }
}

impl Ask {
    fn of_agent(&self, session: &Session, survey: Option<&Survey>) -> Result<Task, Error> {
        let vendor_session = match session.agent_session() {
            Some(id) => id,
            // Sobot rates by the customer alone, and tells of a chat's id when it pushes.
            None if session.met || met_at_sobot(session) => "",
            None => {
                let message = "no agent has served the customer in this session yet";
                return Err(Error::field("about", message));
            }
        };
        let remark = self.remark();
        // Where the desk has not shown its survey, the desk itself is the judge.
        if let Some(survey) = survey {
            self.fits(survey, remark.as_deref())?;
        }
        Ok(Task::RateSession {
            vendor_session: vendor_session.to_owned(),
            option: self.option.id(),
            remark,
            resolved: self.resolved,
            tags: self.tags().to_vec(),
        })
    }

    fn fits(&self, survey: &Survey, remark: Option<&str>) -> Result<(), Error> {
        if !survey.enabled {
            return Err(Error::field(
                "option",
                "the desk has its survey switched off",
            ));
        }
        let chosen = self.option.id();
        let option = survey
            .options
            .iter()
            .find(|option| option.id == chosen)
            .ok_or_else(|| {
                let known: Vec<_> = survey.options.iter().map(|one| one.id.as_str()).collect();
                let known = known.join(", ");
                let message = format!("choose one of the survey's options: {known}");
                Error::field("option", message)
            })?;
        match (option.remark, remark) {
            (Remark::Required, None) => {
                return Err(Error::field("remark", "this option demands a remark"));
            }
            (Remark::Hide, Some(_)) => {
                let message = "this option takes no remark; leave it out";
                return Err(Error::field("remark", message));
            }
            (Remark::Required, Some(_)) | (Remark::Hide, None) | (Remark::Optional, _) => {}
        }
        let Some(resolved) = self.resolved else {
            return Ok(());
        };
        let asked = survey.resolved.as_ref().ok_or_else(|| {
            let message = "the survey does not ask whether the problem was solved; leave it out";
            Error::field("resolved", message)
        })?;
        if asked.options.iter().any(|option| option.value == resolved) {
            return Ok(());
        }
        let known: Vec<_> = asked
            .options
            .iter()
            .map(|one| format!("{} ({})", one.value, one.name))
            .collect();
        let message = format!("choose one of {}", known.join(", "));
        Err(Error::field("resolved", message))
    }

    fn of_robot(&self, session: &Session) -> Result<Task, Error> {
        let robot = session.robot.clone().ok_or_else(|| {
            Error::field(
                "about",
                "the customer has met none of the vendor's own robots in this session",
            )
        })?;
        if self.resolved.is_some() {
            let message = "a robot's survey does not ask that; leave it out";
            return Err(Error::field("resolved", message));
        }
        if !self.tags().is_empty() {
            let message = "a robot's survey has no labels; leave it out";
            return Err(Error::field("tags", message));
        }
        Ok(Task::RateRobot {
            robot,
            option: self.option.id(),
            remark: self.remark(),
        })
    }
}

/// Whether an agent at Sobot has, or had, the customer.
fn met_at_sobot(session: &Session) -> bool {
    let is_served = session.state == State::Active || session.assignee.is_some();
    session.vendor == Vendor::Sobot && is_served
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use deskbridge::{
        ids::CustomerId,
        session::Robot,
        survey::{Resolved, ResolvedOption, SurveyOption},
    };

    use super::*;

    fn session(vendor_session: Option<&str>, robot: Option<&str>) -> Session {
        let customer = CustomerId::parse("DE").unwrap();
        let mut session = Session::opening(Vendor::Udesk, customer, None, 0);
        session.vendor_session = vendor_session.map(str::to_owned);
        session.robot = robot.map(|robot| Robot {
            id: 12_362,
            scene: 39,
            session: Some(robot.to_owned()),
        });
        session
    }

    fn survey() -> Survey {
        let option = |id: &str, remark| SurveyOption {
            id: id.to_owned(),
            text: String::new(),
            description: None,
            tags: Vec::new(),
            remark,
        };
        Survey {
            enabled: true,
            options: vec![
                option("36", Remark::Optional),
                option("39", Remark::Required),
                option("40", Remark::Hide),
            ],
            resolved: Some(Resolved {
                title: None,
                options: vec![ResolvedOption {
                    value: 1,
                    name: "Unresolved".to_owned(),
                }],
                default: None,
            }),
            ..Survey::default()
        }
    }

    fn asked(json: &str, session: &Session, survey: Option<&Survey>) -> Result<Task, String> {
        let ask: Ask = serde_json::from_str(json).unwrap();
        let task = ask.task(session, survey);
        task.map_err(|error| error.at_field().unwrap().to_owned())
    }

    #[test]
    fn what_the_survey_does_not_offer_is_refused() {
        let with_agent = session(Some("11"), None);
        let refused =
            |json: &str, survey: &Survey| asked(json, &with_agent, Some(survey)).unwrap_err();
        for (json, field) in [
            (r#"{"option":"41"}"#, "option"),
            (r#"{"option":""}"#, "option"),
            (r#"{"option":"39"}"#, "remark"),
            (r#"{"option":"39","remark":" "}"#, "remark"),
            (r#"{"option":"40","remark":"x"}"#, "remark"),
            (r#"{"option":"36","resolved":0}"#, "resolved"),
            (r#"{"option":"36","about":"robot"}"#, "about"),
        ] {
            assert_eq!(refused(json, &survey()), field, "{json}");
        }
        let off = Survey {
            enabled: false,
            ..survey()
        };
        assert_eq!(refused(r#"{"option":"36"}"#, &off), "option");
        let one_question = Survey {
            resolved: None,
            ..survey()
        };
        let solved = r#"{"option":"36","resolved":1}"#;
        assert_eq!(refused(solved, &one_question), "resolved");
        let long = format!(r#"{{"option":"36","remark":"{}"}}"#, "x".repeat(4_001));
        assert_eq!(refused(&long, &survey()), "remark");
        for tag in ["", " ", "a,b", &"x".repeat(65)] {
            let tagged = format!(r#"{{"option":"36","tags":["{tag}"]}}"#);
            assert_eq!(refused(&tagged, &survey()), "tags", "{tag}");
        }
        let many = vec!["x"; 21];
        let tagged = serde_json::json!({"option": "36", "tags": many}).to_string();
        assert_eq!(refused(&tagged, &survey()), "tags");
    }

    #[test]
    fn what_it_offers_is_taken() {
        let with_agent = session(Some("11"), None);
        for json in [
            r#"{"option":"36"}"#,
            r#"{"option":36,"remark":"x"}"#,
            r#"{"option":"39","remark":"x","resolved":1}"#,
            r#"{"option":"40","remark":""}"#,
            r#"{"option":"36","tags":["quick","friendly"]}"#,
            r#"{"option":"36","tags":null}"#,
        ] {
            assert!(asked(json, &with_agent, Some(&survey())).is_ok(), "{json}");
        }
        // Nobody knows the survey: the desk decides.
        assert!(asked(r#"{"option":"1000"}"#, &with_agent, None).is_ok());
    }

    #[test]
    fn at_sobot_an_agent_is_rated_whose_chat_has_no_id_yet() {
        let mut waits = session(None, None);
        waits.state = State::Queued;
        let rated = |session: &Session| asked(r#"{"option":"5"}"#, session, None).is_ok();
        for vendor in [Vendor::Udesk, Vendor::Sobot] {
            waits.vendor = vendor;
            assert!(!rated(&waits), "{vendor}");
            let mut active = waits.clone();
            active.state = State::Active;
            assert_eq!(rated(&active), vendor == Vendor::Sobot, "{vendor}");
        }
        let mut closed = waits;
        closed.state = State::Closed;
        assert!(!rated(&closed));
        closed.met = true;
        assert!(rated(&closed));
    }

    #[test]
    fn an_agent_is_rated_unless_only_a_robot_was_met() {
        let rated = |vendor_session, robot, json: &str| {
            let task = asked(json, &session(vendor_session, robot), None)?;
            Ok(matches!(task, Task::RateRobot { .. }))
        };
        let urobot = Some("urobot:1");
        assert_eq!(rated(urobot, urobot, r#"{"option":2}"#), Ok(true));
        assert_eq!(rated(Some("11"), urobot, r#"{"option":2}"#), Ok(false));
        let about = r#"{"about":"robot","option":2}"#;
        assert_eq!(rated(Some("11"), urobot, about), Ok(true));
        let none = Err("about".to_owned());
        let tagged = r#"{"about":"robot","option":2,"tags":["quick"]}"#;
        assert_eq!(rated(None, urobot, tagged), Err("tags".to_owned()));
        assert_eq!(rated(None, None, r#"{"option":2}"#), none);
        assert_eq!(
            rated(urobot, urobot, r#"{"about":"agent","option":2}"#),
            none
        );
        let solved = r#"{"about":"robot","option":2,"resolved":1}"#;
        assert_eq!(rated(None, urobot, solved), Err("resolved".to_owned()));
    }
}
