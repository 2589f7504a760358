//! Why a vendor's push can't be read: which field, and what is wrong with it.

use std::{collections::BTreeMap, fmt};

use serde::de::DeserializeOwned;
use serde_json::{error::Category, value::RawValue};

/// A body, or a part of it, that is not what the vendor documents. Says where, and nothing of what the customer or
/// agent wrote, so that it may be logged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the push can't be read at `{path}`: {fault}")]
pub struct Unreadable {
    /// The field, such as `messages[0].data.content`; `.` is the whole.
    pub path: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not JSON.
    NotJson,
    /// It is not of a type that the vendor documents.
    WrongType,
    /// It is missing.
    Missing,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotJson => "it is not JSON",
            Self::WrongType => "it is of another type than the page says",
            Self::Missing => "it is missing",
        })
    }
}

impl Unreadable {
    /// `path` is not there, or empty.
    pub(super) fn missing(path: impl Into<String>) -> Self {
        Self::wrong(path, Fault::Missing)
    }

    /// `path` has this fault.
    pub(super) fn wrong(path: impl Into<String>, fault: Fault) -> Self {
        Self {
            path: path.into(),
            fault,
        }
    }

    /// The same, seen from further out: `outer` is where it stands, blank for the body itself.
    pub(super) fn within(self, outer: &str) -> Self {
        let path = match (outer, self.path.as_str()) {
            ("", _) => self.path,
            (outer, ".") => outer.to_owned(),
            (outer, inner) => format!("{outer}.{inner}"),
        };
        Self { path, ..self }
    }
}

impl From<Category> for Fault {
    fn from(category: Category) -> Self {
        match category {
            Category::Data => Self::WrongType,
            Category::Syntax | Category::Eof | Category::Io => Self::NotJson,
        }
    }
}

/// Deserializes `json`, naming the field that can't be.
pub(super) fn parse<T: DeserializeOwned>(json: &str) -> Result<T, Unreadable> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| Unreadable {
        path: error.path().to_string(),
        fault: error.inner().classify().into(),
    })
}

/// The members of a body, not yet looked into.
pub(super) type Members<'a> = BTreeMap<String, &'a RawValue>;

/// The text of a push and its members.
///
/// # Errors
/// [`Unreadable`] as a whole where the body is no JSON object.
pub(super) fn members(body: &[u8]) -> Result<(&str, Members<'_>), Unreadable> {
    let whole = |fault| Unreadable {
        path: ".".into(),
        fault,
    };
    let body = std::str::from_utf8(body).map_err(|_| whole(Fault::NotJson))?;
    let members =
        serde_json::from_str(body).map_err(|error| whole(Fault::from(error.classify())))?;
    Ok((body, members))
}
