//! What the app tells a desk of a customer before they come: who they are, and what agents should know.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Error;

const LONGEST_NAME: usize = 128;
const LONGEST_EMAIL: usize = 254;
const MOST_PHONES: usize = 10;
const LONGEST_PHONE: usize = 32;
const LONGEST_DESCRIPTION: usize = 2_000;
const MOST_TAGS: usize = 50;
const LONGEST_TAG: usize = 64;
const MOST_FIELDS: usize = 100;
const LONGEST_FIELD: usize = 64;
const LONGEST_VALUE: usize = 2_000;
const MOST_VALUES: usize = 100;
/// All of it together, as JSON: it is written into the table with the wish for a session.
const LARGEST: usize = 16 * 1024;

/// A customer, as agents are to see them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What agents call them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Their telephone numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<String>,
    /// How they are treated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// What else agents should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Words that the desk sorts customers by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Fields that the company has added to its customers, by the desk's own names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub custom_fields: BTreeMap<String, Field>,
}

/// How a customer is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Like everybody.
    Normal,
    /// Better.
    Vip,
}

/// What a field of the company's holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum Field {
    /// A text.
    Text(String),
    /// What was chosen from a list.
    Chosen(Vec<String>),
}

impl TryFrom<Value> for Field {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        let expected = "expected a text, or a list of texts";
        match value {
            Value::String(text) => Ok(Self::Text(text)),
            Value::Array(chosen) => chosen
                .into_iter()
                .map(|one| match one {
                    Value::String(text) => Ok(text),
                    _ => Err(expected),
                })
                .collect::<Result<_, _>>()
                .map(Self::Chosen),
            _ => Err(expected),
        }
    }
}

impl From<Field> for Value {
    fn from(field: Field) -> Self {
        match field {
            Field::Text(text) => Self::String(text),
            Field::Chosen(chosen) => Self::from(chosen),
        }
    }
}

impl Profile {
    /// Refuses what no desk could take.
    ///
    /// # Errors
    /// Names the field at fault.
    pub fn check(&self) -> Result<(), Error> {
        for (field, text, most) in [
            ("profile.name", &self.name, LONGEST_NAME),
            (
                "profile.description",
                &self.description,
                LONGEST_DESCRIPTION,
            ),
        ] {
            if let Some(text) = text {
                bounded(field, text, most)?;
            }
        }
        if let Some(email) = &self.email {
            is_email(email)?;
        }
        at_most("profile.phones", self.phones.len(), MOST_PHONES)?;
        for (place, phone) in self.phones.iter().enumerate() {
            is_phone(&format!("profile.phones[{place}]"), phone)?;
        }
        at_most("profile.tags", self.tags.len(), MOST_TAGS)?;
        for (place, tag) in self.tags.iter().enumerate() {
            let field = format!("profile.tags[{place}]");
            bounded(&field, tag, LONGEST_TAG)?;
            // A desk is told of tags as one text, commas between them.
            if tag.contains([',', '，']) {
                return Err(Error::field(
                    field,
                    "a tag holds no comma; make it two tags",
                ));
            }
        }
        at_most(
            "profile.custom_fields",
            self.custom_fields.len(),
            MOST_FIELDS,
        )?;
        for (name, value) in &self.custom_fields {
            custom_field(name, value)?;
        }
        let size = serde_json::to_string(self).map_or(usize::MAX, |json| json.len());
        if size > LARGEST {
            let message = format!("it has {size} bytes as JSON; at most {LARGEST} are taken");
            return Err(Error::field("profile", message));
        }
        Ok(())
    }
}

fn at_most(field: &str, number: usize, most: usize) -> Result<(), Error> {
    if number > most {
        return Err(Error::field(
            field,
            format!("it has {number}; at most {most} are taken"),
        ));
    }
    Ok(())
}

fn bounded(field: &str, text: &str, most: usize) -> Result<(), Error> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > most {
        let message = format!(
            "it has 1 to {most} characters, not only blanks; leave it out if there is none"
        );
        return Err(Error::field(field, message));
    }
    Ok(())
}

/// Whether anybody answers there, only a message finds out: what can be no address at all is refused.
fn is_email(email: &str) -> Result<(), Error> {
    let good = email.len() <= LONGEST_EMAIL
        && email.bytes().all(|byte| byte.is_ascii_graphic())
        && email.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty() && !host.is_empty() && !host.contains('@')
        });
    if good {
        return Ok(());
    }
    Err(Error::field(
        "profile.email",
        "an e-mail address, such as de@example.com",
    ))
}

