//! Who receives a customer, one after the other: `transfer_action`, JSON text of a list. Whoever can't take the customer hands
//! them to the next in the list.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/6cc489/>, "intelligent Routing Reception for VIP"

use serde::{Deserialize, Serialize};

use super::form::is_id;

/// The most steps.
const MOST: usize = 20;

/// The names of a step's members at the vendor's.
pub const FIELDS: [&str; 4] = ["actionType", "deciId", "optionId", "spillId"];

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Whom it names.
    #[serde(rename = "actionType")]
    pub action_type: To,
    /// Sobot's id of that agent or group.
    #[serde(rename = "deciId")]
    pub deci_id: String,
    /// Whether the customer goes on to the next step.
    #[serde(rename = "optionId")]
    pub option_id: Overflow,
    /// When they do.
    #[serde(default, rename = "spillId")]
    pub spill_id: Option<When>,
}

/// Whom a step names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum To {
    /// A group.
    ToGroup,
    /// An agent.
    ToService,
}

/// Whether a customer whom nobody takes goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overflow {
    /// They go on.
    Overflow,
    /// They stay.
    Stay,
}

/// When they go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// The agent is offline, or none of the group is online.
    Offline,
    /// The agent, or all of the group, are occupied.
    Busy,
    /// The group is off duty.
    OffDuty,
    /// Sobot judges.
    Smart,
}

/// A step as the vendor has it.
#[derive(Serialize)]
pub(super) struct Written<'a> {
    #[serde(rename = "actionType")]
    action_type: &'static str,
    #[serde(rename = "optionId")]
    option_id: &'static str,
    #[serde(rename = "deciId")]
    deci_id: &'a str,
    #[serde(rename = "spillId", skip_serializing_if = "Option::is_none")]
    spill_id: Option<&'static str>,
}

impl Step {
    /// The vendor's codes differ by whom the step names.
    pub(super) fn written(&self) -> Written<'_> {
        let (action_type, option_id) = match (self.action_type, self.option_id) {
            (To::ToService, Overflow::Overflow) => ("to_service", "1"),
            (To::ToService, Overflow::Stay) => ("to_service", "2"),
            (To::ToGroup, Overflow::Overflow) => ("to_group", "3"),
            (To::ToGroup, Overflow::Stay) => ("to_group", "4"),
        };
        Written {
            action_type,
            option_id,
            deci_id: &self.deci_id,
            spill_id: self.spill_id.and_then(|when| code(self.action_type, when)),
        }
    }
}

/// The vendor's code, where there is one: an agent has no hours of duty.
fn code(to: To, when: When) -> Option<&'static str> {
    match (to, when) {
        (To::ToService, When::Offline) => Some("1"),
        (To::ToService, When::Busy) => Some("2"),
        (To::ToService, When::OffDuty) => None,
        (To::ToService, When::Smart) => Some("3"),
        (To::ToGroup, When::Offline) => Some("4"),
        (To::ToGroup, When::Busy) => Some("5"),
        (To::ToGroup, When::OffDuty) => Some("6"),
        (To::ToGroup, When::Smart) => Some("7"),
    }
}

/// What is wrong with the first of the steps that is: where, and its rule.
pub(super) fn check(steps: &[Step]) -> Result<(), (String, String)> {
    if steps.is_empty() || steps.len() > MOST {
        return Err((String::new(), format!("is a list of 1 to {MOST} steps")));
    }
    for (place, step) in steps.iter().enumerate() {
        let at = |field: &str, rule: &str| Err((format!("[{place}].{field}"), rule.to_owned()));
        if !is_id(&step.deci_id) {
            return at(
                "deciId",
                "is an id of Sobot's: 1 to 64 letters, digits, - and _",
            );
        }
        match (step.option_id, step.spill_id) {
            (Overflow::Overflow, None) => {
                return at(
                    "spillId",
                    "is given where `optionId` is overflow: it says when",
                );
            }
            (Overflow::Stay, Some(_)) => {
                return at(
                    "spillId",
                    "is left out where `optionId` is stay: nobody goes on",
                );
            }
            (Overflow::Overflow, Some(when)) if code(step.action_type, when).is_none() => {
                return at(
                    "spillId",
                    "is offline, busy or smart where `actionType` is to_service: an agent has no hours of duty",
                );
            }
            (Overflow::Overflow, Some(_)) | (Overflow::Stay, None) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The page's lists of `optionId` and `spillId`.
    #[test]
    fn every_code_is_the_pages() {
        for (to, option, spill, codes) in [
            ("to_service", "overflow", Some("offline"), ("1", Some("1"))),
            ("to_service", "overflow", Some("busy"), ("1", Some("2"))),
            ("to_service", "overflow", Some("smart"), ("1", Some("3"))),
            ("to_service", "stay", None, ("2", None)),
            ("to_group", "overflow", Some("offline"), ("3", Some("4"))),
            ("to_group", "overflow", Some("busy"), ("3", Some("5"))),
            ("to_group", "overflow", Some("off_duty"), ("3", Some("6"))),
            ("to_group", "overflow", Some("smart"), ("3", Some("7"))),
            ("to_group", "stay", None, ("4", None)),
        ] {
            let given = json!([{"actionType": to, "deciId": "162bb6bb", "optionId": option, "spillId": spill}]);
            let steps: Vec<Step> = serde_json::from_value(given).unwrap();
            check(&steps).unwrap();
            let mut wanted = json!({"actionType": to, "deciId": "162bb6bb", "optionId": codes.0});
            if let Some(spill) = codes.1 {
                wanted["spillId"] = json!(spill);
            }
            let written: Vec<_> = steps.iter().map(Step::written).collect();
            assert_eq!(serde_json::to_value(&written).unwrap(), json!([wanted]));
        }
    }

    #[test]
    fn a_step_that_makes_no_sense_is_named() {
        for (given, at) in [
            (json!([]), ""),
            (
                json!([{"actionType": "to_group", "deciId": "a b", "optionId": "stay"}]),
                "[0].deciId",
            ),
            (
                json!([{"actionType": "to_group", "deciId": "a", "optionId": "overflow"}]),
                "[0].spillId",
            ),
            (
                json!([{"actionType": "to_group", "deciId": "a", "optionId": "stay"},
                       {"actionType": "to_group", "deciId": "a", "optionId": "stay", "spillId": "busy"}]),
                "[1].spillId",
            ),
            (
                json!([{"actionType": "to_service", "deciId": "a", "optionId": "overflow", "spillId": "off_duty"}]),
                "[0].spillId",
            ),
        ] {
            let steps: Vec<Step> = serde_json::from_value(given).unwrap();
            assert_eq!(check(&steps).unwrap_err().0, at);
        }
    }
}
