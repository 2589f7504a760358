//! How a value stands in the component's config, and in a link.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value as Json, json};

use super::{
    goods::Good,
    parameter::{Flag, Kind, Parameter, Written},
    route::Step,
    value::Value,
};

/// All but what `encodeURIComponent` leaves alone.
const ENCODE_URI_COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// What `encodeURIComponent` makes of a text.
fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODE_URI_COMPONENT).to_string()
}

impl Parameter {
    /// The value in `zc("config", …)`. The page's examples pass addresses of cards and goods through
    /// `encodeURIComponent` here, and no others.
    pub(super) fn in_component(&self, value: &Value) -> Json {
        match (value, self.kind) {
            (Value::Text(text), Kind::Escaped(_)) => json!(encoded(text)),
            (Value::Text(text), _) => json!(text),
            (Value::Number(number), _) => json!(number),
            (Value::Switch(on), Kind::Switch { component, .. }) => match component {
                Flag::Bool => json!(on),
                Flag::NotBool => json!(!on),
                Flag::Number => json!(u8::from(*on)),
                Flag::Text => json!(u8::from(*on).to_string()),
                Flag::NotText => json!(u8::from(!*on).to_string()),
            },
            (Value::Switch(on), _) => json!(on),
            (Value::Choice { code, .. }, Kind::Choice { component, .. }) => match component {
                Written::Number => code
                    .parse::<u64>()
                    .map_or_else(|_| json!(code), |code| json!(code)),
                Written::Text => json!(code),
            },
            (Value::Choice { code, .. }, _) => json!(code),
            (Value::Object(text), _) => json!(text),
            (Value::Goods(goods), _) => {
                let encoded: Vec<_> = goods
                    .iter()
                    .map(|good| Good {
                        picture_url: good.picture_url.as_deref().map(encoded),
                        ..good.clone()
                    })
                    .collect();
                json!(json!(encoded).to_string())
            }
            (Value::Route(steps), _) => json!(route(steps)),
        }
    }

    /// The value in a link, before the link encodes it: everything is encoded once, addresses too.
    pub(super) fn in_link(&self, value: &Value) -> String {
        match value {
            Value::Text(text) | Value::Object(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Switch(on) => match self.kind {
                Kind::Switch {
                    link: Flag::Bool, ..
                } => on.to_string(),
                Kind::Switch {
                    link: Flag::NotBool,
                    ..
                } => (!on).to_string(),
                Kind::Switch {
                    link: Flag::NotText,
                    ..
                } => u8::from(!*on).to_string(),
                _ => u8::from(*on).to_string(),
            },
            Value::Choice { code, .. } => (*code).to_owned(),
            Value::Goods(goods) => json!(goods).to_string(),
            Value::Route(steps) => route(steps),
        }
    }
}

fn route(steps: &[Step]) -> String {
    let steps: Vec<_> = steps.iter().map(Step::written).collect();
    json!(steps).to_string()
}
