//! A JSON object, and nothing else, read as a struct.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

/// A struct that is read from an object alone. What serde derives also takes an array of the
/// fields in their order, which is no part of the API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Object<T>(
    /// What was read.
    pub T,
);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Agent {
        id: u8,
    }

    #[test]
    fn an_array_of_the_fields_is_no_object() {
        assert_eq!(serde_json::from_str::<Agent>("[3]").unwrap().id, 3);
        let refused = serde_json::from_str::<Object<Agent>>("[3]").unwrap_err();
        assert!(
            refused.to_string().contains("expected an object"),
            "{refused}"
        );
        let Object(read) = serde_json::from_str::<Object<Agent>>(r#"{"id":3}"#).unwrap();
        assert_eq!(read, Agent { id: 3 });
    }
}
