//! `survey_options`: the satisfaction survey inside a new session and a close event.
//!
//! Read without ever failing: a survey that is odd in one place must not spoil the session that carries it.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "survey_options"

use serde_json::Value;

use super::{id, text};
use crate::survey::{Remark, Resolved, ResolvedOption, Show, Survey, SurveyMethod, SurveyOption};

/// The survey that `value` holds; `None` unless it is an object. (The page's own samples put a text there that
/// refers to a section.)
pub fn read(value: &Value) -> Option<Survey> {
    value.as_object()?;
    let remark_enabled = flag(value, "remark_enabled");
    let (show, source) = shown(value);
    let options = options(source, remark_enabled);
    let default_option = filled(source, "default_option_id")
        .filter(|id| options.iter().any(|option| option.id == *id));
    Some(Survey {
        enabled: flag(value, "enabled"),
        name: filled(value, "name"),
        title: filled(value, "title"),
        description: filled(value, "desc"),
        remark_enabled,
        remark_prompt: filled(value, "remark"),
        show,
        default_option,
        options,
        methods: list(value, "methods")
            .filter(|method| !switched_off(method, "enabled"))
            .filter_map(|method| {
                Some(SurveyMethod {
                    id: filled(method, "id"),
                    flag: filled(method, "flag")?,
                    text: filled(method, "text"),
                })
            })
            .collect(),
        resolved: resolved(value),
    })
}

/// The form that is shown, and the object that holds its options: the one named by `show_type`, or else the
/// compatible `options` of the survey itself.
fn shown(survey: &Value) -> (Show, &Value) {
    let (show, names): (_, &[&str]) = match survey.get("show_type").and_then(Value::as_str) {
        Some("text") => (Show::Text, &["text"]),
        Some("expression" | "exp") => (Show::Expression, &["expression", "exp"]),
        Some("star") => (Show::Star, &["star"]),
        _ => (Show::Options, &[]),
    };
    names
        .iter()
        .filter_map(|name| survey.get(name))
        .find(|form| list(form, "options").next().is_some())
        .map_or((Show::Options, survey), |form| (show, form))
}

fn options(source: &Value, remark_enabled: bool) -> Vec<SurveyOption> {
    list(source, "options")
        .filter(|option| !switched_off(option, "enabled"))
        .filter_map(|option| {
            Some(SurveyOption {
                // Without an id it can't be chosen.
                id: filled(option, "id")?,
                text: filled(option, "text").unwrap_or_default(),
                description: filled(option, "desc"),
                tags: tags(option),
                remark: match option.get("remark_option").and_then(Value::as_str) {
                    Some("hide") => Remark::Hide,
                    Some("required") => Remark::Required,
                    Some("optional") => Remark::Optional,
                    _ if remark_enabled => Remark::Optional,
                    _ => Remark::Hide,
                },
            })
        })
        .collect()
}

fn tags(option: &Value) -> Vec<String> {
    let joined = filled(option, "tags").unwrap_or_default();
    joined
        .split([',', '，'])
        .map(str::to_owned)
        .chain(list(option, "tags").filter_map(text::filled))
        .map(|tag| tag.trim().to_owned())
        .filter(|tag| !tag.is_empty())
        .collect()
}

fn resolved(survey: &Value) -> Option<Resolved> {
    if !flag(survey, "resolved_enabled") {
        return None;
    }
    let settings = survey.get("resolved_options")?;
    let options: Vec<_> = (0..)
        .zip(list(settings, "options"))
        .filter(|(_, option)| !switched_off(option, "option_select"))
        .filter_map(|(value, option)| {
            Some(ResolvedOption {
                // What POST /im/sessions/survey takes is the place in the list: 0 is the first option.
                value,
                name: filled(option, "option_name")?,
            })
        })
        .collect();
    let default = settings
        .get("value")
        .and_then(id::integer)
        .and_then(|value| u32::try_from(value).ok())
        .filter(|value| options.iter().any(|option| option.value == *value));
    (!options.is_empty()).then(|| Resolved {
        title: filled(settings, "title"),
        options,
        default,
    })
}

fn list<'a>(object: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    object
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn filled(object: &Value, name: &str) -> Option<String> {
    object.get(name).and_then(text::filled)
}

fn switch(object: &Value, name: &str) -> Option<bool> {
    match object.get(name)? {
        Value::Bool(on) => Some(*on),
        Value::String(text) if text == "true" => Some(true),
        Value::String(text) if text == "false" => Some(false),
        value => id::integer(value).map(|number| number != 0),
    }
}

