//! Reading a call's JSON body as strictly as the page's tables state it.
//!
//! Integers must be JSON numbers, but for ids: the vendor's own examples send those as strings.
//! `null` counts as not given.

use serde_json::{Map, Value};

use super::refusal::{INVALID, Refusal};

/// The fields of a JSON object; `missing` is the code for a required field that is not there.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    object: &'a Map<String, Value>,
    missing: i64,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(object: &'a Map<String, Value>, missing: i64) -> Self {
        Self { object, missing }
    }

    fn given(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn missing(&self, name: &str) -> Refusal {
        Refusal::new(self.missing, format!("Missing parameters: {name}"))
    }

    /// A String that may be left out.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        match self.given(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(invalid(name, "String")),
        }
    }

    /// A String that must be there and not be empty.
    pub(crate) fn required_text(&self, name: &str) -> Result<&'a str, Refusal> {
        self.text(name)?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| self.missing(name))
    }

    /// An id: an integer, or its digits in a String.
    pub(crate) fn id(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(value) = self.given(name) else {
            return Ok(None);
        };
        let number = match value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => {
                let digits = text.strip_prefix('-').unwrap_or(text);
                let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
                text.parse().ok().filter(|_| plain)
            }
            _ => None,
        };
        number.map(Some).ok_or_else(|| invalid(name, "Integer"))
    }

    /// A number, never a String.
    pub(crate) fn number(&self, name: &str) -> Result<Option<f64>, Refusal> {
        match self.given(name) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(number.as_f64()),
            Some(_) => Err(invalid(name, "Number")),
        }
    }

    /// Whether a Boolean is given.
    pub(crate) fn is_flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.given(name) {
            None => Ok(false),
            Some(Value::Bool(_)) => Ok(true),
            Some(_) => Err(invalid(name, "Boolean")),
        }
    }

    /// An Object that must be there.
    pub(crate) fn required_object(&self, name: &str) -> Result<Fields<'a>, Refusal> {
        match self.given(name) {
            None => Err(self.missing(name)),
            Some(Value::Object(object)) => Ok(Fields::new(object, self.missing)),
            Some(_) => Err(invalid(name, "Object")),
        }
    }

    /// An Array of Objects that must be there; it may be empty.
    pub(crate) fn required_objects(&self, name: &str) -> Result<Vec<Fields<'a>>, Refusal> {
        let elements = match self.given(name) {
            None => return Err(self.missing(name)),
            Some(Value::Array(elements)) => elements,
            Some(_) => return Err(invalid(name, "Array")),
        };
        let objects = elements.iter().map(|element| match element {
            Value::Object(object) => Ok(Fields::new(object, self.missing)),
            _ => Err(invalid(name, "Array of Objects")),
        });
        objects.collect()
    }

    /// Whether the field is an empty String: the page says "0 or empty" for robots.
    pub(crate) fn is_empty_text(&self, name: &str) -> bool {
        self.given(name).and_then(Value::as_str) == Some("")
    }

    /// The object as it was sent.
    pub(crate) fn raw(&self) -> Value {
        Value::Object(self.object.clone())
    }
}

pub(crate) fn invalid(name: &str, wanted: &str) -> Refusal {
    Refusal::new(
        INVALID,
        format!("Invalid parameter: {name} must be {wanted}"),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ids_are_integers_or_digits() {
        let ok = [json!(397), json!("397"), json!(-2), json!("-2")];
        for value in ok {
            let body = json!({ "id": value });
            let fields = Fields::new(body.as_object().unwrap(), 2000);
            assert!(fields.id("id").unwrap().is_some(), "{body}");
        }
        for value in [
            json!(1.5),
            json!("1.5"),
            json!("+1"),
            json!("x"),
            json!(true),
            json!([1]),
        ] {
            let body = json!({ "id": value });
            let fields = Fields::new(body.as_object().unwrap(), 2000);
            assert_eq!(fields.id("id").unwrap_err().code, 2005, "{body}");
        }
    }
}
