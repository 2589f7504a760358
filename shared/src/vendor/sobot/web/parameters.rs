//! The parameters of one request.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::{Map, Value as Json, value::RawValue};

use super::{
    Flaw,
    flaw::{SHOWN, cut},
    list::{ELSEWHERE, PARAMETERS},
    parameter::{Parameter, Place},
    value::Value,
};

/// What a request names, as it stands there: what is null counts as left out.
#[derive(Debug, Default)]
pub struct Given(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Given;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of Sobot's parameters")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Given, A::Error> {
        let mut given: Vec<(String, Box<RawValue>)> = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if given.iter().any(|(other, _)| *other == name) {
                let name = cut(&name, SHOWN);
                return Err(A::Error::custom(format!("duplicate field `{name}`")));
            }
            // There are so many parameters, and no more: a long list of others is not kept.
            if given.len() > PARAMETERS.len() {
                return Err(A::Error::custom("more names than there are parameters"));
            }
            given.push((name, map.next_value()?));
        }
        given.retain(|(_, value)| value.get() != "null");
        Ok(Given(given))
    }
}

/// The parameters of a request, in the order of [`PARAMETERS`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(&'static str, Value)>);

impl Parameters {
    /// Reads what a request names.
    ///
    /// # Errors
    /// The first flaw: a name that is no parameter's, or a value that its parameter does not take.
    pub fn read(given: &Given) -> Result<Self, Flaw> {
        for (name, value) in &given.0 {
            if !PARAMETERS.iter().any(|known| known.name == name) {
                let elsewhere = ELSEWHERE.iter().find(|(known, _)| known == name);
                let rule = elsewhere.map_or_else(
                    || "is no parameter of Sobot's page; docs/sobot.md lists them".to_owned(),
                    |(_, why)| format!("is not said as a parameter: {why}"),
                );
                return Err(Flaw::new(name, rule, value.get()));
            }
        }
        let mut read = Vec::new();
        for parameter in PARAMETERS {
            let value = given.0.iter().find(|(name, _)| name == parameter.name);
            if let Some((_, value)) = value {
                read.push((parameter.name, parameter.read(value)?));
            }
        }
        Ok(Self(read))
    }

    /// The value of a parameter, where it has one.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let mut all = self.0.iter();
        all.find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// Whether a switch was said, and is on.
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name) == Some(&Value::Switch(true))
    }

    /// What was said, row by row.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Parameter, &Value)> {
        let mut said = self.0.iter().peekable();
        PARAMETERS.iter().filter_map(move |parameter| {
            let (_, value) = said.next_if(|(name, _)| *name == parameter.name)?;
            Some((parameter, value))
        })
    }

    /// Those that may stand in a link, with their values as text.
    pub(super) fn in_link(&self, place: Place) -> Vec<(&'static str, String)> {
        self.iter()
            .filter(|(parameter, _)| parameter.range.has(place))
            .map(|(parameter, value)| (parameter.name, parameter.in_link(value)))
            .collect()
    }

    /// Those of the component, with the objects that some of them stand in.
    pub(super) fn in_component(&self) -> Map<String, Json> {
        let mut config = Map::new();
        for (parameter, value) in self.iter() {
            if !parameter.range.has(Place::Component) {
                continue;
            }
            let written = parameter.in_component(value);
            match parameter.group.object() {
                None => drop(config.insert(parameter.name.to_owned(), written)),
                Some(object) => {
                    let object = config
                        .entry(object)
                        .or_insert_with(|| Json::Object(Map::new()));
                    if let Json::Object(members) = object {
                        members.insert(parameter.name.to_owned(), written);
                    }
                }
            }
        }
        config
    }

    /// The visited pages alone, for `zc("trace", …)`.
    pub fn trace(&self) -> Map<String, Json> {
        let mut config = self.in_component();
        config.retain(|name, _| ["pre_visit_args", "cur_visit_args"].contains(&name.as_str()));
        config
    }
}