fn flag(object: &Value, name: &str) -> bool {
    switch(object, name) == Some(true)
}

fn switched_off(object: &Value, name: &str) -> bool {
    switch(object, name) == Some(false)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fixture() -> Value {
        let file = include_str!("../../../../tests/fixtures/udesk/survey_options.json");
        serde_json::from_str::<Value>(file).unwrap()["survey_options"].clone()
    }

    fn ids(survey: &Survey) -> Vec<&str> {
        survey
            .options
            .iter()
            .map(|option| option.id.as_str())
            .collect()
    }

    #[test]
    fn reads_the_page() {
        let survey = read(&fixture()).unwrap();
        assert!(survey.enabled && survey.remark_enabled);
        assert_eq!(survey.name.as_deref(), Some("Satisfaction Evaluation"));
        assert_eq!(
            survey.title.as_deref(),
            Some("How do you evaluate this service?")
        );
        assert_eq!(
            survey.remark_prompt.as_deref(),
            Some("You can leave a remark for the evaluation")
        );
        assert_eq!(survey.show, Show::Text);
        assert_eq!(survey.default_option.as_deref(), Some("101"));
        assert_eq!(
            survey.options,
            [SurveyOption {
                id: "101".into(),
                text: "Very satisfied".into(),
                description: Some("Cannot be modified".into()),
                tags: vec!["tag1".into(), "tag2".into()],
                remark: Remark::Hide,
            }]
        );
        let flags: Vec<_> = survey.methods.iter().map(|m| m.flag.as_str()).collect();
        assert_eq!(flags, ["after_session", "agent_invite", "customer_invite"]);
        let resolved = survey.resolved.unwrap();
        assert_eq!(
            resolved.title.as_deref(),
            Some("Has your problem been resolved?")
        );
        assert_eq!(resolved.default, Some(0));
        assert_eq!(
            resolved.options[1],
            ResolvedOption {
                value: 1,
                name: "Unresolved".into()
            }
        );
    }

    // Contradiction 7: the page lists `exp` and `expression`.
    #[test]
    fn contradiction_7_ids_come_from_the_form_that_is_shown() {
        for (show_type, show, id, remark) in [
            ("text", Show::Text, "101", Remark::Hide),
            ("expression", Show::Expression, "201", Remark::Required),
            ("exp", Show::Expression, "201", Remark::Required),
            ("star", Show::Star, "301", Remark::Optional),
        ] {
            let mut value = fixture();
            value["show_type"] = show_type.into();
            let survey = read(&value).unwrap();
            assert_eq!((survey.show, ids(&survey)), (show, vec![id]));
            assert_eq!(survey.options[0].remark, remark);
        }
    }

    #[test]
    fn falls_back_to_the_compatible_options_that_are_enabled() {
        let mut value = fixture();
        value["star"] = Value::Null;
        value["options"][1]["enabled"] = false.into();
        for show_type in [json!("star"), json!("hearts"), Value::Null] {
            value["show_type"] = show_type;
            let survey = read(&value).unwrap();
            assert_eq!(survey.show, Show::Options);
            assert_eq!(ids(&survey), ["36", "38", "39", "40"]);
            assert_eq!(survey.options[0].remark, Remark::Optional);
            assert_eq!(survey.default_option, None);
        }
    }

    #[test]
    fn leaves_out_what_is_switched_off() {
        let mut value = fixture();
        value["enabled"] = false.into();
        value["methods"][0]["enabled"] = false.into();
        value["resolved_options"]["options"][0]["option_select"] = false.into();
        let survey = read(&value).unwrap();
        assert!(!survey.enabled);
        assert_eq!(survey.methods.len(), 2);
        let resolved = survey.resolved.unwrap();
        // The value is still the place in Udesk's list.
        assert_eq!(resolved.options[0].value, 1);
        assert_eq!(resolved.default, None);
        value["resolved_enabled"] = false.into();
        assert_eq!(read(&value).unwrap().resolved, None);
    }

    // Contradiction 6: the samples hold a text there.
    #[test]
    fn contradiction_6_a_text_is_no_survey() {
        for value in [
            json!("See survey_options section"),
            Value::Null,
            json!([]),
            json!(1),
        ] {
            assert_eq!(read(&value), None);
        }
        assert_eq!(read(&json!({})), Some(Survey::default()));
    }
}
