//! A satisfaction survey as the app shows it, the same for every vendor.

use serde::{Deserialize, Serialize};

/// What a customer may be asked at, or after, the end of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    /// Whether the desk uses it.
    pub enabled: bool,
    /// What the desk calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What explains the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether a remark may be left.
    #[serde(default)]
    pub remark_enabled: bool,
    /// What asks for the remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark_prompt: Option<String>,
    /// How the options are meant to look.
    #[serde(default)]
    pub show: Show,
    /// Id of the option that is chosen at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_option: Option<String>,
    /// What may be answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<SurveyOption>,
    /// On what occasions it is shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<SurveyMethod>,
    /// The second question: was the problem solved?
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<Resolved>,
}

/// How a survey's options are meant to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Show {
    /// As words.
    Text,
    /// As faces.
    Expression,
    /// As stars.
    Star,
    /// The desk does not say.
    #[default]
    Options,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurveyOption {
    /// What is sent back when it is chosen.
    pub id: String,
    /// What it reads.
    pub text: String,
    /// What explains it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Words that may be added to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whether it takes a remark.
    #[serde(default)]
    pub remark: Remark,
}

/// Whether an answer takes a remark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remark {
    /// No.
    #[default]
    Hide,
    /// It must be left.
    Required,
    /// It may be left.
    Optional,
}

/// An occasion on which the survey is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurveyMethod {
    /// The vendor's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The vendor's name for it, such as `after_session`.
    pub flag: String,
    /// What it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Was the problem solved?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// The question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What may be answered.
    pub options: Vec<ResolvedOption>,
    /// Value of the option that is chosen at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<u32>,
}

/// One answer to [`Resolved`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedOption {
    /// What is sent back when it is chosen.
    pub value: u32,
    /// What it reads.
    pub name: String,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_not_written_and_may_be_missing() {
        let json = serde_json::to_value(Survey::default()).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"enabled": false, "remark_enabled": false, "show": "options"})
        );
        assert_eq!(
            serde_json::from_str::<Survey>(r#"{"enabled":false}"#).unwrap(),
            Survey::default()
        );
    }
}