fn is_phone(field: &str, phone: &str) -> Result<(), Error> {
    let plain = |character: char| character.is_ascii_digit() || " +-().#*".contains(character);
    let good = phone.len() <= LONGEST_PHONE
        && phone.chars().all(plain)
        && phone.chars().any(|character| character.is_ascii_digit());
    if good {
        return Ok(());
    }
    let message =
        format!("a telephone number: digits, blanks and +-().#*, at most {LONGEST_PHONE}");
    Err(Error::field(field, message))
}

fn custom_field(name: &str, value: &Field) -> Result<(), Error> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if !(1..=LONGEST_FIELD).contains(&name.len()) || !name.bytes().all(plain) {
        let message =
            "a field's name is the desk's own, such as TextField_12: letters, digits and _";
        return Err(Error::field("profile.custom_fields", message));
    }
    let field = format!("profile.custom_fields.{name}");
    let texts = match value {
        Field::Text(text) => std::slice::from_ref(text),
        Field::Chosen(chosen) => {
            at_most(&field, chosen.len(), MOST_VALUES)?;
            chosen.as_slice()
        }
    };
    if texts
        .iter()
        .any(|text| text.chars().count() > LONGEST_VALUE)
    {
        let message = format!("a text has at most {LONGEST_VALUE} characters");
        return Err(Error::field(field, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn fault(profile: Value) -> Option<String> {
        let profile: Profile = serde_json::from_value(profile).unwrap();
        let fault = profile.check().err();
        fault.map(|error| error.at_field().unwrap().to_owned())
    }

    #[test]
    fn what_is_taken() {
        for good in [
            json!({}),
            json!({"name": "小雅", "email": "de+shop@example.com", "phones": ["+86 138-0000-0000", "(010) 1#2"]}),
            json!({"level": "vip", "description": "x".repeat(2_000), "tags": ["a b", "蓝"]}),
            json!({"custom_fields": {"TextField_1": "", "SelectField_2": ["0", "1"], "x": []}}),
        ] {
            assert_eq!(fault(good.clone()), None, "{good}");
            let profile: Profile = serde_json::from_value(good.clone()).unwrap();
            assert_eq!(serde_json::to_value(profile).unwrap(), good);
        }
    }

    #[test]
    fn what_is_refused_and_where() {
        for (bad, field) in [
            (json!({"name": " "}), "profile.name"),
            (json!({"name": "x".repeat(129)}), "profile.name"),
            (json!({"email": "nobody"}), "profile.email"),
            (json!({"email": "a@b@c"}), "profile.email"),
            (json!({"email": "a b@example.com"}), "profile.email"),
            (
                json!({"email": format!("{}@example.com", "a".repeat(250))}),
                "profile.email",
            ),
            (json!({"phones": ["138", "call me"]}), "profile.phones[1]"),
            (json!({"phones": ["+"]}), "profile.phones[0]"),
            (json!({"phones": ["1".repeat(33)]}), "profile.phones[0]"),
            (json!({"phones": vec!["1"; 11]}), "profile.phones"),
            (json!({"description": ""}), "profile.description"),
            (
                json!({"description": "x".repeat(2_001)}),
                "profile.description",
            ),
            (json!({"tags": ["a,b"]}), "profile.tags[0]"),
            (json!({"tags": ["a", ""]}), "profile.tags[1]"),
            (json!({"tags": vec!["a"; 51]}), "profile.tags"),
            (
                json!({"custom_fields": {"a-b": "x"}}),
                "profile.custom_fields",
            ),
            (
                json!({"custom_fields": {"TextField_1": "x".repeat(2_001)}}),
                "profile.custom_fields.TextField_1",
            ),
            (
                json!({"custom_fields": {"TextField_1": vec!["x"; 101]}}),
                "profile.custom_fields.TextField_1",
            ),
            (
                json!({"custom_fields": {"a": "x".repeat(2_000), "b": vec!["x".repeat(1_500); 10]}}),
                "profile",
            ),
        ] {
            assert_eq!(fault(bad.clone()).as_deref(), Some(field), "{bad}");
        }
    }

    #[test]
    fn what_is_no_profile() {
        for bad in [
            json!({"level": "gold"}),
            json!({"nick_name": "Xiao Ya"}),
            json!({"phones": "138"}),
            json!({"custom_fields": {"TextField_1": 1}}),
            json!({"custom_fields": {"TextField_1": [1]}}),
        ] {
            assert!(
                serde_json::from_value::<Profile>(bad.clone()).is_err(),
                "{bad}"
            );
        }
    }
}
