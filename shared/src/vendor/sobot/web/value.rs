//! A parameter's value: read from the request by what the parameter takes.

use serde::de::DeserializeOwned;
use serde_json::{Value as Json, value::RawValue};
use serde_path_to_error::{Path, Segment};

use super::{
    Flaw,
    flaw::{SHOWN, cut},
    form::is_text,
    goods::{self, Good},
    parameter::{Kind, Parameter},
    route::{self, Step},
};
use crate::object::Object;

/// The largest object of the app's own, in bytes of JSON: it stands in a link.
const LARGEST_OBJECT: usize = 4_096;

/// The largest number that a browser's script holds exactly.
const LARGEST_NUMBER: u64 = 9_007_199_254_740_991;

/// What a parameter is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A number.
    Number(u64),
    /// On, or off.
    Switch(bool),
    /// Sobot's code.
    Choice {
        /// Our word for it.
        word: &'static str,
        /// Sobot's.
        code: &'static str,
    },
    /// JSON text of an object, as the caller wrote it.
    Object(String),
    /// The goods of an order.
    Goods(Vec<Good>),
    /// Who receives the customer in turn.
    Route(Vec<Step>),
}

impl Parameter {
    /// What the parameter takes, in words: "is …".
    pub fn rule(&self) -> String {
        match self.kind {
            Kind::Text { most } => format!("is text of 1 to {most} characters"),
            Kind::Blank { most } => format!("is text of at most {most} characters"),
            Kind::Form(form) => form.rule(),
            Kind::Escaped(target) => target.rule(),
            Kind::Number { from, to, of } => {
                format!("is a whole number from {from} to {to} ({of})")
            }
            Kind::Instant => {
                "is a time in milliseconds since 1970: 13 digits, as a number or text".to_owned()
            }
            Kind::Code => "is a whole number, or text of 1 to 64 characters".to_owned(),
            Kind::Switch { on, .. } => format!("is \"on\" or \"off\"; on: {on}"),
            Kind::Choice { words, .. } => {
                let words: Vec<_> = words
                    .iter()
                    .map(|(word, _)| format!("\"{word}\""))
                    .collect();
                match words.as_slice() {
                    [one] => format!("is {one}, or left out"),
                    all => format!("is one of {}", all.join(", ")),
                }
            }
            Kind::Object => format!("is an object of at most {LARGEST_OBJECT} bytes of JSON"),
            Kind::Goods => "is a list of `name` and `pictureUrl`".to_owned(),
            Kind::Route => {
                "is a list of `actionType`, `deciId`, `optionId` and `spillId`".to_owned()
            }
        }
    }

    /// The value that a request gives it.
    ///
    /// # Errors
    /// Where it is none that the parameter takes.
    pub fn read(&self, given: &RawValue) -> Result<Value, Flaw> {
        let flaw = |(path, rule): (String, String)| {
            Flaw::new(
                format!("{}{path}", self.name),
                rule,
                &named(given.get(), &path),
            )
        };
        match self.kind {
            Kind::Goods => {
                let goods = self.list(given)?;
                goods::check(&goods).map_err(flaw)?;
                Ok(Value::Goods(goods))
            }
            Kind::Route => {
                let steps = self.list(given)?;
                route::check(&steps).map_err(flaw)?;
                Ok(Value::Route(steps))
            }
            Kind::Object => {
                let text = given.get();
                let is_one = text.starts_with('{') && text.len() <= LARGEST_OBJECT;
                let value = is_one.then(|| Value::Object(text.to_owned()));
                value.ok_or_else(|| flaw((String::new(), self.rule())))
            }
            _ => {
                let value: Option<Json> = serde_json::from_str(given.get()).ok();
                let value = value.and_then(|value| self.scalar(&value));
                value.ok_or_else(|| flaw((String::new(), self.rule())))
            }
        }
    }

    fn scalar(&self, given: &Json) -> Option<Value> {
        let text = given.as_str();
        match self.kind {
            Kind::Text { most } => text
                .filter(|text| is_text(text, 1, most))
                .map(|text| Value::Text(text.to_owned())),
            Kind::Blank { most } => text
                .filter(|text| is_text(text, 0, most))
                .map(|text| Value::Text(text.to_owned())),
            Kind::Form(form) => form.read(text?).map(Value::Text),
            Kind::Escaped(target) => text
                .filter(|text| target.has(text))
                .map(|text| Value::Text(text.to_owned())),
            Kind::Number { from, to, .. } => given
                .as_u64()
                .filter(|number| (from..=to).contains(number))
                .map(Value::Number),
            Kind::Instant => digits(given)
                // A time in seconds, which is the slip that is made here, has fewer.
                .filter(|digits| digits.len() == 13 && !digits.starts_with('0'))
                .map(Value::Text),
            Kind::Code => match text {
                Some(text) => is_text(text, 1, 64).then(|| Value::Text(text.to_owned())),
                None => digits(given).map(Value::Text),
            },
            Kind::Switch { .. } => match text? {
                "on" => Some(Value::Switch(true)),
                "off" => Some(Value::Switch(false)),
                _ => None,
            },
            Kind::Choice { words, .. } => {
                let given = text?;
                let (word, code) = words.iter().find(|(word, _)| *word == given)?;
                Some(Value::Choice { word, code })
            }
            Kind::Object | Kind::Goods | Kind::Route => None,
        }
    }

    /// A list of objects; the flaw names the member.
    fn list<T: DeserializeOwned>(&self, given: &RawValue) -> Result<Vec<T>, Flaw> {
        let reader = &mut serde_json::Deserializer::from_str(given.get());
        let read: Result<Vec<Object<T>>, _> = serde_path_to_error::deserialize(reader);
        let read = read.map_err(|error| {
            let path = match error.path().to_string().as_str() {
                "." => String::new(),
                path => path.to_owned(),
            };
            let why = cut(&error.inner().to_string(), 2 * SHOWN);
            let rule = format!("can't be read ({why}); it {}", self.rule());
            let given = reached(given.get(), error.path());
            Flaw::new(format!("{}{path}", self.name), rule, &given)
        })?;
        Ok(read.into_iter().map(|Object(one)| one).collect())
    }
}

/// The JSON at a path such as `[1].name` of a list.
fn named(given: &str, path: &str) -> String {
    let pointer = path.replace("].", "/").replace('[', "/").replace(']', "");
    if pointer.is_empty() {
        return given.to_owned();
    }
    let all: Json = serde_json::from_str(given).unwrap_or_default();
    let one = all.pointer(&pointer);
    one.map_or_else(|| "nothing".to_owned(), Json::to_string)
}

/// The JSON at a reader's path, as far as that leads.
fn reached(given: &str, path: &Path) -> String {
    let all: Json = serde_json::from_str(given).unwrap_or_default();
    let mut one = &all;
    for segment in path {
        let inside = match segment {
            Segment::Seq { index } => one.get(index),
            Segment::Map { key } => one.get(key),
            Segment::Enum { .. } | Segment::Unknown => None,
        };
        let Some(inside) = inside else { break };
        one = inside;
    }
    one.to_string()
}

/// The digits of a whole number, which may be text.
fn digits(given: &Json) -> Option<String> {
    match given {
        Json::Number(number) => number
            .as_u64()
            .filter(|number| *number <= LARGEST_NUMBER)
            .map(|number| number.to_string()),
        Json::String(text) => {
            let is_one = !text.is_empty()
                && text.len() <= 20
                && text.bytes().all(|one| one.is_ascii_digit());
            is_one.then(|| text.clone())
        }
        _ => None,
    }
}
